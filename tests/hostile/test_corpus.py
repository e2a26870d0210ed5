"""Whatever stands in the YAML, `reconcile` says where and why, at once, and runs none of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import corpus
from tests.hostile.case import BAD, Case

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r".+:[1-9]\d*:[1-9]\d*", re.DOTALL)
CPU, WALL = 1.0, 20.0  # seconds; on a machine with other work the second only shows a hang
COUNTS = corpus.counts()


def visible(text: str) -> bool:
    """Nothing a terminal would obey, and nothing that cannot be seen."""
    return not any(
        unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text if c != "\n"
    )


def faults(case: Case, result: dict[str, Any]) -> list[str]:
    """Everything that is wrong with how one case ended."""
    out, err = result["out"], result["err"]
    try:
        problems = json.loads(out).get("errors", [])
    except ValueError:
        return [f"stdout is no JSON: {out[:200]}"]
    found = {
        f"exit {result['exit']}: {err[:300]}": result["exit"] != case.exit,
        "no problem is told": case.exit == BAD and not problems,
        "a problem has no position": any(
            not PLACE.fullmatch(problem["where"]) for problem in problems
        ),
        "no annotation": case.exit == BAD and "::error file=" not in err,
        f"it says something else: {err[:300]}": case.says not in out.replace('\\"', '"'),
        "a traceback": "Traceback" in err or "unexpected" in out,
        "a control character": not visible(out + err),
        f"{result['cpu']:.2f} s of CPU": result["cpu"] > CPU,
        f"{result['wall']:.2f} s": result["wall"] > WALL,
        "something was run": result["canary"],
    }
    return [fault for fault, is_so in found.items() if is_so]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A process that has imported the command, and forks for each category."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.batch"],
        cwd=tmp_path_factory.mktemp("batch"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()  # the end of its work
    assert process.returncode == 0


@pytest.mark.parametrize(
    "category", COUNTS, ids=[f"{name}: {number}" for name, number in COUNTS.items()]
)
def test_every_case_ends_with_a_message_and_a_place(
    category: str, batch: subprocess.Popen[str], tmp_path: Path
) -> None:
    answers = batch.stdout
    assert batch.stdin
    assert answers
    batch.stdin.write(json.dumps([category, str(tmp_path)]) + "\n")
    batch.stdin.flush()
    lines = list(iter(lambda: json.loads(answers.readline()), None))
    cases = corpus.cases(category)
    errors = (tmp_path / "stderr").read_text()
    assert len(lines) == len(cases), f"it ended after {len(lines)} cases: {errors[-2000:]}"
    wrong = {
        case.name: found
        for case, result in zip(cases, lines, strict=True)
        if (found := faults(case, result))
    }
    assert not wrong, "\n" + "\n".join(f"{name}: {found}" for name, found in wrong.items())


def test_the_corpus_is_large_and_says_what_each_case_is() -> None:
    assert len(COUNTS) >= 18
    assert sum(COUNTS.values()) >= 300
    for category, number in COUNTS.items():
        assert number >= 10, category
        names = [case.name for case in corpus.cases(category)]
        assert len(set(names)) == number, f"{category}: a name is taken twice"
