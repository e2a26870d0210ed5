"""What one policy allows that another does not, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from reconciler.errors import Where
from reconciler.render.escape import terminal
from reconciler.render.style import Style


class Right(Protocol):
    """A statement of an IAM policy; aws/policy_difference.py has the type, and this folder does
    not import it."""

    @property
    def sid(self) -> str: ...
    @property
    def effect(self) -> str: ...
    @property
    def actions(self) -> tuple[str, ...]: ...
    @property
    def spares_actions(self) -> bool: ...
    @property
    def resources(self) -> tuple[str, ...]: ...
    @property
    def spares_resources(self) -> bool: ...
    @property
    def conditions(self) -> Mapping[tuple[str, str], frozenset[str]]: ...


def text(
    site: str,
    role: str,
    new: Sequence[tuple[Right, Sequence[Where]]],
    gone: Sequence[Right],
    style: Style,
) -> str:
    """List each right that would be new, with the line that wants it; then the rights that are
    gone."""
    lines: list[str] = []
    if new:
        lines.append(style.paint("strong", f"New for the {role} role of {site}"))
        for right, wheres in new:
            lines += _right(right, "+", style)
            if wheres:
                lines += style.wrap(", ".join(map(str, wheres)), "      wanted by ", "        ")
        lines.append("")
    if gone:
        lines.append(style.paint("strong", "Gone, which takes rights away"))
        for right in gone:
            lines += _right(right, "-", style)
        lines.append("")
    total = f"The {role} role of {site}: {len(new)} new, {len(gone)} gone."
    return style.finish([*lines, style.paint("trouble" if new else "add", total)])


def _right(right: Right, sign: str, style: Style) -> Iterator[str]:
    # A Deny that is lost is a right that is new, and the other way round.
    denied = {"+": "no longer denied: ", "-": "denied from now on: "}[sign]
    head = f"{right.sid}: " if right.sid else ""
    head += denied if right.effect == "Deny" else ""
    head += "all but " if right.spares_actions else ""
    yield from style.wrap(terminal(head + ", ".join(right.actions)), f"  {sign} ", "      ")
    on = "on all but " if right.spares_resources else "on "
    for resource in right.resources:
        yield from style.wrap(terminal(resource), f"      {on}", "        ")
    for (operator, key), values in sorted(right.conditions.items()):
        line = f"{operator} {key}: {', '.join(sorted(values))}"
        yield from style.wrap(terminal(line), "      when ", "           ")


def document(
    site: str,
    role: str,
    new: Sequence[tuple[Right, Sequence[Where]]],
    gone: Sequence[Right],
) -> dict[str, Any]:
    """Build the JSON document of new and gone rights."""
    return {
        "version": 1,
        "site": site,
        "role": role,
        "new": [_document(right) | {"where": list(map(str, places))} for right, places in new],
        "gone": [_document(right) for right in gone],
    }


def _document(right: Right) -> dict[str, Any]:
    conditions: dict[str, dict[str, list[str]]] = {}
    for (operator, key), values in sorted(right.conditions.items()):
        conditions.setdefault(operator, {})[key] = sorted(values)
    return {
        "sid": right.sid,
        "effect": right.effect,
        "NotAction" if right.spares_actions else "Action": list(right.actions),
        "NotResource" if right.spares_resources else "Resource": list(right.resources),
        "Condition": conditions,
    }
