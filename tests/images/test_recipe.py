"""The folder of an image: what is read, what is refused, and what its hash is made of."""

from __future__ import annotations

import base64
import gzip
import io
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import BadDeclaration, UsageError
from reconciler.images import stage
from reconciler.images.recipe import LARGEST, load
from tests.images.conftest import IMAGE_YAML

AMI = Path(__file__).parents[2] / "ami"


def test_the_folder_of_this_repository_is_read_whole() -> None:
    recipe = load(AMI, "1.2.3")
    assert recipe.stages[0] == "00-base.sh"
    assert recipe.stages[-1] == "90-clean.sh"
    assert recipe.environment["WS_KERNEL_META"].startswith("linux-aws-lts-")
    assert recipe.environment["WS_NVIDIA_BRANCH"] == "580"
    assert recipe.variables()["WS_AGENT_VERSION"] == "1.2.3"
    assert recipe.variables()["WS_CONTENT_HASH"] == recipe.content
    for path in ("lib/common.sh", "validate/smoke.sh", "agent/ws/__main__.py"):
        assert path in recipe.files
    assert not any("__pycache__" in path for path in recipe.files)
    commands = list(stage.delivery(recipe))
    assert max(map(len, commands)) < 32_000
    assert len(commands) < 12


def test_lists_are_joined_and_null_is_missing(folder: Path) -> None:
    text = IMAGE_YAML.replace("kernel6.12", "null")
    (folder / "image.yaml").write_text(text)
    recipe = load(folder, "1")
    assert recipe.missing == ("kernel.meta",)
    assert "WS_KERNEL_META" not in recipe.environment
    assert recipe.environment["WS_SMOKE_INSTANCE_TYPES"] == "g6.xlarge g5.xlarge"
    assert recipe.environment["WS_ROOT_GIB"] == "40"


def test_the_key_follows_from_the_files_the_version_and_the_parent(folder: Path) -> None:
    first = load(folder, "1")
    assert first.key("ami-1") == load(folder, "1").key("ami-1")
    assert len(first.key("ami-1")) == 16
    (folder / "lib/common.sh").chmod(0o755)
    keys = {
        first.key("ami-1"),
        first.key("ami-2"),
        load(folder, "2").key("ami-1"),
        load(folder, "1").key("ami-1"),
    }
    assert len(keys) == 4


def test_what_is_no_file_of_the_image_is_left_out(folder: Path) -> None:
    before = load(folder, "1").content
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("secret")
    (folder / "agent/__pycache__").mkdir(parents=True)
    (folder / "agent/__pycache__/x.pyc").write_text("x")
    (folder / "lib/link").symlink_to("/etc/passwd")
    assert load(folder, "1").content == before
    (folder / "rootfs/etc/skel/.config").mkdir(parents=True)
    (folder / "rootfs/etc/skel/.config/done").write_text("yes")
    assert "rootfs/etc/skel/.config/done" in load(folder, "1").files


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("os: al2023", "os: windows-2025", "the mounts of homes are made for Linux"),
        ("os: al2023", "os: debian-13", "`os`: 'debian-13' is not one of"),
        ("name: ws-test", 'name: "a; rm -rf /"', "`name`:"),
        ("arch: x86_64", "arch: arm64", "Amazon DCV has no accelerated OpenGL"),
        ("root_gib: 40", "root_gib: 4", "`root_gib`: 4 is less than the minimum"),
        ("version: 1", "versoin: 1", "versoin"),
    ],
)
def test_a_wrong_image_yaml_is_refused_with_its_place(
    folder: Path, old: str, new: str, words: str
) -> None:
    (folder / "image.yaml").write_text(IMAGE_YAML.replace(old, new))
    with pytest.raises(BadDeclaration) as caught:
        load(folder, "1")
    assert words in str(caught.value)
    assert "image.yaml:" in str(caught.value)


def test_a_folder_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no image.yaml"):
        load(tmp_path / "nothing", "1")
    (folder / "validate/smoke.sh").unlink()
    with pytest.raises(UsageError, match="nothing would be tested"):
        load(folder, "1")
    (folder / "big").write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(UsageError, match="it is no image folder"):
        load(folder, "1")


