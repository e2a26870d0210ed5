"""What CI installs: a lock with hashes, held to setup.cfg, and the files of a release."""

from __future__ import annotations

import configparser
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docs import github_lock

ROOT = Path(__file__).parents[2]
LOCKED = re.compile(r"([\w.-]+)==([\w.]+) --hash=sha256:([0-9a-f]{64})")


def lines() -> list[str]:
    text = github_lock.LOCK.read_text()
    return [line for line in text.splitlines() if not line.startswith("#")]


def locked() -> dict[str, str]:
    """Versions by name, of every line but the product's."""
    found = [LOCKED.fullmatch(line) for line in lines()[1:]]
    assert all(found), "a version and a hash, and nothing else"
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def wanted() -> list[Requirement]:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    text = settings["options"]["install_requires"].splitlines()
    return [Requirement(line) for line in text if line and not line.startswith("#")]


def test_every_package_that_the_product_needs_is_in_the_lock_and_fits() -> None:
    versions, waiting, seen = locked(), wanted(), set()
    assert len(waiting) > 8
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{requirement} is not in the lock: make lock"
        assert requirement.specifier.contains(versions[name], prereleases=True), (
            f"{requirement}: make lock"
        )
        if name not in seen:
            seen.add(name)
            needs = map(Requirement, requires(name) or ())
            waiting += [need for need in needs if not need.marker or need.marker.evaluate()]
    assert versions.keys() - seen == set(), "what nothing needs is one more thing to keep safe"


def test_ci_runs_the_versions_that_the_suite_ran_on() -> None:
    text = (ROOT / "requirements-dev.txt").read_text()
    found: list[tuple[str, str]] = re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    pinned = {str(canonicalize_name(name)): version for name, version in found}
    assert {name: pinned.get(name) for name in locked()} == locked()


def test_the_name_of_the_distribution_is_the_same_everywhere() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    name = settings["metadata"]["name"]
    assert name == github_lock.NAME != "reconciler", "that one on PyPI is somebody else's"
    assert lines()[0] == github_lock.product(*github_lock.UNFILLED).strip()
    for page in (*ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md"), ROOT / "README.md"):
        assert not re.search(r"pipx? (install|inject|upgrade) '?reconciler\b", page.read_text()), (
            page
        )


def test_a_file_that_is_not_of_pypi_gets_into_no_lock() -> None:
    one = {
        "metadata": {"name": "one", "version": "1"},
        "download_info": {
            "url": "https://files.pythonhosted.org/packages/one-1-py3-none-any.whl",
            "archive_info": {"hashes": {"sha256": "1" * 64}},
        },
    }
    assert list(github_lock.dependencies({"install": [one]})) == [
        f"one==1 --hash=sha256:{'1' * 64}\n"
    ]
    local = {**one, "download_info": {**one["download_info"], "url": "file:///opt/one.whl"}}  # type: ignore[dict-item]  # a dict of dicts
    with pytest.raises(ValueError, match="not a file of PyPI"):
        list(github_lock.dependencies({"install": [local]}))


# -- a release -------------------------------------------------------------------------------


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel of the product, without anything in it."""
    path = tmp_path / "gpu_workstation_reconciler-1.2.3-py3-none-any.whl"
    info = "gpu_workstation_reconciler-1.2.3.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {github_lock.NAME}\nVersion: 1.2.3\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_pip_takes_the_product_once_its_hash_is_filled_in_and_not_before(
    wheel: Path, tmp_path: Path
) -> None:
    text = github_lock.filled(github_lock.LOCK.read_text(), wheel)
    product = next(line for line in text.splitlines() if line.startswith(github_lock.NAME))
    assert f"/v1.2.3/{wheel.name} --hash=sha256:" in product
    assert "FILL IN" not in text, "there is nothing left to fill in"
    here = re.sub(r"https://\S+", wheel.as_uri(), product)
    zeros = re.sub(r"sha256:\w+", f"sha256:{github_lock.UNFILLED[1]}", here)
    for line, code, message in ((zeros, 1, "DO NOT MATCH THE HASHES"), (here, 0, "")):
        (tmp_path / "lock.txt").write_text(line + "\n")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-index", "--require-hashes"]
        files = ["--only-binary", ":all:", "-r", f"{tmp_path}/lock.txt", "-d", f"{tmp_path}/wheels"]
        run = subprocess.run([*pip, *files], capture_output=True, text=True, check=False)
        assert run.returncode == code, run.stderr
        assert message in run.stderr
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == [wheel.name]


def test_the_bill_of_materials_is_valid_and_names_every_file_by_its_hash(
    wheel: Path, tmp_path: Path
) -> None:
    """The command of `make release`; `--validate` holds it against CycloneDX's own schema."""
    lock, made = tmp_path / "requirements.txt", tmp_path / "sbom.json"
    lock.write_text(github_lock.filled(github_lock.LOCK.read_text(), wheel))
    [command] = re.findall(r"\$\(BIN\)/cyclonedx-py (.+) -o", (ROOT / "Makefile").read_text())
    assert "--validate" in command
    run = subprocess.run(
        [Path(sys.executable).parent / "cyclonedx-py", *command.split(), "-o", made, lock],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    document = json.loads(made.read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert len(document["components"]) == len(locked()) + 1
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert sha256 in made.read_text()
    assert all(LOCKED.search(line)[3] in made.read_text() for line in lines()[1:])  # type: ignore[index]  # `locked` has checked them


def test_the_job_that_publishes_runs_nothing_of_the_repository() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    steps = jobs["publish"]["steps"]
    assert not any("checkout" in step.get("uses", "") for step in steps)
    assert [step["run"].split()[0] for step in steps if "run" in step] == ["gh"]


@pytest.mark.parametrize("path", [".github/dependabot.yml", "examples/github/dependabot.yml"])
def test_dependabot_looks_where_something_is_pinned(path: str) -> None:
    document = yaml.safe_load((ROOT / path).read_text())
    assert document["version"] == 2
    assert {"github-actions", "pip"} <= {
        update["package-ecosystem"] for update in document["updates"]
    }
    if path.startswith("."):
        folders = [folder for update in document["updates"] for folder in update["directories"]]
        assert all((ROOT / folder.lstrip("/")).is_dir() for folder in folders)
