"""Files are written whole, and a program that is missing or hangs is an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from ws.host import Host


def test_a_file_is_written_whole_with_its_folders(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    path = host.write("/run/ws/phase", "ready\n", 0o600)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("ready\n", 0o600)
    assert [each.name for each in path.parent.iterdir()] == ["phase"]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / "phase").symlink_to(other)
    Host(str(tmp_path)).write("/phase", "ready")
    assert other.read_text() == "kept"
    assert not (tmp_path / "phase").is_symlink()


def test_a_program_that_is_missing_or_hangs_has_a_code(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert host.run("no-such-program-here").code == 127
    assert host.run("sleep", "9", timeout=0.05) == (124, "sleep did not end within 0 s")
    assert host.run("sh", "-c", "cat; echo bad >&2; exit 3", text="in ") == (3, "in bad")


@pytest.mark.parametrize("output", [b"\xff\xfe", b"\x1b[31mred"])
def test_output_that_is_no_text_does_not_stop_the_agent(tmp_path: Path, output: bytes) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(output)
    assert Host(str(tmp_path)).run("cat", str(path)).code == 0
