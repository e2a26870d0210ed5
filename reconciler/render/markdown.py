"""A report as the pull-request comment: the summary first, a table, the details folded.

Always at most 60,000 characters (GitHub refuses a comment past 65,536): each section has its
share and says how many rows it left out. The first line is a hidden mark by which the comment
is found and updated in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from posixpath import normpath
from typing import TypeVar

from reconciler.plan.model import Change, Finding, Level, Live, Outcome, Report, Unknown
from reconciler.render.blocks import Block, Row, blocks
from reconciler.render.escape import code, markdown
from reconciler.render.words import UNKNOWN, findings, some, spans, summary

T = TypeVar("T")

LIMIT = 60_000
FOLDER = "fleets"  # where the YAML is, unless `--fleets` says otherwise
_TABLE, _DETAILS, _FINDINGS, _SMALL = 25_000, 14_000, 5_000, 2_500  # together under LIMIT
_LINE = 400  # characters of one value or reason
_SENSITIVE = 8_500  # characters of one sensitive line: the owners of many workstations
_FIELDS = 30  # fields of one row
_IN_TABLE = 2  # of these, as many stand in the table
_SHA = 12  # hex digits of a commit
_NAMES = 12  # names of workstations that change alike
_LEVELS = {Level.ERROR: "**error**", Level.WARNING: "**warning**", Level.INFO: "info"}


def mark(fleets: Sequence[str] = ()) -> str:
    """Write the hidden first line, by which a workflow finds the comment of the push before.

    It is the same for a good and a bad declaration, so it does not name the site: bad YAML may have
    none. `fleets` is what `--fleets` was given: where several sites share a repository, each has a
    folder of its own, and so a mark of its own.
    """
    paths = sorted({normpath(path) for path in fleets} - {FOLDER})
    safe = ("".join(c for c in path if c.isalnum() or c in "-_./ ") for path in paths)
    of = f" of {', '.join(safe)}" if paths else ""
    return f"<!-- reconciler plan{of} -->"


def comment(
    report: Report, commit: str = "", at: datetime | None = None, fleets: Sequence[str] = ()
) -> str:
    """Write the whole comment of a pull request.

    `commit` is what was checked out, "" where nobody says so; `at` is when the plan was made, in
    UTC; `fleets` is what `--fleets` was given.
    """
    plan = report.plan
    found = blocks(report)
    approvals = [finding for finding in findings(report) if finding.approval]
    others = [finding for finding in findings(report) if not finding.approval]
    mode = "Dry run" if report.dry_run else "Run"
    failed = [change for change in plan.changes if change.outcome is Outcome.FAILED]
    rows = [(block, row) for block in found for row in block.rows]
    effects = any(row.remark for _, row in rows)
    details = [(block, row) for block in found for row in block.rows if _has_more(block)]
    lines = [
        mark(fleets),
        f"### {markdown(summary(report))}{_of(' Commit', commit, at, '.')}",
        "",
        f"{mode} for {code(report.site)} in account {code(report.account)}.{_digest(report)}",
        "",
        *_section("", approvals, lambda it: f"> {_finding(it)}", _SMALL),
        *_table(_head(effects), rows, lambda item: _cells(item, effects)),
        *_section("**Failed**\n", failed, _failed, _FINDINGS),
        *_section("**Findings**\n", others, lambda it: f"- {_finding(it)}", _FINDINGS),
        *_section(
            "**Could not be read**, so nothing was decided about it\n",
            plan.unknown,
            _unknown,
            _SMALL,
        ),
        *_section(
            "**Data no longer declared**; a run never deletes it\n", plan.retained, _kept, _SMALL
        ),
    ]
    if details:
        folded = _section("", details, _detail, _DETAILS)
        lines += ["<details><summary>Details</summary>", "", *folded, "</details>"]
    return "\n".join(lines).rstrip() + "\n"


def trouble(
    title: str,
    problems: Sequence[tuple[str, str]],
    commit: str = "",
    at: datetime | None = None,
    fleets: Sequence[str] = (),
) -> str:
    """Write the comment for a run without a plan: each reason with its place, or ""."""

    def row(problem: tuple[str, str]) -> str:
        where, message = problem
        return f"- {code(where) + ': ' if where else ''}{_prose(message)}"

    of = _of(" for commit", commit, at)
    head = [mark(fleets), f"### No plan{of}: {markdown(title)}", ""]
    return "\n".join([*head, *_section("", problems, row, _DETAILS)])


def _section(title: str, items: Sequence[T], row: Callable[[T], str], share: int) -> list[str]:
    """As many rows as the share allows, then how many are left out; nothing for no items."""
    lines = [title] if title and items else []
    for number, item in enumerate(items):
        lines.append(row(item))
        share -= len(lines[-1]) + 1
        if share < 0:
            lines[-1:] = ["", f"… and {len(items) - number} more"]
            break
    return [*lines, ""] if items else []


def _table(
    title: str, rows: Sequence[tuple[Block, Row]], row: Callable[[tuple[Block, Row]], str]
) -> list[str]:
    """The rows in their order; where not all have room, those without sensitive values go first."""
    written = [(row(item), bool(item[1].sensitive)) for item in rows]
    left, kept = _TABLE, set[int]()
    for number in sorted(range(len(rows)), key=lambda number: not written[number][1]):
        left -= len(written[number][0]) + 1
        if left < 0:
            break
        kept.add(number)
    out = [number for number in range(len(rows)) if number not in kept]
    hidden = sum(written[number][1] for number in out)
    more = f", {hidden} of them with sensitive values: `-o json` has them all" if hidden else ""
    return [
        *([title] if rows else []),
        *(written[number][0] for number in sorted(kept)),
        *(["", f"… and {len(out)} more{more}"] if out else []),
        *([""] if rows else []),
    ]


def _of(word: str, commit: str, at: datetime | None, end: str = "") -> str:
    """` Commit 0123456789ab, 21 Nov 2026 22:40 UTC.`; nothing where no commit is known."""
    if not commit:
        return ""
    time = f", {at.astimezone(UTC):%d %b %Y %H:%M} UTC" if at else ""
    return f"{word} {code(commit[:_SHA])}{time}{end}"


def _digest(report: Report) -> str:
    """What `--expect` takes, of a dry run: a report has done it already."""
    return f" Digest {code(report.digest)}." if report.dry_run and report.digest else ""


def _head(effects: bool) -> str:
    """The head of the table; no column stays empty."""
    names = ["", "what", "change", *(["effect"] if effects else [])]
    return f"| {' | '.join(names)} |\n|{' --- |' * len(names)}".replace("|  |", "| |")


def _cells(item: tuple[Block, Row], effects: bool) -> str:
    block, row = item
    few = row.others if len(row.others) <= _IN_TABLE else ()
    values = "; ".join(
        (*(markdown(_cut(text, _SENSITIVE)) for text in row.sensitive), *map(_prose, few))
    )
    change = ": ".join(filter(None, (_code(row.subject), values)))
    cells = [code(row.sign), _code(block.title), change]
    return f"| {' | '.join([*cells, markdown(row.remark)] if effects else cells)} |"


def _has_more(block: Block) -> bool:
    """Whether the table leaves something out, so that a block has details."""
    return len(block.workstations) > 1 or any(
        row.reason or row.notes or len(row.others) > _IN_TABLE for row in block.rows
    )


def _detail(item: tuple[Block, Row]) -> str:
    block, row = item
    lines = []
    if row is block.rows[0]:
        lines = ["", f"**{_prose(block.title)}**", ""]
        if len(block.workstations) > 1:
            lines += [_code(some(spans(block.workstations), _NAMES)), ""]
    reason = f": {_prose(row.reason)}" if row.reason else ""
    remark = f", {markdown(row.remark)}" if row.remark else ""
    edit = row.where and row.outcome is Outcome.BLOCKED
    where = f" ({_code(str(row.where[0]))})" if edit else ""
    lines.append(f"- {code(row.sign)} {_code(row.subject)}{remark}{reason}{where}")
    lines += [f"  - {_prose(words)}" for words in row.words]
    for path, old, new in row.fields[:_FIELDS]:
        lines.append(f"  - {_code(path)}: {_code(old)} → {_code(new)}")
    if len(row.fields) > _FIELDS:
        lines.append(f"  - and {len(row.fields) - _FIELDS} more")
    lines += [f"  - {_prose(note)}" for note in row.notes]
    return "\n".join(lines)


def _failed(change: Change) -> str:
    return f"- {_code(f'{change.key} in {change.key.region}')}: {_prose(change.reason)}"


def _finding(finding: Finding) -> str:
    where = f" ({_code(str(finding.where))})" if finding.where else ""
    return f"{_LEVELS[finding.level]} {code(finding.code)} {_prose(finding.message)}{where}"


def _unknown(unknown: Unknown) -> str:
    subject = _code(f"{unknown.kind} in {unknown.region}")
    return f"- {code(UNKNOWN)} {subject}: {_prose(unknown.reason)}"


def _kept(live: Live) -> str:
    holder = f" of {_code(f'{live.fleet}/{live.workstation}')}" if live.workstation else ""
    cost = f", {_prose(live.monthly_cost)}" if live.monthly_cost else ""
    identity = f" ({live.attrs['id']})" if "id" in live.attrs else ""
    return f"- {_code(f'{live.key}{identity} in {live.key.region}')}{holder}{cost}"


def _code(text: str) -> str:
    return code(_cut(text))


def _prose(text: str) -> str:
    return markdown(_cut(text))


def _cut(text: str, most: int = _LINE) -> str:
    return text if len(text) <= most else text[:most] + "…"
