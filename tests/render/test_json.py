"""The JSON plan keeps its promise: the schema, the order, and no character that could harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.plan.model import FieldChange, Key, Plan, Ref, Report
from reconciler.render.as_json import document, dumps
from tests.render.samples import ALL, HOSTILE, report, update

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas/plan.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("report", ALL.values(), ids=list(ALL))
def test_every_report_is_as_the_schema_says(report: Report) -> None:
    shown = json.loads(dumps(document(report)))
    VALIDATOR.validate(shown)


def described(schema: Any, path: str = "") -> list[str]:
    """List the properties without a description."""
    if isinstance(schema, list):
        return [
            gap for index, node in enumerate(schema) for gap in described(node, f"{path}/{index}")
        ]
    if not isinstance(schema, dict):
        return []
    gaps = [
        f"{path}/{name}"
        for name, node in schema.get("properties", {}).items()
        if "description" not in node and "$ref" not in node
    ]
    return gaps + [
        gap for name, node in schema.items() for gap in described(node, f"{path}/{name}")
    ]


def test_every_field_is_described() -> None:
    assert described(SCHEMA) == []
    assert [name for name, node in SCHEMA["$defs"].items() if "description" not in node] == []


def test_nothing_is_printed_that_the_schema_does_not_know() -> None:
    assert SCHEMA["$defs"]["report"]["additionalProperties"] is False
    assert set(document(HOSTILE)) == set(SCHEMA["$defs"]["report"]["properties"])


def test_hostile_strings_stay_strings() -> None:
    shown = dumps(document(HOSTILE))
    assert shown.isascii()
    assert "\x1b" not in shown
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


def test_values_keep_their_type() -> None:
    ref = Ref(Key("us-east-1", "topic", "acme"), "arn")
    values = (None, True, 3, "3", ("a", 1), {"k": (False,)}, frozenset({"b", "a"}), ref)
    changes = tuple(FieldChange("f", str(n), None, value) for n, value in enumerate(values))
    rows = document(report(Plan(changes=(update("alice", *changes),))))["changes"][0]["fields"]
    known_after = {"region": "us-east-1", "kind": "topic", "name": "acme", "attribute": "arn"}
    expected = [None, True, 3, "3", ["a", 1], {"k": [False]}, ["a", "b"]]
    assert [row["new"] for row in rows] == [*expected, {"known_after": known_after}]
