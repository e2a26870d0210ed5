"""Every text field of the schema, and a declaration with one payload in each of them.

Each field has an item, and each item a line, of its own: the lines that are told are the fields
that refused.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.declare.homes import FILE_SYSTEMS
from reconciler.declare.load import load
from reconciler.declare.schema import inlined
from reconciler.errors import BadDeclaration, Problem
from tests.declare.helpers import DEFAULTS

Path_ = tuple[str, ...]  # `[]` stands for an item of a list, `*` for a tag
MARK = "\ue000"  # where the payload goes
TAGS: Path_ = ("tags", "*")
CALENDAR = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n"

_LUSTRE = {"storage_capacity": "1200GiB"}
_SHARED: dict[str, dict[str, Any]] = {
    "fsx_lustre": {"type": "fsx_lustre", **_LUSTRE},
    "efs": {"type": "efs"},
}
"""A good shared file system of each type."""
# What a field needs beside it to be a good declaration.
_BESIDE: dict[str, dict[str, Any]] = {
    "image.owner": {"image": {"name": "golden-*"}},
    "storage.home.fsx_lustre": {"storage": {"home": {"fsx_lustre": _LUSTRE}}},
    "storage.home.ebs": {"storage": {"home": {"ebs": {"size": "100GiB"}}}},
    "storage.mounts": {"storage": {"mounts": [{"file_system": "data", "at": "/fsx"}]}},
    "schedule": {"schedule": {"start": "Mon 09:00", "timezone": "UTC"}},
    "calendar.": {"dates": ["2026-12-24"]},
    "ingress": {"protocol": "tcp", "port": 22, "cidr": "10.0.0.0/8"},
}


def texts(node: dict[str, Any], path: Path_ = ()) -> Iterator[Path_]:
    """Every place below a node of the schema that takes a text."""
    types = node.get("type", [])
    if "string" in ([types] if isinstance(types, str) else types):
        yield path
    for name, child in node.get("properties", {}).items():
        yield from texts(child, (*path, name))
    if isinstance(node.get("items"), dict):
        yield from texts(node["items"], (*path, "[]"))
    if isinstance(node.get("additionalProperties"), dict):
        yield from texts(node["additionalProperties"], (*path, "*"))


def _put(tree: Any, path: Path_, value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    if first == "[]":
        below = tree[0] if isinstance(tree, list) and tree else None
        return [_put(below, tuple(rest), value)]
    tree = dict(tree) if isinstance(tree, dict) else {}
    key = "Key" if first == "*" else first
    tree[key] = _put(tree.get(key), tuple(rest), value)
    return tree


def _item(path: Path_, base: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    dotted = prefix + ".".join(path)
    beside = next((v for k, v in _BESIDE.items() if dotted.startswith(k)), {})
    made: dict[str, Any] = _put({**base, **copy.deepcopy(beside)}, path, MARK)
    if path[0] == "instance_types" or "accelerator" in dotted:  # they say what `gpu` says
        made.pop("gpu", None)
    return made


def _shared(setting: str) -> dict[str, Any]:
    """A shared file system of the first type that takes the setting."""
    types = (name for name, kind in FILE_SYSTEMS.items() if setting in kind.SETTINGS)
    return _SHARED[next(types, "fsx_lustre")]


@cache
def items() -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Section, field and item of each: the item holds MARK where the payload goes."""
    top = inlined()["properties"]
    gpu = {"gpu": {"count": 1}}
    return (
        *(
            ("workstations", ".".join(path), _item(path, gpu))
            for path in texts(top["workstations"]["additionalProperties"])
        ),
        ("workstations", "tags (key)", {**gpu, "tags": {MARK: "x"}}),
        (
            "workstations",
            "network.subnets.tags (key)",
            {**gpu, "network": {"subnets": {"tags": {MARK: "x"}}}},
        ),
        *(
            ("file_systems", ".".join(path), _item(path, _shared(path[0])))
            for path in texts(top["file_systems"]["additionalProperties"])
        ),
        *(
            ("ingress", ".".join(path), _item(path, {}, "ingress."))
            for path in texts(top["ingress"]["items"])
        ),
        *(
            ("calendars", ".".join(path), _item(path, {}, "calendar."))
            for path in texts(top["calendars"]["additionalProperties"])
        ),
    )


def _filled(item: Any, payload: str) -> str:
    return json.dumps(item, ensure_ascii=False).replace(MARK, json.dumps(payload)[1:-1])


OF_THE_FLEET, OF_THE_SITE = ("workstations", "file_systems"), ("ingress", "calendars")


def _lines(payload: str, sections: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each line of the file of these sections, and the field that is in it or ""."""
    yield ("fleet: vision" if sections is OF_THE_FLEET else "# of all fleets"), ""
    for section in sections:
        yield f"{section}:", ""
        if section == "calendars":
            yield '  data: {dates: ["2026-12-24"]}', ""
        if section == "file_systems":
            yield f"  data: {json.dumps(_SHARED['fsx_lustre'])}", ""
        for number, (where, name, item) in enumerate(items()):
            if where == section:
                start = "  -" if section == "ingress" else f"  w-{chr(97 + number // 26)}"
                key = "" if section == "ingress" else f"{chr(97 + number % 26)}:"
                yield f"{start}{key} {_filled(item, payload)}", f"{section}: {name}"


def let_through(folder: Path, payload: str) -> set[str]:
    """The fields of items that take this text."""
    lines = {
        "vision.yaml": list(_lines(payload, OF_THE_FLEET)),
        "_site.yaml": list(_lines(payload, OF_THE_SITE)),
    }
    (folder / "it.ics").write_text(CALENDAR)
    (folder / "_defaults.yaml").write_text(DEFAULTS)
    for file, members in lines.items():
        (folder / file).write_text("\n".join(line for line, _ in members) + "\n")
    try:
        load([folder])
        problems: tuple[Problem, ...] = ()
    except BadDeclaration as error:
        problems = error.problems
    refused = {(Path(problem.where.file).name, problem.where.line) for problem in problems}
    return {
        name
        for file, members in lines.items()
        for number, (_, name) in enumerate(members, 1)
        if name and (file, number) not in refused
    }


WHOLE = {
    "site": ("_defaults.yaml", "site: acme"),
    "account": ("_defaults.yaml", 'account: "123456789012"'),
    "fleet": ("vision.yaml", "fleet: vision"),
    "workstation": ("vision.yaml", "  ws: {"),
    "regions[]": ("_defaults.yaml", "site: acme"),
    "ignore_tags[]": ("_defaults.yaml", "site: acme"),
}


def whole_lets_through(folder: Path, field: str, payload: str) -> bool:
    """Whether a field that a site or a fleet has once takes this text."""
    text = json.dumps(payload)
    files = {
        "_defaults.yaml": DEFAULTS,
        "vision.yaml": "fleet: vision\nworkstations:\n  ws: {gpu: {count: 1}}\n",
    }
    name, line = WHOLE[field]
    key = re.match(r"\s*(\w+)", line)
    assert key
    new = {
        "workstation": f"  {text}: {{",
        "regions[]": f"regions: [{text}]\nsite: acme",
        "ignore_tags[]": f"ignore_tags: [{text}]\nsite: acme",
    }.get(field, f"{key[1]}: {text}")
    files[name] = files[name].replace(line, new)
    for path, content in files.items():
        (folder / path).write_text(content)
    try:
        load([folder])
    except BadDeclaration:
        return False
    return True
