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
from reconciler.render.look import Look, Role

_ROLES: dict[Level, Role] = {
    Level.OK: "add",
    Level.WARNING: "change",
    Level.ERROR: "trouble",
    Level.UNKNOWN: "trouble",
}
_WEIGHT = (Level.OK, Level.WARNING, Level.UNKNOWN, Level.ERROR)
_LEVEL, _CHECK = 8, 17  # columns


def text(diagnosis: Diagnosis, look: Look) -> str:
    """The account's part, then region by region, and the count."""
    head = f"Doctor for {diagnosis.site} in account {diagnosis.account}"
    lines = [look.paint("strong", terminal(head))]
    for region, found in groupby(diagnosis.found, key=lambda it: it.region):
        lines += ["", look.paint("strong", terminal(region or "account"))]
        lines += [line for each in found for line in _row(each, look)]
    worst = max((each.level for each in diagnosis.found), key=_WEIGHT.index, default=Level.OK)
    counts = ", ".join(_count(n, level) for level, n in diagnosis.summary().items())
    return look.finish([*lines, "", look.paint(_ROLES[worst], f"{counts}.")])


def _count(number: int, level: str) -> str:
    """`1 error`, `3 warnings`, `4 ok`."""
    countable = level in (Level.WARNING, Level.ERROR)
    return f"{number} {level}{'s' if countable and number != 1 else ''}"


def _row(each: Found, look: Look) -> Iterator[str]:
    indent = " " * (2 + _LEVEL + _CHECK)
    head = f"  {each.level.value:<{_LEVEL}}{each.check:<{_CHECK}}"
    where = f" ({each.where})" if each.where and each.level is not Level.OK else ""
    first, *rest = look.wrap(terminal(each.message + where), head, indent)
    word = look.paint(_ROLES[each.level], each.level.value)
    yield f"  {word}{first[2 + len(each.level.value) :]}"
    yield from rest
    if each.fix:
        yield from look.wrap(terminal(f"fix: {each.fix}"), indent, f"{indent}  ")


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """The same for programs."""
    return {
        "version": VERSION,
        "site": diagnosis.site,
        "account": diagnosis.account,
        "summary": diagnosis.summary(),
        "checks": [
            {
                "check": each.check,
                "region": each.region or None,
                "level": each.level.value,
                "message": each.message,
                "fix": each.fix or None,
                "workstations": list(each.workstations),
                "where": place(each.where),
            }
            for each in diagnosis.found
        ],
        "calls": dict(sorted(diagnosis.calls.items())),
    }
