"""YAML that is legal and means one thing is read as it is, and positions do not shift."""

from __future__ import annotations

import pytest
import yaml

from reconciler.declare import source
from tests.declare.helpers import GPU, Folder, fleet

GOOD = fleet(GPU)

FILES = {
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "a byte order mark and CRLF": b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
    "the version of YAML": f"%YAML 1.2\n---\n{GOOD}".encode(),
    "the version after a comment": f"# ours\n%YAML 1.2  # new\n# x\n\n--- # y\n{GOOD}".encode(),
    "a line of a tab alone": GOOD.replace("\n", "\n\t\n").encode(),
    "a line of blanks and tabs": GOOD.replace("\n", "\n  \t \t\n").encode(),
    "a comment behind a tab": GOOD.replace("\n", "\n\t# x\n").encode(),
    "a tab on the last line": f"{GOOD}\t".encode(),
    "text said to be text": GOOD.replace("vision", "!!str vision").encode(),
    "a key said to be text": GOOD.replace("fleet:", "!!str fleet:").encode(),
    "the long form of it": GOOD.replace("vision", "!<tag:yaml.org,2002:str> vision").encode(),
    "a mark without a tag": GOOD.replace("vision", "! vision").encode(),
    "a mark before a quote": GOOD.replace("vision", "! 'vision'").encode(),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("parser", ["in C", "pure"])
def test_a_file_that_is_legal(
    folder: Folder, name: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if parser == "pure":
        monkeypatch.setattr(source, "_Parser", yaml.SafeLoader)
    folder.write("vision.yaml", FILES[name])
    [found] = folder.load().workstations
    assert (found.fleet, found.name) == ("vision", "ws")


def test_a_byte_order_mark_shifts_no_position(folder: Folder) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        assert [
            problem.split(":")[:2] for problem in folder.says(mark + b"fleet: a_b\nownr: x\n")
        ] == [
            ["1", "8"],
            ["2", "1"],
        ]
        assert folder.says(mark + b"fleet: \xff\n")[0].startswith("1:8: the byte 0xFF")


def test_a_line_of_tabs_shifts_no_position(folder: Folder) -> None:
    assert folder.says("fleet: ab\n\t\nownr: x\n")[0].startswith("3:1: `ownr` is not a field")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("!!str 2026", "2026"),
        ("! 2026", "2026"),
        ("!!str no", "no"),
        ("!!str 09:00", "09:00"),
        ("!!str ''", ""),
        ("!!str", ""),
    ],
)
def test_what_is_said_to_be_text_is_text(folder: Folder, written: str, meant: str) -> None:
    folder.write("vision.yaml", f"{fleet(GPU)}defaults:\n  tags:\n    Team: {written}\n")
    assert folder.load().workstations[0].tags["Team"] == meant


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("storage: {root: {size: 200 GiB}}", "root.size=200"),
        ("storage: {root: {size: 2 TiB}}", "root.size=2048"),
        ("max_runtime: 12 h", "max_runtime=43200"),
    ],
)
def test_a_blank_before_the_unit(folder: Folder, setting: str, read: str) -> None:
    found = folder.workstation(f"{GPU}, {setting}")
    value: object = found
    path, _, wanted = read.partition("=")
    for step in path.split("."):
        value = getattr(value, step)
    assert str(value) == wanted


def test_a_blank_before_the_unit_changes_nothing_that_is_compiled(folder: Folder) -> None:
    spaced = folder.workstation("gpu: {memory: 24 GB}, memory: {min: 16 GiB}")
    assert spaced == folder.workstation("gpu: {memory: 24GB}, memory: {min: 16GiB}")


@pytest.mark.parametrize(
    "value",
    [
        "Vision \u0412\u0438\u0434",  # words of two scripts
        "\u0438\u043c\u044f",
        "\u03b2-test \u03a9",
        "10 m\u00b2",
        "1\u00ba piso",
        "\u00bd year",
        "5 \u00b5m",
        "caf\u00e9 M\u00fcnchen",
    ],
)
def test_free_text_is_anybody_s_language(folder: Folder, value: str) -> None:
    assert folder.workstation(f'{GPU}, tags: {{Note: "{value}"}}').tags["Note"] == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tags: {Note: vi\u0441ion}", "mixes Latin letters with U+0441"),
        ("tags: {Note: two vi\u0441ion}", "mixes Latin letters with U+0441"),
        ("tags: {Note: \uff41b}", "looks like something else"),
        ("tags: {m\u00b2: x}", "looks like something else"),
        ("tags: {'ab \u0412\u0438\u0434': x}", "mixes Latin letters with U+0412"),
        ("owner: \u0430lice@example.com", "mixes Latin letters with U+0430"),
    ],
)
def test_a_look_alike_within_a_word_or_in_a_name_is_refused(
    folder: Folder, text: str, message: str
) -> None:
    [found] = folder.settings_say(f"{GPU}, {text}")
    assert message in found
