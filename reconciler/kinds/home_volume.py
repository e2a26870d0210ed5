"""EBS volumes as homes: in one zone, attached at boot, never deleted by a run.

The volume is no part of the launch template: one declared there would be deleted with the
instance, or made anew with each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.homes.ebs import EbsHome
from reconciler.kinds.tagging import client_token, tag_ec2
from reconciler.money.storage import gp3_month
from reconciler.plan.kind import Scope, Word, units
from reconciler.plan.model import (
    SUMMARY,
    Create,
    DeletionPolicy,
    Desired,
    FieldChange,
    Impact,
    Key,
    Live,
    Ref,
    Shown,
    Update,
)
from reconciler.plan.ownership import (
    FILE_SYSTEM,
    FLEET,
    FORMAT,
    FORMAT_ALLOWED,
    OWNER,
    REPLACES,
    SITE,
    WORKSTATION,
    ownership,
    read_tags,
    write_tags,
)
from reconciler.plan.projection import projected
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import IN_PLACE, fixed, grow

NAME = "home_volume"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

VOLUME_TYPE = "gp3"
_MODIFIED = {
    "volume_type": "VolumeType",
    "size": "Size",
    "iops": "Iops",
    "throughput": "Throughput",
}
"""What ModifyVolume takes, by field."""
INCLUDED_IOPS, INCLUDED_THROUGHPUT = 3000, 125
"""What a gp3 volume has without a further price (EBS user guide, "General Purpose SSD volumes")."""


@dataclass(frozen=True, slots=True)
class HomeVolume:
    """An encrypted gp3 volume. None: not declared, so not compared."""

    availability_zone: str
    volume_type: str
    size: int  # GiB
    iops: int
    throughput: int  # MiB/s
    kms_key_id: str | Ref | None
    tags: Mapping[str, str]


UPDATE_POLICY = {
    "availability_zone": fixed(
        "a volume cannot leave its zone: set storage.home.ebs.availability_zone to the zone it is "
        "in, or take that setting out"
    ),
    "volume_type": IN_PLACE,
    "size": grow(Impact.NONE, "EBS volumes only grow; put the size in use back into the YAML"),
    "iops": IN_PLACE,
    "throughput": IN_PLACE,
    "kms_key_id": fixed(
        "the KMS key of a volume cannot change: put the one in use back into the YAML. For "
        "another, take the tag reconciler:site off this volume, approve a new, empty home, and "
        "copy the data by hand"
    ),
    "tags": IN_PLACE,
}

SENSITIVE = {
    SUMMARY: Word("home"),
    "kms_key_id": Word("key of the home"),
    f"tags.{OWNER}": Word("owner", personal=True),
}


def key(site: str, region: str, workstation: str) -> Key:
    """Return `acme-alice/home`, as for a Lustre home."""
    return Key(region, NAME, f"{site}-{workstation}/home")


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield a volume for each workstation that declares one."""
    for each, home in site.homes_of(EbsHome):
        declared = each.declared
        target = key(site.name, declared.region, declared.name)
        owners = ownership(
            site.name, declared.fleet, declared.name, declared.owner, file_system="home"
        )
        spec = HomeVolume(
            availability_zone=each.subnets[0].availability_zone,
            volume_type=VOLUME_TYPE,
            size=home.size,
            iops=home.iops,
            throughput=home.throughput,
            kms_key_id=each.home_key_arn,
            tags={"Name": target.name, **declared.tags, **owners},
        )
        yield Desired(
            target, spec, where=home.where, fleet=declared.fleet, workstation=declared.name
        )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield volumes tagged as a home of this site, the oldest first; root volumes have no such tag.

    Two may bear the same tags, a manual copy: plan/live.py says which one counts.
    """
    volumes = aws.pages(
        "ec2",
        "describe_volumes",
        "Volumes",
        500,
        Filters=[
            {"Name": f"tag:{SITE}", "Values": [scope.site]},
            {"Name": f"tag:{FILE_SYSTEM}", "Values": ["home"]},
            {"Name": "status", "Values": ["creating", "available", "in-use", "error"]},
        ],
    )
    identify = partial(_identity, aws.region, scope)
    for volume in sorted(volumes, key=_age):
        yield from projected(NAME, aws.region, volume, identify, partial(_live, scope))


def _age(volume: Mapping[str, Any]) -> tuple[str, str]:
    return (str(volume.get("CreateTime")), str(volume.get("VolumeId")))


def _identity(region: str, scope: Scope, volume: Mapping[str, Any]) -> Live:
    tags = read_tags(volume.get("Tags", ()))
    return Live(
        key(scope.site, region, tags.get(WORKSTATION, "")),
        None,
        owned=scope.owns(tags),
        attrs={"id": volume["VolumeId"]},
        fleet=tags.get(FLEET, ""),
        workstation=tags.get(WORKSTATION, ""),
        owner=tags.get(OWNER, ""),
        removal=DeletionPolicy.RETAIN_DATA,
    )


def _live(scope: Scope, volume: Mapping[str, Any], named: Live) -> Live:
    tags = read_tags(volume.get("Tags", ()))
    state, zone = volume["State"], volume["AvailabilityZone"]
    replaces = {"replaces": tags[REPLACES]} if REPLACES in tags else {}
    ready, busy, broken = state in ("available", "in-use"), "", ""
    if state == "creating":
        busy = f"{volume['VolumeId']} is being created"
    elif not ready:
        broken = f"{volume['VolumeId']} is in state {state}: see the EC2 console"
    spec = HomeVolume(
        availability_zone=zone,
        volume_type=volume["VolumeType"],
        size=volume["Size"],
        iops=volume.get("Iops", 0),
        throughput=volume.get("Throughput", 0),
        kms_key_id=volume.get("KmsKeyId"),
        tags=scope.managed(tags),
    )
    return replace(
        named,
        spec=spec,
        attrs={**named.attrs, "availability_zone": zone, **replaces},
        ready=ready,
        busy=busy,
        broken=broken,
        monthly_cost=gp3_month(spec.size, spec.iops, spec.throughput, named.key.region),
    )


def create(aws: Aws, change: Create) -> Live:
    """Create the volume, encrypted and empty, and allow its machine to format it once."""
    want = change.desired
    spec: HomeVolume = want.spec
    tags = {**spec.tags, FORMAT: FORMAT_ALLOWED}
    answer = aws.call(
        "ec2",
        "create_volume",
        ClientToken=client_token(aws, change),
        AvailabilityZone=spec.availability_zone,
        VolumeType=spec.volume_type,
        Size=spec.size,
        Iops=spec.iops,
        Throughput=spec.throughput,
        Encrypted=True,
        TagSpecifications=[{"ResourceType": "volume", "Tags": write_tags(tags)}],
        **({"KmsKeyId": spec.kms_key_id} if spec.kms_key_id else {}),
    )
    # The id holds from the create on, and a template only contains it.
    return Live(want.key, spec, owned=True, attrs={"id": answer["VolumeId"]})


def update(aws: Aws, change: Update) -> Live:
    """Modify the volume in place, and write its tags."""
    live, spec = change.live, change.desired.spec
    fields = {each.field for each in change.fields}
    modified = {name: getattr(spec, field) for field, name in _MODIFIED.items() if field in fields}
    if modified:
        aws.call("ec2", "modify_volume", VolumeId=live.attrs["id"], **modified)
    if "tags" in fields:
        tag_ec2(aws, live.attrs["id"], live.spec.tags, spec.tags)
    return Live(live.key, spec, owned=True, attrs=live.attrs)


def summary(spec: HomeVolume) -> str:
    """Describe the volume: `200 GiB gp3 in us-east-1a`, and what is more than gp3 includes."""
    more = f", {spec.iops:,} IOPS" if spec.iops > INCLUDED_IOPS else ""
    more += f", {spec.throughput:,} MiB/s" if spec.throughput > INCLUDED_THROUGHPUT else ""
    return f"{spec.size:,} GiB gp3{more} in {spec.availability_zone}"


def shown(change: FieldChange) -> Shown | None:
    """Show sizes with their unit."""
    return units(change, {"size": "GiB", "iops": "IOPS", "throughput": "MiB/s"})
