"""Promise 3: killed at any call, the next runs finish it, and nothing is made twice or leaked."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.engine.run import apply, make_report
from reconciler.plan.model import Outcome, Report
from reconciler.plan.selection import Selection
from tests.kinds.world import rows
from tests.promises.conftest import FleetWorld, MakeWorld, client
from tests.promises.fleets import HOURS, TYPES, VISION, Tree, plain, vision
from tests.support.call_recorder import Killed, Sent

FIRST_APPLY = 28
"""Writing calls of a first apply of two workstations, over the runs it takes."""

EDIT: Tree = {
    **vision(carol={"instance_types": TYPES}, bob=None),
    "defaults": {"storage": {"root": {"size": "150GiB"}}, "tags": {"Team": "vision"}},
}
EDIT["workstations"]["alice"]["schedule"] = {**HOURS, "start": "Mon-Fri 08:00"}
EDITS = 17
"""Writing calls of an edit that makes, changes and removes something of each kind."""


def count() -> Counter[str]:
    """How many there are of everything that we make."""
    ec2, events = client("ec2"), client("events")
    groups = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    filters = [{"Name": "tag:reconciler:site", "Values": ["acme"]}]
    versions = ec2.describe_launch_template_versions(Versions=["$Latest"])
    security = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    rules = events.list_rules(NamePrefix="acme")["Rules"]
    targets = [events.list_targets_by_rule(Rule=rule["Name"])["Targets"] for rule in rules]
    return Counter(
        file_systems=len(client("fsx").describe_file_systems()["FileSystems"]),
        volumes=len(ec2.describe_volumes(Filters=filters)["Volumes"]),
        templates=len(versions["LaunchTemplateVersions"]),
        groups=len(groups),
        schedules=len(client("scheduler").list_schedules(GroupName="acme")["Schedules"]),
        schedule_groups=len(client("scheduler").list_schedule_groups()["ScheduleGroups"]),
        topics=len(client("sns").list_topics()["Topics"]),
        subscriptions=sum(
            len(
                client("sns").list_subscriptions_by_topic(TopicArn=each["TopicArn"])[
                    "Subscriptions"
                ]
            )
            for each in client("sns").list_topics()["Topics"]
        ),
        queues=len(client("sqs").list_queues().get("QueueUrls", ())),
        rules=len(rules),
        targets=sum(map(len, targets)),
        security_groups=len(security),
        permissions=sum(
            len(item["UserIdGroupPairs"]) for each in security for item in each["IpPermissions"]
        ),
    )


class Plug:
    """Pulled at the k-th writing call: that call, and every one after it, ends the process."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.at, self.after = at, after
        self.sent = self.answered = 0
        self.pulled = False

    def before_send(self, sent: Sent) -> None:
        if sent.writes:
            self.sent += 1
            self.pulled = self.pulled or (not self.after and self.sent >= self.at)
        if self.pulled:
            raise Killed

    def after_answer(self, sent: Sent) -> None:
        if sent.writes:
            self.answered += 1
            self.pulled = self.pulled or (self.after and self.answered >= self.at)
        if self.pulled:
            raise Killed


def run_until_killed(world: FleetWorld, plug: Plug) -> None:
    """As many runs as it takes, up to the plug; a fault if it was never pulled."""
    with world.recorder.record(plug.before_send, plug.after_answer):
        for _ in range(4):
            try:
                world.run()
            except Killed:
                return
    pytest.fail("it was finished before the plug was pulled")


@pytest.fixture(scope="module")
def wanted(make_module_world: MakeWorld) -> dict[str, Counter[str]]:
    """What stands after runs that nobody stopped."""
    world = make_module_world(VISION)
    world.settle()
    first = count()
    world.declare(EDIT)
    world.settle()
    return {"first": first, "edit": count()}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, FIRST_APPLY + 1))
def test_a_first_apply_killed_at_any_call_is_finished_by_two_more_runs(
    wanted: dict[str, Counter[str]], make_world: MakeWorld, call: int, after: bool
) -> None:
    world = make_world(VISION)
    run_until_killed(world, Plug(call, after=after))
    for _ in range(2):
        world.run()
    assert rows(world.look()) == []
    assert count() == wanted["first"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, EDITS + 1))
def test_an_edit_killed_at_any_call_is_finished_by_two_more_runs(
    wanted: dict[str, Counter[str]], make_world: MakeWorld, call: int, after: bool
) -> None:
    world = make_world(VISION)
    world.settle()
    world.declare(EDIT)
    run_until_killed(world, Plug(call, after=after))
    for _ in range(2):
        world.run()
    assert rows(world.look()) == []
    assert count() == wanted["edit"]


def test_the_tables_above_name_every_call(make_world: MakeWorld) -> None:
    """So that a kind with one more call is killed there too."""
    world = make_world(VISION)
    with world.recorder.record() as recorder:
        world.settle()
    assert len(recorder.writes) == FIRST_APPLY, recorder.writes
    world.declare(EDIT)
    with world.recorder.record() as recorder:
        world.settle()
    assert len(recorder.writes) == EDITS, recorder.writes


def test_many_schedules_half_replaced_by_a_killed_run_need_no_approval(
    make_world: MakeWorld,
) -> None:
    """New ones made, old ones not yet deleted: no removal of workstations, and so no guard."""
    names = [f"w{i}" for i in range(12)]
    world = make_world(plain(*names, schedule=HOURS))
    world.settle()
    world.declare(plain(*names, schedule={**HOURS, "timezone": "America/New_York"}))

    def killed_before_deletes(sent: Sent) -> None:
        if sent.operation == "DeleteSchedule":
            raise Killed

    with world.recorder.record(killed_before_deletes), pytest.raises(Killed):
        world.run()
    report = world.run()
    assert not [f for f in report.findings if f.approval]
    assert {c.outcome for c in report.plan.changes} == {Outcome.DONE}
    assert count()["schedules"] == 2 * len(names)
    assert rows(world.look()) == []


def test_two_runs_at_once_make_nothing_twice(
    wanted: dict[str, Counter[str]], make_world: MakeWorld
) -> None:
    """Both looked before either wrote, as a person and cron may."""
    world = make_world(VISION)
    looks = [make_report(world.site, world.environment(), Selection()) for _ in range(2)]

    def act(report: Report) -> Report:
        return apply(report, world.site, world.environment(), lambda change: None, lambda: False)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(act, looks))
    for _ in range(2):
        world.run()
    assert rows(world.look()) == []
    assert count() == wanted["first"]
