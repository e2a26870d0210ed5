"""A start or a stop that AWS lost: what a run makes up, what it tells. Rows 31, 34 and 35."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.declare.load import load
from reconciler.sandbox.server.throttling import relieve, throttle
from tests.power.days import REGION, Begin, Days, aws, codes, declared, override


def test_row_31_a_start_that_could_not_be_delivered_does_not_fire_at_night(begun: Begin) -> None:
    days = begun()
    days.to("Mon 08:59")
    throttle(days.sandbox.world, REGION, "autoscaling", "SetDesiredCapacity", calls=100)
    days.to("Mon 09:20")
    relieve(days.sandbox.world, REGION)
    days.to("Mon 18:59")
    assert days.state() == "off"
    days.to("Tue 08:59")
    assert days.state() == "off"
    days.to("Tue 09:01")
    assert days.state() == "spot"


def too_busy(days: Days, since: str, until: str) -> None:
    """AWS takes no call of a schedule in between, until Scheduler has given up."""
    days.to(since)
    throttle(days.sandbox.world, REGION, "autoscaling", "SetDesiredCapacity", calls=100)
    days.to(until)
    relieve(days.sandbox.world, REGION)


def lose_the_stop(days: Days) -> None:
    too_busy(days, "Mon 18:59", "Mon 19:20")
    assert days.state() == "spot"


@pytest.mark.parametrize("more", ["", "outside_hours: stop"])
def test_row_34_a_stop_that_was_lost_is_made_up_whatever_the_policy(
    begun: Begin, more: str
) -> None:
    days = begun(more)
    lose_the_stop(days)
    assert not days.run().plan.changes, "it might still come"
    days.to("Mon 19:26")
    report = days.run()
    (change,) = report.plan.changes
    assert {f.field: f.new for f in change.fields} == {"desired_capacity": 0}
    assert "its stop of 2026-11-23T18:00:00Z was lost" in change.reason
    assert "lost-stop" in codes(report)
    assert "outside-hours" not in codes(report), "it is told once"
    assert days.state() == "off"
    assert not days.run().plan.changes
    dead = aws("sqs").get_queue_url(QueueName="acme-events-dead")["QueueUrl"]
    (letter,) = aws("sqs").receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "Throttling"


def test_row_34_without_a_start_a_stop_can_be_lost_too(begun: Begin, tmp_path: Path) -> None:
    days = begun()
    days.site = declared(tmp_path, hours="")
    yaml = (tmp_path / "vision.yaml").read_text().replace('start: "Mon-Fri 09:00", ', "")
    (tmp_path / "vision.yaml").write_text(yaml)
    days.site = load([tmp_path])
    days.run()
    days.to("Mon 10:00")
    days.desire(1)
    lose_the_stop(days)
    days.to("Mon 19:26")
    (change,) = days.run().plan.changes
    assert "was lost" in change.reason
    days.desire(1)
    assert not days.run().plan.changes, "on again by somebody: it has no hours to be outside of"


def test_row_34_hours_that_are_given_to_a_running_workstation_end_no_session(
    begun: Begin, tmp_path: Path
) -> None:
    """Promise 8: the stop of an hour ago was nobody's when it was due."""
    days = begun()
    days.to("Mon 10:00")
    yaml = (tmp_path / "vision.yaml").read_text()
    (tmp_path / "vision.yaml").write_text(yaml.replace("Mon-Fri 19:00", "Mon-Fri 11:00"))
    days.to("Mon 12:00")
    days.site = load([tmp_path])
    days.run()
    days.to("Mon 12:30")
    report = days.run()
    assert not report.plan.changes
    assert codes(report) == ["outside-hours"]
    assert days.state() == "spot"


def lose_the_start(days: Days) -> None:
    """It ran on Monday; on Tuesday AWS is too busy for its start."""
    too_busy(days, "Tue 08:59", "Tue 09:25")
    assert days.state() == "off"


def test_row_35_a_start_that_was_lost_is_told_for_an_hour_and_not_made_up(begun: Begin) -> None:
    days = begun()
    lose_the_start(days)
    assert codes(days.run()) == [], "it might still come"
    days.to("Tue 09:26")
    report = days.run()
    assert codes(report) == ["lost-start"]
    assert "its start of 2026-11-24T08:00:00Z was lost" in report.findings[0].message
    assert not report.plan.changes
    days.to("Tue 10:26")
    assert codes(days.run()) == []
    assert days.state() == "off"


def test_row_35_an_owner_who_turned_it_off_lost_no_start(begun: Begin) -> None:
    days = begun()
    days.to("Tue 09:10")
    days.desire(0)
    days.to("Tue 09:30")
    assert codes(days.run()) == []


def test_row_35_a_start_that_an_override_refused_is_not_lost(begun: Begin) -> None:
    days = begun()
    days.to("Tue 08:00")
    override(days, "off until 2026-11-24T08:20:00Z alice@example.com")
    days.run()
    days.to("Tue 09:30")
    assert "lost-start" not in codes(days.run())


def test_row_35_activities_that_cannot_be_read_are_told(
    begun: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = begun()
    lose_the_start(days)
    days.to("Tue 09:30")
    throttle(days.sandbox.world, REGION, "autoscaling", "DescribeScalingActivities", calls=100)
    report = days.run()
    relieve(days.sandbox.world, REGION)
    assert codes(report) == ["activities-unknown"]
    assert "us-east-1: whether starts were lost could not be read" in report.findings[0].message
