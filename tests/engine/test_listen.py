"""What a pause that listens does: tells once, looks at once, deletes what was acted on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from reconciler.engine.listen import Place, act, listen, react, resolve
from reconciler.engine.queue import (
    HIDDEN,
    POLL,
    Message,
    Queue,
    delete,
    opened,
    publish,
    queue_of,
    receive,
)
from reconciler.errors import AwsError, Unreachable, UsageError
from reconciler.plan.run import Selection
from reconciler.power.notices import Event, Notice, What, read, topic_of
from tests.cli.fakes import YAML

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
URL = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/acme-events-loop"
NO_SPOT = "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity."
FAILED_AT = NOW - timedelta(minutes=4)


def tags(**changes: str) -> list[dict[str, str]]:
    owners = {
        "reconciler:site": "acme",
        "reconciler:fleet": "vision",
        "reconciler:workstation": "alice",
        "reconciler:owner": "alice@example.com",
    }
    both = owners | {name.replace("_", ":", 1): value for name, value in changes.items()}
    return [{"Key": key, "Value": value} for key, value in both.items()]


@dataclass
class Door:
    """As much of one region as listening asks."""

    region: str = "us-east-1"
    account: str = ACCOUNT
    partition: str = "aws"
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    queue: list[Message] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        self.calls.append((operation, parameters))
        if operation in self.broken:
            raise Unreachable(f"{service}:{operation}", "Timeout", "no answer", self.region)
        match operation:
            case "get_queue_url":
                return {"QueueUrl": URL}
            case "receive_message":
                return {"Messages": list(self.queue)} if self.queue else {}
            case "delete_message":
                self.queue = [
                    it for it in self.queue if it["ReceiptHandle"] != parameters["ReceiptHandle"]
                ]
            case "publish":
                self.published.append(parameters)
            case "describe_auto_scaling_groups":
                names = parameters["AutoScalingGroupNames"]
                return {"AutoScalingGroups": [self.groups[n] for n in names if n in self.groups]}
            case "describe_scaling_activities":
                assert parameters["AutoScalingGroupName"] in self.groups
                failed = {"StatusCode": "Failed", "StatusMessage": NO_SPOT, "StartTime": FAILED_AT}
                return {"Activities": [failed]}
            case _:
                raise AssertionError(operation)
        return {}

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        assert (service, operation, items) == ("ec2", "describe_instances", "Reservations")
        [by_id] = parameters["Filters"]
        for id_ in by_id["Values"]:
            if id_ in self.instances:
                yield {"Instances": [{"InstanceId": id_, "Tags": self.instances[id_]}]}


def group(**changes: str) -> dict[str, Any]:
    return {"AutoScalingGroupName": "acme-alice", "DesiredCapacity": 1, "Tags": tags(**changes)}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "vision.yaml").write_text(YAML)
    return load([tmp_path])


@pytest.fixture
def door() -> Door:
    return Door(
        groups={"acme-alice": group()},
        instances={"i-0abc": tags(**{"aws_autoscaling:groupName": "acme-alice"})},
    )


@dataclass
class World:
    """A loop's pause: its place, its memory, and what was run."""

    site: Site
    door: Door
    only: tuple[str, ...] = ()
    told: dict[tuple[str, ...], datetime] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    works: bool = True
    now: datetime = NOW

    @property
    def place(self) -> Place:
        return Place(self.site, lambda region: self.door, lambda: self.now, Selection(self.only))

    def run(self, names: tuple[str, ...]) -> bool:
        self.ran.append(names)
        return self.works

    def act(self, messages: Sequence[Message]) -> list[Message]:
        return act(messages, self.place, self.told, self.publish, self.run)

    def publish(self, region: str, notice: Notice) -> None:
        publish(self.site.name, self.door, notice)

    def hear(self, *bodies: Any) -> list[Message]:
        """Bodies arrive; what is left in the queue when all was acted on."""
        self.door.queue += [message(body, n) for n, body in enumerate(bodies)]
        ears = Queue(URL, self.door)
        for done in self.act(receive(ears, 20)):
            delete(ears, done)
        return self.door.queue

    @property
    def subjects(self) -> list[str]:
        return [it["Subject"] for it in self.door.published]


@pytest.fixture
def world(site: Site, door: Door) -> World:
    return World(site, door)


