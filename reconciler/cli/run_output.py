"""Print a run: its progress while it goes on, and its report at the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from reconciler.cli.terminal.annotations import annotate
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.progress import Progress

if TYPE_CHECKING:
    from reconciler.engine.run import Hooks
    from reconciler.plan.model import Change, Report


def hooks(console: Console, progress: Progress, files: Sequence[str], *, dry_run: bool) -> Hooks:
    """Make the hooks that log a run while it goes on: each plan, and each row as it ends."""
    from reconciler.engine.run import Hooks

    total, number, first = 0, count(1), True

    def on_plan(report: Report) -> None:
        nonlocal total, number, first
        if first:
            debug(console, f"read {', '.join(files)}", report)
            if not dry_run:
                progress.next("applying")
        total, number, first = _planned(report), count(1), False

    def on_change(change: Change) -> None:
        reason = f": {change.reason}" if change.reason else ""
        text = f"{next(number)}/{total} {change.op} {change.key}: {change.outcome}{reason}"
        progress.step(text, _fields(change))

    return Hooks(
        reading=console.stop.interruptible,
        on_plan=on_plan,
        on_change=on_change,
        on_wait=progress.doing,
        stopped=console.stop,
        pause=console.stop.pause,
    )


def _planned(report: Report) -> int:
    return sum(change.outcome == "planned" for change in report.plan.changes)


def _fields(change: Change) -> dict[str, str]:
    """What a JSON log says of a change, beside its sentence."""
    return {
        "op": change.op.value,
        "outcome": change.outcome.value,
        "kind": change.key.kind,
        "resource": change.key.name,
        "region": change.key.region,
        "fleet": change.fleet,
        "workstation": change.workstation,
        "error": change.error,
    }


def debug(console: Console, step: str, report: Report) -> None:
    """Log for -v what was done, and the AWS calls of the run so far, the most frequent first."""
    often = sorted(report.calls.items(), key=lambda it: (-it[1], it[0]))
    calls = ", ".join(f"{number} {name}" for name, number in often)
    total = sum(report.calls.values())
    text = f"{step}; {total} AWS {'call' if total == 1 else 'calls'} so far: {calls or 'none'}"
    console.log.debug("%s", text, extra={"calls": dict(report.calls)})


def show(report: Report, console: Console, *, looped: bool) -> None:
    """Print the report on stdout, in the form that was asked for; of a loop, with the time."""
    if console.mask:
        from reconciler.render.redact import redacted

        report = redacted(report, console.mask)
    if console.output == "json":
        from reconciler.render.as_json import document

        console.json(document(report))
    elif console.output == "markdown":
        console.comment(report)
    else:
        console.result(_text(report, console, looped))
    if console.on_github:
        annotate(report)


def _text(report: Report, console: Console, looped: bool) -> str:
    from reconciler.render.text import text
    from reconciler.render.words import quiet, summary

    if not looped:
        return text(report, console.style)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if quiet(report):  # most runs of a loop are: one line each
        return f"{now} {summary(report)}\n"
    return f"{now}\n{text(report, console.style)}"
