"""A workstation for the tests of `ws idle`: what its sensors read, and its group in AWS."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.machine import GROUP, FakeAws, FakeHost, instance
from ws.host import Result
from ws.idle import read_memory, step
from ws.imds import Unknown
from ws.lease import FOLDER, uptime
from ws.sensors import Sample
from ws.settings import load

AFTER, WARN, PERIOD = 45 * 60, 15 * 60, 30
SIGNALS = ["gpu", "cpu", "disk", "network", "ssh", "dcv", "lease"]


def rule(**more: Any) -> dict[str, Any]:
    """The `idle` part of the instance file."""
    whole = {"after": AFTER, "warn": WARN, "signals": SIGNALS, "unknown": "active"}
    return {**whole, **more}


@dataclass(frozen=True)
class Use:
    """What happens on the workstation, for some minutes; rates are bytes per second."""

    gpu: str | Result = "0, 11264"
    load: float = 0.05
    disk: int = 4096
    network: int = 2048
    typing: bool = False
    touching: bool = False
    dcv: str | Result = ""


@dataclass
class World:
    """One workstation with its idle service. `restarts`: the service begins anew at each look."""

    root: Path
    restarts: bool = False
    idle: Any = field(default_factory=rule)
    use: Use = Use()
    up: float = 120.0
    counters: dict[str, int] = field(default_factory=lambda: {"disk": 10**6, "network": 10**6})
    touched: int = 0
    desired: int = 1
    tags: dict[str, str] = field(default_factory=dict)
    refusal: Exception | None = None
    unreadable: bool = False
    stopped_at: float | None = None

    def __post_init__(self) -> None:
        self.host = FakeHost(self.root)
        self.host.programs["nvidia-smi"] = lambda _: self.use.gpu
        self.host.programs["dcv list-sessions"] = '[{"id": "console", "owner": "alice"}]'
        self.host.programs["dcv list-connections"] = lambda _: self.use.dcv or self.clients()
        self.host.put("/etc/ws/instance.json", json.dumps(instance(idle=self.idle)))
        self.host.put("/sys/bus/pci/devices/0000:00:1e.0/vendor", "0x10de\n")
        self.host.put("/proc/stat", "cpu  1 2\ncpu0 1\ncpu1 1\ncpu2 1\ncpu3 1\nbtime 1\n")
        self.host.path(FOLDER).mkdir(parents=True)
        self.type_on("0")
        self.aws = FakeAws(
            DescribeAutoScalingGroups=lambda _: self.described(),
            CreateOrUpdateTags=self.tag,
            UpdateAutoScalingGroup=self.resize,
        )
        self.memory: dict[str, Any] = {}

    def clients(self) -> str:
        """The answer of `dcv list-connections -j`, with one client that is connected."""
        at = f"2026-11-22T05:{self.touched // 60 % 60:02}:{self.touched % 60:02}.262883Z"
        return json.dumps([{"id": 1, "username": "alice", "last-interaction-time": at}])

    def type_on(self, terminal: str) -> None:
        """Let the person type something."""
        path = self.host.put(f"/dev/pts/{terminal}", "")
        os.utime(path, (self.host.time, 0))

    def described(self) -> str | Exception:
        """The answer of DescribeAutoScalingGroups."""
        if self.unreadable:
            return Unknown("timed out")
        tags = "".join(
            f"<member><Key>{key}</Key><Value>{value}</Value></member>"
            for key, value in self.tags.items()
        )
        return (
            f"<r><AutoScalingGroups><member><DesiredCapacity>{self.desired}</DesiredCapacity>"
            f"<Tags>{tags}</Tags></member></AutoScalingGroups></r>"
        )

    def tag(self, given: dict[str, str]) -> str | Exception:
        """Write a tag of the group."""
        if self.refusal:
            return self.refusal
        assert given["Tags_member_1_ResourceId"] == GROUP
        self.tags[given["Tags_member_1_Key"]] = given["Tags_member_1_Value"]
        return "<r/>"

    def resize(self, given: dict[str, str]) -> str:
        """Set the sizes and the desired capacity."""
        assert given["AutoScalingGroupName"] == GROUP
        assert (given["MinSize"], given["MaxSize"]) == ("0", "1")
        self.desired = int(given["DesiredCapacity"])
        self.stopped_at = self.up
        return "<r/>"

    def look(self, seconds: int = PERIOD) -> None:
        """Let some seconds pass, and the service look once."""
        self.up += seconds
        self.host.time += seconds
        use = self.use
        if use.typing:
            self.type_on("0")
        self.touched += use.touching
        self.counters["disk"] += use.disk * seconds
        self.counters["network"] += use.network * seconds
        sectors, received = self.counters["disk"] // 512, self.counters["network"]
        zeros = "0 " * 10
        self.host.put("/proc/uptime", f"{self.up} 1.0\n")
        self.host.put("/proc/loadavg", f"0.1 0.1 {use.load} 1/200 4242\n")
        self.host.put(
            "/proc/diskstats",
            f"7 0 loop0 1 1 {sectors * 9} {zeros}\n"
            f"259 0 nvme0n1 9 9 {sectors} 9 9 9 77 9 {zeros}\n",
        )
        self.host.put(
            "/proc/net/dev",
            f"Inter-|\n face |\n lo: {received * 99} 1 {zeros}\n ens5: {received} {zeros}\n",
        )
        memory = read_memory(self.host) if self.restarts else self.memory
        step(Sample(self.host, load(self.host), self.aws, uptime(self.host), memory))

    def run(self, minutes: float, use: Use | None = None) -> None:
        """Let the same go on for some minutes, or until the group is off.

        Looks are rarer than in reality, where many are the same.
        """
        self.use = use or Use()
        seconds = 120 if minutes % 2 == 0 else PERIOD
        for _ in range(int(minutes * 60 / seconds)):
            if self.stopped_at is None:
                self.look(seconds)

    def count_lines(self, words: str) -> int:
        """Count how often the service said something."""
        return sum(words in line for line in self.host.lines)
