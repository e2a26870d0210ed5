"""Broken YAML: our words, the place to edit, and the other files are still checked."""

from __future__ import annotations

import pytest
import yaml

from reconciler.declare import source
from tests.declare.helpers import Folder

COLON = "a `:` is not expected here (check the indentation, and quote text that has a colon)"
MISSING = "a `:` is missing after this (write `key: value`, with a space after the colon)"
ESCAPE = "an unknown escape in double quotes (use single quotes, or double the backslash)"
QUOTE = "this quote is never closed (add the closing quote)"
OUT_OF_LINE = "this does not line up (indent it like the keys beside it)"
UNEXPECTED = "this is not expected here (check quotes, brackets and colons)"
ENDS = "the file ends within a list or a mapping (add the closing bracket)"
NO_LIST = "a list is not expected here (begin it on a new line)"
NO_VALUE = "a value is missing here (write one, or take the comma out)"

BROKEN = {
    "fleet: ab\ndefaults: [a\n": "2:11: this list is not closed (add a comma or the closing ])",
    "fleet: ab\ndefaults: {a: 1\n": "2:11: this mapping is not closed "
    "(add a comma or the closing })",
    "fleet: ab\nsite: 'x\n": f"2:7: {QUOTE}",
    'fleet: ab\nsite: "x\n': f"2:7: {QUOTE}",
    'fleet: ab\nsite: "x\n---\n': f"2:7: {QUOTE}",
    "fleet: ab\n\tsite: x\n": "2:1: a tab cannot indent (use spaces)",
    "fleet: ab\ndefaults:\n\tgpu: {}\n": "3:1: a tab cannot indent (use spaces)",
    "fleet: ab: cd\n": f"1:10: {COLON}",
    "fleet: ab\n site: x\n": f"2:2: {OUT_OF_LINE}",
    "fleet: ab\nworkstations\n": f"2:1: {MISSING}",
    "fleet: ab\nsite x\ndefaults: {}\n": f"2:1: {MISSING}",
    "fleet: @x\n": "1:8: a value cannot begin with '@' (write the text in quotes)",
    "fleet: `x`\n": "1:8: a value cannot begin with '`' (write the text in quotes)",
    "fleet: %x\n": "1:8: a value cannot begin with '%' (write the text in quotes)",
    "fleet: *\n": "1:9: `*` and `&` mean something else in YAML (write the text in quotes)",
    "fleet: ? x\n": "1:8: a key is not expected here (begin it on a new line)",
    "{fleet: ab,, x: 1}\n": f"1:12: {NO_VALUE}",
    "fleet: }\n": f"1:8: {NO_VALUE}",
    'fleet: "\\q"\n': f"1:9: {ESCAPE}",
    'fleet: "\\xZZ"\n': f"1:11: {ESCAPE}",
    'fleet: "\\ud800"\n': f"1:11: {ESCAPE}",
    "fleet: ab\n- a\n": f"2:1: {OUT_OF_LINE}",
    "workstations:\n  - a\n  b: c\n": "3:3: this does not line up (indent it like the items above)",
    "fleet: - a\n": f"1:8: {NO_LIST}",
    "fleet: 'a' b\n": f"1:12: {UNEXPECTED}",
    "fleet: [a]]\n": f"1:11: {UNEXPECTED}",
    "fleet: >x\n": "1:9: text is not expected here (begin it on the line after | or >)",
    "fleet: !u!x ab\n": "1:8: this tag is not allowed (write a plain value)",
    "fleet: ab\n}\n": f"2:1: {OUT_OF_LINE}",
}


WS = "fleet: vision\nworkstations:\n  ws:\n"
EARLIER = {
    f'{WS}    owner: "al\n    gpu: {{}}\n    tags: {{A: "b"}}\n': "4:12: this quote is closed only "
    "in line 6 (add the closing quote)",
    f"{WS}    owner: 'al\n    tags: {{A: 'b'}}\n": "4:12: this quote is closed only in line 5 "
    "(add the closing quote)",
    f"{WS}    tags: {{A: 'it's'}}\n": "4:19: text goes on after the closing quote "
    "(double a quote that belongs to the text)",
    f"{WS}    owner alice\n    gpu: {{}}\n": f"4:5: {MISSING}",
    f"{WS}    gpu: {{}}\n    owner alice\n": f"5:5: {MISSING}",
    f"{WS}    owner:alice\n    gpu: {{}}\n": "4:10: a blank is missing after the `:` "
    "(write `key: value`)",
    "fleet:vision\nworkstations: {}\n": "1:6: a blank is missing after the `:` "
    "(write `key: value`)",
    f"{WS}    gpu: {{memory: 24GB count: 1}}\n": "4:29: a `:` is not expected here "
    "(quote text that has a colon)",
    f"{WS}    tags: {{A: [b] C: d}}\n": "4:19: a comma is missing before this (add it)",
    f"{WS}    availability_zones: [us-east-1a}}\n": "4:36: `}` cannot close what `[` opened "
    "(write ] instead)",
    f"{WS}    gpu: {{memory: 24GB]\n": "4:23: `]` cannot close what `{` opened (write } instead)",
    f"{WS}    owner: al\n      gpu: {{}}\n": f"5:7: {OUT_OF_LINE}",
}


@pytest.mark.parametrize("text", EARLIER, ids=ascii)
@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
def test_a_mistake_is_shown_where_it_was_made(
    folder: Folder, text: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where the parser stumbled over it, lines later."""
    monkeypatch.setattr(source, "_Parser", getattr(yaml, parser))
    assert folder.says(text) == [EARLIER[text]]


@pytest.mark.parametrize("text", BROKEN, ids=ascii)
def test_broken_yaml(folder: Folder, text: str) -> None:
    assert folder.says(text) == [BROKEN[text]]


def test_broken_yaml_in_one_file_hides_nothing_in_another(folder: Folder) -> None:
    folder.write("broken.yaml", "fleet: [\n")
    folder.write("other.yaml", "fleet: other\nworkstations:\n  ws: {gpu: 24GB}\n")
    assert folder.problems() == [
        f"broken.yaml:1:8: {ENDS}",
        "other.yaml:3:13: `gpu` must be a mapping, not text `24GB` (write {memory: 24GB})",
    ]


def test_a_broken_defaults_file_makes_nothing_below_it_look_incomplete(folder: Folder) -> None:
    folder.write("_defaults.yaml", "site: [\n")
    assert folder.says("fleet: vision\nworkstations:\n  ws: {spot_policy: spt}\n") == [
        f"_defaults.yaml:1:7: {ENDS}",
        "3:21: `spot_policy` must be spot, auto or on-demand, not `spt` (did you mean `spot`?)",
    ]
