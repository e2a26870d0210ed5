"""From YAML text to what the loader says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.declare.explain import Row, explain
from reconciler.declare.fleet import Site, Workstation
from reconciler.declare.load import checked, load
from reconciler.declare.merge import MergedConfig
from reconciler.errors import BadDeclaration

DEFAULTS = """\
site: acme
account: "123456789012"
defaults:
  owner: alice@example.com
  region: us-east-1
  network: {subnets: {tags: {Tier: private}}}
  image: {ssm_parameter: /golden/gpu-desktop}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
"""
GPU = "gpu: {memory: 24GB}"


class Folder:
    """A folder of fleet files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("_defaults.yaml", DEFAULTS)

    def write(self, name: str, text: str | bytes) -> Path:
        """Add or replace a file."""
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def load(self) -> Site:
        """Load the site that the files declare."""
        return load([self.path])

    def checked(self) -> MergedConfig:
        """The same with the place of each setting."""
        return checked([self.path])

    def settings(self) -> dict[str, Row]:
        """Those of the workstation `ws` by path, as explained."""
        return {row.path: row for row in explain(self.checked(), "ws")}

    def problems(self) -> list[str]:
        """What is wrong, as `file:line:column: message (what to do)`, without the folder."""
        with pytest.raises(BadDeclaration) as caught:
            self.load()
        return [str(problem).replace(f"{self.path}/", "") for problem in caught.value.problems]

    def says(self, text: str | bytes, name: str = "vision.yaml") -> list[str]:
        """What is wrong with one fleet file, without the file's name."""
        self.write(name, text)
        return [problem.removeprefix(f"{name}:") for problem in self.problems()]

    def workstation(self, settings: str, defaults: str = "") -> Workstation:
        """The one workstation `ws` of a fleet, from its settings in flow style."""
        self.write("vision.yaml", fleet(settings, defaults))
        [found] = self.load().workstations
        return found

    def settings_say(self, settings: str, defaults: str = "") -> list[str]:
        """What is wrong with a workstation's settings: the messages alone."""
        return [problem.split(": ", 1)[1] for problem in self.says(fleet(settings, defaults))]


def fleet(settings: str, defaults: str = "") -> str:
    """A fleet of one workstation called `ws`."""
    below = f"defaults: {{{defaults}}}\n" if defaults else ""
    return f"fleet: vision\n{below}workstations:\n  ws: {{{settings}}}\n"


Says = Callable[[str], list[str]]
