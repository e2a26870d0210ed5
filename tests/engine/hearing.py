"""A queue, what it hears, and as much of AWS as listening asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.engine.listen import Place, act
from reconciler.engine.queue import (
    Message,
    Queue,
    delete,
    publish,
    receive,
)
from reconciler.errors import Unreachable
from reconciler.plan.model import Plan, Report
from reconciler.plan.selection import Selection
from reconciler.power.notices import Event, Notice, read

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
URL = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/acme-events"
NO_SPOT = "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity."
FAILED_AT = NOW - timedelta(minutes=4)
SUCCEEDED = Report("acme", ACCOUNT, False, Plan())
"""Of a run that did what it was woken for."""


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
    sizes = {"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 1}
    return {"AutoScalingGroupName": "acme-alice", **sizes, "Tags": tags(**changes)}


@dataclass
class World:
    """A loop's pause: its place, its memory, and what was run."""

    site: Site
    door: Door
    only: tuple[str, ...] = ()
    told: dict[tuple[str, ...], datetime] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    report: Report | None = SUCCEEDED
    now: datetime = NOW

    @property
    def place(self) -> Place:
        return Place(self.site, lambda region: self.door, lambda: self.now, Selection(self.only))

    def run(self, names: tuple[str, ...]) -> Report | None:
        self.ran.append(names)
        return self.report

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


def message(body: Any, number: int = 0) -> Message:
    """As EventBridge puts it into a queue: the event alone, in no envelope."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {"Body": text, "ReceiptHandle": f"r{number}"}


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
        "detail": failed if auto else {"instance-id": "i-0abc1234"},
    } | changes


FAILURE = event()
INTERRUPTION = event("EC2 Spot Instance Interruption Warning")
REBALANCE = event("EC2 Instance Rebalance Recommendation")


def parsed(document: Mapping[str, Any]) -> Event:
    found = read(document)
    assert found is not None
    return found
