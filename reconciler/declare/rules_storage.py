"""Do the disks make sense: gp3 volumes, FSx for Lustre, mounts. With AWS's reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.declare.complaints import either
from reconciler.declare.gather import Item
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Spot, wrong
from reconciler.declare.units import gib
from reconciler.errors import Problem

LARGEST_VOLUME = 64 * 1024  # GiB of gp3
_THROUGHPUT = {
    ("PERSISTENT_1", "SSD"): (50, 100, 200),
    ("PERSISTENT_1", "HDD"): (12, 40),
    ("PERSISTENT_2", "SSD"): (125, 250, 500, 1000),
}
_HDD_STEP = {12: 6000, 40: 1800}
_SYSTEM = {"bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "lost+found"}
_SYSTEM |= {"proc", "root", "run", "sbin", "sys", "tmp", "usr", "var"}


def check(item: Item, shared: Mapping[str, Item] | None) -> Iterator[Problem]:
    """The storage of one workstation. `shared` are its fleet's file systems by name, None when
    not all of them could be read."""
    storage = item.settings.get("storage", Map())
    if "root" in storage:
        yield from _volume(storage["root"], storage.spots.get("root", item.spot), "the root volume")
    home = storage.get("home", Map())
    if "ebs" in home:
        yield from _volume(home["ebs"], home.spots["ebs"], "the home volume")
        yield from _sized(home["ebs"], "size", home.spots["ebs"], "for example size: 200GiB")
    if "fsx_lustre" in home:
        yield from _home(home["fsx_lustre"], home.spots["fsx_lustre"])
    for mount in storage.get("mounts", ()):
        yield from _mount(item, mount, shared)
    yield from _mounts_apart(storage.get("mounts", ()))


def _sized(own: Map, key: str, holder: Spot, hint: str) -> Iterator[Problem]:
    if not own.mentions(key):
        yield holder.key(f"there is no `{key}`", hint)


def _volume(volume: Map, holder: Spot, what: str) -> Iterator[Problem]:
    size = gib(volume["size"]) if "size" in volume else None
    iops, throughput = volume.get("iops"), volume.get("throughput")
    if size is not None and size > LARGEST_VOLUME:
        yield wrong(volume, "size", holder, f"{what} can have at most 64TiB, the limit of gp3")
    if size is not None and iops is not None and iops > max(3000, 500 * size):
        yield wrong(
            volume,
            "iops",
            holder,
            f"{iops} IOPS are too many for {volume['size']}: gp3 has at most 500 per GiB",
            f"at most {max(3000, 500 * size)}, or a larger volume",
        )
    if iops is not None and throughput is not None and throughput * 4 > iops:
        room = size is None or throughput * 4 <= max(3000, 500 * size)
        yield wrong(
            volume,
            "throughput",
            holder,
            f"{throughput} MiB/s are too many for {iops} IOPS: gp3 has at most 0.25 MiB/s per IOPS",
            f"at most {iops // 4}" + (f", or iops: {throughput * 4}" if room else ""),
        )


def _home(own: Map, holder: Spot) -> Iterator[Problem]:
    if own.get("deployment_type", "").startswith("SCRATCH"):
        yield wrong(
            own,
            "deployment_type",
            holder,
            f"a home on {own['deployment_type']} would be lost with the first failed disk",
            "use PERSISTENT_2",
        )
    else:
        yield from lustre(own, holder)


def lustre(own: Map, holder: Spot) -> Iterator[Problem]:
    """What AWS accepts of an FSx for Lustre file system."""
    yield from _sized(own, "storage_capacity", holder, "for example storage_capacity: 1200GiB")
    if "deployment_type" not in own or "storage_type" not in own:
        return
    kind, disk = own["deployment_type"], own["storage_type"]
    if disk == "HDD" and kind != "PERSISTENT_1":
        yield wrong(
            own,
            "storage_type",
            holder,
            f"{kind} has no HDD storage",
            "use SSD, or deployment_type: PERSISTENT_1",
        )
        return
    yield from _throughput(own, holder, kind, disk)
    yield from _capacity(own, holder, kind, disk)
    yield from _cache(own, holder, disk)
    if kind == "PERSISTENT_2" and own.get("file_system_type_version") == "2.10":
        yield wrong(
            own,
            "file_system_type_version",
            holder,
            "PERSISTENT_2 does not run Lustre 2.10",
            'use "2.15"',
        )
    if kind.startswith("SCRATCH"):
        if own.get("automatic_backup_retention_days"):
            yield wrong(
                own, "automatic_backup_retention_days", holder, f"{kind} has no backups", "use 0"
            )
        if "kms_key_id" in own:
            yield wrong(
                own,
                "kms_key_id",
                holder,
                f"{kind} is encrypted with a key of FSx's own",
                "leave it out, or use PERSISTENT_2",
            )


def _throughput(own: Map, holder: Spot, kind: str, disk: str) -> Iterator[Problem]:
    key = "per_unit_storage_throughput"
    right = _THROUGHPUT.get((kind, disk), ())
    if own.mentions(key) and not right:
        yield wrong(own, key, holder, f"{kind} takes no `{key}`", "leave it out")
    elif right and not own.mentions(key):
        yield holder.key(f"{kind} on {disk} needs `{key}`", f"{_numbers(right)} MB/s per TiB")
    elif right and key in own and own[key] not in right:
        others = [f"{k} on {d}" for (k, d), them in _THROUGHPUT.items() if own[key] in them]
        yield wrong(
            own,
            key,
            holder,
            f"{kind} on {disk} takes {_numbers(right)} MB/s per TiB, not {own[key]}",
            f"{own[key]} belongs to {others[0]}" if others else "",
        )


def _numbers(values: Iterable[int]) -> str:
    return either([str(value) for value in values])


def _capacity(own: Map, holder: Spot, kind: str, disk: str) -> Iterator[Problem]:
    if "storage_capacity" not in own:
        return
    size = gib(own["storage_capacity"])
    if disk == "HDD":
        step = _HDD_STEP.get(own.get("per_unit_storage_throughput", 0))
        fits, rule = step is None or size % step == 0, f"a multiple of {step}GiB"
    else:
        step = 3600 if kind == "SCRATCH_1" else 2400
        fits = size in (1200, 2400) or size % step == 0
        rule = f"1200GiB, 2400GiB or a multiple of {step}GiB"
    if not fits:
        yield wrong(
            own,
            "storage_capacity",
            holder,
            f"{kind} on {disk} comes in {rule}, not {own['storage_capacity']}",
            f"the next is {_next_size(size, disk, step or 0)}GiB",
        )


def _next_size(size: int, disk: str, step: int) -> int:
    if disk == "SSD" and size < 2400:
        return 1200 if size < 1200 else 2400
    return -(-size // step) * step


def _cache(own: Map, holder: Spot, disk: str) -> Iterator[Problem]:
    if disk == "HDD" and not own.mentions("drive_cache_type"):
        yield holder.key("HDD storage needs `drive_cache_type`", "READ, or NONE")
    if disk == "SSD" and own.get("drive_cache_type", "NONE") != "NONE":
        yield wrong(own, "drive_cache_type", holder, "only HDD storage has a cache", "leave it out")


def _mount(item: Item, mount: Map, shared: Mapping[str, Item] | None) -> Iterator[Problem]:
    name, at = mount.get("file_system"), mount.get("at")
    if name is not None and shared is not None:
        if name not in shared:
            known = ", ".join(sorted(shared)) or "none"
            yield mount.spots["file_system"].value(
                f"fleet `{item.fleet}` has no file system `{name}`", f"it has: {known}"
            )
        else:
            there, here = shared[name].settings.get("region"), item.settings.get("region")
            if there and here and there != here:
                yield mount.spots["file_system"].value(
                    f"`{name}` is in {there}, {show(item.name)} in {here}",
                    "a file system is mounted in its own region",
                )
    if at is not None and at.split("/")[1] in _SYSTEM:
        yield mount.spots["at"].value(
            f"`{at}` belongs to the operating system", "mount it at /fsx, or under /mnt"
        )


def _mounts_apart(mounts: list[Map]) -> Iterator[Problem]:
    for index, mount in enumerate(mounts):
        for other in mounts[:index]:
            one, two = mount.get("at", ""), other.get("at", "")
            if one and two and f"{one}/".startswith(f"{two}/"):
                yield mount.spots["at"].value(f"`{two}` is mounted there", "choose another path")
            elif one and two and f"{two}/".startswith(f"{one}/"):
                yield mount.spots["at"].value(f"`{two}` is mounted below it", "choose another path")
            if mount.get("file_system", 0) == other.get("file_system", 1):
                yield mount.spots["file_system"].value(
                    f"`{mount['file_system']}` is mounted twice", "keep one of them"
                )
