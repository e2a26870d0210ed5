"""The guards: what stops a run or a row, the token that lets exactly one plan through."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.declare.fleet import Mount
from reconciler.plan.model import (
    Change,
    DeletionPolicy,
    FieldChange,
    Finding,
    Impact,
    Key,
    Level,
    Live,
    Op,
    Outcome,
    Plan,
)
from tests.plan.declared import REGION, lustre, resolved, subnet
from tests.plan.fakes import Tagged, key, plan, there, want, wanted
from tests.plan.guarding import ROWS, check, codes, pools
from tests.support.plan_rows import plan_row

TOKEN = 32
"""Hexadecimal digits of a token: 128 bits."""


def removal(name: str, kind: str = "group") -> Change:
    return plan_row(Op.DELETE, Key(REGION, kind, f"acme-{name}"), workstation=name)


def disruption(name: str) -> Change:
    key = Key(REGION, "store", f"acme-{name}/home")
    grown = FieldChange("size", "size", 1, 2)
    return plan_row(Op.UPDATE, key, (grown,), impact=Impact.DISRUPTIVE, workstation=name)


def token_in(finding: Finding | str) -> str:
    text = finding if isinstance(finding, str) else finding.message
    (token,) = re.findall(r"--approve ([0-9a-f]{32})\b", text)
    return str(token)


# -- how many at once ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "limit"), [(1, 1), (9, 1), (10, 1), (19, 1), (20, 2), (29, 2), (100, 10), (0, 1)]
)
@pytest.mark.parametrize(
    ("row", "code"), [(removal, "many-removals"), (disruption, "many-disruptions")]
)
def test_a_tenth_of_the_workstations_may_go_and_never_fewer_than_one(
    row: Callable[[str], Change], code: str, live: int, limit: int
) -> None:
    few = Plan(tuple(row(f"w{i}") for i in range(limit)))
    many = Plan(tuple(row(f"w{i}") for i in range(limit + 1)))
    assert check(few, live=live).findings == ()
    (finding,) = check(many, live=live).findings
    assert (finding.code, len(finding.approval), finding.level) == (code, TOKEN, Level.ERROR)
    assert f"{limit + 1} of {live} workstations" in finding.message
    assert f"more than {limit}: these rows are held back" in finding.message


def test_a_workstation_counts_once_however_much_of_it_goes() -> None:
    rows = tuple(removal("bob", kind) for kind in ("timer", "group", "template"))
    assert check(Plan(rows)).findings == ()


@pytest.mark.parametrize(
    "outcome", [Outcome.WAITING, Outcome.BLOCKED], ids=lambda outcome: outcome.value
)
def test_what_is_not_done_now_does_not_count(outcome: Outcome) -> None:
    rows = tuple(replace(removal(f"w{i}"), outcome=outcome) for i in range(5))
    assert check(Plan(rows)).findings == ()


def test_a_change_that_lands_at_the_next_start_needs_no_ceremony() -> None:
    """A new image in _defaults.yaml touches everybody, and disturbs nobody."""
    rows = tuple(
        plan_row(Op.UPDATE, Key(REGION, "template", f"w{i}"), impact=Impact.NEXT_START)
        for i in range(100)
    )
    assert check(Plan(rows), live=100).findings == ()


def test_a_schedule_that_goes_is_not_a_workstation_that_goes() -> None:
    """Nor is what a killed run left behind: the next one must be able to clear it away."""
    names = [f"w{i}" for i in range(20)]
    rows = tuple(removal(name, "timer") for name in names)
    assert check(Plan(rows), [resolved(name) for name in names], live=20).findings == ()


def test_a_workstation_that_moves_away_counts_as_removed_here() -> None:
    rows = tuple(removal(f"w{i}") for i in range(5))
    elsewhere = [
        replace(each, declared=replace(each.declared, region="eu-central-1"))
        for each in (resolved(f"w{i}") for i in range(5))
    ]
    assert codes(check(Plan(rows), elsewhere, live=20).findings) == ["many-removals"]


def test_the_names_are_told_and_shortened() -> None:
    (finding,) = check(Plan(tuple(removal(f"w{i}") for i in range(7)))).findings
    assert "(w0, w1, w2, w3, w4, …)" in finding.message


# -- the token -------------------------------------------------------------------------------

THREE = Plan(tuple(removal(f"w{i}") for i in range(3)))


def test_the_token_lets_exactly_this_plan_through() -> None:
    token = token_in(check(THREE).findings[0])
    assert check(THREE, approve=token).findings == ()


def test_the_token_does_not_depend_on_the_order_of_rows() -> None:
    turned = Plan(tuple(reversed(THREE.changes)))
    assert token_in(check(turned).findings[0]) == token_in(check(THREE).findings[0])


@pytest.mark.parametrize(
    "other",
    [Plan((*THREE.changes, removal("w3"))), Plan(THREE.changes[:2])],
    ids=["one-more-removal", "one-fewer"],
)
def test_a_token_of_another_plan_is_stale_and_the_message_says_so(other: Plan) -> None:
    token = token_in(check(THREE).findings[0])
    (finding,) = check(other, approve=token).findings
    assert f"(the token {token} belongs to another plan)" in finding.message
    assert token_in(finding) != token


def test_each_guard_has_a_token_of_its_own_and_both_may_be_given() -> None:
    both = Plan((*THREE.changes, *(disruption(f"d{i}") for i in range(3))))
    findings = check(both).findings
    assert codes(findings) == ["many-removals", "many-disruptions"]
    tokens = [token_in(finding) for finding in findings]
    assert codes(check(both, approve=tokens[0]).findings) == ["many-disruptions"]
    assert check(both, approve=" ".join(tokens)).findings == ()


def test_a_machine_that_starts_meanwhile_does_not_change_the_token() -> None:
    started = replace(THREE.changes[2], outcome=Outcome.WAITING, error="in-use")
    token = token_in(check(THREE).findings[0])
    assert check(Plan((*THREE.changes[:2], started)), approve=token).findings == ()


def test_harmless_rows_do_not_change_the_token() -> None:
    more = Plan((*THREE.changes, plan_row(Op.CREATE, Key(REGION, "template", "new"))))
    assert token_in(check(more).findings[0]) == token_in(check(THREE).findings[0])


# -- what is held back, and what goes on --------------------------------------------------


def test_too_many_removals_block_removals_alone() -> None:
    """Promise 7: these rows wait, everything else goes on."""
    made = plan_row(Op.CREATE, Key(REGION, "template", "new"), workstation="new")
    guarded = check(Plan((*THREE.changes, made)))
    outcomes = [(row.op, row.outcome, row.error) for row in guarded.plan.changes]
    assert outcomes == [
        *[(Op.DELETE, Outcome.BLOCKED, "many-removals")] * 3,
        (Op.CREATE, Outcome.PLANNED, ""),
    ]


def test_what_runtime_wants_is_never_held_back() -> None:
    """Promise 15: the group's row is split, and its shape stays as it is in AWS."""
    [live] = [there("group", "acme-alice", color="red", power=1)]
    desired = want("group", "acme-alice", color="blue", power=0)
    guarded = check(plan([desired], [live]), [resolved()], pools(0))
    runtime, shape = guarded.plan.changes
    assert (runtime.outcome, [f.field for f in runtime.fields]) == (Outcome.PLANNED, ["power"])
    assert (wanted(runtime).spec.color, wanted(runtime).spec.power) == ("red", 0)
    assert (shape.outcome, [f.field for f in shape.fields]) == (Outcome.BLOCKED, ["color"])


