"""An image that does not run on the instance types is refused in the plan, and its age is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.declare import instance_types
from reconciler.declare.drivers import FAMILIES, mismatches
from reconciler.kinds.template_words import age, image
from reconciler.plan.image_fit import mismatch
from reconciler.plan.model import Outcome
from reconciler.plan.pools import Pools
from reconciler.plan.resolving import resolve
from tests.plan.declared import IMAGE, NOW, facts, resolved, site, workstation
from tests.plan.guarding import ROWS, check

EAST = "us-east-1"
OPEN = replace(IMAGE, flavour="open", driver="580.178.04")


@pytest.mark.parametrize(
    ("instance_type", "architecture", "flavour", "driver", "reason"),
    [
        ("g6.xlarge", "x86_64", "open", "580.1", ""),
        ("g6.xlarge", "x86_64", "", "", ""),
        ("g6f.xlarge", "x86_64", "", "", ""),
        ("g6f.xlarge", "x86_64", "grid", "580.1", ""),
        (
            "g6f.xlarge",
            "x86_64",
            "open",
            "580.1",
            "its GPU needs driver flavour grid, the image has open",
        ),
        (
            "p5.48xlarge",
            "x86_64",
            "grid",
            "580.1",
            "its GPU needs driver flavour open or proprietary, the image has grid",
        ),
        ("g7.2xlarge", "x86_64", "open", "595.58", ""),
        ("g7.2xlarge", "x86_64", "open", "", ""),
        (
            "g7.2xlarge",
            "x86_64",
            "open",
            "580.1",
            "its GPU needs driver 595 or newer, the image has 580.1",
        ),
        ("g5g.xlarge", "x86_64", "", "", "it is arm64, the image is x86_64"),
        ("g6.xlarge", "arm64", "open", "580.1", "it is x86_64, the image is arm64"),
        ("g6.xlarge", "", "", "", ""),
        (
            "g4ad.xlarge",
            "x86_64",
            "open",
            "580.1",
            "its GPU is not NVIDIA's, and the image has NVIDIA's driver",
        ),
        ("m7i.large", "x86_64", "open", "580.1", ""),
        ("g99.xlarge", "x86_64", "open", "580.1", ""),
    ],
)
def test_the_architecture_and_the_driver_decide(
    instance_type: str, architecture: str, flavour: str, driver: str, reason: str
) -> None:
    found = list(mismatches([instance_type], architecture, flavour, driver))
    assert found == ([(instance_type, reason)] if reason else [])


def test_the_table_names_families_that_exist_and_all_current_ones_with_nvidia_gpus() -> None:
    known = instance_types.families()
    assert all(family in known or instance_types.offered_nowhere(family) for family in FAMILIES)
    current = {family for region in instance_types.regions() for family in gpu(region)}
    assert current <= FAMILIES.keys()


def gpu(region: str) -> tuple[str, ...]:
    return instance_types.gpu_families(region)


def test_a_sentence_names_the_types_by_reason() -> None:
    types = ("g6.xlarge", *(f"g6f.{size}" for size in ("large", "xlarge", "2xlarge", "4xlarge")))
    assert mismatch(OPEN, (*types, "gr6f.4xlarge", "g5g.xlarge")) == (
        "image ami-0123456789abcdef0 (golden-1) does not run on g6f.large, g6f.xlarge, "
        "g6f.2xlarge, g6f.4xlarge and 1 more (its GPU needs driver flavour grid, the image has "
        "open), nor on g5g.xlarge (it is arm64, the image is x86_64)"
    )


def test_a_workstation_with_named_types_that_do_not_fit_is_blocked_at_its_image() -> None:
    alice = workstation(instance_types=("g6f.xlarge", "g6.xlarge"))
    bob = workstation("bob", instance_types=("g6.xlarge",))
    there = {EAST: facts(images={"/golden": OPEN})}
    found = resolve(site(alice, bob), there, NOW, {})
    [blocked] = found.blocked
    assert (blocked.workstation, blocked.error) == ("alice", "image-mismatch")
    assert blocked.where == alice.places["image"]
    assert blocked.reason.endswith(
        "(its GPU needs driver flavour grid, the image has open): name an image for them, or "
        "take them out of `instance_types`"
    )
    assert [each.declared.name for each in found.workstations] == ["bob"]


def test_what_stands_already_keeps_its_image() -> None:
    """Promise 16: the other fields of it go on."""
    alice = workstation(instance_types=("g6f.xlarge",))
    there = {EAST: facts(images={"/golden": OPEN})}
    found = resolve(site(alice), there, NOW, {}, lambda: {(EAST, "alice"): ("subnet-a",)})
    [stands] = found.workstations
    assert "image" in stands.lacks
    assert [blocked.error for blocked in found.blocked] == ["image-mismatch"]


def test_a_need_that_matches_a_family_without_a_driver_is_refused() -> None:
    """AWS would choose such a type one day, and the machine would have no GPU."""
    types = ("g6.xlarge", "g6.2xlarge", "g6.4xlarge", "g6.8xlarge", "g6f.xlarge")
    found = Pools({"us-east-1a": types, "us-east-1b": types})
    guarded = check(ROWS, [replace(resolved(), image=OPEN)], found)
    assert [finding.code for finding in guarded.findings] == ["image-mismatch"]
    assert "excluded_instance_types" in guarded.findings[0].message
    assert [change.outcome for change in guarded.plan.changes][:2] == [Outcome.BLOCKED] * 2
    silent = check(ROWS, [resolved()], found)
    assert [change.outcome for change in silent.plan.changes][:2] == [Outcome.PLANNED] * 2


@pytest.mark.parametrize(
    ("created", "words"),
    [
        ("2026-11-17T07:00:00.000Z", "3 days old"),
        ("2026-11-19T07:00:00.000Z", "1 day old"),
        ("2026-11-20T07:00:00.000Z", "new today"),
        ("2026-11-21T07:00:00.000Z", "new today"),
        ("", ""),
        ("2026-11-17", ""),
        ("\x1b[2J", ""),
    ],
)
def test_the_age_of_an_image(created: str, words: str) -> None:
    assert age(created, datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) == words


def test_the_row_of_an_image_shows_its_name_and_its_age() -> None:
    three = replace(IMAGE, created="2026-11-17T07:00:00.000Z")
    text = image(three, "123456789012", NOW)
    assert text == "ami-0123456789abcdef0 (golden-1, 3 days old) of this account"
