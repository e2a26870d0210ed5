"""The machine of the tests answers as its table says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.machine import INSTANCE, FakeAws, FakeHost, FakeImds, RealHost, down
from ws.host import Result
from ws.imds import Unknown


def test_the_longest_beginning_of_a_command_wins(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, systemctl=Result(1, "no"))
    host.programs["systemctl start"] = lambda words: words[-1]
    assert host.run("systemctl", "start", "a.mount") == Result(0, "a.mount")
    assert host.run("systemctl", "startle") == Result(1, "no")
    assert host.run("mkfs").code == 127
    assert host.ran("systemctl") == [("systemctl", "start", "a.mount"), ("systemctl", "startle")]


def test_a_real_machine_runs_what_the_table_leaves_out(tmp_path: Path) -> None:
    host = RealHost(tmp_path, useradd="made")
    assert host.run("useradd", "alice").output == "made"
    assert host.run("echo", "here").output == "here"


def test_the_clock_moves_when_the_agent_waits(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    begin = host.now()
    host.sleep(7)
    assert (host.now() - begin, host.pauses) == (7, [7])


def test_metadata_is_known_missing_or_unknown() -> None:
    imds = FakeImds()
    imds.paths["meta-data/spot/instance-action"] = down()
    assert imds.instance_id() == INSTANCE
    assert imds.get("meta-data/tags") is None
    with pytest.raises(Unknown):
        imds.get("meta-data/spot/instance-action")


def test_aws_answers_from_a_table_and_keeps_the_calls() -> None:
    aws = FakeAws(CreateTags="<a><return>true</return></a>", AttachVolume=lambda given: down())
    assert aws.call("ec2", "CreateTags", ResourceId_1="i-1").findtext("return") == "true"
    with pytest.raises(Unknown):
        aws.call("ec2", "AttachVolume")
    assert aws.called("CreateTags") == [{"ResourceId_1": "i-1"}]
    assert aws.actions == ["CreateTags", "AttachVolume"]
