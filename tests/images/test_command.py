"""`reconcile ami`, as a person types it, on the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.reconcile.ami import ami
from reconciler.cli.reconcile.command import main
from reconciler.cli.terminal.signals import Stop
from reconciler.sandbox.services import ssm_commands
from tests.conftest import point_at
from tests.images.conftest import FLEET, IMAGE_YAML, OTHER
from tests.sandbox.helpers import Aws as Clients

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

Ami = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    sandbox_server: Sandbox,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Ami:
    """Run a command in a folder with `ami/` and `fleets/`; time passes in pauses alone."""
    sandbox_server.reset()
    point_at(sandbox_server, monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fleets").mkdir()
    for name, text in FLEET.items():
        (tmp_path / "fleets" / name).write_text(text)

    def pause(_stop: Stop, seconds: float) -> None:
        sandbox_server.clock.forward(timedelta(seconds=seconds))

    monkeypatch.setattr(Stop, "pause", pause)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(["ami", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def test_a_plan_a_build_a_plan_and_the_status(run: Ami, sandbox_server: Sandbox) -> None:
    code, out, _ = run("plan")
    assert code == 0
    assert "us-east-1: bake: ws-test-" in out
    assert "us-east-1: test it on one of g6.xlarge, g5.xlarge (about 8 min)" in out
    assert "us-east-1: move /golden/gpu-desktop from ami-0905e0a11de500001 to it" in out
    assert "About 33 min in all, about $" in out
    assert "al2023 is experimental" in out
    code, out, err = run("build")
    assert (code, "published now" in out) == (0, True)
    assert "1/3 stages/10-first.sh: done after" in err
    assert "al2023 is experimental: its stages have never run on AWS" in err
    assert run("plan")[1].endswith("The image is up to date: a build would write nothing.\n")
    code, out, _ = run("status")
    assert "ws-test-" in out
    assert "new today: published" in out
    assert "flavour open, driver 580.178.04, kernel 6.8.0-1069-aws" in out
    assert run("prune")[:2] == (0, "Nothing is old enough to be removed.\n")


def test_every_form_in_json(run: Ami) -> None:
    steps = json.loads(run("plan", "-o", "json")[1])
    assert [step["minutes"] for step in steps["steps"]] == [25, 8, 0]
    assert json.loads(run("status", "-o", "json")[1])["images"] == []
    built = json.loads(run("build", "-o", "json")[1])
    assert built["published"] == ["us-east-1"]
    copied = json.loads(run("copy", "--to", OTHER, "-o", "json")[1])
    assert copied["published"] == [OTHER]
    found = json.loads(run("status", "--region", "us-east-1", "--region", OTHER, "-o", "json")[1])
    assert {row["region"] for row in found["images"]} == {"us-east-1", OTHER}
    assert all(row["parameters"] == ["/golden/gpu-desktop"] for row in found["images"])
    assert json.loads(run("prune", "-o", "json")[1])["removed"] == []


def test_a_failed_stage_ends_with_1_and_shows_no_escape(run: Ami, sandbox_server: Sandbox) -> None:
    hostile = "\x1b[2J::error::broken\nnot ok 1 - \x1b]0;title\x07driver\n"
    failing = ssm_commands.Result("stages/90-last.sh", exit=1, stdout=hostile)
    ssm_commands.order(sandbox_server.world, "us-east-1", failing)
    code, out, err = run("build")
    assert (code, out) == (1, "")
    assert "stages/90-last.sh failed: exit code 1: not ok 1 - " in err
    assert "\x1b" not in err
    assert "\x07" not in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["plan", "--image", "nowhere"], "there is no image.yaml in nowhere"),
        (["plan", "--region", "us-west-2"], "no fleet is in us-west-2"),
        (["plan", "--parameter", "/aws/x"], "/aws/x is AWS's own"),
        (["copy", "--to", "us-west-2"], "no fleet is in us-west-2"),
        (["copy", "--to", OTHER], "names no tested image of this site: build one"),
    ],
)
def test_what_cannot_be_done_ends_with_2(run: Ami, words: list[str], says: str) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert says in err


def test_values_that_are_missing_are_named_before_anything_is_made(run: Ami, folder: Path) -> None:
    (folder / "image.yaml").write_text(IMAGE_YAML.replace("kernel6.12", "null"))
    code, _, err = run("build")
    assert (code, "image.yaml has no value for kernel.meta" in err) == (2, True)


def test_the_parameter_is_that_of_the_fleets_where_there_is_one(run: Ami, tmp_path: Path) -> None:
    yaml = tmp_path / "fleets/a.yaml"
    yaml.write_text(yaml.read_text().replace("alice: {}", "alice: {image: {ssm_parameter: /x}}"))
    code, _, err = run("plan")
    assert (code, "the fleets name 2 SSM parameters of their own" in err) == (2, True)


def test_the_first_image_gets_a_parameter_that_the_yaml_can_name(
    run: Ami, tmp_path: Path, sandbox_server: Sandbox
) -> None:
    defaults = tmp_path / "fleets/_defaults.yaml"
    aws = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    defaults.write_text(defaults.read_text().replace("/golden/gpu-desktop", aws))
    code, out, err = run("build")
    assert code == 0
    assert "no fleet uses /acme/_image/ws-test yet: write image: {ssm_parameter:" in err
    assert "published now" in out
    named = Clients(sandbox_server).client("ssm").get_parameter(Name="/acme/_image/ws-test")
    assert named["Parameter"]["Value"] in out


def test_exports_are_written(run: Ami, tmp_path: Path) -> None:
    code, out, _ = run("export", "packer", "--to", "out/image.pkr.hcl")
    assert (code, out) == (0, "out/image.pkr.hcl\n")
    code, out, _ = run("export", "imagebuilder", "--to", "out", "-o", "json")
    assert all(Path(file).is_file() for file in json.loads(out)["files"])


def test_help_of_every_command(run: Ami, capsys: pytest.CaptureFixture[str]) -> None:
    for name, command in ami.commands.items():
        examples: Any = command
        for line in examples.examples:
            words = line.split("#")[0].split()
            assert words[:3] == ["reconcile", "ami", name]
            assert main([*words[1:], "--help"]) == 0
            assert capsys.readouterr().out.startswith("Examples:")
