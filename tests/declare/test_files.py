"""Which files are read, and what is refused before a byte of it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.declare.files import MAX_SIZE
from reconciler.declare.load import load
from reconciler.errors import BadDeclaration
from tests.declare.helpers import GPU, Folder, fleet

CHECK = "check the path given with --fleets"


def test_a_folder_is_its_yaml_files_but_not_those_below_it(folder: Folder) -> None:
    folder.write("a.yaml", fleet(GPU))
    folder.write("b.yml", fleet(GPU).replace("vision", "other").replace("ws", "two"))
    folder.write("notes.txt", "not: [yaml")
    folder.write(".hidden.yaml", "not: [yaml")
    (folder.path / ".off").mkdir()
    folder.write(".off/c.yaml", "not: [yaml")
    (folder.path / "calendars").mkdir()
    folder.write("calendars/de.ics", "BEGIN:VCALENDAR")
    assert [workstation.name for workstation in folder.load().workstations] == ["ws", "two"]


def test_yaml_that_would_not_be_read_is_a_problem(folder: Folder) -> None:
    """What is silently passed over reads as a fleet that was removed."""
    folder.write("a.yaml", fleet(GPU))
    folder.write("Vision.YAML", fleet(GPU))
    (folder.path / "below/deeper").mkdir(parents=True)
    folder.write("below/deeper/c.yml", fleet(GPU))
    assert folder.problems() == [
        "Vision.YAML:1:1: its name does not end in .yaml (rename it to Vision.yaml)",
        f"below/deeper/c.yml:1:1: it is in a folder below {folder.path} "
        "(move it up, give its folder with --fleets too, or begin that with a dot)",
    ]


def test_a_folder_below_that_is_given_too_is_read(folder: Folder) -> None:
    folder.write("a.yaml", fleet(GPU))
    (folder.path / "below").mkdir()
    there = fleet(GPU).replace("vision", "other").replace("ws", "two")
    folder.write("below/c.yaml", there)
    folder.write("below/_defaults.yaml", (folder.path / "_defaults.yaml").read_text())
    found = load([folder.path, folder.path / "below"])
    assert [workstation.name for workstation in found.workstations] == ["ws", "two"]


def test_a_file_that_is_named_may_stand_above_other_folders(folder: Folder) -> None:
    """A selection removes nothing, so what it does not read is not mistaken for removed."""
    one = folder.write("a.yaml", fleet(GPU))
    (folder.path / "below").mkdir()
    folder.write("below/c.yaml", "not: [yaml")
    assert [workstation.name for workstation in load([one]).workstations] == ["ws"]


def test_defaults_that_disagree_are_a_problem_that_names_both_lines(folder: Folder) -> None:
    folder.write("vision.yaml", fleet(GPU))
    folder.write(
        "_more.yaml",
        "defaults:\n  region: us-west-2\n  scheduler_role: workstation-scheduler\n"
        "  image: {id: ami-0123456789abcdef0}\n  network: {subnets: {tags: {Tier: public}}}\n",
    )
    first = f"{folder.path}/_defaults.yaml"
    alike = "files that begin with _ hold alike: keep"
    with pytest.raises(BadDeclaration) as caught:
        folder.load()
    assert [
        str(problem).replace(f"{folder.path}/_more.yaml:", "") for problem in caught.value.problems
    ] == [
        f"2:3: {first}:5:3 gives another `region` ({alike} it in one of them)",
        f"4:11: {first}:7:11 gives `ssm_parameter`, which `id` excludes ({alike} one of them)",
        f"5:30: {first}:6:30 gives another `network.subnets.tags.Tier` ({alike} it in one of them)",
    ]


def test_defaults_that_agree_or_complete_each_other_are_fine(folder: Folder) -> None:
    folder.write("vision.yaml", fleet(GPU))
    folder.write("_more.yaml", "defaults: {region: us-east-1, tags: {Team: vision}}\n")
    folder.write("_tags.yaml", "defaults: {tags: {Project: titan}}\n")
    [found] = folder.load().workstations
    assert dict(found.tags) == {"Team": "vision", "Project": "titan"}


def test_a_file_selects_its_fleet_out_of_its_directory(folder: Folder) -> None:
    """Promise 13: the site is whole, and what the file does not declare is not meant."""
    one = folder.write("a.yaml", fleet(GPU))
    folder.write("b.yaml", fleet(GPU).replace("vision", "robots").replace("ws", "emil"))
    found = load([one])
    assert [workstation.name for workstation in found.workstations] == ["ws", "emil"]
    assert (found.selects("vision"), found.selects("robots")) == (True, False)
    assert load([folder.path]).selected_fleets is None


def test_a_mistake_beside_the_file_that_is_named_is_a_mistake(folder: Folder) -> None:
    one = folder.write("a.yaml", fleet(GPU))
    folder.write("b.yaml", "not: [yaml")
    with pytest.raises(BadDeclaration, match=r"b\.yaml:1:"):
        load([one])


def test_files_and_folders_may_be_given_twice(folder: Folder, tmp_path_factory: object) -> None:
    one = folder.write("a.yaml", fleet(GPU))
    assert len(load([one, folder.path, folder.path / "." / "a.yaml"]).workstations) == 1


def test_defaults_hold_beside_them_only(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Folder(tmp_path / name).write(
            "f.yaml", fleet(GPU).replace("vision", name).replace("ws", name)
        )
    two = Folder(tmp_path / "two")
    two.write(
        "_defaults.yaml", (two.path / "_defaults.yaml").read_text().replace("us-east", "eu-west")
    )
    site = load([tmp_path / "one", tmp_path / "two"])
    assert [workstation.region for workstation in site.workstations] == ["us-east-1", "eu-west-1"]


def _link_out(path: Path) -> None:
    outside = path.parent.parent / "outside.yaml"
    outside.write_text("fleet: x\n")
    path.symlink_to(outside)


REFUSED = {
    "link out": (_link_out, "a link that leads out of its folder (put the file itself here)"),
    "dangling": (lambda path: path.symlink_to("nowhere"), "cannot be read: No such file or "
                 f"directory ({CHECK})"),
    "circle": (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of "
               f"symbolic links ({CHECK})"),
    "folder": (lambda path: path.mkdir(), "a directory (a fleet is declared in a file)"),
    "fifo": (os.mkfifo, "not a regular file (a fleet is declared in a file)"),
    "too large": (lambda path: path.write_bytes(b"#" * (MAX_SIZE + 1)),
                  "larger than 256 KiB (split the fleet in two)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_a_file_in_the_folder(tmp_path: Path, kind: str) -> None:
    (tmp_path / "fleets").mkdir()
    folder = Folder(tmp_path / "fleets")
    make, message = REFUSED[kind]
    make(folder.path / "bad.yaml")
    folder.write("good.yaml", "fleet: [\n")
    assert folder.problems() == [
        f"bad.yaml:1:1: {message}",
        "good.yaml:1:8: the file ends within a list or a mapping (add the closing bracket)",
    ]


def test_unreadable_defaults_make_nothing_below_them_look_incomplete(folder: Folder) -> None:
    (folder.path / "_defaults.yaml").unlink()
    (folder.path / "_defaults.yaml").mkdir()
    folder.write("vision.yaml", fleet(GPU))
    assert folder.problems() == ["_defaults.yaml:1:1: a directory (a fleet is declared in a file)"]


def test_a_link_within_the_folder_is_followed(folder: Folder) -> None:
    folder.write("real.txt", fleet(GPU))
    (folder.path / "vision.yaml").symlink_to("real.txt")
    assert folder.load().workstations[0].name == "ws"


def test_a_file_of_the_largest_size_is_read(folder: Folder) -> None:
    text = fleet(GPU)
    folder.write("vision.yaml", text + "#" * (MAX_SIZE - len(text)))
    assert folder.load().workstations[0].name == "ws"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(folder: Folder) -> None:
    folder.write("vision.yaml", fleet(GPU)).chmod(0)
    assert folder.problems() == [f"vision.yaml:1:1: cannot be read: Permission denied ({CHECK})"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", f"nowhere:1:1: cannot be read: No such file or directory ({CHECK})"),
        ("no\0where", f"no\\x00where:1:1: cannot be read: embedded null byte ({CHECK})"),
        ("no\nwhere", f"no\\nwhere:1:1: cannot be read: No such file or directory ({CHECK})"),
    ],
)
def test_a_path_that_is_not_there(name: str, message: str) -> None:
    with pytest.raises(BadDeclaration) as caught:
        load([Path(name)])
    assert [str(problem) for problem in caught.value.problems] == [message]


def test_names_of_files_are_shown_harmless(folder: Folder) -> None:
    folder.write("a\x1b[1m\n.yaml", "fleet: [\n")
    (folder.path / os.fsdecode(b"\xff.yaml")).write_text("fleet: [\n")
    first, second = folder.problems()
    assert first.startswith("\\udcff.yaml:1:8: ")
    assert second.startswith("a\\x1b[1m\\n.yaml:1:8: ")
