"""Every effective setting of one workstation: path, value, and the line it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.errors import Where
from reconciler.plan.json_value import json_value
from reconciler.render.as_json import VERSION, place
from reconciler.render.escape import terminal
from reconciler.render.style import Style
from reconciler.render.words import value

Setting = tuple[str, Any, Where | None]
_BUILT_IN = "built-in"


def text(settings: Sequence[Setting], style: Style) -> str:
    """Write each setting as `path: value`, with its place at the right edge, or below where
    there is no room."""
    rows = [
        (terminal(f"{path}: {value(setting)}"), terminal(str(where or _BUILT_IN)))
        for path, setting, where in settings
    ]
    width = style.width or max((len(f"{left}  {where}") for left, where in rows), default=0)
    lines = []
    for left, where in rows:
        room = width - len(left) - len(where)
        source = style.paint("quiet", where)
        if room < 2:
            lines += style.wrap(left, "", "    ")
            lines.append(" " * (width - len(where)) + source)
        else:
            lines.append(left + " " * room + source)
    return style.finish(lines)


def document(site: str, name: str, settings: Sequence[Setting]) -> dict[str, Any]:
    """Build the JSON document of the settings; `where` is null for a built-in value."""
    return {
        "version": VERSION,
        "site": site,
        "workstation": name,
        "settings": [
            {"path": path, "value": json_value(setting), "where": place(where)}
            for path, setting, where in settings
        ],
    }
