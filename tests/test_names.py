"""Names are the field's words: no pronoun, no participle, no private word as a name.

`docs/glossary.md` has the words to use.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ROOMS = ("acceptance", "benchmarks", "reconciler", "tests")
"""Folders that are held to the list, with all that is in them."""

PRONOUNS = {
    *("her", "hers", "him", "his", "it", "its", "mine", "ours", "she", "theirs", "them", "these"),
    *("they", "this", "those", "what", "who", "whom", "whose"),
    *("heard", "said", "told"),
}
"""Not a name of anything: a variable is called by the noun that it stands for."""

BANNED: dict[str, str] = {
    "Began": "StartResult",
    "Clocked": "WorldWithClock",
    "Cloud": "Environment",
    "Complaint": "Message",
    "Desk": "Context",
    "Drought": "Shortage",
    "Dry": "CapacityShortage",
    "Ear": "CallGate",
    "Fire": "Firing",
    "Look": "Style",
    "MOVES": "COMPUTED",
    "Misfit": "SchemaError",
    "OURS": "DECLARED_KEYS",
    "POINTED": "LOCATED",
    "PROOF": "HASHED_NAME",
    "Piece": "ScalarToken",
    "Raise": "MakeWorld",
    "ReadOnce": "ReadCache",
    "RegionDoor": "RegionClient",
    "Removal": "DeletionPolicy",
    "Ruled": "EffectiveState",
    "STALLS": "STOPS",
    "Sight": "StartProgress",
    "Spot": "SourceSpan",  # spot is the market, and nothing else
    "Tap": "CallRecorder",
    "Trap": "AmbiguousScalar",
    "Victim": "Subprocess",
    "Wish": "StartOptions",
    "backstops": "limits",
    "complaint": "message",
    "creation_token": "client_token",
    "excuse": "mark_invalid",
    "exits": "exit_codes",
    "face": "repository",
    "foretold": "with_preview",
    "gather": "merge_documents",
    "hands": "manual_edits",
    "instead_of": "lost_identity",
    "last_look": "precondition",
    "leans_on": "mounts",
    "look_err": "style_err",
    "misfit": "error",
    "nearest": "suggest",
    "passing": "timers",
    "proof": "hashed_name",
    "proofs": "hashed_names",
    "recall": "unavailable",
    "rule_of": "cron_rule",
    "rules_hours": "check_schedule",
    "rules_item": "check_workstation",
    "rules_need": "check_requirements",
    "rules_types": "check_instance_types",
    "ruling": "overlay",
    "sit": "make_context",
    "slips": "corrections",
    "stumbles": "error_origin",
    "tap": "recorder",
    "timetable": "cron",
    "topic_of": "deduplication_key",
    "unspoken": "require_unchanged",
    "victims": "subprocesses",
}
"""Our old word → the field's, for whole identifiers."""

Name = tuple[str, int, bool]
"""An identifier, its line, and whether it is given to something there."""


def files(room: str) -> list[Path]:
    """List the Python files of a folder, without what npm puts there."""
    return sorted(p for p in (ROOT / room).rglob("*.py") if "node_modules" not in p.parts)


def names(tree: ast.AST) -> Iterator[Name]:
    """Find every identifier of a file."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=context) | ast.Attribute(attr=name, ctx=context):
                yield name, node.lineno, isinstance(context, ast.Store)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno, True
                yield from _parameters(node.args)
            case ast.Lambda() if node.lineno != node.end_lineno:
                yield from _parameters(node.args)
            case ast.ClassDef(name=name):
                yield name, node.lineno, True
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno, True
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name, node.lineno, True
            case ast.keyword(arg=str(name)):
                yield name, node.lineno, False
            case ast.Import(names=aliases):
                yield from _imported([], aliases, node.lineno)
            case ast.ImportFrom(names=aliases):
                yield from _imported((node.module or "").split("."), aliases, node.lineno)


def _parameters(arguments: ast.arguments) -> Iterator[Name]:
    groups = (arguments.posonlyargs, arguments.args, arguments.kwonlyargs)
    extra = (arguments.vararg, arguments.kwarg)
    for parameter in (*(p for group in groups for p in group), *(p for p in extra if p)):
        yield parameter.arg, parameter.lineno, True


def _imported(module: list[str], aliases: list[ast.alias], line: int) -> Iterator[Name]:
    for part in (*module, *(part for alias in aliases for part in alias.name.split("."))):
        yield part, line, False
    for alias in aliases:
        if alias.asname:
            yield alias.asname, line, True


def faults(path: Path) -> list[str]:
    """List what is wrong with the names of one file, its own name among them."""
    place = path.relative_to(ROOT)
    found = {(1, path.stem, False)} | {
        (line, name, bound)
        for name, line, bound in names(ast.parse(path.read_text()))
        if name in BANNED or bound
    }
    return [
        f"{place}:{line}: call `{name}` {advice}"
        for line, name, bound in sorted(found)
        if (advice := _advice(name, bound=bound))
    ]


def _advice(name: str, *, bound: bool) -> str:
    if name in BANNED:
        return f"what the field calls it: `{BANNED[name]}`"
    if bound and name.strip("_").lower() in PRONOUNS:
        return "by the noun that it stands for"
    return ""


@pytest.mark.parametrize("room", ROOMS)
def test_names_are_the_words_of_the_field(room: str) -> None:
    found = [fault for path in files(room) for fault in faults(path)]
    assert not found, "\n".join(found)


BINDINGS = """
import said as told
class those:
    def him(who, *its, what=None, **them):
        for it, [said] in who:
            pass
        if theirs := 1:
            pass
        with open("x") as ours:
            pass
        try:
            pass
        except OSError as _those:
            pass
        match who:
            case [mine, *they] | {"a": mine, **these}:
                pass
            case hers:
                who.whom, whose = 1, 2
        return [None for this in who], heard(her=1), x.she
"""


def test_every_way_to_give_a_name_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.py"
    path.write_text(BINDINGS)
    monkeypatch.setattr("tests.test_names.ROOT", tmp_path)
    found = {line.split("`")[1].lstrip("_") for line in faults(path)}
    assert PRONOUNS - found == {"heard", "her", "his", "she"}


def test_a_lambda_of_one_line_may_say_it() -> None:
    lambdas = ("sorted(x, key=lambda it: it.y)", "sorted(x, key=lambda it:\n it.y)")
    bound = [[name for name, _, given in names(ast.parse(code)) if given] for code in lambdas]
    assert bound == [[], ["it"]]


def test_a_banned_word_is_found_as_any_kind_of_identifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from a.old import b\nimport old.c\nclass old: ...\ndef old(): ...\nx.old = f(old=1)\n"
    path = tmp_path / "file.py"
    path.write_text(f"{text}older, text = 'old', 1  # old\n")
    monkeypatch.setattr("tests.test_names.ROOT", tmp_path)
    monkeypatch.setattr("tests.test_names.BANNED", {"old": "new", "file": "path"})
    assert {*faults(path)} == {
        "file.py:1: call `file` what the field calls it: `path`",
        *(f"file.py:{n}: call `old` what the field calls it: `new`" for n in (1, 2, 3, 4, 5)),
    }
