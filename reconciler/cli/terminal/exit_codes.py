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
        "Also when rows wait for something that a later run will finish, when a dry run found "
        "changes (without `--exit-code`), and when the sandbox was stopped.",
    ),
    Exit(
        FAILED,
        "something failed; the rest was done",
        "A change failed, a row is blocked and needs a person, a read failed, AWS denied a call "
        "or did not answer. A dry run ends with the same code as the run. A workstation was not "
        "ready in time.",
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
        "Only `reconcile --dry-run --exit-code`; and `iam --against`, when the role would get a "
        "permission that the given policy does not have.",
    ),
    Exit(
        REFUSED,
        "refused by a guard, or waiting for an approval",
        "Nothing was written: no declaration was found, the credentials are of another account, or "
        "the plan is not the one that `--expect` names. The rest was done: a guard holds back rows "
        "that remove or disturb too much at once, or that change a home or an owner, and the "
        "finding names the option that lets them through. With `--drift-only`: another image or "
        "subnet behind an unchanged declaration waits for an approved run. `workstation`: one that "
        "is off cannot be kept on or reached; or two commands were given at the same time, and the "
        "other one took effect.",
    ),
    Exit(
        INTERRUPTED,
        "stopped by Ctrl-C (SIGINT)",
        "The change in progress is finished. If AWS has not answered its call 8 seconds after the "
        "signal, the command stops waiting, and the row says that the outcome is unknown: the next "
        "run reads what was done. The report says what was done and what was not. A second signal "
        "ends the command at once, without a report.",
    ),
    Exit(TERMINATED, "stopped by SIGTERM", "As for Ctrl-C. Use it to end `--every`."),
)


BRIEF = (
    f"Exit codes: {DONE} done, {FAILED} failed, {USAGE} wrong usage, {REFUSED} refused, "
    f"{INTERRUPTED} Ctrl-C, {TERMINATED} SIGTERM."
)
"""Those of every command, for its help."""


def of_report(report: Report, *, pending_is_3: bool = False) -> int:
    """Choose the code of a report: first approvals, then failures, then pending changes."""
    if report.needs_approval and not report.unfinished:
        return REFUSED
    if report.failed:
        return FAILED
    return PENDING if pending_is_3 and report.plan.pending() else DONE


def markdown() -> str:
    """Format docs/exit-codes.md."""
    rows = [f"| {row.code} | {row.meaning} | {row.when} |" for row in TABLE]
    return "\n".join(
        [
            "# Exit codes",
            "",
            "Every command uses these codes. If several apply, a signal comes first, then 4, 1, 3.",
            "",
            "| code | meaning | when |",
            "| --- | --- | --- |",
            *rows,
            "",
            "<!-- Written from reconciler/cli/terminal/exit_codes.py by "
            "`GOLDEN=rewrite pytest tests/cli`. -->",
            "",
        ]
    )
