"""Whatever the bytes: a site, or problems with a place. Never another exception, never a hang."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.declare.explain import explain
from reconciler.declare.fleet import Site
from reconciler.declare.load import checked, load
from reconciler.declare.schema import inlined
from reconciler.errors import BadDeclaration, NoDeclaration
from reconciler.render.problems import document, github, text
from reconciler.render.style import Style
from tests.declare.helpers import DEFAULTS

DESIGN = (Path(__file__).parent / "data" / "design" / "vision.yaml").read_bytes()
# derandomized: the gate gives the same answer twice
SOME = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "_defaults.yaml").write_text(DEFAULTS)
        yield Path(name)


def _outcome(place: Path, data: bytes) -> Site | None:
    (place / "fuzz.yaml").write_bytes(data)
    try:
        return load([place])
    except NoDeclaration:
        return None
    except BadDeclaration as error:
        problems = error.problems
    assert problems
    for problem in problems:
        assert min(problem.where.line, problem.where.column, problem.length) >= 1
        assert problem.message
    assert text(problems, Style(unicode=False)).isascii()
    json.dumps(document(problems))
    assert github(problems).startswith("::error file=")
    return None


@SOME
@given(st.binary(max_size=300))
def test_any_bytes(place: Path, data: bytes) -> None:
    _outcome(place, data)


@SOME
@given(
    st.text(alphabet=st.sampled_from("fleta: -[]{}\"'|>&*!%#?,\n\t\r\\0123.~<=@`"), max_size=120)
)
def test_yaml_like_text(place: Path, data: str) -> None:
    _outcome(place, data.encode())
    _outcome(place, b"fleet: ab\nworkstations:\n  ws:\n    gpu: " + data.encode())


@SOME
@given(st.data())
def test_a_good_file_with_a_few_bytes_changed(place: Path, data: st.DataObject) -> None:
    changed = bytearray(DESIGN)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["replace", "delete", "insert", "cut"])):
            case "replace":
                changed[at] = data.draw(st.integers(0, 255))
            case "delete":
                del changed[at : at + data.draw(st.integers(1, 9))]
            case "insert":
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=4))
            case _:
                del changed[at:]
        if not changed:
            break
    _outcome(place, bytes(changed))


WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2.5, "", "x", "null", [], {}, [None], {"a": 1}, [[]]]
)


def _value(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values for a field: mostly of its shape, sometimes not."""
    options: list[st.SearchStrategy[Any]] = [st.sampled_from(node.get("examples", [None]))]
    if "enum" in node:
        options.append(st.sampled_from(node["enum"]))
    if "properties" in node:
        fields = {name: _value(child) for name, child in node["properties"].items()}
        options.append(st.fixed_dictionaries({}, optional=fields))
    if isinstance(node.get("items"), dict):
        options.append(st.lists(_value(node["items"]), max_size=3))
    if isinstance(node.get("additionalProperties"), dict):
        names = st.sampled_from(["alice", "bob", "data", "home", "Bad name", "aws:x"])
        options.append(st.dictionaries(names, _value(node["additionalProperties"]), max_size=2))
    if "minimum" in node:
        options.append(st.integers(node["minimum"], node["maximum"]))
    return st.one_of(*options, *options, WRONG)


@SOME
@given(_value(inlined()))
def test_files_of_about_the_right_shape(place: Path, value: Any) -> None:
    _outcome(place, json.dumps(value).encode())


WORKSTATION = inlined()["properties"]["workstations"]["additionalProperties"]


@SOME
@given(_value(WORKSTATION), _value(WORKSTATION))
def test_settings_of_about_the_right_shape(place: Path, lower: Any, own: Any) -> None:
    declared = {"fleet": "fuzz", "defaults": lower, "workstations": {"ws": own}}
    site = _outcome(place, json.dumps(declared).encode())
    for workstation in site.workstations if site else ():
        assert workstation.owner
        assert workstation.subnets.ids or workstation.subnets.tags
        assert bool(workstation.instance_types) != bool(workstation.instance_requirements)
        assert explain(checked([place]), workstation.name)
