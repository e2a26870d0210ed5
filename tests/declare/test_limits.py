"""Large files end soon, and the longest names still fit AWS."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from reconciler.declare.calendars import LONGEST
from reconciler.declare.check_workstation import MAX_TAGS
from reconciler.declare.files import MAX_SIZE
from reconciler.declare.ics import MAX_EVENTS, MAX_RULES
from reconciler.declare.scalars import MAX_LENGTH
from reconciler.declare.schema import inlined, schema
from reconciler.declare.source import MAX_DEPTH, MAX_ITEMS
from reconciler.declare.tree import MAX_PROBLEMS
from reconciler.render.problems import AT_MOST
from tests.declare.helpers import DEFAULTS, GPU, Folder

LARGE = {
    "unknown fields": "fleet: ab\n" + "".join(f"k{n}:\n" for n in range(30_000)),
    "unknown fields of a workstation": "fleet: ab\nworkstations:\n  ws:\n"
    + "".join(f"    k{n}:\n" for n in range(20_000)),
    "the same key": "fleet: ab\n" * 20_000,
    "a list of the same": f"fleet: ab\nregions: [{'a,' * 120_000}]\n",
    "a list of all kinds": f"fleet: ab\nregions: [{'a,1,[],{},true,' * 15_000}]\n",
    "aliases": f"fleet: &a ab\nregions: [{'*a,' * 80_000}]\n",
    "bad workstations": "fleet: ab\nworkstations:\n" + "".join(f"  w{n}:\n" for n in range(20_000)),
    "empty workstations": "fleet: ab\nworkstations:\n"
    + "".join(f"  w{n}: {{}}\n" for n in range(15_000)),
    "tabs": "fleet: ab\n" + "\t" * 200_000 + "x",
    "brackets": "fleet: " + "[]" * 100_000,
    "quotes": "fleet: " + "'" * 200_001,
    "colons": "a:" * 100_000,
    "questions": "? " * 100_000,
    "mounts": f"fleet: ab\nworkstations: {{ws: {{storage: {{mounts: [{'{},' * 60_000}]}}}}}}\n",
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_large_file_of_nonsense_ends_soon(folder: Folder, kind: str) -> None:
    assert len(LARGE[kind]) <= MAX_SIZE
    begin = time.process_time()
    assert folder.says(LARGE[kind])
    assert time.process_time() - begin < 20  # a hang, not a budget


def test_the_guide_has_every_limit() -> None:
    guide = (Path(__file__).parents[2] / "docs/yaml-guide.md").read_text()
    limits = guide.partition("## Limits")[2].partition("## ")[0]
    hours = schema()["$defs"]["hours_list"]["maxItems"]
    dates = inlined()["properties"]["calendars"]["additionalProperties"]["properties"]["dates"]
    for number in (MAX_SIZE // 1024, MAX_LENGTH, MAX_DEPTH, MAX_ITEMS, MAX_PROBLEMS, AT_MOST, hours,
                   dates["maxItems"], LONGEST, MAX_EVENTS, MAX_RULES, MAX_TAGS):  # fmt: skip
        assert re.search(rf"(?<!\d){number:,}(?!\d)", limits), number


def test_the_longest_names_fit_aws(folder: Folder) -> None:
    longest = "n" + "x" * 31
    folder.write("_defaults.yaml", DEFAULTS.replace("acme", longest))
    folder.write("a.yaml", f"fleet: {longest}\nworkstations:\n  {longest}: {{{GPU}}}\n")
    site = folder.load()
    name = f"{site.name}-{site.workstations[0].name}"
    assert 3 <= len(name) <= 128  # launch template; an Auto Scaling group may have 255
    assert len(f"{longest}-start-01234567") + 4 <= 64  # schedule, and its group below
    assert len(site.name) <= 64
