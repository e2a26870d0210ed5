"""Promise 8 and the truth table of docs/power.md where a run decides: rows 22 to 33."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.plan.model import Op, Outcome
from reconciler.sandbox.services import failures, quotas
from tests.power.days import REGION, Begin, Days, aws, codes, override


def take_capacity(days: Days, market: str = "spot") -> None:
    days.sandbox.capacity.take("*", "*", market)  # type: ignore[arg-type]


def activities(days: Days) -> list[dict[str, Any]]:
    """Newest first."""
    answer = aws("autoscaling").describe_scaling_activities(AutoScalingGroupName="acme-alice")
    return list(answer["Activities"])


def give_capacity(days: Days, market: str = "spot") -> None:
    days.sandbox.capacity.give("*", "*", market)  # type: ignore[arg-type]


def test_rows_1_3_and_28_a_day_on_spot_makes_no_run_write(begun: Begin) -> None:
    days = begun()
    assert days.runs_until("Mon 09:01", every=60) == []
    assert days.state() == "spot"
    assert days.runs_until("Mon 19:01", every=60) == []
    assert days.state() == "off"


def test_row_4_a_stop_of_what_is_off_changes_nothing(begun: Begin) -> None:
    days = begun()
    days.to("Mon 10:00")
    days.desire(0)
    assert days.runs_until("Mon 19:30", every=115) == []
    assert days.state() == "off"


def test_rows_32_and_33_a_holiday_skips_the_start_and_keeps_the_stop(begun: Begin) -> None:
    days = begun(hours=", except: [feasts]")
    days.to("Mon 19:30")
    days.desire(1)
    days.run()
    days.to("Tue 18:59")
    assert days.state() == "spot", "up since Monday"
    days.to("Tue 19:01")
    assert days.state() == "off"
    assert len(days.starts()) == 2, "by Monday's start and by hand: Tuesday is a feast"
    assert days.runs_until("Wed 08:01", every=60) != [], "its schedules are plain again"
    days.to("Wed 09:01")
    assert days.state() == "spot"
    assert not days.run().plan.changes


def test_row_22_and_23_on_demand_after_the_declared_wait_and_not_before(begun: Begin) -> None:
    days = begun()
    take_capacity(days)
    days.to("Mon 09:01")
    assert days.state() == "starting"
    report = days.run()
    assert not report.plan.changes
    assert codes(report) == ["cannot-start"]
    days.to("Mon 09:09")
    assert not days.run().plan.changes
    days.to("Mon 09:10")
    (change,) = days.run().plan.changes
    assert change.outcome is Outcome.DONE
    assert {f.field for f in change.fields} == {
        "market",
        "on_demand_percentage_above_base_capacity",
    }
    assert "no Spot capacity since" in change.reason
    assert days.tags()["reconciler:market"] == "on-demand since 2026-11-23T08:10:00Z"
    assert days.state() == "on-demand"
    assert days.group()["SuspendedProcesses"][0]["ProcessName"] == "AZRebalance"
    assert len(days.group()["SuspendedProcesses"]) == 1
    assert not days.run().plan.changes


def test_rows_24_and_25_back_to_spot_when_nothing_runs(begun: Begin) -> None:
    days = begun()
    take_capacity(days)
    days.to("Mon 09:15")
    days.run()
    give_capacity(days)
    assert days.runs_until("Mon 18:15", every=180) == []
    days.to("Mon 19:01")
    assert (days.state(), days.share()) == ("off", 100)
    (change,) = days.run().plan.changes
    assert change.reason == "nothing runs: back to Spot"
    assert (days.state(), days.share()) == ("off", 0)
    assert "reconciler:market" not in days.tags()
    days.to("Tue 09:01")
    assert days.state() == "spot"


def test_row_26_a_lease_that_is_over_cuts_nobody_off(begun: Begin) -> None:
    days = begun("max_runtime: 14h")
    take_capacity(days)
    days.to("Mon 09:15")
    days.run()
    give_capacity(days)
    days.to("Mon 17:30")
    report = days.run()
    assert not report.plan.changes
    assert codes(report) == ["lease-over"]
    assert days.state() == "on-demand"


def protect(days: Days) -> str:
    """Somebody protects what runs from scale-in; the instance's id."""
    autoscaling = aws("autoscaling")
    [group] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["acme-alice"])[
        "AutoScalingGroups"
    ]
    [instance] = [each["InstanceId"] for each in group["Instances"]]
    autoscaling.set_instance_protection(
        AutoScalingGroupName="acme-alice", InstanceIds=[instance], ProtectedFromScaleIn=True
    )
    return str(instance)


def test_a_protected_instance_is_left_to_who_works_on_it_and_told(begun: Begin) -> None:
    """Promise 8."""
    days = begun()
    days.to("Mon 09:15")
    instance = protect(days)
    report = days.run()
    assert not report.plan.changes
    [finding] = report.findings
    assert finding.code == "protected-instance"
    assert f"--no-protected-from-scale-in --instance-ids {instance}" in finding.message
    assert days.state() == "spot"


