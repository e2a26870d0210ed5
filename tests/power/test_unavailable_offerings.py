"""What is remembered of launches that failed, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.power.failure_causes import Cause
from reconciler.power.unavailable_offerings import (
    QUOTAS,
    Offering,
    on_demand_unavailable,
    unavailable,
)

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SPOT = "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity."
QUOTA = "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more."
OFFER = (
    "Could not launch Spot Instances. InvalidFleetConfiguration - Your requested instance type "
    "(g6.xlarge) is not supported in your requested Availability Zone (us-east-1e)."
)


def failed(message: str, minutes: float, zone: str = "") -> dict[str, Any]:
    return {
        "StartTime": NOW - timedelta(minutes=minutes),
        "StatusCode": "Failed",
        "StatusMessage": message,
        "Description": "Launching a new EC2 instance.  Status Reason: " + message,
        "Details": f'{{"Availability Zone": "{zone}"}}' if zone else "",
    }


def worked(minutes: float) -> dict[str, Any]:
    return {
        "StartTime": NOW - timedelta(minutes=minutes),
        "StatusCode": "Successful",
        "Description": "Launching a new EC2 instance: i-1",
    }


def test_by_type_zone_and_market_the_newest_of_each() -> None:
    found = unavailable(
        [
            failed(SPOT, 1, "us-east-1a"),
            failed(OFFER, 2, "us-east-1e"),
            failed(SPOT, 3, "us-east-1a"),
        ],
        NOW,
    )
    assert {str(pool): failure.at for pool, failure in found.items()} == {
        "all types in us-east-1a spot": NOW - timedelta(minutes=1),
        "g6.xlarge in us-east-1e spot": NOW - timedelta(minutes=2),
    }


@pytest.mark.parametrize(
    ("message", "minutes", "known"),
    [(SPOT, 29, True), (SPOT, 31, False), (QUOTA, 31, True), (QUOTA, 61, False)],
)
def test_capacity_is_forgotten_sooner_than_a_quota(
    message: str, minutes: float, known: bool
) -> None:
    assert bool(unavailable([failed(message, minutes)], NOW)) is known


def test_a_launch_that_worked_makes_it_history() -> None:
    assert unavailable([worked(1), failed(QUOTA, 2)], NOW) == {}
    assert set(unavailable([failed(SPOT, 1), worked(2), failed(QUOTA, 3)], NOW)) == {
        Offering("", "", "spot")
    }


def test_unavailable_on_demand_says_why() -> None:
    found = on_demand_unavailable(unavailable([failed(SPOT, 1), failed(QUOTA, 5)], NOW))
    assert found is not None
    assert found.cause is Cause.ON_DEMAND_QUOTA
    assert on_demand_unavailable(unavailable([failed(SPOT, 1)], NOW)) is None


def test_one_pool_that_is_not_offered_on_demand_says_nothing_of_the_others() -> None:
    offer = OFFER.replace("Spot Instances", "On-Demand Instances")
    fresh = "Could not launch On-Demand Instances. ServiceLinkedRoleFailure - The service-linked"
    address = (
        "Could not launch On-Demand Instances. InsufficientFreeAddressesInSubnet - There are not "
        "enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances."
    )
    assert (
        on_demand_unavailable(unavailable([failed(m, 1) for m in (offer, fresh, address)], NOW))
        is None
    )
    gone = "Could not launch On-Demand Instances. InvalidAMIID.NotFound - The image id '[ami-1]'"
    found = on_demand_unavailable(unavailable([failed(offer, 1), failed(gone, 2)], NOW))
    assert found is not None
    assert found.cause is Cause.IMAGE


def test_every_quota_is_remembered_for_as_long() -> None:
    assert {cause for cause in Cause if cause.name.endswith("_QUOTA")} == QUOTAS
