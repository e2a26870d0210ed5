"""Every row of docs/power.md's truth table is a test, by its number."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs/power.md"


def test_every_row_is_a_test() -> None:
    rows = {int(number) for number in re.findall(r"^\| (\d+) \| ", PAGE.read_text(), re.MULTILINE)}
    assert len(rows) > 30, "the table is not found any more"
    named = {
        int(number)
        for path in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        for part in re.findall(r"^test_rows?_((?:\d+_|and_)+)", f"{node.name}_")
        for number in re.findall(r"\d+", part)
    }
    assert rows - named == set(), "no test says it is this row's"
    assert named - rows == set(), "no row has this number"
