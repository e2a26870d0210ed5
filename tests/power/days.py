"""Days in the sandbox: a workstation, a clock that is moved, and a reconciler that runs by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest

from reconciler.aws.client import Session, connect
from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from reconciler.engine.run import apply, make_report
from reconciler.plan.model import Report
from reconciler.plan.selection import Selection
from reconciler.sandbox import Sandbox
from tests.support.environment import environment

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
REGION = "us-east-1"
READS = ("Describe", "Get", "List")

DEFAULTS = """
site: acme
account: "123456789012"
defaults:
  region: us-east-1
  network: {subnets: {tags: {Tier: private}}}
  image: {ssm_parameter: /golden/gpu-desktop}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
calendars:
  feasts: {dates: ["2026-11-24"]}
"""
ALICE = """
fleet: vision
workstations:
  alice:
    owner: alice@example.com
    instance_types: [g6.xlarge, g5.xlarge, g4dn.xlarge]
    availability_zones: [us-east-1a, us-east-1b]
    schedule: {start: "Mon-Fri 09:00", stop: "Mon-Fri 19:00", timezone: Europe/Berlin%s}
    on_demand_fallback: {after: 10m, max_duration: 8h}
"""


def declared(folder: Path, more: str = "", hours: str = "") -> Site:
    """The site, with more settings of alice, and of her schedule."""
    (folder / "_defaults.yaml").write_text(DEFAULTS)
    lines = "".join(f"    {line}\n" for line in more.splitlines())
    alice = ALICE % hours
    if "schedule:" in more:
        alice = "".join(line for line in alice.splitlines(True) if "schedule:" not in line)
    (folder / "vision.yaml").write_text(alice + lines)
    return load([folder])


@dataclass
class Days:
    """One site in one sandbox, whose time stands still unless it is moved."""

    sandbox: Sandbox
    site: Site
    session: Session

    def at(self, text: str) -> datetime:
        """`Mon 09:00` or `2026-12-24 09:00` in Berlin, on or after the sandbox's day."""
        day, _, clock = text.partition(" ")
        hour, minute = map(int, clock.split(":"))
        local = self.sandbox.clock.now().astimezone(BERLIN)
        if day[0].isdigit():
            return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=BERLIN)
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        ahead = (names.index(day) - local.weekday()) % 7
        moment = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return moment + timedelta(days=ahead)

    def to(self, text: str) -> None:
        """Move time there; what is due happens on the way."""
        self.sandbox.clock.to(self.at(text))

    def run(self) -> Report:
        """A run of the reconciler, now."""
        session = self.session
        parts = environment(session.region, calls=session.calls, now=self.sandbox.clock.now)
        report = make_report(self.site, parts, Selection())
        return apply(report, self.site, parts, lambda change: None, lambda: False)

    def runs_until(self, text: str, every: int = 5) -> list[tuple[str, str]]:
        """Run every few minutes until then; the local time and fields of what was written."""
        end, written = self.at(text), []
        while self.sandbox.clock.now() < end:
            before = self.writes()
            report = self.run()
            if self.writes() != before:
                local = self.sandbox.clock.now().astimezone(BERLIN)
                fields = {f.field for c in report.plan.changes for f in c.fields}
                written.append((f"{local:%a %H:%M}", " ".join(sorted(fields))))
            self.sandbox.clock.forward(timedelta(minutes=every))
        return written

    def writes(self) -> Counter[str]:
        """Mutating calls of the reconciler so far."""
        sent = self.session.calls()
        return Counter({n: c for n, c in sent.items() if not n.split(":")[1].startswith(READS)})

    def group(self) -> dict[str, Any]:
        """Alice's group."""
        answer = aws("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=["acme-alice"]
        )
        return dict(answer["AutoScalingGroups"][0])

    def desire(self, capacity: int) -> None:
        """Somebody's hand on the switch."""
        aws("autoscaling").set_desired_capacity(
            AutoScalingGroupName="acme-alice", DesiredCapacity=capacity
        )

    def state(self) -> str:
        """`off`, `starting`, or the market it runs in."""
        group = self.group()
        ids = [each["InstanceId"] for each in group["Instances"]]
        assert len(ids) <= 1, "never two"
        if not ids:
            return "starting" if group["DesiredCapacity"] else "off"
        found = aws("ec2").describe_instances(InstanceIds=ids)
        lifecycle = found["Reservations"][0]["Instances"][0].get("InstanceLifecycle")
        return str(lifecycle or "on-demand")

    def causes(self) -> list[str]:
        """Why alice's group did what it did, newest first."""
        answer = aws("autoscaling").describe_scaling_activities(AutoScalingGroupName="acme-alice")
        return [each["Cause"] for each in answer["Activities"]]

    def starts(self) -> list[str]:
        """Why it was turned on."""
        return [c for c in self.causes() if "desired capacity from 0 to 1" in c]

    def tags(self) -> dict[str, str]:
        """Alice's group's tags."""
        return {tag["Key"]: tag["Value"] for tag in self.group()["Tags"]}

    def share(self) -> int:
        """How much of the group is On-Demand, in percent."""
        policy = self.group()["MixedInstancesPolicy"]["InstancesDistribution"]
        return int(policy["OnDemandPercentageAboveBaseCapacity"])


Begin = Callable[..., Days]
"""`begun(more, hours)`: `begin` with these settings."""


def aws(service: str) -> Any:
    """A client of a person's own."""
    return boto3.client(service)  # type: ignore[call-overload]


def begin(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    more: str = "",
    hours: str = "",
) -> Days:
    """Sunday noon, everything applied. Schedules fire at the beginning of their windows."""
    monkeypatch.setattr(sandbox.clock, "real", lambda: SUNDAY)
    monkeypatch.setattr(
        "reconciler.sandbox.services.firing._spread", lambda schedule, at: timedelta()
    )
    site = declared(folder, more, hours)
    days = Days(sandbox, site, connect(site))
    for _ in range(2):
        report = days.run()
    assert not report.plan.changes
    return days


def codes(report: Report) -> list[str]:
    """Of its findings, without what is always said."""
    return [f.code for f in report.findings if f.code != "few-spot-pools"]


def override(days: Days, text: str) -> None:
    """Write the tag that holds an override of alice, as a person's command does."""
    aws("autoscaling").create_or_update_tags(
        Tags=[
            {
                "ResourceId": "acme-alice",
                "ResourceType": "auto-scaling-group",
                "Key": "reconciler:override",
                "Value": text,
                "PropagateAtLaunch": False,
            }
        ]
    )
