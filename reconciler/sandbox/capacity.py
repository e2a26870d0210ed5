"""Which pools (instance type × zone × market) have instances to give. All of them, until taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

Market = Literal["spot", "on-demand"]


@dataclass
class Capacity:
    """The supply of the local AWS. Types and zones may be globs: ``take("g5.*", "*", "spot")``."""

    _taken: dict[tuple[str, str, Market], None] = field(default_factory=dict)
    generation: int = 0
    """Moves with every change, so that who was refused knows when to ask again."""

    def take(self, instance_type: str, zone: str = "*", market: Market = "spot") -> None:
        """From now on launches in these pools fail for lack of capacity."""
        self._taken[instance_type, zone, market] = None
        self.generation += 1

    def give(self, instance_type: str, zone: str = "*", market: Market = "spot") -> None:
        """Undo exactly one earlier ``take`` of the same words; unknown words change nothing."""
        self._taken.pop((instance_type, zone, market), None)
        self.generation += 1

    def has(self, instance_type: str, zone: str, market: Market) -> bool:
        """Whether this pool can launch an instance now."""
        return not any(
            market == taken_market
            and fnmatchcase(instance_type, taken_type)
            and fnmatchcase(zone, taken_zone)
            for taken_type, taken_zone, taken_market in self._taken
        )

    def clear(self) -> None:
        """Plenty everywhere again."""
        self._taken.clear()
        self.generation += 1
