"""The schema itself: described, closed, true to the code, and shipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.declare import gp3, layers
from reconciler.declare.abis import GPUS
from reconciler.declare.homes import efs, fsx_lustre
from reconciler.declare.messages import flow
from reconciler.declare.schema import inlined, schema
from tests.declare.helpers import Folder

Found = tuple[str, dict[str, Any]]


def _properties(node: dict[str, Any], path: str = "") -> Iterator[Found]:
    """Every field, item and entry with its dotted path."""
    children = dict(node.get("properties", {}))
    if isinstance(node.get("items"), dict):
        children["[]"] = node["items"]
    if isinstance(node.get("additionalProperties"), dict):
        children["*"] = node["additionalProperties"]
    for name, child in children.items():
        yield f"{path}{name}", child
        yield from _properties(child, f"{path}{name}.")


ALL = list(_properties(inlined()))


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_written_out_it_says_the_same() -> None:
    """Inlining lets a neighbour of $ref narrow a type; nothing else may be overridden."""
    for name, node in _refs(schema()):
        target = schema()["$defs"][node["$ref"].rpartition("/")[2]]
        for key in set(node) & set(target) - {"description", "examples", "default"}:
            assert key == "type", name
            assert {node[key]} < set(target[key]), name


def _refs(node: Any, path: str = "") -> Iterator[Found]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield path, node
        for key, value in node.items():
            yield from _refs(value, f"{path}.{key}")


@pytest.mark.parametrize(("path", "node"), ALL, ids=[path for path, _ in ALL])
def test_every_property_is_described_with_an_example(path: str, node: dict[str, Any]) -> None:
    assert re.search(r"Example: `.+`( or `.+`)?\.$", node["description"]), path
    if "pattern" in node:
        assert node["patternErrorMessage"].startswith("must be "), path


def test_examples_fit_their_own_schema() -> None:
    for path, node in ALL:
        for example in node.get("examples", []):
            assert list(Draft202012Validator(node).iter_errors(example)) == [], path


def test_every_object_that_closes_its_fields_has_a_title() -> None:
    for path, node in ALL:
        if "properties" in node:
            assert node["additionalProperties"] is False, path
            assert node["title"], path


def test_every_value_of_every_enum_is_taken(folder: Folder) -> None:
    """By the schema of its field, and by the rules where it stands alone."""
    for path, node in ALL:
        for value in node.get("enum", []):
            assert list(Draft202012Validator(node).iter_errors(value)) == [], (path, value)
    below = "workstations.*."
    for path, node in ALL:
        if path.startswith(below + "instance_requirements.") and path.endswith("[]"):
            name = path.split(".")[3]
            for value in node.get("enum", []):
                folder.workstation(f"instance_requirements: {{{name}: [{value}]}}")
        if path.startswith(below + "instance_requirements.") and not path.endswith("[]"):
            for value in node.get("enum", []):
                folder.workstation(
                    f"gpu: {{}}, instance_requirements: {{{path.split('.')[3]}: {flow(value)}}}"
                )
    for name in GPUS:
        folder.workstation(f"gpu: {{name: {name}}}")
    for policy in ("spot", "auto", "on-demand"):
        assert folder.workstation(f"gpu: {{}}, spot_policy: {policy}").spot_policy == policy


def test_the_names_of_gpus_are_those_of_the_table() -> None:
    names = schema()["$defs"]["gpu"]["properties"]["name"]["enum"]
    assert names == [*GPUS, None]


def test_the_defaults_told_are_the_built_in_ones() -> None:
    defaults = {path: node["default"] for path, node in ALL if "default" in node}
    root, lustre = "workstations.*.storage.root.", "workstations.*.storage.home.fsx_lustre."
    for key, value in layers.ROOT.items():
        assert defaults.pop(root + key) == value
    for key, value in gp3.BUILT_IN.items():
        assert defaults.pop(f"workstations.*.storage.home.ebs.{key}") == value
    for key, value in fsx_lustre.BUILT_IN.items():
        assert defaults.pop(lustre + key) == value
        assert defaults.pop(f"file_systems.*.{key}") == value
    for key, value in fsx_lustre.SHARED.items():
        assert defaults.pop(f"file_systems.*.{key}") == value
    for key, value in efs.BUILT_IN.items():
        assert defaults.pop(f"workstations.*.storage.home.efs.{key}") == value
        assert defaults.pop(f"file_systems.*.{key}") == value
    for key, value in layers.FALLBACK.items():
        assert defaults.pop(f"workstations.*.on_demand_fallback.{key}") == value
    for key, value in layers.IDLE.items():
        assert defaults.pop(f"workstations.*.idle.{key}") == value
    assert defaults.pop("workstations.*.gpu.count") == layers.GPU["count"]
    assert defaults.pop("workstations.*.gpu.manufacturer") == "nvidia"
    assert defaults.pop("workstations.*.image.owner") == layers.IMAGE_BY_NAME["owner"]
    assert defaults.pop("workstations.*.spot_policy") == "auto"
    assert defaults.pop("workstations.*.outside_hours") == "report"
    for item in ("workstations", "file_systems"):
        assert defaults.pop(f"{item}.*.network.public_addresses") is False
    rest = {path for path in defaults if not path.startswith("defaults.")}
    assert rest == set()


def test_patterns_mean_the_same_in_javascript() -> None:
    """Editors read them as ECMAScript: no Python-only syntax."""
    for path, node in ALL:
        assert not re.search(r"\(\?P|\\A|\\Z|\(\?[aiLmsux]|\\d|\\w", node.get("pattern", "")), path
