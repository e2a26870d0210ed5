"""`workstation start` from the request to the end of waiting, and `status` on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciler.cli.terminal.signals import Stop
from reconciler.sandbox.control.interruption import interrupt
from tests.power.days import aws
from tests.power.hand import Hand

Make = Callable[..., Hand]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Callable[[Hand, int], None]:
    """`waits(hand, 10)`: while the command pauses, so many seconds pass in the sandbox."""

    def install(cli: Hand, seconds: int) -> None:
        clock = cli.days.sandbox.clock
        monkeypatch.setattr(
            Stop, "pause", lambda self, wait: clock.forward(timedelta(seconds=seconds))
        )

    return install


Waits = Callable[[Hand, int], None]


def test_the_phases_in_order_and_a_machine_that_answers(hand: Make, waits: Waits) -> None:
    cli = hand()
    waits(cli, 10)
    cli.days.to("Mon 08:00")
    result = cli("start alice")
    heads = [line.split(" (")[0] for line in result.err.splitlines() if "endpoint" not in line]
    assert heads == ["looking for alice", "requested", "capacity", "booting", "ready"]
    assert "g4dn.xlarge in us-east-1a, Spot" in result.err
    assert result.out.startswith("alice is ready: ")
    assert (
        "kept on until Mon 23 Nov 12:00 CET (the tag names moto), then its schedule decides: "
        "next stop Mon 23 Nov 19:00 CET\n  about $0.17/h, $1.88 until Mon 23 Nov 19:00 CET\n"
    ) in result.out
    assert result.out.endswith("  workstation connect alice\n")
    again = cli("start alice")
    assert "and was on before" in again.out
    assert "requested before" in again.err


def test_what_a_machine_says_of_its_home_is_told(hand: Make, waits: Waits) -> None:
    cli = hand()
    waits(cli, 30)
    cli.days.to("Mon 09:01")
    [member] = cli.days.group()["Instances"]

    def phase(value: str) -> None:
        tags = [{"Key": "reconciler:phase", "Value": value}]
        aws("ec2").create_tags(Resources=[member["InstanceId"]], Tags=tags)

    phase("booting")
    cli.days.sandbox.clock.forward(timedelta(minutes=1))
    slow = cli("start alice --timeout 1s", code=1)  # it answers, and says that it is not ready
    assert "booting" in slow.err
    assert "ready" not in slow.err
    phase("home")
    assert "home mounted" in cli("start alice --timeout 1s", code=1).err
    phase("ready")
    result = cli("start alice")
    assert [line.split(" (")[0] for line in result.err.splitlines()][-2:] == [
        "home mounted",
        "ready",
    ]


def test_without_capacity_it_ends_with_a_table_and_what_comes_next(
    hand: Make, waits: Waits
) -> None:
    cli = hand()
    cli.days.to("Mon 10:00")
    cli("stop alice")
    cli.days.sandbox.capacity.take("*")
    result = cli("start alice --timeout 1s", code=1)
    out = " ".join(result.out.split())
    assert "alice is not ready: AWS has no Spot capacity left" in out
    assert "type zone market error tries last" in out
    assert "all us-east-1a Spot UnfulfillableCapacity 1" in out, out
    assert "Next: Auto Scaling keeps asking" in out
    assert "no capacity yet" in result.err
    document = cli("start alice --timeout 1s -o json", code=1).json
    assert document["outcome"] == "requested"
    assert document["requested"] is False
    [failure] = document["failures"]
    assert (failure["market"], failure["code"]) == ("spot", "UnfulfillableCapacity")
    assert document["machine"] is None


def test_a_fallback_is_promised_with_its_time(hand: Make) -> None:
    cli = hand("spot_policy: auto")
    cli.days.to("Mon 10:00")
    cli("stop alice")
    cli.days.sandbox.capacity.take("*")
    out = " ".join(cli("start alice --timeout 1s", code=1).out.split())
    assert "On-Demand from Mon 23 Nov 10:10 CET, 10 min after the first failure" in out
    assert "by the next run of `reconcile`" in out
    cli.days.sandbox.clock.forward(timedelta(minutes=11))
    cli.days.run()
    cli.days.sandbox.clock.forward(timedelta(minutes=1))
    assert cli.days.state() == "on-demand"
    assert "On-Demand" in cli("status alice").out


def test_a_machine_that_never_answers_is_told_as_that(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 08:00")
    result = cli("start alice --timeout 1s", code=1)
    assert "is running, and its SSM agent does not answer" in " ".join(result.out.split())


def test_a_stop_meanwhile_ends_the_waiting(hand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = hand()
    cli.days.sandbox.capacity.take("*")
    cli.days.to("Mon 10:00")
    monkeypatch.setattr(Stop, "pause", lambda self, wait: cli.days.desire(0))
    result = cli("start alice", code=1)
    assert "somebody turned it off meanwhile" in result.out


def test_a_signal_ends_the_waiting_and_not_the_start(
    hand: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = hand()
    cli.days.sandbox.capacity.take("*")
    cli.days.to("Mon 10:00")
    monkeypatch.setattr(Stop, "pause", lambda self, wait: setattr(self, "number", 2))
    result = cli("start alice -o json", code=130)
    assert result.json["outcome"] == "interrupted"
    assert cli.days.group()["DesiredCapacity"] == 1


def test_status_tells_all_there_is(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 09:30")
    cli("extend alice 12h")
    printed = cli("status alice").out
    assert printed.startswith("alice: on since Mon 23 Nov 09:0")
    for words in (
        "g4dn.xlarge in us-east-1a, Spot",
        "cost       about $0.17/h",
        "kept on until Mon 23 Nov 21:30 CET (the tag names moto)",
        "next stop  Mon 23 Nov 21:30 CET (the end of its override)",
        "next start Tue 24 Nov 09:00 CET",
    ):
        assert words in printed, printed
    [document] = cli("status alice -o json").json["workstations"]
    assert document["state"] == "on"
    assert document["machine"]["market"] == "spot"
    # From when the command got there, which takes it a second or two on a busy machine.
    assert document["override"]["until"].startswith("2026-11-23T20:30:")
    assert "acme/alice" in cli("status --all").out


def test_an_interrupted_machine_is_starting_until_there_is_another(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 09:30")
    [member] = cli.days.group()["Instances"]
    cli.days.sandbox.capacity.take("*")
    interrupt(cli.days.sandbox.world, "us-east-1", member["InstanceId"], at_once=True)
    assert cli("status alice").out.startswith("alice: starting")
