"""What fits the schema and still makes no sense, with AWS's reason."""

from __future__ import annotations

import pytest

from reconciler.declare.fleet import of_type
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from tests.declare.helpers import GPU, Folder

HDD = "storage_capacity: 6000GiB, deployment_type: PERSISTENT_1, storage_type: HDD"
TYPES = "instance_types: [g6.xlarge]"


def _lustre(settings: str) -> str:
    return f"{GPU}, storage: {{home: {{fsx_lustre: {{{settings}}}}}}}"


def _root(settings: str) -> str:
    return f"{GPU}, storage: {{root: {{{settings}}}}}"


def _hours(settings: str) -> str:
    return f"{GPU}, schedule: {{{settings}}}"


def _abis(settings: str) -> str:
    return f"{GPU}, instance_requirements: {{{settings}}}"


SETTINGS = {
    # the machine
    "spot_policy: spot": "`ws` does not say what machine it needs "
    "(for example gpu: {memory: 24GB}; or give it under `defaults`)",
    "instance_requirements: {}": "`ws` does not say what machine it needs "
    "(for example gpu: {memory: 24GB}; or give it under `defaults`)",
    f"{GPU}, {TYPES}": "`gpu` and `instance_types` exclude each other (keep one of them)",
    f"{TYPES}, memory: {{min: 1GiB}}": "`instance_types` and `memory` exclude each other "
    "(keep one of them)",
    _abis('allowed_instance_types: ["g*"], excluded_instance_types: ["g4*"]'): ""
    "`allowed_instance_types` and `excluded_instance_types` exclude each other (keep one of them)",
    f"{GPU}, vcpus: {{min: 8, max: 4}}": "the `max` of `vcpus` is below its `min`, 8 (swap them)",
    f"{GPU}, memory: {{min: 1TiB, max: 512GiB}}": "the `max` of `memory` is below its `min`, 1TiB "
    "(swap them)",
    "gpu: {memory: {min: 48GB, max: 24GB}}": "the `max` of `memory` is below its `min`, 48GB "
    "(swap them)",
    _abis("network_bandwidth_gbps: {min: 2.5, max: 1}"): "the `max` of `network_bandwidth_gbps` "
    "is below its `min`, 2.5 (swap them)",
    f"{GPU}, vcpus: {{max: 0}}": "the `max` of `vcpus` must be at least 1 "
    "(every instance type has one)",
    "gpu: {name: t4, memory: 24GB}": "a GPU called t4 has 16GB "
    "(change it, or leave out `name` or `memory`)",
    "gpu: {name: a100, memory: {max: 32GB}}": "a GPU called a100 has 40GB or 80GB "
    "(change it, or leave out `name` or `memory`)",
    "gpu: {name: l4, manufacturer: amd}": "a GPU called l4 is made by nvidia "
    "(leave `manufacturer` out)",
    _abis("accelerator_count: {min: 1}"): "`accelerator_count` is given by `gpu.count` already "
    "(keep one of them)",
    _abis("accelerator_total_memory_mib: {min: 1}"): "`accelerator_total_memory_mib` is given by "
    "`gpu.memory` already (keep one of them)",
    "vcpus: {min: 2}, instance_requirements: {vcpu_count: {min: 2}}": "`vcpu_count` is given by "
    "`vcpus` already (keep one of them)",
    "memory: {min: 2GiB}, instance_requirements: {memory_mib: {min: 2}}": "`memory_mib` is given "
    "by `memory` already (keep one of them)",
    'gpu: {name: l4}, instance_requirements: {excluded_instance_types: ["g6.48xlarge"]}': ""
    "`excluded_instance_types` is given by `gpu.name` already (keep one of them)",
    # the image and the place
    f"{GPU}, image: {{id: ami-01234567, name: x}}": "`id` and `name` exclude each other "
    "(keep one of them)",
    f"{GPU}, image: {{id: null, ssm_parameter: null}}": "`image` names none "
    "(give id, ssm_parameter or name)",
    f"{GPU}, availability_zones: [eu-west-1a]": "eu-west-1a is not a zone of us-east-1 "
    "(its zones are called us-east-1a and so on)",
    f"{GPU}, availability_zones: [us-east-1a], storage: {{home: {{ebs: {{size: 9GiB, "
    "availability_zone: us-east-1b}}}": "us-east-1b is not among the `availability_zones` "
    "(they are us-east-1a)",
    _lustre("storage_capacity: 1200GiB, availability_zone: us-west-2a"): "us-west-2a is not a "
    "zone of us-east-1 (its zones are called us-east-1a and so on)",
    _root("kms_key_id: 'arn:aws:kms:eu-west-1:123456789012:alias/x'"): "the key is in eu-west-1, "
    "`ws` in us-east-1 (use a key of that region, or an alias)",
    # the clock and the market
    _hours('start: "daily 09:00"'): "`schedule` has no `timezone` "
    "(for example timezone: Europe/Berlin)",
    _hours('start: "daily 09:00", timezone: Europe/Brelin'): "there is no time zone "
    "`Europe/Brelin` (write Europe/Berlin)",
    _hours('start: "Mon-Fri 09:00", stop: "Fri-Sun 09:00", timezone: UTC'): "it would stop in the "
    "minute it starts (choose another time for one of them)",
    f"{GPU}, spot_policy: spot, on_demand_fallback: {{after: 5m}}": "`on_demand_fallback` has no "
    "meaning with `spot_policy: spot` (take it out, or use spot_policy: auto)",
    f"{GPU}, on_demand_fallback: {{after: 30s}}": "`after` must be from 1m to 1d",
    f"{GPU}, max_runtime: 30m": "`max_runtime` must be from 1h to 30d",
    f"{GPU}, outside_hours: stop": "`outside_hours: stop` needs hours (give "
    "`schedule` both `start` and `stop`)",
    f"{GPU}, on_demand_fallback: {{max_duration: 8d}}": "`max_duration` must be from 10m to 7d",
    # tags
    f"{GPU}, tags: {{'aws:x': a}}": "the tag `aws:x` is reserved (choose another key)",
    f"{GPU}, tags: {{'Reconciler:site': a}}": "the tag `Reconciler:site` is reserved "
    "(choose another key)",
    f"{GPU}, tags: {{{'x' * 129}: a}}": "a tag key has 1 to 128 characters (shorten it)",
    f"{GPU}, tags: {{a*: a}}": "AWS does not allow the tag key `a*` "
    "(letters, digits, spaces and _.:/=+-@ are allowed)",
    f"{GPU}, tags: {{a: 'b;c'}}": "AWS does not allow the tag value `b;c` "
    "(letters, digits, spaces and _.:/=+-@ are allowed)",
    # gp3
    _root("size: 65TiB"): "the root volume can have at most 64TiB, the limit of gp3",
    _root("size: 8GiB, iops: 4001"): "4001 IOPS are too many for 8GiB: gp3 has at most 500 per GiB "
    "(at most 4000, or a larger volume)",
    _root("size: 2GiB, iops: 3001"): "3001 IOPS are too many for 2GiB: gp3 has at most 500 per GiB "
    "(at most 3000, or a larger volume)",
    _root("throughput: 751"): "751 MiB/s are too many for 3000 IOPS: gp3 has at most 0.25 MiB/s "
    "per IOPS (at most 750, or iops: 3004)",
    f"{GPU}, storage: {{home: {{ebs: {{}}}}}}": "there is no `size` (for example size: 200GiB)",
    # FSx for Lustre
    _lustre("data_compression_type: LZ4"): "there is no `storage_capacity` "
    "(for example storage_capacity: 1200GiB)",
    _lustre("storage_capacity: 1200GiB, deployment_type: PERSISTENT_1, "
            "per_unit_storage_throughput: 125"): "PERSISTENT_1 on SSD takes 50, 100 or 200 MB/s "
    "per TiB, not 125 (125 belongs to PERSISTENT_2 on SSD)",
    _lustre("storage_capacity: 1200GiB, per_unit_storage_throughput: 200"): "PERSISTENT_2 on SSD "
    "takes 125, 250, 500 or 1000 MB/s per TiB, not 200 (200 belongs to PERSISTENT_1 on SSD)",
    _lustre("storage_capacity: 1200GiB, deployment_type: PERSISTENT_1"): "PERSISTENT_1 on SSD "
    "needs `per_unit_storage_throughput` (50, 100 or 200 MB/s per TiB)",
    _lustre("storage_capacity: 1200GiB, deployment_type: SCRATCH_2"): "a home on SCRATCH_2 would "
    "be lost with the first failed disk (use PERSISTENT_2)",
    _lustre("storage_capacity: 1000GiB"): "PERSISTENT_2 on SSD comes in 1200GiB, 2400GiB or a "
    "multiple of 2400GiB, not 1000GiB (the next is 1200GiB)",
    _lustre("storage_capacity: 3600GiB"): "PERSISTENT_2 on SSD comes in 1200GiB, 2400GiB or a "
    "multiple of 2400GiB, not 3600GiB (the next is 4800GiB)",
    _lustre("storage_capacity: 1200GiB, storage_type: HDD"): "PERSISTENT_2 has no HDD storage "
    "(use SSD, or deployment_type: PERSISTENT_1)",
    _lustre(f"{HDD}, per_unit_storage_throughput: 12"): "HDD storage needs `drive_cache_type` "
    "(READ, or NONE)",
    _lustre(f"{HDD}, per_unit_storage_throughput: 40, drive_cache_type: READ"): "PERSISTENT_1 on "
    "HDD comes in a multiple of 1800GiB, not 6000GiB (the next is 7200GiB)",
    _lustre("storage_capacity: 1200GiB, drive_cache_type: READ"): "only HDD storage has a cache "
    "(leave it out)",
    _lustre('storage_capacity: 1200GiB, file_system_type_version: "2.10"'): "PERSISTENT_2 does not "
    'run Lustre 2.10 (use "2.15")',
    _lustre('storage_capacity: 1200GiB, weekly_maintenance_start_time: "8:03:00"'): ""
    "`weekly_maintenance_start_time` must be day:hour:minute in UTC, Monday being 1, in quotes, "
    'such as "7:03:00", not `8:03:00`',
}  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS)
def test_what_is_said_of_a_workstation(folder: Folder, settings: str) -> None:
    assert folder.settings_say(settings) == [SETTINGS[settings]]


