"""Following a piece of advice once gets rid of the problem, and does not lead to the next one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.declare.load import load
from reconciler.errors import BadDeclaration, Problem, ReconcilerError, Where
from tests.declare import (
    test_checks,
    test_corrections,
    test_instance_types,
    test_messages,
    test_syntax,
    test_typos,
    test_yaml_pitfalls,
)
from tests.declare.helpers import DEFAULTS, GPU, fleet
from tests.hostile import corpus
from tests.hostile.advice import Edit, Place, follow

MOST = 6  # problems of one file that are followed: some files have thousands alike
LARGE = 10_000  # bytes: those of more are large on purpose, and what they say is said of small ones


def problems(folder: Path) -> list[Problem]:
    """What is wrong in a folder."""
    try:
        load([folder])
    except BadDeclaration as error:
        return list(error.problems)
    except ReconcilerError:
        pass
    return []


def texts() -> Iterator[tuple[str, Mapping[str, str | bytes]]]:
    """Every file that some test says is wrong, by a name."""
    for category in corpus.CATEGORIES:
        for case in corpus.cases(category):
            if case.given == "." and not callable(case.content):
                files = {"vision.yaml": case.content} if not isinstance(
                    case.content, Mapping
                ) else case.content  # fmt: skip
                given = {} if case.defaults is None else {"_defaults.yaml": case.defaults}
                yield f"{category}: {case.name}", {**given, **files}
    for settings in SETTINGS:
        yield settings, {"_defaults.yaml": DEFAULTS, "vision.yaml": fleet(settings)}
    for text in FILES:
        yield text[:80], {"_defaults.yaml": DEFAULTS, "vision.yaml": text}


SETTINGS = [
    *test_messages.SETTINGS,
    *test_checks.SETTINGS,
    *(f"{GPU}, {setting}" for setting in test_typos.OTHER_WORDS),
    *(f"instance_types: {types}" for types in test_instance_types.REFUSED),
    *(f'{GPU}, schedule: {{start: "{hours}", timezone: UTC}}' for hours in test_corrections.HOURS),
    *(
        f'{GPU}, schedule: {{stop: "daily 20:00", timezone: "{zone}"}}'
        for zone in test_corrections.ZONES
    ),
    f'{GPU}, schedule: {{start: "Mon-Fri 9-17", timezone: UTC}}',
]
FILES = [
    *test_messages.FILES,
    *test_yaml_pitfalls.FILES,
    *test_syntax.BROKEN,
    *test_syntax.EARLIER,
    *(f"fleet: vision\nworkstations:\n{entry}\n" for entry in test_messages.BAD_NAMES),
    *(f"{test_checks.SHARED}workstations:\n  ws: {{{GPU}, storage: {{mounts: {mounts}}}}}\n"
      for mounts in test_checks.MOUNTS),
    *(f"fleet: vision\nfile_systems:\n  {system}\n" for system in test_checks.FILE_SYSTEMS),
    *(f"fleet: vision\ndefaults:\n  gpu: {{}}\n  tags:\n    Team: {scalar}\n"
      for scalar in test_yaml_pitfalls.SCALARS if len(scalar) < 100),
]  # fmt: skip


SECOND = re.compile(
    r"must be (at (most|least)|\d to 32 |an e-mail)|is not a field of|mixes Latin letters|"
    r"AWS has no|no instance type fits|has no file system|must be the 12 digits|cannot be read|"
    r"no calendar is called|has \d+ characters|must be days and a time|must be `manual`|comes in|"
    r"a whole number, not the number|"
    r"does not run Lustre|only HDD storage|needs hours|is empty|has no value|exclude each other"
)
"""What a value has as a mistake of its own, whatever was wrong with how it was written."""


def new_problems(folder: Path, file: str, edit: Edit, problem: Problem) -> list[str]:
    """Problems within what was put in, or the old one still there; [] when the advice was good."""
    (folder / file).write_bytes(edit.text.encode(errors="surrogatepass"))
    found = []
    for other in problems(folder):
        if Path(other.where.file).name != file:
            continue
        at = Place(edit.text, other).start
        inside = edit.begin <= at < max(edit.end, edit.begin + 1) and at < len(edit.text)
        twins = "declared in" in other.message or "written twice" in other.message
        same = (other.message, other.where) == (problem.message, problem.where) and not twins
        inside &= not (twins and problem.hint.startswith(("for example `", "write ", "first on")))
        if (inside and not SECOND.search(other.message)) or same:
            found.append(str(other).replace(f"{folder}/", ""))
    return found


def test_advice_followed_once_leads_to_no_next_error(tmp_path: Path) -> None:
    bad: list[str] = []
    followed = asked = 0
    for number, (name, files) in enumerate(texts()):
        if sum(map(len, files.values())) > LARGE:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        for file, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / file).write_bytes(data)
        for problem in problems(folder)[:MOST]:
            file = Path(problem.where.file).name
            if file not in files:
                continue
            original = (folder / file).read_bytes()
            try:
                text = original.decode()
                edits = follow(text, problem)
            except UnicodeDecodeError:
                edits = None
            except ValueError as error:
                bad.append(f"{name}: {error}")
                continue
            if edits is None:
                asked += 1
                continue
            followed += 1
            left = [new_problems(folder, file, edit, problem) for edit in edits]
            (folder / file).write_bytes(original)
            if all(left):
                message = str(problem).replace(f"{folder}/", "")
                bad.append(f"{name}: {message}\n      → {edits[0].text[:300]!r}\n      {left}")
    assert not bad, f"{len(bad)} of {followed}:\n" + "\n".join(bad)
    assert followed > 900
    assert followed > asked


@pytest.mark.parametrize("hint", ["frobnicate it", "writ 5"])
def test_advice_of_an_unknown_kind_is_noticed(hint: str) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        follow("fleet: ab\n", Problem(Where("a.yaml", 1, 1), "x", hint))
