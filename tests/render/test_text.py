"""What the golden files cannot show: grouping, values, limits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import Where
from reconciler.plan.model import Finding, Key, Level, Op, Outcome, Plan, Ref
from reconciler.render import explain
from reconciler.render.blocks import blocks
from reconciler.render.style import Style
from reconciler.render.text import text
from reconciler.render.words import count, sides, spans, summary, value
from tests.render.samples import (
    ALL,
    HELD,
    HERE,
    HOURS,
    HUNDRED,
    IMAGE,
    MIXED,
    new,
    report,
    update,
)
from tests.support.plan_rows import plan_row

WIDE = Style()


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (None, "none"),
        (True, "true"),
        (1, "1"),
        ("1", '"1"'),
        ("", '""'),
        ("true", '"true"'),
        ("none", '"none"'),
        ("g6.xlarge", "g6.xlarge"),
        ("cron(0 9 ? * MON-FRI *)", "cron(0 9 ? * MON-FRI *)"),
        (("a", 2), "[a, 2]"),
        ((), "[]"),
        ({"Min": 1, "Max": None}, "{Min: 1, Max: none}"),
        (frozenset({"b", "a"}), "[a, b]"),
        (Ref(Key("r", "topic", "acme"), "arn"), "(known after topic acme is applied)"),
        (Where("a.yaml", 1, 2), "a.yaml:1:2"),
    ],
)
def test_values_are_compact_and_do_not_mislead(item: Any, shown: str) -> None:
    assert value(item) == shown


def test_long_values_are_cut_to_where_they_differ() -> None:
    old, new_value = "x" * 500 + "old" + "y" * 500, "x" * 500 + "new" + "y" * 500
    before, after = sides(old, new_value)
    assert "old" in before
    assert "new" in after
    assert before.endswith("… (1003 characters)")
    assert len(before) < 80


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["w1", "w2"], ["w1", "w2"]),
        (["w1", "w2", "w3"], ["w1 … w3"]),
        (["w08", "w09", "w10", "x", "w11"], ["w08 … w10", "x", "w11"]),
        (["9", "10", "11"], ["9 … 11"]),
        (["w1", "w3", "w5"], ["w1", "w3", "w5"]),
    ],
)
def test_numbered_names_are_a_span(names: list[str], shown: list[str]) -> None:
    assert spans(names) == shown


def test_counts_have_their_plural() -> None:
    assert [count(1, "schedule"), count(2, "schedule")] == ["1 schedule", "2 schedules"]
    assert count(2, "policy") == "2 policies"
    assert count(2, "security_group_rules") == "2 security_group_rules"


def test_a_hundred_new_workstations_are_one_block() -> None:
    (block,) = blocks(HUNDRED)
    assert len(block.workstations) == 100
    assert len(text(HUNDRED, Style(width=80)).splitlines()) <= 19


def test_those_who_differ_keep_their_own_block() -> None:
    other = replace(update("bob", IMAGE), reason="i-0 runs", outcome=Outcome.WAITING)
    changes = (update("alice", IMAGE), other, update("carol", IMAGE))
    found = blocks(report(Plan(changes)))
    assert [block.workstations for block in found] == [("alice", "carol"), ("bob",)]


def test_every_change_is_in_some_row() -> None:
    shown = text(MIXED, WIDE)
    for change in MIXED.plan.changes:
        assert change.key.name in shown or (
            change.op is Op.CREATE and re.search(rf"\+ .*{change.key.kind}", shown)
        )


def test_the_place_of_merged_blocked_rows_is_the_first() -> None:
    rows = tuple(
        plan_row(
            Op.CREATE,
            Key("us-east-1", "workstation", name),
            outcome=Outcome.BLOCKED,
            reason="no such image",
            fleet="vision",
            workstation=name,
            where=Where("fleets/vision.yaml", line, 3),
        )
        for line, name in enumerate(("alice", "bob", "carol"), start=7)
    )
    shown = text(report(Plan(rows)), WIDE)
    assert "blocked: no such image (fleets/vision.yaml:7:3 and 2 more)" in shown


def test_many_findings_of_one_code_are_cut() -> None:
    findings = [Finding(Level.WARNING, "few-spot-pools", f"w{n}", HERE) for n in range(100)]
    shown = text(report(Plan(), *findings), WIDE)
    assert shown.count("few-spot-pools: w") == 10
    assert "warning few-spot-pools: 90 more" in shown


def test_data_that_is_kept_is_told_once() -> None:
    finding = Finding(Level.WARNING, "data-kept", "file_system acme-zoe-home stays")
    shown = text(replace(MIXED, findings=(finding,)), WIDE)
    assert shown.count("acme-zoe-home") == 1
    assert "about $174/month" in shown


def test_the_summary_of_waiting_rows() -> None:
    rows = tuple(replace(row, outcome=Outcome.WAITING) for row in new("bob"))
    waiting = summary(report(Plan(rows)))
    assert waiting == "Plan: 5 to create, 0 to update, 0 to delete, 5 of them waiting, 0 unchanged."


def test_explain_lines_up() -> None:
    rows = [
        ("owner", "alice@example.com", HERE),
        ("storage.root.size", "100GiB", None),
        ("tags", {"Team": "x" * 60}, HERE),
    ]
    assert explain.text(rows, Style(width=60)).splitlines() == [
        "owner: alice@example.com             fleets/vision.yaml:12:5",
        "storage.root.size: 100GiB                           built-in",
        "tags: {Team:",
        "    " + "x" * 60 + "}",
        "                                     fleets/vision.yaml:12:5",
    ]
    assert explain.text(rows[:2], Style()).splitlines() == [
        "owner: alice@example.com  fleets/vision.yaml:12:5",
        "storage.root.size: 100GiB                built-in",
    ]


def test_held_rows_are_not_called_blocked() -> None:
    """What waits for an approval, and what needs the YAML or AWS to change, are two things."""
    assert "3 held back for approval, 0 unchanged" in summary(HELD)
    refused = [c for c in MIXED.plan.changes if c.outcome is Outcome.BLOCKED]
    plan = replace(HELD.plan, changes=(*HELD.plan.changes, *refused))
    assert "3 held back for approval, 1 blocked, 0 unchanged" in summary(replace(HELD, plan=plan))


def test_what_time_caused_stands_apart_and_last() -> None:
    found = blocks(HOURS)
    assert [(block.workstations, block.by_time) for block in found] == [
        (("anna",), False),
        (("dora",), False),
        (("bert", "carla"), True),
    ]
    assert "2 to create, 5 to update, 0 to delete, 4 of them because time passed" in summary(HOURS)


def test_a_stop_is_no_wait_of_some_minutes() -> None:
    shown = text(HOURS, WIDE)
    assert "auto_scaling_group acme-dora, turns it off: it has been up for 25 h" in shown
    assert "users wait" not in shown


def test_no_machine_words_of_hours_are_shown() -> None:
    shown = text(HOURS, WIDE)
    assert "cron" not in shown
    assert "end_date" not in shown


@pytest.mark.parametrize(
    ("which", "colour"),
    [("nothing", "32"), ("hundred", "33"), ("applied", "31;1"), ("held", "31;1")],
)
def test_the_verdict_has_its_colour(which: str, colour: str) -> None:
    last = text(ALL[which], Style(colour=True)).splitlines()[-1]
    assert last.startswith(f"\x1b[{colour}m")


def test_a_warning_has_its_colour() -> None:
    assert "\x1b[33mwarning\x1b[0m few-spot-pools" in text(MIXED, Style(colour=True))


def test_a_block_without_a_fleet_has_a_heading() -> None:
    row = plan_row(Op.DELETE, Key("us-east-1", "schedule", "x-start"), workstation="x")
    (block,) = blocks(report(Plan((row,))))
    assert block.title == "x (us-east-1)"
