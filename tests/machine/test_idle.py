"""Only a workstation that nobody uses stops: the truth table of docs/idle.md."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.idle_world import AFTER, PERIOD, WARN, Use, World, rule
from ws.aws import AwsError
from ws.host import Result
from ws.idle import GAP, State, decide, main
from ws.lease import FOLDER
from ws.sensors import ACTIVE, IDLE, UNKNOWN, Reading

QUIET = Use()
Act = Callable[[World], object]
Phase = tuple[float, Use] | Act

STAYS, STOPS = False, True


def lease(minutes: float, name: str = "0.x") -> Act:
    """Make a lease that ends so many minutes from now."""

    def act(world: World) -> None:
        path = world.host.put(f"{FOLDER}/{name}", "")
        os.utime(path, (world.up + minutes * 60,) * 2)

    return act


def tag(text: str) -> Act:
    """Write the override of the group."""
    return lambda world: world.tags.update({"reconciler:override": text})


def process(name: str, *, runs: bool) -> Act:
    """Start or end a process."""

    def act(world: World) -> None:
        path = world.host.path(f"/proc/{name}")
        path.mkdir() if runs else path.rmdir()

    return act


def clock(seconds: float) -> Act:
    """Let the clock of the machine jump."""

    def act(world: World) -> None:
        world.host.time += seconds

    return act


BUSY_DISK, BUSY_NETWORK = Use(disk=5 * 2**20), Use(network=2**20)
TYPING, TOUCHING = Use(typing=True), Use(touching=True)
OVERRIDE = "on until 2026-11-19T20:00:00Z alice@example.com"  # the tests begin on 18 November

TABLE: dict[str, tuple[bool, list[Phase]]] = {
    "nobody uses it": (STOPS, [(72, QUIET)]),
    "the warning is not over": (STAYS, [(59, QUIET)]),
    "the GPU is busy, the CPU quiet": (STAYS, [(90, Use(gpu="97, 11264"))]),
    "one of two GPUs is busy": (STAYS, [(90, Use(gpu="0, 5\n41, 20000"))]),
    "memory of the GPU in use, and nothing else": (STOPS, [(72, Use(gpu="0, 22000"))]),
    "the GPU is busy in bursts": (STAYS, [(30, QUIET), (0.5, Use(gpu="60, 1"))] * 6),
    "the CPU alone is busy": (STAYS, [(90, Use(load=1.1))]),
    "a person types, also after sshd was restarted": (STAYS, [(40, QUIET), (0.5, TYPING)] * 4),
    "a new terminal": (STAYS, [(50, QUIET), lambda world: world.type_on("7"), (50, QUIET)]),
    "a terminal that nobody types on": (STOPS, [(1, TYPING), (72, QUIET)]),
    "the desktop alone is used": (STAYS, [(90, TOUCHING)]),
    "a client that is connected and untouched": (STOPS, [(1, TOUCHING), (72, QUIET)]),
    "a background job with a lease": (STAYS, [lease(240), (90, QUIET)]),
    "a lease that has ended": (STOPS, [lease(30), (104, QUIET)]),
    "a lease for a command that runs": (
        STAYS,
        [process("4242", runs=True), lease(240, "4242.x"), (90, QUIET)],
    ),
    "a lease for a command that has ended": (
        STOPS,
        [
            process("4242", runs=True),
            lease(240, "4242.x"),
            (90, QUIET),
            process("4242", runs=False),
            (72, QUIET),
        ],
    ),
    "a lease of more than a day": (STOPS, [lease(25 * 60), (72, QUIET)]),
    "a background job that writes": (STAYS, [(90, BUSY_DISK)]),
    "a download": (STAYS, [(90, BUSY_NETWORK)]),
    "nvidia-smi fails": (STAYS, [(90, Use(gpu=Result(9, "no devices")))]),
    "nvidia-smi hangs": (STAYS, [(90, Use(gpu=Result(124, "too long")))]),
    "nvidia-smi says nothing": (STAYS, [(90, Use(gpu=""))]),
    "nvidia-smi does not know": (STAYS, [(90, Use(gpu="[N/A], 5"))]),
    "DCV fails": (STAYS, [(90, Use(dcv=Result(1, "no")))]),
    "DCV says nonsense": (STAYS, [(90, Use(dcv='[{"id": 1, "last-interaction-time": ""}]'))]),
    "an override that a start gave by itself": (
        STOPS,
        [tag(OVERRIDE.replace("Z ", "Z unless idle ")), (72, QUIET)],
    ),
    "an override on": (STAYS, [tag(OVERRIDE), (90, QUIET)]),
    "an override on during the warning": (
        STAYS,
        [(50, QUIET), tag(OVERRIDE), (50, QUIET)],
    ),
    "an override on in the last minute of the warning": (
        STAYS,
        [(59.5, QUIET), tag(OVERRIDE), (30, QUIET)],
    ),
    "an override that is over": (
        STOPS,
        [tag("on until 2026-11-18T10:00:00Z"), (72, QUIET)],
    ),
    "an override of years": (STOPS, [tag("on until 2036-11-18T10:00:00Z"), (72, QUIET)]),
    "a tag with any text": (STOPS, [tag("on until 2026-02-31T10:00:00Z ; reboot"), (72, QUIET)]),
    "activity in the warning": (STAYS, [(50, QUIET), (0.5, TYPING), (50, QUIET)]),
    "a lease in the warning": (STAYS, [(50, QUIET), lease(240), (100, QUIET)]),
    "the clock jumps forward": (STAYS, [(20, QUIET), clock(86400), (30, QUIET)]),
    "the clock jumps back": (STOPS, [(20, QUIET), clock(-86400), (52, QUIET)]),
    "a person types while the clock jumps": (
        STAYS,
        [(40, QUIET), clock(7200), (0.5, TYPING), (40, QUIET), clock(-7200), (1, TYPING)],
    ),
}


@pytest.mark.parametrize("restarts", [False, True], ids=["", "service-restarts"])
@pytest.mark.parametrize("row", TABLE)
def test_only_what_nobody_uses_stops(tmp_path: Path, row: str, *, restarts: bool) -> None:
    expected, phases = TABLE[row]
    world = World(tmp_path, restarts=restarts)
    for phase in phases:
        if isinstance(phase, tuple):
            world.run(*phase)
        else:
            phase(world)
    assert (world.stopped_at is not None) == expected
    assert world.desired == (0 if expected else 1)


def test_the_person_is_warned_and_the_tag_says_why(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(50)
    assert (
        world.count_lines("Nobody has used this workstation for 45 min. It stops in 15 min.") == 1
    )
    world.run(22)
    assert re.fullmatch(r"turned off 2026-11-\S+Z idle", world.tags["reconciler:override"])
    assert world.aws.actions[-2:] == ["CreateOrUpdateTags", "UpdateAutoScalingGroup"]
    assert "ws keep-alive 4h" in world.host.read("/dev/pts/0")


def test_the_person_is_told_that_it_stays_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(50)
    world.run(5, TYPING)
    assert world.count_lines("This workstation is used again") == 1


def test_an_unknown_sensor_is_told_after_an_hour_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(58, Use(gpu=Result(9, "no devices")))
    assert world.count_lines("unknown") == 0
    world.run(120, Use(gpu=Result(9, "no devices")))
    assert world.count_lines("gpu is unknown for an hour") == 1


def test_unknown_may_count_as_idle(tmp_path: Path) -> None:
    world = World(tmp_path, idle=rule(unknown="idle"))
    world.run(72, Use(gpu=Result(9, "no devices")))
    assert world.desired == 0


def test_an_override_that_cannot_be_read_keeps_it_on(tmp_path: Path) -> None:
    for unknown in ("active", "idle"):
        world = World(tmp_path / unknown, idle=rule(unknown=unknown), unreadable=True)
        world.run(120)
        assert world.desired == 1


def test_an_override_that_comes_with_the_stop_is_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    while not (warned := world.memory.get("state", State()).warned):
        world.look()
    while world.up + PERIOD < warned + WARN:
        world.look()
    world.memory["override"] = world.up, ""  # this look does not ask for it
    world.tags["reconciler:override"] = OVERRIDE
    world.look()
    assert (world.desired, world.tags["reconciler:override"]) == (1, OVERRIDE)
    world.look()
    assert world.count_lines("used again") == 1


def test_a_sensor_that_this_agent_does_not_know_keeps_it_on(tmp_path: Path) -> None:
    world = World(tmp_path, idle=rule(signals=["gpu", "camera"]))
    world.run(120)
    assert world.desired == 1


def test_no_sensor_at_all_keeps_it_on(tmp_path: Path) -> None:
    world = World(tmp_path, idle=rule(signals=["gpu"]))
    world.host.put("/sys/bus/pci/devices/0000:00:1e.0/vendor", "0x1d0f\n")
    world.run(120)
    assert world.desired == 1


def test_without_rights_it_stays_on_says_so_once_and_tries_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusal = AwsError("CreateOrUpdateTags", "AccessDenied", "not allowed")
    world.run(90)
    assert world.desired == 1
    assert len([line for line in world.host.lines if "AccessDenied" in line]) == 1
    assert "AccessDenied" in world.memory["refused"]
    world.refusal = None
    world.run(1)
    assert (world.desired, world.memory["refused"]) == (0, "")


def test_a_group_that_is_off_already_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.desired = 0
    world.run(90)
    assert set(world.aws.actions) == {"DescribeAutoScalingGroups"}


def test_whoever_starts_it_during_the_stop_has_the_whole_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(72)
    world.stopped_at, world.desired = None, 1
    world.run(54)
    assert world.desired == 1


def test_without_a_rule_nothing_runs(tmp_path: Path) -> None:
    world = World(tmp_path, idle=None)
    assert main([], world.host) == 0
    assert world.host.commands == []


def test_metrics_alone_never_stop_it(tmp_path: Path) -> None:
    world = World(tmp_path, idle=None)
    world.run(120)
    assert world.desired == 1


def test_what_nobody_saw_is_not_idle() -> None:
    idle = [Reading("cpu", IDLE, "", 0)]
    state = State(1000, 100, 900)
    assert decide(state, idle, 1000 + GAP + 1, rule()) == (State(1301, 1301), "cancel")
    assert decide(State(9000, 100), idle, 60, rule())[0] == State(60, 60)  # booted since


SAMPLES = st.lists(
    st.tuples(st.integers(1, 2 * GAP), st.sampled_from([IDLE] * 40 + [ACTIVE, UNKNOWN])),
    max_size=400,
)


@given(SAMPLES)
def test_it_never_stops_soon_after_it_was_used(samples: list[tuple[int, str]]) -> None:
    """Whatever the order: use, unknown, and time that nobody watched, restart the count."""
    state, up, used = State(), 0.0, 0.0
    for seconds, each in samples:
        up += seconds
        if seconds > GAP or each != IDLE:
            used = up
        state, action = decide(state, [Reading("cpu", each, "", 0)], up, rule())
        if action == "warn":
            assert up - used >= AFTER
        if action == "stop":
            assert up - used >= AFTER + WARN


@given(st.integers(0, 10), st.integers(0, 3600), st.integers(0, 900))
def test_what_is_idle_for_long_enough_does_stop(late: int, after: int, warn: int) -> None:
    state, actions, up = State(), [], 0.0
    while up < after + warn + 3 * (PERIOD + late):
        up += PERIOD + late
        readings = [Reading("cpu", IDLE, "", 0)]
        state, action = decide(state, readings, up, rule(after=after, warn=warn))
        actions.append(action)
    assert [each for each in actions if each][:2] == ["warn", "stop"]
