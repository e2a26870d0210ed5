"""Who does what in which scene, what goes wrong in between, and what must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.strict import instances
from tests.strict.aws import StrictAws
from tests.strict.door import Request
from tests.strict.faults import CRASHES, FAULTS, Faults
from tests.strict.power import RUN, act, group, scene, tag
from tests.strict.power_story import aftermath, override_of
from tests.strict.timers import at as now

COMMANDS = (
    ("off", "start"),
    ("evening", "start"),
    ("kept-off", "start"),
    ("dry", "start"),
    ("held", "start"),
    ("suspended", "start"),
    ("sized-off", "start"),
    ("forgotten", "start"),
    ("ended", "start"),
    ("on", "stop"),
    ("held", "stop"),
    ("held-late", "stop"),
    ("dry-long", "stop"),
    ("kept-off", "stop"),
    ("leased", "stop"),
    ("forgotten", "stop"),
    ("sized-on", "stop"),
    ("on", "extend"),
    ("held", "extend"),
    ("leased", "extend"),
    ("forgotten", "extend"),
    ("on", "hold"),
    ("held", "hold"),
    ("held-late", "hold"),
    ("leased", "hold"),
    ("on", "off"),
    ("held", "off"),
    ("evening", "off"),
    ("dry", "off"),
)


@dataclass(frozen=True)
class After:
    """How it stands after a run: whether it has a lease, sizes, desired capacity."""

    leased: bool = False
    sizes: tuple[int, int] = (0, 1)
    desired: int = 1


RUNS = {
    "on": After(),
    "dry": After(),
    "dry-long": After(leased=True),
    "quota": After(leased=True),
    "refused": After(),
    "leased": After(leased=True),
    "lease-over": After(leased=True),
    "leased-off": After(desired=0),
    "leased-dry": After(),
    "forgotten": After(desired=0),
    "held-late": After(sizes=(1, 1)),
    "kept-off": After(sizes=(0, 0), desired=0),
    "ended": After(desired=0),
    "meant-on": After(sizes=(1, 1)),
    "meant-off": After(sizes=(0, 0), desired=0),
    "meant-off-on": After(),
    "sized-on": After(),
    "sized-off": After(desired=0),
    "suspended": After(),
}

LATE = ("evening", "forgotten", "ended")
"""Outside the hours, where a start needs an override."""

CASES = (*COMMANDS, *((name, RUN) for name in RUNS))


def done(aws: StrictAws, name: str, action: str) -> Iterator[str]:
    """What is missing of an action that has gone well."""
    scaling_group = group(aws)
    word = override_of(tag(aws, "override"), now(aws))
    kept, sizes = word and word[0], (scaling_group["MinSize"], scaling_group["MaxSize"])
    if action == RUN:
        found = After(bool(tag(aws, "market")), sizes, scaling_group["DesiredCapacity"])
        if found != RUNS[name]:
            yield f"after a run {found}, not {RUNS[name]}"
    elif action == "start" and name in LATE and (kept, *sizes) != ("on", 1, 1):
        yield f"started outside its hours, with {word} and sizes {sizes}"
    elif action == "start" and (kept == "off" or not scaling_group["DesiredCapacity"]):
        yield f"started, and desired is {scaling_group['DesiredCapacity']} with {word}"
    elif action == "stop" and (
        kept == "on" or scaling_group["DesiredCapacity"] or instances.alive(scaling_group)
    ):
        yield f"stopped, and desired is {scaling_group['DesiredCapacity']} with {word}"
    elif action in ("extend", "hold") and (kept, *sizes) != ("on", 1, 1):
        yield f"kept on, and sizes are {sizes} with {word}"
    elif action == "off" and (kept, *sizes) != ("off", 0, 0):
        yield f"kept off, and sizes are {sizes} with {word}"


@cache
def calls(name: str, action: str) -> tuple[Request, ...]:
    """Every call of an action that nothing disturbs."""
    gate = Faults()
    failed = act(scene(name), action, gate)
    assert not failed, (name, action, failed)
    return tuple(gate.log)


@dataclass(frozen=True)
class Trouble:
    """A call of an action that goes wrong, and whether it is tried again, or only runs follow."""

    scene: str
    action: str
    k: int
    fault: str
    lag: int = 0
    again: bool = True

    def __str__(self) -> str:
        follows = "again" if self.again else "runs"
        return f"{self.scene} {self.action} k={self.k} {self.fault} lag={self.lag} {follows}"

    def problems(self) -> Iterator[str]:
        """Everything that should not be."""
        aws = scene(self.scene, self.lag)
        act(aws, self.action, Faults({self.k: {**CRASHES, **FAULTS}[self.fault]}))
        if self.again:
            aws.pause(5)
            failed = act(aws, self.action)
            if failed:
                yield f"{self.action} again: {failed}"
            else:
                yield from done(aws, self.scene, self.action)
        yield from aftermath(aws, cut=not self.again)
