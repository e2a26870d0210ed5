"""EC2's quotas of vCPUs: which one counts an instance type, in each market.

Spot and On-Demand have quotas of their own, in vCPUs of all that runs or is pending. Codes and
names: AWS General Reference, "Amazon EC2 instance type quotas".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Quota:
    """A quota as Service Quotas knows it; `of` is a pattern of the instance types it counts."""

    code: str
    name: str
    of: str = ""


_STANDARD = r"(a|c|d|h|i|im|is|m|r|t|z)\d"
SPOT = (
    Quota("L-3819A6DF", "All G and VT Spot Instance Requests", r"(g|gr|vt)\d"),
    Quota("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", r"p[234]"),
    Quota("L-C4BD4855", "All P5 Spot Instance Requests", r"p5"),
    Quota("L-6B0D517C", "All Trn Spot Instance Requests", r"trn\d"),
    Quota("L-B5D1601B", "All Inf Spot Instance Requests", r"inf\d"),
    Quota("L-85EED4F7", "All DL Spot Instance Requests", r"dl\d"),
    Quota("L-88CF9481", "All F Spot Instance Requests", r"f\d"),
    Quota("L-E3A00192", "All X Spot Instance Requests", r"x\d"),
    Quota("L-34B43A08", "All Standard Spot Instance Requests", _STANDARD),
)
ON_DEMAND = (
    Quota("L-DB2E81BA", "Running On-Demand G and VT instances", r"(g|gr|vt)\d"),
    Quota("L-417A185B", "Running On-Demand P instances", r"p\d"),
    Quota("L-2C3B7624", "Running On-Demand Trn instances", r"trn\d"),
    Quota("L-1945791B", "Running On-Demand Inf instances", r"inf\d"),
    Quota("L-6E869C2A", "Running On-Demand DL instances", r"dl\d"),
    Quota("L-74FC7D96", "Running On-Demand F instances", r"f\d"),
    Quota("L-7295265B", "Running On-Demand X instances", r"x\d"),
    Quota("L-F7808C92", "Running On-Demand HPC instances", r"hpc\d"),
    Quota("L-1216C47A", "Running On-Demand Standard instances", _STANDARD),
)
TABLES = {"spot": SPOT, "on-demand": ON_DEMAND}


def counts(table: tuple[Quota, ...], instance_type: str) -> Quota | None:
    """Find the quota of a table that counts an instance type; None where none is known."""
    return next((each for each in table if re.match(each.of, instance_type)), None)


def advice(market: Literal["spot", "on-demand"], instance_type: str) -> str:
    """Advise which quota to raise, for a type that is "" where nobody knows it.

    Without the type no quota of one family is named: raising another family's helps nobody.
    """
    found = counts(TABLES[market], instance_type) if instance_type else None
    if found:
        return f"Service Quotas, EC2, {found.name} ({found.code})"
    kind = "Spot Instance Requests" if market == "spot" else "Running On-Demand instances"
    return f"Service Quotas, EC2, {kind}, of the family of its types (G and P have their own)"
