"""A new EBS home: it is empty, and its machine may format it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.kinds import home_volume
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create
from reconciler.plan.ownership import DECLARED_KEYS, FORMAT, REPLACES, read_tags
from tests.kinds.test_desired import declared
from tests.plan.declared import volume
from tests.support.fake_aws import FakeAws

SCOPE = Scope("acme", datetime(2026, 11, 23, tzinfo=UTC))


def created(**tags: str) -> dict[str, Any]:
    """The volume as EC2 shows it after the create, wanted with these tags too."""
    (want,) = home_volume.desired(declared(home=volume()))
    want = replace(want, spec=replace(want.spec, tags={**want.spec.tags, **tags}))
    aws = FakeAws(create_volume={"VolumeId": "vol-1"})
    home_volume.create(aws, Create(want))
    (sent,) = aws.calls
    (tagged,) = sent.parameters["TagSpecifications"]
    return {**sent.parameters, "VolumeId": "vol-1", "State": "available", "Tags": tagged["Tags"]}


def test_a_new_volume_may_be_formatted_once() -> None:
    assert read_tags(created()["Tags"])[FORMAT] == "allowed"


def test_so_may_one_that_replaces_another_home() -> None:
    """Somebody approved that it is empty."""
    tags = read_tags(created(**{REPLACES: "vol-0"})["Tags"])
    assert (tags[FORMAT], tags[REPLACES]) == ("allowed", "vol-0")


def test_no_run_writes_the_permission_again_once_the_machine_took_it_off() -> None:
    found = created()
    del found["ClientToken"]
    formatted = {**found, "Tags": [tag for tag in found["Tags"] if tag["Key"] != FORMAT]}
    (want,) = home_volume.desired(declared(home=volume()))
    for volume_ in (found, formatted):
        (live,) = home_volume.find(FakeAws(describe_volumes={"Volumes": [volume_]}), SCOPE)
        assert live.spec.tags == want.spec.tags
    assert FORMAT not in DECLARED_KEYS
