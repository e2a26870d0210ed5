"""A report as the versioned JSON plan; `schemas/plan.schema.json` describes every field.

Fields may be added, never renamed or removed. Order is stable. ASCII only, so that the output
parses whatever the locale and holds no control character.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from reconciler.errors import Where
from reconciler.plan.model import (
    IN_WORDS,
    Change,
    FieldChange,
    Finding,
    Live,
    Ref,
    Report,
    Sensitive,
    Unknown,
)
from reconciler.render.escape import in_json
from reconciler.render.words import sides, summary

VERSION = 1


def dumps(document: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """One JSON document and a new line."""
    return in_json(json.dumps(document, indent=indent, ensure_ascii=True, allow_nan=False)) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The plan, or the outcome of a run."""
    plan = report.plan
    return {
        "version": VERSION,
        "site": report.site,
        "account": report.account,
        "dry_run": report.dry_run,
        "stopped": report.stopped,
        "digest": report.digest,
        "summary": plan.summary(),
        "message": summary(report),
        "changes": [_change(change) for change in plan.changes],
        "unknown": [_unknown(it) for it in plan.unknown],
        "kept": [_kept(live) for live in plan.kept],
        "findings": [_finding(finding) for finding in report.findings],
        "calls": dict(sorted(report.calls.items())),
    }


def value(it: Any) -> Any:
    """A field's value in JSON; what is known only later is an object that says after what."""
    match it:
        case Ref():
            key = it.key
            return {
                "known_after": {
                    "region": key.region,
                    "kind": key.kind,
                    "name": key.name,
                    "attribute": it.attr,
                }
            }
        case Mapping():
            return {str(key): value(inner) for key, inner in it.items()}
        case list() | tuple():
            return [value(inner) for inner in it]
        case set() | frozenset():
            return sorted((value(inner) for inner in it), key=str)
    if is_dataclass(it) and not isinstance(it, type):
        return {each.name: value(getattr(it, each.name)) for each in fields(it)}
    plain = it is None or isinstance(it, bool | int | float | str)
    return it if plain and not _is_odd(it) else str(it)


def _is_odd(it: Any) -> bool:
    """NaN and infinity: Python reads them where AWS keeps text, and JSON has none."""
    return isinstance(it, float) and not math.isfinite(it)


def place(where: Where | None) -> str | None:
    """`fleets/vision.yaml:12:5`."""
    return str(where) if where else None


def _change(change: Change) -> dict[str, Any]:
    return {
        "op": change.op.value,
        "kind": change.key.kind,
        "fleet": change.fleet,
        "workstation": change.workstation,
        "region": change.key.region,
        "name": change.key.name,
        "impact": change.impact.value,
        "fields": [_field(it) for it in change.fields],
        "sensitive": [_sensitive(it) for it in change.sensitive],
        "words": list(change.words),
        "essentials": change.summary,
        "by_time": change.by_time,
        "holds": list(change.holds),
        "reason": change.reason,
        "outcome": change.outcome.value,
        "error": change.error,
        "notes": list(change.notes),
        "where": place(change.where),
    }


def _field(it: FieldChange) -> dict[str, Any]:
    words = ""
    if it.shown and it.shown != IN_WORDS:
        old, new = sides(it.shown.old, it.shown.new)
        words = f"{it.shown.path}: {old} → {new}"
    return {"path": it.path, "old": value(it.old), "new": value(it.new), "words": words}


def _sensitive(it: Sensitive) -> dict[str, Any]:
    return {"path": it.path, "word": it.word, "old": value(it.old), "new": value(it.new)}


def _unknown(it: Unknown) -> dict[str, Any]:
    return {"kind": it.kind, "region": it.region, "reason": it.reason, "error": it.error}


def _kept(live: Live) -> dict[str, Any]:
    return {
        "kind": live.key.kind,
        "fleet": live.fleet,
        "workstation": live.workstation,
        "region": live.key.region,
        "name": live.key.name,
        "ids": dict(sorted(live.attrs.items())),
        "monthly_cost": live.monthly_cost,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level.value,
        "code": finding.code,
        "message": finding.message,
        "where": place(finding.where),
        "approval": finding.approval,
    }
