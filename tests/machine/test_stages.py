"""The stages of the golden image: their form, their values, and their functions under bash."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.machine.stages import AMI, Shell, bash, environment, image

SCHEMA = json.loads((AMI.parent / "schemas/image.schema.json").read_text())
SCRIPTS = sorted(
    path
    for path in AMI.rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyz"} and path.read_bytes()[:2] == b"#!"
)
STAGES = sorted((AMI / "stages").glob("*.sh"))
MISSING = ["ssm_agent.sha256", "ssm_agent.url"]
"""The values of image.yaml that nobody can fill in without an AWS account."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def tool(name: str) -> str:
    """Find a linter beside this Python, or skip."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return found or pytest.skip(f"{name} is not installed: make setup")


def lint(*command: str) -> str:
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, cwd=AMI.parent
    )
    return run.stdout + run.stderr


def nulls(values: dict[str, Any], prefix: str = "") -> list[str]:
    """List the paths without a value."""
    return sorted(
        path
        for key, value in values.items()
        for path in (
            nulls(value, f"{prefix}{key}.")
            if isinstance(value, dict)
            else [f"{prefix}{key}"] * (value is None)
        )
    )


def test_scripts_are_found() -> None:
    assert {path.name for path in SCRIPTS} >= {
        "common.sh",
        "00-base.sh",
        "bake.sh",
        "smoke.sh",
        "ws",
    }


def test_shellcheck_finds_nothing() -> None:
    assert lint(tool("shellcheck"), *map(str, SCRIPTS)) == ""


def test_shfmt_changes_nothing() -> None:
    assert lint(tool("shfmt"), "-i", "4", "-d", *map(str, SCRIPTS)) == ""


def test_image_fits_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(image(), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("os", "windows"),
        ("flavour", "grid"),
        ("dcv.sha256", "1234"),
        ("dcv.url", "http://example.com/dcv.tgz"),
        ("dcv.url", "https://example.com/$(reboot).tgz"),
        ("nvidia.branch", "580; reboot"),
        ("lustre.key_fingerprint", "83A962E1"),
        ("container_toolkit.version", "latest"),
    ],
)
def test_schema_refuses(path: str, value: str) -> None:
    changed: Any = image()
    *parents, last = path.split(".")
    place = changed
    for name in parents:
        place = place[name]
    place[last] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed, SCHEMA)


def test_amazon_linux_takes_no_packages_from_elsewhere() -> None:
    small = {key: image()[key] for key in SCHEMA["required"]} | {"os": "al2023"}
    jsonschema.validate(small, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(small | {"dcv": image()["dcv"]}, SCHEMA)


def test_only_the_known_values_are_missing() -> None:
    assert nulls(image()) == MISSING


def test_every_value_that_a_script_asks_for_can_be_in_image_yaml() -> None:
    asked = {
        path
        for script in SCRIPTS
        for line in re.findall(r"(?:need|wanted|value) ([a-z0-9_. ]+)", script.read_text())
        for path in re.findall(r"[a-z_]+\.(?!yaml)[a-z0-9_]+", line)
    }
    known = {
        f"{key}.{inner}"
        for key, part in SCHEMA["properties"].items()
        for inner in part.get("properties", {})
    }
    assert "lustre.key_fingerprint" in asked
    assert asked - known == {"agent.version", "content.hash"}


def run_stage(stage: Path, values: dict[str, str], folder: Path) -> tuple[int, str, str]:
    run = bash(f"exec bash {stage}", folder, PATH=os.environ["PATH"], **values)
    return run.returncode, run.stdout, run.stderr


def test_first_stage_names_what_is_missing_before_it_changes_anything(tmp_path: Path) -> None:
    values = environment({**image(), "ssm_agent": {"url": None, "sha256": None}})
    code, output, error = run_stage(STAGES[0], values, tmp_path)
    assert (code, output) == (78, "")
    assert error.startswith("[00-base] image.yaml has no value for ssm_agent.url ssm_agent.sha256")


@pytest.mark.parametrize("stage", [path for path in STAGES if "ubuntu" in path.read_text()])
def test_stages_of_ubuntu_leave_amazon_linux_alone(stage: Path, tmp_path: Path) -> None:
    code, output, error = run_stage(stage, {"WS_OS": "al2023"}, tmp_path)
    assert (code, error) == (0, "")
    assert output == f"[{stage.stem}] skipped: it is for ubuntu-24.04, and this is al2023\n"


def test_no_script_asks_for_the_running_kernel() -> None:
    """The build instance may run another one than the image; the smoke test runs the image's."""
    found = [path.name for path in SCRIPTS if re.search(r"uname -r|osrelease", path.read_text())]
    assert found == ["smoke.sh"]


