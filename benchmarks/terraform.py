"""Terraform and the reconciler in turn, on the same server, with the same workstations each.

Terraform creates its own set, for real, with more at once than its default: its provider sleeps
half a minute before it first looks at a new file system. Looks are made with its defaults.
Nothing is downloaded: the AWS provider has to be on this machine already.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import blueprint, sites, worlds
from benchmarks.loopback import Loopback
from benchmarks.measure import Cost, Failed, Run, middle, once, repeat

AWS = "registry.terraform.io/hashicorp/aws"
HOME = Path.home()
PLUGIN_FOLDERS = (
    HOME / ".terraform.d/plugins",
    HOME / ".local/share/terraform/plugins",
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
)
"""Where Terraform itself looks for providers that are already here."""

CREATE_AT_ONCE = 100


class Absent(Exception):
    """There is no Terraform here to compare with; the message says what is missing."""


@dataclass(frozen=True)
class Rival:
    """A Terraform that can be run."""

    program: str
    environment: Mapping[str, str]

    def run(self, folder: Path, *arguments: str) -> str:
        """Its stdout.

        Raises: Failed.
        """
        done = subprocess.run(
            [self.program, *arguments],
            env={**os.environ, **self.environment},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"terraform {' '.join(arguments)}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout


@dataclass(frozen=True)
class Side:
    """Both, at one latency."""

    size: int
    latency: float
    terraform: Cost
    reconciler: Cost
    times: int

    @property
    def ratio(self) -> float:
        """How many times as long Terraform takes."""
        return self.terraform.wall / self.reconciler.wall

    @property
    def cpu_ratio(self) -> float:
        """How many times the CPU it takes: what other work on the machine changes little."""
        return self.terraform.cpu / self.reconciler.cpu


@dataclass(frozen=True)
class Comparison:
    """All that was measured."""

    versions: str
    create: Cost
    sides: tuple[Side, ...]


def find(folder: Path) -> Rival:
    """Terraform, set up to use a provider of this machine.

    Raises: Absent.
    """
    program = shutil.which("terraform")
    if program is None:
        raise Absent("terraform is not on the PATH")
    environment = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    mirror = os.environ.get("TF_PLUGIN_MIRROR", "")
    if mirror:
        if not (Path(mirror) / AWS).is_dir():
            raise Absent(f"TF_PLUGIN_MIRROR has no {AWS}")
        settings = folder / "terraform.rc"
        path = json.dumps(mirror)
        settings.write_text(f"provider_installation {{\n filesystem_mirror {{ path = {path} }}\n}}")
        return Rival(program, {**environment, "TF_CLI_CONFIG_FILE": str(settings)})
    if "TF_CLI_CONFIG_FILE" in os.environ or any((p / AWS).is_dir() for p in PLUGIN_FOLDERS):
        return Rival(program, environment)
    raise Absent(f"no {AWS} in TF_PLUGIN_MIRROR, TF_CLI_CONFIG_FILE or Terraform's plugin folders")


def compare(
    rival: Rival, folder: Path, size: int, latencies: tuple[float, ...], times: int
) -> Comparison:
    """Make both sets, then look at each in turn.

    Each in a region of its own: nobody has both, and our lists would be twice as long for it.
    """
    fleets = sites.write(folder / "side-fleets", size, region=sites.ANOTHER_REGION)
    module = blueprint.write(folder / "side-module", size)
    with worlds.sandbox() as forward:
        proxy = Loopback(forward)
        reconcile = Run(
            (*worlds.RECONCILE, "--fleets", str(fleets), "--dry-run", "--exit-code"),
            worlds.variables(proxy.url),
            proxy.url,
        )
        environment = {**rival.environment, "TF_VAR_endpoint": proxy.url}
        rival.run(module, "init", "-no-color")
        versions = _versions(json.loads(rival.run(module, "version", "-json")))
        print(f"{versions}: creating {size}; minutes, most of them timers", file=sys.stderr)
        worlds.settle(proxy.url, fleets)
        apply = (rival.program, "apply", "-auto-approve", f"-parallelism={CREATE_AT_ONCE}")
        create = once(Run(apply, environment, proxy.url, folder=str(module)))
        # 0: nothing to change. 2, there are changes, would be another measurement.
        plan = (rival.program, "plan", "-detailed-exitcode", "-no-color")
        look = Run(plan, environment, proxy.url, folder=str(module))
        sides = []
        for latency in latencies:
            proxy.latency = latency
            pairs = [(once(look), repeat(reconcile, 3)) for _ in range(times)]
            for terraform_cost, reconciler_cost in pairs:
                print(
                    f"{latency * 1000:.0f} ms: {terraform_cost} | {reconciler_cost}",
                    file=sys.stderr,
                )
            terraform, reconciler = zip(*pairs, strict=True)
            sides.append(Side(size, latency, middle(terraform), middle(reconciler), times))
        proxy.close()
    return Comparison(versions, create, tuple(sides))


def _versions(versions: Mapping[str, object]) -> str:
    providers = versions["provider_selections"]
    assert isinstance(providers, dict)
    return f"Terraform {versions['terraform_version']}, hashicorp/aws {providers[AWS]}"
