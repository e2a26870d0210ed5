"""Every effective setting of one workstation: path, value, and the line it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.declare.fleet import Where
from reconciler.render.as_json import VERSION, place
from reconciler.render.as_json import value as as_json
from reconciler.render.escape import terminal
from reconciler.render.look import Look
from reconciler.render.words import value

Setting = tuple[str, Any, Where | None]
_BUILT_IN = "built-in"


def text(settings: Sequence[Setting], look: Look) -> str:
    """Aligned columns; a value too long for its column pushes its place to the next line."""
    rows = [
        (terminal(path), terminal(value(it)), terminal(str(where or _BUILT_IN)))
        for path, it, where in settings
    ]
    paths = max((len(path) for path, _, _ in rows), default=0)
    values = min(max((len(shown) for _, shown, _ in rows), default=0), 32)
    lines = []
    for path, shown, where in rows:
        start = f"{path:<{paths}}  {shown:<{values}}"
        fits = look.width is None or len(start) + 2 + len(where) <= look.width
        source = look.paint("quiet", where)
        lines += [f"{start}  {source}"] if fits else [start.rstrip(), f"{'':<{paths}}  {source}"]
    return look.finish(lines)


def document(site: str, name: str, settings: Sequence[Setting]) -> dict[str, Any]:
    """The same for programs; `where` is null for a built-in."""
    return {
        "version": VERSION,
        "site": site,
        "workstation": name,
        "settings": [
            {"path": path, "value": as_json(it), "where": place(where)}
            for path, it, where in settings
        ],
    }
