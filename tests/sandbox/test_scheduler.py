from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import Aws, refused

UNIVERSAL = "arn:aws:scheduler:::aws-sdk:autoscaling:setDesiredCapacity"
ROLE = "arn:aws:iam::123456789012:role/workstation-scheduler"
START: dict[str, Any] = {
    "Name": "alice-start-1a2b",
    "GroupName": "acme",
    "ScheduleExpression": "cron(0 9 ? * MON-FRI *)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": UNIVERSAL, "RoleArn": ROLE, "Input": "{}"},
}
KEY = {"Name": START["Name"], "GroupName": "acme"}


@pytest.fixture
def grouped(aws: Aws) -> Aws:
    """With the schedule group of a site."""
    aws.scheduler.create_schedule_group(Name="acme", Tags=[{"Key": "a", "Value": "1"}])
    return aws


def test_a_schedule_comes_back_with_aws_defaults(grouped: Aws) -> None:
    made = grouped.scheduler.create_schedule(**START)
    arn = f"arn:aws:scheduler:us-east-1:123456789012:schedule/acme/{START['Name']}"
    assert made["ScheduleArn"] == arn
    shown = grouped.scheduler.get_schedule(**KEY)
    assert (shown["State"], shown["ActionAfterCompletion"]) == ("ENABLED", "NONE")
    assert shown["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 185
    assert shown["LastModificationDate"] == shown["CreationDate"]
    (summary,) = grouped.scheduler.list_schedules(GroupName="acme")["Schedules"]
    assert summary == {
        "Arn": arn,
        "Name": START["Name"],
        "GroupName": "acme",
        "State": "ENABLED",
        "CreationDate": shown["CreationDate"],
        "LastModificationDate": shown["LastModificationDate"],
        "Target": {"Arn": UNIVERSAL},
    }


def test_an_update_replaces_all_of_it(grouped: Aws) -> None:
    grouped.scheduler.create_schedule(**START, State="DISABLED", Description="d")
    before = grouped.scheduler.get_schedule(**KEY)
    time.sleep(0.002)
    change = {**START, "ScheduleExpression": "rate(5 minutes)"}
    del change["ScheduleExpressionTimezone"]
    grouped.scheduler.update_schedule(**change)
    after = grouped.scheduler.get_schedule(**KEY)
    assert (after["State"], after["ScheduleExpressionTimezone"]) == ("ENABLED", "UTC")
    assert "Description" not in after
    assert after["CreationDate"] == before["CreationDate"]
    assert after["LastModificationDate"] > before["LastModificationDate"]


def test_what_is_not_there(aws: Aws) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: aws.scheduler.create_schedule(**START),
        lambda: aws.scheduler.update_schedule(**START),
        lambda: aws.scheduler.get_schedule(**KEY),
        lambda: aws.scheduler.delete_schedule(**KEY),
        lambda: aws.scheduler.list_schedules(GroupName="acme"),
        lambda: aws.scheduler.get_schedule_group(Name="acme"),
        lambda: aws.scheduler.delete_schedule_group(Name="acme"),
        lambda: aws.scheduler.get_schedule(Name="nobody"),
    ]
    for call in calls:
        with refused("ResourceNotFoundException"):
            call()


def test_what_is_there_already(grouped: Aws) -> None:
    grouped.scheduler.create_schedule(**START, ClientToken="one")
    grouped.scheduler.create_schedule(**START, ClientToken="one")
    with refused("ConflictException"):
        grouped.scheduler.create_schedule(**START, ClientToken="two")
    with refused("ConflictException"):
        grouped.scheduler.create_schedule_group(Name="acme")


