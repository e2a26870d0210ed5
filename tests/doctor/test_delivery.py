"""What AWS lost in silence: events, calls of schedules, notices; each with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.doctor.check import Level
from reconciler.doctor.delivery import dead_letters, events, notices, schedules
from tests.doctor.views import URL, denied, door, found, lines_of, metrics, only, view


def test_an_event_that_reached_no_queue_is_an_error() -> None:
    assert only(events, view()).level is Level.OK
    finding = only(events, view(door(get_metric_data=metrics(FailedInvocations=3))))
    assert (finding.level, finding.message) == (
        Level.ERROR,
        "rule acme-events could not deliver 3 events in 7 days: nobody was notified",
    )
    assert "`reconcile` restores the policies of its queues" in finding.fix


@pytest.mark.parametrize(
    ("counts", "level", "fix"),
    [
        ({}, Level.OK, ""),
        ({"TargetErrorCount": 4, "TargetErrorThrottledCount": 4}, Level.OK, ""),
        (
            {"TargetErrorCount": 4, "InvocationDroppedCount": 2},
            Level.WARNING,
            f"tell them apart: aws sqs receive-message --region us-east-1 --queue-url {URL} ",
        ),
        (
            {"InvocationDroppedCount": 2, "InvocationsFailedToBeSentToDeadLetterCount": 2},
            Level.ERROR,
            "attach to the scheduler role the policy that `reconcile iam --role scheduler` prints",
        ),
    ],
    ids=["none", "came through", "given up", "nowhere to put it"],
)
def test_calls_of_schedules_that_were_given_up(
    counts: dict[str, float], level: Level, fix: str
) -> None:
    finding = only(schedules, view(door(get_metric_data=metrics(**counts))))
    assert finding.level is level, finding.message
    assert finding.fix.startswith(fix)
    assert bool(finding.fix) is bool(fix)


def test_letters_are_counted() -> None:
    assert lines_of(dead_letters, view()) == ["ok: queue acme-events-dead is empty"]
    full: dict[str, Any] = {"Attributes": {"ApproximateNumberOfMessages": "7"}}
    finding = only(dead_letters, view(door(get_queue_attributes=lambda **_: full)))
    assert finding.level is Level.WARNING
    assert finding.message.startswith("7 messages in queue acme-events-dead")
    assert f"aws sqs purge-queue --queue-url {URL}" in finding.fix
    none = view(door(list_queues=lambda **_: {}))
    assert lines_of(dead_letters, none) == [
        "ok: queue acme-events-dead does not exist yet: a run creates it"
    ]


def subscribed(**arns: str) -> Any:
    rows = [
        {"Protocol": "email", "Endpoint": f"{name}@Example.com", "SubscriptionArn": arn}
        for name, arn in arns.items()
    ]
    queue = {"Protocol": "sqs", "Endpoint": "arn:x", "SubscriptionArn": "arn:y"}
    return door(list_subscriptions_by_topic=lambda **_: {"Subscriptions": [*rows, queue]})


def test_who_is_to_be_told_and_is_not() -> None:
    alice = {"notices": ("alice@example.com", "ops@example.com")}
    bob = {"notices": ("ops@example.com",)}
    aws = subscribed(alice="PendingConfirmation", ops="arn:aws:sns:x")
    assert lines_of(notices, view(aws, alice=alice, bob=bob)) == [
        "warning: alice@example.com has not confirmed, and gets no notices of alice",
        "ok: ops@example.com gets notices of alice, bob",
    ]
    findings = found(notices, view(alice=alice))
    assert [finding.level for finding in findings] == [Level.WARNING, Level.WARNING]
    assert findings[0].fix == "`reconcile` subscribes it"


def test_nobody_is_told_unasked() -> None:
    assert only(notices, view()).level is Level.OK


@pytest.mark.parametrize("check", [events, schedules])
def test_what_cannot_be_read_is_unknown(check: Any) -> None:
    finding = only(check, view(door(get_metric_data=denied("cloudwatch:GetMetricData"))))
    assert finding.level is Level.UNKNOWN
    assert "allow cloudwatch:GetMetricData" in finding.fix
