"""What the command line orders in a sandbox that runs, and how it tells."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from reconciler.sandbox import Sandbox
from tests.cli.fakes import Cli
from tests.sandbox.helpers import Aws


@pytest.fixture
def aws(sandbox: Sandbox) -> Aws:
    return Aws(sandbox)


@pytest.fixture
def first(aws: Aws) -> str:
    """The Spot instance of the group acme-alice."""
    aws.template()
    aws.group(DesiredCapacity=1)
    return str(aws.described()["Instances"][0]["InstanceId"])


def test_quotas_are_shown_and_set(cli: Cli, first: str) -> None:
    result = cli("sandbox", "quota", "L-3819A6DF", "8")
    assert result.code == 0
    assert (
        "us-east-1  L-3819A6DF  4 of 8 vCPUs  All G and VT Spot Instance Requests\n" in result.out
    )
    result = cli("sandbox", "quota", "L-3819A6DF", "none", "--region", "eu-central-1", "-o", "json")
    rows = json.loads(result.out)["quotas"]
    assert [row["vcpus"] for row in rows if row["code"] == "L-3819A6DF"] == [8, 0]
    assert cli("sandbox", "quota", "-o", "json").out == result.out


@pytest.mark.parametrize(("words", "why"), [(["L-1"], "L-1 to what?"), (["L-1", "x"], "to what?")])
def test_a_quota_needs_a_number(cli: Cli, aws: Aws, words: list[str], why: str) -> None:
    result = cli("sandbox", "quota", *words)
    assert (result.code, result.out) == (2, "")
    assert why in result.err


def test_an_interruption_is_warned_of_and_comes(cli: Cli, aws: Aws, first: str) -> None:
    result = cli("sandbox", "interrupt", first, "--only-recommend")
    assert result.out == f"{first}: rebalance recommendation sent\n"
    result = cli("sandbox", "interrupt", "acme-alice")
    assert re.fullmatch(rf"{first}: interruption warning sent, ends \S+Z\n", result.out)
    result = cli("sandbox", "clock", "+2m")
    assert f"{first}: taken back by Spot\n" in result.out
    second = aws.described()["Instances"][0]["InstanceId"]
    assert second != first
    assert cli("sandbox", "interrupt", second, "--now").code == 0
    assert aws.described()["Instances"][0]["InstanceId"] != second
    result = cli("sandbox", "interrupt", "acme-bob")
    assert result.code == 2
    assert "there is no Auto Scaling group acme-bob in us-east-1" in result.err


def test_calls_are_throttled(cli: Cli, aws: Aws) -> None:
    assert cli("sandbox", "throttle").out == "nothing is throttled\n"
    result = cli("sandbox", "throttle", "ec2", "Describe*", "--calls", "5")
    assert result.out == "us-east-1  ec2:Describe*  5 calls\n"
    result = cli("sandbox", "throttle", "autoscaling", "--for", "30s", "--region", "eu-central-1")
    assert re.search(r"^eu-central-1  autoscaling:\*  until \S+Z$", result.out, re.MULTILINE)
    assert cli("sandbox", "throttle", "off").out.startswith("eu-central-1  autoscaling:*")
    result = cli("sandbox", "throttle", "ec2")
    assert result.code == 2
    assert "a number of calls, or a time" in result.err


def test_a_pool_says_what_it_is_told_to_say(cli: Cli, aws: Aws) -> None:
    words: list[Any] = ["sandbox", "capacity", "take", "g5.*", "--failure"]
    assert cli(*words, "key").out == "away: g5.* in *, spot: key\n"
    result = cli(*words, "nonsense")
    assert result.code == 2
    assert "'nonsense' is not a failure; there are unfulfillable, no-spot," in result.err
    result = cli("sandbox", "capacity", "give", "g5.*", "--failure", "key")
    assert result.code == 2
    assert "--failure is for take" in result.err
