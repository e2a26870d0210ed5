"""Promise 16: whatever somebody puts on live resources, the same run heals another's drift.

Every poison is put into the answers of one recorded look, and a whole run is made over them: the
tag that somebody changed on carol's group is written back, nothing else of the others is touched,
and the report can be printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.engine.run import apply, make_report
from reconciler.plan.model import Op, Outcome, Report
from reconciler.plan.selection import Selection
from reconciler.render.as_json import document
from reconciler.render.markdown import comment
from reconciler.render.style import Style
from reconciler.render.text import text
from reconciler.schedule.preview import with_preview
from tests.kinds.conftest import module_sandbox as module_sandbox  # noqa: PLC0414 - a fixture
from tests.kinds.world import World, client, rows
from tests.promises.fleets import EBS, PLAIN, VISION, site
from tests.promises.poisons import POISONS, Poison
from tests.support.fake_aws import WrappedAws
from tests.support.inline import Inline
from tests.support.replay import Answers, ReplayedAws

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

FLEET = {
    **VISION,
    "workstations": {
        **VISION["workstations"],
        "bob": {
            **VISION["workstations"]["bob"],
            "storage": {"home": {"ebs": {**EBS["ebs"], "kms_key_id": "alias/homes"}}},
        },
        "carol": PLAIN,
        "dave": PLAIN,
        "erin": PLAIN,
    },
}


class RecordedFleet:
    """A recorded site: alice and erin run, bob and carol are off, dave waits for capacity."""

    def __init__(self, sandbox: Sandbox, folder: Any) -> None:
        key = client("kms").create_key()["KeyMetadata"]["KeyId"]
        client("kms").create_alias(AliasName="alias/homes", TargetKeyId=key)
        self.world = World(site(folder, FLEET))
        self.world.settle()
        autoscaling = client("autoscaling")
        for name in ("acme-alice", "acme-erin"):
            autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
        sandbox.capacity.take("*", "*", "spot")
        autoscaling.set_desired_capacity(AutoScalingGroupName="acme-dave", DesiredCapacity=1)
        group = {"ResourceId": "acme-carol", "ResourceType": "auto-scaling-group"}
        drift = {**group, "Key": "Name", "Value": "theirs", "PropagateAtLaunch": True}
        autoscaling.create_or_update_tags(Tags=[drift])
        self._edit_schedule(sandbox)
        self.now = self.world.session.now()
        self.answers = Answers()
        self.before, _ = self.run(self.answers)

    def _edit_schedule(self, sandbox: Sandbox) -> None:
        """One of bob's, so that runs read it whole."""
        sandbox.clock.forward(timedelta(seconds=5))
        scheduler = client("scheduler")
        listed = scheduler.list_schedules(GroupName="acme")["Schedules"]
        name = min(each["Name"] for each in listed if each["Name"].startswith("bob-start"))
        found = scheduler.get_schedule(GroupName="acme", Name=name)
        members = ("ScheduleExpression", "ScheduleExpressionTimezone", "Target")
        same = {member: found[member] for member in members}
        scheduler.update_schedule(
            GroupName="acme", Name=name, FlexibleTimeWindow={"Mode": "OFF"}, **same
        )

    def run(self, answers: Answers) -> tuple[Report, WrappedAws]:
        """A whole run over these answers; what is not among them is asked of the sandbox."""

        def reader(region: str) -> ReplayedAws:
            return answers.recording(self.world.session.region(region))

        # Writes are noted and not made; reads next to them are asked of the sandbox.
        noted = WrappedAws(
            self.world.session.region("us-east-1"), before=lambda call: {} if call.write else None
        )
        environment = replace(
            self.world.environment(),
            reader=reader,
            writer=lambda region: noted,
            now=lambda: self.now,
            pool=Inline,
        )
        report = make_report(self.world.site, environment, Selection())
        report = with_preview(report, self.world.site, self.now)
        return apply(report, self.world.site, environment, lambda _: None, lambda: False), noted


@pytest.fixture(scope="module")
def past(module_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> RecordedFleet:
    return RecordedFleet(module_sandbox, tmp_path_factory.mktemp("poisons"))


def healed(noted: WrappedAws) -> bool:
    """Whether carol's tag was written back."""
    return any(
        call.operation == "create_or_update_tags"
        and ("acme-carol", "acme-carol") in _tags(call.parameters)
        for call in noted.writes
    )


def _tags(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(each["ResourceId"], each["Value"]) for each in parameters["Tags"]]


def test_without_a_poison_the_drift_is_healed_and_nothing_is_broken(past: RecordedFleet) -> None:
    report, noted = past.run(past.answers)
    assert healed(noted)
    assert exit_codes.of_report(report) == exit_codes.DONE, rows(report)


def test_one_poison_stops_nothing(past: RecordedFleet, record_property: Any) -> None:
    usual = {str(change.key) for change in past.before.plan.changes}
    count: Counter[str] = Counter()
    trouble: list[tuple[str, Any]] = []
    for poison in POISONS:
        count["planted"] += 1
        try:
            report, noted = past.run(Answers(poison.into(past.answers.given)))
        except AssertionError as error:
            trouble.append((poison.name, str(error)[:100]))
            continue
        except Exception as error:  # noqa: BLE001 - one that ends the run ends it for all
            count["ended for all"] += 1
            trouble.append((poison.name, repr(error)[:200]))
            continue
        wrong = _wrong(poison, report, usual)
        count["healed"] += healed(noted)
        if not healed(noted) or wrong:
            trouble.append((poison.name, wrong or rows(report)))
    for name, number in count.items():
        record_property(name, number)
    assert not trouble, (dict(count), trouble[:12])
    assert count["healed"] == count["planted"] >= 60
    assert not count["ended for all"]


def _wrong(poison: Poison, report: Report, usual: set[str]) -> list[str]:
    """Rows that a poison must not bring: of others, or that make or remove what stands."""
    wrong = []
    for change in report.plan.changes:
        if str(change.key) in usual:
            continue
        workstation = poison.workstation
        other = bool(workstation) and change.workstation not in (workstation, "")
        made = change.op in (Op.CREATE, Op.DELETE) and change.outcome is Outcome.DONE
        if other or (made and change.key.kind not in ("override_end", "schedule")):
            wrong.append(f"{change.op} {change.key} {change.outcome} {change.reason[:200]}")
    assert document(report)
    assert comment(report, "")
    assert text(report, Style())
    return wrong
