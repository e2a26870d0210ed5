"""What somebody sees who edits a fleet file: the schema in the real YAML language server.

Skipped only where there is no Node, which the gate in .ci/run insists on.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.declare.schema import inlined
from tests.editor.server import ROOT, SERVER, LanguageServer

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
WORKSTATION = inlined()["properties"]["workstations"]["additionalProperties"]


@pytest.fixture(scope="module")
def editor() -> Iterator[LanguageServer]:
    assert SERVER.exists(), "the language server is missing: run `make setup`"
    with LanguageServer() as server:
        yield server


MISTAKES = """\
fleet: vision
workstations:
  alice:
    ownr: alice@example.com
    gpu: {memory: 24GB, count: "1"}
    spot_policy: sport
    schedule: {start: "Mon-Fri 9:00"}
    storage:
      mounts: [{file_system: datasets}]
"""
ENUM = 'Value is not accepted. Valid values: "spot", "auto", "on-demand", null.'


def test_five_mistakes_are_underlined_exactly(editor: LanguageServer) -> None:
    _, found = editor.open(MISTAKES)
    assert sorted(map(_place_and_message, found)) == [
        (4, 5, 9, "Property ownr is not allowed."),
        (5, 32, 35, "Incorrect type. Expected one of integer, null."),
        (6, 18, 23, ENUM),
        (7, 23, 37, 'must be days and a time, such as "Mon-Fri 09:00" or "daily 20:00"'),
        (9, 16, 17, 'Missing property "at".'),
    ]


def _place_and_message(diagnostic: dict[str, Any]) -> tuple[int, int, int, str]:
    start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
    return start["line"], start["character"] + 1, end["character"] + 1, diagnostic["message"]


def test_our_own_examples_have_no_mistakes(editor: LanguageServer) -> None:
    for path in [*ROOT.glob("fleets/*.yaml"), *ROOT.glob("examples/*/fleets/*.yaml")]:
        assert editor.open(path.read_text())[1] == [], path


def test_every_field_is_described_when_pointed_at(editor: LanguageServer) -> None:
    lines: list[str] = ["fleet: vision", "workstations:", "  alice:"]
    places = list(_write(WORKSTATION, 4, lines))
    uri, found = editor.open("\n".join(lines) + "\n")
    assert {_place_and_message(problem)[3] for problem in found} == {
        "Object has more properties than limit of 1."
    }
    for line, column, description in places:
        assert _words(description) in _words(editor.hover(uri, line, column)), lines[line - 1]
    assert len(places) > 90


def _write(node: dict[str, Any], indent: int, lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Every field below a node in block style, with the place of its key and its description."""
    for key, child in node["properties"].items():
        lines.append(f"{' ' * indent}{key}:")
        yield len(lines), indent + 2, child["description"]
        if "properties" in child:
            yield from _write(child, indent + 2, lines)
        elif "properties" in child.get("items", {}):
            lines.append(f"{' ' * indent}  -")
            yield from _write(child["items"], indent + 4, lines)
        else:
            lines[-1] += f" {_json(child['examples'][0])}"


def _json(value: object) -> str:
    return str(value) if not isinstance(value, str) else f'"{value}"'


def _words(text: str) -> str:
    """Letters and digits alone: the server escapes what Markdown would take for its own."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


ENUMS = [
    (key, [value for value in child["enum"] if value is not None])
    for key, child in WORKSTATION["properties"]["instance_requirements"]["properties"].items()
    if "enum" in child
]


@pytest.mark.parametrize(("key", "values"), ENUMS, ids=[key for key, _ in ENUMS])
def test_the_values_of_a_field_are_offered(
    editor: LanguageServer, key: str, values: list[str]
) -> None:
    text = f"workstations:\n  alice:\n    instance_requirements:\n      {key}: \n"
    uri, _ = editor.open(text)
    offered = editor.completion(uri, 4, len(f"      {key}: ") + 1)
    assert set(values) <= set(offered)


SOME = """\
workstations:
  alice:
    spot_policy: \n\
    gpu: {name: }
    \n\
    storage:
      \n\
"""


def test_fields_and_policies_are_offered(editor: LanguageServer) -> None:
    uri, _ = editor.open(SOME)
    assert {"spot", "auto", "on-demand"} <= set(editor.completion(uri, 3, 18))
    assert {"l4", "a10g", "l40s", "t4"} <= set(editor.completion(uri, 4, 17))
    rest = set(WORKSTATION["properties"]) - {"spot_policy", "gpu", "storage"}
    assert rest <= set(editor.completion(uri, 5, 5))
    assert {"root", "home", "mounts"} <= set(editor.completion(uri, 7, 7))


def test_the_top_of_a_file_is_offered(editor: LanguageServer) -> None:
    uri, _ = editor.open("fleet: vision\n\n")
    assert set(inlined()["properties"]) - {"fleet"} <= set(editor.completion(uri, 2, 1))
