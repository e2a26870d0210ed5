"""A home that was kept, and a declaration that would take it over: whose it was decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan import guard
from reconciler.plan.guard import Guarded
from reconciler.plan.model import DeletionPolicy, Live, Outcome
from reconciler.plan.ownership import OWNER
from tests.plan.declared import resolved
from tests.plan.fakes import Tagged, key, kinds, plan, there, want

ALICE, MALLORY = "alice@example.com", "mallory@example.com"
HOME = key("store", "alice/home")


def kept(owner: str = ALICE, *, owned: bool = True) -> Live:
    """The home of a workstation that left the YAML."""
    live = there(
        "store", HOME.name, attrs={"id": "vol-1"}, removal=DeletionPolicy.RETAIN_DATA, owner=owner
    )
    return replace(live, spec=Tagged(tags={OWNER: owner} if owner else {}), owned=owned)


def template(home: object = HOME) -> Live:
    return there("template", "acme-alice", mounts={home: "vol-1"}, home=home)  # type: ignore[dict-item,arg-type]


def check(owner: str, *live: Live, approve: str = "") -> Guarded:
    desired = [
        replace(want("store", HOME.name), spec=Tagged(tags={OWNER: owner})),
        replace(want("template", "acme-alice", color="blue"), home=HOME),
    ]
    chosen = (resolved(owner=owner),)
    return guard.check(plan(desired, live), kinds(), chosen, {}, 9, approve.split())


def held(guarded: Guarded) -> list[str]:
    return [each.code for each in guarded.findings if each.approval]


@pytest.mark.parametrize("owner", [ALICE, ""], ids=["of-alice", "of-nobody"])
def test_a_kept_home_of_another_owner_is_held_until_it_is_approved(owner: str) -> None:
    guarded = check(MALLORY, kept(owner))
    (finding,) = [each for each in guarded.findings if each.approval]
    assert finding.code == "home-adopted"
    former_owner = owner or "nobody that its tags name"
    assert (
        f"alice: {HOME} (vol-1) was retained with its data: it belonged to {former_owner}, and "
        f"would become the home of {MALLORY}"
    ) in finding.message
    assert {row.outcome for row in guarded.plan.changes} == {Outcome.BLOCKED}
    approved = check(MALLORY, kept(owner), approve=finding.approval)
    assert {row.outcome for row in approved.plan.changes} == {Outcome.PLANNED}


def test_the_token_is_of_the_home_and_of_both_owners() -> None:
    tokens = {
        check(MALLORY, kept()).findings[0].approval,
        check("eve@example.com", kept()).findings[0].approval,
        check(MALLORY, kept("bob@example.com")).findings[0].approval,
    }
    assert len(tokens) == 3


def test_a_home_that_goes_back_to_its_owner_asks_nobody() -> None:
    """Promise 3: a run that was stopped before the template leaves the same."""
    assert held(check(ALICE, kept())) == []


def test_a_home_that_is_mounted_already_is_not_adopted() -> None:
    """Its owner changes: that is `owner-changes`, asked for where the template says who it is."""
    assert held(check(MALLORY, kept(), template())) == []


def test_a_workstation_without_a_home_that_gets_a_kept_one_is_held() -> None:
    bare = replace(template(), home=None, mounts={})
    assert held(check(MALLORY, kept(), bare)) == ["home-adopted"]


def test_what_is_not_ours_is_not_adopted_but_refused() -> None:
    assert held(check(MALLORY, kept(owned=False))) == []
