"""What each sensor makes of odd answers, and that a real terminal shows input and nothing else."""

from __future__ import annotations

import json
import os
import pty
import tty
from pathlib import Path
from typing import Any

import pytest

from tests.machine.idle_world import Use, World
from ws.host import Host, Result
from ws.sensors import DISK_RATE, NETWORK_RATE, Reading, Sample, ask
from ws.settings import load

MIB = 2**20


def read(world: World, sensor: str, use: Use | None = None) -> tuple[str, str]:
    """What one sensor says after two looks."""
    world.run(1, use)
    row = next(row for row in world.memory["readings"] if row[0] == sensor)
    return row[1], row[2]


def test_a_real_terminal_shows_input_and_neither_presence_nor_output(tmp_path: Path) -> None:
    world = World(tmp_path)
    control, terminal = pty.openpty()
    try:
        tty.setraw(terminal)
        name = Path(os.ttyname(terminal)).name
        host = RealTerminals(tmp_path, name)
        memory: dict[str, Any] = {}
        sample = Sample(host, load(world.host), world.aws, 0, memory)
        os.utime(terminal, (1000, 1000))  # the kernel writes times in steps of 8 seconds
        assert state(ask(sample, ["ssh"])) == "active"  # new
        assert state(ask(sample, ["ssh"])) == "idle"
        os.write(terminal, b"output\r\n")
        os.read(control, 100)
        assert state(ask(sample, ["ssh"])) == "idle"
        os.write(control, b"x")
        os.read(terminal, 1)
        assert state(ask(sample, ["ssh"])) == "active"
        assert state(ask(sample, ["ssh"])) == "idle"
    finally:
        os.close(control)
        os.close(terminal)


class RealTerminals(Host):
    """A machine that has one terminal of this computer."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(str(root))
        folder = root / "terminals"
        folder.mkdir()
        (folder / name).symlink_to(f"/dev/pts/{name}")

    def path(self, name: str) -> Path:
        """Return the folder with that terminal."""
        return self.root / "terminals" if name == "/dev/pts" else super().path(name)


def state(readings: list[Reading]) -> str:
    return readings[0].state


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("4, 11264", ("idle", "4 % busy, 11264 MiB used")),
        ("5, 0", ("active", "5 % busy, 0 MiB used")),
        ("0, 1\n99, 2", ("active", "99 % busy, 3 MiB used")),
        (Result(9, "no driver\n\x1b[2J"), ("unknown", "ValueError: exit code 9: no driver  [2J")),
        (Result(14, "0, 11264"), ("unknown", "ValueError: exit code 14: 0, 11264")),
    ],
)
def test_gpu(tmp_path: Path, answer: str | Result, expected: tuple[str, str]) -> None:
    assert read(World(tmp_path), "gpu", Use(gpu=answer)) == expected


@pytest.mark.parametrize("answer", ["", "busy", "[N/A], 1", "nan, 1", "5", "1e9, 1", "0,\n0", ",,"])
def test_nonsense_about_the_gpu_is_unknown(tmp_path: Path, answer: str) -> None:
    assert read(World(tmp_path), "gpu", Use(gpu=answer))[0] == "unknown"


def test_a_gpu_without_a_driver_is_unknown(tmp_path: Path) -> None:
    world = World(tmp_path)
    del world.host.programs["nvidia-smi"]
    assert read(world, "gpu")[0] == "unknown"


def test_load_counts_for_each_cpu(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert read(world, "cpu", Use(load=0.99)) == ("idle", "load 0.99 on 4 vCPUs")
    assert read(world, "cpu", Use(load=1.0))[0] == "active"


def test_rates_have_their_limits(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert read(world, "disk", Use(disk=DISK_RATE - 1024))[0] == "idle"
    assert read(world, "disk", Use(disk=DISK_RATE)) == ("active", "1024 KiB/s")
    assert read(world, "network", Use(network=NETWORK_RATE - 1))[0] == "idle"
    assert read(world, "network", Use(network=NETWORK_RATE)) == ("active", "128 KiB/s")


def test_a_counter_that_goes_back_is_unknown(tmp_path: Path) -> None:
    world = World(tmp_path)
    read(world, "disk")
    world.counters["disk"] = 0
    world.look()
    assert next(row[1] for row in world.memory["readings"] if row[0] == "disk") == "unknown"


@pytest.mark.parametrize("file", ["/proc/loadavg", "/proc/diskstats", "/proc/net/dev"])
def test_a_file_that_makes_no_sense_is_unknown(tmp_path: Path, file: str) -> None:
    world = World(tmp_path)
    world.run(1)
    host = world.host
    host.put(file, "1 2\na b\nc d\n")
    names = ["cpu", "disk", "network"]
    found = ask(Sample(host, load(host), world.aws, world.up + 30, world.memory), names)
    sensor = {"/proc/loadavg": "cpu", "/proc/diskstats": "disk", "/proc/net/dev": "network"}[file]
    assert {each.sensor for each in found if each.state == "unknown"} == {sensor}


DCV = '[{"id": 1, "last-interaction-time": "2026-11-22T05:00:00.1Z"}]'


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "{}x",
        "null",
        '{"id": 1}',
        "[1]",
        "[[]]",
        '[{"id": 1}]',
        '[{"id": 1, "last-interaction-time": null}]',
        '[{"id": 1, "last-interaction-time": ""}]',
        "[" * 100_000,
        Result(1, DCV),
        Result(124, ""),
    ],
    ids=range(12),
)
def test_nonsense_of_dcv_is_unknown(tmp_path: Path, answer: str | Result) -> None:
    world = World(tmp_path)
    world.host.programs["dcv list-connections"] = answer
    assert read(world, "dcv")[0] == "unknown"


@pytest.mark.parametrize("name", ["-rf", "a b", "", "a;b", "\x1b", "a\n"])
def test_a_session_cannot_give_options(tmp_path: Path, name: str) -> None:
    world = World(tmp_path)
    world.host.programs["dcv list-sessions"] = json.dumps([{"id": name}])
    assert read(world, "dcv")[0] == "unknown"
    assert world.host.ran("dcv list-connections") == []


def test_no_session_and_no_client_are_idle_and_no_dcv_is_not_asked(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.host.programs["dcv list-connections"] = "[]"
    assert read(world, "dcv") == ("idle", "input on none of 0")
    world.host.programs["dcv list-sessions"] = "[]"
    assert read(world, "dcv") == ("idle", "input on none of 0")
    del world.host.programs["dcv list-sessions"]
    world.run(1)
    assert "dcv" not in [row[0] for row in world.memory["readings"]]
