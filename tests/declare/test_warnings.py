"""What is valid and probably not meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.declare.warnings import Warn, warnings
from tests.declare.helpers import GPU, Folder, fleet

NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
HOME = "storage: {home: {ebs: {size: 200GiB}}}"


def of(folder: Folder, settings: str, defaults: str = "", now: datetime = NOW) -> list[Warn]:
    """The warnings of one workstation `ws`."""
    folder.write("vision.yaml", fleet(settings, defaults))
    site = folder.load()
    return list(warnings(site.workstations, site.ignore_tags, now))


def test_a_workstation_with_a_gpu_and_a_home_has_none(folder: Folder) -> None:
    assert of(folder, f"{GPU}, {HOME}") == []
    assert of(folder, f"instance_types: [g6.xlarge, g5.xlarge], {HOME}") == []


def test_no_home_means_that_nothing_is_kept(folder: Folder) -> None:
    [warn] = of(folder, GPU)
    assert warn.code == "no-home"
    assert warn.message == (
        "ws has no home: nothing that is written on it is kept when it stops; add "
        "storage: {home: {ebs: {size: 200GiB}}}"
    )
    assert (warn.where.line, warn.where.column) == (3, 3)
    [there] = of(folder, f"{GPU}, storage: {{root: {{size: 200GiB}}}}")
    assert (there.where.line, there.where.column) == (3, 29), "the section to add it to"


@pytest.mark.parametrize(
    ("settings", "defaults"),
    [
        ("vcpus: {min: 8}", "instance_types: [g6.xlarge]"),  # a GPU lost without a word
        ("gpu: null, vcpus: {min: 8}", GPU),
        ("memory: {min: 64GiB}", ""),
        ("instance_requirements: {local_storage: required}", ""),
        ("instance_requirements: {excluded_instance_types: [m5.large]}", ""),
    ],
)
def test_a_need_that_names_no_gpu(folder: Folder, settings: str, defaults: str) -> None:
    [warn] = of(folder, f"{settings}, {HOME}", defaults)
    assert warn.code == "no-gpu"
    assert "names no GPU" in warn.message
    assert len(warn.message) < 200


@pytest.mark.parametrize(
    "need",
    [
        "instance_requirements: {accelerator_count: {max: 0}}, vcpus: {min: 8}",
        "instance_requirements: {accelerator_names: [t4]}",
        "instance_requirements: {accelerator_total_memory_mib: {min: 20000}}",
        "instance_requirements: {allowed_instance_types: ['m7i.*']}",
        "instance_types: [m7i.xlarge, m7a.xlarge]",
    ],
)
def test_a_need_that_says_whether_it_wants_one(folder: Folder, need: str) -> None:
    assert of(folder, f"{need}, {HOME}") == []


def test_a_declared_tag_that_is_left_alone(folder: Folder) -> None:
    folder.write("_site.yaml", "ignore_tags: ['cost-*']\n")
    [warn] = of(folder, f"{GPU}, {HOME}, tags: {{cost-center: a, Team: b}}")
    assert (warn.code, warn.where.line) == ("ignored-tag", 3)
    assert "`cost-center`" in warn.message


def test_a_skipped_hour_in_which_two_edges_meet_is_told_with_its_date(folder: Folder) -> None:
    hours = '{start: "Sun 02:30", stop: "Sun 03:00", timezone: Europe/Berlin}'
    text = fleet(f"{GPU}, {HOME}", f"schedule: {hours}")
    folder.write("vision.yaml", text + f"  two: {{{GPU}, {HOME}}}\n")
    site = folder.load()
    [warn] = warnings(site.workstations, site.ignore_tags, NOW)  # once, though it is both's
    assert warn.code == "skipped-hour"
    assert warn.message == (
        "on Sun 29 Mar 2026 the clocks in Europe/Berlin skip 02:30, so start Sun 02:30 would meet "
        "stop Sun 03:00: only the stop happens that day"
    )
    assert warn.where.line == 2
    after = datetime(2026, 4, 1, tzinfo=UTC)
    [later] = warnings(site.workstations, site.ignore_tags, after)
    assert "Sun 28 Mar 2027" in later.message


def test_hours_that_meet_nothing_have_no_warning(folder: Folder) -> None:
    hours = '{start: "Sun 02:30", stop: "Sun 05:00", timezone: Europe/Berlin}'
    assert of(folder, f"{GPU}, {HOME}, schedule: {hours}") == []
