"""Promise 14: a plan has one digest, and whatever else would be written has another."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.kinds import KINDS
from reconciler.plan.digest import differences, digest, digest_of, rows
from reconciler.plan.model import Change, FieldChange, Key, Op, Outcome, Plan, Ref, Report, Unknown
from reconciler.render.as_json import document, dumps
from tests.render import samples
from tests.support.plan_rows import plan_row, with_fields, with_op

TEMPLATE = Key("us-east-1", "launch_template", "acme-alice")
GROUP = Key("us-east-1", "auto_scaling_group", "acme-alice")
HOME = Key("us-east-1", "file_system", "acme-alice/home")

IMAGE = FieldChange("image_id", "image_id", "ami-1", "ami-2")
VOLUME = FieldChange("user_data", "user_data.home.volume_id", "vol-1", "vol-2")
SUBNETS = FieldChange("subnets", "subnets", ("subnet-1",), ("subnet-1", "subnet-2"))
SPLIT = FieldChange("on_demand_base_capacity", "on_demand_base_capacity", 0, 1)
POWER = FieldChange("desired_capacity", "desired_capacity", 1, 0)
SIZES = FieldChange("max_size", "max_size", 2, 1)

PLAN = (
    plan_row(Op.UPDATE, TEMPLATE, (IMAGE, VOLUME), workstation="alice"),
    plan_row(Op.UPDATE, GROUP, (SUBNETS, SPLIT), workstation="alice"),
    plan_row(Op.CREATE, HOME, (FieldChange("storage_capacity", "storage_capacity", None, 1200),)),
)


def json_plan(*changes: Change, **parts: Any) -> dict[str, Any]:
    """The JSON plan as it comes out of a file."""
    report = Report("acme", "123456789012", True, Plan(changes, **parts))
    return dict(json.loads(dumps(document(report))))


def of(*changes: Change, **parts: Any) -> str:
    return digest(json_plan(*changes, **parts), KINDS)


def test_it_is_64_hex_digits_and_stable() -> None:
    assert of(*PLAN) == of(*copy.deepcopy(PLAN))
    assert len(of(*PLAN)) == 64
    assert of(*reversed(PLAN)) == of(*PLAN), "the order of rows is no content"


@pytest.mark.parametrize(
    "edit",
    [
        lambda t, g, h: (with_fields(t, replace(IMAGE, new="ami-3"), VOLUME), g, h),
        lambda t, g, h: (with_fields(t, replace(IMAGE, old="ami-0"), VOLUME), g, h),
        lambda t, g, h: (with_fields(t, IMAGE, replace(VOLUME, new="vol-3")), g, h),
        lambda t, g, h: (with_fields(t, IMAGE), g, h),
        lambda t, g, h: (t, with_fields(g, replace(SUBNETS, new=("subnet-9",)), SPLIT), h),
        lambda t, g, h: (t, g),
        lambda t, g, h: (t, g, h, replace(h, key=replace(HOME, name="acme-bob/home"))),
        lambda t, g, h: (t, g, with_op(h, Op.DELETE)),
        lambda t, g, h: (t, g, replace(h, key=replace(HOME, region="eu-central-1"))),
        lambda t, g, h: (t, g, replace(h, outcome=Outcome.BLOCKED, error="too-few-pools")),
        lambda t, g, h: (t, g, replace(h, holds=("home-changes",))),
    ],
    ids=[
        "image", "image-before", "volume", "field-gone", "subnet", "row-gone", "row-new", "op",
        "region", "blocked", "held",
    ],
)  # fmt: skip
def test_another_change_is_another_digest(edit: Callable[..., tuple[Change, ...]]) -> None:
    assert of(*edit(*PLAN)) != of(*PLAN)


def test_another_site_account_or_failed_read_is_another_digest() -> None:
    plan = json_plan(*PLAN)
    unread = json_plan(*PLAN, unknown=(Unknown("topic", "us-east-1", "denied", "denied"),))
    others = {**plan, "site": "other"}, {**plan, "account": "999999999999"}, unread
    assert len({digest(each, KINDS) for each in (plan, *others)}) == 4


@pytest.mark.parametrize("name", ["MIXED", "HUNDRED", "NOTHING"])
def test_a_report_has_the_digest_of_its_json_plan(name: str) -> None:
    """A run computes it without a renderer; --expect computes it from the file."""
    report: Report = getattr(samples, name)
    assert digest_of(report, KINDS) == digest(json.loads(dumps(document(report))), KINDS)


def test_a_row_that_is_known_later_or_odd_has_one_digest_in_the_report_and_in_the_file() -> None:
    values = (Ref(HOME, "id"), float("nan"), {"b": 1, "a": (2, frozenset({"x"}))}, None, True)
    fields = tuple(FieldChange(f"f{n}", f"f{n}", None, value) for n, value in enumerate(values))
    report = Report("acme", "123456789012", True, Plan((plan_row(Op.CREATE, HOME, fields),)))
    assert digest_of(report, KINDS) == digest(json.loads(dumps(document(report))), KINDS)


def test_what_is_on_or_off_is_no_part_of_it() -> None:
    """Promise 15: no approval holds up what turns a machine on or off."""
    template, group, home = PLAN
    running = (
        template,
        # Something runs: the split waits in a row of its own.
        with_fields(group, SUBNETS, POWER, SIZES),
        replace(
            with_fields(group, SPLIT), outcome=Outcome.WAITING, reason="i-1 runs", error="in-use"
        ),
        home,
        plan_row(Op.CREATE, Key("us-east-1", "override_end", "acme-alice")),
        plan_row(Op.UPDATE, replace(GROUP, name="acme-bob"), (POWER,)),
    )
    assert of(*running) == of(*PLAN)


def test_time_prices_and_words_are_no_part_of_it() -> None:
    template, group, home = PLAN
    timed = plan_row(Op.DELETE, Key("us-east-1", "schedule", "alice-start"), by_time=True)
    annotated = replace(
        template, notes=("$1.02/h",), reason="a day off", words=("start Mon 09:00",)
    )
    assert of(annotated, group, home, timed) == of(*PLAN)


def test_sizes_of_a_new_group_are_declared_and_count() -> None:
    made = [
        plan_row(Op.CREATE, GROUP, (FieldChange("max_size", "max_size", None, size),))
        for size in (1, 2)
    ]
    assert of(made[0]) != of(made[1])


def test_an_approval_lifts_a_hold_and_leaves_the_digest() -> None:
    held = replace(PLAN[0], holds=("owner-changes",))
    waits = replace(held, outcome=Outcome.BLOCKED, error="owner-changes", reason="--approve 1")
    assert of(held) == of(waits) != of(PLAN[0])


def test_differences_name_each_row_that_is_new_gone_or_other() -> None:
    template, group, home = PLAN
    now = with_fields(template, replace(IMAGE, new="ami-evil"), VOLUME)
    new = plan_row(Op.DELETE, Key("us-east-1", "launch_template", "acme-bob"))
    lines = list(
        differences(
            rows(json_plan(template, group, home), KINDS), rows(json_plan(now, group, new), KINDS)
        )
    )
    assert lines == [
        'other: us-east-1 launch_template acme-alice: image_id: approved "ami-1" → "ami-2", '
        'now "ami-1" → "ami-evil"',
        "new: us-east-1 launch_template acme-bob: delete",
        "gone: us-east-1 file_system acme-alice/home: create",
    ]


def test_a_difference_says_another_operation_in_place_of_each_field() -> None:
    template = PLAN[0]
    made = with_op(template, Op.CREATE)
    assert list(differences(rows(json_plan(made), KINDS), rows(json_plan(template), KINDS))) == [
        "other: us-east-1 launch_template acme-alice: approved create, now update "
        'image_id "ami-1" → "ami-2", user_data.home.volume_id "vol-1" → "vol-2"'
    ]


def test_a_difference_repeats_a_long_value_in_part() -> None:
    template = with_fields(PLAN[0], replace(IMAGE, new="x" * 5000))
    (line,) = differences(rows(json_plan(PLAN[0]), KINDS), rows(json_plan(template), KINDS))
    assert "(5,002 characters)" in line
    assert len(line) < 1000
