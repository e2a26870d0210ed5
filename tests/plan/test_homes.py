"""A home is never swapped without a word: what is held, what is named, and what lets it through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan import guard
from reconciler.plan.guard import Guarded
from reconciler.plan.model import Change, DeletionPolicy, Desired, Live, Outcome, Plan
from reconciler.plan.ownership import OWNER, REPLACES
from reconciler.plan.resolve import ResolvedWorkstation
from tests.plan.declared import resolved
from tests.plan.fakes import Tagged, key, kinds, plan, there, want, wanted

OLD, NEW = key("store", "alice/home"), key("store", "alice/lustre")
OWNED = "alice@example.com"


def template(home: object = OLD, **spec: object) -> Desired:
    return replace(want("template", "acme-alice", **spec), home=home)  # type: ignore[arg-type]


def standing(home: object = OLD, id_: str = "vol-1") -> Live:
    mounts = {home: id_} if home else {}
    return there("template", "acme-alice", mounts=mounts, home=home)  # type: ignore[arg-type]


def store(name: str, id_: str, **more: str) -> Live:
    return there(
        "store", name, attrs={"id": id_, **more}, removal=DeletionPolicy.RETAIN_DATA, owner=OWNED
    )


def check(
    planned: Plan, *approve: str, workstations: tuple[ResolvedWorkstation, ...] = ()
) -> Guarded:
    chosen = workstations or (resolved(owner=OWNED),)
    return guard.check(planned, kinds(), chosen, {}, 9, approve)


def outcomes(guarded: Guarded) -> dict[str, Outcome]:
    return {str(row.key): row.outcome for row in guarded.plan.changes}


# -- another home ----------------------------------------------------------------------------


@pytest.mark.parametrize("home", [NEW, None], ids=["of-another-kind", "none"])
def test_another_home_is_held_with_everything_of_its_workstation(home: object) -> None:
    desired = [template(home, color="blue"), *([want("store", NEW.name)] if home else [])]
    guarded = check(plan(desired, [standing(), store(OLD.name, "vol-1")]))
    (finding,) = [each for each in guarded.findings if each.approval]
    assert finding.code == "home-changes"
    assert f"from {OLD} (vol-1) to {f'{NEW} (to be created, empty)' if home else 'none'}" in (
        finding.message
    )
    assert set(outcomes(guarded).values()) == {Outcome.BLOCKED}


def test_an_approved_home_remembers_the_one_that_it_replaces() -> None:
    """A file system takes minutes: the run after must know that the swap was approved."""
    desired = [template(NEW, color="blue"), replace(want("store", NEW.name), spec=Tagged())]
    planned = plan(desired, [standing(), store(OLD.name, "vol-1")])
    token = next(each.approval for each in check(planned).findings if each.approval)
    guarded = check(planned, token)
    assert set(outcomes(guarded).values()) == {Outcome.PLANNED}
    created = next(row for row in guarded.plan.changes if row.key == NEW)
    assert wanted(created).spec.tags == {REPLACES: "vol-1"}


def test_the_run_after_an_approved_swap_asks_nobody() -> None:
    live = [standing(), store(OLD.name, "vol-1"), store(NEW.name, "fs-2", replaces="vol-1")]
    desired = [template(NEW, color="blue"), want("store", NEW.name)]
    guarded = check(plan(desired, live))
    assert not [each for each in guarded.findings if each.approval]


def test_the_same_tags_on_another_volume_are_another_home() -> None:
    """A restored snapshot takes the place of the volume that the template names."""
    live = [standing(id_="vol-1"), store(OLD.name, "vol-2")]
    guarded = check(plan([template(color="blue"), want("store", OLD.name)], live))
    (finding,) = [each for each in guarded.findings if each.approval]
    assert f"from {OLD} (vol-1) to {OLD} (vol-2)" in finding.message


@pytest.mark.parametrize(
    ("before", "after"), [(OLD, OLD), (None, OLD)], ids=["the-same", "a-first-one"]
)
def test_a_home_that_stays_or_is_the_first_asks_nobody(before: object, after: object) -> None:
    live = [standing(before), store(OLD.name, "vol-1")]
    guarded = check(plan([template(after, color="blue"), want("store", OLD.name)], live))
    assert not [each for each in guarded.findings if each.approval]


# -- another owner ---------------------------------------------------------------------------


def owned(owner: str, tag: str = "") -> Tagged:
    return Tagged(tags={OWNER: tag or owner}, user_data={"owner": owner})


def test_another_owner_is_held_and_both_are_named() -> None:
    live = replace(standing(None), spec=owned(OWNED))
    planned = plan([replace(template(None), spec=owned("bob@example.com"))], [live])
    guarded = check(planned)
    (finding,) = guarded.findings
    assert finding.code == "owner-changes"
    assert "from alice@example.com to bob@example.com" in finding.message
    assert set(outcomes(guarded).values()) == {Outcome.BLOCKED}
    assert set(outcomes(check(planned, finding.approval)).values()) == {Outcome.PLANNED}


def test_an_owner_tag_that_a_hand_changed_is_put_back_at_once() -> None:
    live = replace(standing(None), spec=owned(OWNED, tag="mallory"))
    guarded = check(plan([replace(template(None), spec=owned(OWNED))], [live]))
    assert guarded.findings == ()
    assert set(outcomes(guarded).values()) == {Outcome.PLANNED}


# -- a rename --------------------------------------------------------------------------------


def renamed(owner: str = OWNED) -> tuple[Plan, ResolvedWorkstation]:
    """alicia instead of alice."""
    home = key("store", "alicia/home")
    desired = [
        want("store", home.name, workstation="alicia"),
        replace(want("template", "acme-alicia", workstation="alicia"), home=home),
    ]
    return plan(desired, [store(OLD.name, "vol-1")]), resolved("alicia", owner=owner)


def test_a_likely_rename_is_named_and_held() -> None:
    planned, alicia = renamed()
    guarded = check(planned, workstations=(alicia,))
    finding = next(each for each in guarded.findings if each.approval)
    assert finding.code == "likely-rename"
    assert "was alice renamed?" in finding.message
    assert "vol-1" in finding.message
    assert set(outcomes(guarded).values()) == {Outcome.BLOCKED}
    approved = check(planned, finding.approval, workstations=(alicia,))
    assert set(outcomes(approved).values()) == {Outcome.PLANNED}


def test_a_first_workstation_of_somebody_else_is_no_rename() -> None:
    planned, alicia = renamed("carol@example.com")
    assert not [e for e in check(planned, workstations=(alicia,)).findings if e.approval]


# -- two claimants ---------------------------------------------------------------------------


def claimants() -> list[Live]:
    return [store(OLD.name, "vol-1"), store(OLD.name, "vol-2")]


def home_rows(live: list[Live]) -> list[Change]:
    return [row for row in plan([want("store", OLD.name)], live).changes if row.key == OLD]


def test_the_volume_that_the_template_names_is_the_home() -> None:
    planned = plan([template(), want("store", OLD.name)], [*claimants(), standing(id_="vol-2")])
    assert OLD in planned.unchanged
    assert [live.attrs["id"] for live in planned.retained] == ["vol-1"]


@pytest.mark.parametrize("named", ["", "vol-3"], ids=["no-template", "it-names-neither"])
def test_two_claimants_are_blocked_and_both_are_named(named: str) -> None:
    live = [*claimants(), *([standing(id_=named)] if named else [])]
    (row,) = home_rows(live)
    assert row.outcome is Outcome.BLOCKED
    assert "vol-1 and vol-2 have the same tags" in row.reason
