"""Refs: found wherever a spec holds them, filled when known, kept when nothing here moves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.plan.model import Key, Ref
from reconciler.plan.refs import fill, keep, open_fields, refs

STORE, GROUP = Key("us-east-1", "store", "alice"), Key("us-east-1", "group", "alice")
ID, NAME, SG = Ref(STORE, "id"), Ref(STORE, "name"), Ref(GROUP, "id")


@dataclass(frozen=True)
class Inner:
    source: str | Ref


@dataclass(frozen=True)
class Spec:
    value: Any = None
    plain: Any = "x"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (ID, [ID]),
        ((ID, "x", SG), [ID, SG]),
        ([ID], [ID]),
        ({"home": {"id": ID, "at": "/home"}}, [ID]),
        (frozenset({Inner(SG)}), [SG]),
        (Inner(ID), [ID]),
        ("text", []),
        (STORE, []),
        (None, []),
        ({"mounts": ({"dns": ID, "name": NAME},)}, [ID, NAME]),
    ],
    ids=["plain", "tuple", "list", "map", "set", "dataclass", "text", "key", "none", "deep"],
)
def test_every_ref_inside_a_value_is_found(value: Any, found: list[Ref]) -> None:
    assert list(refs(value)) == found
    assert open_fields(Spec(value)) == ({"value": tuple(found)} if found else {})


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        (ID, "fs-1"),
        ((ID, "x", SG), ("fs-1", "x", SG)),
        ([ID], ["fs-1"]),
        ({"home": {"id": ID}}, {"home": {"id": "fs-1"}}),
        (frozenset({Inner(ID)}), frozenset({Inner("fs-1")})),
        (SG, SG),
    ],
)
def test_known_refs_are_filled_and_others_stay(value: Any, filled: Any) -> None:
    spec = Spec(value)
    assert fill(spec, open_fields(spec), {ID: "fs-1"}) == Spec(filled)
    assert spec == Spec(value), "nothing is changed in place"


@pytest.mark.parametrize(
    ("value", "known", "moving", "kept"),
    [
        (ID, {}, set(), True),
        (ID, {}, {STORE}, False),
        ((ID, SG), {}, {STORE}, True),
        ((ID, SG), {SG: "sg-1"}, {STORE}, False),
        ((ID, SG), {}, {STORE, GROUP}, False),
    ],
    ids=["nobody-moves-it", "moves-here", "one-does-not", "the-other-is-known", "both-move"],
)
def test_an_open_field_stays_as_it_is_unless_this_plan_moves_its_target(
    value: Any, known: Mapping[Ref, str], moving: set[Key], kept: bool
) -> None:
    spec, live = Spec(value, plain="new"), Spec("as it is", plain="old")
    result = keep(spec, live, open_fields(spec), known, moving)
    assert result == Spec("as it is" if kept else value, plain="new")


def test_a_ref_reads_as_what_it_waits_for() -> None:
    assert str(ID) == "(known after store alice is applied)"
