"""The one table of exit codes: for `--help`, docs/exit-codes.md and the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from reconciler.plan.model import Report

DONE, FAILED, USAGE, PENDING, REFUSED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143


class Exit(NamedTuple):
    """One exit code: what it means, and when each kind of run ends with it."""

    code: int
    meaning: str
    when: str


TABLE = (
    Exit(
        DONE,
        "done, or nothing to do",
        "Also when rows wait for something that a later run will find done, when a dry run found "
        "changes (without `--exit-code`), and when the sandbox was asked to stop.",
    ),
    Exit(
        FAILED,
        "something failed; the rest was done",
        "A change failed, a row is blocked and needs a person, a read failed, AWS denied a call "
        "or did not answer. A dry run ends as the run would. A workstation was not ready in time.",
    ),
    Exit(
        USAGE,
        "wrong usage, or the YAML is bad",
        "Unknown options, bad values, no AWS credentials, problems in the fleet files. "
        "Nothing was written.",
    ),
    Exit(
        PENDING,
        "changes are pending (only with --exit-code, or --against)",
        "Only `reconcile --dry-run --exit-code`; and `--against` of `iam`, when the role "
        "would get a right that the given policy does not have.",
    ),
    Exit(
        REFUSED,
        "refused by a guard, or waiting for an approval",
        "No declaration found, credentials of another account, or another plan than `--expect` "
        "names: nothing was written. Rows that "
        "a guard holds back, because they remove or disturb too much at once, or change a home or "
        "an owner: the rest was done, and the finding names the option that lets these through. "
        "With `--drift-only`, another image or subnet behind an unchanged declaration: it waits "
        "for an approved run. A workstation that is off is to be kept on, or reached. Two commands "
        "for one workstation were given at once, and the other one holds.",
    ),
    Exit(
        INTERRUPTED,
        "stopped by Ctrl-C (SIGINT)",
        "The change in hand is finished. A call that AWS has not answered 8 seconds after the "
        "signal is left behind, and its row says that the outcome is unknown: the next run finds "
        "out. The report says what was done and what was not. A second signal ends the command at "
        "once, without a report.",
    ),
    Exit(TERMINATED, "stopped by SIGTERM", "As for Ctrl-C. `--every` is ended this way."),
)


BRIEF = (
    f"Exit codes: {DONE} done, {FAILED} failed, {USAGE} wrong usage, {REFUSED} refused, "
    f"{INTERRUPTED} Ctrl-C, {TERMINATED} SIGTERM."
)
"""Those of every command, for its help."""


def of_report(report: Report, *, pending_is_3: bool = False) -> int:
    """The code a report ends with: first approvals, then failures, then pending changes."""
    if report.needs_approval and not report.unfinished:
        return REFUSED
    if report.failed:
        return FAILED
    return PENDING if pending_is_3 and report.plan.pending() else DONE


def markdown() -> str:
    """docs/exit-codes.md."""
    rows = [f"| {it.code} | {it.meaning} | {it.when} |" for it in TABLE]
    return "\n".join(
        [
            "# Exit codes",
            "",
            "The same for every command. When several hold, a signal comes first, then 4, 1, 3.",
            "",
            "| code | meaning | when |",
            "| --- | --- | --- |",
            *rows,
            "",
            "<!-- Written from reconciler/cli/exits.py by `GOLDEN=rewrite pytest tests/cli`. -->",
            "",
        ]
    )
