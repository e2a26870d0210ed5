"""Every payload in every text of a report, through every renderer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.cli.annotations import command
from reconciler.cli.failures import failure
from reconciler.declare.explain import Row
from reconciler.errors import (
    AwsError,
    Denied,
    InvalidTemplate,
    Problem,
    Refused,
    RegionRefused,
    UsageError,
    Where,
)
from reconciler.plan.model import (
    Change,
    FieldChange,
    Finding,
    Impact,
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
from reconciler.render import as_json, escape, explain, problems
from reconciler.render.look import Look
from reconciler.render.markdown import comment, trouble
from reconciler.render.text import text
from tests.hostile import sinks
from tests.hostile.payloads import PAYLOADS

EVERY = pytest.mark.parametrize("name", PAYLOADS)
LOOKS = (Look(), Look(width=80), Look(width=40), Look(unicode=False))


def report(it: str) -> Report:
    """All of its texts that come from AWS or the YAML are this one."""
    where = Where(f"{it}.yaml", 3, 5)
    fields = (FieldChange("tags", it, it, {it: it}), FieldChange("x", "x", (it, it), None))
    told = (Sensitive(it, it, it, it), Sensitive("owner", it, None, it, personal=True))
    update = Change(
        Op.UPDATE, Key("us-east-1", "auto_scaling_group", it), fields, fleet=it, sensitive=told
    )
    changes = (
        update,
        replace(update, outcome=Outcome.FAILED, reason=it, error=it, where=where),
        replace(update, outcome=Outcome.BLOCKED, reason=it, workstation=it, where=where),
        replace(update, outcome=Outcome.WAITING, reason=it, workstation="a", notes=(it,)),
        replace(update, op=Op.DELETE, workstation="b", impact=Impact.DISRUPTIVE),
        *(replace(update, op=Op.CREATE, fields=(), workstation=f"{it}{n}") for n in range(3)),
    )
    unknown = Unknown("topic", it, it, it)
    kept = Live(Key(it, "file_system", it), None, True, {"id": it}, it, it, monthly_cost=it)
    findings = (
        Finding(Level.ERROR, it, it, where, approval=it),
        Finding(Level.WARNING, it, it),
        Finding(Level.INFO, it, it, where),
    )
    plan = Plan(changes, unknown=(unknown,), kept=(kept,))
    return Report("acme", "123456789012", True, plan, findings, {it: 1}, digest="0" * 64)


def strings(tree: Any) -> set[str]:
    """Every text in a JSON document, keys too."""
    if isinstance(tree, dict):
        return {text for pair in tree.items() for each in pair for text in strings(each)}
    if isinstance(tree, list):
        return {text for each in tree for text in strings(each)}
    return {tree} if isinstance(tree, str) else set()


@EVERY
def test_a_terminal_can_only_show_it(name: str) -> None:
    for look in LOOKS:
        said = text(report(PAYLOADS[name]), look)
        assert not sinks.terminal(said)
        if look.width is None:
            last = said.rstrip("\n").split("\n")[-1]
            assert last.startswith("Plan: ")


@EVERY
def test_a_comment_stays_ours(name: str) -> None:
    it = PAYLOADS[name]
    assert not sinks.comment(comment(report(it)))
    assert not sinks.comment(trouble(it, [(it, it), ("", it)]))


@EVERY
def test_json_is_what_went_in(name: str) -> None:
    it = PAYLOADS[name]
    written = as_json.dumps(as_json.document(report(it)))
    assert not sinks.terminal(written)
    assert written.isascii()
    document = json.loads(written)
    assert document == as_json.document(report(it))
    assert it in strings(document)


@EVERY
def test_an_annotation_is_one_command(name: str) -> None:
    it = PAYLOADS[name]
    line = command("error", it, Where(it, 1, 1))
    assert not sinks.stderr_on_github(line + "\n")
    assert line.startswith("::error file=")
    bad = [Problem(Where(it, 1, 1), it, it, 5, f"  {it}"), Problem(Where("a", 2, 2), it)]
    assert not sinks.stderr_on_github(problems.github(bad))
    assert problems.github(bad).count("\n") == 2
    for look in LOOKS:
        assert not sinks.terminal(problems.text(bad, look))
    written = as_json.dumps(problems.document(bad))
    assert not sinks.terminal(written)
    assert it in strings(json.loads(written))


@EVERY
def test_settings_are_shown_as_text(name: str) -> None:
    it = PAYLOADS[name]
    rows = [Row("tags.x", it, Where(it, 1, 1)), Row(it, {it: [it]}, None)]
    for look in LOOKS:
        assert not sinks.terminal(explain.text(rows, look))
    assert it in strings(json.loads(as_json.dumps(explain.document("acme", "ws", rows))))


@EVERY
def test_a_failure_is_one_line(name: str) -> None:
    it = PAYLOADS[name]
    for error in (
        AwsError(it, it, it, it),
        Denied(it, it, it, it, it, it),
        Denied(it, it, it, it, it, it, it),
        RegionRefused(it, it, it, it),
        InvalidTemplate(it, it, it, it),
        Refused(it),
        UsageError(it),
        ValueError(it),
    ):
        line = escape.terminal(failure(error).line)
        assert "\n" not in line
        assert not sinks.terminal(line)


FORGED = {
    "a mention": "hello @octocat",
    "an address": "see https://evil.example",
    "a link": "[x](https://evil.example)",
    "HTML": "a <b>x</b>",
    "a block": "</details>\n\n<h1>x</h1>",
    "a heading": "# x",
    "a fence": "```\nx\n```",
    "a second mark": "<!-- reconciler plan other -->",
}


@pytest.mark.parametrize("kind", FORGED)
def test_the_judge_of_comments_sees(kind: str) -> None:
    good = "<!-- reconciler plan -->\n### Plan\n\n"
    assert not sinks.comment(good)
    assert sinks.comment(good + FORGED[kind] + "\n")
