"""Metrics are documents of the embedded metric format, and are off unless they are declared."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.machine.idle_world import Use, World
from tests.support.machine import instance
from ws import metrics
from ws.host import Result

UNITS = (
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "None"),
    *(f"{size}{kind}" for kind in ("bytes", "bits") for size in ("Kilo", "Mega", "Giga", "Tera")),
    *("Bytes", "Bits", "Bytes/Second", "Bits/Second", "Count/Second"),
)

TEXT = {"type": "string", "minLength": 1}

# CloudWatch user guide, "Specification: Embedded metric format", section "Embedded metric format
# example and JSON schema", and its text: 30 dimensions, 100 metrics, resolutions 1 and 60.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "LogGroupName": TEXT,
                "LogStreamName": TEXT,
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": {**TEXT, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "maxItems": 30, "items": TEXT},
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": {**TEXT, "maxLength": 1024},
                                        "Unit": {"enum": list(UNITS)},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A CloudWatch agent that listens."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    listener.setblocking(False)
    monkeypatch.setattr(metrics, "ADDRESS", listener.getsockname())
    return listener


def documents(listener: socket.socket) -> list[dict[str, Any]]:
    found = []
    with listener:
        while True:
            try:
                found.append(json.loads(listener.recv(65536)))
            except BlockingIOError:
                return found


def declare(world: World, **more: Any) -> World:
    whole = instance(metrics={"namespace": "Acme/Workstations"}, idle=world.idle, **more)
    world.host.put("/etc/ws/instance.json", json.dumps(whole))
    return world


def test_a_document_is_what_the_specification_wants(tmp_path: Path, sent: socket.socket) -> None:
    world = declare(World(tmp_path))
    world.host.programs["findmnt"] = "/dev/nvme1n1 ext4"
    world.run(4, Use(gpu="7, 1\n63, 2"))
    found = documents(sent)
    for each in found:
        Draft7Validator(SCHEMA).validate(each)
        directive = each["_aws"]["CloudWatchMetrics"][0]
        assert {metric["Name"] for metric in directive["Metrics"]} <= set(each)
        assert all(
            isinstance(each[name], str) for names in directive["Dimensions"] for name in names
        )
    last = found[-1]
    assert (last["GpuUtilization"], last["IdleSeconds"], last["MountsMissing"]) == (63, 0, 0)
    assert (last["Site"], last["Workstation"]) == ("acme", "alice")


def test_idle_seconds_grow_and_a_lost_mount_counts(tmp_path: Path, sent: socket.socket) -> None:
    world = declare(World(tmp_path))
    world.run(10)
    last = documents(sent)[-1]
    assert last["IdleSeconds"] >= 300
    assert last["MountsMissing"] == 1


def test_what_is_unknown_is_left_out(tmp_path: Path, sent: socket.socket) -> None:
    world = declare(World(tmp_path))
    world.run(2, Use(gpu=Result(9, "no devices")))
    (last,) = documents(sent)
    assert "GpuUtilization" not in last
    Draft7Validator(SCHEMA).validate(last)


def test_one_document_a_minute(tmp_path: Path, sent: socket.socket) -> None:
    world = declare(World(tmp_path))
    world.run(5)  # ten looks
    assert len(documents(sent)) == 6


def test_they_are_off_unless_they_are_declared(tmp_path: Path, sent: socket.socket) -> None:
    World(tmp_path).run(4)
    assert documents(sent) == []


def test_nobody_has_to_listen(tmp_path: Path, sent: socket.socket) -> None:
    sent.close()
    world = declare(World(tmp_path))
    world.run(4)
    assert world.memory["readings"]
