"""A report as the pull-request comment: the summary first, a table, the details folded.

Always at most 60,000 characters (GitHub refuses a comment past 65,536): each section has its
share and says how many rows it left out. The first line is a hidden mark by which the comment
is found and updated in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.plan.model import Finding, Level, Live, Outcome, Report, Unknown
from reconciler.render.blocks import Block, Row, blocks
from reconciler.render.escape import code, markdown
from reconciler.render.words import UNKNOWN, findings, some, spans, summary

LIMIT = 60_000
_TABLE, _DETAILS, _FINDINGS, _SMALL = 16_000, 25_000, 9_000, 2_500  # together under LIMIT
_LINE = 1_500  # one row, or one reason, may not use up a section
_NAMES = 12
_ICONS = {Level.ERROR: "**error**", Level.WARNING: "**warning**", Level.INFO: "info"}


def mark(site: str) -> str:
    """The hidden first line; `site` cannot end the comment early."""
    return f"<!-- reconciler plan {''.join(c for c in site if c.isalnum() or c == '-')} -->"


def comment(report: Report) -> str:
    """The whole comment."""
    plan = report.plan
    found = blocks(plan)
    stops = [finding for finding in findings(report) if finding.stops_run]
    others = [finding for finding in findings(report) if not finding.stops_run]
    what = "Dry run" if report.dry_run else "Run"
    lines = [
        mark(report.site),
        f"### {markdown(summary(report))}",
        "",
        f"{what} for {code(report.site)} in account {code(report.account)}.",
        "",
        *_section("", [f"> {_finding(it)}" for it in stops], _SMALL),
        *_table(found),
        *_section("**Failed**", _failed(report), _FINDINGS // 2),
        *_section("**Findings**", [f"- {_finding(it)}" for it in others], _FINDINGS // 2),
        *_section(
            "**Could not be read**, so nothing was decided about it",
            [_unknown(it) for it in plan.unknown],
            _SMALL,
        ),
        *_section(
            "**Data no longer declared**; a run never deletes it",
            [_kept(live) for live in plan.kept],
            _SMALL,
        ),
        *_details(found),
    ]
    return "\n".join(lines).rstrip() + "\n"


def trouble(site: str, title: str, problems: Iterable[tuple[str, str]]) -> str:
    """The comment when there is no plan to show: why, each with its place or ""."""
    rows = [
        f"- {code(where) + ': ' if where else ''}{markdown(_cut(message))}"
        for where, message in problems
    ]
    lines = [mark(site), f"### No plan: {markdown(title)}", "", *_fit(rows, _DETAILS)]
    return "\n".join(lines) + "\n"


def _section(title: str, rows: Iterable[str], share: int) -> list[str]:
    body = _fit(rows, share)
    return [*([title, ""] if title else []), *body, ""] if body else []


def _fit(rows: Iterable[str], share: int) -> list[str]:
    """As many rows as the share allows, then how many are left out."""
    fitting: list[str] = []
    left_out = 0
    for row in rows:
        share -= len(row) + 1
        if share < 0:
            left_out += 1
        else:
            fitting.append(row)
    return [*fitting, "", f"… and {left_out} more"] if left_out else fitting


def _table(found: tuple[Block, ...]) -> list[str]:
    if not found:
        return []
    head = ["| | what | change | effect |", "| --- | --- | --- | --- |"]
    rows = [_table_row(block, row) for block in found for row in block.rows]
    return [*head, *_fit(rows, _TABLE), ""]


def _table_row(block: Block, row: Row) -> str:
    cells = (code(row.sign), code(block.title), code(_cut(row.what)), markdown(row.remark))
    return f"| {' | '.join(cells)} |"


def _details(found: tuple[Block, ...]) -> list[str]:
    rows = list(_fit(("\n".join(_detail(block)) for block in found), _DETAILS))
    if not rows:
        return []
    return ["<details><summary>Details</summary>", "", *rows, "", "</details>"]


def _detail(block: Block) -> Iterator[str]:
    yield f"**{markdown(block.title)}**"
    yield ""
    if len(block.workstations) > 1:
        yield code(some(spans(block.workstations), _NAMES))
        yield ""
    for row in block.rows:
        reason = f": {markdown(_cut(row.reason))}" if row.reason else ""
        remark = f", {markdown(row.remark)}" if row.remark else ""
        where = (
            f" ({code(str(row.where[0]))})" if row.outcome is Outcome.BLOCKED and row.where else ""
        )
        yield f"- {code(row.sign)} {code(_cut(row.what))}{remark}{reason}{where}"
        for path, old, new in row.fields:
            yield f"  - {code(path)}: {code(_cut(old))} → {code(_cut(new))}"
        for note in row.notes:
            yield f"  - {markdown(_cut(note))}"
    yield ""


def _failed(report: Report) -> Iterator[str]:
    for change in report.plan.changes:
        if change.outcome is Outcome.FAILED:
            what = code(f"{change.key} in {change.key.region}")
            yield f"- {what}: {markdown(_cut(change.reason))}"


def _finding(finding: Finding) -> str:
    where = f" ({code(str(finding.where))})" if finding.where else ""
    return f"{_ICONS[finding.level]} {code(finding.code)} {markdown(_cut(finding.message))}{where}"


def _unknown(it: Unknown) -> str:
    return f"- {code(UNKNOWN)} {code(f'{it.kind} in {it.region}')}: {markdown(_cut(it.reason))}"


def _kept(live: Live) -> str:
    whose = f" of {code(f'{live.fleet}/{live.workstation}')}" if live.workstation else ""
    cost = f", {markdown(live.monthly_cost)}" if live.monthly_cost else ""
    identity = f" ({live.attrs['id']})" if "id" in live.attrs else ""
    return f"- {code(f'{live.key}{identity} in {live.key.region}')}{whose}{cost}"


def _cut(text: str) -> str:
    return text if len(text) <= _LINE else text[:_LINE] + "…"
