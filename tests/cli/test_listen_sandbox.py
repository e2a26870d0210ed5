"""`--listen` in a process of its own on the local AWS: from a dry pool to the owner's mail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from reconciler.sandbox.control.interruption import interrupt
from reconciler.sandbox.server import long_poll
from tests.cli.fakes import YAML

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
TOPIC = "arn:aws:sns:us-east-1:123456789012:acme-events"
PATIENCE = 40  # seconds: two cores may be shared by many
PROMPT = 5  # seconds, for the same reason; alone it is a fraction of one


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def until(found: Callable[[], bool], description: str) -> None:
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, description
        time.sleep(0.1)


class Loop:
    """`reconcile --every 1h --listen` under way; its stdout and stderr are files."""

    def __init__(self, folder: Path) -> None:
        (folder / "fleets").mkdir()
        (folder / "fleets/vision.yaml").write_text(
            YAML.replace("id: ami-0123456789abcdef0", "ssm_parameter: /golden/gpu-desktop").replace(
                "defaults:\n", "defaults:\n  notices: {email: owner}\n"
            )
        )
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "reconciler"),
                    *("--every", "1h", "--listen", "-v", "-o", "json"),
                ],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=out,
                stderr=err,
            )

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def reports(self) -> list[dict[str, Any]]:
        """Those that are written whole."""
        lines = self._out.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def end(self) -> float:
        """Seconds it takes to end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 143, self.err
        return time.monotonic() - began


@pytest.fixture
def begin(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Loop]]:
    """A loop after its first round."""
    made: list[Loop] = []

    def make() -> Loop:
        made.append(Loop(tmp_path))
        until(lambda: len(made[0].reports) == 1, "the first round")
        return made[0]

    yield make
    for loop in made:
        if loop.process.poll() is None:
            loop.process.kill()
            loop.process.wait()
        sys.stderr.write(loop.err)  # shown where a test fails


def subscribe(queue_arn: str, **filters: list[str]) -> None:
    more = {"Attributes": {"FilterPolicy": json.dumps(filters)}} if filters else {}
    client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue_arn, **more)


def mailbox(owner: str) -> Callable[[], list[dict[str, Any]]]:
    """A person's subscription, by the filter that a run gives it: a queue stands for the mail."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=f"mail-{owner.partition('@')[0]}")["QueueUrl"]
    subscribe(f"arn:aws:sqs:us-east-1:123456789012:{url.rpartition('/')[2]}", to=[owner])

    def mail() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return mail


def test_a_dry_start_is_told_to_its_owner_and_looked_at(
    sandbox: Sandbox, begin: Callable[..., Loop]
) -> None:
    loop = begin()
    queue = client("sqs").get_queue_url(QueueName="acme-events")["QueueUrl"]
    alice, bob = mailbox("alice@example.com"), mailbox("bob@example.com")
    sandbox.capacity.take("*", "*", "spot")
    client("autoscaling").set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=1)
    until(lambda: len(loop.reports) >= 2, "the run that the event woke")
    assert "looking at alice: there was an event" in loop.err
    assert {change["workstation"] for change in loop.reports[1]["changes"]} <= {None, "", "alice"}
    until(lambda: bool(alice()), "the owner's mail")
    [mail] = alice()
    assert mail["Subject"].startswith("alice: not started: AWS has no Spot capacity")
    text = " ".join(mail["Message"].split())
    assert "Workstation alice of fleet vision, alice@example.com, in us-east-1." in text
    assert "On-Demand from" in text
    assert bob() == []

    def empty() -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return {int(number) for number in left["Attributes"].values()} == {0}

    until(empty, "the event is deleted")
    assert loop.err.count("told alice@example.com") == 1
    assert loop.end() < PROMPT


def test_an_interruption_is_told_while_it_can_be_used(
    sandbox: Sandbox, begin: Callable[..., Loop]
) -> None:
    loop = begin()
    alice = mailbox("alice@example.com")
    scaling = client("autoscaling")
    scaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=1)
    [group] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["acme-alice"])[
        "AutoScalingGroups"
    ]
    [instance] = group["Instances"]
    interrupt(sandbox.world, "us-east-1", instance["InstanceId"])
    until(lambda: bool(alice()), "the owner's mail")
    [mail] = alice()
    assert mail["Subject"].startswith("alice: AWS takes its Spot instance back at ")
    assert instance["InstanceId"] in mail["Message"]
    until(lambda: len(loop.reports) >= 2, "the run that the event woke")


def test_a_signal_does_not_wait_for_the_poll(
    begin: Callable[..., Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS is silent for twenty seconds at a time."""
    polled = threading.Event()

    def take_wait(environ: dict[str, Any]) -> float:
        seconds = long_poll.take_wait(environ)
        if seconds:
            polled.set()
        return seconds

    door = SimpleNamespace(
        take_wait=take_wait, has_message=long_poll.has_message, PAUSE_SECONDS=0.1
    )
    monkeypatch.setattr("reconciler.sandbox.server.application.long_poll", door)
    loop = begin()
    assert polled.wait(PATIENCE), loop.err
    took = loop.end()
    assert took < PROMPT, f"{took} s: a poll lasts 20"
    assert "Traceback" not in loop.err
    assert len(loop.reports) == 1


def test_owners_are_subscribed_and_asked_once(begin: Callable[..., Loop]) -> None:
    begin()
    found = client("sns").list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    assert {
        (subscription["Endpoint"], subscription["SubscriptionArn"]) for subscription in found
    } == {
        ("alice@example.com", "PendingConfirmation"),
        ("bob@example.com", "PendingConfirmation"),
    }
