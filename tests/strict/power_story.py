"""What comes after a scene was disturbed: time moves on to the next stop and start, a reconciler
runs now and then, and at each turn everything promised of power must hold.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta

from reconciler.plan.model import Outcome
from tests.strict import cache, instances
from tests.strict.aws import StrictAws
from tests.strict.cache import MEMO
from tests.strict.power import at, group, run, share, tag
from tests.strict.tables import Record
from tests.strict.timers import at as now
from tests.strict.timers import forward
from tests.strict.world import REGION

GRACE = timedelta(minutes=25)
RUNS = (2, 23, 25, 27)
"""Minutes after each turn: soon; past the grace, when a backstop stops; then the way back to
Spot; and once more, which has nothing left to do."""

TURNS = 8
LAST = at("Fri 12:00")
OVERRIDE = re.compile(r"(on|off) until (\S+Z)(?: .+)?")
READS = ("describe_", "get_", "list_")


def override_of(text: str, moment: datetime) -> tuple[str, datetime] | None:
    """What an override's tag says, read by its form alone (docs/power.md)."""
    found = OVERRIDE.fullmatch(text)
    until = datetime.fromisoformat(found[2]) if found else moment
    return (found[1], until) if found and until > moment else None


def edges() -> list[tuple[datetime, str]]:
    """List the starts and stops of Alice's hours."""
    return [
        (at(f"{day} {clock}"), action)
        for day in ("Mon", "Tue", "Wed", "Thu")
        for clock, action in (("09:00", "start"), ("19:00", "stop"))
    ]


def last_edge(moment: datetime) -> tuple[datetime, str]:
    """The latest start or stop."""
    past = [edge for edge in edges() if edge[0] <= moment]
    return past[-1] if past else (at("Mon 00:00"), "stop")


# -- at one moment -----------------------------------------------------------------------------


def standing(aws: StrictAws) -> Iterator[str]:
    """What is wrong with how it stands, once it has come to rest."""
    moment, scaling_group = now(aws), group(aws)
    word = override_of(tag(aws, "override"), moment)
    sizes = {None: (0, 1), "on": (1, 1), "off": (0, 0)}[word and word[0]]
    running = bool(instances.alive(scaling_group))
    if word and word[0] == "off" and running:
        sizes = (0, 1)  # a run ends nobody's work: it waits
    if (scaling_group["MinSize"], scaling_group["MaxSize"]) != sizes:
        yield f"sizes {scaling_group['MinSize']}, {scaling_group['MaxSize']} with {word}"
    if [process["ProcessName"] for process in scaling_group["SuspendedProcesses"]] != [
        "AZRebalance"
    ]:
        yield f"suspended: {scaling_group['SuspendedProcesses']}"
    if bool(tag(aws, "market")) != (share(aws) == 100):
        yield f"lease {tag(aws, 'market')!r} and {share(aws)} % On-Demand"
    edge, action = last_edge(moment)
    missed = action == "stop" and not word and moment - edge > GRACE
    if missed and (scaling_group["DesiredCapacity"] or running):
        yield f"on at {moment:%a %H:%M}, and its stop was {edge:%a %H:%M}"
    if scaling_group["DesiredCapacity"] and not running and not aws.refuses:
        yield "it wants an instance, and has none"


def endings(aws: StrictAws, cut: bool = False, unseen: bool = False) -> Iterator[str]:
    """Never two at once; and nobody was cut off.

    A command that was `cut` before it had moved the end of an older override, and was not typed
    again, leaves that end as it was promised. What somebody wrote just before may be `unseen` by
    a run whose reads lag: AWS promises no more.
    """
    records = list(aws.here("ec2", REGION).all("instances").values())
    for instance in records:
        for other in records:
            later = instance["LaunchTime"] <= other["LaunchTime"] and instance is not other
            if later and other["LaunchTime"] < instance.get("EndedAt", LAST):
                yield f"two at once: {instance['InstanceId']} and {other['InstanceId']}"
        if "EndedAt" in instance and not _fair(instance, cut, unseen):
            name, ended_by = instance["InstanceId"], instance["EndedBy"]
            yield f"{name} was cut off by {ended_by} ({instance['Why']})"


