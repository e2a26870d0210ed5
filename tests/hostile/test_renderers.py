"""Every payload in every text of a report, through every renderer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.cli.terminal.annotations import command
from reconciler.cli.terminal.failures import failure
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
from reconciler.render.markdown import comment, trouble
from reconciler.render.style import Style
from reconciler.render.text import text
from tests.hostile import sinks
from tests.hostile.payloads import PAYLOADS
from tests.support.plan_rows import plan_row, with_fields, with_op

EVERY = pytest.mark.parametrize("name", PAYLOADS)
LOOKS = (Style(), Style(width=80), Style(width=40), Style(unicode=False))


def report(payload: str) -> Report:
    """All of its texts that come from AWS or the YAML are this one."""
    where = Where(f"{payload}.yaml", 3, 5)
    fields = (
        FieldChange("tags", payload, payload, {payload: payload}),
        FieldChange("x", "x", (payload, payload), None),
    )
    sensitive = (
        Sensitive(payload, payload, payload, payload),
        Sensitive("owner", payload, None, payload, personal=True),
    )
    update = plan_row(
        Op.UPDATE,
        Key("us-east-1", "auto_scaling_group", payload),
        fields,
        fleet=payload,
        sensitive=sensitive,
    )
    made = with_op(with_fields(update), Op.CREATE)
    changes = (
        update,
        replace(update, outcome=Outcome.FAILED, reason=payload, error=payload, where=where),
        replace(update, outcome=Outcome.BLOCKED, reason=payload, workstation=payload, where=where),
        replace(update, outcome=Outcome.WAITING, reason=payload, workstation="a", notes=(payload,)),
        replace(with_op(update, Op.DELETE), workstation="b", impact=Impact.DISRUPTIVE),
        *(replace(made, workstation=f"{payload}{n}") for n in range(3)),
    )
    unknown = Unknown("topic", payload, payload, payload)
    kept = Live(
        Key(payload, "file_system", payload),
        None,
        True,
        {"id": payload},
        payload,
        payload,
        monthly_cost=payload,
    )
    findings = (
        Finding(Level.ERROR, payload, payload, where, approval=payload),
        Finding(Level.WARNING, payload, payload),
        Finding(Level.INFO, payload, payload, where),
    )
    plan = Plan(changes, unknown=(unknown,), retained=(kept,))
    return Report("acme", "123456789012", True, plan, findings, {payload: 1}, digest="0" * 64)


def strings(tree: Any) -> set[str]:
    """Every text in a JSON document, keys too."""
    if isinstance(tree, dict):
        return {text for pair in tree.items() for item in pair for text in strings(item)}
    if isinstance(tree, list):
        return {text for item in tree for text in strings(item)}
    return {tree} if isinstance(tree, str) else set()


@EVERY
def test_a_terminal_can_only_show_it(name: str) -> None:
    for look in LOOKS:
        shown = text(report(PAYLOADS[name]), look)
        assert not sinks.terminal(shown)
        if look.width is None:
            last = shown.rstrip("\n").split("\n")[-1]
            assert last.startswith("Plan: ")


@EVERY
def test_a_comment_stays_ours(name: str) -> None:
    payload = PAYLOADS[name]
    assert not sinks.comment(comment(report(payload)))
    assert not sinks.comment(trouble(payload, [(payload, payload), ("", payload)]))


@EVERY
def test_json_is_what_went_in(name: str) -> None:
    payload = PAYLOADS[name]
    written = as_json.dumps(as_json.document(report(payload)))
    assert not sinks.terminal(written)
    assert written.isascii()
    document = json.loads(written)
    assert document == as_json.document(report(payload))
    assert payload in strings(document)


@EVERY
def test_an_annotation_is_one_command(name: str) -> None:
    payload = PAYLOADS[name]
    line = command("error", payload, Where(payload, 1, 1))
    assert not sinks.stderr_on_github(line + "\n")
    assert line.startswith("::error file=")
    bad = [
        Problem(Where(payload, 1, 1), payload, payload, 5, f"  {payload}"),
        Problem(Where("a", 2, 2), payload),
    ]
    assert not sinks.stderr_on_github(problems.github(bad))
    assert problems.github(bad).count("\n") == 2
    for look in LOOKS:
        assert not sinks.terminal(problems.text(bad, look))
    written = as_json.dumps(problems.document(bad))
    assert not sinks.terminal(written)
    assert payload in strings(json.loads(written))


@EVERY
def test_settings_are_shown_as_text(name: str) -> None:
    payload = PAYLOADS[name]
    rows = [Row("tags.x", payload, Where(payload, 1, 1)), Row(payload, {payload: [payload]}, None)]
    for look in LOOKS:
        assert not sinks.terminal(explain.text(rows, look))
    assert payload in strings(json.loads(as_json.dumps(explain.document("acme", "ws", rows))))


@EVERY
def test_a_failure_is_one_line(name: str) -> None:
    payload = PAYLOADS[name]
    for error in (
        AwsError(payload, payload, payload, payload),
        Denied(payload, payload, payload, payload, payload, payload),
        Denied(payload, payload, payload, payload, payload, payload, payload),
        RegionRefused(payload, payload, payload, payload),
        InvalidTemplate(payload, payload, payload, payload),
        Refused(payload),
        UsageError(payload),
        ValueError(payload),
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
