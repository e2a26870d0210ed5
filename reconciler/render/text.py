"""A report as text for a terminal or a log: readable at 80 columns, unwrapped in a pipe.

Plan for acme in account 123456789012

vision/alice (us-east-1)
  ~ auto_scaling_group acme-alice, at next start
      max_size: 2 → 1

Plan: 0 to create, 1 to update, 0 to delete, 41 unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reconciler.plan.model import Change, Finding, Level, Live, Outcome, Report, Unknown
from reconciler.render.blocks import Block, Row, blocks
from reconciler.render.escape import terminal
from reconciler.render.style import Role, Style
from reconciler.render.words import BLOCKED, UNKNOWN, findings, quiet, some, spans, summary, verdict

_ROLES: dict[str, Role] = {"+": "add", "~": "change", "-": "remove", "-/+": "remove"}
_LEVELS: dict[Level, Role] = {Level.WARNING: "change", Level.ERROR: "trouble"}
_NAMES = 40  # names listed of workstations that change alike
_FINDINGS = 10  # findings of one code
_KEPT = 20  # things whose data stays


def text(report: Report, style: Style) -> str:
    """Write the whole report for a terminal."""
    plan = report.plan
    lines: list[str] = []
    if not quiet(report):
        mode = "Plan" if report.dry_run else "Run"
        head = f"{mode} for {report.site} in account {report.account}"
        lines += [style.paint("strong", terminal(head))]
        lines += [f"Digest {report.digest}"] if report.dry_run and report.digest else []
        lines += [""]
    for block in blocks(report):
        lines += [*_block(block, style), ""]
    failed = [change for change in plan.changes if change.outcome is Outcome.FAILED]
    sections = (
        ("Failed", _failed(failed, style)),
        ("Could not be read, so nothing was decided about it", _unknown(plan.unknown, style)),
        ("Data no longer declared; a run never deletes it", _kept(plan.retained, style)),
        ("Findings", _findings(findings(report), style)),
    )
    for title, body in sections:
        section = list(body)
        if section:
            lines += [style.paint("strong", title), *section, ""]
    last = [style.paint(verdict(report), line) for line in style.wrap(summary(report))]
    return style.finish([*lines, *last])


def _block(block: Block, style: Style) -> Iterator[str]:
    yield style.paint("strong", terminal(block.title))
    if len(block.workstations) > 1:
        names = some(spans(block.workstations), _NAMES)
        yield from style.wrap(terminal(names), "  ", "  ")
    for row in block.rows:
        yield from _row(row, style)


def _row(row: Row, style: Style) -> Iterator[str]:
    remark = f", {row.remark}" if row.remark else ""
    reason = "" if row.outcome is Outcome.FAILED else row.reason  # a failure's is at the end
    head = f"{row.subject}{remark}{': ' + reason if reason else ''}"
    if row.outcome is Outcome.BLOCKED and row.where:
        more = f" and {len(row.where) - 1} more" if len(row.where) > 1 else ""
        head += f" ({row.where[0]}{more})"
    yield from _signed(row.sign, head, style)
    for line in row.lines:
        yield from style.wrap(terminal(line), " " * 6, " " * 8)
    for note in () if row.outcome is Outcome.DONE else row.notes:  # they helped to judge it
        yield from style.wrap(terminal(note), " " * 6, " " * 8)


def _signed(sign: str, line: str, style: Style) -> list[str]:
    indent = " " * (len(sign) + 3)
    first, *rest = style.wrap(terminal(line), f"  {sign} ", indent)
    role = _ROLES.get(sign, "trouble")
    return [f"  {style.paint(role, sign)}{first[len(sign) + 2 :]}", *rest]


def _failed(changes: list[Change], style: Style) -> Iterator[str]:
    for change in changes:
        where = f" ({change.where})" if change.where else ""
        yield from _signed(
            BLOCKED, f"{change.key} in {change.key.region}: {change.reason}{where}", style
        )


def _unknown(unknown: tuple[Unknown, ...], style: Style) -> Iterator[str]:
    for unread in unknown:
        yield from _signed(UNKNOWN, f"{unread.kind} in {unread.region}: {unread.reason}", style)


def _kept(kept: tuple[Live, ...], style: Style) -> Iterator[str]:
    for live in kept[:_KEPT]:
        holder = f" of {live.fleet}/{live.workstation}" if live.workstation else ""
        cost = f", {live.monthly_cost}" if live.monthly_cost else ""
        identity = f" ({live.attrs['id']})" if "id" in live.attrs else ""
        line = f"{live.key}{identity}{holder} in {live.key.region}{cost}"
        yield from style.wrap(terminal(line), "  ", "    ")
    if len(kept) > _KEPT:
        yield f"  {len(kept) - _KEPT} more; -o json lists them all"


def _findings(ordered: list[Finding], style: Style) -> Iterator[str]:
    for (_, level, code), group in groupby(
        ordered, key=lambda it: (bool(it.approval), it.level, it.code)
    ):
        same = list(group)
        for finding in same[:_FINDINGS]:
            where = f" ({finding.where})" if finding.where else ""
            waits = ", waits for approval" if finding.approval else ""
            head = f"  {level.value} {code}{waits}: "
            first, *rest = style.wrap(terminal(finding.message + where), terminal(head), "    ")
            if level in _LEVELS:
                first = first.replace(level.value, style.paint(_LEVELS[level], level.value), 1)
            yield from (first, *rest)
        if len(same) > _FINDINGS:
            yield f"  {level.value} {terminal(code)}: {len(same) - _FINDINGS} more"
