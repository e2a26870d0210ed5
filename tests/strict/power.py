"""One workstation with hours: the scenes it may be in, and who acts on it.

Hours are Mon-Fri 09:00 to 19:00 in Berlin. What is left on outside them is to be stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.aws_api import Aws
from reconciler.commands import find, overrides
from reconciler.commands import start as starting
from reconciler.commands import stop as stopping
from reconciler.declare.fleet import Site
from reconciler.errors import ReconcilerError
from reconciler.kinds import override_end
from reconciler.plan.model import Report
from reconciler.schedule import hours
from reconciler.schedule.hours import Hours
from reconciler.workstation.model import Group
from tests.strict import instances, sites
from tests.strict.aws import StrictAws
from tests.strict.cache import MEMO
from tests.strict.door import OPEN, Door, Gate
from tests.strict.faults import Crash
from tests.strict.tables import Record
from tests.strict.timers import forward
from tests.strict.world import REGION, StrictWorld, new_aws

GROUP = "acme-alice"
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = {"Mon": 23, "Tue": 24, "Wed": 25, "Thu": 26, "Fri": 27}
RUN = "run"

Act = Callable[[Aws, Group, Hours, datetime], object]


def at(text: str) -> datetime:
    """Return the instant of `Mon 10:00` in Berlin."""
    day, clock = text.split()
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, DAYS[day], hour, minute, tzinfo=BERLIN).astimezone(UTC)


@cache
def site() -> Site:
    """Make a site with Alice alone."""
    alice: dict[str, Any] = {
        "owner": "alice@example.com",
        "instance_types": sites.TYPES,
        "schedule": dict(sites.HOURS),
        "spot_policy": "auto",
        "on_demand_fallback": {"after": "10m", "max_duration": "8h"},
        "outside_hours": "stop",
    }
    return sites.Fleet({"alice": alice}).site()


# -- who acts ----------------------------------------------------------------------------------


def run(aws: StrictAws, gate: Gate = OPEN, actor: str = RUN) -> Report | None:
    """A run of the reconciler; None when it ended early."""
    MEMO.played += 1
    return StrictWorld(aws, site(), gate, actor).run()


def command(aws: StrictAws, name: str, gate: Gate = OPEN) -> str:
    """A developer's command, sent under its own name; what it failed with."""
    door = Door(aws, REGION, name, gate)
    try:
        group = find.one(door, "alice", "alice@example.com")
        live_hours = hours.read(door, group)
        COMMANDS[name](door, group, live_hours, aws.now())
    except Crash as crash:
        return f"crash {crash}"
    except ReconcilerError as error:
        return str(error)
    return ""


def start(aws: Aws, group: Group, live_hours: Hours, now: datetime) -> object:
    return starting.begin(aws, group, live_hours, None, "ann", now)


def stop(aws: Aws, group: Group, live_hours: Hours, now: datetime) -> object:
    return stopping.stop(aws, group, live_hours, "ann", now)


def extend(aws: Aws, group: Group, live_hours: Hours, now: datetime) -> object:
    """Two hours beyond the stop."""
    return overrides.extend(aws, group, live_hours, at("Mon 21:00"), "ann", now)


def hold(aws: Aws, group: Group, live_hours: Hours, now: datetime) -> object:
    """Over night, to a moment within its hours."""
    return overrides.hold(aws, group, live_hours, at("Tue 12:00"), "ann", now)


def off(aws: Aws, group: Group, live_hours: Hours, now: datetime) -> object:
    return overrides.off_until(aws, group, live_hours, at("Wed 09:00"), "ann", now)


COMMANDS: dict[str, Act] = {
    "start": start,
    "stop": stop,
    "extend": extend,
    "hold": hold,
    "off": off,
}


def act(aws: StrictAws, name: str, gate: Gate = OPEN) -> str:
    """A run or a command; what it failed with."""
    if name != RUN:
        return command(aws, name, gate)
    report = run(aws, gate)
    return "" if report else "the run ended early"


# -- how it stands -----------------------------------------------------------------------------


def group(aws: StrictAws) -> Record:
    """Alice's group, as it is."""
    return aws.here("autoscaling", REGION).all("groups")[GROUP]


def tag(aws: StrictAws, name: str) -> str:
    """Read a tag of Alice's group."""
    tags = {item["Key"]: item["Value"] for item in group(aws)["Tags"]}
    return str(tags.get(f"reconciler:{name}", ""))


def share(aws: StrictAws) -> int:
    """How much of the group is On-Demand, in percent."""
    spread = group(aws)["MixedInstancesPolicy"]["InstancesDistribution"]
    return int(spread["OnDemandPercentageAboveBaseCapacity"])


# -- scenes ------------------------------------------------------------------------------------


