"""The words and signs of a plan, the same in text and Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.errors import Unanswered
from reconciler.plan.model import Finding, Impact, Level, Op, Outcome, Ref, Report
from reconciler.render.style import Role

SIGNS = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "-/+", Op.DELETE: "-"}
BLOCKED = "!"
HELD = "waits for approval"
UNKNOWN = "?"
DATA_KEPT = "data-kept"  # the finding that says in words what Plan.retained holds

IMPACTS = {
    Impact.NONE: "",
    Impact.NEXT_START: "at next start",
    Impact.DISRUPTIVE: "interrupts users",
    Impact.STOPS: "turns it off",
    Impact.DATA: "touches data",
}
AHEAD = {Op.CREATE: "create", Op.UPDATE: "update", Op.REPLACE: "replace", Op.DELETE: "delete"}
DID = {Op.CREATE: "created", Op.UPDATE: "updated", Op.REPLACE: "replaced", Op.DELETE: "deleted"}

_NUMBERED = re.compile(r"(.*?)(\d{1,9})")
_LONG = 60
_SHOWN = 45
_READS_AS_OTHER = re.compile(r"|[\d.+-]+|true|false|none|.*\s|\s.*|.*, .*|[\[{\"(].*", re.DOTALL)


def sign(op: Op, outcome: Outcome) -> str:
    """Choose the sign before a row; a row that needs a person or failed has `!`."""
    return BLOCKED if outcome in (Outcome.BLOCKED, Outcome.FAILED) else SIGNS[op]


def count(number: int, noun: str) -> str:
    """Count things as `1 schedule`, `2 schedules`; a plural stays: `2 security_group_rules`."""
    if number == 1 or noun.endswith("s"):
        return f"{number} {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def value(item: Any) -> str:
    """Write one side of a field change, compact; text is quoted only where it could mislead."""
    match item:
        case None | bool():
            return str(item).lower()
        case Ref():
            return " ".join(str(item).split())  # a Ref without a name leaves a gap
        case str():
            return f'"{item}"' if _READS_AS_OTHER.fullmatch(item) else item
        case Mapping():
            return "{" + ", ".join(f"{key}: {value(item[key])}" for key in item) + "}"
        case tuple() | list() | frozenset() | set():
            items = item if isinstance(item, tuple | list) else sorted(item, key=str)
            return "[" + ", ".join(map(value, items)) + "]"
    return str(item)


def sides(old: Any, new: Any) -> tuple[str, str]:
    """Write both sides of a field change; long ones are cut to where they begin to differ."""
    before, after = value(old), value(new)
    differ = next(
        (at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    return _excerpt(before, old, differ), _excerpt(after, new, differ)


def _excerpt(text: str, item: Any, around: int) -> str:
    if len(text) <= _LONG or isinstance(item, Ref):
        return text
    start = max(0, min(around - 10, len(text) - _SHOWN))
    head = "…" if start else ""
    tail = "…" if start + _SHOWN < len(text) else ""
    return f"{head}{text[start : start + _SHOWN]}{tail} ({len(text)} characters)"


def some(items: list[str], limit: int) -> str:
    """Join at most `limit` items, and say how many more there are."""
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more


def spans(names: Iterable[str]) -> list[str]:
    """Join names in order, runs of numbered ones as `dev-001 … dev-100`."""
    found: list[list[str]] = []
    for name in names:
        if found and _follows(found[-1][-1], name):
            found[-1].append(name)
        else:
            found.append([name])
    return [text for run in found for text in (run if len(run) < 3 else [f"{run[0]} … {run[-1]}"])]


def _follows(before: str, name: str) -> bool:
    one, two = _NUMBERED.fullmatch(before), _NUMBERED.fullmatch(name)
    return (
        one is not None and two is not None and one[1] == two[1] and int(two[2]) == int(one[2]) + 1
    )


def held_codes(report: Report) -> frozenset[str]:
    """Collect the codes of rows that wait for an approval, and for nothing else."""
    return frozenset(finding.code for finding in report.findings if finding.approval)


def quiet(report: Report) -> bool:
    """Tell whether a report has no change and no finding to show."""
    return not (report.plan.changes or report.plan.unknown or report.stopped)


def findings(report: Report) -> list[Finding]:
    """List the findings to show: approvals first, then by level, rights before the rest. Data
    that is kept has its own section."""
    order = list(reversed(Level))
    listed = (
        finding
        for finding in report.findings
        if not (report.plan.retained and finding.code == DATA_KEPT)
    )
    return sorted(
        listed,
        key=lambda it: (not it.approval, order.index(it.level), not it.sensitive, it.code),
    )


def verdict(report: Report) -> Role:
    """Choose the colour of the summary: failed or blocked, pending, or nothing to do."""
    outcomes = {change.outcome for change in report.plan.changes}
    errors = any(finding.level is Level.ERROR for finding in report.findings)
    if outcomes & {Outcome.FAILED, Outcome.BLOCKED} or report.plan.unknown or errors:
        return "trouble"
    return "change" if outcomes & {Outcome.PLANNED, Outcome.WAITING} else "add"


def summary(report: Report) -> str:
    """Write the one line that sums up the report."""
    plan = report.plan
    unchanged = f"{len(plan.unchanged)} unchanged"
    if quiet(report):
        return f"Nothing to do: {unchanged}."
    if report.dry_run:
        return f"Plan: {_planned(report)}, {unchanged}."
    return f"{'Stopped' if report.stopped else 'Done'}: {_done(report)}, {unchanged}."


def _planned(report: Report) -> str:
    plan = report.plan
    counts = plan.summary()
    parts = [
        f"{counts[op.value]} to {word}"
        for op, word in AHEAD.items()
        if counts[op.value] or op is not Op.REPLACE
    ]
    waiting = sum(change.outcome is Outcome.WAITING for change in plan.changes)
    if waiting:
        parts.append(f"{waiting} of them waiting")
    timed = sum(c.by_time and c.outcome is not Outcome.BLOCKED for c in plan.changes)
    if timed:
        parts.append(f"{timed} of them because time passed")
    return ", ".join(parts + _troubles(report))


def _done(report: Report) -> str:
    changes = report.plan.changes
    parts = []
    for op, word in DID.items():
        number = sum(c.op is op and c.outcome is Outcome.DONE for c in changes)
        if number or op is not Op.REPLACE:
            parts.append(f"{number} {word}")
    words = {
        Outcome.WAITING: "not done" if report.stopped else "waiting",
        Outcome.PLANNED: "not done",
        Outcome.FAILED: "failed",
    }
    counts = Counter(
        "unknown" if change.error == Unanswered.code else words.get(change.outcome)
        for change in changes
    )
    in_order = dict.fromkeys(("unknown", *words.values()))
    parts += [f"{counts[word]} {word}" for word in in_order if counts[word]]
    return ", ".join(parts + _troubles(report))


def _troubles(report: Report) -> list[str]:
    codes = held_codes(report)
    blocked = [c for c in report.plan.changes if c.outcome is Outcome.BLOCKED]
    held = sum(change.error in codes for change in blocked)
    numbers = {
        "held back for approval": held,
        "blocked": len(blocked) - held,
        "not readable": len(report.plan.unknown),
    }
    return [f"{number} {word}" for word, number in numbers.items() if number]
