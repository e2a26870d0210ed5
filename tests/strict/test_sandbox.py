"""The strict AWS and the sandbox agree wherever the sandbox can tell: one life on both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.kinds import world as kinds
from tests.strict import sites, world
from tests.strict.conftest import Check

LIFE = ("create", "retype", "reroot", "retag", "schedule", "unschedule", "remove")
COUNT = 2
IDS = re.compile(r"\b(fs|i|vpc)-[0-9a-f]{8,17}\b")


def report_rows(report: Any) -> list[str]:
    """A report's rows, without the ids that AWS makes up."""
    assert report is not None
    return [IDS.sub(r"\1", row) for row in kinds.rows(report)]


def problems(sandbox: kinds.World, strict: world.StrictWorld, edit: str) -> Iterator[str]:
    """One edit on both, and the runs it takes."""
    _, after = sites.edited(edit, COUNT)
    sandbox.site = strict.site = after.site()
    for number in (1, 2, 3):
        there, here = report_rows(sandbox.run()), report_rows(strict.run())
        strict.aws.pause(world.PAUSE)
        for only in sorted(set(there) ^ set(here)):
            where = "sandbox" if only in there else "strict AWS"
            yield f"{edit}, run {number}: only on the {where}: {only}"


def test_one_life_on_both(sandbox: object, check: Check) -> None:
    here = world.StrictWorld(world.new_aws(), sites.edited("create", COUNT)[1].site())
    there = kinds.World(here.site)
    check([(edit, problems(there, here, edit)) for edit in LIFE])
