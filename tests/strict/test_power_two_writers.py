"""A run beside a run, a command, or what AWS does by itself, in any order: rows 5 to 30 of
docs/power.md, with nobody cut off.

Only calls of Auto Scaling and Scheduler are told apart: what a run reads of other services, no
command and nothing of AWS's own here changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.strict import instances
from tests.strict.autoscaling import tick
from tests.strict.aws import Refusal, StrictAws
from tests.strict.conftest import Check
from tests.strict.door import Request
from tests.strict.faults import Faults
from tests.strict.interleaving import Seat, Turns
from tests.strict.power import GROUP, RUN, act, scene
from tests.strict.power_cases import CASES, calls, done
from tests.strict.power_story import aftermath
from tests.strict.timers import set_capacity
from tests.strict.world import REGION
from tests.support.samples import SOAK, sample

SHARED = ("autoscaling", "scheduler")


def shared(name: str, action: str) -> int:
    """How many calls of an action others may see, or change what they see."""
    return sum(request.service in SHARED for request in calls(name, action))


# -- beside a command, or another run ------------------------------------------------------------


class Narrow(Seat):
    """A seat that is given up only before such calls.

    Auto Scaling has no conditional write: a run that reads a group again, and writes it in the
    next call, is as careful as one can be. These two are told apart from nothing in between.
    """

    read_again = False

    def begin(self, request: Request) -> None:
        """Wait for the turn before a call begins."""
        if request.service in SHARED:
            if not (self.read_again and request.operation == "update_auto_scaling_group"):
                super().begin(request)
            self.read_again = "AutoScalingGroupNames" in request.parameters


Switch = dict[int, int] | Callable[[int, int], int]


def beside(name: str, actions: tuple[str, ...], switch: Switch, lag: int) -> Iterator[str]:
    """Side by side; then time goes on."""
    aws = scene(name, lag)
    went_well: list[str] = []

    def one(action: str) -> Callable[[Seat], object]:
        def do(seat: Seat) -> None:
            if not act(aws, action, Narrow(seat.turns, seat.index)) and action != RUN:
                went_well.append(action)

        return do

    Turns(switch).play([one(action) for action in actions])
    # The only word there was. With reads that lag nobody can see what came just before.
    if len(went_well) == 1 and not lag:
        yield from done(aws, name, went_well[0])
    yield from aftermath(aws, cut=True, unseen=bool(lag))


def twice(first: int, second: int) -> list[dict[int, int]]:
    """One or two preemptions: the second one goes before call i of the first, and is itself left
    after j of its calls, or not."""
    return [
        {i: 1, **({i + j: 0} if j else {})} for i in range(1, first + 1) for j in range(second + 1)
    ]


PAIRS = [
    *((name, (RUN, RUN)) for name, action in CASES if action == RUN),
    *((name, pair) for name, act in CASES if act != RUN for pair in ((RUN, act), (act, RUN))),
    ("ended", (RUN, "hold")),
    ("forgotten", (RUN, "hold")),
    ("leased-off", (RUN, "start")),
    ("meant-off", (RUN, "start")),
    ("meant-off", ("start", RUN)),
    ("sized-on", (RUN, "hold")),
    ("sized-off", (RUN, "start")),
    ("on", ("stop", "extend")),
    ("on", ("extend", "stop")),
    ("off", ("start", "off")),
    ("evening", ("start", "stop")),
]
IDS = [f"{name}-{first}-{second}" for name, (first, second) in PAIRS]


@pytest.mark.parametrize(("name", "pair"), PAIRS, ids=IDS)
def test_two_preemptions(name: str, pair: tuple[str, str], check: Check) -> None:
    first, second = (shared(name, action) for action in pair)
    cases = [(switch, lag) for lag in (0, 3) for switch in twice(first, second)]
    chosen = sample(cases, 10, f"{name} {pair}")
    check(
        ((f"{switch} lag={lag}", beside(name, pair, switch, lag)) for switch, lag in chosen),
        len(cases),
    )


@pytest.mark.parametrize(("name", "pair"), PAIRS, ids=IDS)
def test_three_in_any_order(name: str, pair: tuple[str, str], check: Check) -> None:
    def anyone(seed: int) -> Switch:
        random = Random(seed)
        return lambda call, index: random.randrange(3) if random.random() < 0.4 else index

    check(
        (f"seed={seed}", beside(name, (*pair, RUN), anyone(seed), (0, 3)[seed % 2]))
        for seed in range(60 if SOAK else 2)
    )


# -- beside AWS itself ---------------------------------------------------------------------------


def _capacity(aws: StrictAws, desired: int) -> None:
    parameters = {"AutoScalingGroupName": GROUP, "DesiredCapacity": desired}
    try:
        set_capacity(aws.here("autoscaling", REGION), parameters)
    except Refusal:
        return


def started(aws: StrictAws) -> None:
    """Fire the start schedule."""
    _capacity(aws, 1)


def stopped(aws: StrictAws) -> None:
    """Fire the stop schedule."""
    _capacity(aws, 0)


def launched(aws: StrictAws) -> None:
    """There is capacity, and what was wanted comes up."""
    aws.refuses = {}
    tick(aws.here("autoscaling", REGION))


def interrupted(aws: StrictAws) -> None:
    """Take the Spot instance back."""
    instances.interrupt(aws.here("autoscaling", REGION), GROUP)


Event = Callable[[StrictAws], None]
EVENTS: tuple[Event, ...] = (started, stopped, launched, interrupted)


@dataclass
class Meanwhile(Faults):
    """A gate where AWS acts before some calls."""

    aws: StrictAws = field(default_factory=StrictAws)
    events: tuple[tuple[int, Event], ...] = ()

    def begin(self, request: Request) -> None:
        """Run what happens before the call."""
        super().begin(request)
        for call, event in self.events:
            if call == self.calls:
                event(self.aws)


def meanwhile(
    name: str, action: str, events: tuple[tuple[int, Event], ...], lag: int
) -> Iterator[str]:
    """AWS acts in between; then time goes on."""
    aws = scene(name, lag)
    act(aws, action, Meanwhile(aws=aws, events=events))
    yield from aftermath(aws, cut=True)


@pytest.mark.parametrize(("name", "action"), CASES, ids=[f"{n}-{a}" for n, a in CASES])
def test_aws_acts_in_between(name: str, action: str, check: Check) -> None:
    places = [k for k, request in enumerate(calls(name, action), 1) if request.service in SHARED]
    once = [((k, event),) for k in places for event in EVENTS]
    both = [
        ((k, event), (later, other))
        for k in places
        for later in places
        if later >= k
        for event in EVENTS
        for other in EVENTS
        if other is not event
    ]
    every = [(events, lag) for events in (*once, *both) for lag in (0, 3)]
    some = [*sample(every[: 2 * len(once)], 18, name), *sample(every[2 * len(once) :], 4, name)]
    check(
        (
            (
                f"{' '.join(f'{k} {event.__name__}' for k, event in events)} lag={lag}",
                meanwhile(name, action, events, lag),
            )
            for events, lag in some
        ),
        len(every),
    )
