"""What a reviewer reads of changes to a fleet that stands: the YAML's words, and hours as hours."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.reconcile.command import main
from tests.conftest import NOW

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox
    from tests.conftest import Golden

GOLDEN = Path(__file__).parents[1] / "golden/changes"
DAYS = """\
calendars:
  feasts: {dates: ["2026-12-24", "2026-12-25", "2026-12-31"]}
"""
YAML = """\
# The days off of the site are in _defaults.yaml:
# they hold for every fleet.
site: acme
account: "123456789012"
defaults:
  region: us-east-1
  owner: ops@example.com
  network: {{subnets: {{tags: {{Tier: private}}}}}}
  image: {{ssm_parameter: /golden/gpu-desktop}}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
  schedule:
    start: "Mon-Fri {start}"
    stop: "Mon-Fri 19:00"
    timezone: Europe/Berlin
    except: [feasts]
fleet: vision
workstations:
  anna:
    gpu: {{memory: {gpu}}}
    storage: {{home: {{ebs: {{size: {home}}}}}}}
    max_runtime: {limit}
  bert:
    gpu: {{memory: 24GB}}
    storage: {{home: {{ebs: {{size: 100GiB}}}}}}
  carla:
    instance_types: {types}
    storage: {{home: {{ebs: {{size: 100GiB}}}}}}
"""
BEFORE = {
    "start": "09:00",
    "gpu": "24GB",
    "home": "200GiB",
    "limit": "24h",
    "types": "[g6.xlarge, g5.xlarge, g4dn.xlarge, g6.2xlarge, g5.2xlarge]",
}
AFTER = {
    "start": "08:00",
    "gpu": "48GB",
    "home": "400GiB",
    "limit": "10h",
    "types": "[g6.xlarge, g5.xlarge, g4dn.xlarge, g6.2xlarge, g6e.xlarge, g6e.2xlarge]",
}


@pytest.mark.parametrize(("form", "ending"), [("text", "txt"), ("markdown", "md")])
def test_a_changed_fleet_reads_as_its_author_would_say_it(
    form: str,
    ending: str,
    sandbox: Sandbox,
    golden: Golden,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fleets").mkdir()
    Path("fleets/_defaults.yaml").write_text(DAYS)

    def run(values: dict[str, str], *arguments: str) -> str:
        Path("fleets/vision.yaml").write_text(YAML.format(**values))
        code = main(arguments)
        captured = capsys.readouterr()
        assert code == 0, captured
        return re.sub(r"\b[0-9a-f]{64}\b", "0123456789abcdef" * 4, captured.out)

    run(BEFORE)
    assert run(BEFORE, "--dry-run").startswith("Nothing to do")
    golden(GOLDEN / f"edited.{ending}", run(AFTER, "--dry-run", "-o", form))

    # Thursday evening, 35 days before the first feast: nobody edits anything.
    sandbox.clock.to(NOW + timedelta(days=1, hours=10))
    golden(GOLDEN / f"passed.{ending}", run(BEFORE, "--dry-run", "-o", form))
    run(BEFORE)
    golden(GOLDEN / f"both.{ending}", run(AFTER, "--dry-run", "-o", form))
