"""Built-in, _defaults.yaml, the file's defaults, the item: which holds, and where it is from."""

from __future__ import annotations

import pytest

from reconciler.declare.fleet import Image
from reconciler.declare.homes.ebs import EbsHome
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from tests.declare.helpers import GPU, Folder

HOME = "storage: {home: {fsx_lustre: {storage_capacity: 1200GiB}}}"


def _where(folder: Folder, path: str) -> str:
    where = folder.settings()[path].where
    return f"{where}".rpartition("/")[2] if where else "built-in"


def test_each_value_is_from_the_highest_layer_that_gives_it(folder: Folder) -> None:
    folder.write("_defaults.yaml", (folder.path / "_defaults.yaml").read_text() + "  gpu: {}\n")
    ws = folder.workstation(
        "storage: {root: {size: 50GiB}}", "instance_profile: mine, tags: {A: b}"
    )
    assert (ws.region, _where(folder, "region")) == ("us-east-1", "_defaults.yaml:5:3")
    assert (ws.instance_profile, _where(folder, "instance_profile")) == ("mine", "vision.yaml:2:12")
    assert (ws.root.size, _where(folder, "storage.root.size")) == (50, "vision.yaml:4:25")
    assert (ws.root.iops, _where(folder, "storage.root.iops")) == (3000, "built-in")
    assert (ws.spot_policy, _where(folder, "spot_policy")) == ("auto", "built-in")
    assert (ws.tags, _where(folder, "tags.A")) == ({"A": "b"}, "vision.yaml:2:43")


def test_maps_merge_lists_and_scalars_replace(folder: Folder) -> None:
    ws = folder.workstation(
        "tags: {B: item}, availability_zones: [us-east-1c], gpu: {count: 2}",
        f"tags: {{A: file, B: file}}, availability_zones: [us-east-1a, us-east-1b], {GPU}",
    )
    assert ws.tags == {"A": "file", "B": "item"}
    assert ws.zones == ("us-east-1c",)
    assert ws.instance_requirements is not None
    assert ws.instance_requirements["AcceleratorTotalMemoryMiB"] == {"Min": 44860}


@pytest.mark.parametrize(
    ("settings", "defaults", "path", "value"),
    [
        ("spot_policy: null", "spot_policy: spot", "spot_policy", "auto"),
        ("storage: {root: null}", "storage: {root: {size: 9GiB}}", "storage.root.size", "100GiB"),
        ("storage: null", "storage: {root: {size: 9GiB}}", "storage.root.size", "100GiB"),
        ("gpu: {count: null}", "gpu: {count: 4}", "gpu.count", 1),
        ("on_demand_fallback: {after: ~}", "on_demand_fallback: {after: 5m, max_duration: 1h}",
         "on_demand_fallback.after", "10m"),
    ],
)  # fmt: skip
def test_null_returns_to_the_built_in(
    folder: Folder, settings: str, defaults: str, path: str, value: str
) -> None:
    if "gpu" not in settings:
        settings += f", {GPU}"
    folder.workstation(settings, defaults)
    found = folder.settings()[path]
    assert (found.value, found.where) == (value, None)


def test_null_where_nothing_is_built_in_takes_it_away(folder: Folder) -> None:
    ws = folder.workstation(
        f"{GPU}, tags: {{A: null}}, schedule: {{start: null}}, storage: {{home: null}}",
        'tags: {A: x, B: z}, schedule: {start: "daily 08:00", stop: "daily 20:00", timezone: UTC}, '
        + HOME,
    )
    assert ws.tags == {"B": "z"}
    assert [edge.action for edge in ws.schedule] == ["stop"]
    assert ws.home is None


def test_a_null_that_takes_a_required_value_away_is_a_problem(folder: Folder) -> None:
    problems = folder.settings_say(
        f"{GPU}, owner: null, network: {{subnets: {{tags: {{Tier: null}}}}}}"
    )
    assert [problem.partition(" (")[0] for problem in problems] == [
        "`ws` has no `network.subnets`",
        "`ws` has no `owner`",
    ]