def message(body: Any, number: int = 0, attributes: Sequence[str] = ()) -> Message:
    text = body if isinstance(body, str) else json.dumps(body)
    named = {name: {"StringValue": "x", "DataType": "String"} for name in attributes}
    return {"Body": text, "ReceiptHandle": f"r{number}"} | (
        {"MessageAttributes": named} if named else {}
    )


def event(kind: str = "EC2 Instance Launch Unsuccessful", **changes: Any) -> dict[str, Any]:
    failed = {"AutoScalingGroupName": "acme-alice", "StatusMessage": NO_SPOT}
    auto = kind == "EC2 Instance Launch Unsuccessful"
    return {
        "id": "1",
        "source": "aws.autoscaling" if auto else "aws.ec2",
        "detail-type": kind,
        "account": ACCOUNT,
        "region": "us-east-1",
        "time": "2026-11-20T12:59:00Z",
        "detail": failed if auto else {"instance-id": "i-0abc"},
    } | changes


FAILURE = event()
INTERRUPTION = event("EC2 Spot Instance Interruption Warning")
REBALANCE = event("EC2 Instance Rebalance Recommendation")


def enveloped(body: Any, attributes: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:acme-events",
        "Message": body if isinstance(body, str) else json.dumps(body),
    } | ({"MessageAttributes": {key: {} for key in attributes}} if attributes else {})


def parsed(document: Mapping[str, Any]) -> Event:
    found = read(document)
    assert found is not None
    return found


# -- react: pure --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "wakes"), [(FAILURE, True), (INTERRUPTION, True), (REBALANCE, False)]
)
def test_what_an_event_calls_for(world: World, document: dict[str, Any], wakes: bool) -> None:
    who = resolve(parsed(document), world.place)
    assert who is not None
    reaction = react(parsed(document), who, {}, NOW)
    assert reaction.notice is not None
    assert reaction.notice.attributes["event"] == parsed(document).what
    assert reaction.wake is wakes


def test_a_repeat_is_looked_at_but_not_told(world: World) -> None:
    """The wait for On-Demand may be over by now."""
    who = resolve(parsed(FAILURE), world.place)
    assert who is not None
    told = {topic_of(parsed(FAILURE), who): NOW - timedelta(minutes=10)}
    assert react(parsed(FAILURE), who, told, NOW) == (None, True)


def test_what_comes_an_hour_late_is_no_news(world: World) -> None:
    who = resolve(parsed(FAILURE), world.place)
    assert who is not None
    assert react(parsed(FAILURE), who, {}, NOW + timedelta(hours=2)) == (None, False)


# -- resolve ------------------------------------------------------------------------------------


def test_who_is_from_the_tags_and_the_yaml(world: World) -> None:
    world.door.groups["acme-alice"] = group(
        reconciler_market="on-demand since 2026-11-20T12:00:00Z"
    )
    for document in (FAILURE, INTERRUPTION):
        who = resolve(parsed(document), world.place)
        assert who is not None
        assert (who.name, who.fleet, who.owner) == ("alice", "vision", "alice@example.com")
        assert who.spot_policy == world.site.workstations[0].spot_policy
        assert who.lease == "on-demand since 2026-11-20T12:00:00Z"
        assert who.wanted
        assert who.home is False
        assert who.dry_since == (FAILED_AT if document is FAILURE else None)


def test_one_that_left_the_yaml_is_told_and_not_run(world: World) -> None:
    world.site = replace(world.site, workstations=world.site.workstations[1:])
    assert world.hear(FAILURE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_an_instance_without_its_group_is_off(world: World) -> None:
    world.door.groups.clear()
    who = resolve(parsed(INTERRUPTION), world.place)
    assert who is not None
    assert not who.wanted
    assert resolve(parsed(FAILURE), world.place) is None


@pytest.mark.parametrize("document", [FAILURE, INTERRUPTION], ids=["group", "instance"])
def test_another_sites_event_is_thrown_away(world: World, document: dict[str, Any]) -> None:
    """acme-alice may be the workstation alice of acme, or ice of the site acme-al."""
    world.door.groups["acme-alice"] = group(reconciler_site="acme-al")
    world.door.instances["i-0abc"] = tags(reconciler_site="acme-al")
    assert world.hear(document) == []
    assert world.subjects == []
    assert world.ran == []
    asked = [name for name, _ in world.door.calls if name.startswith("describe")]
    assert asked == (["describe_auto_scaling_groups"] if document is FAILURE else [])


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "210987654321"},
        {"region": "eu-central-1"},
        {"region": "x.evil.example"},
        {"detail": {"AutoScalingGroupName": "acme-nobody"}},
    ],
    ids=str,
)
def test_what_is_not_here_is_thrown_away(world: World, changes: dict[str, Any]) -> None:
    assert world.hear(FAILURE | changes) == []
    assert world.subjects == []
    asked = {name for name, _ in world.door.calls}
    assert "describe_scaling_activities" not in asked


