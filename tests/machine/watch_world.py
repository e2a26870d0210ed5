"""A machine whose watch looks at a metadata service and at its group."""

from __future__ import annotations

import json
from pathlib import Path
from time import gmtime, strftime

from tests.support.imds_server import ImdsServer
from tests.support.machine import START, FakeAws, FakeHost, FakeImds, instance
from ws import watch
from ws.imds import Imds
from ws.leave import Event, read_event
from ws.settings import load

TERMINAL = "/dev/pts/0"
LEAVE = (
    *("systemd-run", "--unit=ws-leave", "--collect", "--property=OOMScoreAdjust=-900"),
    *("/usr/bin/ws", "leave", "--interrupted"),
)


def time(seconds: float) -> str:
    """Write a time that many seconds after the clock of the tests began, as AWS does."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(START + seconds))


def group(**tags: str) -> str:
    """Write the answer of DescribeAutoScalingGroups."""
    names = {"stop": "reconciler:next-stop", "override": "reconciler:override"}
    rows = "".join(
        f"<member><Key>{names[name]}</Key><Value>{value}</Value></member>"
        for name, value in tags.items()
    )
    return (
        "<r><AutoScalingGroups><member><DesiredCapacity>1</DesiredCapacity>"
        f"<Tags>{rows}</Tags></member></AutoScalingGroups></r>"
    )


class Watched:
    """A machine whose watch looks every five seconds, with a terminal."""

    def __init__(self, root: Path, service: ImdsServer | None = None) -> None:
        self.host = FakeHost(root, setpriv="")
        self.host.programs["systemd-run"] = ""
        self.host.put("/etc/ws/instance.json", json.dumps(instance()))
        self.host.put(TERMINAL, "")
        imds = Imds(service.url) if service else FakeImds()
        self.aws = FakeAws(imds, DescribeAutoScalingGroups=group())
        self.restart()

    def restart(self) -> None:
        """Begin the watch, or begin it anew."""
        self.looks = watch.watch(self.host, load(self.host), self.aws)

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            next(self.looks)
            self.host.sleep(watch.POLL)

    @property
    def shown(self) -> list[str]:
        """The sentences that the terminal has shown since this was asked last."""
        text = self.host.path(TERMINAL).read_bytes().decode()
        self.host.put(TERMINAL, "")
        return [line[5:] for line in text.split("\r\n") if line]

    @property
    def leaves(self) -> int:
        return len(self.host.ran("systemd-run"))

    @property
    def event(self) -> Event:
        event = read_event(self.host)
        assert event
        return event
