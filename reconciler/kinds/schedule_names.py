"""Names of schedules: their parts, and the key of each schedule. Pure.

`alice-start-1f0c9a2b-2`: the workstation, the edge, a hash of the content, and a generation.
kinds/schedule.py says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

NAME = re.compile(r"(?P<edge>(?P<workstation>.+)-(?:start|stop))-(?P<hash>[0-9a-f]{8})(?:-\d+)?")
HASHED_NAME = re.compile(r"(?P<key>(?P<edge>.+?)(?:\.(?P<number>\d+))?)-(?P<hash>[0-9a-f]{8})")


def expected(hashed_names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Build the key of each hash, by entry, in the order of their numbers."""
    found: dict[str, dict[str, str]] = {}
    matches = (
        match for hashed_name in hashed_names if (match := HASHED_NAME.fullmatch(hashed_name))
    )
    for match in sorted(matches, key=lambda it: int(it["number"] or 1)):
        found.setdefault(match["edge"], {})[match["hash"]] = match["key"]
    return found


def paired(
    edge: str, listed: Iterable[tuple[str, bool, str]], expected: Mapping[str, str]
) -> Iterator[tuple[str, str, bool]]:
    """Pair each schedule of an entry with its key, and tell if its name proves its content.

    One that is left over, by a run that stopped between create and delete or because there are
    to be fewer, has its own name for a key.
    """
    open_keys = dict(expected)
    rest: list[str] = []
    for _, touched, name in listed:  # the untouched first
        key = None if touched else open_keys.pop(hash_of(name), None)
        if key is None:
            rest.append(name)
        else:
            yield key, name, True
    rest.sort(key=lambda name: hash_of(name) not in open_keys)  # an edited one is its own update
    for name in rest:
        key = open_keys.pop(hash_of(name), None)
        if key is None and open_keys:
            key = open_keys.pop(next(iter(open_keys)))
        elif key is None and not expected:  # nobody declares it any more
            key, expected = edge, {"": edge}
        yield key or name, name, False


def hash_of(name: str) -> str:
    """Parse `1f0c9a2b` of `alice-start-1f0c9a2b-2`; "" of a foreign name."""
    match = NAME.fullmatch(name)
    return match["hash"] if match else ""


def name_of(hashed_name: str) -> str:
    """Return `alice-start-1f0c9a2b` for `alice-start.2-1f0c9a2b`: the number is no part of it."""
    match = HASHED_NAME.fullmatch(hashed_name)
    assert match is not None
    return f"{match['edge']}-{match['hash']}"


def free_name(hashed_name: str, old: str) -> str:
    """Return the hashed name, with the next generation when the old one has the same hash."""
    if not old.startswith(hashed_name):
        return hashed_name
    generation = int(old.removeprefix(hashed_name).removeprefix("-") or "1") + 1
    return f"{hashed_name}-{generation}"