def test_the_stages_arrive_as_they_were(folder: Path, tmp_path: Path) -> None:
    """The very scripts are run by a shell, in a folder of the test, twice."""
    (folder / "stages/10-first.sh").chmod(0o755)
    (folder / "big.txt").write_bytes(base64.b64encode(bytes(range(256)) * 400))
    recipe = load(folder, "1")
    place, state = tmp_path / "usr/ami", tmp_path / "state"
    scripts = [
        script.replace(stage.FOLDER, str(place)).replace(stage.STATE, str(state))
        for script in stage.delivery(recipe)
    ]
    assert len(scripts) > 1
    place.parent.mkdir()
    for script in [*scripts, *scripts]:
        subprocess.run(["sh", "-c", script.replace("--no-same-owner ", "")], check=True)
    arrived = {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file()
    }
    assert arrived == dict(recipe.files)
    assert (place / "stages/10-first.sh").stat().st_mode & 0o777 == 0o755


def test_the_archive_is_the_same_for_the_same_files(folder: Path) -> None:
    recipe = load(folder, "1")
    packed = stage.archive(recipe)
    assert packed == stage.archive(
        replace(recipe, files=dict(sorted(recipe.files.items(), reverse=True)))
    )
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as tar:
        assert {member.uid for member in tar} == {0}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with a `systemctl` and a `systemd-run` that run the unit at once."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "systemctl").write_text("#!/bin/sh\n[ -e $UNIT_ACTIVE ]\n")
    (tools / "systemd-run").write_text('#!/bin/sh\nshift 3\nexec "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return tmp_path


def asked(machine: Path, script: str, boot: str = "boot-1") -> subprocess.CompletedProcess[str]:
    """Run the script of a stage as the SSM Agent does."""
    (machine / "boot").write_text(boot + "\n")
    script = script.replace("/proc/sys/kernel/random/boot_id", str(machine / "boot"))
    script = script.replace(stage.STATE, str(machine / "state"))
    path = {"PATH": f"{machine / 'bin'}:/usr/bin:/bin", "UNIT_ACTIVE": str(machine / "active")}
    return subprocess.run(
        ["sh", "-c", script], check=False, capture_output=True, text=True, env=path
    )


def stage_of(machine: Path, text: str) -> str:
    (machine / "10-first.sh").write_text(text)
    hostile = {"WS_NAME": "it's; $(touch /tmp/never) `id`"}
    return stage.question("10-first", str(machine / "10-first.sh"), hostile)


def test_a_stage_is_started_once_and_then_asked_for(machine: Path) -> None:
    script = stage_of(machine, f'echo "$WS_NAME" >> {machine}/ran\necho done\n')
    assert asked(machine, script).returncode == 75
    for _ in range(3):
        answer = asked(machine, script)
        assert (answer.returncode, answer.stdout) == (0, "done\n")
    assert (machine / "ran").read_text() == "it's; $(touch /tmp/never) `id`\n"


def test_a_stage_that_runs_is_not_started_again(machine: Path) -> None:
    script = stage_of(machine, f"echo x >> {machine}/ran\n")
    (machine / "active").touch()
    (machine / "state").mkdir()
    (machine / "state/10-first.out").write_text("one\ntwo\n")
    answer = asked(machine, script)
    assert (answer.returncode, answer.stdout) == (75, "two\n")
    assert not (machine / "ran").exists()


def test_a_failed_stage_gives_its_code_and_the_end_of_its_output(machine: Path) -> None:
    script = stage_of(machine, "seq 1 9000\necho broken >&2\nexit 78\n")
    asked(machine, script)
    answer = asked(machine, script)
    assert (answer.returncode, answer.stderr) == (78, "broken\n")
    assert answer.stdout.endswith("9000\n")
    assert len(answer.stdout) <= 8000


def test_a_restart_is_asked_for_until_it_has_happened_and_three_times_at_most(
    machine: Path,
) -> None:
    script = stage_of(machine, "exit 194\n")
    assert [asked(machine, script).returncode for _ in range(3)] == [75, 194, 194]
    for number in range(2, 5):
        boot = f"boot-{number}"
        assert [asked(machine, script, boot).returncode for _ in range(2)] == [75, 194]
    answer = asked(machine, script, "boot-5")
    assert (answer.returncode, "3 restarts" in answer.stderr) == (1, True)


def test_a_stage_cannot_end_with_the_code_of_one_that_runs(machine: Path) -> None:
    script = stage_of(machine, "exit 75\n")
    assert [asked(machine, script).returncode for _ in range(2)] == [75, 1]
