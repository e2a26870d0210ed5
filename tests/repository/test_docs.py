"""What the README and the docs say is true: commands run, YAML loads, links lead somewhere."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from reconciler import errors
from reconciler.declare.load import load

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "examples/**/*.md", "tests/*.md")
    for path in ROOT.glob(pattern)
)  # fmt: skip
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(reconcile(?: [^`…]+)?)`")
FILE_LEVEL = {"site", "account", "fleet", "defaults", "workstations", "file_systems", "calendars"}
ENDLESS = {"sandbox", "--every", "ami"}
DEFAULTS = (ROOT / "examples/minimal/fleets/_defaults.yaml").read_text()


def blocks(language: str) -> list[tuple[str, str]]:
    """Every fenced block of a language, with the page it stands on."""
    return [
        (str(page.relative_to(ROOT)), text)
        for page in PAGES
        for found, text in FENCE.findall(page.read_text())
        if found == language
    ]


def commands() -> dict[str, str]:
    """Every `reconcile …` line, in blocks and in sentences, with the page it stands on."""
    found = {}
    for page in PAGES:
        text = page.read_text()
        lines = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
        for line in [*lines, *INLINE.findall(FENCE.sub("", text))]:
            if re.match(r"\s*(\$ )?(\.venv/bin/)?reconcile\b", line):
                command = re.split(r"\s[>|&#]", line.strip().removeprefix("$ "))[0].strip()
                found[command.removeprefix(".venv/bin/")] = str(page.relative_to(ROOT))
    return found


COMMANDS = commands()


def test_commands_are_found() -> None:
    assert {"reconcile validate", "reconcile --dry-run", "reconcile sandbox"} <= set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_shown_runs(command: str, tmp_path: Path, sandbox: Sandbox) -> None:
    """In a copy of this repository, against the local AWS; those without an end are parsed, and
    those that need a bake: tests/images runs them."""
    for folder in ("fleets", "examples", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    words = shlex.split(command.replace("<workstation>", "alice"))[1:]
    if ENDLESS & set(words):
        words = [*words, "--help"]
    run = subprocess.run(
        [sys.executable, "-m", "reconciler", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode in ((0, 3) if "--exit-code" in words else (0,)), (
        f"{COMMANDS[command]}: {run.stderr}"
    )


@pytest.mark.parametrize(
    ("page", "text"), [block for block in blocks("yaml") if yaml.safe_load(block[1])]
)
def test_every_yaml_block_loads(page: str, text: str, tmp_path: Path) -> None:
    """A whole file as it is, fields of a workstation inside one."""
    says = yaml.safe_load(text)
    if not set(says) <= FILE_LEVEL:
        body = "".join(f"    {line}\n" for line in text.splitlines())
        settings = "    owner: alice@example.com\n"
        if not {"gpu", "instance_types"} & set(says):
            settings += "    gpu: {memory: 24GB}\n"
        text = f"fleet: research\nworkstations:\n  alice:\n{settings}{body}"
    if "site" not in says:
        (tmp_path / "_defaults.yaml").write_text(DEFAULTS)
    if "fleet" not in says and set(says) <= FILE_LEVEL:
        (tmp_path / "_site.yaml").write_text(text)
        text = "fleet: other\n"
    (tmp_path / "fleet.yaml").write_text(text)
    site = load([tmp_path])
    assert site.account == "123456789012", page


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_make_target_named_is_there() -> None:
    named = {
        name
        for page in PAGES
        for name in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    assert {"demo", "test"} <= named <= targets()


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
            if not link.startswith(("http", "#")):
                yield page, link


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page, link in links()
        if not (page.parent / link.split("#")[0]).exists()
    ]
    assert broken == []


def test_every_path_on_the_page_of_tests_exists() -> None:
    """From the root of the repository, or from tests/."""
    page = (ROOT / "tests/README.md").read_text()
    paths = set(re.findall(r"`([a-z_]+/[\w/.*]*)`", page))
    assert len(paths) > 20, "the paths are not found any more"
    bases = (ROOT, ROOT / "tests")
    assert sorted(path for path in paths if not any(any(b.glob(path)) for b in bases)) == []


def test_every_page_can_be_reached() -> None:
    reached = {(page.parent / link.split("#")[0]).resolve() for page, link in links()}
    assert {page for page in PAGES if page.name != "README.md"} - reached == set()


def test_the_kind_walked_through_is_the_kind_there_is() -> None:
    kind = (ROOT / "reconciler/kinds/schedule_group.py").read_text()
    shown = [text for page, text in blocks("python") if page == "docs/how-to-add-a-kind.md"]
    assert len(shown) >= 8
    assert [text for text in shown if text not in kind] == []


FINDINGS = ("Finding", "_Overdue")


def codes() -> set[str]:
    """Every code people can meet: of our errors, of findings, of blocked rows."""
    found, todo = set(), [errors.ReconcilerError]
    while todo:
        error = todo.pop()
        found.add(error.code)
        todo += error.__subclasses__()
    for path in (ROOT / "reconciler/plan").glob("*.py"):
        if path.name == "arns.py":
            continue  # partitions such as aws-cn are no codes
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                is_code = re.fullmatch(r"[a-z]+(-[a-z]+)+", node.value)
                found |= {node.value} if is_code else set()
    for path in (ROOT / "reconciler/power").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in FINDINGS:
                given = [
                    argument.value for argument in call.args if isinstance(argument, ast.Constant)
                ]
                found |= {word for word in given if isinstance(word, str)}
    return found


def test_every_code_is_explained() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("### ")]
    explained = {code for line in headings for code in re.findall(r"`([a-z-]+)`", line)}
    assert codes() - explained - {"on-demand"} == set()  # that one is a policy
    assert len(codes()) > 12, "the codes are not found any more"


def test_every_promise_has_a_test_that_names_it() -> None:
    page = (ROOT / "docs/promises.md").read_text()
    promised = re.findall(r"^(\d+)\. \*\*", page, re.MULTILINE)
    kept = dict(re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE))
    assert list(kept) == promised
    assert set(promised) >= {str(number) for number in range(1, 14)}
    for number, tests in kept.items():
        for test in re.findall(r"`([^`]+)`", tests):
            file, _, name = test.partition("::")
            tree = ast.parse((ROOT / file).read_text())
            functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            named = [node for node in functions if not name or node.name == name]
            words = [ast.get_docstring(node) or "" for node in (tree, *named)]
            assert any(re.search(rf"[Pp]romises?\b[^.:]*\b{number}\b", word) for word in words), (
                test
            )