def test_a_protected_instance_ends_in_the_run_after_its_stop(begun: Begin) -> None:
    """Promise 15: AWS lowers the desired capacity, and ends nothing."""
    days = begun()
    days.to("Mon 09:15")
    instance = protect(days)
    days.to("Mon 19:10")
    assert running() == [instance], "the stop alone did nothing"
    report = days.run()
    (change,) = report.plan.changes
    assert [(f.field, f.old, f.new) for f in change.fields] == [
        ("protected_instances", (instance,), ())
    ]
    assert change.outcome is Outcome.DONE
    assert change.reason == (
        f"it is off, and its protection from scale-in keeps {instance} running"
    )
    assert running() == []
    assert not days.run().plan.changes


def test_a_backstop_ends_a_protected_instance_too(begun: Begin) -> None:
    """Promise 15."""
    days = begun("max_runtime: 4h")
    days.to("Mon 09:15")
    protect(days)
    days.to("Mon 14:00")
    (change,) = days.run().plan.changes
    assert {f.field for f in change.fields} == {"desired_capacity", "protected_instances"}
    assert running() == []


def running() -> list[str]:
    groups = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["acme-alice"])
    return [each["InstanceId"] for each in groups["AutoScalingGroups"][0]["Instances"]]


def test_row_27_on_demand_short_too_is_spot_again_after_as_long(begun: Begin) -> None:
    days = begun()
    take_capacity(days)
    take_capacity(days, "on-demand")
    days.to("Mon 09:15")
    days.run()
    assert (days.state(), days.share()) == ("starting", 100)
    days.to("Mon 09:20")
    assert not days.run().plan.changes
    days.to("Mon 09:26")
    (change,) = days.run().plan.changes
    assert "On-Demand has no capacity either" in change.reason
    assert (days.state(), days.share()) == ("starting", 0)
    assert days.runs_until("Mon 09:50") == [], (
        "On-Demand had no capacity a moment ago: no to and fro"
    )
    give_capacity(days)
    days.run()
    assert days.state() == "spot"


def test_row_27_an_on_demand_quota_is_not_waited_for_nor_asked_again_at_once(begun: Begin) -> None:
    days = begun()
    take_capacity(days)
    quotas.change(days.sandbox.world, REGION, "L-DB2E81BA", 0)
    days.to("Mon 09:15")
    days.run()
    assert days.share() == 100
    (change,) = days.run().plan.changes
    assert "the On-Demand quota is used up" in change.reason
    assert days.runs_until("Mon 10:10") == []
    report = days.run()
    (finding,) = [f for f in report.findings if f.code == "cannot-start"]
    assert "no Spot capacity" in finding.message
    assert "on-demand" in finding.message


def test_no_fallback_for_what_waiting_or_paying_cannot_mend(begun: Begin) -> None:
    days = begun()
    days.sandbox.capacity.take("*", "*", "spot", failure=failures.KEY)
    days.to("Mon 09:30")
    report = days.run()
    assert not report.plan.changes
    (finding,) = [f for f in report.findings if f.code == "cannot-start"]
    assert "KMS key" in finding.message


@pytest.mark.parametrize("last", ["not-offered", "first-launch", "address", "aws-fault"])
def test_another_cause_among_unavailable_pools_neither_blocks_nor_delays_the_fallback(
    begun: Begin, last: str
) -> None:
    days = begun()
    take_capacity(days)
    days.to("Mon 09:05")
    days.sandbox.capacity.take("*", "*", "spot", failure=failures.NAMED[last])
    days.to("Mon 09:09")
    assert not days.run().plan.changes
    newest = activities(days)[0]["StatusMessage"]
    assert failures.NAMED[last].text.split("{")[0] in newest, "it is what failed last"
    days.to("Mon 09:10")
    (change,) = days.run().plan.changes
    assert "no Spot capacity since 2026-11-23T08:00:" in change.reason
    assert days.state() == "on-demand"


def test_what_on_demand_would_meet_too_keeps_it_on_spot(begun: Begin) -> None:
    days = begun()
    take_capacity(days)
    days.to("Mon 09:05")
    days.sandbox.capacity.take("*", "*", "spot", failure=failures.NO_SECURITY_GROUP)
    days.to("Mon 09:20")
    report = days.run()
    assert not report.plan.changes, "nobody knows whether Spot has capacity again"
    (finding,) = [f for f in report.findings if f.code == "cannot-start"]
    assert "security group" in finding.message
    assert "who can fix it: the platform team; next step: correct it in the YAML" in finding.message
    take_capacity(days)
    days.to("Mon 09:30")
    (change,) = days.run().plan.changes
    assert "no Spot capacity since 2026-11-23T08:00:" in change.reason


