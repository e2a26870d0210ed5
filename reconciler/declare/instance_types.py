"""The instance types AWS had when `make instance-types` last asked, and what a name may be.

The table is read only where a type is named, and a line of it only when it is asked for. A type
may be newer than the table: `plausible` tells such a name from a mistake, and the plan asks AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reconciler.declare.suggest import suggest

_FAMILY = re.compile(r"([a-z]+)(\d+)([a-z]*)")  # g6e: the series, the generation, options
_LONGER = re.compile(r"[a-z]+\d*[a-z]*(-[a-z0-9]+)+")  # p6-b300, u-6tb1, mac-m4
_SIZE = re.compile(r"nano|micro|small|medium|large|([1-9]\d{0,2})?xlarge|metal(-\d{1,3}xl)?")
_NOWHERE = "nowhere"
_ALIKE = 0.8  # among 1,400 names something is always a little alike


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One kind of accelerator in a type: how many, MiB of each, AWS's name for it."""

    kind: str  # gpu, fpga, inference, neuron, media
    count: int  # 0: a slice of one
    memory_mib: int
    name: str


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One instance type, as AWS described it."""

    name: str
    vcpus: int
    memory_mib: int
    architectures: tuple[str, ...]
    current: bool  # of AWS's current generation
    accelerators: tuple[Accelerator, ...]
    regions: frozenset[str]

    @property
    def gpu(self) -> bool:
        """Whether it has a GPU, or a slice of one."""
        return any(accelerator.kind == "gpu" for accelerator in self.accelerators)


@cache
def _lines() -> Mapping[str, str]:
    """The table by its first word: types, families that are offered nowhere, and `regions`."""
    table = files("reconciler.declare").joinpath("data", "instance_types.txt")
    lines = table.read_text(encoding="ascii").splitlines()
    return {line.partition(" ")[0]: line for line in lines if not line.startswith("#")}


@cache
def regions() -> tuple[str, ...]:
    """List the regions that the table knows; of other regions it says nothing."""
    return tuple(_lines()["regions"].split()[1:])


@cache
def find(name: str) -> InstanceType | None:
    """Find an instance type by its name; None if the table does not have it."""
    line = _lines().get(name, "")
    if line.count(" ") != 6:
        return None
    _, vcpus, memory, architectures, generation, accelerators, where = line.split(" ")
    bits = int(where, 16)
    return InstanceType(
        name,
        int(vcpus),
        int(memory),
        tuple(architectures.split(",")),
        generation == "current",
        tuple(map(_accelerator, accelerators.split(",") if accelerators != "-" else ())),
        frozenset(region for number, region in enumerate(regions()) if bits >> number & 1),
    )


def _accelerator(text: str) -> Accelerator:
    kind, count, memory, name = text.split(":", 3)
    return Accelerator(kind, int(count), int(memory), name)


def names() -> Iterator[str]:
    """List every instance type that some region offers."""
    return (name for name in _lines() if "." in name and not name.endswith(".*"))


def offered_nowhere(family: str) -> bool:
    """Tell whether AWS had this family, or will have it, and offers it in no region."""
    return _lines().get(f"{family}.*", "").endswith(_NOWHERE)


@cache
def families() -> Mapping[str, tuple[str, ...]]:
    """List the sizes of each family that some region offers."""
    found: dict[str, list[str]] = {}
    for name in names():
        family, _, size = name.partition(".")
        found.setdefault(family, []).append(size)
    return {family: tuple(sizes) for family, sizes in found.items()}


@cache
def gpu_families(region: str) -> tuple[str, ...]:
    """List the families with a GPU that a region offers."""
    here = (find(name) for name in names())
    found = {
        instance_type.name.partition(".")[0]
        for instance_type in here
        if instance_type and _has_gpu(instance_type, region)
    }
    return tuple(sorted(found))


def _has_gpu(instance_type: InstanceType, region: str) -> bool:
    return instance_type.gpu and instance_type.current and region in instance_type.regions


def plausible(name: str) -> bool:
    """Tell whether a name that the table lacks may be of a newer instance type.

    It is formed as AWS forms them, its size is one that types have, and its family is a known one,
    or none whose letters are those of a known one in another order.
    """
    family, _, size = name.partition(".")
    if not _SIZE.fullmatch(size):
        return False
    if family in families() or _LONGER.fullmatch(family):
        return True
    parts = _FAMILY.fullmatch(family)
    if parts is None:
        return False
    others = [found for other in families() if (found := _FAMILY.fullmatch(other))]
    known = {letter for match in others for letter in match[3]}
    alike = {
        "".join(sorted(match[3])) for match in others if match.groups()[:2] == parts.groups()[:2]
    }
    return known.issuperset(parts[3]) and "".join(sorted(parts[3])) not in alike


def suggestion(name: str) -> str:
    """Suggest the known instance type with the most similar name; "" if none is similar."""
    lower = name.lower()
    family, _, size = lower.partition(".")
    for candidate in (lower, f"{size}.{family}"):
        if find(candidate):
            return candidate
    if family in families():
        close = suggest(size, families()[family])
        return f"{family}.{close}" if close else ""
    same = [known for known in families() if sorted(known) == sorted(family)]
    other = next(iter(same), None) or suggest(family, families())
    if other and size in families()[other]:
        return f"{other}.{size}"
    return suggest(lower, names(), _ALIKE) or "" if not size else ""