@pytest.mark.parametrize("id_", ["i-0def", "*", "i-0abc,i-0def"])
def test_an_instance_that_is_not_there(world: World, id_: str) -> None:
    assert world.hear(INTERRUPTION | {"detail": {"instance-id": id_}}) == []
    assert world.subjects == []


# -- act ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [enveloped, lambda it: it], ids=["envelope", "raw"])
def test_told_run_and_deleted(world: World, wrap: Callable[[Any], Any]) -> None:
    assert world.hear(wrap(FAILURE)) == []
    assert world.ran == [("alice",)]
    [said] = world.door.published
    assert said["TopicArn"] == f"arn:aws:sns:us-east-1:{ACCOUNT}:acme-events"
    assert said["MessageAttributes"] == {
        "owner": {"DataType": "String", "StringValue": "alice@example.com"},
        "workstation": {"DataType": "String", "StringValue": "alice"},
        "event": {"DataType": "String", "StringValue": "launch-failure"},
    }


def test_the_owner_is_told_before_the_run(world: World) -> None:
    """A run takes its time; an interruption leaves two minutes."""
    world.hear(INTERRUPTION)
    assert world.ran
    world.ran.clear()
    world.told.clear()

    def run(names: tuple[str, ...]) -> bool:
        assert len(world.subjects) == 2
        return True

    act([message(INTERRUPTION)], world.place, world.told, world.publish, run)