def test_an_instance_that_comes_up_between_looking_and_writing_stays(
    begun: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = begun()
    take_capacity(days)
    days.to("Mon 09:15")
    client = days.session.region("us-east-1")
    call = type(client).call

    def late(self: object, service: str, operation: str, **parameters: object) -> object:
        if operation == "suspend_processes":
            give_capacity(days)  # Spot comes back in this very moment
            days.group()
        return call(self, service, operation, **parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(type(client), "call", late)
    (change,) = days.run().plan.changes
    assert (change.outcome, change.reason) == (
        Outcome.WAITING,
        "an instance came up meanwhile; applied once nothing runs",
    )
    assert (days.state(), days.share()) == ("spot", 0)
    days.run()
    assert "reconciler:market" not in days.tags(), "a Spot instance came after all"
    assert days.state() == "spot"


def test_row_28_after_any_start_and_stop_by_hand_the_plan_is_empty(begun: Begin) -> None:
    days = begun()
    days.to("Mon 10:00")
    for capacity in (0, 1, 0):
        days.desire(capacity)
        assert not days.run().plan.changes


def test_row_29_outside_its_hours_is_told_and_stopped_where_declared(begun: Begin) -> None:
    days = begun()
    days.to("Mon 20:00")
    days.desire(1)
    report = days.run()
    assert not report.plan.changes
    assert codes(report) == ["outside-hours"]
    assert days.state() == "spot"


def test_row_29_stop(begun: Begin) -> None:
    days = begun("outside_hours: stop")
    days.to("Mon 19:10")
    days.desire(1)
    assert not days.run().plan.changes, "a stop comes within 5 minutes, or is tried again for 15"
    days.to("Mon 19:26")
    (change,) = days.run().plan.changes
    assert {f.field: f.new for f in change.fields} == {"desired_capacity": 0}
    assert "outside its hours" in change.reason
    assert days.state() == "off"
    assert not days.run().plan.changes


def test_row_30_max_runtime(begun: Begin) -> None:
    days = begun("max_runtime: 8h")
    days.to("Mon 16:59")
    assert not days.run().plan.changes
    days.to("Mon 17:01")
    (change,) = days.run().plan.changes
    assert "longer than its max_runtime of 8 h" in change.reason
    assert days.state() == "off"


def test_an_override_does_not_disarm_max_runtime(begun: Begin) -> None:
    """Promise 15: whatever keeps it on, it ends; and what kept it on is taken back with it."""
    days = begun("max_runtime: 8h")
    days.to("Mon 10:00")
    override(days, "on until 2026-11-29T05:00:00Z alice@example.com")
    days.run()
    days.to("Mon 17:01")
    change, ended = days.run().plan.changes
    assert {f.field: f.new for f in change.fields} == {
        "min_size": 0,
        "desired_capacity": 0,
        "override": "",
    }
    assert (ended.op, ended.key.kind) == (Op.DELETE, "override_end")
    assert days.state() == "off"
    assert not days.run().plan.changes


def test_an_override_beats_the_end_of_the_hours_and_is_in_the_plan(begun: Begin) -> None:
    days = begun("outside_hours: stop")
    days.to("Mon 18:00")
    if days.state() == "off":
        days.desire(1)
    until = (days.sandbox.clock.now() + timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    override(days, f"on until {until} alice@example.com")
    change, end = days.run().plan.changes
    assert {f.field: f.new for f in change.fields} == {"min_size": 1}, "a cut-off hold is completed"
    assert (end.op, end.key.kind, end.outcome) == (Op.CREATE, "override_end", Outcome.DONE)
    days.to("Tue 02:00")
    report = days.run()
    assert not report.plan.changes
    assert codes(report) == ["override"]
    assert days.state() == "spot"


def test_an_override_that_is_over_leaves_the_sizes_as_declared(begun: Begin) -> None:
    days = begun()
    days.to("Mon 10:00")
    override(days, "off until 2026-11-24T05:00:00Z bob")
    days.desire(0)
    days.run()
    assert (days.group()["MinSize"], days.group()["MaxSize"]) == (0, 0)
    days.to("Tue 05:50")
    assert not days.run().plan.changes
    days.to("Tue 06:10")
    days.run()
    assert (days.group()["MinSize"], days.group()["MaxSize"]) == (0, 1)
    days.to("Tue 09:01")
    assert days.state() == "spot"


def test_row_7_an_end_that_aws_did_not_bring_is_brought_by_a_run(begun: Begin) -> None:
    days = begun()
    days.to("Mon 18:00")
    override(days, "on until 2026-11-23T19:00:00Z alice")
    days.run()
    aws("autoscaling").delete_scheduled_action(
        AutoScalingGroupName="acme-alice", ScheduledActionName="reconciler-override-end"
    )
    days.to("Mon 20:30")
    assert days.state() == "spot", "the stop was refused, and no scheduled action stands"
    (change,) = days.run().plan.changes
    assert {f.field: f.new for f in change.fields} == {"min_size": 0, "desired_capacity": 0}
    assert days.state() == "off"
    assert not days.run().plan.changes
