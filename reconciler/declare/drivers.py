"""Which flavours of the NVIDIA driver drive the GPUs of an instance family. Pure.

A flavour is how the driver of an image is built: `open` and `proprietary` are NVIDIA's data center
driver with the open or the closed kernel modules, `grid` is its driver for virtual workstations.
The families follow the lists and the choice at boot of AWS's own images (awslabs/amazon-eks-ami:
nvidia-open-supported-devices-580.txt and -595.txt, nvidia-kmod-load.sh).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.declare import instance_types

FLAVOURS = ("open", "proprietary", "grid")


@dataclass(frozen=True)
class Support:
    """What drives a family: the flavours, and the first branch of the driver that knows its GPU."""

    flavours: frozenset[str]
    branch: int = 0


_ANY = Support(frozenset(FLAVOURS))
_DATA_CENTER = Support(frozenset({"open", "proprietary"}))
_OPEN = Support(frozenset({"open"}))
_FRACTION = Support(frozenset({"grid"}))  # a part of a GPU is a virtual GPU
_OLD = Support(frozenset({"proprietary"}))  # Kepler to Volta have no GSP, which `open` needs

FAMILIES = {
    **dict.fromkeys(("g4dn", "g5", "g6", "g6e", "gr6"), _ANY),
    **dict.fromkeys(("g5g", "p4d", "p4de", "p5", "p5e", "p5en"), _DATA_CENTER),
    **dict.fromkeys(("g6f", "gr6f"), _FRACTION),
    # Blackwell: NVIDIA has no closed modules for it.
    **dict.fromkeys(("g7e", "p6-b200", "p6-b300", "p6e-gb200"), _OPEN),
    "g7": Support(frozenset({"open"}), 595),
    **dict.fromkeys(("g3", "g3s", "p2", "p3", "p3dn"), _OLD),
    "g4ad": Support(frozenset()),  # its GPU is AMD's
}
"""Of a family that is not here nothing is known, and nothing is refused."""


def mismatches(
    types: Iterable[str], architecture: str, flavour: str, driver: str
) -> Iterator[tuple[str, str]]:
    """Find the instance types that an image does not run on, each with the reason.

    `flavour` and `driver` (a version) are "" for an image that does not say: then the architecture
    decides alone. `architecture` is "" for an image that is not known, which fits.
    """
    for name in types:
        reason = _by_architecture(name, architecture) or _by_driver(name, flavour, driver)
        if reason:
            yield name, reason


def _by_architecture(name: str, architecture: str) -> str:
    known = instance_types.find(name)
    if known is None or not architecture or architecture in known.architectures:
        return ""
    return f"it is {' or '.join(known.architectures)}, the image is {architecture}"


def _by_driver(name: str, flavour: str, driver: str) -> str:
    family = name.partition(".")[0]
    support = FAMILIES.get(family)
    if support is None or not flavour:
        return ""
    if not support.flavours:
        return "its GPU is not NVIDIA's, and the image has NVIDIA's driver"
    if flavour not in support.flavours:
        fitting = " or ".join(each for each in FLAVOURS if each in support.flavours)
        return f"its GPU needs driver flavour {fitting}, the image has {flavour}"
    branch = driver.partition(".")[0]
    if branch.isdecimal() and int(branch) < support.branch:
        return f"its GPU needs driver {support.branch} or newer, the image has {driver}"
    return ""
