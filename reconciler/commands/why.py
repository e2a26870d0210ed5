"""Explain why a workstation is off, is not up yet, or lost its instance: one cause, one step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.commands.machine import idle_stop, not_ready
from reconciler.commands.model import Reason
from reconciler.commands.start import next_step
from reconciler.declare.timers import LATEST
from reconciler.power.failure_causes import Cause
from reconciler.power.launch_failures import Failure, Shortage, failing_since, launched, read
from reconciler.power.lost_firings import refused
from reconciler.schedule.cron import latest
from reconciler.schedule.hours import Hours
from reconciler.schedule.human_time import format_local
from reconciler.workstation.model import Group, Instance
from reconciler.workstation.read import ec2_instances, newest_activities
from reconciler.workstation.runtime_tags import active_override

Activity = Mapping[str, Any]

Say = Callable[[datetime], str]
"""A time as its owner reads it."""

RETRIES = LATEST + timedelta(minutes=1)
"""How late a schedule may have acted: the group needs some time too."""

PAUSE = timedelta(hours=1)
"""Auto Scaling tries again within minutes."""

ASIDE, IDLE_ENDS = timedelta(minutes=1), timedelta(minutes=15)
"""An idle stop is written by the machine's clock, and its group ends the instance after it."""

_GOING = re.compile(r"Terminating EC2 instance: (i-[0-9a-f]+)")
_SPOT = ("Server.SpotInstanceTermination", "Server.SpotInstanceShutdown")
_MARKETS = {"spot": "Spot", "on-demand": "On-Demand", "": "the launch"}


@dataclass(frozen=True)
class Lost:
    """The instance that terminated last."""

    id: str
    at: datetime
    cause: str  # as Auto Scaling names it
    by_spot: bool

    @property
    def unasked(self) -> bool:
        """Whether nobody wanted it: a stop before this start says nothing about it."""
        return self.by_spot or "health check" in self.cause


def explain(aws: Aws, group: Group, hours: Hours, now: datetime) -> Reason:
    """Read the activities of a workstation, newest first, and explain its state."""
    found = newest_activities(aws, group.name)
    lost, member = last_lost(found), group.member
    ids = [*([lost[0]] if lost else []), *([member.id] if member else [])]
    instances = {each.id: each for each in ec2_instances(aws, ids) if isinstance(each, Instance)}
    gone = instances.get(lost[0]) if lost else None
    machine = instances.get(member.id) if member else None
    return reason(group, hours, found, now, gone.state_reason if gone else "", machine)


def reason(
    group: Group,
    hours: Hours,
    found: Sequence[Activity],
    now: datetime,
    lost_code: str = "",
    machine: Instance | None = None,
) -> Reason:
    """Choose the one cause. `lost_code` is EC2's reason for the end of the last instance;
    `machine` is the present one, where EC2 shows it."""
    gone = last_lost(found)
    lost = None
    if gone:
        by_spot = lost_code in _SPOT or "spot" in gone[2].lower()
        lost = Lost(*gone, by_spot)
    if group.state in ("off", "stopping"):
        return _off(group, hours, found, lost, now)
    say = partial(format_local, zone=hours.zone, now=now)
    if group.state == "starting":
        return _starting(group, _unbroken(found, now), lost, say)
    held_up = not_ready(group, machine, now) if machine else None
    return held_up or _on(group, found, lost, say)


def _unbroken(found: Sequence[Activity], now: datetime) -> list[Activity]:
    """Those of this start: an hour without a try lies before it, or after another."""
    kept: list[Activity] = []
    for each in found:
        if now - each["StartTime"] > PAUSE:
            break
        kept.append(each)
        now = each["StartTime"]
    return kept


def last_lost(found: Sequence[Activity]) -> tuple[str, datetime, str] | None:
    """Find id, time and cause of the newest termination."""
    for each in found:
        going = _GOING.match(str(each.get("Description", "")))
        if going:
            return going[1], each["StartTime"], str(each.get("Cause", ""))
    return None


def _off(
    group: Group, hours: Hours, found: Sequence[Activity], lost: Lost | None, now: datetime
) -> Reason:
    name, say = group.workstation, partial(format_local, zone=hours.zone, now=now)
    override = active_override(group.override, now)
    start = hours.next_start(now)
    by_itself = f"; it starts by itself {say(start)}" if start else ""
    step = f"`workstation start {name}` turns it on{by_itself}"
    if override and override.state == "off":
        why = f"it is kept off until {say(override.until)} ({override.author})"
        return Reason("kept-off", why, f"`workstation start {name}` ends that and turns it on", {})
    if late := _late(group, hours, found, now, say):
        return late
    if idle := _idle(group, hours, lost, now, say):
        return idle
    return _ended(hours, found, lost, step, say)


def _idle(group: Group, hours: Hours, lost: Lost | None, now: datetime, say: Say) -> Reason | None:
    """The stop of a machine that nobody used; None where another one ended the last instance."""
    at = idle_stop(group, hours, now)
    if at is None or (lost and not -ASIDE <= lost.at - at <= IDLE_ENDS):
        return None
    name = group.workstation
    why = f"it turned itself off {say(at)} because nobody used it"
    step = (
        f"`workstation start {name}` turns it on; `ws keep-alive 4h` on it keeps it on while it "
        "works alone, and `idle` in its YAML says after how long it stops"
    )
    return Reason("idle", why, step, {"at": at})


