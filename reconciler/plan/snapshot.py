"""The snapshot that a run has read of AWS, and the effective state of the desired resources."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.plan.live import Readings
from reconciler.plan.model import Desired, Finding
from reconciler.plan.resolve import ResolvedSite


@dataclass(frozen=True)
class Snapshot:
    """Both sides, as one run has read them."""

    resolved: ResolvedSite
    desired: tuple[Desired, ...]
    readings: Readings
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class EffectiveState:
    """The desired resources with the runtime state applied, and the findings about it."""

    desired: tuple[Desired, ...]
    findings: tuple[Finding, ...] = ()
