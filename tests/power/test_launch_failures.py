"""What is read in AWS's words about failed launches: the cause, who mends it, whether to pay."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.plan.quotas import ON_DEMAND, SPOT
from reconciler.power.failure_causes import SPOT_UNAVAILABLE, Cause, Mender
from reconciler.power.launch_failures import MESSAGE_LIMIT, failing_since, judge, read, understand

ROWS: list[dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "launch_failures.yaml").read_text()
)
MARKETS = {"spot": "Spot", "on-demand": "On-Demand"}
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def shown(row: Mapping[str, str]) -> str:
    """The status message that Auto Scaling makes of what EC2 said."""
    if "code" in row:
        market = MARKETS[row.get("market", "spot")]
        return f"Could not launch {market} Instances. {row['code']} - {row['text']}"
    if "late" in row:
        return (
            "Instance became unhealthy while waiting for instance to be in InService state. "
            f"Termination Reason: {row['late']}: {row['text']}"
        )
    return row["text"]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['cause']}-{n}" for n, row in enumerate(ROWS)])
def test_every_text_that_was_found_has_its_cause_and_market(row: dict[str, str]) -> None:
    words = understand(shown(row))
    assert (words.cause.code, words.market) == (row["cause"], row.get("market", ""))
    if "code" in row:
        assert words.code == row["code"]


@pytest.mark.parametrize("row", [row for row in ROWS if "code" in row], ids=lambda row: row["code"])
def test_what_auto_scaling_cuts_off_changes_no_cause(row: dict[str, str]) -> None:
    """A status message has 255 characters (Auto Scaling API, Activity)."""
    assert understand(shown(row)[:255]).cause.code == row["cause"]


def test_no_text_takes_longer_than_its_first_characters() -> None:
    """Who writes one of 200,000 must not keep a run busy: AWS's are 255 long."""
    pad = "a1-" * 60_000
    within = f"{pad[:270]} g6.xlarge is not there. {pad}"
    assert understand(within).instance_type == "g6.xlarge"
    assert understand(f"{pad[:297]} g6.xlarge is not there").instance_type == ""
    failed = {"StartTime": NOW, "StatusCode": "Failed", "StatusMessage": within}
    found = read(failed)
    assert found is not None
    assert len(found.message) == MESSAGE_LIMIT


def test_the_table_is_what_it_says_of_itself() -> None:
    assert len(ROWS) >= 100
    assert len({shown(row) for row in ROWS}) == len(ROWS), "no text stands in it twice"
    assert all(row["source"].startswith("https://") for row in ROWS)
    assert {key for row in ROWS for key in row} == {
        "text", "code", "late", "market", "cause", "source",
    }  # fmt: skip
    never = {cause for cause in Cause if not Counter(row["cause"] for row in ROWS)[cause.code]}
    assert never == {Cause.OTHER}


@pytest.mark.parametrize("message", ["", "?", "Something new. Launching EC2 instance failed."])
def test_a_text_nobody_knows_is_shown_and_blocks_nothing(message: str) -> None:
    words = understand(message)
    assert (words.market, words.cause) == ("", Cause.OTHER)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (
            "Could not launch Spot Instances. AuthFailure.ServiceLinkedRoleCreationNotPermitted - "
            "The provided credentials do not have permission.",
            "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
        ),
        (
            "Instance became unhealthy while waiting for instance to be in InService state. "
            "Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key is",
            "Client.InvalidKMSKey.InvalidState",
        ),
        ("Client.InternalError: Client error on launch.", "Client.InternalError"),
        ("VcpuLimitExceeded - You have requested", "VcpuLimitExceeded"),
        ("Could not launch Spot Instances.", ""),
    ],
)
def test_a_code_with_dots_is_one_code(message: str, code: str) -> None:
    assert understand(message).code == code


def test_the_same_code_is_read_in_the_market_that_was_asked() -> None:
    late = (
        "Instance became unhealthy while waiting for instance to be in InService state. "
        "Termination Reason: Server.InsufficientInstanceCapacity: none"
    )
    assert understand(late).cause is Cause.SPOT_CAPACITY
    assert understand(late, "on-demand").cause is Cause.ON_DEMAND_CAPACITY
    message = "Could not launch On-Demand Instances. UnfulfillableCapacity - Unable to fulfill"
    assert understand(message, "spot").cause is Cause.ON_DEMAND_CAPACITY, "the message says it"


