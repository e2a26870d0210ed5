"""Local times are read with the newer zone data of the two that a machine has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.declare.zonedata import PACKAGE, ZoneData, choose, in_use


def folder(path: Path, release: str, file: str = "tzdata.zi") -> str:
    """A folder that looks like zone data of a release."""
    (path / "Etc").mkdir(parents=True)
    if release:
        line = f"# version {release}\n" if file == "tzdata.zi" else f"{release}\n"
        (path / file).write_text(line)
    return str(path)


@pytest.mark.parametrize(
    ("release", "file"), [("2026b", "tzdata.zi"), ("2026b", "+VERSION"), ("2026a", "tzdata.zi")]
)
def test_the_newer_of_the_two_is_read(tmp_path: Path, release: str, file: str) -> None:
    system = folder(tmp_path / "zoneinfo", release, file)
    older = ZoneData("2026c", PACKAGE, f"{release} in {system}")
    newer = ZoneData(release, system, f"2025c of {PACKAGE}")
    assert choose(["/nowhere", system], "2026c") == older
    assert choose(["/nowhere", system], "2025c") == newer


def test_the_same_release_is_read_from_the_package(tmp_path: Path) -> None:
    system = folder(tmp_path / "zoneinfo", "2026c")
    assert choose([system], "2026c").source == PACKAGE


def test_a_system_that_does_not_say_its_release_is_passed_over(tmp_path: Path) -> None:
    system = folder(tmp_path / "zoneinfo", "")
    chosen = choose([system], "2025c")
    assert chosen == ZoneData("2025c", PACKAGE, f"data of an unknown release in {system}")
    assert str(chosen) == (
        f"2025c (the tzdata package; data of an unknown release in {system} is not newer)"
    )


def test_a_machine_without_zones_reads_the_package() -> None:
    assert choose(["/nowhere"], "2026c") == ZoneData("2026c", PACKAGE)
    assert str(choose([], "2026c")) == "2026c (the tzdata package)"


def test_only_the_first_folder_counts_as_zoneinfo_reads_it(tmp_path: Path) -> None:
    first, second = folder(tmp_path / "a", "2024a"), folder(tmp_path / "b", "2027a")
    assert choose([first, second], "2026c").source == PACKAGE


def test_every_later_zone_of_the_process_is_of_the_chosen_data(tmp_path: Path) -> None:
    """A system whose Berlin is UTC, and old: the time is right all the same."""
    system = Path(folder(tmp_path / "old", "1999a"))
    (system / "Europe").mkdir()
    utc = Path(packaged("Etc/UTC"))
    (system / "Europe/Berlin").write_bytes(utc.read_bytes())
    program = """
from datetime import datetime
from zoneinfo import ZoneInfo
from reconciler.declare.zonedata import in_use
before = datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")).isoformat()
in_use()
print(before, datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")).isoformat())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONTZPATH": str(system)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["2026-07-01T00:00:00+00:00", "2026-07-01T00:00:00+02:00"]


def packaged(name: str) -> str:
    """The package's file of a zone."""
    import tzdata

    return str(Path(tzdata.__file__).parent / "zoneinfo" / name)


def test_what_is_in_use_is_told() -> None:
    assert re.fullmatch(r"20\d\d[a-z]", in_use().release)
    assert str(in_use()).startswith(f"{in_use().release} (")
