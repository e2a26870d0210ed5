"""One hostile folder: how to make it, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.declare.helpers import DEFAULTS

BAD, NOTHING = 2, 4  # exit codes: the YAML is bad; no file declares anything

Make = Callable[[Path], object]
Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Case:
    """`content` is the one fleet file's, or several files' by name, or makes what it needs."""

    name: str
    content: str | bytes | Files | Make
    says: str = ""  # part of a message; "" where the position is all that matters
    exit: int = BAD
    given: str = "."  # what --fleets names, seen from the folder
    defaults: str | None = DEFAULTS  # None: there is no `_defaults.yaml`

    def plant(self, folder: Path) -> None:
        """Write everything into the folder."""
        if self.defaults is not None:
            (folder / "_defaults.yaml").write_text(self.defaults)
        if callable(self.content):
            self.content(folder)
            return
        files = self.content if isinstance(self.content, Mapping) else {"vision.yaml": self.content}
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(data)


Cases = Iterator[Case]


def fleet(settings: str = "gpu: {memory: 24GB}", name: str = "vision", ws: str = "ws") -> str:
    """A fleet of one workstation, its settings in flow style."""
    return f"fleet: {name}\nworkstations:\n  {ws}: {{{settings}}}\n"


def tagged(value: str, key: str = "Team") -> str:
    """A good fleet but for one tag."""
    tags = f"  tags:\n    {key}: {value}\n"
    return f"fleet: vision\ndefaults:\n  gpu: {{}}\n{tags}workstations: {{ws: {{}}}}\n"


def field(setting: str) -> str:
    """A good fleet but for one more setting, in block style."""
    return f"fleet: vision\nworkstations:\n  ws:\n    gpu: {{memory: 24GB}}\n    {setting}\n"