# -- quotas ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instance_type", "spot", "on_demand"),
    [
        ("g6.xlarge", "L-3819A6DF", "L-DB2E81BA"),
        ("gr6.4xlarge", "L-3819A6DF", "L-DB2E81BA"),
        ("p4d.24xlarge", "L-7212CCBC", "L-417A185B"),
        ("p3.2xlarge", "L-7212CCBC", "L-417A185B"),
        ("p5.48xlarge", "L-C4BD4855", "L-417A185B"),
        ("trn1.2xlarge", "L-6B0D517C", "L-2C3B7624"),
        ("m6i.large", "L-34B43A08", "L-1216C47A"),
    ],
)
def test_a_quota_is_named_by_the_type_it_counts(
    instance_type: str, spot: str, on_demand: str
) -> None:
    for code, market, quota in (
        ("MaxSpotInstanceCountExceeded", "Spot", spot),
        ("VcpuLimitExceeded", "On-Demand", on_demand),
    ):
        words = understand(f"Could not launch {market} Instances. {code} - {instance_type}: no.")
        assert quota in words.step
        others = {each.code for each in (*SPOT, *ON_DEMAND)} - {quota}
        assert not [each for each in others if each in words.step]


@pytest.mark.parametrize("cause", [Cause.SPOT_QUOTA, Cause.ON_DEMAND_QUOTA])
@pytest.mark.parametrize("instance_type", ["", "q9.large"])
def test_a_family_nobody_knows_is_told_no_familys_quota(cause: Cause, instance_type: str) -> None:
    step = cause.step_for(instance_type)
    assert "L-" not in step
    assert "Service Quotas, EC2" in step
    assert "`reconcile doctor`" in step


# -- causes ----------------------------------------------------------------------------------


def test_every_cause_says_why_who_and_what_next() -> None:
    for cause in Cause:
        assert not cause.why.endswith("."), cause
        assert cause.step, cause
        assert isinstance(cause.mender, Mender)
        assert "{" not in cause.step, cause


def test_on_demand_helps_where_spot_alone_is_short() -> None:
    assert {cause.code for cause in SPOT_UNAVAILABLE} == {
        "spot-capacity", "spot-quota", "interruption", "service-role-denied",
    }  # fmt: skip
    assert all(cause.reach == "market" for cause in SPOT_UNAVAILABLE)


def test_the_page_has_the_table_of_causes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text()
    shown = [line for line in page.splitlines() if re.match(r"\| `[a-z-]+` \|", line)]
    assert shown == [
        f"| `{cause.code}` | {cause.why} | {cause.mender.words} | {cause.step} | "
        f"{'yes' if cause.on_demand_helps else 'no'} |"
        for cause in Cause
    ]


# -- shortages -------------------------------------------------------------------------------

NO_SPOT = "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity."
SPOT_QUOTA = "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance."
NO_OFFER = (
    "Could not launch Spot Instances. InvalidFleetConfiguration - Your requested instance type "
    "(g6.xlarge) is not supported in your requested Availability Zone (us-east-1e)."
)
NO_ON_DEMAND = (
    "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not "
    "have sufficient g6.xlarge capacity in the Availability Zone you requested (us-east-1a)."
)
NO_PAID_QUOTA = "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested"
STRANGE = "Could not launch Spot Instances. Strange - Something new."
TAKEN = (
    "Instance became unhealthy while waiting for instance to be in InService state. "
    "Termination Reason: Server.SpotInstanceTermination: Spot instance termination"
)
KEY = (
    "Instance became unhealthy while waiting for instance to be in InService state. "
    "Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is"
)
FRESH = "Authentication Failure. Launching EC2 instance failed."
GONE = "The key pair x does not exist. Launching EC2 instance failed."


def failed(message: str, minutes: float) -> dict[str, Any]:
    return {
        "StartTime": NOW - timedelta(minutes=minutes),
        "StatusCode": "Failed",
        "StatusMessage": message,
        "Description": f"Launching a new EC2 instance.  Status Reason: {message}",
    }


