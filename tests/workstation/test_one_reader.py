"""Live workstations are read by one room: in few calls, and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.workstation import read

PRODUCT = Path(read.__file__).parent.parent
OPERATIONS = (
    "describe_auto_scaling_groups",
    "describe_instance_information",
    "describe_instances",
    "describe_scaling_activities",
    "describe_scheduled_actions",
)
NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_group_and_its_instance_are_described_in_one_file(operation: str) -> None:
    """Whoever asks AWS a second way, in another file, reads tags and oddities a second way too."""
    places = {
        str(path.relative_to(PRODUCT))
        for path in PRODUCT.rglob("*.py")
        if f'"{operation}"' in path.read_text() and "sandbox" not in path.parts
    }
    assert places == {"workstation/describe.py"}


@dataclass
class Region:
    """EC2 and Systems Manager, of one region where every instance that is asked for stands."""

    region: str = "us-east-1"
    account: str = "123456789012"
    partition: str = "aws"
    odd: frozenset[str] = frozenset()
    calls: list[tuple[str, int]] = field(default_factory=list)  # and how many ids each names

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        raise AssertionError(operation)

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        [by_id] = parameters["Filters"]
        self.calls.append((operation, len(by_id["Values"])))
        for id_ in by_id["Values"]:
            if operation == "describe_instances":
                yield {"Instances": [self._instance(id_)]}
            else:
                yield {"InstanceId": id_, "PingStatus": "Online" if id_ != "i-9" else "Inactive"}

    def _instance(self, id_: str) -> dict[str, Any]:
        return {
            "InstanceId": id_,
            "InstanceType": "g6.xlarge",
            "Placement": {"AvailabilityZone": "us-east-1a"},
            "State": {} if id_ in self.odd else {"Name": "running"},
            "LaunchTime": NOW,
            "InstanceLifecycle": "spot",
        }


def test_many_instances_are_as_few_calls_as_their_filters_allow() -> None:
    region = Region()
    found = read.instances(region, [f"i-{number}" for number in range(250)])
    assert len(found) == 250
    assert region.calls == [
        ("describe_instances", 200),
        ("describe_instances", 50),
        *(("describe_instance_information", size) for size in (100, 100, 50)),
    ]


def test_no_instance_is_no_call() -> None:
    region = Region()
    assert read.instances(region, []) == {}
    assert read.instance(region, None) is None
    assert region.calls == []


def test_one_odd_instance_is_a_warning_and_the_others_are_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        found = read.instances(Region(odd=frozenset({"i-1"})), ["i-0", "i-1", "i-9"])
    assert {id_: each.online for id_, each in found.items()} == {"i-0": True, "i-9": False}
    assert "i-1 cannot be read" in caplog.text
