"""Cross-field rules."""

from __future__ import annotations

from reconciler.declare.gather import Declared
from reconciler.errors import Problem


def check(_declared: Declared) -> list[Problem]:
    return []