@pytest.mark.parametrize(
    ("impact", "left"), [(Impact.STOPS, Impact.STOPS), (Impact.DISRUPTIVE, Impact.NONE)]
)
def test_what_is_split_off_says_that_it_stops_and_not_what_is_held(
    impact: Impact, left: Impact
) -> None:
    live = there("group", "acme-alice", color="red", power=1)
    planned = plan([want("group", "acme-alice", color="blue", power=0)], [live])
    rows = tuple(replace(row, impact=impact) for row in planned.changes)
    guarded = check(replace(planned, changes=rows), [resolved()], pools(0))
    assert guarded.plan.changes[0].impact is left


def test_shared_data_disturbs_everybody_who_mounts_it() -> None:
    data = key("store", "datasets")
    templates = [
        there("template", name, workstation=name, mounts={data: "fs-1"}) for name in ("ann", "bob")
    ]
    live = there("store", "datasets", workstation="", engine=1)
    planned = plan([want("store", "datasets", workstation="", engine=2)], [live, *templates])
    (finding,) = check(planned, live=9).findings
    assert finding.code == "many-disruptions"
    assert "2 of 9 workstations would be disturbed at once (ann, bob)" in finding.message


# -- data that was there and is gone ---------------------------------------------------------


def lost(template: str = "alice") -> Plan:
    leaning = there("template", template, mounts={want("store").key: "id-alice"})
    made = replace(want("store"), spec=Tagged())
    return plan([made], [leaning, there("group")])


