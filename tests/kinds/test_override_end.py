"""The scheduled action that ends an override: no YAML declares one, and a run keeps it true."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.commands import override_writer, overrides
from reconciler.kinds import override_end
from reconciler.kinds.override_end import ACTION, UNCHANGED, OverrideEnd
from reconciler.plan.model import Change, Op, Outcome
from reconciler.schedule import hours
from reconciler.workstation import read
from reconciler.workstation.runtime_tags import NORMAL, Sizes
from tests.power.days import Days, aws, begin, codes

GROUP = "acme-alice"
UNTIL = datetime(2026, 11, 25, 11, tzinfo=UTC)  # within her hours: noon in Berlin
ENDS = "2026-11-25T11:00:00Z"


@pytest.fixture(scope="module")
def _declared() -> None:
    """The runtime decides here, as in a run: nothing is patched."""


@pytest.fixture
def days(sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Days:
    """Alice within her hours, on."""
    made = begin(sandbox, monkeypatch, tmp_path)
    made.to("Mon 12:00")
    return made


def tag(value: str) -> None:
    """What a command writes first."""
    named = {"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    tags = [{**named, "Key": "reconciler:override", "Value": value}]
    aws("autoscaling").create_or_update_tags(Tags=tags)


def put(**settings: Any) -> None:
    """A scheduled action, by a hand or by a command."""
    base = {"AutoScalingGroupName": GROUP, "ScheduledActionName": ACTION, "MinSize": 0}
    aws("autoscaling").put_scheduled_update_group_action(**{**base, "MaxSize": 1, **settings})


def stands() -> dict[str, OverrideEnd]:
    """Every scheduled action of alice's group, by name."""
    found = aws("autoscaling").describe_scheduled_actions(AutoScalingGroupName=GROUP)
    actions = found["ScheduledUpdateGroupActions"]
    return {each["ScheduledActionName"]: override_end.read(each) for each in actions}


def ends(changes: tuple[Change, ...]) -> list[tuple[Op, Outcome]]:
    """The rows of this kind."""
    return [(c.op, c.outcome) for c in changes if c.key.kind == override_end.NAME]


def test_a_run_writes_the_end_that_a_killed_command_left_out(days: Days) -> None:
    """Promise 15: sizes and end."""
    tag(f"on until {ENDS} ann")
    report = days.run()
    assert ends(report.plan.changes) == [(Op.CREATE, Outcome.DONE)]
    assert stands() == {ACTION: OverrideEnd(ENDS, 0, 1, UNCHANGED)}
    assert days.group()["MinSize"] == 1
    assert not days.run().plan.changes, "promise 2"


def test_a_run_completes_an_off_that_was_killed_before_its_sizes(days: Days) -> None:
    put(StartTime=UNTIL)
    tag(f"off until {ENDS} ann")
    days.desire(0)
    days.run()
    group = days.group()
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 0, 0)
    assert stands() == {ACTION: OverrideEnd(ENDS, 0, 1, UNCHANGED)}
    assert not days.run().plan.changes


def test_an_off_that_was_killed_on_a_held_one_ends_when_it_says(days: Days) -> None:
    """The end of the hold stands, with its capacity; the tag already says another time."""
    put(StartTime=datetime(2026, 11, 23, 20, tzinfo=UTC), DesiredCapacity=0)
    tag(f"off until {ENDS} ann")
    days.desire(0)
    report = days.run()
    assert ends(report.plan.changes) == [(Op.UPDATE, Outcome.DONE)]
    assert stands() == {ACTION: OverrideEnd(ENDS, 0, 1, UNCHANGED)}
    assert not days.run().plan.changes


def test_an_end_without_an_override_is_taken_away(days: Days) -> None:
    """A stop that was killed after its tag: the end would turn off a later start."""
    put(StartTime=UNTIL, DesiredCapacity=0)
    tag("turned off 2026-11-23T11:00:00Z ann")
    report = days.run()
    assert ends(report.plan.changes) == [(Op.DELETE, Outcome.DONE)]
    assert not stands()
    assert not days.run().plan.changes


def nightly(group: str, name: str = "nightly") -> None:
    """Somebody's own hours."""
    aws("autoscaling").put_scheduled_update_group_action(
        AutoScalingGroupName=group,
        ScheduledActionName=name,
        Recurrence="*/5 * * * *",
        DesiredCapacity=1,
    )


@pytest.mark.parametrize("name", ["nightly", ACTION])
def test_a_scheduled_action_of_somebody_else_is_reported_and_removed(days: Days, name: str) -> None:
    """It would turn her on after every stop, and no schedule or backstop would hold."""
    nightly(GROUP, name)
    report = days.run()
    assert ends(report.plan.changes) == [(Op.DELETE, Outcome.DONE)]
    [finding] = [each for each in report.findings if each.code == "foreign-scheduled-action"]
    assert f"scheduled action '{name}' on the group acme-alice" in finding.message
    assert not stands()
    assert not days.run().plan.changes


def test_those_of_a_group_that_is_not_ours_are_left(days: Days) -> None:
    """Promise 6: a name of ours is no proof."""
    made = days.group()
    used = made["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="acme-zed",
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=made["VPCZoneIdentifier"],
        LaunchTemplate={name: used[name] for name in ("LaunchTemplateId", "Version")},
    )
    nightly("acme-zed")
    report = days.run()
    assert not report.plan.changes
    assert "foreign-scheduled-action" not in codes(report)
    found = aws("autoscaling").describe_scheduled_actions(AutoScalingGroupName="acme-zed")
    assert len(found["ScheduledUpdateGroupActions"]) == 1


def test_an_end_without_a_capacity_is_never_written_over_one_with_a_capacity(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody outside AWS knows whether a parameter that is left out keeps its old value."""
    aws = days.session.region("us-east-1")
    names: list[str] = []
    call = type(aws).call

    def record(self: Any, service: str, operation: str, **parameters: Any) -> Any:
        if "scheduled" in operation and not operation.startswith("describe"):
            names.append(operation)
        return call(self, service, operation, **parameters)

    monkeypatch.setattr(type(aws), "call", record)
    put(StartTime=datetime(2026, 11, 23, 20, tzinfo=UTC), DesiredCapacity=0)
    tag("on until 2026-11-23T20:00:00Z ann")
    days.run()
    names.clear()
    [group] = read.by_name(aws, "alice")
    now = days.sandbox.clock.now()
    overrides.extend(aws, group, hours.read(aws, group), UNTIL, "ann", now)
    assert names == ["delete_scheduled_action", "put_scheduled_update_group_action"]
    assert stands() == {ACTION: OverrideEnd(ENDS, 0, 1, UNCHANGED)}
    assert override_writer.read(aws, group).group.sizes == Sizes(1, 1) != NORMAL
