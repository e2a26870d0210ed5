"""The update policy of a field: when a change may be written, and who notices. Pure.

Each kind names one for each of its fields, in `UPDATE_POLICY`; a field without one is identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from reconciler.plan.model import Impact


class When(Enum):
    """When a changed field may be written."""

    NOW = "now"
    OFF = "off"  # AWS would end what runs, so only when nothing does, nor was asked to
    EMPTY = "empty"  # AWS would replace what runs, so only when nothing does
    UNMOUNTED = "unmounted"  # AWS takes the data away meanwhile, so only when nothing mounts it
    NEVER = "never"  # it would take a replacement, and with it data or identity


@dataclass(frozen=True)
class UpdatePolicy:
    """The meaning of a change to one field, and the advice when the change is refused.

    `runtime`: schedules, people and limits decide it, so no guard may hold it up.
    `grows`: AWS only takes a larger value.
    `refuses` is given both specs and says why AWS would refuse this change of this thing, and
    what to do instead; "" where AWS accepts it.
    """

    when: When
    impact: Impact
    advice: str = ""
    runtime: bool = False
    grows: bool = False
    refuses: Callable[[Any, Any], str] | None = None


IN_PLACE = UpdatePolicy(When.NOW, Impact.NONE)
NEXT_START = UpdatePolicy(When.NOW, Impact.NEXT_START)
WHEN_OFF = UpdatePolicy(When.OFF, Impact.NEXT_START)
WHEN_EMPTY = UpdatePolicy(When.EMPTY, Impact.NEXT_START)
WHEN_UNMOUNTED = UpdatePolicy(When.UNMOUNTED, Impact.DISRUPTIVE)
STOPS = UpdatePolicy(When.NOW, Impact.STOPS, runtime=True)
RUNTIME = UpdatePolicy(When.NOW, Impact.NONE, runtime=True)


def grow(impact: Impact, advice: str) -> UpdatePolicy:
    """Make the policy of a number that may only get larger."""
    return UpdatePolicy(When.NOW, impact, advice, grows=True)


def fixed(advice: str) -> UpdatePolicy:
    """Make the policy of a field that cannot change in place."""
    return UpdatePolicy(When.NEVER, Impact.DATA, advice)
