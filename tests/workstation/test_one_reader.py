"""Live workstations are read by one room: in few calls, and nowhere else."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.workstation import read
from tests.support.fake_aws import FakeAws

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


def region(odd: str = "") -> FakeAws:
    """EC2 and Systems Manager, of one region where every instance that is asked for stands."""

    def instances(Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        found = [_instance(id_, odd=id_ == odd) for id_ in Filters[0]["Values"]]
        return {"Reservations": [{"Instances": [instance]} for instance in found]}

    def information(Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        return {
            "InstanceInformationList": [
                {"InstanceId": id_, "PingStatus": "Online" if id_ != "i-9" else "Inactive"}
                for id_ in Filters[0]["Values"]
            ]
        }

    return FakeAws(describe_instances=instances, describe_instance_information=information)


def _instance(id_: str, *, odd: bool) -> dict[str, Any]:
    return {
        "InstanceId": id_,
        "InstanceType": "g6.xlarge",
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "State": {} if odd else {"Name": "running"},
        "LaunchTime": NOW,
        "InstanceLifecycle": "spot",
    }


def test_many_instances_are_as_few_calls_as_their_filters_allow() -> None:
    aws = region()
    found = read.instances(aws, [f"i-{number}" for number in range(250)])
    assert len(found) == 250
    sizes = [(call.operation, len(call.parameters["Filters"][0]["Values"])) for call in aws.calls]
    assert sizes == [
        ("describe_instances", 200),
        ("describe_instances", 50),
        *(("describe_instance_information", size) for size in (100, 100, 50)),
    ]


def test_no_instance_is_no_call() -> None:
    aws = region()
    assert read.instances(aws, []) == {}
    assert read.instance(aws, None) is None
    assert aws.calls == []


def test_one_odd_instance_is_a_warning_and_the_others_are_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        found = read.instances(region(odd="i-1"), ["i-0", "i-1", "i-9"])
    assert {id_: each.online for id_, each in found.items()} == {"i-0": True, "i-9": False}
    assert "i-1 cannot be read" in caplog.text
