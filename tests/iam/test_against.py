"""`reconcile iam --against`: what a change of the YAML would add to a role, with the line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.reconcile.command import main
from reconciler.cli.reconcile.iam import ROLES

ROOT = Path(__file__).parents[2]
SITE = """\
site: acme
account: "123456789012"
fleet: vision
defaults:
  network: {subnets: {tags: {Tier: private}}}
  scheduler_role: workstation-scheduler
workstations:
  alice:
    owner: alice@example.com
    gpu: {memory: 24GB}
    region: us-east-1
    instance_profile: workstation
    image: {ssm_parameter: /golden/gpu-desktop}
"""
Iam = Callable[..., tuple[int, str]]


@pytest.fixture
def iam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iam:
    """`iam(role, yaml)`: the code and stdout of a comparison with what SITE has."""
    monkeypatch.chdir(tmp_path)

    def run(role: str, yaml: str, *options: str, against: str = "policy.json") -> tuple[int, str]:
        Path("site.yaml").write_text(SITE)
        main(["iam", "-f", "site.yaml", "--role", role, "-o", "json"])
        Path("policy.json").write_text(capsys.readouterr().out)
        Path("site.yaml").write_text(yaml)
        code = main(["iam", "-f", "site.yaml", "--role", role, "--against", against, *options])
        captured = capsys.readouterr()
        return code, captured.out or captured.err

    return run


@pytest.mark.parametrize("role", ROLES)
def test_the_policy_of_the_same_yaml_has_nothing_new(role: str, iam: Iam) -> None:
    assert iam(role, SITE) == (0, f"The {role} role of acme: 0 new, 0 gone.\n")


@pytest.mark.parametrize("role", ROLES)
def test_the_shipped_policies_are_those_of_the_shipped_fleets(role: str, iam: Iam) -> None:
    shutil.copytree(ROOT / "fleets", "fleets")
    shipped = ROOT / f"examples/github/iam/{role}-policy.json"
    assert main(["iam", "-f", "fleets", "--role", role, "--against", str(shipped)]) == 0


@pytest.mark.parametrize(
    ("role", "old", "with_", "shown"),
    [
        (
            "apply",
            "instance_profile: workstation",
            "instance_profile: admin",
            "  + PassProfile: iam:PassRole\n"
            "      on arn:aws:iam::123456789012:role/admin\n"
            "      when StringEquals iam:passedtoservice: ec2.amazonaws.com\n"
            "      wanted by site.yaml:12:5\n",
        ),
        (
            "plan",
            "/golden/gpu-desktop",
            "/prod/db-password",
            "  + LookAtImages: ssm:GetParameters\n"
            "      on arn:aws:ssm:*:123456789012:parameter/prod/db-password\n"
            "      wanted by site.yaml:13:5\n",
        ),
        (
            "apply",
            "workstation-scheduler",
            "/ops/other",
            "      on arn:aws:iam::123456789012:role/ops/other\n"
            "      when StringEquals iam:passedtoservice: scheduler.amazonaws.com\n"
            "      wanted by site.yaml:6:3\n",
        ),
        (
            "apply",
            "    gpu:",
            "    storage: {home: {ebs: {size: 10GiB, kms_key_id: alias/strange}}}\n    gpu:",
            "kms:resourcealiases: alias/strange\n"
            "      when StringLike kms:viaservice: ec2.*, fsx.*\n"
            "      wanted by site.yaml:10:15\n",
        ),
        (
            "scheduler",
            "region: us-east-1",
            "region: eu-central-1",
            "  + OtherRegions: no longer denied: all but iam:*, pricing:*\n"
            "      on *\n"
            "      when StringNotEquals aws:requestedregion: us-east-1\n"
            "      wanted by site.yaml:8:3\n",
        ),
    ],
)
def test_what_is_new_is_told_with_the_line_that_wants_it(
    role: str, old: str, with_: str, shown: str, iam: Iam
) -> None:
    code, out = iam(role, SITE.replace(old, with_))
    assert code == 3
    assert shown in out.partition("Gone")[0]


def test_programs_are_told_the_same(iam: Iam) -> None:
    keyed = SITE.replace("    gpu:", "    storage: {root: {kms_key_id: alias/x}}\n    gpu:")
    code, out = iam("plan", keyed, "-o", "json")
    assert code == 3
    document = json.loads(out)
    (right,) = document["new"]
    assert (right["sid"], right["Action"]) == ("LookAtKeys", ["kms:DescribeKey"])
    assert right["where"] == ["site.yaml:10:22"]
    assert document["gone"] == []


def test_less_than_before_is_done(iam: Iam, tmp_path: Path) -> None:
    (tmp_path / "wide.json").write_text(
        json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    )
    code, out = iam("instance", SITE, against="wide.json")
    assert code == 0
    assert "Gone, which takes rights away\n  - *\n      on *\n" in out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "policy.txt cannot be read: No such file or directory"),
        (b"{", "policy.txt is not JSON"),
        (b"[" * 100_000, "policy.txt is not JSON"),
        (b"\xff\xfe", "policy.txt is not JSON"),
        (b"{}", "this is no IAM policy"),
    ],
)
def test_what_is_no_policy_is_said(content: bytes | None, says: str, iam: Iam) -> None:
    if content is not None:
        Path("policy.txt").write_bytes(content)
    code, err = iam("plan", SITE, against="policy.txt")
    assert code == 2
    assert says in err


def test_a_trust_is_not_compared(iam: Iam) -> None:
    code, err = iam("instance", SITE, "--trust")
    assert code == 2
    assert "--against compares what a role may do" in err


def test_a_hostile_policy_is_shown_as_text(iam: Iam) -> None:
    evil = "\x1b[31m::error::x\n##[group]"
    statement = {"Sid": evil, "Effect": "Allow", "Action": evil, "Resource": evil}
    Path("evil.json").write_text(json.dumps({"Statement": [statement]}))
    _, out = iam("instance", SITE, against="evil.json")
    assert "\x1b" not in out
    assert "\n::" not in out
    assert "##[" not in out
