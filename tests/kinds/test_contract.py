"""What every kind keeps, run over all of them: no test here is about one kind.

Promises 1, 2, 3, 5 and 6 (docs/promises.md) for each kind and each field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine.run import apply
from reconciler.kinds import KINDS as ALL
from reconciler.plan.codes import LATER
from reconciler.plan.kind import Compared, Deletable, Kind, Updatable
from reconciler.plan.model import DeletionPolicy, Key, Live, Op, Outcome
from reconciler.plan.update_policy import When
from tests.kinds import cases, foreign_resources, manual_edits
from tests.kinds.world import World, live, row, rows, writes

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

KINDS = cases.DECLARABLE
IDS = [kind.NAME for kind in KINDS]
FIELDS = [
    (kind, field)
    for kind in KINDS
    for field in kind.UPDATE_POLICY
    if (kind.NAME, field) not in cases.ONLY_BY_HAND | cases.ONLY_BY_RUNTIME
]
BY_HAND = [
    (kind, name, edit)
    for kind, edits in manual_edits.BY_HAND.items()
    for name, edit in edits.items()
]


@pytest.fixture(scope="module")
def world(module_sandbox: object) -> World:
    """A fleet that needs every kind, applied."""
    made = World()
    made.settle()
    return made


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_rules_name_every_field_but_identity(kind: Kind) -> None:
    spec = cases.SPECS[kind.NAME]
    assert {f.name for f in fields(spec)} - set(kind.UPDATE_POLICY) == cases.IDENTITY[kind.NAME]
    for field, rule in kind.UPDATE_POLICY.items():
        if rule.when is When.NEVER or rule.grows:
            assert len(rule.advice) > 20, f"{field}: a refusal says what to do instead"


def test_a_kind_has_the_optional_halves_that_it_needs_and_no_other(world: World) -> None:
    """A plan has no update of a kind without rules, and no deletion of what stays."""
    halves: list[tuple[Any, tuple[object, ...]]] = [
        (Updatable, cases.UPDATABLE),
        (Deletable, cases.DELETABLE),
        (Compared, cases.COMPARED),
    ]
    for protocol, listed in halves:
        assert [kind for kind in ALL if isinstance(kind, protocol)] == list(listed), protocol
    updated = {kind.NAME for kind in ALL if isinstance(kind, Updatable)}
    assert updated == {kind.NAME for kind in ALL if kind.UPDATE_POLICY}
    found = live(world)
    deleted = {
        key.kind
        for key in found
        if found[key].removal not in (DeletionPolicy.RETAIN, DeletionPolicy.RETAIN_DATA)
    }
    by_runtime = {kind.NAME for kind in ALL if kind not in KINDS}
    assert deleted | by_runtime == {kind.NAME for kind in ALL if isinstance(kind, Deletable)}


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_every_kind_is_there_after_a_run(world: World, kind: Kind) -> None:
    assert any(key.kind == kind.NAME for key in live(world)), "the fleet exercises every kind"


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=[f"{k.NAME}-{f}" for k, f in FIELDS])
def test_a_field_changed_in_yaml_shows_alone_and_is_gone_after_a_run(
    world: World, module_sandbox: Sandbox, kind: Kind, field: str
) -> None:
    if kind.NAME == "home_volume":  # AWS takes four changes of a volume a day
        module_sandbox.clock.forward(timedelta(hours=24))
        world.connect()
        world.off()
        world.settle()
    find, value = cases.DECLARED[kind.NAME, field]
    there = live(world)
    key = find(there)
    before = there[key]
    world.edits[key, field] = value
    change = row(world.look(), key)
    assert {f.field for f in change.fields} == {field}
    rule = kind.UPDATE_POLICY[field]
    if rule.when is When.NEVER:
        assert (change.op, change.outcome) == (Op.REPLACE, Outcome.BLOCKED)
        assert change.reason == rule.advice
        world.run()
        assert live(world)[key].spec == before.spec, "a refused change is not written"
        del world.edits[key, field]
    else:
        assert (change.op, change.outcome) == (Op.UPDATE, Outcome.PLANNED)
        assert change.impact is rule.impact
        report = world.run()
        assert row(report, key).outcome is Outcome.DONE, rows(report)
        assert not world.look().plan.changes, "one run is enough"
        if rule.grows:
            world.edits[key, field] = getattr(before.spec, field)
            refused = row(world.look(), key)
            assert (refused.op, refused.outcome) == (Op.REPLACE, Outcome.BLOCKED)
            assert refused.reason == rule.advice
            world.edits[key, field] = value  # it stays as large as it has become
        else:
            del world.edits[key, field]
            way_back = world.run().plan.changes
            if any(c.error == LATER or c.outcome is Outcome.WAITING for c in way_back):
                module_sandbox.clock.forward(cases.BETWEEN[kind.NAME])
                world.connect()
                world.run()
            world.off()  # AWS starts an instance for a raised minimum
            world.settle()
    assert not world.look().plan.changes


@pytest.mark.parametrize(
    ("kind", "field", "edit"), BY_HAND, ids=[f"{kind}-{field}" for kind, field, _ in BY_HAND]
)
def test_a_hand_made_change_is_seen_and_healed(
    world: World, kind: str, field: str, edit: Callable[[dict[Key, Live]], Key]
) -> None:
    key = edit(live(world))
    change = row(world.look(), key)
    assert field in {f.field for f in change.fields}, rows(world.look())
    world.run()
    assert not world.look().plan.changes, rows(world.look())
    world.off()


def test_every_kind_has_a_hand_made_change() -> None:
    assert set(manual_edits.BY_HAND) == set(IDS)
    tried = {(kind, field) for kind, field, _ in BY_HAND}
    assert tried >= cases.ONLY_BY_HAND, "a field that YAML cannot change is changed by hand"


def test_a_second_run_makes_no_mutating_call(world: World) -> None:
    """Promise 2."""
    before = world.session.calls()
    report = world.run()
    assert not report.plan.changes
    assert writes(before, world.session.calls()) == {}


STRANGERS = {
    "security_group": foreign_resources.security_group,
    "security_group_rules": foreign_resources.security_group,
    "file_system": foreign_resources.file_system,
    "efs_file_system": foreign_resources.efs_file_system,
    "efs_mount_target": foreign_resources.efs_file_system,
    "efs_access_point": foreign_resources.efs_file_system,
    "home_volume": foreign_resources.home_volume,
    "topic": foreign_resources.topic,
    "subscription": foreign_resources.subscription,
    "dead_letter_queue": foreign_resources.dead_letter_queue,
    "queue": foreign_resources.queue,
    "event_rule": foreign_resources.event_rule,
    "launch_template": foreign_resources.launch_template,
    "auto_scaling_group": foreign_resources.auto_scaling_group,
    "schedule_group": foreign_resources.schedule_group,
    "schedule": foreign_resources.schedule,
}
NAMELESS = {
    "efs_access_point",
    "efs_file_system",
    "efs_mount_target",
    "file_system",
    "home_volume",
    "subscription",
}
"""A stranger's cannot be taken for ours, or does as well as ours."""


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_a_foreign_namesake_is_refused_and_untouched(sandbox: object, kind: Kind) -> None:
    """Promise 6: no tag of ours, no touch."""
    look_at = STRANGERS[kind.NAME]()
    before = look_at()
    world = World()
    report = world.run()
    world.run()
    assert look_at() == before
    blocked = [
        c for c in report.plan.changes if c.key.kind == kind.NAME and c.outcome is Outcome.BLOCKED
    ]
    assert bool(blocked) is (kind.NAME not in NAMELESS), rows(report)
    assert all("without our tag" in change.reason for change in blocked)


def test_a_create_that_meets_its_own_earlier_try_does_no_harm(sandbox: object) -> None:
    """Promise 3: a run that stopped after creates it never heard back from."""
    world = World()
    stale = world.look()
    world.settle()
    before = live(world)
    again = apply(stale, world.site, world.environment(), lambda change: None, lambda: False)
    assert not [c for c in again.plan.changes if c.outcome is Outcome.FAILED], rows(again)
    world.settle()
    after = live(world)
    assert {k: v.attrs for k, v in after.items()} == {k: v.attrs for k, v in before.items()}
