"""Two commands on one workstation at once, in any order of their calls.

Auto Scaling has no conditional write. What must hold whatever the order: the workstation stands as
after one of the two commands behind the other, or a command says that another one holds.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement
from random import Random
from typing import Any

import pytest

from reconciler.commands import overrides, start, stop
from reconciler.declare.timers import CronRule
from reconciler.errors import AwsError, Refused
from reconciler.kinds import override_end
from reconciler.schedule.hours import Hours
from reconciler.workstation import read
from reconciler.workstation.runtime_tags import NORMAL, active_override, parse_turned
from tests.strict.interleaving import Seat, Turns
from tests.support.fake_aws import FakeAws, Hook, let_go_on
from tests.support.samples import SOAK

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
NIGHT = NOON + timedelta(hours=9)
HOURS = Hours(
    (
        CronRule("start", "cron(0 9 ? * MON-FRI *)", "UTC", None, None),
        CronRule("stop", "cron(0 19 ? * MON-FRI *)", "UTC", None, None),
    )
)
NAME = "acme-alice"


@dataclass
class Account:
    """One group, and what Auto Scaling lets be done to it."""

    sizes: tuple[int, int] = (0, 1)
    desired: int = 1
    tag: str = ""
    end: dict[str, Any] | None = None

    def region(self, before: Hook = let_go_on) -> FakeAws:
        """One command's way to the account; the hook runs before each call."""
        return FakeAws(
            before=before,
            describe_auto_scaling_groups=self._groups,
            describe_scheduled_actions=self._actions,
            create_or_update_tags=self._tag,
            put_scheduled_update_group_action=self._put_action,
            delete_scheduled_action=self._delete_action,
            update_auto_scaling_group=self._update,
            set_desired_capacity=self._desire,
        )

    def _groups(self, **_parameters: Any) -> dict[str, Any]:
        tags = {
            "reconciler:site": "acme",
            "reconciler:workstation": "alice",
            "reconciler:override": self.tag,
            "reconciler:max-runtime": "none",
        }
        group = {
            "AutoScalingGroupName": NAME,
            "MinSize": self.sizes[0],
            "MaxSize": self.sizes[1],
            "DesiredCapacity": self.desired,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "Instances": [],
        }
        return {"AutoScalingGroups": [group]}

    def _actions(self, **_parameters: Any) -> dict[str, Any]:
        return {"ScheduledUpdateGroupActions": [dict(self.end)] if self.end else []}

    def _tag(self, Tags: list[dict[str, Any]]) -> None:  # noqa: N803 - AWS's name
        [tag] = Tags
        self.tag = tag["Value"]

    def _put_action(self, **parameters: Any) -> None:
        self.end = {**(self.end or {}), **parameters}

    def _delete_action(self, **_parameters: Any) -> None:
        self.end = None

    def _update(self, **parameters: Any) -> None:
        self.sizes = parameters["MinSize"], parameters["MaxSize"]
        self.desired = parameters["DesiredCapacity"]

    def _desire(self, **parameters: Any) -> None:
        desired = parameters["DesiredCapacity"]
        if not self.sizes[0] <= desired <= self.sizes[1]:
            raise AwsError("autoscaling:SetDesiredCapacity", "ValidationError", "out of bounds")
        self.desired = desired

    def stand(self, now: datetime) -> tuple[object, ...]:
        """What a person would see of it."""
        word = active_override(self.tag, now)
        end = override_end.read(self.end) if self.end else None
        return word and (word.state, word.until), self.sizes, self.desired, end

    def odd(self, now: datetime) -> str:
        """Where tag, end and sizes do not mean the same."""
        word, end = (
            active_override(self.tag, now),
            override_end.read(self.end) if self.end else None,
        )
        sizes = (word.sizes if word else NORMAL).minimum, (word.sizes if word else NORMAL).maximum
        turned = parse_turned(self.tag)
        way = word.state if word else turned and turned.state
        wrong = [
            *(["sizes"] if self.sizes != sizes else []),
            *(["end"] if (end.at if end else None) != (word.until if word else None) else []),
            *(["desired"] if word and self.desired != (way == "on") else []),
        ]
        return f"{wrong}: {self}" if wrong else ""


Command = Callable[[Any, Any, datetime], object]


def _start_for(client: Any, group: Any, now: datetime) -> object:
    return start.begin(client, group, HOURS, now + timedelta(hours=30), "eve", now)


def _start(client: Any, group: Any, now: datetime) -> object:
    return start.begin(client, group, HOURS, None, "ann", now)


