"""`reconcile doctor` whole: on the local AWS, its exit code, its text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.aws.client import connect
from reconciler.cli.reconcile.command import main
from reconciler.declare.load import load
from reconciler.doctor.check import Found, Level
from reconciler.doctor.examine import ACCOUNT, REGION, Diagnosis, examine
from reconciler.engine.environment import environment_of
from reconciler.errors import UsageError, Where
from reconciler.render.doctor import document, text
from reconciler.render.style import Style
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.services import quotas
from tests.kinds.world import READS, client

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

YAML = """
site: acme
account: "123456789012"
fleet: vision
defaults:
  region: us-east-1
  network: {subnets: {tags: {Tier: private}}}
  image: {ssm_parameter: /golden/gpu-desktop}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
workstations:
  alice: {owner: alice@example.com, instance_types: [g6.xlarge, g5.xlarge]}
  bob:
    owner: bob@example.com
    instance_types: [g6.xlarge, g5.2xlarge]
    availability_zones: [us-east-1a, us-east-1b]
    spot_policy: spot
"""

NOT_DECLARED = ("homes-are-shared", "key", "lustre-quota", "stop-hook")
"""The checks of what the YAML above has none of, and the account no group."""

TO_EC2 = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}

RunDoctor = Callable[..., tuple[int, Any]]


@pytest.fixture
def fleets(tmp_path: Path) -> Path:
    (tmp_path / "vision.yaml").write_text(YAML)
    return tmp_path


@pytest.fixture
def doctor(
    sandbox: Sandbox,
    fleets: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> RunDoctor:
    """`doctor(…)`: exit code and the JSON; AWS's clock and this machine's agree."""
    monkeypatch.setattr(sandbox.clock, "real", Clock().real)

    def run(*arguments: str) -> tuple[int, Any]:
        code = main(["doctor", "-f", str(fleets), "-o", "json", *arguments])
        return code, json.loads(capsys.readouterr().out)

    return run


def levels(report: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for check in report["checks"]:
        found.setdefault(check["check"], set()).add(check["level"])
    return found


def test_a_healthy_account_has_hints_alone_and_exit_code_0(doctor: RunDoctor) -> None:
    code, report = doctor()
    assert code == 0
    assert levels(report) == {
        **{name: {"ok"} for name, _ in (*ACCOUNT, *REGION) if name not in NOT_DECLARED},
        "scheduler-role": {"warning"},  # the sandbox's trusts the schedules of any account
        "service-role": {"warning"},
    }
    assert report["summary"]["error"] == report["summary"]["unknown"] == 0
    assert all(check["fix"] for check in report["checks"] if check["level"] != "ok")


def test_it_only_reads(doctor: RunDoctor) -> None:
    _, report = doctor()
    assert len(report["calls"]) > 10
    names = {call.partition(":")[2] for call in report["calls"]}
    assert [name for name in names if not name.startswith(READS)] == []


def test_a_new_account_has_no_quota(doctor: RunDoctor, sandbox: Sandbox) -> None:
    for quota in ("L-3819A6DF", "L-DB2E81BA"):
        quotas.change(sandbox.world, "us-east-1", quota, None)
    code, report = doctor()
    spot, paid = (check for check in report["checks"] if check["check"] == "vcpu-quota")
    assert code == 1
    assert (spot["level"], spot["workstations"]) == ("error", ["alice", "bob"])
    assert "0 vCPUs, 4 needed: can never start (alice, bob)" in spot["message"]
    assert (paid["level"], paid["workstations"]) == ("error", ["alice"])
    assert "the fallback can never work (alice)" in paid["message"]


def test_only_those_that_are_chosen_are_counted(doctor: RunDoctor, sandbox: Sandbox) -> None:
    quotas.change(sandbox.world, "us-east-1", "L-3819A6DF", 8)
    _, both = doctor()
    _, one = doctor("--only", "vision/b*")
    assert (levels(both)["vcpu-quota"], levels(one)["vcpu-quota"]) == ({"warning", "ok"}, {"ok"})
    assert main(["doctor", "-f", "nowhere", "--only", "carl"]) == 2


def test_an_unknown_name_is_wrong_usage(sandbox: Sandbox, fleets: Path) -> None:
    site = load([fleets])
    with pytest.raises(UsageError, match="--only carl matches no workstation"):
        examine(site, environment_of(connect(site)), ("carl",), timedelta())


def test_what_is_wrong_in_the_account_is_told_side_by_side(doctor: RunDoctor) -> None:
    iam = client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName="workstation", RoleName="workstation")
    iam.update_assume_role_policy(
        RoleName="workstation-scheduler",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TO_EC2]}),
    )
    client("ssm").delete_parameter(Name="/golden/gpu-desktop")
    code, report = doctor()
    found = levels(report)
    assert code == 1
    assert found["instance-profile"] == found["scheduler-role"] == found["image"] == {"error"}
    assert "declared" not in found, "the image has a check of its own"
    assert found["vcpu-quota"] == {"unknown"}, "types of a blocked workstation are not known"


FOUND = (
    Found(Level.OK, "set", check="clock"),
    Found(
        Level.ERROR,
        "0 vCPUs, 4 needed: can never start (alice)",
        "raise it to 4 or more: https://example.com/servicequotas",
        ("alice",),
        Where("fleets/vision.yaml", 3, 5),
        "vcpu-quota",
        "us-east-1",
    ),
)
DIAGNOSIS = Diagnosis("acme", "123456789012", FOUND, {"ec2:DescribeSubnets": 1})


def test_text_has_the_fix_under_each() -> None:
    assert text(DIAGNOSIS, Style(width=80)).splitlines() == [
        "Doctor for acme in account 123456789012",
        "",
        "account",
        "  ok      clock            set",
        "",
        "us-east-1",
        "  error   vcpu-quota       0 vCPUs, 4 needed: can never start (alice)",
        "                           (fleets/vision.yaml:3:5)",
        "                           fix: raise it to 4 or more:",
        "                             https://example.com/servicequotas",
        "",
        "1 ok, 0 warnings, 1 error, 0 unknown.",
    ]
    painted = text(DIAGNOSIS, Style(colour=True))
    assert "\x1b[31;1merror\x1b[0m   vcpu-quota" in painted


def test_what_aws_says_cannot_move_the_cursor() -> None:
    nasty = replace(DIAGNOSIS, found=(Found(Level.OK, "\x1b[2Jgone\n", check="image"),))
    assert "\x1b" not in text(nasty, Style())


def test_json_has_every_finding_in_full() -> None:
    report = document(DIAGNOSIS)
    assert report["summary"] == {"ok": 1, "warning": 0, "error": 1, "unknown": 0}
    assert report["checks"][1] == {
        "check": "vcpu-quota",
        "region": "us-east-1",
        "level": "error",
        "message": "0 vCPUs, 4 needed: can never start (alice)",
        "fix": "raise it to 4 or more: https://example.com/servicequotas",
        "workstations": ["alice"],
        "where": "fleets/vision.yaml:3:5",
    }
