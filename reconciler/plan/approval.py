"""Compare a plan with the approved plan: a run with `--expect` applies only that one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import OtherPlan, UsageError
from reconciler.plan.digest import approved_part, differences, digest, rows
from reconciler.plan.kind import Kind
from reconciler.plan.model import Report

SHOWN = 20
"""Rows that the message names; of more it says how many."""


@dataclass(frozen=True)
class Approved:
    """An approved plan: its digest, and its JSON plan where the whole plan was given."""

    digest: str
    document: Mapping[str, Any] | None = None


def approval_of(report: Report) -> Approved:
    """Make the approval of exactly the plan in a report."""
    return Approved(report.digest, approved_part(report))


def require_approved(approved: Approved, report: Report, kinds: Iterable[Kind]) -> None:
    """Compare a report, before anything is written, with what was approved.

    Raises: OtherPlan where the plan is another one, UsageError where the approved file was edited.
    """
    if approved.document is not None:
        _require_unedited(approved.digest, approved.document, kinds)
    if approved.digest == report.digest:
        return
    why, differing = _difference(approved.document, report, kinds)
    raise OtherPlan(
        "the plan is not the one that was approved, so nothing was written: approved "
        f"{approved.digest[:12]}, now {report.digest[:12]}. {why}",
        differing,
    )


def no_plan(name: str) -> UsageError:
    """Make the error of a file that holds no JSON plan."""
    return UsageError(f"--expect {name}: the file holds no plan of `reconcile --dry-run -o json`")


def _require_unedited(recorded: str, document: Mapping[str, Any], kinds: Iterable[Kind]) -> None:
    """Hold the file against its own digest. Raises: UsageError."""
    try:
        found = digest(document, kinds)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise no_plan("FILE") from error
    if found != recorded:
        raise UsageError(
            "--expect: the rows of the file do not give the digest in it: it was edited, or "
            "another version of reconcile wrote it; create the plan again"
        )


def _difference(
    document: Mapping[str, Any] | None, report: Report, kinds: Iterable[Kind]
) -> tuple[str, list[str]]:
    """Say why, what to do, and of each row that differs how, as far as that can be known."""
    now = rows(approved_part(report), kinds)
    if not now:
        return (
            "The plan is empty now: either the approved plan was applied already, "
            "or somebody took back what it would have changed"
        ), []
    approve = "Look at the present plan (`reconcile --dry-run`), and have it approved"
    if document is None:
        return f"To see which rows differ, give --expect the file of the JSON plan. {approve}", []
    for name, value in (("site", report.site), ("account", report.account)):
        if document[name] != value:
            return f"The approved plan is for {name} {document[name]}, this one for {value}", []
    lines = list(differences(rows(document, kinds), now))
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return f"{approve}. These rows differ:", [*lines[:SHOWN], *more]
