"""`--expect`: only the plan that was approved is applied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.plan.kind import Kind
    from reconciler.plan.model import Report

_DIGEST = re.compile(r"[0-9a-f]{64}")
_LARGEST = 64 * 2**20  # bytes; a plan of a thousand workstations has ten
SHOWN = 20
"""Rows that the message names; of more it says how many."""


@dataclass(frozen=True)
class Expected:
    """The approved plan: its digest, and where a file was given all of it."""

    digest: str
    document: Mapping[str, Any] | None = None


def read(value: str) -> Expected | None:
    """Read the value of `--expect`: a digest, or the path of a JSON plan; None for "".

    Raises: UsageError for a file that cannot be read, or holds no plan.
    """
    from reconciler.errors import UsageError

    if not value or _DIGEST.fullmatch(value):
        return Expected(value) if value else None
    try:
        file = Path(value)
        if file.stat().st_size > _LARGEST:
            raise UsageError(f"--expect {value}: the file is too large for a plan")
        document = json.loads(file.read_bytes())
        return Expected(str(document["digest"]), document)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(
            f"--expect {value} is neither a digest (64 hex digits) nor a file: {why}"
        ) from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _no_plan(value) from error


def with_digest(report: Report, kinds: Iterable[Kind]) -> Report:
    """Give the report the digest of the plan in it."""
    from reconciler.plan.digest import digest
    from reconciler.render.as_json import document

    return replace(report, digest=digest(document(report), kinds))


def check(expected: Expected | None, report: Report, kinds: Iterable[Kind]) -> None:
    """Compare a report, before anything is written, with what was approved.

    Raises: OtherPlan where the plan is another one, UsageError where the file was changed.
    """
    if expected is None:
        return
    from reconciler.errors import OtherPlan

    document = expected.document
    if document is not None:
        _unchanged(expected.digest, document, kinds)
    if expected.digest == report.digest:
        return
    why, differing = _how(document, report, kinds)
    raise OtherPlan(
        "the plan is not the one that was approved, so nothing was written: approved "
        f"{expected.digest[:12]}, now {report.digest[:12]}. {why}",
        differing,
    )


def _unchanged(recorded: str, document: Mapping[str, Any], kinds: Iterable[Kind]) -> None:
    """Hold the file against its own digest. Raises: UsageError."""
    from reconciler.plan.digest import digest

    try:
        found = digest(document, kinds)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _no_plan("FILE") from error
    if found != recorded:
        from reconciler.errors import UsageError

        raise UsageError(
            "--expect: the rows of the file do not give the digest in it: it was edited, or "
            "another version of reconcile wrote it; make the plan anew"
        )


def _how(
    document: Mapping[str, Any] | None, report: Report, kinds: Iterable[Kind]
) -> tuple[str, list[str]]:
    """Say why, what to do, and of each row that differs how, as far as that can be known."""
    from reconciler.plan.digest import differences, rows
    from reconciler.render.as_json import document as json_plan

    now = rows(json_plan(report), kinds)
    if not now:
        return (
            "The plan is empty now: either the approved plan was applied already, "
            "or somebody took back what it would have changed"
        ), []
    approve = "Look at the plan of now (`reconcile --dry-run`), and have it approved"
    if document is None:
        return f"To see which rows differ, give --expect the file of the JSON plan. {approve}", []
    for name, value in (("site", report.site), ("account", report.account)):
        if document[name] != value:
            return f"The approved plan is for {name} {document[name]}, this one for {value}", []
    lines = list(differences(rows(document, kinds), now))
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return f"{approve}. These rows differ:", [*lines[:SHOWN], *more]


def _no_plan(value: str) -> Exception:
    from reconciler.errors import UsageError

    return UsageError(f"--expect {value}: the file holds no plan of `reconcile --dry-run -o json`")
