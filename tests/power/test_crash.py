"""A command that is cut off after any of its writes is completed by the same one, and by a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from reconciler.aws_api import Aws
from reconciler.commands import override_writer, overrides, start, stop
from reconciler.schedule import hours
from reconciler.schedule.hours import Hours
from reconciler.workstation import read
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import NORMAL, Turned, active_override
from tests.power.hand import Hand, local, stand
from tests.support.fake_aws import Call, WrappedAws

Make = Callable[..., Hand]
Act = Callable[[Aws, Group, Hours, datetime, datetime], object]


class Cut(Exception):
    """The process is gone."""


def cut_before(aws: Aws, left: int) -> WrappedAws:
    """The region, cut off after so many writes."""

    def cut(call: Call) -> None:
        if call.write > left:
            raise Cut

    return WrappedAws(aws, before=cut)


def started(aws: Aws, group: Group, own_hours: Hours, until: datetime, now: datetime) -> object:
    return start.begin(aws, group, own_hours, None, "ann", now)


def stopped(aws: Aws, group: Group, own_hours: Hours, until: datetime, now: datetime) -> object:
    return stop.stop(aws, group, own_hours, "ann", now)


def extended(aws: Aws, group: Group, own_hours: Hours, until: datetime, now: datetime) -> object:
    return overrides.extend(aws, group, own_hours, until, "ann", now)


def held(aws: Aws, group: Group, own_hours: Hours, until: datetime, now: datetime) -> object:
    return overrides.hold(aws, group, own_hours, until, "ann", now)


def kept_off(aws: Aws, group: Group, own_hours: Hours, until: datetime, now: datetime) -> object:
    return overrides.off_until(aws, group, own_hours, until, "ann", now)


CASES: dict[str, tuple[Act | None, Act]] = {
    "start outside its hours": (None, started),
    "start of one that is kept off": (kept_off, started),
    "stop of one that is kept on": (started, stopped),
    "extend": (started, extended),
    "hold": (started, held),
    "off instead of hold": (started, kept_off),
    "off": (None, kept_off),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_cut_off_is_completed(hand: Make, case: str) -> None:
    first, act = CASES[case]
    days = hand().days
    client = days.session.region("us-east-1")
    now, until = days.at("Sun 13:00"), days.at("Tue 12:00")

    def do(command: Act, left: int = 99) -> int:
        """How many writes it made."""
        cut = cut_before(client, left)
        [group] = read.by_name(cut, "alice")
        command(cut, group, hours.read(cut, group), until, now)
        return len(cut.writes)

    def prepare() -> None:
        do(stopped)
        if read.by_name(client, "alice")[0].override:
            state = override_writer.read(client, read.by_name(client, "alice")[0])
            overrides.take_back(client, state, Hours(), Turned("off", now, "ann"), now)
        if first:
            do(first)

    prepare()
    writes = do(act)
    assert writes >= 2
    whole = stand(days)
    for left in range(writes):
        prepare()
        with pytest.raises(Cut):
            do(act, left)
        do(act)
        assert stand(days) == whole, left
    for left in range(writes):
        prepare()
        with pytest.raises(Cut):
            do(act, left)
        days.run()
        found = stand(days)
        meant = active_override(found.override, now)
        if meant and meant.state == "off" and found.desired:  # a run cuts nobody off
            assert found.sizes == NORMAL
            days.desire(0)
            days.run()
            found = stand(days)
        assert found.sizes == (meant.sizes if meant else NORMAL), left
        assert (found.end and found.end[0]) == (local(meant.until) if meant else None), left


def test_a_cut_off_hold_still_ends(hand: Make) -> None:
    """Tag alone: a run keeps it on, and puts the sizes back after the time; the stop comes."""
    cli = hand()
    days = cli.days
    days.to("Mon 18:00")
    client = days.session.region("us-east-1")
    [group] = read.by_name(client, "alice")
    with pytest.raises(Cut):
        held(
            cut_before(client, 1),
            group,
            hours.read(client, group),
            days.at("Mon 20:00"),
            days.at("Mon 18:00"),
        )
    days.run()
    days.to("Mon 19:30")
    assert days.state() == "spot"
    days.to("Mon 20:01")
    days.run()
    assert cli.stand().sizes == NORMAL
    days.sandbox.clock.forward(timedelta(hours=1))
    cli("stop alice")
    assert days.state() == "off"


def test_a_stop_after_a_cut_off_off_keeps_its_word(hand: Make) -> None:
    cli = hand()
    days = cli.days
    days.to("Mon 10:00")
    client = days.session.region("us-east-1")
    [group] = read.by_name(client, "alice")
    with pytest.raises(Cut):
        kept_off(cut_before(client, 1), group, Hours(), days.at("Wed 12:00"), days.at("Mon 10:00"))
    cli("stop alice")
    days.to("Tue 12:00")
    assert days.state() == "off"
