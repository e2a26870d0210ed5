"""`ws why`, `ws status` and `ws doctor` say what is, and what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine.idle_world import Use, World
from tests.support.machine import INSTANCE, FakeImds, down, instance
from ws import doctor, status
from ws.aws import AwsError
from ws.host import Result
from ws.settings import load
from ws.why import explain

LUSTRE = {"type": "fsx_lustre", "name": "data", "at": "/data", "dns_name": "fs", "mount_name": "x"}
ROLE = "meta-data/iam/security-credentials/"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def why(world: World) -> dict[str, str]:
    return explain(world.host, load(world.host), world.aws)


def test_why_names_what_keeps_it_on_since_when_and_when_it_would_stop(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tags["reconciler:next-stop"] = "2026-11-23T18:00:00Z its schedule"
    world.run(30)  # 11:06:40 and on
    world.run(1, Use(gpu="63, 2000"))
    found = why(world)
    assert found["used by"] == "gpu"
    assert found["stops"] == "Wed 12:37, unless it is used"
    assert found["gpu"] == "active   since Wed 11:37  63 % busy, 2000 MiB used"
    assert found["cpu"] == "idle     since Wed 11:08  load 0.05 on 4 vCPUs"
    assert found["override"] == "none"
    assert found["next stop"] == "2026-11-23T18:00:00Z its schedule"


def test_why_names_an_override(tmp_path: Path) -> None:
    world = World(tmp_path, idle=None)
    world.run(2)
    world.tags["reconciler:override"] = "on until 2026-11-19T20:00:00Z alice@example.com"
    assert why(world)["override"] == world.tags["reconciler:override"]
    world.tags["reconciler:override"] = "turned off 2026-11-18T09:00:00Z idle"
    assert why(world)["override"] == "none"


def test_why_says_when_an_idle_one_stops(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(20)
    assert why(world)["used by"] == "nobody"
    assert why(world)["stops"].startswith("Wed 12:10")
    world.run(30)  # the warning came with the first look after 45 minutes
    assert why(world)["stops"].startswith("Wed 12:11")


def test_why_says_that_nobody_looks(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.host.put("/proc/uptime", "100 1\n")
    assert why(world)["idle"].startswith("unknown")
    world.run(10)
    world.host.put("/proc/uptime", f"{world.up + 301} 1\n")
    assert why(world)["idle"].startswith("unknown")


def test_why_without_a_rule(tmp_path: Path) -> None:
    world = World(tmp_path, idle=None)
    world.host.put("/proc/uptime", "100 1\n")
    assert why(world)["idle"].startswith("not declared")


def test_why_shows_a_refusal_and_a_group_that_cannot_be_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusal = AwsError("UpdateAutoScalingGroup", "AccessDenied", "\x1b[2Jno")
    world.run(80)
    world.unreadable = True
    found = why(world)
    assert found["refused"] == "UpdateAutoScalingGroup: AccessDenied:  [2Jno"
    assert found["next stop"] == "unknown: timed out"


def test_why_obeys_no_tag(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tags["reconciler:next-stop"] = "\u202eevil"
    world.run(2)
    assert why(world)["next stop"] == " evil"


def test_status_shows_machine_and_mounts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    world.host.put("/etc/ws/instance.json", json.dumps(instance(mounts=[LUSTRE])))
    world.host.put("/run/ws/phase", "ready")
    world.host.programs["findmnt"] = Result(1, "")
    world.host.programs["findmnt -n -o SOURCE,FSTYPE,SIZE,USE% /home/alice"] = (
        "/dev/nvme1n1 ext4  98G   43%"
    )
    imds = FakeImds(**{"meta-data/instance-type": "g6.xlarge"})
    imds.paths["meta-data/instance-life-cycle"] = down()
    monkeypatch.setattr(status, "Imds", lambda: imds)
    assert status.main(["-o", "json"], world.host) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["owner"] == "alice@example.com"
    assert (found["instance"], found["type"]) == (INSTANCE, "g6.xlarge")
    assert found["market"] == "unknown: meta-data: timed out"
    assert found["phase"] == "ready"
    assert found["/home/alice"] == "/dev/nvme1n1 ext4 98G 43%"
    assert found["/data"].startswith("NOT MOUNTED")
    status.main([], world.host)
    assert "zone         eu-central-1a\n" in capsys.readouterr().out


def healthy(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.host.programs |= {
        "nvidia-smi": "| NVIDIA-SMI 580.178.04   CUDA Version: 13.0  |",
        "nvidia-smi --query-gpu=name,driver_version": "NVIDIA L4, 580.178.04",
        "nvidia-smi --query-gpu=utilization.gpu,memory.used": "0, 1",
        "grep": "/proc/modules",
        "timedatectl": "yes",
        "systemctl --failed": "",
        "findmnt": "/home/alice /dev/nvme1n1 ext4",
        "df": "Use% Mounted on\n 43% /",
    }
    world.run(4)
    return world


def examine(world: World, **imds: str) -> list[tuple[str, str, str]]:
    paths = {ROLE: "acme-ws-alice", **imds}
    return list(doctor.examine(world.host, load(world.host), FakeImds(**paths)))


def test_a_healthy_machine_has_nothing_to_do(tmp_path: Path) -> None:
    lines = examine(healthy(tmp_path))
    assert {line[0] for line in lines} == {"ok"}
    text = "\n".join(line[1] for line in lines)
    for fact in ("NVIDIA L4, 580.178.04", "CUDA Version: 13.0", INSTANCE, "acme-ws-alice", "43%"):
        assert fact in text


BROKEN = [
    ("nvidia-smi", Result(9, "no driver"), "error", "no driver"),
    ("grep", "", "error", "nouveau"),
    ("timedatectl", "no", "warning", "clock"),
    ("systemctl --failed", "ws-boot.service loaded failed failed", "error", "ws-boot.service"),
    ("findmnt", Result(1, ""), "error", "/home/alice"),
    ("df", "Use%\n 90%", "warning", "90%"),
    ("df", "Use%\n100%", "warning", "100%"),
    ("df", Result(124, "df did not end"), "warning", "did not end"),
]


@pytest.mark.parametrize(("program", "answer", "level", "words"), BROKEN)
def test_each_fault_is_found_with_what_to_do(
    tmp_path: Path, program: str, answer: str | Result, level: str, words: str
) -> None:
    world = healthy(tmp_path)
    for name in list(world.host.programs):
        if name.startswith(program):
            world.host.programs[name] = answer
    bad = [line for line in examine(world) if line[0] != "ok"]
    assert bad
    assert {line[0] for line in bad} == {level}
    assert any(words in line[1] for line in bad)
    assert all(line[2] for line in bad)


def test_no_metadata_service_and_no_role_are_errors(tmp_path: Path) -> None:
    world = healthy(tmp_path)
    assert ("error", "role missing") in [line[:2] for line in examine(world, **{ROLE: ""})]
    imds = FakeImds()
    imds.paths["meta-data/instance-id"] = down()
    lines = doctor.examine(world.host, load(world.host), imds)
    assert any(line[0] == "error" and "timed out" in line[1] for line in lines)


def test_an_idle_service_that_is_dead_blind_or_refused_is_found(tmp_path: Path) -> None:
    world = healthy(tmp_path)
    world.refusal = AwsError("CreateOrUpdateTags", "AccessDenied", "not allowed")
    world.run(80)
    assert any("AccessDenied" in line[1] for line in examine(world))
    world.run(70, Use(dcv="nonsense"))
    assert any("dcv is unknown for an hour" in line[1] for line in examine(world))
    world.host.put("/proc/uptime", f"{world.up + 400} 1\n")
    assert any("nobody looks" in line[1] for line in examine(world))


def test_a_machine_without_gpu_is_not_asked_for_one(tmp_path: Path) -> None:
    world = healthy(tmp_path)
    world.host.put("/sys/bus/pci/devices/0000:00:1e.0/vendor", "0x1d0f\n")
    world.host.commands.clear()
    examine(world)
    assert world.host.ran("nvidia-smi") == []


def test_what_cannot_be_seen_is_a_warning(tmp_path: Path) -> None:
    world = healthy(tmp_path)
    world.host.path("/sys/bus/pci/devices").rename(tmp_path / "gone")
    lines = examine(world)
    assert lines[-1][0] == "warning"
    assert "pci/devices" in lines[-1][1]


def test_an_error_ends_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = healthy(tmp_path)
    monkeypatch.setattr(doctor, "Imds", lambda: FakeImds(**{ROLE: "acme-ws-alice"}))
    assert doctor.main([], world.host) == 0
    world.host.programs["findmnt"] = Result(1, "")
    assert doctor.main([], world.host) == 1
