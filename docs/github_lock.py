"""Write examples/github/requirements.txt: what CI installs, each file with its hash.

    make lock                                 the newest versions, into this file too
    python -m docs.github_lock dist/X.whl     to stdout, filled in for this wheel of a release

The versions are those of requirements-dev.txt, which the suite runs on. The files are those that
PyPI has for the runner of the shipped workflows: CPython 3.11 on x86-64 Linux. The product itself
is a wheel of a release: `make release` fills in its version and its hash.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "examples/github/requirements.txt"

NAME = "gpu-workstation-reconciler"
RELEASES = "https://github.com/reconciler/reconciler/releases/download"
UNFILLED = "0.0.0", "0" * 64
"""No release: pip finds nothing at that address, and no file has that hash."""

HEAD = """\
# What the workflows install: wheels alone, each with its hash (pip's hash-checking mode). Written
# by `make lock` for CPython 3.11 on x86-64 Linux, which is what the workflows run on.
"""

FILL_IN = """\
#
# FILL IN the line of the product: take this file from a release, or write the release's version
# twice and the SHA-256 of its wheel. Until then pip refuses it.
"""


def product(version: str, sha256: str) -> str:
    """The line of the product: the wheel of a release, and its hash."""
    wheel = f"{NAME.replace('-', '_')}-{version}-py3-none-any.whl"
    return f"{NAME} @ {RELEASES}/v{version}/{wheel} --hash=sha256:{sha256}\n"


def dependencies(report: Mapping[str, Any]) -> Iterator[str]:
    """A line for each distribution of pip's installation report, by name.

    Raises: ValueError for a file that is not PyPI's: its hash would be nobody else's.
    """
    for each in sorted(report["install"], key=lambda it: str(it["metadata"]["name"]).lower()):
        download, metadata = each["download_info"], each["metadata"]
        if not download["url"].startswith("https://files.pythonhosted.org/"):
            raise ValueError(f"{download['url']} is not a file of PyPI: run this with PyPI alone")
        sha256 = download["archive_info"]["hashes"]["sha256"]
        yield f"{metadata['name']}=={metadata['version']} --hash=sha256:{sha256}\n"


def resolve() -> Mapping[str, Any]:
    """Ask pip which files it would install; it downloads metadata, and installs nothing."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    wanted = setup["options"]["install_requires"].splitlines()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        which = ["--ignore-installed", "--only-binary", ":all:", "--python-version", "3.11"]
        where = ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"]
        files = ["--target", folder, "-c", str(ROOT / "requirements-dev.txt")]
        names = [line for line in wanted if line and not line.startswith("#")]
        subprocess.run(
            [*pip, *which, *where, *files, "--report", str(report), *names],
            # Wheels that lie on this machine are not PyPI's.
            env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""},
            check=True,
        )
        return dict(json.loads(report.read_text()))


def filled(lock: str, wheel: Path) -> str:
    """The lock with the line of the product filled in for a wheel, by its name and content."""
    version, sha256 = wheel.name.split("-")[1], hashlib.sha256(wheel.read_bytes()).hexdigest()
    return lock.replace(FILL_IN + product(*UNFILLED), product(version, sha256))


def main(arguments: list[str]) -> None:
    """Write the lock; given a wheel, print the lock that is filled in for it."""
    if arguments:
        sys.stdout.write(filled(LOCK.read_text(), Path(arguments[0])))
        return
    LOCK.write_text("".join([HEAD, FILL_IN, product(*UNFILLED), *dependencies(resolve())]))


if __name__ == "__main__":
    main(sys.argv[1:])
