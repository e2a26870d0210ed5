"""`workstation why`: the cause and the next step of everything that keeps one from running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.commands.model import Reason
from reconciler.commands.why import reason
from reconciler.declare.fleet import Fallback
from reconciler.power.failure_causes import Cause
from reconciler.sandbox.control.interruption import interrupt
from reconciler.schedule.cron import CronRule
from reconciler.schedule.hours import Hours
from reconciler.workstation.model import Group, Member
from reconciler.workstation.runtime_tags import NORMAL
from tests.power.hand import Hand

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)  # a Monday
HOURS = Hours(
    (
        CronRule("start", "cron(0 9 ? * MON-FRI *)", "Europe/Berlin"),
        CronRule("stop", "cron(0 19 ? * MON-FRI *)", "Europe/Berlin"),
    )
)
WANTED = Group(
    region="us-east-1",
    name="acme-alice",
    site="acme",
    fleet="vision",
    workstation="alice",
    owner="alice@example.com",
    desired=1,
    sizes=NORMAL,
    members=(),
    suspended=frozenset({"AZRebalance"}),
    on_demand=False,
    override="",
    fallback=None,
)
OFF = replace(WANTED, desired=0)
UP = Member("i-0b", "g6.xlarge", "us-east-1a", "InService")


def activity(
    minutes: int, status: str, message: str = "", description: str = "", cause: str = ""
) -> dict[str, Any]:
    """A scaling activity so many minutes ago."""
    return {
        "StartTime": NOW - timedelta(minutes=minutes),
        "StatusCode": status,
        "StatusMessage": message,
        "Description": description or "Launching a new EC2 instance",
        "Cause": cause,
        "Details": '{"Subnet ID":"subnet-1","Availability Zone":"us-east-1a"}',
    }


def ended(minutes: int, cause: str, id_: str = "i-0a") -> dict[str, Any]:
    return activity(minutes, "Successful", "", f"Terminating EC2 instance: {id_}", cause)


def why(group: Group, *found: dict[str, Any], lost_code: str = "") -> Reason:
    return reason(group, HOURS, found, NOW, lost_code)


# One message of some causes, with a word of the next step; test_failures.py has all of them.
MESSAGES = [
    (
        "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due "
        "to your request configuration. Please adjust your request and try again. Launching EC2 "
        "instance failed.",
        Cause.SPOT_CAPACITY,
        "Auto Scaling keeps asking",
    ),
    (
        "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count "
        "exceeded. Launching EC2 instance failed.",
        Cause.SPOT_QUOTA,
        "Spot Instance Requests",
    ),
    (
        "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU "
        "capacity than your current vCPU limit of 0 allows for the instance bucket that the "
        "specified instance type belongs to.",
        Cause.ON_DEMAND_QUOTA,
        "Running On-Demand instances",
    ),
    (
        "Could not launch Spot Instances. InvalidFleetConfiguration - Your requested instance type "
        "(g6.xlarge) is not supported in your requested Availability Zone (us-east-1e). Launching "
        "EC2 instance failed.",
        Cause.NOT_OFFERED,
        "availability_zones",
    ),
    (
        "There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number "
        "of instances. Launching EC2 instance failed.",
        Cause.ADDRESS,
        "add a subnet",
    ),
    (
        "Could not launch Spot Instances. AuthFailure.ServiceLinkedRoleCreationNotPermitted - The "
        "provided credentials do not have permission to create the service-linked role for EC2 "
        "Spot Instances.",
        Cause.SERVICE_ROLE_DENIED,
        "create-service-linked-role",
    ),
    (
        "Instance became unhealthy while waiting for instance to be in InService state. "
        "Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an "
        "incorrect state",
        Cause.KEY,
        "enable the key",
    ),
    ("Something that is new.", Cause.OTHER, "show the message"),
]


@pytest.mark.parametrize(("message", "cause", "step"), MESSAGES, ids=lambda it: str(it)[:40])
def test_a_failed_launch_is_told_with_its_cause_its_mender_and_a_step(
    message: str, cause: Cause, step: str
) -> None:
    found = why(WANTED, activity(2, "Failed", message), activity(9, "Failed", message))
    assert found.code == cause.code
    assert found.why.startswith(cause.why)
    assert "failed 2 times since Mon 23 Nov 10:51 CET, last Mon 23 Nov 10:58 CET" in found.why
    assert step in found.step
    assert found.mender is cause.mender
    assert found.details["message"] == message
    assert found.details["times"] == 2
    if cause is Cause.OTHER:
        assert "Something that is new" in found.why


def test_it_names_market_type_and_zone() -> None:
    found = why(WANTED, activity(2, "Failed", MESSAGES[3][0]))
    assert "(InvalidFleetConfiguration g6.xlarge us-east-1a)" in found.why
    assert "; Spot failed once since" in found.why


def test_what_failed_last_is_not_the_cause_by_being_last() -> None:
    """One pool that is not offered says nothing of the others, which have no capacity."""
    no_capacity, offer = (MESSAGES[n][0] for n in (0, 3))
    falls_back = replace(WANTED, fallback=Fallback(600, 28800))
    found = why(falls_back, activity(1, "Failed", offer), activity(4, "Failed", no_capacity))
    assert found.code == "spot-capacity"
    assert found.why.startswith(Cause.SPOT_CAPACITY.why)
    assert "On-Demand from Mon 23 Nov 11:06 CET" in found.step


def test_on_demand_is_promised_where_it_is_declared() -> None:
    no_capacity = activity(2, "Failed", MESSAGES[0][0]), activity(9, "Failed", MESSAGES[0][0])
    assert "On-Demand" not in why(WANTED, *no_capacity).step
    falls_back = replace(WANTED, fallback=Fallback(600, 28800))
    assert "On-Demand from Mon 23 Nov 11:01 CET" in why(falls_back, *no_capacity).step
    quota = activity(2, "Failed", MESSAGES[2][0])
    assert "On-Demand from" not in why(falls_back, quota).step


GOING = "At 2026-11-23T09:00:00Z "
HEALTH = GOING + "an instance was taken out of service in response to an EC2 health check"
SCHEDULED = GOING + "a scheduled action update of AutoScalingGroup constraints to min: 0, max: 1"
USER = GOING + "a user request explicitly set group desired capacity changing it from 1 to 0."

CASES: dict[str, tuple[Group, tuple[dict[str, Any], ...], str, str, str]] = {
    "kept off": (
        replace(OFF, override="off until 2026-12-01T08:00:00Z ann"),
        (),
        "kept-off",
        "kept off until Tue 01 Dec 09:00 CET (the tag names ann)",
        "ends that and turns it on",
    ),
    "its start was lost": (
        OFF,
        (ended(64 * 60 - 1, USER),),
        "start-lost",
        "its start of Mon 23 Nov 09:00 CET did not come: AWS could not act on it in time",
        "`workstation start alice` turns it on; it starts by itself Tue 24 Nov 09:00 CET",
    ),
    "its start was kept off": (
        replace(OFF, override="off until 2026-11-23T08:30:00Z"),
        (ended(64 * 60 - 1, USER),),
        "schedule",
        "its schedule turned it off Fri 20 Nov 19:01 CET",
        "it starts by itself Tue 24 Nov 09:00 CET",
    ),
    "by somebody": (
        OFF,
        (ended(30, USER),),
        "person",
        "somebody turned it off Mon 23 Nov 10:30 CET",
        "`workstation start alice`",
    ),
    "an override ended": (
        OFF,
        (ended(30, SCHEDULED),),
        "override-ended",
        "what kept it on ended Mon 23 Nov 10:30 CET",
        "`workstation start alice`",
    ),
    "never ran": (OFF, (), "off", "has not run in the six weeks", "`workstation start alice`"),
    "given up": (
        OFF,
        (activity(5, "Failed", MESSAGES[0][0]),),
        "off-after-failure",
        "its last start failed Mon 23 Nov 10:55 CET: AWS has no Spot capacity left",
        "`workstation start alice`",
    ),
    "launches suspended": (
        replace(WANTED, suspended=frozenset({"Launch"})),
        (activity(5, "Failed", MESSAGES[0][0]),),
        "suspended",
        "launches are suspended",
        "the next run of `reconcile` resumes",
    ),
    "coming": (
        WANTED,
        (activity(1, "PreInService"),),
        "launching",
        "coming up since Mon 23 Nov 10:59 CET",
        "wait",
    ),
    "not tried": (WANTED, (), "asked", "has not tried yet", "wait a minute"),
    "taken by spot": (
        WANTED,
        (ended(1, HEALTH),),
        "lost",
        "Spot took i-0a back Mon 23 Nov 10:59 CET",
        "Auto Scaling asks for another",
    ),
    "held by a hook": (
        replace(WANTED, members=(replace(UP, id="i-0a", lifecycle="Terminating:Wait"),)),
        ({**ended(1, HEALTH), "StatusCode": "MidLifecycleAction"},),
        "lost",
        "Spot took i-0a back Mon 23 Nov 10:59 CET",
        "Auto Scaling asks for another",
    ),
    "replaced": (
        replace(WANTED, members=(UP,), home="ebs"),
        (activity(3, "Successful"), ended(4, HEALTH)),
        "replaced",
        "Spot took i-0a back Mon 23 Nov 10:56 CET",
        "the home is as it was",
    ),
    "replaced without a home": (
        replace(WANTED, members=(UP,), home="none"),
        (activity(3, "Successful"), ended(4, HEALTH)),
        "replaced",
        "Spot took i-0a back Mon 23 Nov 10:56 CET",
        "there is no home, so nothing is kept",
    ),
    "on": (
        replace(WANTED, members=(UP,)),
        (activity(60, "Successful"),),
        "on",
        "it is on since Mon 23 Nov 10:00 CET",
        "workstation connect alice",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_other_cause(case: str) -> None:
    group, found, code, says, step = CASES[case]
    lost = "Server.SpotInstanceTermination" if code in ("lost", "replaced") else ""
    answer = why(group, *found, lost_code=lost)
    assert answer.code == code
    assert says in answer.why
    assert step in answer.step


@pytest.mark.parametrize(
    ("hour", "minute", "code", "says"),
    [
        (7, 59, "schedule", "its schedule turned it off Fri 20 Nov 19:01 CET"),
        (8, 0, "start-due", "its start of Mon 23 Nov 09:00 CET has not come yet; it comes by Mon"),
        (8, 22, "start-due", "it comes by Mon 23 Nov 09:22 CET"),
        (8, 23, "start-lost", "its start of Mon 23 Nov 09:00 CET did not come"),
    ],
)
def test_a_start_is_lost_when_it_can_come_no_more(
    hour: int, minute: int, code: str, says: str
) -> None:
    at = NOW.replace(hour=hour, minute=minute)
    answer = reason(OFF, HOURS, [ended(64 * 60 - 1, USER)], at)
    assert answer.code == code
    assert says in answer.why


def test_failures_of_another_start_are_not_counted() -> None:
    yesterday = [activity(60 * 24 + n, "Failed", MESSAGES[1][0]) for n in range(3)]
    assert why(WANTED, *yesterday).code == "asked"
    found = why(WANTED, activity(2, "Failed", MESSAGES[0][0]), *yesterday)
    assert (found.code, found.details["times"]) == ("spot-capacity", 1)


def test_a_stop_before_this_start_is_no_loss() -> None:
    assert why(WANTED, ended(5, USER)).code == "asked"


def test_a_shutdown_from_inside_is_not_laid_on_spot() -> None:
    found = why(WANTED, ended(1, HEALTH), lost_code="Client.InstanceInitiatedShutdown")
    assert "shut down from inside" in found.why


def test_a_market_without_capacity_after_spot_took_it_tells_both() -> None:
    found = why(
        WANTED,
        activity(1, "Failed", MESSAGES[0][0]),
        ended(4, HEALTH),
        lost_code="Server.SpotInstanceTermination",
    )
    assert found.code == "spot-capacity"
    assert found.why.endswith("Spot took i-0a back Mon 23 Nov 10:56 CET")


def test_the_command_tells_it_in_two_lines_and_in_json(hand: Callable[..., Hand]) -> None:
    cli = hand()
    assert "has not run in the six weeks" in cli("why alice").out
    cli.days.to("Mon 12:00")
    [member] = cli.days.group()["Instances"]
    cli.days.sandbox.capacity.take("*")
    interrupt(cli.days.sandbox.world, "us-east-1", member["InstanceId"], at_once=True)
    cli.days.sandbox.clock.forward(timedelta(minutes=3))
    result = cli("why alice")
    assert result.out.startswith(
        "alice: AWS has no Spot capacity left in any of its instance types"
    )
    assert f"Spot took {member['InstanceId']} back Mon 23 Nov 12:00 CET" in result.out
    assert "Who can fix it: AWS, by itself." in result.out
    document = cli("why alice -o json").json
    assert document["code"] == "spot-capacity"
    assert document["mended_by"] == "nobody"
    assert document["details"]["market"] == "spot"
    assert document["details"]["code"] == "UnfulfillableCapacity"
    cli("stop alice")
    assert "its last start failed" in cli("why alice").out
