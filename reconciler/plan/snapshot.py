"""What a run has read of both sides, and what runtime makes of the wanted one."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.plan.live import Readings
from reconciler.plan.model import Desired, Finding
from reconciler.plan.resolve import ResolvedSite


@dataclass(frozen=True)
class Snapshot:
    """Both sides, ready to be compared."""

    resolved: ResolvedSite
    desired: tuple[Desired, ...]
    readings: Readings
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class EffectiveState:
    """The wanted side as runtime has it now, and the findings about that."""

    desired: tuple[Desired, ...]
    findings: tuple[Finding, ...] = ()
