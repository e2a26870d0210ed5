"""The two files of the design, from YAML to the frozen site."""

from __future__ import annotations

from pathlib import Path

from reconciler.declare.fleet import Fallback
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from reconciler.declare.load import load

DESIGN = Path(__file__).parent / "data" / "design"


def test_the_design_example_loads() -> None:
    site = load([DESIGN])
    alice, bob = site.workstations
    assert (site.name, site.account, site.regions) == ("acme", "123456789012", ("us-east-1",))
    assert alice.instance_requirements == {
        "AcceleratorCount": {"Min": 1, "Max": 1},
        "AcceleratorManufacturers": ["nvidia"],
        "AcceleratorTotalMemoryMiB": {"Min": 22430},
        "AcceleratorTypes": ["gpu"],
        "MemoryMiB": {"Min": 16384},
        "OnDemandMaxPricePercentageOverLowestPrice": 300,
        "SpotMaxPricePercentageOverLowestPrice": 300,
        "VCpuCount": {"Min": 4, "Max": 16},
    }
    assert isinstance(alice.home, LustreFileSystem)
    assert alice.on_demand_fallback == Fallback(after=600, max_duration=8 * 3600)
    assert [edge.expression for edge in alice.schedule] == [
        "cron(0 9 ? * MON-FRI *)",
        "cron(0 19 ? * MON-FRI *)",
    ]
    assert bob.instance_types == ("g6.xlarge", "g5.xlarge", "g4dn.xlarge")
    assert bob.instance_requirements is None
    assert dict(bob.tags) == {"Team": "vision", "Project": "titan"}
    assert [shared.name for shared in site.file_systems] == ["datasets"]
