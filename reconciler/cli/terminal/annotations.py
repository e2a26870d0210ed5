"""GitHub's `::error file=…::` lines on stderr: they show at the line of the pull request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.cli.terminal.streams import write
from reconciler.render.escape import annotation

if TYPE_CHECKING:
    from reconciler.errors import Where
    from reconciler.plan.model import Report

LIMIT = 50  # GitHub shows ten of a kind per step; a broken site must not flood the log


def annotate(report: Report) -> None:
    """Annotate the YAML lines of rows and findings that need a person."""
    lines = list(_lines(report))[:LIMIT]
    write(sys.stderr, "".join(f"{line}\n" for line in lines))


def command(level: str, message: str, where: Where | None = None) -> str:
    """Format one workflow command."""
    place = ""
    if where:
        file = annotation(where.file, is_property=True)
        place = f" file={file},line={where.line},col={where.column}"
    return f"::{level}{place}::{annotation(message)}"


def _lines(report: Report) -> Iterator[str]:
    from reconciler.plan.model import Level, Outcome

    for change in report.plan.changes:
        if change.outcome in (Outcome.FAILED, Outcome.BLOCKED):
            yield command("error", f"{change.key}: {change.reason}", change.where)
    for finding in report.findings:
        if finding.level is not Level.INFO:
            yield command(finding.level.value, finding.message, finding.where)
