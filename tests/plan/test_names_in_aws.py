"""Names that follow from a site's name, the partition of a region, and lists in pieces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore
import pytest

from reconciler.aws_api import partition_of
from reconciler.plan import names
from reconciler.plan.batches import FILTER_VALUES, batches

PARTITIONS = Path(botocore.__file__).parent / "data" / "partitions.json"


def _regions() -> list[tuple[str, str]]:
    """Every region that botocore names, with its partition; `aws-global` and its like are none."""
    partitions: list[dict[str, Any]] = json.loads(PARTITIONS.read_text())["partitions"]
    return [
        (region, each["id"])
        for each in partitions
        for region in each["regions"]
        if not region.endswith("-global")
    ]


@pytest.mark.parametrize(("region", "partition"), _regions())
def test_the_partition_of_a_region_is_botocore_s(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_a_name_of_a_site_begins_with_its_prefix() -> None:
    assert names.group_name("acme", "alice") == "acme-alice"
    assert names.group_name("acme", "alice").startswith(names.group_prefix("acme"))
    assert names.dead_letters_name("acme").startswith(names.events_name("acme")), "listed together"


def test_batches_are_as_long_as_a_filter_takes_and_lose_nothing() -> None:
    cut = list(batches(range(401)))
    assert [len(each) for each in cut] == [FILTER_VALUES, FILTER_VALUES, 1]
    assert [each for some in cut for each in some] == list(range(401))
    assert list(batches([])) == []
