"""A queue, the events in it, and as much of AWS as listening asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.engine.listen import ListenContext, act
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
from tests.support.fake_aws import ACCOUNT, Call, FakeAws

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
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


class FakeRegion(FakeAws):
    """As much of one region as listening asks: its queue, its topic, groups and instances."""

    def __init__(
        self,
        groups: dict[str, dict[str, Any]] | None = None,
        instances: dict[str, list[dict[str, str]]] | None = None,
    ) -> None:
        super().__init__(
            before=self._fail,
            get_queue_url={"QueueUrl": URL},
            receive_message=lambda **_: {"Messages": list(self.queue)} if self.queue else {},
            delete_message=self._delete,
            publish=lambda **notice: self.published.append(notice),
            describe_auto_scaling_groups=self._groups,
            describe_scaling_activities=self._activities,
            describe_instances=self._instances,
        )
        self.groups = groups or {}
        self.instances = instances or {}
        self.queue: list[Message] = []
        self.published: list[dict[str, Any]] = []
        self.broken: set[str] = set()

    def _fail(self, call: Call) -> None:
        if call.operation in self.broken:
            name = f"{call.service}:{call.operation}"
            raise Unreachable(name, "Timeout", "no answer", self.region)

    def _delete(self, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803 - AWS's names
        self.queue = [each for each in self.queue if each["ReceiptHandle"] != ReceiptHandle]

    def _groups(self, AutoScalingGroupNames: list[str]) -> dict[str, Any]:  # noqa: N803
        found = [self.groups[name] for name in AutoScalingGroupNames if name in self.groups]
        return {"AutoScalingGroups": found}

    def _activities(self, AutoScalingGroupName: str, **_more: Any) -> dict[str, Any]:  # noqa: N803
        assert AutoScalingGroupName in self.groups
        failed = {"StatusCode": "Failed", "StatusMessage": NO_SPOT, "StartTime": FAILED_AT}
        return {"Activities": [failed]}

    def _instances(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        [by_id] = Filters
        found = [
            {"InstanceId": id_, "Tags": self.instances[id_]}
            for id_ in by_id["Values"]
            if id_ in self.instances
        ]
        return {"Reservations": [{"Instances": [each]} for each in found]}


def group(**changes: str) -> dict[str, Any]:
    sizes = {"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 1}
    return {"AutoScalingGroupName": "acme-alice", **sizes, "Tags": tags(**changes)}


@dataclass
class ListeningPause:
    """A loop's pause: its context, the notices that it sent, and what was run."""

    site: Site
    client: FakeRegion
    only: tuple[str, ...] = ()
    sent: dict[tuple[str, ...], datetime] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    report: Report | None = SUCCEEDED
    now: datetime = NOW

    @property
    def context(self) -> ListenContext:
        return ListenContext(
            self.site, lambda region: self.client, lambda: self.now, Selection(self.only)
        )

    def run(self, names: tuple[str, ...]) -> Report | None:
        self.ran.append(names)
        return self.report

    def act(self, messages: Sequence[Message]) -> list[Message]:
        return act(messages, self.context, self.sent, self.publish, self.run)

    def publish(self, region: str, notice: Notice) -> None:
        publish(self.site.name, self.client, notice)

    def receive_and_act(self, *bodies: Any) -> list[Message]:
        """Bodies arrive; what is left in the queue when all was acted on."""
        self.client.queue += [message(body, n) for n, body in enumerate(bodies)]
        queue = Queue(URL, self.client)
        for done in self.act(receive(queue, 20)):
            delete(queue, done)
        return self.client.queue

    @property
    def subjects(self) -> list[str]:
        return [notice["Subject"] for notice in self.client.published]


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
