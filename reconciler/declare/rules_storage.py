"""Do the disks make sense: the root volume, the home, mounts. With AWS's reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.declare import gp3
from reconciler.declare.homes import FILE_SYSTEMS, HOMES
from reconciler.declare.homes.questions import COMMON
from reconciler.declare.merge import Item
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map
from reconciler.errors import Problem

_SYSTEM = {"bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "lost+found"}
_SYSTEM |= {"proc", "root", "run", "sbin", "sys", "tmp", "usr", "var"}


def check(item: Item, shared: Mapping[str, Item] | None) -> Iterator[Problem]:
    """Check the storage of one workstation. `shared` are its fleet's file systems by name, None
    when not all of them could be read."""
    storage = item.settings.get("storage", Map())
    if "root" in storage:
        span = storage.spans.get("root", item.span)
        yield from gp3.check(storage["root"], span, "the root volume")
    home = storage.get("home", Map())
    for key, home_type in HOMES.items():
        if key in home:
            yield from home_type.check(home[key], home.spans[key])
    for mount in storage.get("mounts", ()):
        yield from _mount(item, mount, shared)
    yield from _mounts_apart(storage.get("mounts", ()))


def check_shared(item: Item) -> Iterator[Problem]:
    """Report what makes no sense in a shared file system; one without a type has its problem."""
    name = item.settings.get("type", "")
    file_system = FILE_SYSTEMS.get(name)
    if file_system is None:
        return
    for key in item.settings.keys() - COMMON - file_system.SETTINGS:
        yield item.settings.spans[key].key(f"{name} has no `{key}`", "it is of another type")
    yield from file_system.check_shared(item.settings, item.span)


def _mount(item: Item, mount: Map, shared: Mapping[str, Item] | None) -> Iterator[Problem]:
    name, at = mount.get("file_system"), mount.get("at")
    if name is not None and shared is not None:
        if name not in shared:
            known = ", ".join(sorted(shared)) or "none"
            yield mount.spans["file_system"].value(
                f"fleet `{item.fleet}` has no file system `{name}`", f"it has: {known}"
            )
        else:
            there, here = shared[name].settings.get("region"), item.settings.get("region")
            if there and here and there != here:
                yield mount.spans["file_system"].value(
                    f"`{name}` is in {there}, {show(item.name)} in {here}",
                    "a file system is mounted in its own region",
                )
    if at is not None and at.split("/")[1] in _SYSTEM:
        yield mount.spans["at"].value(
            f"`{at}` belongs to the operating system", "mount it at /fsx, or under /mnt"
        )


def _mounts_apart(mounts: list[Map]) -> Iterator[Problem]:
    for index, mount in enumerate(mounts):
        for other in mounts[:index]:
            one, two = mount.get("at", ""), other.get("at", "")
            if one and two and f"{one}/".startswith(f"{two}/"):
                yield mount.spans["at"].value(f"`{two}` is mounted there", "choose another path")
            elif one and two and f"{two}/".startswith(f"{one}/"):
                yield mount.spans["at"].value(f"`{two}` is mounted below it", "choose another path")
            if mount.get("file_system", 0) == other.get("file_system", 1):
                yield mount.spans["file_system"].value(
                    f"`{mount['file_system']}` is mounted twice", "keep one of them"
                )