GOOD = [
    _lustre(f"{HDD}, per_unit_storage_throughput: 12, drive_cache_type: NONE"),
    _lustre("storage_capacity: 2400GiB, deployment_type: PERSISTENT_1, "
            "per_unit_storage_throughput: 50, file_system_type_version: '2.10'"),
    _lustre("storage_capacity: 4800GiB, weekly_maintenance_start_time: '1:00:00', "
            "automatic_backup_retention_days: 0"),
    _root("size: 1GiB"),
    _root("size: 160GiB, iops: 80000, throughput: 2000"),
    _root("kms_key_id: arn:aws:kms:us-east-1:123456789012:key/mrk-" + "1" * 32),
    _root("kms_key_id: 01234567-89ab-cdef-0123-456789abcdef"),
    _hours('start: "Mon-Fri 09:00", stop: "Sat 09:00", timezone: UTC'),
    f"{GPU}, availability_zones: [us-east-1-bos-1a]",
    "gpu: {name: b200, memory: 180GB}",
    "gpu: {manufacturer: amd}",
    "vcpus: {min: 2}",
    f"{TYPES}, spot_policy: on-demand",
    f"{GPU}, image: {{ssm_parameter: /aws/service/ami-amazon-linux-latest/x}}, owner: bob",
    f"{GPU}, tags: {{Kostenstelle: 'K\u00f6ln 42', 'a:b/c=d+e-f@g.h_i': ''}}",
]  # fmt: skip


