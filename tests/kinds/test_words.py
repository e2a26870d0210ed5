"""What a kind says for people: a new thing in a line, a field in the YAML's words and units."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.declare.abis import compile_need
from reconciler.declare.fleet import Fallback
from reconciler.kinds import (
    auto_scaling_group,
    file_system,
    home_volume,
    launch_template,
    schedule_group,
)
from reconciler.plan.diff import created, differing
from reconciler.plan.kind import in_words, summary
from reconciler.plan.model import FieldChange, Shown
from reconciler.plan.ownership import FALLBACK, MAX_RUNTIME
from reconciler.plan.resolving import resolve
from reconciler.plan.update_policy import IN_PLACE
from tests.plan.declared import NOW, facts, lustre, site, volume, workstation


def spec(kind: Any, **settings: Any) -> Any:
    """What a kind wants for one workstation with these settings."""
    found = resolve(site(workstation(**settings)), {"us-east-1": facts()}, NOW, {})
    (wanted,) = kind.desired(found)
    return wanted.spec


def shown(kind: Any, path: str, old: Any, new: Any) -> Shown | None:
    field = path.partition(".")[0]
    (change,) = in_words(kind, [FieldChange(field, path, old, new)])
    return change.shown


@pytest.mark.parametrize(
    ("kind", "path", "old", "new", "expected"),
    [
        (file_system, "storage_capacity", 1200, 2400, ("1,200 GiB", "2,400 GiB")),
        (
            file_system,
            "per_unit_storage_throughput",
            125,
            250,
            ("125 MB/s per TiB", "250 MB/s per TiB"),
        ),
        (home_volume, "size", 100, 200, ("100 GiB", "200 GiB")),
        (home_volume, "throughput", 125, 500, ("125 MiB/s", "500 MiB/s")),
        (launch_template, "root.VolumeSize", 100, 1000, ("100 GiB", "1,000 GiB")),
        (auto_scaling_group, "desired_capacity", 1, 0, ("1 (on)", "0 (off)")),
        (auto_scaling_group, "health_check_grace_period", 0, 600, ("0 s", "10 min")),
        (
            auto_scaling_group,
            "market",
            "",
            "on-demand since 2026-11-20T09:10:00+00:00",
            ("Spot", "On-Demand since 20 Nov 2026 09:10 UTC"),
        ),
        (auto_scaling_group, "market", "by a hand", "", ("by a hand", "Spot")),
        (auto_scaling_group, "override", "on until x", "", ("on until x", None)),
    ],
)
def test_numbers_have_their_unit(
    kind: Any, path: str, old: Any, new: Any, expected: tuple[Any, Any]
) -> None:
    assert shown(kind, path, old, new) == (path, *expected)


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        (f"tags.{MAX_RUNTIME}", "28800", "none", ("max_runtime", "8 h", "none")),
        (
            f"tags.{FALLBACK}",
            None,
            "after 600 max 28800",
            ("on_demand_fallback", None, "after 10 min, for at most 8 h"),
        ),
    ],
)
def test_settings_that_are_kept_as_tags_have_the_yamls_words(
    path: str, old: Any, new: Any, expected: tuple[Any, ...]
) -> None:
    assert shown(auto_scaling_group, path, old, new) == expected


def needs(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What a change of the YAML's needs reads as."""
    live, want = (
        spec(auto_scaling_group, instance_requirements=compile_need(settings))
        for settings in (old, new)
    )
    changes = differing(live, want, {"instance_requirements": IN_PLACE})
    return [tuple(each.shown or ()) for each in in_words(auto_scaling_group, changes)]


