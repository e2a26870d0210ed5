"""Compute the digest of a plan, which tells the approved plan from any other. Pure.

It reads the rows of the JSON plan, which are what a reviewer has seen, and which a file keeps. Left
out is what may differ while nothing else would be written: times, prices and words; which rows wait
until nothing runs; and what runtime decides (promise 15: no approval holds that up). The holds are
counted whether or not an approval lifts them: the token of `--approve` says which it lifts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.plan.json_value import json_value
from reconciler.plan.kind import Kind
from reconciler.plan.model import Op, Outcome, Report
from reconciler.plan.update_policy import UpdatePolicy

VERSION = 1

LONGEST = 120
"""Characters of a value that a message about a difference repeats."""


@dataclass(frozen=True)
class Row:
    """The planned change of one resource, or why it does not change."""

    ops: tuple[str, ...]
    fields: Mapping[str, tuple[str, str]]  # path → both sides, as JSON
    holds: tuple[str, ...]  # codes of guards that hold it until a person approves
    blocked: tuple[str, ...]  # other error codes for which it cannot be done


Rows = Mapping[str, Row]
"""By `us-east-1 launch_template acme-alice`."""


def rows(document: Mapping[str, Any], kinds: Iterable[Kind]) -> Rows:
    """Read the rows of a JSON plan that an approval covers.

    A thing can have two rows, one for now and one for when nothing runs: here they are one.
    Raises: KeyError, TypeError, AttributeError for a document that is no plan.
    """
    policies = {kind.NAME: kind.UPDATE_POLICY for kind in kinds}
    found: dict[str, Row] = {}
    for change in document["changes"]:
        row = _row(change, policies.get(change["kind"], {}))
        if row is not None:
            name = f"{change['region']} {change['kind']} {change['name']}"
            found[name] = _both(found[name], row) if name in found else row
    for unread in document["unknown"]:
        found[f"{unread['region']} {unread['kind']}"] = Row((), {}, (), ("could not be read",))
    return found


def digest_of(report: Report, kinds: Iterable[Kind]) -> str:
    """Compute the digest of a report: the same as `digest` of its JSON plan."""
    return digest(approved_part(report), kinds)


def digest(document: Mapping[str, Any], kinds: Iterable[Kind]) -> str:
    """Compute SHA-256, in hex, of the rows, the site and the account of a JSON plan.

    Raises: as `rows`.
    """
    content = {
        "version": VERSION,
        "site": document["site"],
        "account": document["account"],
        "rows": {
            name: [row.ops, row.fields, row.holds, row.blocked]
            for name, row in rows(document, kinds).items()
        },
    }
    return hashlib.sha256(_json(content).encode()).hexdigest()


def approved_part(report: Report) -> dict[str, Any]:
    """List the members of the JSON plan that an approval covers: those that `rows` reads."""
    return {
        "site": report.site,
        "account": report.account,
        "changes": [
            {
                "op": change.op.value,
                "kind": change.key.kind,
                "region": change.key.region,
                "name": change.key.name,
                "fields": [
                    {"path": f.path, "old": json_value(f.old), "new": json_value(f.new)}
                    for f in change.fields
                ],
                "by_time": change.by_time,
                "holds": list(change.holds),
                "outcome": change.outcome.value,
                "error": change.error,
            }
            for change in report.plan.changes
        ],
        "unknown": [{"kind": each.kind, "region": each.region} for each in report.plan.unknown],
    }


def differences(approved: Rows, now: Rows) -> Iterator[str]:
    """List how the rows of the new plan differ: first unapproved rows, then missing ones."""
    for name in sorted(now):
        if name not in approved:
            yield f"new: {name}: {_words(now[name])}"
        elif approved[name] != now[name]:
            yield f"other: {name}: {_other(approved[name], now[name])}"
    for name in sorted(approved.keys() - now.keys()):
        yield f"gone: {name}: {_words(approved[name])}"


def _row(change: Mapping[str, Any], policies: Mapping[str, UpdatePolicy]) -> Row | None:
    """A row without what runtime decides; None where nothing is left of it."""
    if change["by_time"] or (policies and all(policy.runtime for policy in policies.values())):
        return None
    op, blocked = change["op"], change["outcome"] == Outcome.BLOCKED
    fields = {
        each["path"]: (_json(each["old"]), _json(each["new"]))
        for each in change["fields"]
        if op == Op.CREATE or not _is_runtime(each["path"], policies)
    }
    if op == Op.UPDATE and not fields and not blocked:
        return None
    holds = tuple(sorted(change["holds"]))
    stopped = blocked and change["error"] not in holds
    return Row((op,), fields, holds, (change["error"],) if stopped else ())


def _is_runtime(path: str, policies: Mapping[str, UpdatePolicy]) -> bool:
    policy = policies.get(path.partition(".")[0])
    return policy is not None and policy.runtime


def _both(one: Row, other: Row) -> Row:
    return Row(
        _union(one.ops, other.ops),
        {**one.fields, **other.fields},
        _union(one.holds, other.holds),
        _union(one.blocked, other.blocked),
    )


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))


def _words(row: Row) -> str:
    """`update image_id "ami-1" → "ami-2"`; of what is created or goes, only that."""
    ops = " and ".join(row.ops)
    fields = row.fields.items() if row.ops == (Op.UPDATE,) else ()
    parts = [", ".join(f"{path} {_change(sides)}" for path, sides in sorted(fields))]
    parts += [f"({'; '.join((*row.holds, *row.blocked))})"] if row.holds or row.blocked else []
    return " ".join(filter(None, (ops, *parts)))


def _other(approved: Row, now: Row) -> str:
    if approved.ops != now.ops:  # its fields say nothing more: a create has all of them
        return f"approved {_words(approved)}, now {_words(now)}"
    parts = [
        f"{path}: approved {_side(approved, path)}, now {_side(now, path)}"
        for path in sorted(approved.fields.keys() | now.fields.keys())
        if approved.fields.get(path) != now.fields.get(path)
    ]
    for label, before, after in (
        ("held by", approved.holds, now.holds),
        ("blocked by", approved.blocked, now.blocked),
    ):
        if before != after:
            old, new = (" and ".join(codes) or "nothing" for codes in (before, after))
            parts.append(f"{label}: approved {old}, now {new}")
    return "; ".join(parts)


def _side(row: Row, path: str) -> str:
    return _change(row.fields[path]) if path in row.fields else "no change"


def _change(sides: tuple[str, str]) -> str:
    return " → ".join(_short(side) for side in sides)


def _short(side: str) -> str:
    """A value for people: the user data of a machine alone has a thousand characters."""
    return side if len(side) <= LONGEST else f"{side[:LONGEST]}… ({len(side):,} characters)"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
