"""docs/tested-on-aws.md says what the committed reports and recordings say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.kinds import KINDS
from tests.acceptance import replay
from tests.conftest import Golden

PAGE = Path(__file__).parents[2] / "docs/tested-on-aws.md"
BACKENDS = {"AWS": "aws", "sandbox": "sandbox", "ministack": "ministack"}
"""Heading → name of the report; one that is not there has not been made yet."""
NOT_YET = "not yet"


def report(name: str) -> dict[str, Any] | None:
    """A committed report."""
    file = replay.DATA / f"{name}.report.json"
    return json.loads(file.read_text()) if file.exists() else None


REPORTS = {heading: report(name) for heading, name in BACKENDS.items()}


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _heading(*names: str) -> list[str]:
    cells = [*names, *BACKENDS]
    return [_row(cells), _row(["---"] * len(cells))]


def _verdict(found: dict[str, Any] | None, part: str, name: str) -> str:
    if found is None:
        return NOT_YET
    line = next(each for each in found[part] if each["id"] == name)
    if line["verdict"] in ("passed", "answered"):
        return str(line["answer"])
    because = line["because"].partition("; ")[0]
    return f"*{line['verdict']}: {because}*"


def walk() -> Iterator[str]:
    """The steps, and how each ended."""
    yield from _heading("step", "what happens")
    known = REPORTS["sandbox"]
    assert known is not None
    for each in known["walk"]:
        verdicts = [_verdict(found, "walk", each["id"]) for found in REPORTS.values()]
        yield _row([each["id"], each["question"], *verdicts])


def probes() -> Iterator[str]:
    """The questions, and each answer."""
    yield from _heading("", "question", "at most")
    known = REPORTS["sandbox"]
    assert known is not None
    for each in sorted(known["probes"], key=lambda it: int(it["id"][1:])):
        verdicts = [_verdict(found, "probes", each["id"]) for found in REPORTS.values()]
        price = f"${each['price']}" if each.get("price") else ""
        yield _row([each["id"], each["question"], price, *verdicts])


def kinds() -> Iterator[str]:
    """Which kinds were made and read back as written, and whose answers each find has read."""
    yield _row(["kind", *BACKENDS, "published answers"])
    yield _row(["---"] * (len(BACKENDS) + 2))
    for kind in KINDS:
        cells = [_kind(found, kind.NAME) for found in REPORTS.values()]
        yield _row([f"`{kind.NAME}`", *cells, _published(kind)])


def _kind(found: dict[str, Any] | None, name: str) -> str:
    if found is None:
        return NOT_YET
    if name in found["kinds unchanged"]:
        return "made, read back equal"
    return "made, read back otherwise" if name in found["kinds made"] else "not made"


def _published(kind: Any) -> str:
    _, recording = replay.load("published")
    try:
        replay.found(kind, recording, "acme")
    except replay.Unanswered:
        return "none found"
    return "read"


def lacking() -> Iterator[str]:
    """What ministack does not have."""
    found = REPORTS["ministack"]
    assert found is not None
    for each in found["unsupported"]:
        name, _, answer = each.partition(": ")
        yield f"- `{name}`: {answer}"


TABLES = {"walk": walk, "probes": probes, "kinds": kinds, "lacking": lacking}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_the_reports_say(name: str, golden: Golden) -> None:
    text = PAGE.read_text()
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert len(marks.findall(text)) == 1
    body = "\n".join(TABLES[name]()) + "\n"
    golden(PAGE, marks.sub(lambda found: found[1] + body + found[2], text))


def test_nobody_claims_what_was_not_seen() -> None:
    """Until a report of a real account is committed, the page says so in its first lines."""
    opening = PAGE.read_text().partition("\n## ")[0]
    assert ("not on AWS itself yet" in opening) is (REPORTS["AWS"] is None)
