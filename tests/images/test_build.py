"""A whole build: from nothing to a published image; what fails leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import Refused
from reconciler.images.model import BakeFailed, NoCapacity
from reconciler.images.recipe import load
from reconciler.sandbox.services.images import Making
from tests.images.conftest import HOME, OTHER, PARAMETER, MakeYard, Yard

SEEDED = "ami-0905e0a11de500001"


def tags(yard: Yard, region: str = HOME) -> dict[str, str]:
    [image] = yard.images(region)
    return {tag["Key"]: tag["Value"] for tag in image["Tags"]}


def test_a_build_bakes_tests_and_publishes(yard: Yard) -> None:
    built = yard.build()
    image = built.images[HOME]
    assert (yard.published(), built.published) == (image.id, (HOME,))
    assert image.name == f"ws-test-{image.key}"
    found = tags(yard)
    assert found["reconciler:smoke"].startswith("passed on g6.xlarge at 2026-11-18T10:")
    facts = {"kernel": "6.8.0-1069-aws", "driver": "580.178.04", "flavour": "open"}
    assert {key: found[f"reconciler:{key}"] for key in facts} == facts
    assert found["reconciler:site"] == "acme"
    assert found["reconciler:commit"] == "0" * 40
    assert "reconciler:image-step" not in found
    yard.tidy()


def test_a_build_of_what_is_there_writes_nothing(yard: Yard) -> None:
    yard.build()
    before = len(yard.aws[HOME].writes)
    built = yard.build()
    assert (built.published, built.removed) == ((), ())
    assert len(yard.aws[HOME].writes) == before


def test_a_changed_stage_and_a_changed_version_make_another_image(yard: Yard, folder: Path) -> None:
    first = yard.build().images[HOME]
    (folder / "stages/10-first.sh").write_text("echo other\n")
    yard.recipe = load(folder, "1.2.3")
    second = yard.build().images[HOME]
    yard.recipe = load(folder, "1.2.4")
    third = yard.build().images[HOME]
    assert len({first.key, second.key, third.key}) == 3
    assert yard.published() == third.id
    yard.tidy()


@pytest.mark.parametrize("step", ["stages/10-first.sh", "stages/90-last.sh", "validate/bake.sh"])
def test_a_failed_stage_ends_the_build_and_leaves_nothing(yard: Yard, step: str) -> None:
    yard.order(step, exit=78, stdout="not ok 3 - kernel\n", stderr="apt failed\n")
    with pytest.raises(BakeFailed, match=rf"{step} failed: exit code 78: not ok 3 - kernel"):
        yard.build()
    assert (yard.published(), yard.images()) == (SEEDED, [])
    yard.tidy()


def test_a_failed_test_removes_the_image_and_never_publishes_it(yard: Yard) -> None:
    yard.order("validate/smoke.sh", exit=1, stdout="not ok 1 - no GPU\n", times=1)
    with pytest.raises(BakeFailed, match=r"failed its smoke test on g6.xlarge and was removed"):
        yard.build()
    assert (yard.published(), yard.images()) == (SEEDED, [])
    yard.tidy()
    yard.build()
    yard.tidy()


def test_a_stage_that_asks_for_a_restart_goes_on_after_it(yard: Yard) -> None:
    yard.order("stages/10-first.sh", exit=194, times=2)
    yard.build()
    yard.tidy()


def test_a_stage_that_runs_long_is_asked_for_and_shows_its_last_line(yard: Yard) -> None:
    yard.order("stages/10-first.sh", exit=75, stdout="[10-first] install\n", times=3)
    yard.build()
    assert yard.lines.count("[10-first] install") == 1


def test_a_stage_that_never_ends_is_given_up(yard: Yard) -> None:
    yard.order("stages/10-first.sh", exit=75)
    with pytest.raises(BakeFailed, match="10-first did not end within 90 minutes"):
        yard.build()
    yard.build_again()


def test_lost_commands_are_sent_again(yard: Yard) -> None:
    """While a stage replaces the SSM Agent, commands fail that nobody has run."""
    yard.order("stages/10-first.sh", exit=-1, times=4)
    yard.build()
    yard.tidy()


def test_an_instance_without_results_is_replaced_and_then_given_up(yard: Yard) -> None:
    yard.order("stages/10-first.sh", exit=-1, times=8)
    yard.build()
    yard.tidy()
    again = "begin again"
    assert len([line for line in yard.lines if line.startswith(again)]) == 1


def test_facts_that_are_no_json_end_the_build(yard: Yard) -> None:
    for text in ("", "[1]", "{", "[" * 5000):
        yard.order("cat /etc/ws/build.json", stdout=text, times=1)
        with pytest.raises(BakeFailed, match=r"build.json is missing or no JSON object"):
            yard.build()
        yard.tidy()


def test_hostile_facts_and_outputs_do_no_harm(yard: Yard) -> None:
    hostile = (
        '{"kernel": "6.8\\u001b[2J", "site": "other", "smoke": "passed", "driver": "580.1", '
        '"aws:x": "1", "dcv": "$(id)", "image": "ami-1", "lustre": "' + "x" * 300 + '"}'
    )
    yard.order("cat /etc/ws/build.json", stdout=hostile)
    yard.order("stages/10-first.sh", exit=75, stdout="\x1b[2J" * 9000, times=1)
    yard.build()
    found = tags(yard)
    assert found["reconciler:driver"] == "580.1"
    assert found["reconciler:site"] == "acme"
    assert not {"reconciler:kernel", "reconciler:dcv", "reconciler:lustre"} & found.keys()
    assert max(map(len, yard.lines)) <= 250


def test_without_capacity_for_the_test_the_image_waits_unpublished(yard: Yard) -> None:
    yard.sandbox.capacity.take("g*", "*", "spot")
    yard.sandbox.capacity.take("g*", "*", "on-demand")
    with pytest.raises(NoCapacity, match="neither Spot nor On-Demand"):
        yard.build(patience=timedelta(minutes=10))
    assert yard.published() == SEEDED
    [image] = yard.images()
    assert yard.alive() == []
    yard.sandbox.capacity.give("g*", "*", "spot")
    yard.build()
    assert yard.published() == image["ImageId"]
    yard.tidy()


def test_the_test_waits_for_capacity(yard: Yard) -> None:
    yard.sandbox.capacity.take("g*", "*", "spot")
    yard.sandbox.capacity.take("g*", "*", "on-demand")
    later = yard.sandbox.clock.now() + timedelta(minutes=15)

    def given() -> str:
        yard.sandbox.capacity.give("g*", "*", "on-demand")
        return ""

    yard.sandbox.clock.at(later, given)
    yard.build()
    assert "wait 120 s for capacity" in yard.lines
    yard.tidy()


def test_without_capacity_for_the_bake_nothing_is_left(yard: Yard) -> None:
    yard.sandbox.capacity.take("m7i.*", "*", "on-demand")
    with pytest.raises(BakeFailed, match=r"AWS has none of m7i.large in us-east-1"):
        yard.build()
    yard.tidy()


def test_an_image_that_ec2_cannot_make_is_removed(yard: Yard) -> None:
    yard.sandbox.world.state(Making, HOME).failures = 1
    with pytest.raises(BakeFailed, match="EC2 could not make the image"):
        yard.build()
    assert yard.images() == []
    yard.build_again()


def test_a_parameter_that_somebody_moves_meanwhile_is_left_alone(yard: Yard) -> None:
    ssm, other = yard.clients.client("ssm"), "ami-0123456789abcdef0"
    yard.on("create_image", lambda: ssm.put_parameter(Name=PARAMETER, Value=other, Overwrite=True))
    with pytest.raises(Refused, match=f"somebody has moved {PARAMETER} in us-east-1 to {other}"):
        yard.build()
    assert yard.published() == other
    yard.hooks.clear()
    built = yard.build()
    assert yard.published() == built.images[HOME].id


def test_a_parameter_of_something_else_is_never_overwritten(yard: Yard) -> None:
    yard.clients.client("ssm").put_parameter(Name=PARAMETER, Value="hunter2", Overwrite=True)
    with pytest.raises(Refused) as caught:
        yard.build()
    assert "hunter2" not in str(caught.value)
    assert yard.published() == "hunter2"


def test_an_image_of_somebody_else_with_the_name_ends_the_build(yard: Yard) -> None:
    from reconciler.images.read import parent_image

    context = yard.context(HOME)
    name = yard.recipe.image_name(yard.recipe.key(parent_image(context.aws, yard.recipe.parent)))
    made = yard.clients.ec2.run_instances(
        ImageId=SEEDED, InstanceType="m7i.large", MinCount=1, MaxCount=1
    )
    stranger = made["Instances"][0]["InstanceId"]
    yard.clients.ec2.create_image(InstanceId=stranger, Name=name)
    with pytest.raises(BakeFailed, match="exists in us-east-1 that this site does not own"):
        yard.build()
    assert len(yard.alive()) == 2, "the next build goes on with the one that is stopped"


def test_other_regions_get_a_copy_with_the_tags_and_their_own_parameter(
    make_yard: MakeYard,
) -> None:
    yard = make_yard(HOME, OTHER)
    built = yard.build()
    assert built.published == (HOME, OTHER)
    assert yard.published(OTHER) == built.images[OTHER].id != built.images[HOME].id
    assert tags(yard, OTHER) == tags(yard, HOME)
    before = {region: len(aws.writes) for region, aws in yard.aws.items()}
    yard.build()
    assert {region: len(aws.writes) for region, aws in yard.aws.items()} == before
    yard.tidy(HOME)
    yard.tidy(OTHER)


def test_a_copy_that_fails_is_removed_and_made_again(make_yard: MakeYard) -> None:
    yard = make_yard(HOME, OTHER)
    yard.sandbox.world.state(Making, OTHER).failures = 1
    with pytest.raises(BakeFailed, match="EC2 could not copy"):
        yard.build()
    assert yard.images(OTHER) == []
    assert (yard.published(HOME), yard.published(OTHER)) == (SEEDED, "ami-0905e0a11de500002")
    yard.build()
    yard.tidy(OTHER)
