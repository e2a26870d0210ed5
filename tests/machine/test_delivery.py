"""The agent as it is delivered: the same bytes everywhere, the same code, small enough."""

from __future__ import annotations

import ast
import hashlib
import io
import lzma
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.machine import agent, user_data
from reconciler.machine.agent import strip

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "ami/agent/ws").glob("*.py"))
ROOM = 700
"""Bytes for the instance file, gzipped: three mounts and three keys of type ssh-ed25519."""


def plain(source: str) -> str:
    """The tree of the code without its docstrings and without the types of functions."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [each for each in body if not is_text(each)]
            body[:] = kept or ([] if isinstance(node, ast.Module) else [ast.Pass()])
    return ast.dump(tree)


def is_text(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_is_cut_out_changes_no_code(path: Path) -> None:
    source = path.read_text()
    delivered = strip(source)
    assert ast.dump(ast.parse(delivered)) == plain(source)
    assert len(delivered) < len(source)


ODD = '''\
"""A module."""
# a comment
TEXT = """first

  # no comment
last"""  # a comment


class Empty(Exception):
    """Only a docstring."""


def call(path: str = "é", *more: dict[str, int], of: str | None = None) -> tuple[str, str]:
    """Say.

    More.
    """
    for each in (
        more
    ):
        TEXT  # é, and a comment
    "# no comment"
    return f"{path} # no comment"
'''


def test_texts_keep_what_looks_like_a_comment_or_an_empty_line() -> None:
    assert strip(ODD) == (
        'TEXT="""first\n\n  # no comment\nlast"""\n'
        "class Empty(Exception):\n pass\n"
        'def call(path="é",*more,of=None):\n'
        " for each in(more):\n  TEXT\n"
        ' return f"{path} # no comment"\n'
    )


BUILD = f"""
import hashlib, sys
from importlib import util

sys.path[:0] = [{str(ROOT)!r}]
root = {str(ROOT / "reconciler")!r}
# Without what stands in it: the other Python has none of the product's dependencies.
spec = util.spec_from_file_location(
    "reconciler", root + "/__init__.py", submodule_search_locations=[root]
)
sys.modules["reconciler"] = package = util.module_from_spec(spec)
package.__version__ = {__version__!r}
from reconciler.machine import agent

print(hashlib.sha256(repr((agent.files(), agent.carried())).encode()).hexdigest())
"""


def other_pythons() -> Iterator[str]:
    for minor in range(11, 16):
        found = shutil.which(f"python3.{minor}")
        works = found and subprocess.run([found, "-c", ""], capture_output=True, check=False)
        if found and works and not works.returncode and minor != sys.version_info[1]:
            yield found