def test_retry_ends_after_the_number_of_times(shell: Shell) -> None:
    shell.stub("flaky", 'echo call >>"$calls"; [ "$(wc -l <"$calls")" -ge "$1" ]')
    shell.stub("sleep", "exit 0")
    assert shell.run("retry 5 10 flaky 3").returncode == 0
    assert len(shell.calls()) == 3
    assert shell.run("retry 2 10 flaky 9").returncode == 1
    assert len(shell.calls()) == 5


def download(content: str) -> str:
    return f'while [ "$1" != -o ]; do shift; done; printf {content} >"$2"'


@pytest.mark.parametrize("before", [None, b"old", b"right"])
def test_fetch_takes_only_the_right_file(shell: Shell, before: bytes | None) -> None:
    """A file that is already there is not downloaded again."""
    shell.stub(
        "curl", 'echo "$@" >>"$calls"; while [ "$1" != -o ]; do shift; done; printf right >"$2"'
    )
    target = shell.folder / "deep/file"
    if before is not None:
        target.parent.mkdir()
        target.write_bytes(before)
    right = hashlib.sha256(b"right").hexdigest()
    assert shell.run(f"fetch https://example.com/x {right} deep/file").returncode == 0
    assert target.read_bytes() == b"right"
    assert len(shell.calls()) == (0 if before == b"right" else 1)


def test_fetch_leaves_nothing_of_a_wrong_file(shell: Shell) -> None:
    shell.stub("curl", download("wrong"))
    right = hashlib.sha256(b"right").hexdigest()
    run = shell.run(f"fetch https://example.com/x {right} file; echo installed")
    assert run.returncode == 1
    assert "installed" not in run.stdout
    assert run.stderr.startswith("[test] https://example.com/x has the SHA-256 8810ad581e")
    assert list(shell.folder.glob("file*")) == []


def test_fetch_without_a_checksum_is_refused(shell: Shell) -> None:
    shell.stub("curl", 'echo "$@" >>"$calls"')
    run = shell.run("fetch https://example.com/x '' file")
    assert (run.returncode, shell.calls()) == (78, [])


def kernels(shell: Shell, name: str, *numbers: int) -> None:
    (shell.folder / name).write_text("".join(f"6.8.0-{number}-aws\n" for number in numbers))


@pytest.mark.parametrize(
    ("nvidia", "lustre", "newest"),
    [
        ((1069, 1070), (1069, 1070), "6.8.0-1070-aws"),
        ((1069, 1070), (1067, 1069), "6.8.0-1069-aws"),
        ((998, 1000), (998, 1000), "6.8.0-1000-aws"),  # by number, not by text
        ((1070,), (1069,), ""),
        ((), (1069,), ""),
        ((1070,), (), ""),
    ],
)
def test_newest_kernel_has_both_modules(
    shell: Shell, nvidia: tuple[int, ...], lustre: tuple[int, ...], newest: str
) -> None:
    kernels(shell, "nvidia", *nvidia)
    kernels(shell, "lustre", *lustre)
    run = shell.run("newest_kernel 6.8.0 nvidia lustre")
    assert (run.returncode, run.stdout.strip()) == (0 if newest else 1, newest)


def test_newest_kernel_stays_in_its_series(shell: Shell) -> None:
    (shell.folder / "both").write_text(
        "6.8.0-1070-aws\n6.14.0-1018-aws\n6x8x0-1099-aws\n6.8.0-1071-gcp\n"
    )
    assert shell.run("newest_kernel 6.8.0 both both").stdout == "6.8.0-1070-aws\n"