@dataclass
class SceneBuilder:
    """An account that is brought to a scene."""

    aws: StrictAws

    def to(self, text: str) -> None:
        forward(self.aws, at(text))

    def do(self, name: str) -> None:
        """Run or command, which must go well."""
        failed = act(self.aws, name)
        assert not failed, failed

    def hand(self, operation: str, **parameters: Any) -> None:
        """What somebody does in the console, or what was cut off."""
        door = Door(self.aws, REGION, "hand")
        door.call("autoscaling", operation, AutoScalingGroupName=GROUP, **parameters)

    def desire(self, capacity: int) -> None:
        self.hand("set_desired_capacity", DesiredCapacity=capacity)

    def size(self, least: int, most: int) -> None:
        self.hand("update_auto_scaling_group", MinSize=least, MaxSize=most)

    def say(self, override: str) -> None:
        """Write the override's tag alone."""
        tagged = {"Key": "reconciler:override", "Value": override, "PropagateAtLaunch": False}
        where = {"ResourceId": GROUP, "ResourceType": "auto-scaling-group"}
        Door(self.aws, REGION, "hand").call(
            "autoscaling", "create_or_update_tags", Tags=[{**where, **tagged}]
        )

    def refuse(self, **refuses: str) -> None:
        self.aws.refuses = {name.replace("_", "-"): text for name, text in refuses.items()}


def _off(s: SceneBuilder) -> None:
    s.to("Mon 10:00")


def _on(s: SceneBuilder) -> None:
    _off(s)
    s.do("start")
    s.to("Mon 10:10")


def _evening(s: SceneBuilder) -> None:
    s.to("Mon 20:00")


def _forgotten(s: SceneBuilder) -> None:
    _evening(s)
    s.desire(1)
    s.to("Mon 20:05")


def _held(s: SceneBuilder) -> None:
    _on(s)
    s.to("Mon 18:30")
    s.do("extend")


def _held_late(s: SceneBuilder) -> None:
    _held(s)
    s.to("Mon 19:30")


def _kept_off(s: SceneBuilder) -> None:
    _on(s)
    s.do("off")
    s.to("Mon 10:20")


def _dry(s: SceneBuilder, spot: str = instances.NO_SPOT) -> None:
    _off(s)
    s.refuse(spot=spot)
    s.do("start")
    s.to("Mon 10:08")


def _dry_long(s: SceneBuilder) -> None:
    _dry(s)
    s.to("Mon 10:15")


def _quota(s: SceneBuilder) -> None:
    _dry(s, instances.SPOT_QUOTA)
    s.to("Mon 10:15")


def _refused(s: SceneBuilder) -> None:
    _dry(s, instances.ON_DEMAND_QUOTA)
    s.to("Mon 10:15")


def _leased(s: SceneBuilder) -> None:
    _dry_long(s)
    s.do(RUN)
    s.to("Mon 10:20")


def _lease_over(s: SceneBuilder) -> None:
    _leased(s)
    s.to("Mon 18:40")


def _leased_off(s: SceneBuilder) -> None:
    _leased(s)
    s.refuse()
    s.to("Mon 19:05")


def _leased_dry(s: SceneBuilder) -> None:
    _dry_long(s)
    s.refuse(spot=instances.NO_SPOT, on_demand=instances.NO_ON_DEMAND)
    s.do(RUN)
    s.to("Mon 10:30")


def _ended(s: SceneBuilder) -> None:
    """Its end was lost."""
    _held(s)
    s.hand("delete_scheduled_action", ScheduledActionName=override_end.ACTION)
    s.to("Mon 21:30")


def _meant_on(s: SceneBuilder) -> None:
    _on(s)
    s.to("Mon 18:30")
    s.say("on until 2026-11-23T20:00:00Z ann")


def _meant_off(s: SceneBuilder) -> None:
    _off(s)
    s.say("off until 2026-11-25T07:55:00Z ann")


def _meant_off_on(s: SceneBuilder) -> None:
    _on(s)
    s.say("off until 2026-11-25T07:55:00Z ann")


def _sized_on(s: SceneBuilder) -> None:
    """What is left of an override that was taken back."""
    _on(s)
    s.size(1, 1)


def _sized_off(s: SceneBuilder) -> None:
    _off(s)
    s.size(0, 0)


def _suspended(s: SceneBuilder) -> None:
    """A run died in its flip."""
    _off(s)
    s.hand("suspend_processes", ScalingProcesses=["Launch"])
    s.desire(1)


SCENES: dict[str, Callable[[SceneBuilder], None]] = {
    "off": _off,
    "on": _on,
    "evening": _evening,
    "forgotten": _forgotten,
    "held": _held,
    "held-late": _held_late,
    "kept-off": _kept_off,
    "dry": _dry,
    "dry-long": _dry_long,
    "quota": _quota,
    "refused": _refused,
    "leased": _leased,
    "lease-over": _lease_over,
    "leased-off": _leased_off,
    "leased-dry": _leased_dry,
    "ended": _ended,
    "meant-on": _meant_on,
    "meant-off": _meant_off,
    "meant-off-on": _meant_off_on,
    "sized-on": _sized_on,
    "sized-off": _sized_off,
    "suspended": _suspended,
}


@cache
def _base() -> StrictAws:
    aws = new_aws()
    aws.timed = True
    StrictWorld(aws, site()).settle(3)
    return aws


@cache
def _scene(name: str) -> StrictAws:
    stage = SceneBuilder(_base().fork())
    SCENES[name](stage)
    stage.aws.sent.clear()
    stage.aws.settled()
    return stage.aws


def scene(name: str, lag: int = 0) -> StrictAws:
    """An account in this scene; reads lag from now on."""
    aws = _scene(name).fork()
    aws.lag = dict.fromkeys(aws.lag, lag)
    return aws