def test_another_python_builds_the_same_bytes() -> None:
    """Plans of two people must not differ because their Pythons do."""
    digest = hashlib.sha256(repr((agent.files(), agent.carried())).encode()).hexdigest()
    others = list(other_pythons())
    for python in (*others, sys.executable):
        done = subprocess.run([python, "-c", BUILD], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == digest, python
    if not others:
        pytest.skip("no other Python from 3.11 on is installed")


def test_the_archive_is_stored_with_fixed_times() -> None:
    with zipfile.ZipFile(io.BytesIO(agent.files()[0].content)) as packed:
        names = packed.namelist()
        assert names == sorted(names)
        assert {each.compress_type for each in packed.infolist()} == {zipfile.ZIP_STORED}
        assert {each.date_time for each in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {f"ws/{path.name}" for path in MODULES} | {"__main__.py"} == set(names)


def ws(archive: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it by the line of /usr/bin/ws, isolated from whatever is installed beside it."""
    python = [sys.executable, "-I", str(archive)]
    return subprocess.run([*python, *arguments], capture_output=True, text=True, check=False)


def test_it_runs_as_an_image_has_it(tmp_path: Path) -> None:
    archive = tmp_path / "ws.pyz"
    archive.write_bytes(agent.files()[0].content)
    done = ws(archive, "--help")
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "usage: ws COMMAND")
    assert imported(archive, {path.stem for path in MODULES} - {"__init__"}) == ""


def imported(archive: Path, modules: set[str]) -> str:
    """Import modules of an archive, and run nothing of them; return what went wrong."""
    names = ", ".join(f"ws.{name}" for name in sorted(modules))
    code = f"import sys; sys.path[:0] = [{str(archive)!r}]; import {names}"
    python = [sys.executable, "-I", "-c", code]
    return subprocess.run(python, capture_output=True, text=True, check=False).stderr


def test_it_runs_as_user_data_carries_it(tmp_path: Path) -> None:
    """Unpacked by the very command of the user data."""
    content = agent.unpacked(agent.carried().content)
    where = tmp_path / agent.PACK.lstrip("/")
    where.parent.mkdir(parents=True)
    elsewhere = {}
    for path, text in content.items():
        elsewhere[f"{tmp_path}{path}" if path[0] == "/" else path] = text
        (tmp_path / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    packed = "".join(f"{path}\0{text}\0" for path, text in elsewhere.items())
    where.write_bytes(lzma.compress(packed.encode()))
    [(_, *flags, unpack)] = [each for each in agent.commands() if not isinstance(each, str)]
    code = unpack.replace("/usr/lib/ws/", f"{where.parent}/")
    subprocess.run([sys.executable, *flags, code], check=True)
    archive = where.parent / "ws.pyz"
    for each in agent.files()[1:]:
        assert (tmp_path / each.path.lstrip("/")).read_bytes() == each.content
    assert ws(archive, "--help").returncode == 0
    there = {path.stem for path in MODULES} - {"__init__", *agent.ONLY_IN_IMAGES}
    assert imported(archive, there) == ""
    left_out = ws(archive, "doctor")
    assert (left_out.returncode, left_out.stderr) == (
        1,
        "ws doctor: ws.doctor is only in images with the agent\n",
    )


def test_what_is_carried_needs_nothing_that_is_left_out() -> None:
    files = agent.unpacked(agent.carried().content)
    modules = {name: text for name, text in files.items() if name.startswith("ws/")}
    known = {f"ws/{path.name}" for path in MODULES}
    assert known - set(modules) == {f"ws/{name}.py" for name in agent.ONLY_IN_IMAGES}
    for name, text in modules.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module == "ws":
                needed = {each.name for each in node.names if f"ws/{each.name}.py" in known}
            elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("ws."):
                needed = {str(node.module).removeprefix("ws.")}
            else:
                continue
            assert not needed & set(agent.ONLY_IN_IMAGES), name


def test_the_carried_agent_leaves_room_for_an_instance_file() -> None:
    left = user_data.LIMIT - user_data.size({}, carries_agent=True)
    assert left >= ROOM, (
        f"{left} bytes are left: make the code in ami/agent shorter, or leave out more of it "
        "(ONLY_IN_IMAGES)"
    )


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("0.1.0", "0.1.0"),
        ("1.2", "1.2"),
        ("1.0.0rc1", "1.0.0rc1"),
        ("1.0.0+abc", "1.0.0+abc"),
        ("", ""),
        ("latest", ""),
        ("0.1.0\n", ""),
        ("0.1.0; reboot", ""),
        ("1" * 50, ""),
        ("\u202e0.1.0", ""),
    ],
)
def test_a_tag_of_an_image_is_a_version_or_nothing(tag: str, version: str) -> None:
    assert agent.version_of_tag(tag) == version


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.0.9", "0.1.0", True),
        ("0.9.0", "0.10.0", True),
        ("1", "1.0.0", False),
        ("1.0.0rc1", "1.0.0", False),
        ("2.0", "1.9.9", False),
    ],
)
def test_versions_compare_by_their_numbers(version: str, than: str, older: bool) -> None:
    assert agent.is_older(version, than) is older
