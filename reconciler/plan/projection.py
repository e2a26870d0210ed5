"""Parse one item of an AWS answer: an odd item becomes one broken row, and the run goes on.

A member that is missing, of another type, or text that is no JSON, must not end a run, nor hide
other things, nor pass for "not there". The check of types is here, for all kinds: a spec that says
`int` never holds anything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from reconciler.plan.model import DeletionPolicy, Key, Live

T = TypeVar("T")

ODD = (LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)
"""What reading an odd item raises. RecursionError: JSON of thousands of brackets; OverflowError:
a time of the year 1 or 9999 in another zone."""

IN_CONSOLE = "look at it in the AWS console"


class Unreadable(ValueError):
    """An item of an AWS answer that cannot be parsed; the text is a sentence for people."""


def projected(
    kind: str,
    region: str,
    item: Any,
    identify: Callable[[Any], Live | None],
    project: Callable[[Any, Live], Live],
    *,
    may_run: bool = False,
) -> Iterator[Live]:
    """Yield the Live of one item: whole, broken, or nothing where `identify` finds no owner.

    `identify` gives a Live without a spec: key, ownership, and whose it is. `project` fills in the
    rest. `may_run`: what cannot be read counts as running, since instances may be in it.
    """
    use = "whether it runs could not be read" if may_run else ""
    try:
        named = identify(item)
        _check_types(named)
    except ODD as error:
        label = _label(item)
        why = f"{label} cannot be read: {explain(error)}; {IN_CONSOLE}"
        yield Live(
            Key(region, kind, f"unreadable {label}"),
            None,
            owned=False,
            ready=False,
            broken=why,
            in_use=use,
            occupied=use,
            unidentified=True,
        )
        return
    if named is None:
        return
    try:
        live = project(item, named)
        _check_types(live)
    except ODD as error:
        why = f"{_label(item)} cannot be read: {explain(error)}; {IN_CONSOLE}"
        removal = (
            named.removal if named.removal is DeletionPolicy.RETAIN_DATA else DeletionPolicy.RETAIN
        )
        live = replace(named, ready=False, broken=why, in_use=use, occupied=use, removal=removal)
    yield live


def readable(item: Any, read: Callable[[Any], T]) -> T | Unreadable:
    """Parse one item with `read`, or explain why it cannot be parsed."""
    try:
        return read(item)
    except ODD as error:
        return Unreadable(f"{_label(item)} cannot be read: {explain(error)}")


def explain(error: Exception) -> str:
    """Explain why an item is odd, in one sentence without its full stop."""
    match error:
        case Unreadable():
            return str(error)
        case KeyError():
            return f"AWS's answer has no {error.args[0]}"
        case RecursionError():
            return "AWS's answer is nested too deeply"
    return f"AWS's answer makes no sense ({type(error).__name__}: {error})"[:300]


def text(item: Mapping[str, Any], member: str, default: str | None = None) -> str:
    """Check that a member is text. Raises: Unreadable for another type, KeyError without it."""
    found = item[member] if default is None else item.get(member, default)
    if not isinstance(found, str):
        raise Unreadable(f"{member} in AWS's answer is {found!r:.60}, not text")
    return found


def number(item: Mapping[str, Any], member: str) -> int:
    """Check that a member is a whole number. Raises: as `text`."""
    found = item[member]
    if isinstance(found, bool) or not isinstance(found, int):
        raise Unreadable(f"{member} in AWS's answer is {found!r:.60}, not a number")
    return found


def _label(item: Any) -> str:
    """What to call an item of which nothing is known: its first id, name or ARN."""
    if isinstance(item, Mapping):
        for member, value in item.items():
            if isinstance(value, str) and value and str(member).endswith(("Id", "Name", "Arn")):
                return value[:120]
    return hashlib.sha256(repr(item).encode()).hexdigest()[:8]


def checked(value: T) -> T:
    """Check the types of a dataclass. Raises: Unreadable where a field has another type."""
    of: Any = type(value)
    for name, of_type in _types(of).items():
        found = getattr(value, name)
        if not of_type(found):
            raise Unreadable(f"{name} in AWS's answer is {found!r:.60}")
    return value


def _check_types(live: Live | None) -> None:
    for value in (live, live.spec if live else None):
        if value is not None:
            checked(value)


@cache
def _types(of: Any) -> dict[str, Callable[[Any], bool]]:
    hints = get_type_hints(of)
    return {each.name: _test(hints[each.name]) for each in fields(of)}


def _test(hint: Any) -> Callable[[Any], bool]:
    """Whether a value is of a type, as far as annotations of specs go."""
    origin = get_origin(hint)
    inner = [_test(each) for each in get_args(hint) if each is not ...]
    if origin in (Union, UnionType):
        return lambda value: any(test(value) for test in inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return lambda value: (
            isinstance(value, Mapping)
            and all(inner[0](k) and inner[1](v) for k, v in value.items())
        )
    if isinstance(origin, type):  # tuple[T, ...] and frozenset[T]

        def each(value: Any) -> bool:
            items: Iterable[Any] = value
            return isinstance(value, origin) and all(inner[0](item) for item in items)

        return each
    return _plain(hint)


def _plain(hint: Any) -> Callable[[Any], bool]:
    if hint is Any:
        return lambda _value: True
    if hint is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    inside: dict[str, Callable[[Any], bool]] = {}
    if is_dataclass(hint):
        of: Any = hint
        inside = _types(of)
    return lambda value: (
        isinstance(value, hint) and all(test(getattr(value, name)) for name, test in inside.items())
    )
