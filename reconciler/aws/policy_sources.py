"""Which lines of the YAML want a right: a policy is made of the names that it declares. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reconciler.aws.policy_difference import Statement
from reconciler.declare.fleet import Site
from reconciler.errors import Where

REGION = "region"


class Named(NamedTuple):
    """A name in the YAML, the service that knows it, and its line."""

    service: str
    name: str
    where: Where


def wanted_by(site: Site, right: Statement) -> tuple[Where, ...]:
    """List the lines that name what a right is about, each once and in order.

    Where a Deny spares more than it did, those are the lines of the regions that it spares now.
    """
    texts = [*right.resources, *(text for values in right.conditions.values() for text in values)]
    if right.effect == "Deny":
        spared = set(site.regions) - set(texts)
        return tuple(sorted({named.where for named in _names(site) if named.name in spared}))
    return tuple(
        sorted(
            {named.where for named in _names(site) if any(_is_of(named, text) for text in texts)}
        )
    )


def _is_of(named: Named, text: str) -> bool:
    """Whether an ARN, an alias or a bucket in a policy is of this name."""
    if named.service == REGION:
        return f".{named.name}/" in text
    # A key that is declared by its alias is any key to IAM: the condition names the alias.
    ends = (f"/{named.name.lstrip('/')}", ":key/*")
    return text == named.name or (f":{named.service}:" in text and text.endswith(ends))


def _names(site: Site) -> Iterator[Named]:
    for workstation in site.workstations:
        if workstation.image.ssm_parameter:
            yield Named("ssm", workstation.image.ssm_parameter, workstation.places["image"])
        yield Named("iam", workstation.instance_profile, workstation.places["instance_profile"])
        yield Named("iam", workstation.scheduler_role, workstation.places["scheduler_role"])
        yield Named(REGION, workstation.region, workstation.where)
        if workstation.home and workstation.home.kms_key_id:
            yield Named("kms", workstation.home.kms_key_id, workstation.places["storage.home"])
        if workstation.root.kms_key_id:
            yield Named(
                "kms", workstation.root.kms_key_id, workstation.places["storage.root.kms_key_id"]
            )
    for shared in site.file_systems:
        yield Named(REGION, shared.region, shared.where)
        if shared.kms_key_id:
            yield Named("kms", shared.kms_key_id, shared.where)