def worked(minutes: float) -> dict[str, Any]:
    return {
        "StartTime": NOW - timedelta(minutes=minutes),
        "StatusCode": "Successful",
        "Description": "Launching a new EC2 instance: i-1",
    }


SHORTAGES: dict[str, tuple[list[dict[str, Any]], Cause, float, float | None]] = {
    "one cause": (
        [failed(NO_SPOT, 1), failed(NO_SPOT, 11)], Cause.SPOT_CAPACITY, 11, 11,
    ),
    "a failure without a market between": (
        [failed(NO_SPOT, 1), failed(FRESH, 5), failed(NO_SPOT, 11)], Cause.SPOT_CAPACITY, 11, 11,
    ),
    "a failure without a market last": (
        [failed(FRESH, 1), failed(NO_SPOT, 11)], Cause.SPOT_CAPACITY, 11, 11,
    ),
    "a failure without a market first": (
        [failed(NO_SPOT, 1), failed(FRESH, 11)], Cause.SPOT_CAPACITY, 11, 1,
    ),
    "spot took it while it came": (
        [failed(TAKEN, 1), failed(NO_SPOT, 11)], Cause.INTERRUPTION, 11, 11,
    ),
    "one pool is not offered": (
        [failed(NO_OFFER, 1), failed(NO_SPOT, 2), failed(NO_OFFER, 11)], Cause.SPOT_CAPACITY, 11, 2,
    ),
    "no pool is offered": ([failed(NO_OFFER, 1), failed(FRESH, 9)], Cause.NOT_OFFERED, 9, None),
    "a text nobody knows last": (
        [failed(STRANGE, 1), failed(NO_SPOT, 11)], Cause.SPOT_CAPACITY, 11, 11,
    ),
    "a quota among capacity": (
        [failed(NO_SPOT, 1), failed(SPOT_QUOTA, 11)], Cause.SPOT_QUOTA, 11, 11,
    ),
    "mended meanwhile": ([failed(NO_SPOT, 1), failed(GONE, 11)], Cause.SPOT_CAPACITY, 11, 1),
    "broken meanwhile": ([failed(GONE, 1), failed(NO_SPOT, 11)], Cause.LAUNCH_TEMPLATE, 11, None),
    "a configuration between": (
        [failed(NO_SPOT, 1), failed(KEY, 5), failed(NO_SPOT, 11)], Cause.SPOT_CAPACITY, 11, 11,
    ),
    "the other market before": (
        [failed(NO_ON_DEMAND, 1), failed(NO_SPOT, 11)], Cause.ON_DEMAND_CAPACITY, 1, None,
    ),
    "a paid quota among capacity": (
        [failed(NO_ON_DEMAND, 1), failed(NO_PAID_QUOTA, 4)], Cause.ON_DEMAND_QUOTA, 4, None,
    ),
    "a launch that worked before": (
        [failed(NO_SPOT, 1), worked(5), failed(NO_SPOT, 11)], Cause.SPOT_CAPACITY, 1, 1,
    ),
    "nothing but what passes": ([failed(FRESH, 1), failed(FRESH, 3)], Cause.SERVICE_ROLE, 3, None),
}  # fmt: skip


@pytest.mark.parametrize("case", SHORTAGES)
def test_a_shortage_is_judged_on_all_its_failures(case: str) -> None:
    activities, cause, since, lacking = SHORTAGES[case]
    found = failing_since(activities)
    assert found is not None
    assert found.failure.cause is cause
    assert NOW - found.since == timedelta(minutes=since)
    assert found.lacking == (None if lacking is None else NOW - timedelta(minutes=lacking))
    assert found.last == activities[0]["StartTime"]


@pytest.mark.parametrize("activities", [[], [worked(1)], [worked(1), failed(NO_SPOT, 2)]])
def test_no_shortage_without_a_failure_since_the_last_launch(activities: list[Any]) -> None:
    assert failing_since(activities) is None
    assert judge([]) is None


@pytest.mark.parametrize("details", ["", "{", "[1]", '"x"', "null"])
def test_details_that_are_not_what_they_should_be_name_no_zone(details: str) -> None:
    failure = read({**failed(NO_SPOT, 1), "Details": details})
    assert failure is not None
    assert failure.zone == ""
