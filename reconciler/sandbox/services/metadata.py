"""What the instance metadata service knows of an instance, as a tree of paths.

[D ec2 instancedata-data-categories, instance-metadata-security-credentials,
spot-instance-termination-notices, retrieving-target-lifecycle-state-through-imds]
"""

from __future__ import annotations

import base64
import json
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.iam.models import iam_backends

from reconciler.sandbox.operations import Wire
from reconciler.sandbox.services.groups import Groups
from reconciler.sandbox.world import ACCOUNT, World

Tree = Mapping[str, str | bytes]
"""Each item by its whole path below `/latest/`: `meta-data/ami-id`."""

RENEWED = timedelta(minutes=5)
"""New credentials are there that long before the old ones end, at the least."""
LASTING = timedelta(hours=6)
KEY_ID = string.ascii_uppercase + "234567"


@dataclass
class Keys:
    """Credentials that an instance got, until when they are accepted."""

    id: str
    secret: str
    token: str
    since: datetime
    until: datetime


@dataclass
class Metadata:
    """What a region's instances are told that stands nowhere else, by their ids."""

    keys: dict[str, list[Keys]] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    """When Spot takes an instance back."""
    recommended: dict[str, datetime] = field(default_factory=dict)
    """When EC2 recommended to leave it."""
    asked: set[str] = field(default_factory=set)
    """Those whose metadata service was asked: a program is there, nobody plays their machine."""


def tree(world: World, region: str, instance: Any) -> Tree:
    """Build all items of one instance of moto's."""
    about = {f"meta-data/{path}": text for path, text in _about(region, instance)}
    about |= {f"meta-data/{path}": text for path, text in _notices(world, region, instance)}
    about |= {f"meta-data/{path}": text for path, text in _role(world, region, instance)}
    more: dict[str, str | bytes] = {
        "dynamic/instance-identity/document": json.dumps(_identity(region, instance), indent=2)
    }
    if instance.user_data is not None:
        more["user-data"] = base64.b64decode(str(instance.user_data))
    return {**about, **more}


def look_up(found: Tree, path: str) -> bytes | None:
    """Find an item, or the names in a directory, one per line, directories with a slash at their
    end; None for a path that is not there."""
    item = found.get(path)
    if item is not None:
        return item.encode() if isinstance(item, str) else item
    directory = f"{path.strip('/')}/".removeprefix("/")
    below = [each.removeprefix(directory) for each in found if each.startswith(directory)]
    names = dict.fromkeys(name.partition("/")[0] + "/" * ("/" in name) for name in below)
    return "\n".join(sorted(names)).encode() if names else None


def issued(world: World, regions: tuple[str, ...]) -> list[str]:
    """List the key ids of the credentials that instances have, and that have not ended."""
    with world.lock:
        return [
            keys.id
            for region in regions
            for given in world.state(Metadata, region).keys.values()
            for keys in given
            if keys.until > world.now()
        ]


def _about(region: str, instance: Any) -> Iterator[tuple[str, str]]:
    card = instance.nics[0]
    yield "ami-id", instance.image_id
    yield "ami-launch-index", str(instance.ami_launch_index)
    yield "hostname", instance.private_dns_name
    yield "instance-action", "none"
    yield "instance-id", instance.id
    yield "instance-life-cycle", instance.lifecycle or "on-demand"
    yield "instance-type", instance.instance_type
    yield "local-hostname", instance.private_dns_name
    yield "local-ipv4", instance.private_ip
    yield "mac", card.mac_address
    yield "placement/availability-zone", instance.placement.zone
    yield "placement/region", region
    yield "security-groups", "\n".join(group.name for group in instance.security_groups)
    yield "services/domain", "amazonaws.com"
    yield "services/partition", "aws"
    here = f"network/interfaces/macs/{card.mac_address}"
    yield f"{here}/device-number", "0"
    yield f"{here}/interface-id", card.id
    yield f"{here}/local-ipv4s", instance.private_ip
    yield f"{here}/mac", card.mac_address
    yield f"{here}/subnet-id", card.subnet.id
    yield f"{here}/subnet-ipv4-cidr-block", card.subnet.cidr_block
    yield f"{here}/vpc-id", card.subnet.vpc_id
    if instance.metadata_options.instance_metadata_tags == "enabled":
        for tag in instance.get_tags():
            yield f"tags/instance/{tag['key']}", tag["value"]


def _notices(world: World, region: str, instance: Any) -> Iterator[tuple[str, str]]:
    kept = world.state(Metadata, region)
    yield "events/maintenance/scheduled", "[]"
    if instance.id in kept.recommended:
        notice = {"noticeTime": _stamp(kept.recommended[instance.id])}
        yield "events/recommendations/rebalance", json.dumps(notice)
    if instance.id in kept.ends:
        end = _stamp(kept.ends[instance.id])
        yield "spot/instance-action", json.dumps({"action": "terminate", "time": end})
        yield "spot/termination-time", end
    groups = world.state(Groups, region).by_name.values()
    for member in (each for group in groups for each in group.members if each.id == instance.id):
        leaves = member.leaving
        yield "autoscaling/target-lifecycle-state", "Terminated" if leaves else "InService"


def _role(world: World, region: str, instance: Any) -> Iterator[tuple[str, str]]:
    """The credentials of the first role of its profile, as of IMDSv2."""
    arn = (instance.iam_instance_profile or {}).get("Arn")
    iam: Any = iam_backends[ACCOUNT]["aws"]
    profile = next((each for each in iam.instance_profiles.values() if each.arn == arn), None)
    if profile is None:
        return
    keys = _keys(world, region, instance.id)
    success = {"Code": "Success", "LastUpdated": _stamp(keys.since)}
    named = {"InstanceProfileArn": arn, "InstanceProfileId": profile.id}
    yield "iam/info", json.dumps({**success, **named}, indent=2)
    for role in profile.roles[:1]:
        words = {"Type": "AWS-HMAC", "AccessKeyId": keys.id, "SecretAccessKey": keys.secret}
        end = {"Token": keys.token, "Expiration": _stamp(keys.until)}
        text = json.dumps({**success, **words, **end}, indent=2)
        yield f"iam/security-credentials/{role.name}", text


def _keys(world: World, region: str, instance_id: str) -> Keys:
    """The newest credentials of an instance; the ones before are good until their end."""
    now = world.now()
    given = world.state(Metadata, region).keys.setdefault(instance_id, [])
    given[:] = [keys for keys in given if keys.until > now]
    if not given or given[-1].until - now <= RENEWED:
        id_ = "ASIA" + "".join(secrets.choice(KEY_ID) for _ in range(16))
        secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(120)
        given.append(Keys(id_, secret, token, now, now + LASTING))
    return given[-1]


def _identity(region: str, instance: Any) -> Wire:
    return {
        "accountId": ACCOUNT,
        "architecture": instance.architecture,
        "availabilityZone": instance.placement.zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "kernelId": None,
        "marketplaceProductCodes": None,
        "pendingTime": instance.launch_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "privateIp": instance.private_ip,
        "ramdiskId": None,
        "region": region,
        "version": "2017-09-30",
    }


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