def test_kernels_whose_modules_want_another_driver_do_not_count(shell: Shell) -> None:
    """As Ubuntu's archive has them: old kernels keep the modules of an old driver."""
    shown = "".join(
        f"Package: linux-modules-nvidia-580-server-open-6.8.0-{number}-aws\n"
        f"Depends: linux-image-6.8.0-{number}-aws, "
        f"nvidia-kernel-common-580-server (<= {driver}-1), "
        f"nvidia-kernel-common-580-server (>= {driver})\n\n"
        for number, driver in ((1060, "580.173.02"), (1067, "580.178.04"), (1070, "580.178.04"))
    )
    (shell.folder / "shown").write_text(shown)
    run = shell.run("kernels_for 580.178.04 <shown")
    assert run.stdout.split() == ["6.8.0-1067-aws", "6.8.0-1070-aws"]


def test_some_values_of_a_group_are_a_mistake(shell: Shell) -> None:
    assert shell.run("wanted dcv.url dcv.sha256").returncode == 1
    run = shell.run("wanted dcv.url dcv.sha256 || true", WS_DCV_URL="https://example.com")
    assert run.returncode == 78
    assert "dcv.sha256" in run.stderr


def test_facts_are_kept_and_an_equal_one_writes_nothing(shell: Shell) -> None:
    write = "fact driver '5\"80'; stat -c %i facts; "
    script = f"fact kernel 6.8.0-1-aws; {write}{write}"
    first, second = shell.run(script).stdout.split()
    assert first == second
    assert json.loads((shell.folder / "facts").read_text()) == {
        "kernel": "6.8.0-1-aws",
        "driver": '5"80',
    }
    assert shell.run("fact kernel; fact dcv").stdout == "6.8.0-1-aws\n\n"


def test_failure_shows_the_end_of_the_log_and_the_command(shell: Shell) -> None:
    run = shell.run("quietly bash -c 'seq 100; exit 3'; echo after")
    assert (run.returncode, run.stdout) == (1, "")
    *shown, last = run.stderr.splitlines()
    assert shown == [str(number) for number in range(81, 101)]
    assert last.startswith("[test] this command failed")


def test_key_of_another_fingerprint_is_refused(shell: Shell) -> None:
    shell.stub("curl", download("key"))
    shell.stub("gpg", 'case "$*" in *show-keys*) printf "pub:\\nfpr:::::::::%040d:\\n" 7 ;; esac')
    run = shell.run(f"keyring https://example.com/key {'A' * 40} keyring; echo installed")
    assert (run.returncode, "installed" in run.stdout) == (1, False)
    assert not (shell.folder / "keyring").exists()


@pytest.mark.parametrize(("processors", "written"), [(8, False), (64, True), (192, True)])
def test_lustre_options_are_for_large_instances(
    tmp_path: Path, processors: int, written: bool
) -> None:
    target = tmp_path / "modprobe.d/ws.conf"
    script = str(AMI / "rootfs/usr/lib/ws/lustre-options")
    for _ in range(2):
        subprocess.run(["sh", script, str(processors), str(target)], check=True, timeout=60)
        assert target.exists() == written


@pytest.mark.parametrize(("vendor", "found"), [("0x10de", True), ("0x1d0f", False)])
def test_xorg_is_configured_only_where_a_gpu_is(shell: Shell, vendor: str, found: bool) -> None:
    shell.stub("modprobe", 'echo modprobe "$@" >>"$calls"')
    shell.stub("nvidia-xconfig", 'echo nvidia-xconfig "$@" >>"$calls"')
    device = shell.folder / "sys/bus/pci/devices/0000:00:1e.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text(f"{vendor}\n")
    (device / "class").write_text("0x030200\n")
    (shell.folder / "xorg.conf").write_text("of another instance type")
    run = shell.run(f"sh {AMI}/rootfs/usr/lib/ws/xorg sys xorg.conf")
    assert run.returncode == 0
    assert len(shell.calls()) == (2 if found else 0)
    assert (shell.folder / "xorg.conf").exists() == found


def test_checks_are_tap(tmp_path: Path) -> None:
    script = f"""
. {AMI}/lib/tap.sh
check "fine" same 1 1
check "wrong" same 1 2
skip "later" "no GPU"
check "empty" none
check "full" none a b
summary
"""
    run = bash(script, tmp_path, PATH=os.environ["PATH"])
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "ok 1 - fine",
        "not ok 2 - wrong",
        '# found "1", expected "2"',
        "ok 3 - later # SKIP no GPU",
        "ok 4 - empty",
        "not ok 5 - full",
        "# found: a b",
        "1..5",
    ]