@pytest.mark.parametrize("settings", GOOD)
def test_what_is_right_at_the_edge(folder: Folder, settings: str) -> None:
    assert folder.workstation(settings).name == "ws"


def test_tags_of_all_layers_together_have_a_limit(folder: Folder) -> None:
    lower = ", ".join(f"a{n}: x" for n in range(30))
    upper = ", ".join(f"b{n}: x" for n in range(11))
    assert folder.settings_say(f"{GPU}, tags: {{{upper}}}", f"tags: {{{lower}}}") == [
        "41 tags, all layers together; at most 40 are allowed "
        "(AWS takes 50, and the rest are the reconciler's own)"
    ]


MOUNTS = {
    "[{file_system: nope, at: /fsx}]": "fleet `vision` has no file system `nope` "
    "(it has: data, west)",
    "[{file_system: data, at: /etc/data}]": "`/etc/data` belongs to the operating system "
    "(mount it at /fsx, or under /mnt)",
    "[{file_system: data, at: /home}]": "`/home` belongs to the operating system "
    "(mount it at /fsx, or under /mnt)",
    "[{file_system: data, at: /fsx}, {file_system: data, at: /mnt/x}]": "`data` is mounted twice "
    "(keep one of them)",
    "[{file_system: west, at: /fsx}]": "`west` is in us-west-2, `ws` in us-east-1 "
    "(a file system is mounted in its own region)",
    "[{file_system: data, at: /a/../etc}]": "`at` must be an absolute path in plain letters and "
    "digits, such as /fsx, not `/a/../etc`",
}
SHARED = """\
fleet: vision
file_systems:
  data: {type: fsx_lustre, storage_capacity: 1200GiB}
  west: {type: fsx_lustre, storage_capacity: 1200GiB, region: us-west-2}
"""


