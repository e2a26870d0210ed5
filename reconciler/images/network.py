"""Where builders run: the subnets that the fleets of the site use, unless one is named. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.declare.fleet import Site, Subnets
from reconciler.errors import UsageError
from reconciler.images.model import Network
from reconciler.plan.resolve import Missing, Subnet


def network_of(
    site: Site, region: str, found: Sequence[Subnet] | Missing, subnet: str, profile: str
) -> Network:
    """Choose the subnets of the builders of one region.

    `subnet` and `profile` are what the options name, "" for nothing. Raises: UsageError.
    """
    instance_profile = profile or f"{site.name}-image"
    if subnet:
        return Network((subnet,), instance_profile)
    if isinstance(found, Missing):
        raise UsageError(f"the subnets of {region} could not be read: {found.reason}")
    declared = {each.subnets: None for each in site.workstations if each.region == region}
    chosen = [
        each.id
        for each in sorted(found, key=lambda it: (it.availability_zone, it.id))
        if not each.broken and any(_selected(each, wanted) for wanted in declared)
    ]
    if not chosen:
        raise UsageError(
            f"no workstation of the fleets has a subnet in {region}: name one with --subnet"
        )
    return Network(tuple(chosen), instance_profile)


def _selected(subnet: Subnet, wanted: Subnets) -> bool:
    if wanted.vpc and subnet.vpc_id != wanted.vpc:
        return False
    if wanted.ids:
        return subnet.id in wanted.ids
    tags = subnet.tags or {}
    return all(tags.get(key) == value for key, value in wanted.tags)


def parameter_of(site: Site, given: str, name: str) -> str:
    """Return the parameter to publish the image in: the option, the one that the fleets name, or
    `/SITE/_image/NAME` where they name none of their own.

    Raises: UsageError where the fleets name several.
    """
    if given.startswith("/aws/"):
        raise UsageError(f"{given} is AWS's own: name a parameter of yours with --parameter")
    named = parameters_of(site)
    if given:
        return given
    if len(named) > 1:
        raise UsageError(
            f"the fleets name {len(named)} SSM parameters of their own for images "
            f"({', '.join(named)}): say with --parameter where to publish"
        )
    return named[0] if named else f"/{site.name}/_image/{name}"


def parameters_of(site: Site) -> tuple[str, ...]:
    """List the image parameters of the fleets, but for AWS's own."""
    found = {each.image.ssm_parameter for each in site.workstations} - {""}
    return tuple(sorted(name for name in found if not name.startswith("/aws/")))
