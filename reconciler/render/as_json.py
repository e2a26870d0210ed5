"""A report as the versioned JSON plan; `schemas/plan.schema.json` describes every field.

Fields may be added, never renamed or removed. Order is stable. ASCII only, so that the output
parses whatever the locale and holds no control character.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.errors import Where
from reconciler.plan.json_value import json_value
from reconciler.plan.model import (
    IN_WORDS,
    Change,
    FieldChange,
    Finding,
    Live,
    Report,
    Sensitive,
    Unknown,
)
from reconciler.render.escape import in_json
from reconciler.render.words import sides, summary

VERSION = 1


def dumps(document: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """Write one JSON document and a line break."""
    return in_json(json.dumps(document, indent=indent, ensure_ascii=True, allow_nan=False)) + "\n"


def document(report: Report) -> dict[str, Any]:
    """Build the JSON document of a plan, or of the outcome of a run."""
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
        "unknown": [_unknown(unknown) for unknown in plan.unknown],
        "kept": [_kept(live) for live in plan.retained],
        "findings": [_finding(finding) for finding in report.findings],
        "calls": dict(sorted(report.calls.items())),
    }


def place(where: Where | None) -> str | None:
    """Write a place as `fleets/vision.yaml:12:5`."""
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
        "fields": [_field(field) for field in change.fields],
        "sensitive": [_sensitive(sensitive) for sensitive in change.sensitive],
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


def _field(field: FieldChange) -> dict[str, Any]:
    words = ""
    if field.shown and field.shown != IN_WORDS:
        old, new = sides(field.shown.old, field.shown.new)
        words = f"{field.shown.path}: {old} → {new}"
    return {
        "path": field.path,
        "old": json_value(field.old),
        "new": json_value(field.new),
        "words": words,
    }


def _sensitive(sensitive: Sensitive) -> dict[str, Any]:
    return {
        "path": sensitive.path,
        "word": sensitive.word,
        "old": json_value(sensitive.old),
        "new": json_value(sensitive.new),
    }


def _unknown(unknown: Unknown) -> dict[str, Any]:
    return {
        "kind": unknown.kind,
        "region": unknown.region,
        "reason": unknown.reason,
        "error": unknown.error,
    }


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
