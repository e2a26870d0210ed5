"""Sensitive values as lines, of one workstation or of many that are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.plan.model import Sensitive
from reconciler.render.words import spans, value

OWN_NAME = "<name of the workstation>"

MANY = 3
"""Workstations that are of the person of their name, from which on that is said once."""

OWNERS = 8_000
"""Characters of one line: some 200 owners, and how many more there are."""


def alike(found: Iterable[Sensitive]) -> tuple[str, ...]:
    """List what workstations need in common to be shown together: all but personal values."""
    return tuple(
        dict.fromkeys(
            sensitive.word if _varies(sensitive) else _line(sensitive) for sensitive in found
        )
    )


def lines(workstations: Sequence[tuple[str, Sequence[Sensitive]]]) -> tuple[str, ...]:
    """Write the lines of one row for workstations that have all but personal values in common.

    `owner: ann@example.com (alice, bob), carl@example.com (carla)`: whose, where it differs.
    """
    (_, first), *_rest = workstations
    shown: dict[str, None] = {}
    for sensitive in first:
        if not _varies(sensitive):
            shown[_line(sensitive)] = None
    for word in dict.fromkeys(personal.word for personal in first if _varies(personal)):
        shown[f"{word}: {_by_workstation(word, workstations)}"] = None
    return tuple(shown)


def _varies(sensitive: Sensitive) -> bool:
    return sensitive.personal and sensitive.old is None


def _line(sensitive: Sensitive) -> str:
    if sensitive.old is None:
        return f"{sensitive.word}: {_plain(sensitive.new)}"
    # Whole: nothing of a value that changes is cut.
    return f"{sensitive.word}: {_plain(sensitive.old)} → {_plain(sensitive.new)}"


def _plain(item: object) -> str:
    """A value as it is: text without quotes, for it stands after its word."""
    return item if isinstance(item, str) else value(item)


def _by_workstation(word: str, workstations: Sequence[tuple[str, Sequence[Sensitive]]]) -> str:
    """Each value, and where they differ, of which workstations.

    Addresses that begin with the name of the workstation are one value, so that the one owner of a
    hundred who is somebody else stands out.
    """
    found = [
        (name, text)
        for name, values in workstations
        for text in dict.fromkeys(
            _plain(sensitive.new) for sensitive in values if sensitive.word == word
        )
    ]
    if len({text for _, text in found}) == 1:
        return found[0][1]
    named = {name for name, text in found if text.startswith(f"{name}@")}
    names: dict[str, list[str]] = {}
    for name, text in found:
        own = len(named) >= MANY and name in named and text.startswith(f"{name}@")
        names.setdefault(OWN_NAME + text[len(name) :] if own else text, []).append(name)
    parts: list[str] = []
    left = OWNERS
    for text, of in names.items():
        part = f"{text} ({', '.join(spans(of))})"
        left -= len(part) + 2
        if left < 0:
            break
        parts.append(part)
    more = f" and {len(names) - len(parts)} more" if len(parts) < len(names) else ""
    return ", ".join(parts) + more