def test_needs_are_shown_in_the_words_they_are_written_in() -> None:
    def gpu(memory: str) -> dict[str, Any]:
        return {"gpu": {"memory": memory}}

    assert needs(gpu("48GB"), gpu("80GB")) == [("gpu.memory.min (all GPUs)", "48 GB", "80 GB")]
    assert needs({"vcpus": {"min": 4}}, {"vcpus": {"min": 8}}) == [("vcpus.min", 4, 8)]
    assert needs({"memory": {"min": "16GiB"}}, {"memory": {"min": "32GiB"}}) == [
        ("memory.min", "16 GiB", "32 GiB")
    ]
    assert needs({}, {"gpu": {"memory": {"min": "24GB", "max": "48GB"}, "count": 2}})[:3] == [
        ("gpu.count", None, {"min": 2, "max": 2}),
        ("gpu.manufacturer", None, ["nvidia"]),
        ("gpu.memory (all GPUs)", None, {"min": "48 GB", "max": "96 GB"}),
    ]


@pytest.mark.parametrize("size", [8, 16, 24, 32, 40, 48, 80, 96, 141, 192, 288])
@pytest.mark.parametrize("count", [1, 2, 8])
def test_gpu_memory_is_the_size_it_was_written_with(size: int, count: int) -> None:
    need = {"gpu": {"memory": {"min": f"{size}GB", "max": f"{size}GB"}, "count": count}}
    (memory,) = (new for path, _, new in needs({}, need) if path.startswith("gpu.memory"))
    assert memory == {"max": f"{size * count} GB", "min": f"{size * count} GB"}


def test_other_attributes_keep_the_name_of_the_yaml() -> None:
    path = "instance_requirements.NetworkBandwidthGbps.Min"
    assert shown(auto_scaling_group, path, 1, 2) == (
        "instance_requirements.network_bandwidth_gbps.min",
        1,
        2,
    )


def test_a_list_of_types_is_what_is_new_and_what_is_gone() -> None:
    old = tuple(f"g{n}.xlarge" for n in range(8))
    rendered = shown(auto_scaling_group, "instance_types", old, (*old[2:], "p5.4xlarge"))
    assert rendered == (
        "instance_types",
        "8 types",
        "7 types (+ p5.4xlarge; - g0.xlarge g1.xlarge)",
    )
    few = shown(auto_scaling_group, "instance_types", ("a.1", "b.1"), ("b.1", "a.1"))
    assert few == ("instance_types", ("a.1", "b.1"), ("b.1", "a.1"))


def test_a_new_thing_is_told_in_one_line() -> None:
    lines = {
        kind.NAME: summary(kind, spec(kind, home=home, on_demand_fallback=Fallback(600, 28800)))
        for kind, home in (
            (home_volume, volume()),
            (file_system, lustre()),
            (launch_template, None),
            (auto_scaling_group, None),
        )
    }
    assert lines == {
        "home_volume": "200 GiB gp3 in us-east-1a",
        "file_system": "1,200 GiB PERSISTENT_2 SSD, 125 MB/s per TiB, in subnet-a",
        "launch_template": "100 GiB gp3, encrypted",
        "auto_scaling_group": "Spot, On-Demand after 10 min without capacity",
    }
    fast = volume(iops=6000, throughput=500)
    assert summary(home_volume, spec(home_volume, home=fast)) == (
        "200 GiB gp3, 6,000 IOPS, 500 MiB/s in us-east-1a"
    )
    assert summary(auto_scaling_group, spec(auto_scaling_group)) == "Spot"
    dear = spec(auto_scaling_group, spot_policy="on-demand")
    assert summary(auto_scaling_group, dear) == "On-Demand"


def test_a_kind_may_have_nothing_to_add() -> None:
    assert summary(schedule_group, None) == ""
    change = FieldChange("tags", "tags.Team", "a", "b")
    assert in_words(schedule_group, [change]) == (change,)


def test_all_declared_fields_of_a_new_thing_are_listed_with_nothing_before() -> None:
    fields = created(spec(file_system, home=lustre()))
    assert {each.old for each in fields} == {None}
    assert {each.path: each.new for each in fields}["storage_capacity"] == 1200
    assert all(each.new is not None for each in fields), "what is not declared is not compared"
