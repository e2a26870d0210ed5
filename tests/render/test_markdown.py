"""The pull-request comment always fits, and its first line finds it again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from reconciler.plan.model import (
    FieldChange,
    Finding,
    Key,
    Level,
    Live,
    Op,
    Outcome,
    Plan,
    Report,
    Sensitive,
    Unknown,
)
from reconciler.render.markdown import comment, mark, trouble
from tests.render.samples import ALL, HERE, HOSTILE_TEXT, MIXED, NOTHING, report
from tests.support.plan_rows import plan_row

LIMIT = 60_000


def many(number: int, long: str) -> Report:
    """Everything there is, `number` times, each row as different from the next as can be."""
    rows = tuple(
        plan_row(
            Op.UPDATE,
            Key("us-east-1", "auto_scaling_group", f"acme-w{n}{long}"),
            (FieldChange("x", f"x{n}{long}", n, f"{n}{long}"),),
            outcome=(Outcome.FAILED, Outcome.BLOCKED, Outcome.PLANNED)[n % 3],
            reason=f"{n}: {long}",
            fleet="vision",
            workstation=f"w{n}",
            where=HERE,
            notes=(f"{n} {long}",),
        )
        for n in range(number)
    )
    plan = Plan(
        rows,
        unknown=tuple(Unknown("topic", f"r{n}", f"{n}{long}") for n in range(number)),
        retained=tuple(
            Live(Key("us-east-1", "file_system", f"{n}{long}"), None, True) for n in range(number)
        ),
    )
    findings = [
        Finding(Level.ERROR, f"code-{n}", f"{n}{long}", HERE, approval=str(n % 2 or ""))
        for n in range(number)
    ]
    return report(plan, *findings)


@pytest.mark.parametrize("number", [1, 30, 2000])
@pytest.mark.parametrize("long", ["", "x" * 3000, HOSTILE_TEXT * 30, "`|" * 2000])
def test_it_always_fits(number: int, long: str) -> None:
    shown = comment(many(number, long))
    assert len(shown) <= LIMIT
    outside = re.sub(r"(`+) ?.*?(?<!`)\1(?!`)", "", shown)
    assert outside.count("<details>") == outside.count("</details>") == 1
    assert number < 2000 or " more" in shown
    assert number > 1 or long or " more" not in shown


@pytest.mark.parametrize("report", ALL.values(), ids=list(ALL))
def test_the_first_line_is_the_mark(report: Report) -> None:
    first, second, *_ = comment(report).splitlines()
    assert first == mark() == "<!-- reconciler plan -->"
    assert second.startswith("### ")


@pytest.mark.parametrize(
    ("fleets", "of"),
    [
        ((), ""),
        (("fleets",), ""),
        (("./fleets/",), ""),
        (("sites/acme/fleets/",), " of sites/acme/fleets"),
        (("b", "a/../c"), " of b, c"),
        (("--> <b>",), " of -- b"),
        (("a\nb`",), " of ab"),
    ],
)
def test_the_mark_is_of_the_folder_and_a_folder_cannot_end_it(
    fleets: tuple[str, ...], of: str
) -> None:
    assert mark(fleets) == f"<!-- reconciler plan{of} -->"
    assert comment(MIXED, fleets=fleets).startswith(f"{mark(fleets)}\n### ")
    assert trouble("x", [], fleets=fleets).startswith(f"{mark(fleets)}\n### ")


def test_rows_that_give_rights_away_are_left_out_last() -> None:
    """A plan too long for a comment: a thousand schedules, and after them two new owners."""
    rows = tuple(
        plan_row(
            Op.DELETE,
            Key("us-east-1", "schedule", f"{n}-{'x' * 60}"),
            fleet="a",
            workstation=f"w{n}",
            reason=f"{n}",
        )
        for n in range(1000)
    )
    new = (
        plan_row(
            Op.CREATE,
            Key("us-east-1", "launch_template", f"acme-{name}"),
            fleet="z",
            workstation=name,
            sensitive=(Sensitive("owner", "owner", None, f"mallory@{name}.example"),),
        )
        for name in ("one", "two")
    )
    table = comment(report(Plan((*rows, *new)))).split("<details>")[0]
    assert "owner: mallory@one.example" in table
    assert "owner: mallory@two.example" in table
    assert re.search(r"… and \d+ more\n", table)


def test_rows_with_sensitive_values_that_have_no_room_are_counted() -> None:
    rows = tuple(
        plan_row(
            Op.CREATE,
            Key("us-east-1", "launch_template", f"acme-w{n}"),
            fleet=f"f{n}",
            workstation=f"w{n}",
            sensitive=(Sensitive("image_id", "image", None, f"{n} {'x' * 300}"),),
        )
        for n in range(500)
    )
    table = comment(report(Plan(rows))).split("<details>")[0]
    listed = table.count("image: ")
    assert (
        f"… and {500 - listed} more, {500 - listed} of them with sensitive values: `-o json` has "
        "them all"
    ) in table


def test_counts_of_left_out_rows_are_true() -> None:
    rows = tuple(
        plan_row(Op.DELETE, Key("us-east-1", "topic", f"t{n}"), fleet=f"f{n}", workstation="w")
        for n in range(3000)
    )
    shown = comment(report(Plan(rows)))
    table = shown.split("<details>")[0]
    listed = table.count("topic t")
    assert f"… and {3000 - listed} more" in table


def test_what_stops_the_run_comes_before_the_rest() -> None:
    stop = Finding(Level.ERROR, "many-removals", "too many", approval="1a2b")
    shown = comment(replace(MIXED, findings=(*MIXED.findings, stop)))
    assert shown.index("many-removals") < shown.index("| | what |") < shown.index("few-spot-pools")


def test_a_comment_without_a_plan_says_why() -> None:
    shown = trouble("the YAML is bad", [("a.yaml:1:1", f"bad {n}") for n in range(9000)])
    assert shown.startswith("<!-- reconciler plan -->\n### No plan: the YAML is bad\n")
    assert len(shown) < LIMIT
    assert "more" in shown


def test_the_first_line_names_the_commit_and_the_time_where_they_are_known() -> None:
    sha = "0123456789abcdef0123456789abcdef01234567"
    at = datetime(2026, 11, 21, 23, 40, tzinfo=timezone(timedelta(hours=1)))
    first = comment(NOTHING, sha, at).splitlines()[1]
    assert first == (
        "### Nothing to do: 41 unchanged. Commit `0123456789ab`, 21 Nov 2026 22:40 UTC."
    )
    assert comment(NOTHING, sha).splitlines()[1].endswith(" Commit `0123456789ab`.")
    assert comment(NOTHING, at=at).splitlines()[1] == "### Nothing to do: 41 unchanged."
    assert trouble("x", [], sha, at).splitlines()[1] == (
        "### No plan for commit `0123456789ab`, 21 Nov 2026 22:40 UTC: x"
    )


def test_details_do_not_repeat_the_table() -> None:
    shared = plan_row(Op.CREATE, Key("us-east-1", "security_group", "acme-workstation"))
    shown = comment(report(Plan((shared,))))
    assert shown.count("acme-workstation") == 1
    assert "<details>" not in shown


def test_no_column_is_empty() -> None:
    shared = plan_row(Op.CREATE, Key("us-east-1", "topic", "acme-events"))
    assert "| | what | change |\n| --- | --- | --- |\n" in comment(report(Plan((shared,))))
    assert "| | what | change | effect |\n" in comment(MIXED)


def test_a_comment_on_bad_yaml_takes_the_place_of_the_plan() -> None:
    assert comment(MIXED).splitlines()[0] == trouble("x", []).splitlines()[0]