def test_a_hint_is_told_and_nothing_is_run(world: World) -> None:
    assert world.hear(REBALANCE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_duplicates_are_told_once_and_run_once(world: World) -> None:
    assert world.hear(FAILURE, FAILURE, enveloped(FAILURE)) == []
    assert len(world.subjects) == 1
    assert world.ran == [("alice",)]
    world.hear(FAILURE)
    assert len(world.subjects) == 1


def test_after_the_hour_it_is_news_again(world: World) -> None:
    world.hear(FAILURE)
    world.now += timedelta(hours=1, minutes=5)
    world.hear(FAILURE | {"time": "2026-11-20T14:04:00Z"})
    assert len(world.subjects) == 2
    assert len(world.told) == 1


def test_memory_is_pruned(world: World) -> None:
    world.hear(FAILURE, INTERRUPTION)
    assert len(world.told) == 2
    world.now += timedelta(hours=2)
    world.hear("nothing")
    assert world.told == {}


def test_a_message_stays_when_the_run_fails(world: World) -> None:
    world.works = False
    [left] = world.hear(FAILURE, REBALANCE)
    assert json.loads(left["Body"]) == FAILURE
    assert len(world.subjects) == 2
    world.works = True
    assert world.hear() == []  # it comes again: run, and not told twice
    assert world.ran == [("alice",), ("alice",)]
    assert len(world.subjects) == 2


@pytest.mark.parametrize("broken", ["publish", "describe_auto_scaling_groups"])
def test_a_message_stays_when_it_cannot_be_told(
    world: World, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.door.broken.add(broken)
    assert len(world.hear(FAILURE, "poison")) == 1
    assert world.ran == []
    assert "an event stays in the queue" in caplog.text
    world.door.broken.clear()
    assert world.hear() == []
    assert len(world.subjects) == 1


@pytest.mark.parametrize(
    "body",
    ["", "not json", "[]", "[" * 100_000, '{"Type": "Notification"}', {"source": "my.app"}],
    ids=lambda it: str(it)[:20],
)
def test_poison_is_logged_and_deleted(
    world: World, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.hear(body, FAILURE) == []
    assert "not an event, thrown away" in caplog.text
    assert world.ran == [("alice",)]


def test_our_own_notices_are_not_heard(world: World) -> None:
    world.hear(FAILURE)
    said = world.door.published[0]
    raw = message(said["Message"], attributes=list(said["MessageAttributes"]))
    wrapped = message(enveloped(said["Message"], list(said["MessageAttributes"])))
    world.told.clear()
    assert world.act([raw, wrapped]) == [raw, wrapped]
    assert len(world.subjects) == 1


def test_an_event_under_our_attributes_is_ours(world: World) -> None:
    """Whatever a notice says, it starts nothing."""
    wrapped = message(enveloped(FAILURE, ["event", "workstation"]))
    assert opened(wrapped)[1] == {"event", "workstation"}
    world.act([wrapped])
    assert world.subjects == []


def test_what_this_loop_does_not_look_at_is_told_and_not_run(world: World) -> None:
    world.only = ("bob",)
    assert world.hear(FAILURE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_a_workstation_is_never_a_glob(world: World) -> None:
    """A run for `*` would be one for all; only a declared name is run."""
    world.door.groups["acme-alice"] = group(reconciler_workstation="*")
    world.hear(FAILURE)
    assert world.ran == []


# -- the queue ----------------------------------------------------------------------------------


def test_a_queue_by_name_and_by_url(site: Site, door: Door) -> None:
    by_name = queue_of("acme-events-loop", site, lambda region: door)
    assert by_name.url == URL
    asked: list[str] = []

    def of_region(region: str) -> Door:
        asked.append(region)
        return door

    other = URL.replace("us-east-1", "eu-central-1")
    assert queue_of(other, site, of_region).url == other
    queue_of(f"http://127.0.0.1:4566/{ACCOUNT}/acme-events", site, of_region)
    assert asked == ["eu-central-1", "us-east-1"]


@pytest.mark.parametrize("given", ["orders", URL.replace("acme", "other"), "https://x/acme-events"])
def test_a_queue_of_somebody_else_is_refused(site: Site, door: Door, given: str) -> None:
    with pytest.raises(UsageError, match="begins with acme-events"):
        queue_of(given, site, lambda region: door)
    assert door.calls == []


def test_a_long_poll_is_as_long_as_may_be(door: Door) -> None:
    for seconds in (300.0, 0.2):
        assert receive(Queue(URL, door), seconds) == []
    waits = [asked["WaitTimeSeconds"] for _, asked in door.calls]
    assert waits == [POLL, 1]
    assert {asked["VisibilityTimeout"] for _, asked in door.calls} == {HIDDEN}


# -- the pause ----------------------------------------------------------------------------------


@dataclass
class Time:
    """A clock that polls and pauses move."""

    now: float = 0.0
    paused: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now += seconds


def test_the_pause_lasts_and_hears_meanwhile(world: World) -> None:
    time = Time()
    arriving = {40.0: [message(FAILURE)]}
    forgotten: list[Message] = []

    def hear(left: float) -> Sequence[Message]:
        time.now += min(left, 20)
        return arriving.pop(time.now, [])

    listen(300, hear, world.act, forgotten.append, lambda: False, time.pause, lambda: time.now)
    assert time.now == 300
    assert time.paused == []
    assert world.ran == [("alice",)]
    assert len(forgotten) == 1


def test_a_stop_ends_it(world: World) -> None:
    time = Time()
    stopped = iter([False, True])
    listen(
        300,
        lambda left: [],
        world.act,
        lambda message: None,
        partial(next, stopped),
        time.pause,
        lambda: time.now,
    )
    assert time.now == 0


def test_a_queue_that_does_not_answer_is_told_and_paced(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    time = Time()

    def hear(left: float) -> Sequence[Message]:
        raise AwsError("sqs:ReceiveMessage", "QueueDoesNotExist", "no such queue", "us-east-1")

    with caplog.at_level(logging.WARNING):
        listen(50, hear, world.act, lambda it: None, lambda: False, time.pause, lambda: time.now)
    assert time.paused == [20, 20, 10]
    assert caplog.text.count("cannot listen: sqs:ReceiveMessage: QueueDoesNotExist") == 3


def test_what_cannot_be_deleted_comes_again_and_is_not_told_again(world: World) -> None:
    world.door.broken.add("delete_message")
    with pytest.raises(Unreachable):
        world.hear(FAILURE)
    world.door.broken.clear()
    assert world.hear() == []
    assert len(world.subjects) == 1


def test_each_what_has_a_name_for_filters() -> None:
    assert {str(it) for it in What} == {"interruption", "rebalance", "launch-failure"}