def _fair(instance: Record, cut: bool, unseen: bool) -> bool:
    """Whether an instance went because somebody, or something declared, meant it to."""
    actor, _, operation = instance["EndedBy"].partition(" ")
    moment = instance["EndedAt"]
    word = override_of(instance["Override"], moment)
    # Between a command's tag and its sizes nothing holds it yet (docs/power.md, "one order").
    open_ = unseen or (cut and not instance["MinSize"])
    held = bool(word and word[0] == "on") and not open_
    if instance["Why"] != "desired":
        return bool(instance["Why"] == "interruption")
    if actor in ("stop", "off", "hand") or (word and word[0] == "off"):
        return True
    if actor in ("schedule", "action"):
        return not held or (cut and actor == "action")
    edge, action = last_edge(moment)
    late = instance["Override"].startswith("on") or moment - edge > GRACE  # row 7, row 29
    forgotten = action == "stop" and late and not held
    return actor.startswith("run") and operation == "update_auto_scaling_group" and forgotten


# -- over time ---------------------------------------------------------------------------------


def aftermath(aws: StrictAws, cut: bool = False, unseen: bool = False) -> list[str]:
    """From now to the first start after the next stop, and the end of every override."""
    forward(aws, _minute(aws))
    key = ("aftermath", cut, unseen, exact(aws))
    found = MEMO.once(key, lambda: [*_aftermath(aws), *endings(aws, cut, unseen)])
    return list(found)


def _aftermath(aws: StrictAws) -> Iterator[str]:
    began = now(aws)
    for _ in range(TURNS):
        turn = now(aws)
        yield from _runs(aws, turn)
        edge, action = last_edge(now(aws))
        word = override_of(tag(aws, "override"), now(aws))
        started = action == "start" and edge > began
        if started and turn == edge and not word and not group(aws)["DesiredCapacity"]:
            yield f"off after its start of {edge:%a %H:%M}"
        if started and not word:
            break
        aws.refuses = {}
        following = [instant for instant, _ in edges() if instant > now(aws)]
        forward(aws, min([*following, *([word[1]] if word else [])]))
    else:
        yield f"never at rest: {tag(aws, 'override')}"


def _runs(aws: StrictAws, turn: datetime) -> Iterator[str]:
    for minutes in RUNS:
        forward(aws, turn + timedelta(minutes=minutes))
        before = len(aws.sent)
        report = run(aws)
        if report is None:
            yield f"a run at {now(aws):%a %H:%M} ended early"
            continue
        for change in report.plan.changes:
            if change.outcome is Outcome.FAILED:
                yield f"at {now(aws):%a %H:%M} {change.key} failed: {change.reason}"
        if minutes == RUNS[-1]:
            yield from (
                f"nothing was left to do at {now(aws):%a %H:%M}, and it sends {sent}"
                for sent in aws.sent[before:]
                if not sent.operation.startswith(READS)
            )
    forward(aws, turn + timedelta(minutes=RUNS[-1] + 1))
    yield from standing(aws)


def _minute(aws: StrictAws) -> datetime:
    """The next whole one."""
    return now(aws).replace(second=0, microsecond=0) + timedelta(minutes=1)


def exact(aws: StrictAws) -> Hashable:
    """An account whole, times to the letter."""
    found = []
    for key, store in sorted(aws.stores.items()):
        if key[0] in ("autoscaling", "scheduler"):
            found.append((key, repr(store.tables)))
        elif key == ("ec2", REGION):
            found.append((key, repr(store.tables.get("instances"))))
    return tuple(found), cache.account(aws), repr(aws.refuses), tuple(aws.lag.values())
