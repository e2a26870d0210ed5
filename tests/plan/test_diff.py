"""Which fields of two specs differ, and how a difference inside a field is worded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.plan.diff import differing
from reconciler.plan.update_policy import IN_PLACE


@dataclass(frozen=True)
class Thing:
    name: str = "identity"
    size: int | None = 1
    zones: tuple[str, ...] = ("a", "b")
    needs: Mapping[str, Any] = field(default_factory=dict)


POLICIES = {"size": IN_PLACE, "zones": IN_PLACE, "needs": IN_PLACE}


def words(live: Thing, desired: Thing) -> list[tuple[str, Any, Any]]:
    return [(each.path, each.old, each.new) for each in differing(live, desired, POLICIES)]


@pytest.mark.parametrize(
    ("live", "desired", "changes"),
    [
        (Thing(), Thing(), []),
        (Thing(size=1), Thing(size=2), [("size", 1, 2)]),
        (Thing(size=None), Thing(size=2), [("size", None, 2)]),
        (Thing(zones=("a",)), Thing(zones=()), [("zones", ("a",), ())]),
        (Thing(size=1, zones=("a",)), Thing(size=2, zones=("b",)), None),
    ],
    ids=["same", "differs", "was-not-there", "empty-is-a-value", "two"],
)
def test_plain_fields(
    live: Thing, desired: Thing, changes: list[tuple[str, Any, Any]] | None
) -> None:
    found = words(live, desired)
    assert found == ([("size", 1, 2), ("zones", ("a",), ("b",))] if changes is None else changes)


def test_none_means_not_declared() -> None:
    assert words(Thing(size=7), Thing(size=None)) == []


def test_identity_never_differs() -> None:
    assert words(Thing(name="a"), Thing(name="b")) == []


NEEDS = {"VCpuCount": {"Min": 4, "Max": 16}, "Types": ["g5.*", "g6.*"], "Metal": "excluded"}


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        (NEEDS, []),
        ({**NEEDS, "VCpuCount": {"Min": 8, "Max": 16}}, [("needs.VCpuCount.Min", 4, 8)]),
        ({**NEEDS, "VCpuCount": {"Min": 4}}, [("needs.VCpuCount.Max", 16, None)]),
        ({**NEEDS, "Burst": "included"}, [("needs.Burst", None, "included")]),
        (
            {**NEEDS, "VCpuCount": {"Min": 8, "Max": 32}},
            [("needs.VCpuCount.Max", 16, 32), ("needs.VCpuCount.Min", 4, 8)],
        ),
        (
            {**NEEDS, "Types": ["g5.*", "p5.*"]},
            [("needs.Types", ["g5.*", "g6.*"], ["g5.*", "p5.*"])],
        ),
        ({**NEEDS, "Types": ["g5.*"]}, [("needs.Types", ["g5.*", "g6.*"], ["g5.*"])]),
        ({**NEEDS, "Metal": ["x"]}, [("needs.Metal", "excluded", ["x"])]),
        ({**NEEDS, "VCpuCount": None}, [("needs.VCpuCount", {"Min": 4, "Max": 16}, None)]),
    ],
    ids=[
        "same",
        "inside",
        "taken-out",
        "put-in",
        "two-inside-in-order",
        "list-whole",
        "shorter-list-once",
        "another-type",
        "null",
    ],
)
def test_a_difference_inside_a_field_is_told_by_its_path(
    new: Mapping[str, Any], changes: list[tuple[str, Any, Any]]
) -> None:
    found = differing(Thing(needs=NEEDS), Thing(needs=new), POLICIES)
    assert [(each.path, each.old, each.new) for each in found] == changes
    assert {each.field for each in found} <= {"needs"}


def test_lists_of_maps_are_one_value_too() -> None:
    old, new = {"mounts": [{"at": "/a"}, {"at": "/b"}]}, {"mounts": [{"at": "/a"}, {"at": "/c"}]}
    assert words(Thing(needs=old), Thing(needs=new)) == [
        ("needs.mounts", [{"at": "/a"}, {"at": "/b"}], [{"at": "/a"}, {"at": "/c"}])
    ]


def test_a_key_with_a_dot_is_a_step_of_its_own() -> None:
    assert words(Thing(needs={"a.b": 1}), Thing(needs={"a.b": 2})) == [("needs.a.b", 1, 2)]
