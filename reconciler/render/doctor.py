"""What the doctor found: a table with the fix under each, or JSON.

us-east-1
  error    vcpu-quota        All G and VT Spot Instance Requests: 0 vCPUs, 4 needed: can never …
                             fix: raise All G and VT Spot Instance Requests (L-3819A6DF) in …
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from reconciler.doctor.check import Found, Level
from reconciler.doctor.examine import Diagnosis
from reconciler.render.as_json import VERSION, place
from reconciler.render.escape import terminal
from reconciler.render.style import Role, Style

_ROLES: dict[Level, Role] = {
    Level.OK: "add",
    Level.WARNING: "change",
    Level.ERROR: "trouble",
    Level.UNKNOWN: "trouble",
}
_WEIGHT = (Level.OK, Level.WARNING, Level.UNKNOWN, Level.ERROR)
_LEVEL, _CHECK = 8, 17  # columns


def text(diagnosis: Diagnosis, style: Style) -> str:
    """Write the diagnosis: the account, then region by region, and the count."""
    head = f"Doctor for {diagnosis.site} in account {diagnosis.account}"
    lines = [style.paint("strong", terminal(head))]
    for region, found in groupby(diagnosis.found, key=lambda it: it.region):
        lines += ["", style.paint("strong", terminal(region or "account"))]
        lines += [line for finding in found for line in _row(finding, style)]
    worst = max((finding.level for finding in diagnosis.found), key=_WEIGHT.index, default=Level.OK)
    counts = ", ".join(_count(n, level) for level, n in diagnosis.summary().items())
    return style.finish([*lines, "", style.paint(_ROLES[worst], f"{counts}.")])


def _count(number: int, level: str) -> str:
    """`1 error`, `3 warnings`, `4 ok`."""
    countable = level in (Level.WARNING, Level.ERROR)
    return f"{number} {level}{'s' if countable and number != 1 else ''}"


def _row(finding: Found, style: Style) -> Iterator[str]:
    indent = " " * (2 + _LEVEL + _CHECK)
    head = f"  {finding.level.value:<{_LEVEL}}{finding.check:<{_CHECK}}"
    where = f" ({finding.where})" if finding.where and finding.level is not Level.OK else ""
    first, *rest = style.wrap(terminal(finding.message + where), head, indent)
    word = style.paint(_ROLES[finding.level], finding.level.value)
    yield f"  {word}{first[2 + len(finding.level.value) :]}"
    yield from rest
    if finding.fix:
        yield from style.wrap(terminal(f"fix: {finding.fix}"), indent, f"{indent}  ")


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Build the JSON document of a diagnosis."""
    return {
        "version": VERSION,
        "site": diagnosis.site,
        "account": diagnosis.account,
        "summary": diagnosis.summary(),
        "checks": [
            {
                "check": finding.check,
                "region": finding.region or None,
                "level": finding.level.value,
                "message": finding.message,
                "fix": finding.fix or None,
                "workstations": list(finding.workstations),
                "where": place(finding.where),
            }
            for finding in diagnosis.found
        ],
        "calls": dict(sorted(diagnosis.calls.items())),
    }
