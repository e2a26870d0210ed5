"""Which Spot pools (instance type × zone) a workstation could start in.

Asked only for those whose shape changes: a steady run makes none of these calls. AWS's preview
leaves capacity and price protection out, so it shows the widest set
(EC2 API, GetInstanceTypesFromInstanceRequirements).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from reconciler.aws_api import Aws
from reconciler.errors import AwsError
from reconciler.plan.batches import batches
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Missing, ResolvedWorkstation

PRICE_MEMBERS = frozenset({
    "OnDemandMaxPricePercentageOverLowestPrice",
    "SpotMaxPricePercentageOverLowestPrice",
    "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice",
})  # fmt: skip
"""The preview does not support them."""


def pools(aws: Aws, workstations: Iterable[ResolvedWorkstation]) -> dict[str, Pools | Missing]:
    """Find the Spot pools of each workstation of one region, by workstation name."""
    matched: dict[str, Sequence[str] | Missing] = {}
    seen: dict[str, Sequence[str] | Missing] = {}
    chosen = list(workstations)
    for workstation in chosen:
        question = json.dumps(
            [
                workstation.image.architecture,
                workstation.declared.instance_types,
                dict(workstation.declared.instance_requirements or {}),
            ],
            sort_keys=True,
        )
        if question not in seen:
            seen[question] = _matching(aws, workstation)
        matched[workstation.declared.name] = seen[question]
    every = sorted({t for m in matched.values() if not isinstance(m, Missing) for t in m})
    try:
        offered = _offered(aws, every)
    except AwsError as error:
        return {
            workstation.declared.name: Missing(str(error), error.code) for workstation in chosen
        }
    answer: dict[str, Pools | Missing] = {}
    for workstation in chosen:
        types = matched[workstation.declared.name]
        if isinstance(types, Missing):
            answer[workstation.declared.name] = types
            continue
        zones = sorted({subnet.availability_zone for subnet in workstation.subnets})
        here = {name for name, _ in offered}
        answer[workstation.declared.name] = Pools(
            {zone: tuple(t for t in types if (t, zone) in offered) for zone in zones},
            tuple(name for name in workstation.declared.instance_types if name not in here),
        )
    return answer


def _matching(aws: Aws, workstation: ResolvedWorkstation) -> Sequence[str] | Missing:
    if workstation.declared.instance_types:
        return workstation.declared.instance_types
    if not workstation.image.architecture:
        return Missing("they depend on the image, which is not known")
    requirements: Mapping[str, object] = {
        name: value
        for name, value in (workstation.declared.instance_requirements or {}).items()
        if name not in PRICE_MEMBERS
    }
    try:
        return sorted(
            str(item.get("InstanceType"))
            for item in aws.pages(
                "ec2",
                "get_instance_types_from_instance_requirements",
                "InstanceTypes",
                ArchitectureTypes=[workstation.image.architecture],
                VirtualizationTypes=["hvm"],
                InstanceRequirements=requirements,
            )
        )
    except AwsError as error:
        return Missing(str(error), error.code)


def _offered(aws: Aws, types: list[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for wanted in batches(types):
        for item in aws.pages(
            "ec2",
            "describe_instance_type_offerings",
            "InstanceTypeOfferings",
            1000,
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": wanted}],
        ):
            found.add((str(item.get("InstanceType")), str(item.get("Location"))))
    return found
