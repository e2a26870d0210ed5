"""`explain`: every value, and where it comes from."""

from __future__ import annotations

import pytest

from reconciler.declare.explain import explain
from reconciler.errors import UsageError
from tests.declare.helpers import GPU, Folder, fleet


def test_every_setting_by_path_with_its_place(folder: Folder) -> None:
    folder.write("vision.yaml", fleet(f"{GPU}, storage: {{root: {{size: 50GiB}}}}"))
    rows = [
        (row.path, row.value, str(row.where).rpartition("/")[2])
        for row in explain(folder.checked(), "ws")
    ]
    assert rows == [
        ("gpu.count", 1, "None"),
        ("gpu.memory", "24GB", "vision.yaml:3:14"),
        ("idle.after", "45m", "None"),
        ("idle.signals", ["gpu", "cpu", "disk", "network", "ssh", "dcv", "lease"], "None"),
        ("idle.unknown", "active", "None"),
        ("idle.warn", "15m", "None"),
        ("image.ssm_parameter", "/golden/gpu-desktop", "_defaults.yaml:7:11"),
        ("instance_profile", "workstation", "_defaults.yaml:8:3"),
        ("max_runtime", "24h", "None"),
        ("network.public_addresses", False, "None"),
        ("network.subnets.tags.Tier", "private", "_defaults.yaml:6:30"),
        ("on_demand_fallback.after", "10m", "None"),
        ("on_demand_fallback.max_duration", "8h", "None"),
        ("outside_hours", "report", "None"),
        ("owner", "alice@example.com", "_defaults.yaml:4:3"),
        ("region", "us-east-1", "_defaults.yaml:5:3"),
        ("scheduler_role", "workstation-scheduler", "_defaults.yaml:9:3"),
        ("spot_policy", "auto", "None"),
        ("storage.root.iops", 3000, "None"),
        ("storage.root.size", "50GiB", "vision.yaml:3:46"),
        ("storage.root.throughput", 125, "None"),
    ]
    assert explain(folder.checked(), "vision/ws") == explain(folder.checked(), "ws")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wss", "no workstation is called `wss` (did you mean `ws`?)"),
        ("vison/ws", "no workstation is called `vison/ws` (did you mean `vision/ws`?)"),
        ("nobody", "no workstation is called `nobody`"),
    ],
)
def test_a_name_that_is_not_there(folder: Folder, name: str, message: str) -> None:
    folder.write("vision.yaml", fleet(GPU))
    with pytest.raises(UsageError) as caught:
        explain(folder.checked(), name)
    assert str(caught.value) == message
