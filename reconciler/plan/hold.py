"""A hold: rows that wait for a person's approval, and the token that approves exactly these."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.errors import Where
from reconciler.plan.model import Change


@dataclass(frozen=True)
class Hold:
    """A hold of some rows, and its reason. `message` ends before "run again with --approve"."""

    code: str
    token: str
    message: str
    holds: Callable[[Change], bool]
    where: Where | None = None


def token(code: str, facts: Iterable[str]) -> str:
    """Compute the token of guarded rows, 128 bits in hex: other rows may come and go."""
    text = "\n".join((code, *sorted(facts)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
