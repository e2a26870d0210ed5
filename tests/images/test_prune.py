"""Which images are removed, and that nothing in use is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.images import prune, read
from reconciler.images.model import SMOKE, Image
from reconciler.images.publish import copy_published
from reconciler.images.recipe import load
from reconciler.images.status import status
from tests.images.conftest import HOME, OTHER, PARAMETER, MakeYard, Yard

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def image(number: int, *, days: float = 10, passed: bool = True, state: str = "available") -> Image:
    created = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return Image(
        f"ami-{number}", f"ws-{number}", state, created, {SMOKE: "passed"} if passed else {}
    )


def removed(images: list[Image], used: dict[str, str], published: set[str]) -> list[str]:
    found = prune.judge(images, used, published, NOW)
    return [each.image.id for each in found if not each.reason]


def test_the_last_three_and_all_in_use_stay() -> None:
    images = [image(number) for number in range(9, 2, -1)]
    assert removed(images, {}, set()) == ["ami-6", "ami-5", "ami-4", "ami-3"]
    assert removed(images, {"ami-5": "instance i-1"}, {"ami-3"}) == ["ami-6", "ami-4"]


def test_an_image_without_a_test_has_a_day_and_does_not_count() -> None:
    images = [
        image(9, passed=False, days=0.5),
        image(8, passed=False, days=2),
        image(7, state="failed", days=2),
        image(6),
        image(5),
        image(4),
        replace(image(3, passed=False), created="\x1b[2J"),
    ]
    assert removed(images, {}, set()) == ["ami-8", "ami-7"]


def builds(yard: Yard, folder: Path, number: int) -> list[str]:
    found = []
    for version in range(number):
        yard.recipe = load(folder, f"2.{version}")
        found.append(yard.build().images[HOME].id)
    return found


def test_builds_keep_three_and_take_the_snapshots_along(yard: Yard, folder: Path) -> None:
    made = builds(yard, folder, 5)
    assert {each["ImageId"] for each in yard.images()} == set(made[-3:])
    yard.tidy()


def test_what_an_instance_a_template_or_a_group_uses_stays(yard: Yard, folder: Path) -> None:
    made = builds(yard, folder, 3)
    ec2 = yard.clients.ec2
    ec2.run_instances(ImageId=made[0], InstanceType="g6.xlarge", MinCount=1, MaxCount=1)
    yard.clients.template(ImageId=made[1])
    yard.clients.group(VPCZoneIdentifier=yard.clients.subnets()[0])
    for newer in ("ami-0905e0a11de500001", "ami-0905e0a11de500001"):
        ec2.create_launch_template_version(
            LaunchTemplateName="acme-alice", LaunchTemplateData={"ImageId": newer}
        )
    ec2.modify_launch_template(LaunchTemplateName="acme-alice", DefaultVersion="3")
    yard.clients.template("other", ImageId=made[2])
    builds(yard, folder, 7)
    assert set(made) <= {each["ImageId"] for each in yard.images()}
    context = yard.context(HOME)
    kept = {
        each.image.id: each.reason for each in prune.candidates(context, "ws-test", (PARAMETER,))
    }
    assert kept[made[0]].startswith("used by instance i-")
    assert kept[made[1]] == "used by launch template acme-alice v1"
    assert kept[made[2]] == "used by launch template other v1"


def test_a_failed_read_removes_nothing(yard: Yard, folder: Path) -> None:
    builds(yard, folder, 3)
    context = yard.context(HOME)
    yard.recipe = load(folder, "3.0")

    def fail() -> None:
        raise OSError("no answer")

    yard.on("describe_auto_scaling_groups", fail)
    with pytest.raises(OSError, match="no answer"):
        prune.prune(context, "ws-test", (PARAMETER,))
    assert len(yard.images()) == 3


def test_an_abandoned_builder_is_ended(yard: Yard) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    yard.on("send_command", stop)
    with pytest.raises(KeyboardInterrupt):
        yard.build()
    yard.hooks.clear()
    assert len(yard.alive()) == 1
    context = yard.context(HOME)
    prune.prune(context, "ws-test", (PARAMETER,))
    assert len(yard.alive()) == 1, "somebody may go on with it"
    yard.forward(hours=7)
    prune.prune(context, "ws-test", (PARAMETER,))
    yard.tidy()


def test_status_names_the_published_one_and_the_users(yard: Yard, folder: Path) -> None:
    made = builds(yard, folder, 2)
    context = yard.context(HOME)
    before = len(yard.aws[HOME].writes)
    found = status([context], (PARAMETER,), "ws-test")
    assert [(row.image.id, row.published, row.kept) for row in found.rows] == [
        (made[1], (PARAMETER,), "published"),
        (made[0], (), "one of the last 3"),
    ]
    assert found.builders == ()
    assert len(yard.aws[HOME].writes) == before


def test_a_copy_takes_only_a_tested_image_of_the_site(make_yard: MakeYard) -> None:
    yard = make_yard(HOME)
    home, other = yard.context(HOME), yard.context(OTHER)
    with pytest.raises(UsageError, match="names no tested image of this site"):
        copy_published(home, [other], PARAMETER)
    made = yard.build().images[HOME]
    built = copy_published(home, [other], PARAMETER)
    assert yard.published(OTHER) == built.images[OTHER].id
    assert read.images(other.aws, "acme")[0].tags[SMOKE] == made.tags[SMOKE]