def test_a_token_is_free_again_when_what_it_made_is_gone(grouped: Aws) -> None:
    for _ in range(2):
        grouped.scheduler.create_schedule(**START, ClientToken="one")
        grouped.scheduler.get_schedule(**KEY)
        grouped.scheduler.delete_schedule(**KEY)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("name", {"Name": "a b"}),
    ("long name", {"Name": "a" * 65}),
    ("five fields", {"ScheduleExpression": "cron(0 9 * * MON-FRI)"}),
    ("both days", {"ScheduleExpression": "cron(0 9 1 * MON-FRI *)"}),
    ("neither day", {"ScheduleExpression": "cron(0 9 ? * ? *)"}),
    ("rate of none", {"ScheduleExpression": "rate(0 minutes)"}),
    ("rate of weeks", {"ScheduleExpression": "rate(2 weeks)"}),
    ("no such day", {"ScheduleExpression": "at(2026-02-30T00:00:00)"}),
    ("words", {"ScheduleExpression": "every morning"}),
    ("zone", {"ScheduleExpressionTimezone": "Mars/Base"}),
    ("state", {"State": "PAUSED"}),
    ("role", {"Target": {"Arn": UNIVERSAL, "RoleArn": "workstation-scheduler"}}),
    ("foreign role", {"Target": {"Arn": UNIVERSAL, "RoleArn": ROLE.replace("123", "999")}}),
    ("target", {"Target": {"Arn": "setDesiredCapacity", "RoleArn": ROLE}}),
    (
        "reading target",
        {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:ec2:describeInstances", "RoleArn": ROLE}},
    ),
    (
        "upper case target",
        {
            "Target": {
                "Arn": "arn:aws:scheduler:::aws-sdk:autoscaling:SetDesiredCapacity",
                "RoleArn": ROLE,
            }
        },
    ),
    ("window", {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}),
    ("retries", {"Target": {**START["Target"], "RetryPolicy": {"MaximumRetryAttempts": 200}}}),
]


@pytest.mark.parametrize("changes", [case[1] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_aws_refuses(grouped: Aws, changes: dict[str, Any]) -> None:
    with refused("ValidationException"):
        grouped.scheduler.create_schedule(**{**START, **changes})
    assert grouped.scheduler.list_schedules()["Schedules"] == []


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0/5 8-17 ? * MON-FRI *)",
        "cron(15 10 L * ? 2026-2028)",
        "cron(0 0 1 JAN,JUL ? *)",
        "rate(1 minute)",
        "rate(12 hours)",
        "at(2026-12-24T18:00:00)",
    ],
)
def test_expressions_that_are_right(grouped: Aws, expression: str) -> None:
    grouped.scheduler.create_schedule(**{**START, "ScheduleExpression": expression})
    kept = grouped.scheduler.get_schedule(GroupName=START["GroupName"], Name=START["Name"])
    assert kept["ScheduleExpression"] == expression


def test_a_role_must_be_given_as_well_as_a_target(grouped: Aws) -> None:
    words = {**START, "Name": "plain", "ScheduleExpression": "rate(1 days)"}
    queue = "arn:aws:sqs:us-east-1:123456789012:queue"
    words["Target"] = {"Arn": queue, "RoleArn": ROLE, "DeadLetterConfig": {"Arn": queue}}
    grouped.scheduler.create_schedule(**words)
    shown = grouped.scheduler.get_schedule(Name="plain", GroupName="acme")
    assert shown["Target"]["DeadLetterConfig"] == {"Arn": queue}


def test_lists_are_paged_and_filtered(grouped: Aws) -> None:
    for number in range(105):
        grouped.scheduler.create_schedule(**{**START, "Name": f"w{number:03}-start"})
    grouped.scheduler.create_schedule(**{**START, "Name": "z", "State": "DISABLED"})
    pages = grouped.scheduler.get_paginator("list_schedules").paginate(GroupName="acme")
    assert [len(page["Schedules"]) for page in pages] == [100, 6]
    few = grouped.scheduler.list_schedules(NamePrefix="w00", MaxResults=3)
    assert len(few["Schedules"]) == 3
    assert "NextToken" in few
    off = grouped.scheduler.list_schedules(State="DISABLED")["Schedules"]
    assert [schedule["Name"] for schedule in off] == ["z"]


def test_groups_have_tags_and_take_their_schedules_with_them(grouped: Aws) -> None:
    arn = grouped.scheduler.get_schedule_group(Name="acme")["Arn"]
    grouped.scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    grouped.scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    tags = grouped.scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]
    grouped.scheduler.create_schedule(**START)
    grouped.scheduler.delete_schedule_group(Name="acme")
    assert grouped.scheduler.list_schedules()["Schedules"] == []
    names = [group["Name"] for group in grouped.scheduler.list_schedule_groups()["ScheduleGroups"]]
    assert names == ["default"]


def test_a_time_that_is_past_is_refused(grouped: Aws) -> None:
    aws = grouped
    past = aws.sandbox.clock.now() - timedelta(minutes=5)
    with refused("ValidationException", "is in the past"):
        aws.scheduler.create_schedule(
            **{**START, "ScheduleExpression": f"at({past:%Y-%m-%dT%H:%M:%S})"}
        )
