"""Findings for the person who approves a plan: who gets rights, and to what. Pure.

Warnings, which hold nothing back: plan/guard.py and plan/homes.py hold back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from reconciler import __version__
from reconciler.declare.fleet import IngressRule, Site, Workstation
from reconciler.declare.warnings import warnings
from reconciler.errors import Where
from reconciler.machine.agent import IMAGE_TAG, is_older
from reconciler.machine.instance_file import uid
from reconciler.plan.codes import AGENT_OLDER, SAME_UID
from reconciler.plan.model import Finding, Level, Op, Plan
from reconciler.plan.resolve import ImageFacts, ResolvedSite, ResolvedWorkstation

Network = IPv4Network | IPv6Network

PRIVATE: tuple[Network, ...] = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),
    IPv6Network("fc00::/7"),
)
"""Addresses that the internet does not route: RFC 1918, RFC 6598, RFC 4193."""

PROFILE = "instance_profile"
"""The field of a launch template's row that says which role its instances have."""

_NAMES = 12


def declaration_findings(plan: Plan, site: Site, now: datetime) -> Iterator[Finding]:
    """List valid settings that are probably not meant, of workstations that the plan changes."""
    changing = {(change.key.region, change.workstation) for change in plan.changes}
    chosen = [each for each in site.workstations if (each.region, each.name) in changing]
    for warning in warnings(chosen, site.ignore_tags, now):
        yield Finding(Level.WARNING, warning.code, warning.message, warning.where)


def findings(plan: Plan, site: ResolvedSite) -> Iterator[Finding]:
    """List each change of an instance profile, each open rule and each image of another account."""
    yield from _profiles(plan, site)
    yield from _open(site)
    yield from _images(site)
    yield from _older_agents(site)
    yield from _same_uid(site)


def _profiles(plan: Plan, site: ResolvedSite) -> Iterator[Finding]:
    declared = {(each.region, each.name): each for each in site.declared.workstations}
    changes: dict[tuple[str, str], list[str]] = {}
    places: dict[tuple[str, str], Where | None] = {}
    for row in plan.changes:
        for change in row.fields if row.op is not Op.CREATE else ():
            if change.path == PROFILE:
                pair = (str(change.old), str(change.new))
                changes.setdefault(pair, []).append(row.workstation)
                owner = declared.get((row.key.region, row.workstation))
                places.setdefault(pair, owner.places[PROFILE] if owner else row.where)
    for (old, new), names in changes.items():
        yield Finding(
            Level.WARNING,
            "profile-changes",
            f"{_some(names)}: instance_profile changes from {old} to {new}: whoever works there "
            f"may do what the role of {new} may do, from the next start on",
            places[old, new],
            sensitive=True,
        )


def _open(site: ResolvedSite) -> Iterator[Finding]:
    blocks = {
        block for each in site.workstations for subnet in each.subnets for block in subnet.blocks
    }
    own = _collapsed(ip_network(block, strict=False) for block in blocks)
    for rule in site.declared.ingress:
        network = ip_network(rule.cidr, strict=False)
        if not any(_inside(network, other) for other in (*PRIVATE, *own)):
            yield Finding(
                Level.WARNING,
                "open-to-internet",
                f"ingress lets {_ports(rule)} in from {rule.cidr}, and not all of these addresses "
                "are private or of the subnets in use: name your own networks. `workstation "
                "connect` needs no rule",
                rule.where,
                sensitive=True,
            )


def _collapsed(networks: Iterable[Network]) -> list[Network]:
    """The same addresses in as few networks as there can be: of subnets side by side, one."""
    found = set(networks)
    return [
        *collapse_addresses(each for each in found if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in found if isinstance(each, IPv6Network)),
    ]


def _inside(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.subnet_of(other)
    if isinstance(one, IPv6Network) and isinstance(other, IPv6Network):
        return one.subnet_of(other)
    return False


def _ports(rule: IngressRule) -> str:
    last = f"-{rule.to_port}" if rule.to_port != rule.from_port else ""
    return f"{rule.protocol} {rule.from_port}{last}"


def _images(site: ResolvedSite) -> Iterator[Finding]:
    foreign: dict[str, list[ResolvedWorkstation]] = {}
    for each in site.workstations:
        if "image" not in each.lacks and not _trusted(each, site.declared.account):
            foreign.setdefault(each.image.id, []).append(each)
    for same in foreign.values():
        image, first = same[0].image, same[0].declared
        yield Finding(
            Level.WARNING,
            "foreign-image",
            f"{_some([each.declared.name for each in same])}: the image {image.id} ({image.name}) "
            f"belongs to {_image_owner(image)}: not to this account, not to AWS, and the YAML "
            "names no such owner. Its author has root on these workstations: copy it into this "
            "account, or name it with its owner (image: {name: …, owner: …})",
            first.places["image"],
            sensitive=True,
        )


def _older_agents(site: ResolvedSite) -> Iterator[Finding]:
    """Images whose agent is older than this product, each once."""
    old: dict[str, list[ResolvedWorkstation]] = {}
    for each in site.workstations:
        if each.image.agent and is_older(each.image.agent):
            old.setdefault(each.image.id, []).append(each)
    for same in old.values():
        image, first = same[0].image, same[0].declared
        yield Finding(
            Level.WARNING,
            AGENT_OLDER,
            f"{_some([each.declared.name for each in same])}: the image {image.id} ({image.name}) "
            f"has the agent {image.agent}, which is older than this product ({__version__}): it "
            "works, and ignores what it does not know. Bake a new image, or take its tag "
            f"{IMAGE_TAG} off, so that user data carries the agent",
            first.places["image"],
        )


def _same_uid(site: ResolvedSite) -> Iterator[Finding]:
    """Workstations with one user id that mount the same file system, where files keep it."""
    users: dict[tuple[str, str, int], list[Workstation]] = {}
    for each in site.declared.workstations:
        for mount in each.mounts:
            shared = mount.file_system
            if shared.forced_uid is None:
                of = (shared.fleet, shared.name, uid(site.name, each))
                users.setdefault(of, []).append(each)
    for (_, name, number), same in users.items():
        if len(same) > 1:
            yield Finding(
                Level.WARNING,
                SAME_UID,
                f"{_some([each.name for each in same])}: their accounts have the same user id, "
                f"{number}, and they mount {name}: each can read and change the files of the "
                "other there. Rename one of them, which gives it another id",
                same[1].where,
                sensitive=True,
            )


def _trusted(each: ResolvedWorkstation, account: str) -> bool:
    """Whether an image is this account's, AWS's, or of the owner that the YAML names with it."""
    image, declared = each.image, each.declared.image
    listed = declared.owner if declared.name else ""
    return (
        image.owner == account
        or image.owner_alias == "amazon"  # only AWS can have it (EC2 API, Image.ImageOwnerAlias)
        or (bool(listed) and listed in (image.owner, image.owner_alias))
    )


def _image_owner(image: ImageFacts) -> str:
    alias = f" ({image.owner_alias})" if image.owner_alias else ""
    return f"account {image.owner}{alias}" if image.owner else "an account that AWS does not tell"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
