"""A hold: rows that wait for a person's approval, and the token that lets exactly these through."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.errors import Where
from reconciler.plan.model import Change


@dataclass(frozen=True)
class Hold:
    """Why some rows wait, and which. `message` ends where "run again with --approve" follows."""

    code: str
    token: str
    message: str
    holds: Callable[[Change], bool]
    where: Where | None = None


def token(code: str, facts: Iterable[str]) -> str:
    """128 bits in hex of what is guarded, and of nothing else: other rows may come and go."""
    text = "\n".join((code, *sorted(facts)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
