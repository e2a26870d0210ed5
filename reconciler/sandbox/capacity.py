"""Which pools (instance type × zone × market) have instances to give. All of them, until taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from reconciler.sandbox.services.failures import DEFAULTS, Failure, Market

__all__ = ["Capacity", "Market"]


@dataclass
class Capacity:
    """The supply of the local AWS. Types and zones may be globs: ``take("g5.*", "*", "spot")``."""

    _taken: dict[tuple[str, str, Market], Failure] = field(default_factory=dict)
    generation: int = 0
    """Moves with every change, so that who was refused knows when to ask again."""

    def take(
        self,
        instance_type: str,
        zone: str = "*",
        market: Market = "spot",
        failure: Failure | None = None,
    ) -> None:
        """Make launches in these pools fail from now on: for lack of capacity, or for another
        reason."""
        self._taken[instance_type, zone, market] = failure or DEFAULTS[market]
        self.generation += 1

    def give(self, instance_type: str, zone: str = "*", market: Market = "spot") -> None:
        """Undo exactly one earlier ``take`` of the same words; unknown words change nothing."""
        self._taken.pop((instance_type, zone, market), None)
        self.generation += 1

    @property
    def taken(self) -> dict[tuple[str, str, Market], Failure]:
        """The arguments of every ``take`` that holds, in their order, and the failure of
        launches there."""
        return dict(self._taken)

    def refusal(self, instance_type: str, zone: str, market: Market) -> Failure | None:
        """Find why this pool cannot launch an instance now, or None if it can."""
        for (taken_type, taken_zone, taken_market), failure in self._taken.items():
            if (
                market == taken_market
                and fnmatchcase(instance_type, taken_type)
                and fnmatchcase(zone, taken_zone)
            ):
                return failure.of(instance_type, zone)
        return None

    def clear(self) -> None:
        """Give every pool back."""
        self._taken.clear()
        self.generation += 1