def _stop(client: Any, group: Any, now: datetime) -> object:
    return stop.stop(client, group, HOURS, "bob", now)


def _extend(client: Any, group: Any, now: datetime) -> object:
    return overrides.extend(client, group, HOURS, now + timedelta(hours=2), "cyd", now)


def _hold(client: Any, group: Any, now: datetime) -> object:
    return overrides.hold(client, group, HOURS, now + timedelta(hours=48), "dan", now)


def _off(client: Any, group: Any, now: datetime) -> object:
    return overrides.off_until(client, group, HOURS, now + timedelta(hours=72), "eva", now)


COMMANDS: dict[str, Command] = {
    "start": _start,
    "start for": _start_for,
    "stop": _stop,
    "extend": _extend,
    "hold": _hold,
    "off": _off,
}


def _do(aws: FakeAws, command: Command, now: datetime) -> str:
    """What a command said: "" when it went well."""
    [group] = read.by_name(aws, "alice")
    try:
        command(aws, group, now)
    except Refused as refused:
        return str(refused)
    return ""


def _held(now: datetime, state: str = "on") -> Account:
    account = Account()
    command = COMMANDS["off" if state == "off" else "hold"]
    assert not _do(account.region(), command, now - timedelta(hours=1))
    return account


SCENES: dict[str, tuple[Callable[[], Account], datetime]] = {
    "on": (Account, NOON),
    "off": (lambda: Account(desired=0), NOON),
    "kept on": (lambda: _held(NOON), NOON),
    "kept off": (lambda: _held(NOON, "off"), NOON),
    "off at night": (lambda: Account(desired=0), NIGHT),
    "forgotten at night": (Account, NIGHT),
    "kept on at night": (lambda: _held(NIGHT), NIGHT),
}
PAIRS = list(combinations_with_replacement(COMMANDS, 2))


@dataclass
class Played:
    """Two commands side by side, and what came of it."""

    account: Account
    messages: dict[int, str] = field(default_factory=dict)


def _play(
    account: Account,
    pair: tuple[str, str],
    now: datetime,
    switch: dict[int, int] | Callable[[int, int], int],
) -> Played:
    played = Played(account)

    def one(index: int) -> Callable[[Seat], object]:
        def go(seat: Seat) -> None:
            aws = account.region(lambda call: seat.turns.turn(seat.index))
            played.messages[index] = _do(aws, COMMANDS[pair[index]], now)

        return go

    Turns(switch).play([one(0), one(1)])
    return played


def _orders(account: Account, pair: tuple[str, str], now: datetime) -> list[tuple[object, ...]]:
    """How it stands after each of the two orders."""
    stands = []
    for order in (pair, pair[::-1]):
        copy = deepcopy(account)
        for name in order:
            _do(copy.region(), COMMANDS[name], now)
        stands.append(copy.stand(now))
    return stands


def _alone(account: Account, name: str, now: datetime) -> int:
    """How many calls a command makes that nobody disturbs."""
    aws = deepcopy(account).region()
    _do(aws, COMMANDS[name], now)
    return len(aws.calls)


def _wrong(played: Played, orders: list[tuple[object, ...]], now: datetime) -> str:
    odd = played.account.odd(now)
    if odd:
        return f"not of one command: {odd}"
    if played.account.stand(now) in orders or any(
        "another command" in message or "is off, so" in message
        for message in played.messages.values()
    ):
        return ""
    return f"neither order, and nobody says so: {played.account} {played.messages}, not {orders}"


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("pair", PAIRS, ids=[" beside ".join(pair) for pair in PAIRS])
def test_the_end_is_that_of_one_order_or_the_loser_says_so(
    pair: tuple[str, str], scene: str
) -> None:
    make, now = SCENES[scene]
    orders = _orders(make(), pair, now)
    first, second = (_alone(make(), name, now) + 3 for name in pair)
    switches: list[Any] = [{i: 1} for i in range(1, first + 1)]
    both = [{i: 1, i + j: 0} for i in range(1, first + 1) for j in range(1, second + 1)]
    switches += both if SOAK else Random(scene).sample(both, len(both) // 3)
    for seed in range(40 if SOAK else 10):
        random = Random(seed)
        switches.append(
            lambda call, index, random=random: 1 - index if random.random() < 0.4 else index
        )
    for number, switch in enumerate(switches):
        wrong = _wrong(_play(make(), pair, now, switch), orders, now)
        assert not wrong, (number, switch, wrong)
