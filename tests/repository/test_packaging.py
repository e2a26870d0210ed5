"""What is installed is what is here: every package, the schema, the commands."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from reconciler.machine.user_data import carried

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip would; without its dependencies, which are here."""
    where = tmp_path_factory.mktemp("wheel")
    source = where / "source"  # a build leaves things behind, and other tests read the real one
    for folder in ("ami", "reconciler", "schemas"):
        shutil.copytree(
            ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build: list[str | Path] = [
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        where,
        source,
    ]
    run = subprocess.run([*pip, *build], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    [wheel] = where.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(where / "site")
    return where / "site"


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_package_is_in_the_wheel(installed: Path) -> None:
    here = {path.relative_to(ROOT) for path in (ROOT / "reconciler").rglob("*.py")}
    assert here - {path.relative_to(installed) for path in installed.rglob("*.py")} == set()


def test_the_wheel_validates_by_itself(installed: Path) -> None:
    """Far from the source: the schema has come along."""
    done = run(installed, "validate", "-f", str(ROOT / "examples/minimal/fleets"))
    assert (done.returncode, done.stdout) == (0, "Valid: 1 workstation in 2 files.\n")
    location = "import reconciler; print(reconciler.__file__)"
    probe = subprocess.run(
        [sys.executable, "-c", location],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert probe.stdout.startswith(str(installed))


def test_the_wheel_builds_the_same_agent(installed: Path) -> None:
    """Its sources have come along too, and become the same bytes."""
    code = "from reconciler.machine.user_data import carried; print(carried())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{carried()}\n"


def test_the_wheel_starts_a_sandbox(installed: Path) -> None:
    """Its data files have come along too."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "sandbox", "--port", "0"],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        first = process.stdout.readline()
        process.terminate()
    assert first.startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:")
    assert process.wait(20) == 0


def locked_in(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_the_demo_runs_the_versions_that_are_tested() -> None:
    assert locked_in("requirements-demo.txt").items() <= locked_in("requirements-dev.txt").items()


def test_the_locked_versions_are_those_that_are_tested() -> None:
    locked = locked_in("requirements-dev.txt")
    different = {
        name: (wanted, version(name)) for name, wanted in locked.items() if version(name) != wanted
    }
    assert different == {}


IMPORTED_AS = {
    "python-json-logger": "pythonjsonlogger",
    "pyyaml": "yaml",
    "recurring-ical-events": "recurring_ical_events",
}


def test_every_required_package_is_imported() -> None:
    """What nothing imports is weight, and one more thing to keep safe."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    required = re.findall(r"^([\w-]+)>=", settings["options"]["install_requires"], re.MULTILINE)
    assert len(required) > 8
    source = "\n".join(path.read_text() for path in (ROOT / "reconciler").rglob("*.py"))
    imported = set(re.findall(r"^ *(?:from|import) (\w+)", source, re.MULTILINE))
    assert {IMPORTED_AS.get(package, package) for package in required} - imported == set()


def test_the_sandbox_pins_moto_exactly() -> None:
    """It patches moto's insides: another moto is a change to review.

    moto's own extra `server` brings 28 packages more, for services that nothing here asks.
    """
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    wanted = settings["options.extras_require"]["sandbox"].split()
    assert wanted == [f"moto=={version('moto')}", "flask", "flask-cors"]
    for path in ("docs/install.md", "reconciler/cli/sandbox/command.py"):
        assert (
            f"pipx inject gpu-workstation-reconciler {' '.join(wanted)}"
            in (ROOT / path).read_text()
        )
