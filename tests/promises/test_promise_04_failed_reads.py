"""Promise 4: a failed read is unknown, never empty. It blocks its own rows and nothing follows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError

from reconciler.cli.terminal import exit_codes
from reconciler.plan.model import Change, Declared, Op, Outcome, Report
from reconciler.plan.refs import refs
from tests.kinds.world import rows
from tests.promises.conftest import FleetWorld, MakeWorld, client, data, group, schedules
from tests.promises.fleets import ALICE, BOB, PLAIN, VISION, Tree, vision
from tests.support.answers import failure
from tests.support.call_recorder import Sent
from tests.support.later import later

KINDS_READ_BY: dict[str, set[str]] = {
    "autoscaling:DescribeAutoScalingGroups": {"auto_scaling_group"},
    "autoscaling:DescribeScheduledActions": {"override_end"},
    "ec2:DescribeLaunchTemplateVersions": {"launch_template"},
    "ec2:DescribeLaunchTemplates": {"launch_template"},
    "ec2:DescribeSecurityGroups": {"security_group", "security_group_rules"},
    "ec2:DescribeSubnets": {"file_system"},
    "ec2:DescribeVolumes": {"home_volume"},
    "elasticfilesystem:DescribeFileSystems": {
        "efs_access_point",
        "efs_file_system",
        "efs_mount_target",
    },
    "events:ListRules": {"event_rule"},
    "events:ListTargetsByRule": {"event_rule"},
    "fsx:DescribeFileSystems": {"file_system"},
    "scheduler:GetSchedule": {"schedule"},
    "scheduler:GetScheduleGroup": {"schedule_group"},
    "scheduler:ListSchedules": {"schedule"},
    "scheduler:ListTagsForResource": {"schedule_group"},
    "sns:GetTopicAttributes": {"topic"},
    "sns:ListSubscriptionsByTopic": {"subscription"},
    "sqs:GetQueueAttributes": {"queue", "dead_letter_queue"},
    "sqs:ListQueues": {"queue", "dead_letter_queue"},
}
LOOKED_UP = {
    "ec2:DescribeImages",
    "ec2:DescribeSubnets",
    "iam:ListInstanceProfiles",
    "iam:GetRole",
    "ssm:GetParameters",
}
LOOKED_UP_FIELDS = {"image_id", "root", "instance_profile", "subnets", "role_arn"}
"""What stays as it is of a workstation that stands (promise 16)."""

MATCHED = {
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:GetInstanceTypesFromInstanceRequirements",
}
EVERY_READ = sorted({*KINDS_READ_BY, *LOOKED_UP, *MATCHED})
OF_WHAT_STANDS = {
    "events:ListTargetsByRule",
    "scheduler:GetSchedule",
    "scheduler:ListTagsForResource",
    "sns:ListSubscriptionsByTopic",
    "sqs:GetQueueAttributes",
}
"""Not asked in an empty account."""
FAILURES = ["ThrottlingException", "AccessDenied"]

EDITED: Tree = {
    **vision(bob=None, carol={**ALICE, "owner": "carol@example.com", "schedule": None}),
    "defaults": {"tags": {"Team": "vision"}},
}


@pytest.fixture(scope="module")
def world(make_module_world: MakeWorld) -> FleetWorld:
    """A fleet applied, then edited: something to make, to change and to remove of every kind."""
    made = make_module_world(VISION)
    made.settle()
    scheduler = client("scheduler")
    for summary in scheduler.list_schedules(GroupName="acme")["Schedules"]:
        body = scheduler.get_schedule(GroupName="acme", Name=summary["Name"])
        for known in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
            body.pop(known)
        later()
        scheduler.update_schedule(**{**body, "Description": "edited, so that it has to be read"})
    made.declare(EDITED)
    return made


def planned(report: Report) -> Iterator[Change]:
    return (c for c in report.plan.changes if c.outcome is Outcome.PLANNED)


def needed(change: Change) -> set[str]:
    """The kinds a row cannot do without."""
    if not isinstance(change.action, Declared):
        return set()
    want = change.action.desired
    return {key.kind for key in (*want.after, *(ref.key for ref in refs(want.spec)))}


def test_the_table_names_every_read(world: FleetWorld) -> None:
    with world.recorder.record() as recorder:
        world.look()
    assert recorder.names == set(EVERY_READ)


def test_without_trouble_there_is_much_to_do(world: FleetWorld) -> None:
    ops = {(change.op, change.key.kind) for change in planned(world.look())}
    assert {
        (Op.CREATE, "file_system"),
        (Op.CREATE, "auto_scaling_group"),
        (Op.DELETE, "auto_scaling_group"),
        (Op.DELETE, "schedule"),
        (Op.UPDATE, "launch_template"),
    } <= ops


@pytest.mark.parametrize("error", FAILURES)
@pytest.mark.parametrize("operation", sorted(KINDS_READ_BY))
def test_a_failed_read_is_told_and_blocks_its_rows(
    world: FleetWorld, operation: str, error: str
) -> None:
    unread = KINDS_READ_BY[operation]
    with world.recorder.failing(operation, error):
        report = world.look()
    assert exit_codes.of_report(report) == exit_codes.FAILED
    assert {unknown.kind for unknown in report.plan.unknown} == unread
    code = "denied" if error == "AccessDenied" else "throttled"
    for unknown in report.plan.unknown:
        assert unknown.reason.startswith(f"{operation}: {error}: "), "the call is named"
        assert unknown.error == code
    for change in planned(report):
        assert change.key.kind not in unread, f"{change.key} is written though it is unread"
        assert not needed(change) & unread, f"{change.key} is written though it leans on it"
    if "auto_scaling_group" in unread:
        removed = [c.key.name for c in planned(report) if c.op is Op.DELETE]
        assert removed == ["bob-start"], "what may run is not taken apart"


@pytest.mark.parametrize("error", FAILURES)
@pytest.mark.parametrize("operation", sorted(LOOKED_UP | MATCHED))
def test_a_failed_lookup_blocks_the_workstations_that_need_it(
    world: FleetWorld, operation: str, error: str
) -> None:
    with world.recorder.failing(operation, error):
        report = world.look()
    assert exit_codes.of_report(report) == exit_codes.FAILED
    for name in ("alice", "carol"):
        changes = [change for change in report.plan.changes if change.workstation == name]
        if operation in MATCHED and name == "alice":  # its needs are as before: nobody asked
            continue
        stuck = [change for change in changes if change.outcome is Outcome.BLOCKED]
        assert any(operation in change.reason for change in stuck), rows(report)
        going = [change for change in changes if change not in stuck]
        if name == "carol":
            assert going == [], "nothing is made with a part of what it needs"
        assert not {f.field for change in going for f in change.fields} & LOOKED_UP_FIELDS
    declared = {"alice", "carol"}
    removed = {c.workstation for c in planned(report) if c.op is Op.DELETE}
    assert not removed & declared, "what is still declared is not taken for removed"


@pytest.mark.parametrize("error", FAILURES)
@pytest.mark.parametrize("operation", sorted(set(EVERY_READ) - OF_WHAT_STANDS))
def test_a_failed_read_in_an_empty_account_makes_no_data_it_cannot_see(
    make_world: MakeWorld, operation: str, error: str
) -> None:
    world = make_world(VISION)
    unread = KINDS_READ_BY.get(operation, set())
    with world.recorder.failing(operation, error):
        report = world.look()
    creates = {change.key.kind for change in planned(report) if change.op is Op.CREATE}
    assert not creates & unread
    if unread & {"security_group", "security_group_rules"} or operation == "ec2:DescribeSubnets":
        assert "file_system" not in creates, "it would stand in a group nobody saw"


def test_a_run_that_cannot_see_file_systems_makes_none_and_the_next_goes_on(
    make_world: MakeWorld,
) -> None:
    world = make_world(VISION)
    with world.recorder.failing("fsx:DescribeFileSystems", "ThrottlingException") as recorder:
        report = world.run()
        assert "fsx:CreateFileSystem" not in recorder.writes
    assert exit_codes.of_report(report) == exit_codes.FAILED
    assert group("acme-alice") == {}, "its home is unknown"
    assert group("acme-bob") != {}, "bob has nothing to do with it"
    assert len(data()) == 1, "bob's volume"
    world.settle()
    assert len(data()) == 3


def test_a_run_that_cannot_see_groups_removes_none(make_world: MakeWorld) -> None:
    world = make_world(VISION)
    world.settle()
    world.declare(vision(bob=None))
    with world.recorder.failing(
        "autoscaling:DescribeAutoScalingGroups", "AccessDenied"
    ) as recorder:
        report = world.run()
        assert [name for name in recorder.writes if "Delete" in name] == [
            "scheduler:DeleteSchedule"
        ]
    assert exit_codes.of_report(report) == exit_codes.FAILED
    assert group("acme-bob") != {}
    assert "bob-stop" in schedules()
    world.settle()
    assert group("acme-bob") == {}


# -- two regions -----------------------------------------------------------------------------

ABROAD: Tree = {
    "fleet": "abroad",
    "defaults": {"region": "eu-central-1"},
    "workstations": {"ed": BOB},
}


@pytest.mark.parametrize("unreachable", [True, False], ids=["unreachable", "denied"])
def test_a_region_that_cannot_be_read_blocks_only_itself(
    make_world: MakeWorld, unreachable: bool
) -> None:
    world = make_world(VISION, ABROAD)

    def dark(sent: Sent) -> AWSResponse | None:
        if sent.region != "eu-central-1" or sent.service == "iam":  # IAM is in no region
            return None
        if unreachable:
            raise EndpointConnectionError(endpoint_url=f"https://{sent.service}.{sent.region}")
        return failure(sent.service, "AccessDenied", "said the test")

    with world.recorder.record(dark) as recorder:
        report = world.run()
        assert not [sent for sent in recorder.sent if sent.writes and sent.region == "eu-central-1"]
    assert {u.region for u in report.plan.unknown} == {"eu-central-1"}
    here = [c for c in report.plan.changes if c.key.region == "us-east-1"]
    there = [c for c in report.plan.changes if c.key.region == "eu-central-1"]
    assert not {c.outcome for c in here} & {Outcome.BLOCKED, Outcome.FAILED}, rows(report)
    assert {c.outcome for c in there} == {Outcome.BLOCKED}
    assert {c.workstation for c in there} == {"ed"}
    assert exit_codes.of_report(report) == exit_codes.FAILED
    world.settle()
    assert client("autoscaling", "eu-central-1").describe_auto_scaling_groups()["AutoScalingGroups"]


def test_two_regions_side_by_side_share_nothing_but_the_site(make_world: MakeWorld) -> None:
    """The same workstation names would clash; everything shared is there once in each."""
    world = make_world(VISION, ABROAD)
    world.settle()
    for region, names in (("us-east-1", ["acme-alice", "acme-bob"]), ("eu-central-1", ["acme-ed"])):
        found = client("autoscaling", region).describe_auto_scaling_groups()["AutoScalingGroups"]
        assert sorted(each["AutoScalingGroupName"] for each in found) == names
        topics = client("sns", region).list_topics()["Topics"]
        assert [topic["TopicArn"].split(":")[3] for topic in topics] == [region]
    world.declare({"fleet": "vision", "workstations": {"bob": BOB, "zoe": PLAIN}}, ABROAD)
    with world.recorder.record() as recorder:
        world.settle()
    assert {sent.region for sent in recorder.sent if sent.writes} == {"us-east-1"}
