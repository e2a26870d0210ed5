"""What a row holds: one of the three things that a run does, or why it does none of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.kinds import security_group_rules, subscription
from reconciler.plan.kind import Kind, diff, write
from reconciler.plan.model import (
    Create,
    Delete,
    DeletionPolicy,
    Outcome,
    Plan,
    Replace,
    Taken,
    Unread,
    Unreadable,
    Unresolved,
    Update,
    Write,
)
from reconciler.plan.resolve import Blocked
from tests.plan.bench import Bench
from tests.plan.fakes import FOREIGN, REGION, WHERE, Fake, only, plan, there, want
from tests.support.fake_aws import FakeAws

UNREADABLE = replace(there("store"), spec=None, ready=False, broken="it has no Zone")
NO_IMAGE = Blocked("vision", "alice", "alice", REGION, "no such image", WHERE, "not-found")


@pytest.mark.parametrize(
    ("planned", "action"),
    [
        (plan([want("store")]), Create),
        (plan([want("store", color="blue")], [there("store")]), Update),
        (plan([], [there("timer", removal=DeletionPolicy.AT_ONCE)]), Delete),
    ],
    ids=["create", "update", "delete"],
)
def test_what_a_run_does(planned: Plan, action: type) -> None:
    row = only(planned)
    assert type(row.action) is action
    assert isinstance(row.action, Write)
    assert row.outcome is Outcome.PLANNED


@pytest.mark.parametrize(
    ("planned", "action"),
    [
        (plan([want("store", zone="b")], [there("store")]), Replace),
        (plan([want("store")], [FOREIGN]), Taken),
        (plan([want("store")], unread=["store"]), Unread),
        (plan([], [UNREADABLE]), Unreadable),
        (plan(blocked=[NO_IMAGE]), Unresolved),
    ],
    ids=["fixed", "foreign", "unread", "unreadable", "unresolved"],
)
def test_what_no_run_does_has_a_type_of_its_own_and_is_blocked(planned: Plan, action: type) -> None:
    row = only(planned)
    assert type(row.action) is action
    assert not isinstance(row.action, Write)
    assert row.outcome is Outcome.BLOCKED


def test_what_no_run_does_is_not_begun_though_it_were_planned(bench: Bench) -> None:
    """No plan has such a row; the three writes are all that an executor knows."""
    refused = only(plan([want("store", zone="b")], [there("store")]))
    done = bench.apply(Plan((replace(refused, outcome=Outcome.PLANNED),)))
    assert bench.store.applied == []
    assert done.changes[0].outcome is Outcome.PLANNED


def test_a_kind_without_update_or_delete_is_asked_for_neither() -> None:
    live, aws = there("store"), FakeAws(REGION)
    for change in (Update(live, want("store")), Delete(live)):
        with pytest.raises(NotImplementedError, match=f"subscription has no {change.op}"):
            write(subscription, aws, change)


def test_the_planner_compares_where_a_kind_does_not() -> None:
    live, wanted = there("store", color="red"), want("store", color="blue")
    (field,) = diff(Fake("store"), live, wanted)
    assert (field.path, field.old, field.new) == ("color", "red", "blue")


def test_a_kind_may_compare_in_its_own_way() -> None:
    kind: Kind = security_group_rules
    rules = [
        security_group_rules.SecurityGroupRules(
            "sg-1", frozenset({security_group_rules.Permission("tcp", port, port, "10.0.0.0/8")})
        )
        for port in (22, 8443)
    ]
    live, wanted = replace(there("x"), spec=rules[0]), replace(want("x"), spec=rules[1])
    (field,) = diff(kind, live, wanted)
    assert (field.old, field.new) == (("tcp 22 from 10.0.0.0/8",), ("tcp 8443 from 10.0.0.0/8",))