@pytest.mark.parametrize("mounts", MOUNTS)
def test_mounts(folder: Folder, mounts: str) -> None:
    text = f"{SHARED}workstations:\n  ws: {{{GPU}, storage: {{mounts: {mounts}}}}}\n"
    assert [problem.split(": ", 1)[1] for problem in folder.says(text)] == [MOUNTS[mounts]]


def test_mounts_below_each_other(folder: Folder) -> None:
    mounts = (
        "[{file_system: data, at: /a/b}, {file_system: two, at: /a}, {file_system: z3, at: /a}]"
    )
    two = "  two: {type: fsx_lustre, storage_capacity: 1200GiB}\n" * 1
    three = two.replace("two", "z3")
    text = f"{SHARED}{two}{three}workstations:\n  ws: {{{GPU}, storage: {{mounts: {mounts}}}}}\n"
    assert [problem.split(": ", 1)[1] for problem in folder.says(text)] == [
        "`/a/b` is mounted below it (choose another path)",
        "`/a/b` is mounted below it (choose another path)",
        "`/a` is mounted there (choose another path)",
    ]


def test_a_shared_file_system_that_was_reported_is_not_also_missing(folder: Folder) -> None:
    text = (
        "fleet: vision\nfile_systems:\n  data: 5\nworkstations:\n"
        f"  ws: {{{GPU}, storage: {{mounts: [{{file_system: data, at: /fsx}}]}}}}\n"
    )
    assert folder.says(text) == [
        "3:9: `data` must be a mapping, not the number 5 "
        "(for example {type: fsx_lustre, storage_capacity: 1200GiB})"
    ]


SCRATCH = "type: fsx_lustre, deployment_type: SCRATCH_2, storage_capacity: 1200GiB"
FILE_SYSTEMS = {
    f"data: {{{SCRATCH}, per_unit_storage_throughput: 125}}": "SCRATCH_2 takes no "
    "`per_unit_storage_throughput` (leave it out)",
    f"data: {{{SCRATCH}, automatic_backup_retention_days: 7}}": "SCRATCH_2 has no backups (use 0)",
    f"data: {{{SCRATCH}, kms_key_id: alias/x}}": "SCRATCH_2 is encrypted with a key of FSx's own "
    "(leave it out, or use PERSISTENT_2)",
    "data: {type: fsx_lustre, deployment_type: SCRATCH_1, storage_capacity: 4800GiB}": "SCRATCH_1 "
    "on SSD comes in 1200GiB, 2400GiB or a multiple of 3600GiB, not 4800GiB (the next is 7200GiB)",
    f"home: {{{SCRATCH}}}": "`home` is what a workstation's own storage is called (rename it)",
    f"data: {{{SCRATCH}, availability_zone: eu-west-1a}}": "eu-west-1a is not a zone of us-east-1 "
    "(its zones are called us-east-1a and so on)",
    "data: {type: fsx_lustre}": "there is no `storage_capacity` "
    "(for example storage_capacity: 1200GiB)",
    f"data: {{{SCRATCH}, region: null}}": "`data` has no `region` "
    "(for example region: us-east-1; or give it under `defaults`)",
}


@pytest.mark.parametrize("text", FILE_SYSTEMS)
def test_shared_file_systems(folder: Folder, text: str) -> None:
    problems = folder.says(f"fleet: vision\nfile_systems:\n  {text}\n")
    assert [problem.split(": ", 1)[1] for problem in problems] == [FILE_SYSTEMS[text]]


def test_shared_scratch_is_allowed(folder: Folder) -> None:
    folder.write("vision.yaml", f"fleet: vision\nfile_systems:\n  data: {{{SCRATCH}}}\n")
    [data] = of_type(LustreFileSystem, folder.load().file_systems)
    assert data.per_unit_storage_throughput is None
