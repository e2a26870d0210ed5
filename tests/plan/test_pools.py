"""Pools of capacity: how many are enough, what is said of too few, and how they are written."""

from __future__ import annotations

import pytest

from reconciler.plan.model import Outcome
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Missing
from tests.plan.declared import resolved
from tests.plan.guarding import GROUP, ROWS, check, codes, pools


@pytest.mark.parametrize(
    ("count", "spot_policy", "code"),
    [
        (0, "auto", "too-few-pools"),
        (1, "auto", "too-few-pools"),
        (1, "spot", "too-few-pools"),
        (2, "auto", "few-spot-pools"),
        (7, "auto", "few-spot-pools"),
        (8, "auto", ""),
        (0, "on-demand", "too-few-pools"),
        (1, "on-demand", ""),
        (7, "on-demand", ""),
    ],
)
def test_how_many_pools_are_enough(count: int, spot_policy: str, code: str) -> None:
    guarded = check(ROWS, [resolved(spot_policy=spot_policy)], pools(count))
    assert codes(guarded.findings) == ([code] if code else [])
    refused = code == "too-few-pools"
    assert [change.outcome for change in guarded.plan.changes] == [
        Outcome.BLOCKED if refused else Outcome.PLANNED,
        Outcome.BLOCKED if refused else Outcome.PLANNED,
        Outcome.PLANNED,
        Outcome.PLANNED,
    ], "its own rows, not its removals, and nobody else's"


def test_a_named_type_that_the_region_lacks_blocks_at_its_line() -> None:
    """Even where other types would be enough: whoever misspelt a type would not learn of it."""
    found = Pools({"us-east-1a": ("g5.xlarge", "g6.xlarge")}, ("g7e.3xlarge",))
    alice = resolved(instance_types=("g7e.3xlarge", "g5.xlarge", "g6.xlarge"))
    guarded = check(ROWS, [alice], found)
    [finding] = guarded.findings
    assert finding.code == "no-such-type"
    assert finding.message == (
        "alice: AWS offers no g7e.3xlarge in us-east-1: correct the name, or take it out of "
        "`instance_types`"
    )
    assert finding.where == alice.declared.places["instance_types"]
    assert [change.outcome for change in guarded.plan.changes][:2] == [Outcome.BLOCKED] * 2


@pytest.mark.parametrize(("spot_policy", "least"), [("auto", 2), ("on-demand", 1)])
def test_a_refusal_names_the_least_and_what_to_widen(spot_policy: str, least: int) -> None:
    (finding,) = check(ROWS, [resolved(spot_policy=spot_policy)], pools(0)).findings
    assert f"0 pools (type × zone), at least {least} " in finding.message
    assert "widen gpu, or add zones" in finding.message
    assert finding.where is not None
    assert finding.where.line == 14, "the place of `gpu`"


def test_the_types_that_match_are_noted_on_the_row_by_zone() -> None:
    guarded = check(ROWS, [resolved()], pools(8))
    notes = {change.key: change.notes for change in guarded.plan.changes}
    assert notes[GROUP] == (
        "8 pools before price protection (8 types: g0.xlarge, g1.xlarge, g2.xlarge, … g7.xlarge "
        "in us-east-1a, us-east-1b; us-east-1a has no g4.xlarge, g5.xlarge, g6.xlarge, g7.xlarge; "
        "us-east-1b has no g0.xlarge, g1.xlarge, g2.xlarge, g3.xlarge)",
    )
    assert not any(found for key, found in notes.items() if key != GROUP)


def test_types_that_could_not_be_read_block_and_are_not_taken_for_none() -> None:
    """Promise 4."""
    unread = Missing("ec2:GetInstanceTypes: slow down", "throttled")
    guarded = check(ROWS, [resolved()], unread)
    assert codes(guarded.findings) == ["pools-unknown"]
    assert [c.error for c in guarded.plan.changes] == ["throttled", "throttled", "", ""]


def test_pools_are_a_count_the_first_types_and_the_zones_that_differ() -> None:
    types = ("g5.12xlarge", "g5.2xlarge", "g5.metal", "g5.xlarge", "g6.xlarge")
    found = Pools({"us-east-1a": types, "us-east-1b": types[1:], "us-east-1c": ()})
    assert str(found) == (
        "9 pools (g5.12xlarge, g5.2xlarge, g5.metal, g5.xlarge, g6.xlarge in us-east-1a, "
        "us-east-1b; us-east-1b has no g5.12xlarge; none in us-east-1c)"
    )
    assert found.by_size() == (
        "9 pools before price protection (g5.xlarge, g6.xlarge, g5.2xlarge, g5.12xlarge, g5.metal "
        "in us-east-1a, us-east-1b; us-east-1b has no g5.12xlarge; none in us-east-1c)"
    )
    assert str(Pools({"us-east-1a": ("g6.xlarge",)})) == "1 pool (g6.xlarge in us-east-1a)"


def test_a_wide_need_is_a_line_and_not_a_wall() -> None:
    many = tuple(f"g{n}.{size}" for n in range(50) for size in ("xlarge", "16xlarge"))
    found = Pools({"us-east-1a": many, "us-east-1b": many[:10]})
    assert found.by_size() == (
        "110 pools before price protection (100 types: g0.xlarge, g1.xlarge, g10.xlarge, … "
        "g9.16xlarge in us-east-1a, us-east-1b; us-east-1b has 10 of them)"
    )
