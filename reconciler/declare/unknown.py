"""What to do about a field that there is not: the spelling first, then what others call it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.declare.suggest import one_edit, suggest

_ALIKE = 0.7  # of 1; `zone` is 0.67 like `owner`, and `max_price` like `max_runtime`
_MANY = 14  # more fields than this are not worth listing

_RUNTIME = "whether it runs now is not declared: `workstation start` and `workstation stop` do that"
_PRICE = "Spot has no bid: `instance_requirements` has the price limits that AWS knows"

SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "fleet file": {
        "fleet": "name fleet_name",
        "account": "account_id aws_account aws_account_id",
        "site": "site_name project company",
        "workstations": "machines instances hosts users developers nodes servers",
        "file_systems": "filesystems shared volumes storage_systems",
        "ingress": "security_groups security_group firewall",
        "calendars": "holidays",
    },
    "workstation": {
        "owner": "user username user_name email mail login developer assignee",
        "availability_zones": "availability_zone zone zones az azs",
        "instance_types": "instance_type type types machine_type instance flavor size_class",
        "gpu: {memory: 24GB}": "gpu_memory vram gpu_mem gpu_ram",
        "gpu: {name: l4}": "gpu_type gpu_name gpu_model accelerator accelerator_type card",
        "gpu: {count: 1}": "gpu_count gpus num_gpus accelerator_count",
        "vcpus: {min: 4}": "cpu cpus vcpu cores cpu_count min_vcpus",
        "memory: {min: 16GiB}": "ram mem min_memory memory_size",
        "spot_policy": "spot market purchase_option pricing capacity_type on_demand fallback",
        "image: {id: ami-0123456789abcdef0}": "ami ami_id image_id",
        "image: {ssm_parameter: /golden/gpu-desktop}": "ssm_parameter image_parameter",
        "storage: {root: {size: 100GiB}}": "disk disk_size root root_size root_volume volume_size "
        "size ebs boot_disk",
        "storage: {home: {ebs: {size: 200GiB}}}": "home home_size home_volume home_directory "
        "persistent_storage",
        "storage: {mounts: [{file_system: datasets, at: /fsx}]}": "mount mounts filesystems "
        "file_systems volumes fsx lustre efs nfs",
        'schedule: {start: "Mon-Fri 09:00", stop: "Mon-Fri 19:00", timezone: Europe/Berlin}': (
            "hours office_hours working_hours uptime schedules start stop cron start_time stop_time"
        ),
        "max_runtime": "ttl timeout max_uptime max_duration lifetime",
        "network: {subnets: {tags: {Tier: private}}}": "subnet subnet_id subnet_ids",
        "network: {vpc: vpc-0123456789abcdef0}": "vpc vpc_id",
        "instance_profile": "role iam_role iam_instance_profile profile",
        "tags": "labels label tag annotations",
        _RUNTIME: "state status enabled running desired_capacity min_size max_size capacity power "
        "on off active desired desired_state started stopped",
        _PRICE: "max_price spot_price price bid spot_max_price max_spot_price budget",
        "ssh_keys": "key_name key_pair keypair ssh_key keys public_key public_keys "
        "ssh_public_key ssh_public_keys authorized_keys",
        "idle: {after: 45m}": "idle_timeout idle_stop idle_after auto_stop autostop auto_shutdown "
        "inactivity inactivity_timeout stop_when_idle suspend_after",
        "metrics: {namespace: Workstations}": "cloudwatch monitoring telemetry metric",
        "what runs on it belongs in the image": "user_data userdata init startup_script packages "
        "software cloud_init setup",
        "`ingress` at the top of a file says who may reach workstations": "security_groups "
        "security_group firewall ports",
    },
    "idle section": {
        "after": "timeout idle_after minutes idle_timeout time",
        "warn": "warning notice notify grace warn_before",
        "signals": "signal sensors probes activity",
    },
    "metrics section": {"namespace": "name prefix"},
    "range": {"min": "minimum least at_least from", "max": "maximum most at_most to"},
    "schedule": {"timezone": "tz time_zone zone", "except": "holidays without skip calendars"},
    "root volume": {"size": "capacity storage_capacity volume_size"},
    "EBS home": {"size": "capacity storage_capacity volume_size"},
    "FSx for Lustre home": {"storage_capacity": "size capacity"},
    "file system": {"storage_capacity": "size capacity"},
    "mount": {"at": "path mount_point mountpoint target", "file_system": "name source filesystem"},
    "image": {"id": "ami ami_id image_id", "ssm_parameter": "parameter ssm"},
    "gpu section": {"memory": "vram mem ram", "name": "type model", "count": "number"},
}
"""By the title of an object: what to write, and what people write for it."""

_MEANT = {
    title: {word: advice for advice, words in synonyms.items() for word in words.split()}
    for title, synonyms in SYNONYMS.items()
}


def guess(schema: Mapping[str, Any], key: str, *, search: bool) -> tuple[str, str]:
    """Advise on an unknown field: the hint, and the known field it may stand for ("" if none).

    Without `search` only what is quick: who has many of them has another problem.
    """
    if not search:
        return "", ""
    known, deeper = schema["properties"], _deeper(schema, key)
    spelt = suggest(key, known, _ALIKE)
    advice = _MEANT.get(schema["title"], {}).get(key.lower().replace("-", "_"), "")
    below = (f"it belongs under `{deeper}`", deeper.partition(".")[0])
    near = (f"did you mean `{spelt}`?", spelt or "")
    if deeper == "defaults":  # a setting of workstations, at the top of a file
        return below
    if advice and not (spelt and one_edit(key, spelt)):
        return _by_another_name(advice, known)
    if spelt and (one_edit(key, spelt) or not deeper):
        return near
    return below if deeper else (_fields(known), "")


def _by_another_name(advice: str, known: Mapping[str, Any]) -> tuple[str, str]:
    field = advice.partition(":")[0]
    if field not in known:  # a sentence that says why
        return advice, ""
    return (f"did you mean `{field}`?" if advice == field else f"write {advice}"), field


def _deeper(schema: Mapping[str, Any], key: str) -> str:
    """Where below this object a field of that name is; "" if nowhere."""
    queue: deque[tuple[tuple[str, ...], Mapping[str, Any]]] = deque([((), schema)])
    while queue:
        path, node = queue.popleft()
        for name, child in node.get("properties", {}).items():
            if name == key:
                return ".".join(path)
            queue.append(((*path, name), child))
    return ""


def _fields(known: Iterable[str]) -> str:
    names = list(known)
    if len(names) > _MANY:
        return "see docs/reference-yaml.md"
    return "its fields: " + ", ".join(names)
