"""Promise 11: no credential reaches user data, tags, plans or logs, also when things go wrong."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.machine import agent
from tests.promises.cli import CommandResult, reconcile
from tests.promises.conftest import MakeWorld, client
from tests.promises.fleets import PLAIN, VISION, write

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYqX9zTe+Lq3",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJHMEUCIQDs7",
}


@pytest.fixture
def fleets(make_world: MakeWorld, tmp_path: Path) -> Path:
    make_world(VISION)
    return tmp_path / "fleets"


def run(fleets: Path, *arguments: str, **environment: str) -> CommandResult:
    return reconcile(fleets, *arguments, **{**SECRETS, **environment})


def leaked_secrets(result: CommandResult) -> list[str]:
    """The secrets that a command let out."""
    return [name for name, value in SECRETS.items() if value in result.out + result.err]


def test_no_output_in_any_form_tells_a_secret(fleets: Path) -> None:
    for form in ("text", "json", "markdown"):
        result = run(fleets, "--dry-run", "-v", "-v", "-o", form)
        assert (result.code, leaked_secrets(result)) == (exit_codes.DONE, [])
        assert "alice" in result.out
    applied = run(fleets, "-v", "-v", "--log-format", "json")
    assert (applied.code, leaked_secrets(applied)) == (exit_codes.DONE, [])


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, exit_codes.FAILED),
        ({"AWS_PROFILE": "nobody"}, exit_codes.USAGE),
    ],
    ids=["unreachable", "no-such-profile"],
)
def test_no_failure_tells_a_secret(fleets: Path, environment: dict[str, str], code: int) -> None:
    result = run(fleets, "-v", "-v", **environment)
    assert (result.code, leaked_secrets(result)) == (code, [])
    assert result.err


def test_a_blocked_workstation_tells_none(fleets: Path) -> None:
    gone = {**PLAIN, "image": {"id": "ami-00000000000000000"}}
    write(fleets.parent, {"fleet": "more", "workstations": {"bad": gone}})
    result = run(fleets, "-v", "-v")
    assert (result.code, leaked_secrets(result)) == (exit_codes.FAILED, [])


def test_what_a_parameter_holds_is_no_image_and_is_not_repeated(fleets: Path) -> None:
    """Whoever writes YAML may name any parameter that the plan role reads."""
    secret = "hunter2-S3cret"
    client("ssm").put_parameter(Name="/prod/db-password", Value=secret, Type="String")
    stolen = {**PLAIN, "image": {"ssm_parameter": "/prod/db-password"}}
    write(fleets.parent, {"fleet": "more", "workstations": {"bad": stolen}})
    for form in ("text", "json", "markdown"):
        result = run(fleets, "-v", "--dry-run", "-o", form)
        assert secret not in result.out + result.err
        assert "/prod/db-password does not hold an image id" in result.out


ALLOWED = {
    "version",
    "site",
    "fleet",
    "workstation",
    "owner",
    "region",
    "auto_scaling_group",
    "account",
    "home",
    "mounts",
    "idle",
    "metrics",
    "stop_hook",
}
"""The fields of the instance file: docs/machine.md says what each one is."""


@pytest.mark.parametrize("baked", [True, False], ids=["agent in the image", "agent carried"])
def test_what_is_written_to_aws_holds_no_secret(make_world: MakeWorld, baked: bool) -> None:
    """User data is one file of facts, and where the image has no agent, this product's own."""
    world = make_world(VISION)
    if not baked:
        images = client("ec2").describe_images(Owners=["self"])["Images"]
        tag = [{"Key": "reconciler:agent"}]
        client("ec2").delete_tags(Resources=[each["ImageId"] for each in images], Tags=tag)
    with world.recorder.record() as recorder:
        world.settle()
    assert not [sent.name for sent in recorder.sent if "AWS_SECRET" in sent.text]
    versions = client("ec2").describe_launch_template_versions(Versions=["$Latest"])
    for version in versions["LaunchTemplateVersions"]:
        raw = base64.b64decode(version["LaunchTemplateData"]["UserData"])
        text = gzip.decompress(raw).decode()
        config: dict[str, Any] = json.loads(text.removeprefix("#cloud-config\n"))
        file, *more = config.pop("write_files")
        assert set(json.loads(file["content"])) <= ALLOWED
        assert not any(secret in text for secret in SECRETS.values())
        assert [each["path"] for each in more] == ([] if baked else [agent.PACK])
        assert set(config) == (set() if baked else {"runcmd"})
