"""The whole acceptance run, on our sandbox and on an emulator that is not ours.

The reports are committed; docs/tested-on-aws.md shows them. One test for each: they take seconds.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

import acceptance.probes  # noqa: F401  # registers every probe
from acceptance import SITE
from acceptance.probe import PROBES
from acceptance.record import Recorded
from reconciler.aws import policies
from reconciler.aws.services import iam_prefix
from reconciler.declare.load import load
from reconciler.sandbox.world import Settings
from tests.acceptance import replay
from tests.acceptance.conftest import ACCOUNT, start
from tests.conftest import Golden
from tests.iam.evaluator import covers

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

STRANGERS = ("reconciler-acceptances", "reconciler")
"""Names that only look like ours."""


def test_everything_on_the_sandbox(
    sandbox: Sandbox, tmp_path: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As `reconcile sandbox` has it; most tests want no wait.
    monkeypatch.setattr(sandbox.world, "settings", Settings(2.0, 2.0))
    document = _run(tmp_path, golden, "sandbox")
    assert [each["verdict"] for each in document["walk"]] == ["passed"] * 9
    assert document["sweep"]["lacking"] == {}
    assert all(each["answer"] for each in document["probes"] if each["verdict"] == "answered")


def test_what_an_emulator_that_is_not_ours_supports(
    ministack: str, tmp_path: Path, golden: Golden
) -> None:
    document = _run(tmp_path, golden, "ministack")
    assert "fsx:DescribeFileSystems" in " ".join(document["unsupported"])
    apply = next(each for each in document["walk"] if each["id"] == "apply")
    assert len(apply["evidence"]["kinds made"]) > 5


def _run(folder: Path, golden: Golden, backend: str) -> dict[str, Any]:
    """Run it beside a stranger's things, and check what holds everywhere; its report."""
    _plant()
    before = _left()
    process = start(folder)
    out, err = process.communicate(timeout=300)
    document: dict[str, Any] = json.loads((folder / "acceptance.json").read_text())
    assert process.returncode == 0, out + err
    assert _left() == before, "it removes what it made, and nothing else"
    assert {each["id"] for each in document["probes"]} == set(PROBES)
    for each in (*document["walk"], *document["probes"]):
        assert each["verdict"] in ("passed", "answered") or each["because"], "a reason is named"
    _holds_nothing_secret(folder)
    _asks_only_what_is_printed(folder)
    golden(replay.DATA / f"{backend}.report.json", replay.report_text(document))
    return document


def _client(service: str) -> Any:
    make: Any = boto3.client  # typed by service name; ours is a variable
    return make(service, region_name="us-east-1", endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def _plant() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:*"}]})
    for name in STRANGERS:
        _client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
        _client("sns").create_topic(Name=name)
    _client("ec2").create_vpc(CidrBlock="10.90.0.0/16")


def _left() -> dict[str, set[str]]:
    """What is there, asked for without the program's own eyes."""
    ec2, iam = _client("ec2"), _client("iam")
    groups = _client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    reservations = ec2.describe_instances()["Reservations"]
    profiles = iam.list_instance_profiles()["InstanceProfiles"]
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    # AWS removes the default group with its network; moto leaves it.
    securing = ec2.describe_security_groups()["SecurityGroups"]
    rules, schedules = _client("events").list_rules()["Rules"], _client("scheduler")
    queues = _client("sqs").list_queues()
    file_systems = _client("efs").describe_file_systems()["FileSystems"]
    return {
        "EFS file systems": {each["FileSystemId"] for each in file_systems},
        "groups": {each["AutoScalingGroupName"] for each in groups},
        "instances": {
            each["InstanceId"]
            for reservation in reservations
            for each in reservation["Instances"]
            if each["State"]["Name"] != "terminated"
        },
        "profiles": {each["InstanceProfileName"] for each in profiles},
        "queues": set(queues.get("QueueUrls", ())),
        "roles": {each["RoleName"] for each in iam.list_roles()["Roles"]},
        "rules": {each["Name"] for each in rules},
        "schedule groups": {e["Name"] for e in schedules.list_schedule_groups()["ScheduleGroups"]},
        "security groups": {e["GroupId"] for e in securing if e["GroupName"] != "default"},
        "subnets": {each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]},
        "templates": {each["LaunchTemplateId"] for each in templates},
        "topics": {each["TopicArn"] for each in _client("sns").list_topics()["Topics"]},
        # AWS removes a root disk with its instance; ministack leaves it attached.
        "volumes": {
            e["VolumeId"] for e in ec2.describe_volumes()["Volumes"] if not e["Attachments"]
        },
        "vpcs": {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]},
    }


def _asks_only_what_is_printed(folder: Path) -> None:
    """By action; tests/iam evaluates resources and conditions. No emulator checks either."""
    site = load([folder / "fleets"])
    needs_no_right = {"sts:GetCallerIdentity"}
    calls = [
        Recorded(**json.loads(line))
        for line in (folder / "recorded.jsonl").read_text().splitlines()
    ]
    for role in ("plan", "apply", "developer"):
        allows = [s for s in policies.policy(site, role)["Statement"] if s["Effect"] == "Allow"]
        made = {
            f"{iam_prefix(each.service)}:{each.operation}" for each in calls if each.actor == role
        } - needs_no_right
        assert made or role == "developer"
        assert {c for c in made if not any(covers(s, c) for s in allows)} == set(), role


def _holds_nothing_secret(folder: Path) -> None:
    for name in ("acceptance.json", "recorded.jsonl"):
        text = (folder / name).read_text()
        assert SITE in text
        assert ACCOUNT not in text, "account ids are masked"
        assert not re.search(r'"(SecretAccessKey|SessionToken)": "(?!masked")', text)
        keys = set(re.findall(r"\b(?:AKIA|ASIA|AROA|AIDA|AIPA)\w{8,}", text))
        assert all("EXAMPLE" in key for key in keys), keys
