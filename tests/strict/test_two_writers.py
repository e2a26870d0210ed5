"""Two runs at once, of one commit or of two: nothing is doubled, and the newer one holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from reconciler.declare.fleet import Site
from tests.strict import sites
from tests.strict.cache import MEMO
from tests.strict.conftest import Check
from tests.strict.faults import Faults
from tests.strict.interleaving import Seat, Turns
from tests.strict.scenario import start, verdict
from tests.strict.sites import EDITS
from tests.strict.world import StrictWorld
from tests.support.samples import SOAK, sample

Switch = dict[int, int] | Callable[[int, int], int]


def problems(
    edit: str, count: int, switch: Switch, declared: tuple[str, ...], lag: int = 0
) -> Iterator[str]:
    """Runs side by side, each of the commit `declared` names; then the newer one alone."""
    begin = start(edit, count)
    aws = begin.aws.fork()
    aws.lag = dict.fromkeys(aws.lag, lag)
    before, after = sites.edited(edit, count)
    commits: dict[str, Site] = {"old": (before or after).site(), "new": after.site()}

    def run(index: int, site: Site) -> Callable[[Seat], object]:
        return lambda seat: StrictWorld(aws, site, seat, f"run-{index}", memo=MEMO).run()

    Turns(switch).play([run(index, commits[name]) for index, name in enumerate(declared)])
    aws.rest(600)
    yield from verdict(StrictWorld(aws, begin.site, Faults()), begin, lag)


def twice(calls: int) -> list[dict[int, int]]:
    """One or two preemptions: the second run goes first before call i, the first one before j."""
    return [
        {i: 1, **({j: 0} if j else {})}
        for i in range(1, calls + 1)
        for j in (0, *range(i + 1, i + calls))
    ]


SAME = [(edit, count) for count in (1, 2) for edit in EDITS]


@pytest.mark.parametrize(("edit", "count"), SAME, ids=[f"{e}-{n}" for e, n in SAME])
def test_two_preemptions_of_the_same_commit(edit: str, count: int, check: Check) -> None:
    schedules = twice(start(edit, count).first)
    chosen = sample(schedules, None if (edit, count) == ("create", 1) else 80, edit)
    cases = (
        (str(schedule), problems(edit, count, schedule, ("new", "new"))) for schedule in chosen
    )
    check(cases, len(schedules))


@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit not in ("create", "resize")])
def test_two_preemptions_of_the_old_and_the_new_commit(edit: str, check: Check) -> None:
    schedules = twice(start(edit, 1).first)
    chosen = sample(schedules, 80, edit)
    cases = ((str(schedule), problems(edit, 1, schedule, ("old", "new"))) for schedule in chosen)
    check(cases, len(schedules))


@pytest.mark.parametrize("edit", EDITS)
def test_three_runs_in_any_order(edit: str, check: Check) -> None:
    def anyone(seed: int) -> Switch:
        random = Random(seed)
        return lambda call, index: random.randrange(3) if random.random() < 0.3 else index

    check(
        (
            f"seed={seed}",
            problems(edit, 3, anyone(seed), ("new", "new", "new"), (0, 3, 30)[seed % 3]),
        )
        for seed in range(2000 if SOAK else 12)
    )
