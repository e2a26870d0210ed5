"""Mask what a public repository should not show: accounts, ids of things in AWS, keys, addresses.

A report is masked before anything is cut or escaped, so that every form shows the same: the same id
is the same placeholder. Names are not masked, for the YAML beside it has them all; neither are
regions, IP ranges, tags, and texts of AWS without such an id (docs/pull-requests.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from reconciler.plan.model import Action, Declared, Desired, Live, Report, Standing

Mask = Callable[[str], str]

_NEVER = r"\s@<>()\[\]{},;:\"'`|\\/="  # what no address holds, unless in quotes
_WORD, _LAST = f"[^{_NEVER}]", f"[^{_NEVER}.?!]"
_MASKED = re.compile(
    r"(?P<KEY>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
    rf"|(?P<EMAIL>(?:\"[^\"\n]{{1,64}}\"|(?<!{_WORD}){_WORD}+)@(?:{_WORD}*{_LAST})?)"
    r"|(?<![0-9A-Za-z])(?P<kind>ami|cr|eipalloc|eni|fs|i|igw|key|lt|nat|pl|rtb|sg|sgr|sir|snap|"
    r"subnet|vol|vpc)-[0-9a-f]{8,17}"
    r"|(?<![0-9A-Za-z])(?P<ACCOUNT>[0-9]{12})(?![0-9A-Za-z])"
)
"""Ids as AWS writes them; eight digits are of older things (EC2 user guide, "Resource IDs")."""


def masking(account: str = "") -> Mask:
    """Make a mask that remembers ids: `vol-0123…` is `VOL-1` each time, and another id is `VOL-2`.

    `account` is masked wherever it stands, also inside of longer words.
    """
    known: dict[str, str] = {}
    numbers: Counter[str] = Counter()

    def placeholder(kind: str, found: str) -> str:
        if found not in known:
            numbers[kind] += 1
            known[found] = f"{kind}-{numbers[kind]}"
        return known[found]

    def one(match: re.Match[str]) -> str:
        kind = match["kind"] or match.lastgroup or ""
        return placeholder(kind.upper(), match[0].lower())

    def mask(text: str) -> str:
        text = _MASKED.sub(one, text)
        return text.replace(account, placeholder("ACCOUNT", account)) if account in text else text

    return mask if account else lambda text: _MASKED.sub(one, text)


def redacted(report: Report, mask: Mask) -> Report:
    """Mask every text of a report; what no renderer reads is left out."""
    plan = report.plan
    return replace(
        report,
        account=mask(report.account),
        plan=replace(
            plan,
            changes=tuple(
                masked(replace(change, action=_bare(change.action)), mask)
                for change in plan.changes
            ),
            unknown=masked(plan.unknown, mask),
            retained=tuple(masked(replace(live, spec=None), mask) for live in plan.retained),
            known={},
        ),
        findings=masked(report.findings, mask),
    )


def _bare(action: Action) -> Action:
    """Mask an action: of its desired and live values only the keys are shown."""
    if isinstance(action, Declared):
        action = replace(action, desired=Desired(action.desired.key, None))
    if isinstance(action, Standing):
        action = replace(action, live=Live(action.live.key, None, owned=action.live.owned))
    return action


def masked(value: Any, mask: Mask) -> Any:
    """Mask every text in a value of any shape."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else mask(value)
    if isinstance(value, Mapping):
        return {masked(key, mask): masked(inner, mask) for key, inner in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # a named one
        return type(value)(*(masked(inner, mask) for inner in value))
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(masked(inner, mask) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        given = {field.name: masked(getattr(value, field.name), mask) for field in fields(value)}
        return replace(value, **given)
    return value