def test_data_that_is_gone_is_not_made_anew_in_silence() -> None:
    guarded = check(lost())
    (finding,) = guarded.findings
    row = guarded.plan.changes[0]
    assert (finding.code, len(finding.approval)) == ("data-missing", TOKEN)
    assert (row.outcome, row.error) == (Outcome.BLOCKED, "data-missing")
    assert token_in(row.reason) == token_in(finding)
    assert "restore it from a backup" in finding.message


def test_its_token_lets_a_new_empty_one_be_made() -> None:
    token = token_in(check(lost()).findings[0])
    guarded = check(lost(), approve=token)
    assert guarded.findings == ()
    assert guarded.plan.changes[0].outcome is Outcome.PLANNED


def test_its_token_is_of_this_loss_and_not_of_the_next() -> None:
    """A token left in a pipeline must not let a second loss through."""
    token = token_in(check(lost()).findings[0])
    again = check(lost("alice-2"), approve=token)
    assert codes(again.findings) == ["data-missing"]
    assert token_in(again.findings[0]) != token


def test_a_first_creation_asks_nobody() -> None:
    assert check(plan([want("store")])).findings == ()


# -- what is only told -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zones", "mounts", "crosses"),
    [("ab", True, True), ("a", True, False), ("ab", False, False)],
    ids=["lustre-and-two-zones", "one-zone", "no-lustre"],
)
def test_traffic_between_zones_is_told(zones: str, mounts: bool, crosses: bool) -> None:
    mounted = (Mount(lustre("datasets", ""), "/fsx"),) if mounts else ()
    findings = check(ROWS, [resolved(zones=zones, mounts=mounted)]).findings
    assert codes(findings) == (["cross-zone-traffic"] if crosses else [])


def test_kept_data_is_told_with_its_cost() -> None:
    kept = Live(
        Key(REGION, "file_system", "acme-bob/home"),
        None,
        owned=True,
        attrs={"id": "fs-1"},
        removal=DeletionPolicy.RETAIN_DATA,
        monthly_cost="about $174/month",
    )
    (finding,) = check(Plan(retained=(kept,))).findings
    assert (finding.code, finding.level, finding.approval) == (
        "data-kept",
        Level.WARNING,
        "",
    )
    assert "acme-bob/home (fs-1)" in finding.message
    assert finding.message.endswith("its data is retained, about $174/month")


def test_who_has_a_public_address_is_told_in_each_plan() -> None:
    subnets = (replace(subnet("c"), public=True),)
    each = replace(resolved("bob", public_addresses=True), subnets=subnets)
    [finding] = check(plan(), (each,)).findings
    assert (finding.code, finding.level) == ("public-address", Level.WARNING)
    assert "bob: it has a public address (subnet-c)" in finding.message
