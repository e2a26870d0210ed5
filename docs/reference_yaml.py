"""schemas/fleet.schema.json → docs/reference-yaml.md: every field, one table an object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.declare.messages import flow

HEAD = """\
# Every field of the YAML

[The guide](yaml-guide.md) explains how to write a fleet. Values come from four layers, lowest
first: built-in, `_defaults.yaml`, `defaults` of the file, the item. Maps merge, lists and scalars
replace, `null` returns to the built-in. `reconcile explain <workstation>` says from where each one
comes.
"""
FOOT = """
<!-- Written from schemas/fleet.schema.json by `GOLDEN=rewrite pytest tests/declare`. -->
"""
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "map",
}
ENTRY = {"workstations": "workstation", "file_systems": "file system", "defaults": "workstation"}
Node = Mapping[str, Any]


def reference(schema: Node) -> str:
    """The page, from the schema with every $ref written out."""
    sections = dict(_sections("fleet file", schema))
    return HEAD + "".join(_table(path, node) for path, node in sections.items()) + FOOT


def _sections(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """Every object with fields of its own, by the path one would write, parents first."""
    yield path, node
    for key, child in node["properties"].items():
        for inner in _inner(child):
            yield from _sections(_path(path, key), inner)


def _inner(child: Node) -> Iterator[Node]:
    """The objects a field may hold: itself, its items, its entries. A range is told in its row."""
    for node in (child, child.get("items"), child.get("additionalProperties")):
        if isinstance(node, Mapping) and "properties" in node and not _is_range(node):
            yield node


def _is_range(node: Node) -> bool:
    return set(node["properties"]) == {"min", "max"}


def _path(parent: str, key: str) -> str:
    if parent == "fleet file":
        return ENTRY.get(key, key)
    return key if parent in ENTRY.values() else f"{parent}.{key}"


def _table(path: str, node: Node) -> str:
    heading = f"`{path}`" if path not in (*ENTRY.values(), "fleet file") else f"A {path}"
    rows = [_row(path, key, child, node) for key, child in node["properties"].items()]
    lines = [f"## {heading}", "", node["description"], ""]
    lines += ["| field | is | built-in | |", "| --- | --- | --- | --- |", *rows]
    return "\n" + "\n".join(lines) + "\n"


def _row(path: str, key: str, node: Node, parent: Node) -> str:
    name = f"`{key}`" + (" (required)" if key in parent.get("required", ()) else "")
    default = f"`{flow(node['default'])}`" if "default" in node else ""
    return f"| {name} | {_kind(_path(path, key), node)} | {default} | {node['description']} |"


def _kind(path: str, node: Node) -> str:
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"] if value is not None)
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    return " or ".join(_one(each, path, node) for each in types if each != "null")


def _one(kind: str, path: str, node: Node) -> str:
    entries = node.get("additionalProperties")
    if kind == "array":
        return f"list: {_kind(path, node['items'])}"
    if kind == "object" and "properties" in node:
        if _is_range(node):
            return f"`{{min, max}}`: {_kind(path, node['properties']['min'])}"
        return f"[{path}](#{_anchor(path)})"
    if kind == "object" and isinstance(entries, Mapping):
        return f"map: {_kind(path, entries)}"
    return TYPES[kind]


def _anchor(path: str) -> str:
    """As GitHub makes it of the heading."""
    heading = f"a {path}" if path in ENTRY.values() else path
    return heading.replace(" ", "-").replace(".", "")
