"""docs/glossary.md has each term once, whole, and no term that nobody uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/glossary.md"
HEADER = ["term", "meaning here", "in the code", "AWS", "Kubernetes", "Terraform"]


def table_rows() -> list[list[str]]:
    """Read the cells of every table row of the page, headers and separators among them."""
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("|")
    ]


ROWS = [row for row in table_rows() if row[0] not in ("term", "---")]
TERMS = [row[0] for row in ROWS]


def used_text() -> str:
    """Read the other pages and the code, in lower case and on one line."""
    folders = ("*.md", "docs/*.md", "examples/*.md", "tests/*.md")
    pages = [path for folder in folders for path in ROOT.glob(folder) if path != PAGE]
    code = (ROOT / "reconciler").rglob("*.py")
    text = " ".join(path.read_text() for path in (*pages, *code))
    return " ".join(text.lower().split())


def test_there_are_some_forty_terms() -> None:
    assert len(TERMS) >= 40


def test_no_term_has_two_rows() -> None:
    folded = [term.lower() for term in TERMS]
    assert sorted(set(folded)) == sorted(folded)


@pytest.mark.parametrize("row", ROWS, ids=TERMS)
def test_a_row_has_all_columns_and_a_whole_sentence(row: list[str]) -> None:
    assert len(row) == len(HEADER), "a cell is missing, or there is one too many"
    assert all(row), "an empty cell; write `none` where there is no equivalent"
    assert re.search(r"[a-z`)*]\.$", row[1]), "the meaning is a sentence"


def test_every_table_has_the_same_columns() -> None:
    headers = [row for row in table_rows() if row[0] == "term"]
    assert headers
    assert all(header == HEADER for header in headers)


def test_every_term_is_used() -> None:
    text = used_text()
    unused = [
        term for term in TERMS if not re.search(rf"\b{re.escape(term.lower())}(s|es)?\b", text)
    ]
    assert unused == []
