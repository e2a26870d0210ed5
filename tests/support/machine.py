"""A machine for the tests of the agent: scripted programs, a clock of its own, AWS from a table.

`FakeHost` has its files below a folder of the test; `RealHost` runs real programs there. An answer
of a table is a value, an error to raise, or a function that makes one of these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from ws.aws import Aws
from ws.host import Host, Result
from ws.imds import Imds, Unknown

START = 1_795_000_000.0
"""Where the clock of a test begins, in seconds since 1970."""

INSTANCE = "i-0123456789abcdef0"
VOLUME = "vol-0aaaabbbbccccdddd"
GROUP = "acme-ml-alice"

Words = tuple[str, ...]
Program = str | Result | Callable[[Words], "str | Result"]


class FakeHost(Host):
    """A machine whose programs answer what the test says.

    `programs` maps the beginning of a command line, `"blkid"` or `"systemctl start"`, to a text
    (code 0), a `Result`, or a function of all words; the longest beginning wins. A program that is
    not in the table is not installed: 127.
    """

    def __init__(self, root: Path, **programs: Program) -> None:
        super().__init__(str(root))
        self.programs: dict[str, Program] = dict(programs)
        self.commands: list[Words] = []
        self.inputs: list[str] = []
        self.time = START
        self.pauses: list[float] = []
        self.lines: list[str] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def run(self, *command: str, timeout: float = 60, text: str = "") -> Result:
        """Note the command, and give the answer of the table."""
        self.commands.append(command)
        self.inputs.append(text)
        line = " ".join(command)
        fitting = [name for name in self.programs if f"{line} ".startswith(f"{name} ")]
        if not fitting:
            return Result(127, f"{command[0]} is not installed")
        answer = self.programs[max(fitting, key=len)]
        if callable(answer):
            answer = answer(command)
        return Result(0, answer) if isinstance(answer, str) else answer

    def now(self) -> float:
        """Return the time of the test."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move the clock; `on_sleep` may change the world or raise."""
        self.pauses.append(seconds)
        self.time += seconds
        self.on_sleep()

    def log(self, line: str) -> None:
        """Keep a line of the journal."""
        self.lines.append(line)

    def ran(self, beginning: str) -> list[Words]:
        """List the commands that begin so, in order."""
        return [words for words in self.commands if f"{' '.join(words)} ".startswith(beginning)]

    def put(self, name: str, text: str) -> Path:
        """Write a file of the machine, with its folders."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def read(self, name: str) -> str:
        """Read a file of the machine."""
        return self.path(name).read_text()


class RealHost(FakeHost):
    """A machine that runs real programs, with a clock that does not wait.

    Programs of the table are still answered from it: `useradd` must not touch this computer.
    """

    def run(self, *command: str, timeout: float = 60, text: str = "") -> Result:
        """Answer from the table, or run the program."""
        answer = super().run(*command, timeout=timeout, text=text)
        return answer if answer.code != 127 else Host.run(self, *command, timeout=60, text=text)


class FakeImds(Imds):
    """The metadata service as a table by path, below `latest/`; a path without an entry is a 404.

    An entry is a text, a value that becomes JSON, or an error to raise (`Unknown`).
    """

    def __init__(self, **more: Any) -> None:
        super().__init__("http://127.0.0.1:9/latest/")
        self.paths: dict[str, Any] = {
            "meta-data/instance-id": INSTANCE,
            "meta-data/placement/availability-zone": "eu-central-1a",
            "meta-data/placement/region": "eu-central-1",
            **more,
        }
        self.asked: list[str] = []

    def get(self, path: str) -> str | None:
        """Read from the table."""
        self.asked.append(path)
        found = self.paths.get(path)
        if isinstance(found, Exception):
            raise found
        return found if found is None or isinstance(found, str) else json.dumps(found)


class FakeAws(Aws):
    """AWS as a table by action: XML text, an error to raise, or a function of the parameters.

    `calls` has each action with its parameters, in order. An action without an entry is a fault
    of the test.
    """

    def __init__(self, imds: Imds | None = None, **answers: Any) -> None:
        super().__init__("eu-central-1", imds or FakeImds())
        self.answers: dict[str, Any] = answers
        self.calls: list[tuple[str, dict[str, str]]] = []

    def call(self, service: str, action: str, **given: str) -> ET.Element:
        """Answer from the table."""
        self.calls.append((action, given))
        answer = self.answers[action]
        if callable(answer):
            answer = answer(given)
        if isinstance(answer, Exception):
            raise answer
        return ET.fromstring(answer)

    def called(self, action: str) -> list[dict[str, str]]:
        """List the parameters of each call of one action."""
        return [given for name, given in self.calls if name == action]

    @property
    def actions(self) -> list[str]:
        """List the actions in order."""
        return [name for name, _ in self.calls]


def down(path: str = "meta-data") -> Unknown:
    """Make the error of a metadata service that does not answer."""
    return Unknown(f"{path}: timed out")


def instance(**more: Any) -> Mapping[str, Any]:
    """Make an instance file with an EBS home; None takes a field out."""
    whole = {
        "version": 1,
        "site": "acme",
        "fleet": "ml",
        "workstation": "alice",
        "owner": "alice@example.com",
        "region": "eu-central-1",
        "auto_scaling_group": GROUP,
        "account": {"name": "alice", "uid": 1500, "ssh_keys": ["ssh-ed25519 AAAA alice"]},
        "home": {"type": "ebs", "name": "home", "volume_id": VOLUME, "at": "/home/alice"},
        "mounts": [],
        "stop_hook": "reconciler-stop",
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}
