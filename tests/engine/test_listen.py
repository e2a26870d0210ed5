"""What a pause that listens does: tells once, looks at once, deletes what was acted on."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from reconciler.engine.listen import act, listen
from reconciler.engine.polling import Received
from reconciler.engine.queue import Queue
from reconciler.errors import AwsError, Unreachable
from reconciler.plan.model import Finding, Level, Plan, Report, Unknown
from reconciler.power.notices import EventType
from tests.engine.listening import (
    FAILURE,
    INTERRUPTION,
    REBALANCE,
    SUCCEEDED,
    URL,
    ListeningPause,
    group,
    message,
)
from tests.support.fake_aws import ACCOUNT, Call


def test_told_run_and_deleted(world: ListeningPause) -> None:
    assert world.receive_and_act(FAILURE) == []
    assert world.ran == [("alice",)]
    [notice] = world.client.published
    assert notice["TopicArn"] == f"arn:aws:sns:us-east-1:{ACCOUNT}:acme-events"
    assert notice["MessageAttributes"] == {
        "owner": {"DataType": "String", "StringValue": "alice@example.com"},
        "workstation": {"DataType": "String", "StringValue": "alice"},
        "event": {"DataType": "String", "StringValue": "launch-failure"},
    }, "nobody is named whom the YAML does not name"


def test_a_notice_names_whom_the_yaml_names(world: ListeningPause) -> None:
    alice, *others = world.site.workstations
    notified = replace(alice, notices=("alice@example.com", "ops@example.com"))
    world.site = replace(world.site, workstations=(notified, *others))
    world.receive_and_act(FAILURE)
    [notice] = world.client.published
    assert notice["MessageAttributes"]["to"] == {
        "DataType": "String.Array",
        "StringValue": '["alice@example.com", "ops@example.com"]',
    }


def test_the_owner_is_told_before_the_run(world: ListeningPause) -> None:
    """A run takes its time; an interruption leaves two minutes."""
    world.receive_and_act(INTERRUPTION)
    assert world.ran
    world.ran.clear()
    world.sent.clear()

    def run(names: tuple[str, ...]) -> Report:
        assert len(world.subjects) == 2
        return SUCCEEDED

    act([message(INTERRUPTION)], world.context, world.sent, world.publish, run)


def test_a_hint_is_told_and_nothing_is_run(world: ListeningPause) -> None:
    assert world.receive_and_act(REBALANCE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_duplicates_are_told_once_and_run_once(world: ListeningPause) -> None:
    assert world.receive_and_act(FAILURE, FAILURE, FAILURE) == []
    assert len(world.subjects) == 1
    assert world.ran == [("alice",)]
    world.receive_and_act(FAILURE)
    assert len(world.subjects) == 1


def test_after_the_hour_it_is_news_again(world: ListeningPause) -> None:
    world.receive_and_act(FAILURE)
    world.now += timedelta(hours=1, minutes=5)
    world.receive_and_act(FAILURE | {"time": "2026-11-20T14:04:00Z"})
    assert len(world.subjects) == 2
    assert len(world.sent) == 1


def test_sent_notices_are_pruned_after_the_hour(world: ListeningPause) -> None:
    world.receive_and_act(FAILURE, INTERRUPTION)
    assert len(world.sent) == 2
    world.now += timedelta(hours=2)
    world.receive_and_act("nothing")
    assert world.sent == {}


@pytest.mark.parametrize(
    "report",
    [
        None,
        replace(SUCCEEDED, plan=Plan(unknown=(Unknown("topic", "us-east-1", "denied"),))),
        replace(SUCCEEDED, findings=(Finding(Level.ERROR, "many-removals", "?", approval="1f"),)),
        replace(SUCCEEDED, unfinished=True),
    ],
    ids=["error", "unread", "needs-approval", "unfinished"],
)
def test_a_message_stays_when_the_run_fails(world: ListeningPause, report: Report | None) -> None:
    world.report = report
    [left] = world.receive_and_act(FAILURE, REBALANCE)
    assert json.loads(left["Body"]) == FAILURE
    assert len(world.subjects) == 2
    world.report = SUCCEEDED
    assert world.receive_and_act() == []  # it comes again: run, and not told twice
    assert world.ran == [("alice",), ("alice",)]
    assert len(world.subjects) == 2


@pytest.mark.parametrize("broken", ["publish", "describe_auto_scaling_groups"])
def test_a_message_stays_when_it_cannot_be_told(
    world: ListeningPause, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.client.broken.add(broken)
    assert len(world.receive_and_act(FAILURE, "poison")) == 1
    assert world.ran == []
    assert "an event stays in the queue" in caplog.text
    world.client.broken.clear()
    assert world.receive_and_act() == []
    assert len(world.subjects) == 1


@pytest.mark.parametrize(
    "body",
    ["", "not json", "[]", "[" * 100_000, '{"Type": "Notification"}', {"source": "my.app"}],
    ids=lambda it: str(it)[:20],
)
def test_poison_is_logged_and_deleted(
    world: ListeningPause, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.receive_and_act(body, FAILURE) == []
    assert "not an event, thrown away" in caplog.text
    assert world.ran == [("alice",)]


def _texts(document: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _texts(value, f"{path}{name}.")
        else:
            yield path + name


def _grown(document: dict[str, Any], path: str, value: str) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    return {**document, name: _grown(document[name], rest, value) if rest else value}


@pytest.mark.parametrize("size", [256, 5_000, 200_000])
@pytest.mark.parametrize("document", [FAILURE, INTERRUPTION], ids=["failure", "interruption"])
def test_an_event_with_a_text_of_any_length_is_deleted(
    world: ListeningPause, document: dict[str, Any], size: int
) -> None:
    """AWS refuses a name that is too long, for ever: the message would come again and again."""
    world.client.before = refuse_long
    for path in _texts(document):
        for letter in ("a", "\u00e9", "1"):
            grown = _grown(document, path, letter * size)
            assert world.receive_and_act(grown) == [], (path, letter)
            for prefix in ("acme-", "i-"):
                assert (
                    world.receive_and_act(_grown(document, path, prefix + letter * size)) == []
                ), path
    for notice in world.client.published:
        assert len(notice["Subject"]) < 100
        assert len(notice["Message"]) < 3000, "SNS takes 256 KiB; a person reads a page"


def refuse_long(call: Call) -> None:
    """As AWS: a name has 255 characters at most, a filter value too, a message 256 KiB."""
    names = list(call.parameters.get("AutoScalingGroupNames", ()))
    for each in call.parameters.get("Filters", ()):
        names += each["Values"]
    for name in names:
        if len(name) > 255 or not name.isascii():
            raise AwsError("x:Y", "ValidationError", "failed to satisfy constraint")
    if call.operation == "publish" and len(call.parameters["Message"].encode()) > 262_144:
        raise AwsError("sns:Publish", "InvalidParameter", "Message too long")


def test_an_event_that_breaks_us_holds_up_no_other(
    world: ListeningPause, caplog: pytest.LogCaptureFixture
) -> None:
    """It stays, and the queue itself moves it to the dead letters after some more tries."""
    broken = group()
    broken["Tags"] = [{"Key": "reconciler:site"}, {"no": "key"}]
    world.client.groups["acme-bob"] = broken
    [left] = world.receive_and_act(
        _grown(FAILURE, "detail.AutoScalingGroupName", "acme-bob"), FAILURE
    )
    assert "acme-bob" in left["Body"]
    assert "an event stays in the queue: 'Key'" in caplog.text
    assert world.ran == [("alice",)]


def test_a_link_is_not_passed_on_under_awss_letterhead(world: ListeningPause) -> None:
    text = "URGENT: verify at https://aws-login.example.net/x now"
    world.receive_and_act(_grown(FAILURE, "detail.StatusMessage", text))
    [notice] = world.client.published
    assert "example.net" not in notice["Message"]
    assert "verify at (a link) now" in notice["Message"]


def test_what_this_loop_does_not_look_at_is_told_and_not_run(world: ListeningPause) -> None:
    world.only = ("bob",)
    assert world.receive_and_act(FAILURE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_a_workstation_is_never_a_glob(world: ListeningPause) -> None:
    """A run for `*` would be one for all; only a declared name is run."""
    world.client.groups["acme-alice"] = group(reconciler_workstation="*")
    world.receive_and_act(FAILURE)
    assert world.ran == []


class Time:
    """A clock that polls move."""

    now = 0.0


def received(world: ListeningPause, *bodies: Any) -> Received:
    return Received("us-east-1", Queue(URL, world.client), [message(body) for body in bodies])


def test_the_pause_lasts_and_hears_meanwhile(world: ListeningPause) -> None:
    time = Time()
    arriving = {40.0: received(world, FAILURE)}

    def receive(left: float) -> Received | None:
        time.now += min(left, 20)
        return arriving.pop(time.now, None)

    listen(300, receive, world.act, lambda: False, lambda: time.now)
    assert time.now == 300
    assert world.ran == [("alice",)]
    assert world.client.operations.count("delete_message") == 1


def test_a_stop_ends_it(world: ListeningPause) -> None:
    stopped = iter([False, True])
    listen(300, lambda left: None, world.act, partial(next, stopped), lambda: 0.0)


def test_a_queue_that_cannot_be_polled_is_told_with_its_region(
    world: ListeningPause, caplog: pytest.LogCaptureFixture
) -> None:
    time = Time()
    error = AwsError("sqs:GetQueueUrl", "NonExistentQueue", "no such queue", "eu-central-1")
    answers = [Received("eu-central-1", error=error), received(world, FAILURE)]

    def receive(left: float) -> Received | None:
        time.now += 10
        return answers.pop(0) if answers else None

    with caplog.at_level(logging.WARNING):
        listen(50, receive, world.act, lambda: False, lambda: time.now)
    assert "eu-central-1: cannot listen: sqs:GetQueueUrl: NonExistentQueue" in caplog.text
    assert world.ran == [("alice",)], "the other region is polled"


def test_a_message_that_cannot_be_deleted_does_not_end_the_pause(
    world: ListeningPause, caplog: pytest.LogCaptureFixture
) -> None:
    time = Time()
    answers = [received(world, FAILURE), received(world, INTERRUPTION)]
    world.client.broken.add("delete_message")

    def receive(left: float) -> Received | None:
        time.now += 10
        return answers.pop(0) if answers else None

    listen(50, receive, world.act, lambda: False, lambda: time.now)
    assert "us-east-1: an event comes again: sqs:delete_message" in caplog.text
    assert len(world.ran) == 2


def test_what_cannot_be_deleted_comes_again_and_is_not_told_again(world: ListeningPause) -> None:
    world.client.broken.add("delete_message")
    with pytest.raises(Unreachable):
        world.receive_and_act(FAILURE)
    world.client.broken.clear()
    assert world.receive_and_act() == []
    assert len(world.subjects) == 1


def test_each_event_type_has_a_name_for_filters() -> None:
    assert {str(event_type) for event_type in EventType} == {
        "interruption",
        "rebalance",
        "launch-failure",
    }