def test_another_way_to_name_the_image_replaces_the_lower_one(folder: Folder) -> None:
    by_id = folder.workstation(f"{GPU}, image: {{id: ami-0123456789abcdef0}}")
    assert by_id.image == Image(id="ami-0123456789abcdef0")
    by_name = folder.workstation(f'{GPU}, image: {{name: "golden-*"}}')
    assert by_name.image == Image(name="golden-*", owner="self")
    of_another = folder.workstation(
        f'{GPU}, image: {{owner: "123456789012"}}', 'image: {name: "golden-*"}'
    )
    assert of_another.image == Image(name="golden-*", owner="123456789012")


def test_instance_types_replace_a_lower_need_and_the_other_way_round(folder: Folder) -> None:
    types = folder.workstation("instance_types: [g6.xlarge]", f"{GPU}, vcpus: {{min: 4}}")
    assert (types.instance_types, types.instance_requirements) == (("g6.xlarge",), None)
    assert "gpu.memory" not in folder.settings()
    need = folder.workstation(GPU, "instance_types: [g6.xlarge]")
    assert need.instance_types == ()
    assert need.instance_requirements is not None


def test_the_other_kind_of_home_replaces_the_lower_one(folder: Folder) -> None:
    ebs = folder.workstation(f"{GPU}, storage: {{home: {{ebs: {{size: 1TiB}}}}}}", HOME)
    assert isinstance(ebs.home, EbsHome)
    assert (ebs.home.size, ebs.home.iops, ebs.home.throughput) == (1024, 3000, 125)
    bigger = folder.workstation(
        f"{GPU}, storage: {{home: {{fsx_lustre: {{storage_capacity: 2400GiB}}}}}}", HOME
    )
    assert isinstance(bigger.home, LustreFileSystem)
    assert bigger.home.storage_capacity == 2400


def test_ids_of_subnets_replace_tags(folder: Folder) -> None:
    ws = folder.workstation(f"{GPU}, network: {{subnets: [subnet-0123456789abcdef0]}}")
    assert (ws.subnets.ids, ws.subnets.tags) == (("subnet-0123456789abcdef0",), ())


def test_the_other_spot_price_form_replaces_the_lower_one(folder: Folder) -> None:
    ws = folder.workstation(
        "instance_requirements: {max_spot_price_as_percentage_of_optimal_on_demand_price: 60}",
        f"{GPU}, instance_requirements: {{spot_max_price_percentage_over_lowest_price: 10}}",
    )
    assert ws.instance_requirements is not None
    assert "SpotMaxPricePercentageOverLowestPrice" not in ws.instance_requirements
    assert ws.instance_requirements["MaxSpotPriceAsPercentageOfOptimalOnDemandPrice"] == 60


def test_a_fallback_in_the_defaults_says_nothing_to_those_who_need_none(folder: Folder) -> None:
    ws = folder.workstation(f"{GPU}, spot_policy: spot", "on_demand_fallback: {after: 5m}")
    assert ws.on_demand_fallback is None


def test_defaults_files_beside_each_other_are_one_layer(folder: Folder) -> None:
    """What they give differently is a problem: see test_files.py."""
    folder.write("_10.yaml", "defaults: {tags: {A: ten, B: two}}\n")
    folder.write("_20.yaml", "defaults: {tags: {B: two, C: x}}\n")
    assert folder.workstation(GPU).tags == {"A": "ten", "B": "two", "C": "x"}


def test_a_shared_file_system_takes_place_and_tags_from_the_layers(folder: Folder) -> None:
    folder.write(
        "vision.yaml",
        "fleet: vision\ndefaults: {tags: {Team: vision}, region: eu-west-1}\n"
        "file_systems:\n  data: {type: fsx_lustre, storage_capacity: 1200GiB, tags: {Own: x}}\n",
    )
    [data] = folder.load().file_systems
    assert (data.region, data.tags) == ("eu-west-1", {"Team": "vision", "Own": "x"})
    assert (data.owner, data.subnets.tags) == ("", (("Tier", "private"),))


def test_a_finding_points_at_the_setting_or_its_nearest_parent(folder: Folder) -> None:
    ws = folder.workstation(f"{GPU}, storage: {{root: {{size: 50GiB}}}}")
    assert ws.places["storage.root.size"].column == 46
    assert ws.places["storage.home"].column == 29
    assert ws.places["image"].file.endswith("_defaults.yaml")
    assert ws.places["availability_zones"] == ws.where
    larger = folder.workstation(f"{GPU}, storage: {{root: {{iops: 4000}}}}")
    assert larger.places["storage.root.size"].column == 39
