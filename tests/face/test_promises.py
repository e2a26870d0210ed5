"""The promises as a user meets them: YAML in, `reconcile`, and a look at what AWS then holds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from reconciler.cli.reconcile import main

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

Run = Callable[..., tuple[int, dict[str, Any]]]

READING = ("Describe", "Get", "List")
DEFAULTS = (Path(__file__).parents[2] / "examples/minimal/fleets/_defaults.yaml").read_text()
ALICE = "alice: {owner: alice@example.com, gpu: {memory: 24GB}}"


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run(workstations, *options)`: declare exactly these, call `reconcile`, read its JSON."""

    def declare_and_run(workstations: list[str], *options: str) -> tuple[int, dict[str, Any]]:
        (tmp_path / "_defaults.yaml").write_text(DEFAULTS)
        lines = ["fleet: research", "workstations:", *(f"  {each}" for each in workstations), ""]
        (tmp_path / "research.yaml").write_text("\n".join(lines))
        code = main(["-f", str(tmp_path), "-o", "json", *options])
        return code, json.loads(capsys.readouterr().out)

    return declare_and_run


def numbered(count: int) -> list[str]:
    return [ALICE.replace("alice", f"w{number:02}") for number in range(count)]


def test_removing_a_workstation_leaves_its_data(run: Run) -> None:
    """Promise 1: its start goes, its compute goes, its home stays and is listed with its cost."""
    home = "storage: {home: {ebs: {size: 200GiB}}}"
    hours = 'schedule: {start: "daily 09:00", stop: "daily 19:00", timezone: Europe/Berlin}'
    alice = ALICE.removesuffix("}") + f", {home}, {hours}}}"
    assert run([alice, *numbered(1)], "--wait")[0] == 0
    volumes = [volume["VolumeId"] for volume in boto3.client("ec2").describe_volumes()["Volumes"]]
    assert len(volumes) == 1

    code, report = run(numbered(1))
    assert code == 0
    assert {(c["op"], c["kind"]) for c in report["changes"] if c["workstation"] == "alice"} >= {
        ("delete", "auto_scaling_group"),
        ("delete", "schedule"),
    }
    code, report = run(numbered(1), "--dry-run")
    [kept] = [finding for finding in report["findings"] if finding["code"] == "data-kept"]
    assert volumes[0] in kept["message"]
    assert "$" in kept["message"]
    after = boto3.client("ec2").describe_volumes()["Volumes"]
    assert [volume["VolumeId"] for volume in after] == volumes


def test_a_dry_run_only_reads(run: Run) -> None:
    """Promise 5, whatever it finds to do."""
    run([ALICE])
    code, plan = run(numbered(3), "--dry-run")
    assert code == 0
    assert {change["op"] for change in plan["changes"]} >= {"create", "delete"}
    verbs = {call.partition(":")[2] for call in plan["calls"]}
    assert {verb for verb in verbs if not verb.startswith(READING)} == set()


def test_too_many_removals_stop_the_run_until_exactly_that_plan_is_approved(run: Run) -> None:
    """Promise 7."""
    everybody = [ALICE, *numbered(3)]
    run(everybody)
    code, plan = run([ALICE])
    assert code == 4
    assert {change["outcome"] for change in plan["changes"]} == {"planned"}
    [finding] = [each for each in plan["findings"] if each["code"] == "many-removals"]
    token = finding["message"].partition("--approve ")[2].split()[0]

    assert run(everybody[:2], "--approve", token)[0] == 4, "the token is of another plan"
    assert len(boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]) == 4
    assert run([ALICE], "--approve", token)[0] == 0
    assert len(boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]) == 1


def test_no_declaration_and_another_account_are_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 7."""
    run([ALICE])
    (tmp_path / "research.yaml").unlink()
    for before, after in (("", ""), ("123456789012", "999999999999")):
        if before:
            (tmp_path / "other.yaml").write_text(f"fleet: other\nworkstations:\n  {ALICE}\n")
            (tmp_path / "_defaults.yaml").write_text(DEFAULTS.replace(before, after))
        assert main(["-f", str(tmp_path), "-o", "json"]) == 4
        assert "error" in json.loads(capsys.readouterr().out)
    assert len(boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]) == 1


def test_a_change_of_shape_waits_for_the_next_start(run: Run) -> None:
    """Promise 8: somebody works on it meanwhile, and notices nothing."""
    run([ALICE])
    autoscaling = boto3.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=1)
    before = instances()
    assert len(before) == 1

    bigger = ALICE.replace("24GB}", "24GB}, vcpus: {min: 8}, storage: {root: {size: 200GiB}}")
    code, report = run([bigger])
    assert code == 0
    assert {change["impact"] for change in report["changes"]} == {"next_start"}
    assert instances() == before
    assert run([bigger], "--dry-run")[1]["changes"] == [], "on or off is not for the YAML to say"


def instances() -> list[str]:
    groups = boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return [instance["InstanceId"] for group in groups for instance in group["Instances"]]


def test_one_bad_workstation_does_not_stop_the_others(run: Run) -> None:
    """Promise 9: a zone without a subnet, and everything else stands."""
    lost = ALICE.replace("alice", "lost").replace(
        "24GB}", "24GB}, availability_zones: [us-east-1f]"
    )
    code, report = run([lost, ALICE])
    assert code == 1
    outcomes = {c["workstation"]: c["outcome"] for c in report["changes"] if c["workstation"]}
    assert outcomes == {"lost": "blocked", "alice": "done"}
    [blocked] = [c for c in report["changes"] if c["outcome"] == "blocked"]
    assert "us-east-1f" in blocked["reason"]


def test_no_secret_is_told_or_kept(
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Promise 11: not on either stream however talkative, not in user data, not in tags."""
    secret = "a-secret-like-no-other"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", secret)
    run([ALICE])
    for options in ([], ["-o", "markdown"], ["-v", "--debug", "--log-format", "json"]):
        main(["-f", str(tmp_path), *options])
        said = capsys.readouterr()
        assert secret not in said.out + said.err
    ec2 = boto3.client("ec2")
    held = json.dumps(ec2.describe_tags()["Tags"])
    versions = ec2.describe_launch_template_versions(LaunchTemplateName="acme-alice")
    for version in versions["LaunchTemplateVersions"]:
        data = version["LaunchTemplateData"]
        held += json.dumps(data) + base64.b64decode(data.get("UserData", "")).decode()
    assert "alice" in held
    assert secret not in held


def test_looking_at_many_costs_no_more_calls_than_looking_at_one(run: Run) -> None:
    """Promise 12: calls grow by pages."""

    def steady(workstations: list[str]) -> int:
        assert run(workstations)[0] == 0
        return sum(run(workstations, "--dry-run")[1]["calls"].values())

    assert steady(numbered(1)) == steady(numbered(20))
