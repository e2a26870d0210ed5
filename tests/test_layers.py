"""Which way imports run: the path load → desired → find → plan → guard → render → apply is one way.

`docs/architecture.md` draws it; this holds it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "reconciler"
FILES = sorted(ROOT.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))

# folder → what it may import of ours; a dotted name means that module alone.
MAY_IMPORT = {
    "declare": {"declare", "errors", "schemas"},
    "aws_api": set[str](),
    "money": {"money"},
    "machine": {"machine", "declare.fleet"},
    "plan": {
        "plan",
        "aws_api",
        "declare.drivers",
        "declare.fleet",
        "declare.warnings",
        "errors",
        "machine",
    },
    "kinds": {
        "kinds",
        "plan",
        "aws_api",
        "declare.fleet",
        "declare.homes",
        "declare.timers",
        "declare.units",
        "errors",
        "machine",
        "money",
        "workstation",
    },
    "images": {
        "images",
        "plan",
        "aws_api",
        "declare.fleet",
        "declare.image_file",
        "errors",
        "workstation.describe",
    },
    "aws": {"aws", "plan", "aws_api", "declare.fleet", "errors", "machine", "money"},
    "doctor": {
        "doctor",
        "engine.environment",
        "engine.read",
        "plan",
        "aws_api",
        "declare.fleet",
        "declare.homes",
        "declare.units",
        "declare.zonedata",
        "errors",
        "workstation.describe",
        "workstation.stop_hook",
    },
    "render": {
        "render",
        "money.storage",
        "plan.json_value",
        "plan.model",
        "commands.model",
        "schedule.human_time",
        "schedule.simulate",
        "workstation",
        "doctor",
        "declare",
        "images",
        "errors",
    },
    "workstation": {"workstation", "plan", "aws_api", "declare.fleet", "errors", "machine"},
    "schedule": {"schedule", "plan", "kinds", "aws_api", "declare", "errors", "workstation"},
    "power": {
        "power",
        "schedule",
        "plan",
        "kinds",
        "money",
        "aws_api",
        "declare",
        "errors",
        "workstation",
    },
    "commands": {
        "commands",
        "power",
        "schedule",
        "plan",
        "kinds",
        "money",
        "aws_api",
        "declare",
        "errors",
        "workstation",
    },
    "engine": {
        "engine",
        "plan",
        "power",
        "schedule",
        "kinds",
        "aws",
        "aws_api",
        "declare.fleet",
        "errors",
        "workstation",
    },
    "sandbox": {"sandbox"},
    "errors": set[str](),
    "cli": {
        "cli",
        "aws",
        "aws_api",
        "declare",
        "doctor",
        "engine",
        "errors",
        "images",
        "kinds",
        "money.compute",
        "money.storage",
        "plan",
        "commands",
        "power",
        "schedule",
        "render",
        "sandbox",
        "workstation",
    },
    "__main__": {"cli"},
    "__init__": {"library"},
    "library": {"plan", "declare.fleet", "declare.load", "aws.client", "engine"},
}

# package → the only places that import it: one owner each.
OWNERS = {
    "boto3": {"aws/client.py", "sandbox/"},
    "botocore": {"aws/", "sandbox/"},
    "click": {"cli/"},
    "deepdiff": {"plan/diff.py"},
    "icalendar": {"declare/ics.py"},
    "jsonschema": {"declare/"},
    "moto": {"sandbox/"},
    "recurring_ical_events": {"declare/ics.py"},
    "tenacity": {"aws/retries.py"},
    "tzdata": {"declare/zonedata.py"},
    "yaml": {"declare/"},
}


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every imported module of a file, in full, with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write imports in full"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole if _is_module(whole) else str(node.module)), node.lineno


def _is_module(name: str) -> bool:
    path = ROOT.parent / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def module(path: Path) -> str:
    """`plan.diff` for reconciler/plan/diff.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", FILES, ids=module)
def test_a_file_imports_only_what_its_layer_may(path: Path) -> None:
    allowed = MAY_IMPORT[module(path).split(".")[0]]
    for name, line in imports(path):
        if name == "reconciler" or not name.startswith("reconciler."):
            continue
        imported = name.removeprefix("reconciler.")
        assert any(imported == a or imported.startswith(f"{a}.") for a in allowed), (
            f"{path}:{line}: {module(path)} may not import {imported}"
        )


@pytest.mark.parametrize("path", FILES, ids=module)
def test_a_package_has_one_owner(path: Path) -> None:
    where = str(path.relative_to(ROOT))
    for name, line in imports(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or any(where.startswith(owner) for owner in owners), (
            f"{path}:{line}: {name} belongs to {', '.join(sorted(owners))}"
        )


def rooms() -> dict[str, set[str]]:
    """Which folder, or file beside the folders, imports which."""
    graph: dict[str, set[str]] = {}
    for path in FILES:
        room = module(path).split(".")[0]
        found = {name.split(".")[1] for name, _ in imports(path) if name.startswith("reconciler.")}
        graph.setdefault(room, set()).update(found - {room, "schemas"})
    return graph


def test_the_folders_have_no_circle() -> None:
    """Not of one file, and not of folders: each can be read after those that it stands on."""
    try:
        order = list(TopologicalSorter(rooms()).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))
    assert order.index("plan") < order.index("power") < order.index("engine") < order.index("cli")


IMPURE = {"concurrent", "threading", "time", "random", "os", "subprocess", "socket"}


@pytest.mark.parametrize("path", sorted((ROOT / "plan").glob("*.py")), ids=module)
def test_the_planner_is_pure(path: Path) -> None:
    """It holds no executor, no clock and no file: whoever calls it has read everything."""
    assert not {name.split(".")[0] for name, _ in imports(path)} & IMPURE


def test_the_import_graph_has_no_circle() -> None:
    known = {module(path) for path in FILES}
    graph = {
        module(path): {
            name.removeprefix("reconciler.")
            for name, _ in imports(path)
            if name.removeprefix("reconciler.") in known
        }
        for path in FILES
    }
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))
    assert set(order) >= known


def test_no_file_is_longer_than_400_lines() -> None:
    """A test file, too: past that it has a second subject."""
    lines = {
        str(p.relative_to(ROOT.parent)): len(p.read_text().splitlines()) for p in FILES + TESTS
    }
    long = {path: number for path, number in lines.items() if number > 400}
    assert not long
