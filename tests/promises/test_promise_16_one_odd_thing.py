"""Promise 16: one odd thing in AWS is one broken row, never the end of a run.

Every member of every answer that a look reads is left out, or given another type, one at a time:
what is there is neither made again nor taken away, and the other workstation has no row.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine.run import make_report
from reconciler.errors import AwsError
from reconciler.plan.model import Change, Create, Key, Op, Outcome, Report
from reconciler.plan.refs import refs
from reconciler.plan.selection import Selection
from tests.kinds.conftest import module_sandbox as module_sandbox  # noqa: PLC0414 - a fixture
from tests.kinds.world import World, client, rows
from tests.support.inline import Inline
from tests.support.replay import GONE, Answers, Path, ReplayedAws, places
from tests.support.samples import SOAK

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

ODDITIES: tuple[Any, ...] = (GONE, None, 7, "[[", [], {})
NAMES = ("Name", "Id", "Arn", "Key", "Value", "Workstation", "Endpoint", "Protocol")
"""Members whose text says which thing it is: another text is another thing."""

NONE_THERE: dict[str, tuple[Any, ...]] = {"QueueUrls": (GONE, [])}
"""Lists that AWS leaves out where they are empty (SQS API reference, ListQueues)."""

OF_ONE = {
    "describe_auto_scaling_groups",
    "describe_launch_template_versions",
    "describe_launch_templates",
    "describe_scaling_activities",
    "describe_scheduled_actions",
    "describe_volumes",
    "list_schedules",
}
"""Lists whose items are each of one workstation."""

OPERATIONS = (
    "describe_access_points",
    "describe_auto_scaling_groups",
    "describe_file_systems",
    "describe_images",
    "describe_instances",
    "describe_launch_template_versions",
    "describe_launch_templates",
    "describe_lifecycle_configuration",
    "describe_mount_targets",
    "describe_network_interfaces",
    "describe_scaling_activities",
    "describe_scheduled_actions",
    "describe_security_groups",
    "describe_subnets",
    "describe_volumes",
    "get_parameters",
    "get_queue_attributes",
    "get_role",
    "get_schedule",
    "get_schedule_group",
    "get_topic_attributes",
    "list_instance_profiles",
    "list_queues",
    "list_rules",
    "list_schedules",
    "list_subscriptions_by_topic",
    "list_tags_for_resource",
    "list_targets_by_rule",
)


class Past:
    """A site whose answers were recorded: one workstation runs, the other waits for capacity."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world = World()
        self.world.settle()
        scheduler, autoscaling = client("scheduler"), client("autoscaling")
        autoscaling.set_desired_capacity(AutoScalingGroupName="acme-bob", DesiredCapacity=1)
        sandbox.capacity.take("*", "*", "spot")
        autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=1)
        autoscaling.put_scheduled_update_group_action(
            AutoScalingGroupName="acme-bob",
            ScheduledActionName="by-hand",
            StartTime=sandbox.clock.now() + timedelta(days=1),
            MaxSize=1,
        )
        # Edited by hand, so that a run reads it whole: dates are compared to the second.
        sandbox.clock.forward(timedelta(seconds=5))
        [name, *_] = [s["Name"] for s in scheduler.list_schedules(GroupName="acme")["Schedules"]]
        found = scheduler.get_schedule(GroupName="acme", Name=name)
        members = ("ScheduleExpression", "ScheduleExpressionTimezone", "Target")
        scheduler.update_schedule(
            GroupName="acme",
            Name=name,
            FlexibleTimeWindow={"Mode": "OFF"},
            **{member: found[member] for member in members},
        )
        self.now: datetime = self.world.session.now()
        self.answers = Answers()
        self.before = self.look(self.answers)

    def look(self, answers: Answers) -> Report:
        """A dry run over these answers; what is not among them is asked of the sandbox."""

        def reader(region: str) -> ReplayedAws:
            return answers.recording(self.world.session.region(region))

        environment = replace(
            self.world.environment(), reader=reader, now=lambda: self.now, pool=Inline
        )
        return make_report(self.world.site, environment, Selection())


@pytest.fixture(scope="module")
def past(module_sandbox: Sandbox) -> Past:
    return Past(module_sandbox)


def operation(name: str) -> str:
    """Of a recorded request."""
    found: str = json.loads(name)[2]
    return found


def test_every_read_of_a_look_is_tried(past: Past) -> None:
    assert {operation(name) for name in past.answers.given} == set(OPERATIONS)
    outcomes = {change.outcome for change in past.before.plan.changes}
    assert outcomes <= {Outcome.PLANNED}, rows(past.before)
    assert "cannot-start" in {finding.code for finding in past.before.findings}


@pytest.mark.parametrize("tried", OPERATIONS)
def test_one_odd_answer_is_one_broken_row(past: Past, tried: str) -> None:
    usual = {str(change.key) for change in past.before.plan.changes}
    count = 0
    for name, answer in past.answers.given.items():
        if operation(name) != tried or isinstance(answer, AwsError):
            continue
        for path, oddity in some(oddities(answer)):
            report = past.look(past.answers.odd(name, path, oddity))
            odd = [c for c in report.plan.changes if str(c.key) not in usual]
            where = (tried, path, oddity, rows(report))
            blocked = {c.key for c in report.plan.changes if c.outcome is Outcome.BLOCKED}
            wrong = [
                c
                for c in odd
                if c.op is not Op.UPDATE and c.outcome is Outcome.PLANNED
                if not needed(c) & blocked  # it waits for what is blocked
                # It has no name: without tags it is somebody else's, and one more of ours beside it
                # leads to the same directory as the same user.
                if (tried, path[-1]) != ("describe_access_points", "Tags")
            ]
            assert not wrong, where
            if tried in OF_ONE:
                assert len({c.workstation for c in odd} & {"alice", "bob"}) < 2, where
            count += 1
    assert count


def needed(change: Change) -> set[Key]:
    """What a row refers to."""
    action = change.action
    return {ref.key for ref in refs(action.desired.spec)} if isinstance(action, Create) else set()


def some(every: list[tuple[Path, Any]]) -> list[tuple[Path, Any]]:
    """Choose every fifth in the gate: each place has six at most, so the next has another one."""
    return every if SOAK else every[::5]


def oddities(answer: Any) -> list[tuple[Path, Any]]:
    """Each place of an answer with each oddity that may be there."""
    return [
        (path, oddity)
        for path in places(answer)
        for oddity in ODDITIES
        if oddity != "[[" or not (str(path[-1]).endswith(NAMES) or "QueueUrls" in path)
        if oddity not in NONE_THERE.get(str(path[-1]), ())
    ]
