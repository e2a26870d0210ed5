"""Index the live resources by key: their owner, who mounts them, which duplicate counts. Pure.

Homes have no unique name in AWS, so two of them can bear the same tags: a manual copy, or a
restored snapshot. The launch template in use decides then, for it names the id of the home.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from reconciler.plan.model import DeletionPolicy, Key, Live, Unknown

Reading: TypeAlias = Sequence[Live] | Unknown
"""Everything of one kind in one region, or why it could not be read."""

Readings: TypeAlias = Mapping[tuple[str, str], Reading]
"""By (kind, region)."""


def count_workstations(readings: Readings) -> int:
    """Count the live workstations: the guards' percentages refer to this number.

    Data alone is none: what was removed long ago must not widen the guard.
    """
    return len(
        {
            (live.key.region, live.workstation)
            for reading in readings.values()
            if not isinstance(reading, Unknown)
            for live in reading
            if live.owned and live.workstation and live.removal is not DeletionPolicy.RETAIN_DATA
        }
    )


@dataclass(frozen=True)
class Index:
    """An index of the live resources."""

    things: Mapping[Key, Live]
    unread: tuple[Unknown, ...] = ()
    mounted_by: Mapping[Key, tuple[Live, ...]] = field(default_factory=dict)  # data → our templates
    groups: Mapping[tuple[str, str], Live] = field(default_factory=dict)  # those in use, by place
    zones: Mapping[tuple[str, str], str] = field(default_factory=dict)  # of homes tied to one zone
    unnamed: Mapping[tuple[str, str], Live] = field(default_factory=dict)  # by kind and region

    def unread_kind(self, key: Key) -> Unknown | None:
        """Explain why the kind of this key could not be read in its region; None where it was."""
        return next(
            (each for each in self.unread if (each.kind, each.region) == (key.kind, key.region)),
            None,
        )

    def unidentified(self, key: Key) -> Live | None:
        """Find a resource of this kind and region whose name could not be read, or None."""
        return self.unnamed.get((key.kind, key.region))

    def users(self, data: Key) -> tuple[str, ...]:
        """List the workstations whose template mounts this data, by name."""
        return tuple(sorted({live.workstation for live in self.mounted_by.get(data, ())}))

    def in_use(self, region: str, workstation: str) -> str:
        """Describe what runs for a workstation, or was asked to run; "" for nothing."""
        group = self.groups.get((region, workstation))
        return group.in_use if group else self._anybody(region)

    def _anybody(self, region: str) -> str:
        """What may run for any workstation of a region, for its name could not be read."""
        return next(
            (live.in_use for (_, place), live in self.unnamed.items() if place == region), ""
        )

    def in_use_by(self, data: Live) -> str:
        """Describe what may have mounted this data: `alice: i-0abc is running`; "" for nothing.

        Whose template mounts it, and, for shared data, the whole fleet: what runs may have been
        started from an older version of its template.
        """
        unread = next((each for each in self.unread if each.region == data.key.region), None)
        if unread:
            return f"what mounts it could not be read: {unread.reason}"
        if anybody := self._anybody(data.key.region):
            return anybody
        names = {*self.users(data.key), data.workstation}
        running = [
            f"{name}: {group.in_use}"
            for (region, name), group in sorted(self.groups.items())
            if region == data.key.region
            if name in names or (not data.workstation and group.fleet == data.fleet)
        ]
        return ", ".join(running)


def index(readings: Readings) -> Index:
    """Index everything that was read, by key."""
    found = [
        live
        for reading in readings.values()
        if not isinstance(reading, Unknown)
        for live in reading
    ]
    by_key: dict[Key, list[Live]] = {}
    for live in found:
        by_key.setdefault(live.key, []).append(live)
    parents = {key: claimants[0].owned for key, claimants in by_key.items()}
    mounted_by: dict[Key, list[Live]] = {}
    for live in found:
        for data in live.mounts if live.owned else ():
            mounted_by.setdefault(data, []).append(live)
    things: dict[Key, Live] = {}
    zones: dict[tuple[str, str], str] = {}
    for key, claimants in by_key.items():
        named = {user.mounts[key] for user in mounted_by.get(key, ())}
        meant, others = _claims(key, claimants, named)
        owned = meant.owned if meant.parent is None else parents.get(meant.parent, False)
        things[key] = replace(meant, owned=owned)
        things.update({_other(each): replace(each, key=_other(each)) for each in others})
        if owned and "availability_zone" in meant.attrs:
            zones[key.region, meant.workstation] = meant.attrs["availability_zone"]
    return Index(
        things=things,
        unread=tuple(reading for reading in readings.values() if isinstance(reading, Unknown)),
        mounted_by={key: tuple(users) for key, users in mounted_by.items()},
        groups={
            (live.key.region, live.workstation): live for live in things.values() if live.in_use
        },
        zones=zones,
        unnamed={(live.key.kind, live.key.region): live for live in found if live.unidentified},
    )


def _claims(key: Key, claimants: list[Live], named: set[str]) -> tuple[Live, list[Live]]:
    """Of the claimants of one key, the one that is meant, and the others.

    Where no template names exactly one of them, nobody knows which is meant: that is for a person.
    """
    if len(claimants) == 1:
        return claimants[0], []
    meant = [live for live in claimants if live.attrs.get("id") in named]
    if len(meant) == 1:
        return meant[0], [live for live in claimants if live is not meant[0]]
    ids = " and ".join(live.attrs.get("id", "") for live in claimants)
    why = (
        f"{ids} have the same tags, and no launch template says which one is {key.name}: "
        "remove the tag reconciler:site from the other one"
    )
    return replace(claimants[0], ready=False, broken=why), claimants[1:]


def _other(live: Live) -> Key:
    """The key of a claimant that is not meant: with its id, so that it is listed by itself."""
    return Key(live.key.region, live.key.kind, f"{live.key.name} ({live.attrs.get('id')})")