def _ended(
    hours: Hours, found: Sequence[Activity], lost: Lost | None, step: str, say: Say
) -> Reason:
    failed = read(found[0]) if found else None
    if failed:
        why = f"it is off; its last start failed {say(failed.at)}: {failed.cause.why}"
        return Reason("off-after-failure", why, step, _details(failed, 1, failed.at, failed.at))
    if lost is None:
        why = "it is off, and has not run in the six weeks that AWS remembers"
        return Reason("off", why, step, {})
    at = say(lost.at)
    stop = latest(hours.rules, lost.at)
    if "scheduled action" in lost.cause:
        return Reason("override-ended", f"what kept it on ended {at}", step, {})
    if stop and stop.action == "stop" and lost.at - stop.at <= RETRIES:
        return Reason("schedule", f"its schedule turned it off {at}", step, {})
    why = (
        f"somebody turned it off {at} (`workstation stop`, or the console), or a run did (a limit "
        "on its hours, or a stop that was lost)"
    )
    return Reason("person", why, step, {})


def _late(
    group: Group, hours: Hours, found: Sequence[Activity], now: datetime, say: Say
) -> Reason | None:
    """A start that should have come, though its group has done nothing since; None otherwise."""
    due = latest(hours.rules, now)
    idle = due is not None and bool(found) and found[0]["StartTime"] < due.at
    if due is None or due.action == "stop" or not idle or refused(group.override, due.at):
        return None
    name, at = group.workstation, say(due.at)
    if now - due.at <= RETRIES:
        why = f"its start of {at} has not come yet; it comes by {say(due.at + RETRIES)}"
        return Reason("start-due", why, f"wait, or `workstation start {name}`", {})
    why = (
        f"its start of {at} did not come: AWS could not act on it in time, or its schedule is "
        "newer than that"
    )
    start = hours.next_start(now)
    by_itself = f"; it starts by itself {say(start)}" if start else ""
    return Reason("start-lost", why, f"`workstation start {name}` turns it on{by_itself}", {})


def _starting(group: Group, found: Sequence[Activity], lost: Lost | None, say: Say) -> Reason:
    if "Launch" in group.suspended:
        return Reason(
            "suspended",
            "it wants an instance, and launches are suspended in its group",
            "the next run of `reconcile` resumes launches, whoever suspended them; the platform "
            "team can start one now",
            {},
        )
    tail = f"; {_loss(lost, say)}" if lost and lost.unasked else ""
    shortage = failing_since(found, "on-demand" if group.on_demand else "spot")
    if shortage:
        return _failed(group, shortage, tail, say)
    going = found and _GOING.match(str(found[0].get("Description", "")))  # held by a hook
    if found and not going and found[0]["StatusCode"] not in ("Successful", "Failed", "Cancelled"):
        at = say(found[0]["StartTime"])
        why = f"its instance has been coming up since {at}{tail}"
        return Reason("launching", why, "wait; `workstation start` shows how far it is", {})
    if lost and tail:
        loss = _loss(lost, say)
        return Reason("lost", loss, "wait: Auto Scaling asks for another by itself", {})
    why = "it has been asked for, and Auto Scaling has not tried yet"
    return Reason("asked", why, "wait a minute; `workstation start` shows how far it is", {})


def _failed(group: Group, shortage: Shortage, tail: str, say: Say) -> Reason:
    failure = shortage.failure
    tries = "once" if shortage.times == 1 else f"{shortage.times} times"
    where = " ".join(filter(None, (failure.instance_type, failure.zone)))
    history = f"{_MARKETS[failure.market]} failed {tries} since {say(shortage.since)}"
    newest_one = f", last {say(shortage.last)}" if shortage.times > 1 else ""
    code = f" ({' '.join(filter(None, (failure.code, where)))})" if failure.code or where else ""
    words = f": {failure.message}" if failure.cause is Cause.OTHER else ""
    why = f"{failure.cause.why}{words}{code}; {history}{newest_one}{tail}"
    step, on_demand = next_step(group, shortage)
    if on_demand:
        step = f"{step}; On-Demand from {say(on_demand)}, by the next run of `reconcile`"
    else:
        step = failure.step
    details = _details(failure, shortage.times, shortage.since, shortage.last)
    return Reason(failure.cause.code, why, step, details, failure.cause.mender)


def _details(failure: Failure, times: int, since: datetime, last: datetime) -> dict[str, Any]:
    return {
        "market": failure.market,
        "code": failure.code,
        "instance_type": failure.instance_type,
        "zone": failure.zone,
        "message": failure.message,
        "since": since,
        "last": last,
        "times": times,
    }


def _on(group: Group, found: Sequence[Activity], lost: Lost | None, say: Say) -> Reason:
    name = group.workstation
    up = next((each["StartTime"] for each in found if launched(each)), None)
    since = f" since {say(up)}" if up else ""
    if lost and up and timedelta() <= up - lost.at <= timedelta(hours=24):
        why = f"it is on{since} with a new instance: {_loss(lost, say)}"
        step = f"`workstation connect {name}`; {group.lost}"
        return Reason("replaced", why, step, {"instance": lost.id})
    step = f"`workstation connect {name}`; `workstation status {name}` shows whether it answers"
    return Reason("on", f"it is on{since}", step, {})


def _loss(lost: Lost, say: Say) -> str:
    at = say(lost.at)
    if lost.by_spot:
        return f"Spot took {lost.id} back {at}"
    if "health check" in lost.cause:
        return (
            f"{lost.id} ended {at}: it was shut down from inside, or terminated outside its group"
        )
    return f"{lost.id} was ended {at}"
