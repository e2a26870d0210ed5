"""A developer's hand: the command itself, in this process, on the days of `tests.power.days`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime

import pytest

from reconciler.cli.workstation.command import main
from reconciler.kinds.override_end import ACTION
from reconciler.workstation.runtime_tags import Sizes
from tests.power.days import BERLIN, Days, aws
from tests.promises.cli import CommandResult


@dataclass(frozen=True)
class Stand:
    """What is remembered of alice in AWS: all four places but the lease."""

    desired: int
    sizes: Sizes
    override: str
    end: tuple[str, int | None] | None  # local time, desired capacity


class Hand:
    """`hand("start alice")`."""

    def __init__(self, days: Days, capsys: pytest.CaptureFixture[str]) -> None:
        self.days = days
        self._capsys = capsys

    def __call__(self, line: str, code: int = 0) -> CommandResult:
        self._capsys.readouterr()
        found = main(shlex.split(line))
        printed = self._capsys.readouterr()
        assert found == code, (found, printed.out, printed.err)
        return CommandResult(found, printed.out, printed.err)

    def stand(self) -> Stand:
        return stand(self.days)


def stand(days: Days) -> Stand:
    """How alice stands now."""
    group = days.group()
    actions = aws("autoscaling").describe_scheduled_actions(
        AutoScalingGroupName="acme-alice", ScheduledActionNames=[ACTION]
    )["ScheduledUpdateGroupActions"]
    return Stand(
        desired=group["DesiredCapacity"],
        sizes=Sizes(group["MinSize"], group["MaxSize"]),
        override=days.tags().get("reconciler:override", ""),
        end=(local(actions[0]["StartTime"]), actions[0].get("DesiredCapacity"))
        if actions
        else None,
    )


def local(at: datetime) -> str:
    """`Mon 09:00` in Berlin."""
    return f"{at.astimezone(BERLIN):%a %H:%M}"
