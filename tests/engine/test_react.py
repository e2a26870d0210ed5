"""What an event calls for, and whose it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.engine.listen import react, resolve
from reconciler.power.notices import deduplication_key
from tests.engine.listening import (
    FAILED_AT,
    FAILURE,
    INTERRUPTION,
    NOW,
    REBALANCE,
    ListeningPause,
    group,
    parsed,
    tags,
)


@pytest.mark.parametrize(
    ("document", "wakes"), [(FAILURE, True), (INTERRUPTION, True), (REBALANCE, False)]
)
def test_what_an_event_calls_for(
    world: ListeningPause, document: dict[str, Any], wakes: bool
) -> None:
    recipient = resolve(parsed(document), world.context)
    assert recipient is not None
    reaction = react(parsed(document), recipient, {})
    assert reaction.notice is not None
    assert reaction.notice.attributes["event"] == parsed(document).type
    assert reaction.wake is wakes


def test_a_repeat_is_looked_at_but_not_told(world: ListeningPause) -> None:
    """The wait for On-Demand may be over by now."""
    recipient = resolve(parsed(FAILURE), world.context)
    assert recipient is not None
    sent = {deduplication_key(parsed(FAILURE), recipient): NOW - timedelta(minutes=10)}
    assert react(parsed(FAILURE), recipient, sent) == (None, True)


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-20T11:59:00Z",  # a whole round has seen since
        "2026-11-20T13:06:00Z",  # of a clock that is wrong, or of nobody's
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_not_of_now_is_thrown_away(world: ListeningPause, time: str) -> None:
    assert world.receive_and_act(FAILURE | {"time": time}) == []
    assert (world.subjects, world.ran, world.sent) == ([], [], {})
    assert not [name for name in world.client.operations if name.startswith("describe")]


def test_who_is_from_the_tags_and_the_yaml(world: ListeningPause) -> None:
    world.client.groups["acme-alice"] = group(
        reconciler_market="on-demand since 2026-11-20T12:00:00Z"
    )
    for document in (FAILURE, INTERRUPTION):
        recipient = resolve(parsed(document), world.context)
        assert recipient is not None
        assert (recipient.name, recipient.fleet, recipient.owner) == (
            "alice",
            "vision",
            "alice@example.com",
        )
        assert recipient.spot_policy == world.site.workstations[0].spot_policy
        assert recipient.lease == "on-demand since 2026-11-20T12:00:00Z"
        assert recipient.wanted
        assert recipient.home is False
        assert recipient.failing_since == (FAILED_AT if document is FAILURE else None)


def test_one_that_left_the_yaml_is_told_and_not_run(world: ListeningPause) -> None:
    world.site = replace(world.site, workstations=world.site.workstations[1:])
    assert world.receive_and_act(FAILURE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_an_instance_without_its_group_is_off(world: ListeningPause) -> None:
    world.client.groups.clear()
    recipient = resolve(parsed(INTERRUPTION), world.context)
    assert recipient is not None
    assert not recipient.wanted
    assert resolve(parsed(FAILURE), world.context) is None


@pytest.mark.parametrize("document", [FAILURE, INTERRUPTION], ids=["group", "instance"])
def test_another_sites_event_is_thrown_away(
    world: ListeningPause, document: dict[str, Any]
) -> None:
    """acme-alice may be the workstation alice of acme, or ice of the site acme-al."""
    world.client.groups["acme-alice"] = group(reconciler_site="acme-al")
    world.client.instances["i-0abc1234"] = tags(reconciler_site="acme-al")
    assert world.receive_and_act(document) == []
    assert world.subjects == []
    assert world.ran == []
    asked = [name for name in world.client.operations if name.startswith("describe")]
    read = "describe_auto_scaling_groups" if document is FAILURE else "describe_instances"
    assert asked == [read]


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "210987654321"},
        {"region": "eu-central-1"},
        {"region": "x.evil.example"},
        {"detail": {"AutoScalingGroupName": "acme-nobody"}},
        {"detail": {"AutoScalingGroupName": "other-alice"}},
    ],
    ids=str,
)
def test_what_is_not_here_is_thrown_away(world: ListeningPause, changes: dict[str, Any]) -> None:
    assert world.receive_and_act(FAILURE | changes) == []
    assert world.subjects == []
    assert "describe_scaling_activities" not in world.client.operations


@pytest.mark.parametrize("id_", ["i-0def1234", "*", "i-0abc1234,i-0def1234"])
def test_an_instance_that_is_not_there(world: ListeningPause, id_: str) -> None:
    assert world.receive_and_act(INTERRUPTION | {"detail": {"instance-id": id_}}) == []
    assert world.subjects == []
