"""Tables of records that are never changed in place, and how they looked before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
Tables: TypeAlias = dict[str, "Table"]


class Table(dict[str, Record]):
    """The records of one sort, by their keys and in the order of these; `print` is cache.py's."""

    __slots__ = ("print",)
    print: int


class Kept(dict[str, Any]):
    """A record in a table."""

    __slots__ = ("print",)
    print: int


@dataclass
class Store:
    """The tables of one service in one region, and those before each recent write."""

    tables: Tables = field(default_factory=dict)
    past: list[tuple[int, Tables]] = field(default_factory=list)

    def twin(self) -> Store:
        """A copy that goes its own way."""
        return Store(self.tables, list(self.past))
