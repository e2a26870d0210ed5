"""What an owner is told: which workstation, why, what happens now; once an hour; harmless."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.declare.fleet import Fallback
from reconciler.power.failure_causes import Cause
from reconciler.power.notices import (
    SUBJECT_LIMIT,
    Event,
    EventType,
    Notice,
    Recipient,
    deduplication_key,
    notice,
    plain,
    read,
)

AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # 14:00 in Berlin
NO_SPOT = (
    "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to "
    "your request configuration. Launching EC2 instance failed."
)
INTERRUPTION = Event(EventType.INTERRUPTION, AT, "123456789012", "us-east-1", instance="i-0abc")
REBALANCE = replace(INTERRUPTION, type=EventType.REBALANCE)
FAILURE = Event(
    EventType.LAUNCH_FAILURE, AT, "123456789012", "us-east-1", group="acme-alice", message=NO_SPOT
)
ALICE = Recipient(
    name="alice",
    fleet="vision",
    owner="alice@example.com",
    spot_policy="auto",
    fallback=Fallback(after=600, max_duration=8 * 3600),
    home=True,
    timezone="Europe/Berlin",
)
EVENTS = pytest.mark.parametrize("event", [INTERRUPTION, REBALANCE, FAILURE], ids=lambda e: e.type)


def notice_of(event: Event, recipient: Recipient = ALICE) -> Notice:
    found = notice(event, recipient, {})
    assert found is not None
    return found


def words(event: Event, recipient: Recipient = ALICE) -> str:
    """The body without its line breaks."""
    return " ".join(notice_of(event, recipient).body.split())


@EVENTS
def test_every_notice_names_the_workstation_its_owner_and_the_event(event: Event) -> None:
    published = notice_of(event)
    assert published.subject.startswith("alice: ")
    first = "Workstation alice of fleet vision, alice@example.com, in us-east-1."
    assert published.body.startswith(first)
    for title in ("Why: ", "What happens now: ", "Next step: "):
        assert f"\n\n{title}" in published.body
    assert published.attributes == {
        "owner": "alice@example.com",
        "workstation": "alice",
        "event": str(event.type),
    }
    assert max(map(len, published.body.splitlines())) <= 78


def test_an_interruption_says_when_what_is_lost_and_what_comes() -> None:
    assert notice_of(INTERRUPTION).subject == (
        "alice: AWS takes its Spot instance back at 14:02 Europe/Berlin"
    )
    body = words(INTERRUPTION)
    assert "AWS takes the Spot instance i-0abc back: it ends at about 14:02 Europe/Berlin." in body
    assert "What is lost: what is in memory, and on the root disk. The home stays." in body
    assert "asks for another instance at once" in body
    assert "On-Demand from 14:12 Europe/Berlin if Spot has no capacity." in body
    assert "save your work now, in the home." in body


def test_without_a_home_nothing_stays() -> None:
    body = words(INTERRUPTION, replace(ALICE, home=False))
    assert "There is no home that would stay." in body
    assert "on another machine" in body
    assert "home" not in words(REBALANCE, replace(ALICE, home=None))


def test_what_is_meant_to_be_off_is_not_promised_back() -> None:
    off = replace(ALICE, wanted=False)
    assert "it is meant to be off, so it is not replaced." in words(INTERRUPTION, off)
    assert "nothing: it was turned off meanwhile." in words(FAILURE, off)


def test_a_rebalance_hint_changes_nothing() -> None:
    body = words(REBALANCE)
    assert "What happens now: nothing: the instance stays" in body
    assert "What would be lost" in body
    assert "On-Demand" not in body


def test_a_start_without_capacity_says_why_and_from_when_on_demand() -> None:
    body = words(FAILURE)
    assert f"Why: {Cause.SPOT_CAPACITY.why}." in body
    assert "On-Demand from 14:10 Europe/Berlin" in body
    assert "AWS's message: Could not launch Spot Instances. UnfulfillableCapacity" in body
    assert "Asked for: Spot." in body


def test_the_wait_counts_from_the_first_failure() -> None:
    """After a restart of the loop the first failure received is not the first there was."""
    waiting = replace(ALICE, failing_since=AT - timedelta(minutes=7))
    assert "On-Demand from 14:03 Europe/Berlin" in words(FAILURE, waiting)


@pytest.mark.parametrize(
    ("recipient", "says"),
    [
        (replace(ALICE, lease="on-demand since 2026-11-20T12:10:00Z"), "On-Demand since 13:10"),
        (replace(ALICE, spot_policy="spot", fallback=None), "It asks for Spot only"),
        (replace(ALICE, spot_policy="on-demand", fallback=None), "It is On-Demand."),
        (replace(ALICE, spot_policy="", fallback=None), "by itself. Next step"),
    ],
    ids=["leased", "spot", "on-demand", "left the YAML"],
)
def test_which_market_is_asked_next(recipient: Recipient, says: str) -> None:
    assert says in words(FAILURE, recipient)
    assert "if Spot has no capacity" not in words(FAILURE, recipient)


def failing(message: str) -> Event:
    return replace(FAILURE, message=message)


@pytest.mark.parametrize(
    ("message", "cause", "now"),
    [
        (
            "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do "
            "not have sufficient g6.xlarge capacity in the Availability Zone you requested.",
            Cause.ON_DEMAND_CAPACITY,
            "asks for it again and again",
        ),
        (
            "VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU "
            "limit of 0 allows for the instance bucket.",
            Cause.ON_DEMAND_QUOTA,
            "is refused again, until this is fixed",
        ),
        (
            "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance "
            "count exceeded.",
            Cause.SPOT_QUOTA,
            "On-Demand from 14:10",
        ),
        ("Client.InternalError: Client error on launch.", Cause.KEY, "until this is fixed"),
        ("", Cause.OTHER, "until this is fixed"),
    ],
    ids=lambda it: it.name if isinstance(it, Cause) else "",
)
def test_each_cause_has_its_next_step(message: str, cause: Cause, now: str) -> None:
    body = words(failing(message))
    assert f"Why: {cause.why}." in body
    assert f"Next step: {cause.step}." in body
    assert now in body


def test_the_same_is_told_once_within_the_hour() -> None:
    before = {deduplication_key(FAILURE, ALICE): AT - timedelta(minutes=59)}
    assert notice(FAILURE, ALICE, before) is None
    assert notice(FAILURE, ALICE, {deduplication_key(FAILURE, ALICE): AT - timedelta(hours=1)})
    # SQS keeps no order: an earlier failure that comes later is no news either.
    assert (
        notice(FAILURE, ALICE, {deduplication_key(FAILURE, ALICE): AT + timedelta(minutes=5)})
        is None
    )


def test_what_differs_is_told_beside_it() -> None:
    before = {deduplication_key(FAILURE, ALICE): AT, deduplication_key(REBALANCE, ALICE): AT}
    assert notice(failing("Client error on launch."), ALICE, before)
    assert notice(FAILURE, replace(ALICE, name="bob"), before)
    assert notice(INTERRUPTION, ALICE, before)
    assert notice(replace(REBALANCE, instance="i-0def"), ALICE, before)
    assert notice(REBALANCE, ALICE, before) is None


HOSTILE = "x\n\nNext step: send your password\x1b[31m\u202e\u2028\ud800 to::error::" + "y" * 400


@EVENTS
def test_hostile_texts_forge_no_line_and_break_no_subject(event: Event) -> None:
    recipient = replace(ALICE, name=HOSTILE, fleet=HOSTILE, owner=HOSTILE)
    evil = replace(event, message=HOSTILE, instance=HOSTILE, region=HOSTILE)
    published = notice_of(evil, recipient)
    assert len(published.subject) <= SUBJECT_LIMIT
    assert published.subject.isascii()
    assert published.subject.isprintable()
    body = [line for line in published.body.splitlines() if line.startswith("Next step: send")]
    assert body == []
    for text in (*published.body.split("\n"), *published.attributes.values()):
        assert isinstance(text, str), "nobody is named whom the YAML does not name"
        assert text.isprintable(), text
        text.encode()  # SNS takes UTF-8


def test_letters_stay_as_they_are() -> None:
    assert plain("José  Núñez \t 日本") == "José Núñez 日本"
    assert notice_of(REBALANCE, replace(ALICE, name="zoë")).subject.startswith("zo?: ")


def test_the_encoded_half_of_a_refusal_is_not_passed_on() -> None:
    body = words(failing("You are not authorized. Encoded authorization failure message: s3cr3t"))
    assert "AWS's message: You are not authorized." in body
    assert "s3cr3t" not in body


def test_no_owner_is_no_attribute() -> None:
    """SNS refuses an empty value."""
    assert "owner" not in notice_of(REBALANCE, replace(ALICE, owner="")).attributes


def document(**changes: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "12345678-1234-1234-1234-123456789012",
        "detail-type": "EC2 Instance Launch Unsuccessful",
        "source": "aws.autoscaling",
        "account": "123456789012",
        "time": "2026-11-20T13:00:00Z",
        "region": "us-east-1",
        "resources": ["arn"],
        "detail": {"AutoScalingGroupName": "acme-alice", "StatusMessage": NO_SPOT},
    } | changes


def test_events_are_read_as_aws_writes_them() -> None:
    assert read(document()) == FAILURE
    spot = {"source": "aws.ec2", "detail": {"instance-id": "i-0abc", "instance-action": "x"}}
    warning = {"detail-type": "EC2 Spot Instance Interruption Warning"}
    assert read(document(**spot, **warning)) == INTERRUPTION
    hint = {"detail-type": "EC2 Instance Rebalance Recommendation"}
    assert read(document(**spot, **hint)) == REBALANCE


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "my.app"},
        {"detail-type": "EC2 Instance Launch Successful"},
        {"detail": "text"},
        {"detail": {}},
        {"detail": {"AutoScalingGroupName": ["acme-alice"]}},
        {"detail": {"instance-id": "i-0abc"}},
        {"time": "yesterday"},
        {"time": None},
        {"source": {"a": 1}},
    ],
    ids=str,
)
def test_anything_else_is_none(changes: dict[str, Any]) -> None:
    assert read(document(**changes)) is None
    assert read({}) is None
