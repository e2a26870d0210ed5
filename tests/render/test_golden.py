"""Every situation, as it is read: `make golden` rewrites the files, git shows the difference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.plan.model import Report
from reconciler.render.as_json import document, dumps
from reconciler.render.markdown import comment
from reconciler.render.style import Style
from reconciler.render.text import text
from tests.render.samples import ALL, MIXED

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[Path, str], None]


@pytest.mark.parametrize(("name", "report"), ALL.items(), ids=list(ALL))
def test_every_report_reads_as_agreed(name: str, report: Report, golden: Golden) -> None:
    golden(GOLDEN / f"{name}.txt", text(report, Style(width=80)))
    golden(GOLDEN / f"{name}.md", comment(report))
    golden(GOLDEN / f"{name}.json", dumps(document(report)))


def test_the_same_in_ascii(golden: Golden) -> None:
    shown = text(MIXED, Style(unicode=False, width=80))
    assert shown.isascii()
    golden(GOLDEN / "mixed.ascii.txt", shown)


def test_the_same_in_a_pipe_is_not_wrapped(golden: Golden) -> None:
    golden(GOLDEN / "mixed.pipe.txt", text(MIXED, Style()))


def test_colour_adds_nothing_but_colour() -> None:
    coloured = text(MIXED, Style(colour=True, width=80))
    plain = coloured
    for code in ("31;1", "31", "32", "33", "1", "2", "0"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert "\x1b" in coloured
    assert plain == text(MIXED, Style(width=80))


@pytest.mark.parametrize("report", ALL.values(), ids=list(ALL))
@pytest.mark.parametrize("unicode", [True, False])
def test_text_fits_80_columns(report: Report, unicode: bool) -> None:
    shown = text(report, Style(width=80, unicode=unicode))
    assert [line for line in shown.splitlines() if len(line) > 80] == []
