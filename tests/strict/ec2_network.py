"""EC2: subnets, images, instance types, and security groups with their rules."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from tests.strict.aws import ACCOUNT, Here, Refusal
from tests.strict.tables import Record
from tests.strict.tags import tags_of

IMAGE_ID = {"us-east-1": "ami-0905e0a11de500001", "eu-central-1": "ami-0905e0a11de500002"}
ZONES = ("a", "b", "c")
TYPES = ("g4dn.xlarge", "g5.xlarge", "g5.2xlarge", "g6.xlarge", "g6.2xlarge", "g6e.xlarge")
VPC = "vpc-0905e0a11de500001"
RULES_QUOTA = 60
"""Ingress rules of one group (D, Amazon VPC quotas)."""


def plant(here: Here) -> None:
    """A VPC with a private subnet in each of three zones, a public one, and an image."""
    tiers = [(letter, "private") for letter in ZONES] + [("a", "public")]
    for number, (letter, tier) in enumerate(tiers):
        made = f"subnet-0905e0a11de50000{number}"
        tags = [
            {"Key": "Name", "Value": f"sandbox-{tier}-{letter}"},
            {"Key": "Tier", "Value": tier},
        ]
        here.put(
            "subnets",
            made,
            {
                "SubnetId": made,
                "VpcId": VPC,
                "AvailabilityZone": here.region + letter,
                "State": "available",
                "Tags": tags,
            },
        )
    made = IMAGE_ID[here.region]
    root = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3"}}
    here.put(
        "images",
        made,
        {
            "ImageId": made,
            "Name": "golden-gpu-desktop-2026.11.1",
            "OwnerId": ACCOUNT,
            "State": "available",
            "Architecture": "x86_64",
            "CreationDate": "2026-11-01T00:00:00.000Z",
            "RootDeviceName": "/dev/sda1",
            "BlockDeviceMappings": [root],
            "Tags": [{"Key": "reconciler:agent", "Value": "0.1.0"}],
        },
    )


def describe_subnets(here: Here, p: Record) -> Record:
    """List all subnets of the region."""
    return here.page(p, "Subnets", lambda: list(here.seen("subnets").values()))


def describe_images(here: Here, p: Record) -> Record:
    """By filters, which do not fail on an unknown id, and hide deprecated ones (M)."""
    members = {"image-id": "ImageId", "name": "Name", "state": "State"}
    filters = {members[item["Name"]]: item["Values"] for item in p.get("Filters", ())}

    def found() -> list[Record]:
        return [
            image
            for image in here.seen("images").values()
            if (p.get("IncludeDeprecated") or "DeprecationTime" not in image)
            and all(
                any(fnmatchcase(image[member], value) for value in values)
                for member, values in filters.items()
            )
        ]

    return here.page(p, "Images", found)


def describe_network_interfaces(here: Here, p: Record) -> Record:
    """Those of mount targets, by id."""
    wanted = p["Filters"][0]["Values"]

    def found() -> list[Record]:
        return [
            {
                "NetworkInterfaceId": each["NetworkInterfaceId"],
                "Groups": [{"GroupId": group} for group in each["Groups"]],
            }
            for each in here.of("efs").seen("targets").values()
            if each["NetworkInterfaceId"] in wanted
        ]

    return here.page(p, "NetworkInterfaces", found)


def get_instance_types_from_instance_requirements(here: Here, p: Record) -> Record:
    """The same few for any requirement: what matches is not what is proved here."""
    return here.page(p, "InstanceTypes", lambda: [{"InstanceType": name} for name in TYPES])


def describe_instance_type_offerings(here: Here, p: Record) -> Record:
    """Every type in every zone."""
    wanted = p["Filters"][0]["Values"]

    def found() -> list[Record]:
        return [
            {
                "InstanceType": name,
                "LocationType": "availability-zone",
                "Location": here.region + letter,
            }
            for name in TYPES
            for letter in ZONES
            if name in wanted
        ]

    return here.page(p, "InstanceTypeOfferings", found)


# -- security groups -------------------------------------------------------------------------


def create_security_group(here: Here, p: Record) -> Record:
    """No token; the name is unique in its VPC (D, InvalidGroup.Duplicate)."""
    for group in here.all("groups").values():
        if (group["GroupName"], group["VpcId"]) == (p["GroupName"], p["VpcId"]):
            raise Refusal(
                "InvalidGroup.Duplicate",
                f"The security group '{p['GroupName']}' already exists for VPC '{p['VpcId']}'",
            )
    made = here.new_id("sg", p["GroupName"] + p["VpcId"])
    here.put(
        "groups",
        made,
        {
            "GroupId": made,
            "GroupName": p["GroupName"],
            "VpcId": p["VpcId"],
            "OwnerId": ACCOUNT,
            "Description": p["Description"],
            "Tags": tags_of(p, "security-group"),
            "Rules": (),
        },
    )
    return {"GroupId": made}


def delete_security_group(here: Here, p: Record) -> Record:
    """Refused while another group, a file system or an instance names it (D)."""
    made = p["GroupId"]
    _group(here, made)
    used = [
        *(
            g["GroupId"]
            for g in here.all("groups").values()
            if g["GroupId"] != made and any(rule[3] == ("GroupId", made) for rule in g["Rules"])
        ),
        *(f for f, system in here.of("fsx").all("systems").items() if made in system["Groups"]),
        *(t for t, target in here.of("efs").all("targets").items() if made in target["Groups"]),
    ]
    if used:
        raise Refusal("DependencyViolation", f"resource {made} has a dependent object {used}")
    here.drop("groups", made)
    return {}


def describe_security_groups(here: Here, p: Record) -> Record:
    """By name, with wildcards (D, "Filtering"); rules grouped by protocol and ports, unordered."""
    filters = {item["Name"]: item["Values"] for item in p.get("Filters", ())}

    def found() -> list[Record]:
        return [
            _described(group)
            for group in here.seen("groups").values()
            if any(fnmatchcase(group["GroupName"], v) for v in filters.get("group-name", ["*"]))
        ]

    return here.page(p, "SecurityGroups", found)


def _described(group: Record) -> Record:
    permissions: dict[Any, Record] = {}
    for protocol, first, last, (member, value), description in group["Rules"]:
        ports = {} if protocol == "-1" else {"FromPort": first, "ToPort": last}
        permission = permissions.setdefault(
            (protocol, first, last),
            {
                "IpProtocol": protocol,
                **ports,
                **{name: [] for name in SOURCES.values()},
            },
        )
        item = {member: value, **({"Description": description} if description else {})}
        if member == "GroupId":
            item["UserId"] = ACCOUNT
        permission[SOURCES[member]].append(item)
    described = {key: value for key, value in group.items() if key != "Rules"}
    return {**described, "IpPermissions": list(permissions.values())}


SOURCES = {
    "CidrIp": "IpRanges",
    "CidrIpv6": "Ipv6Ranges",
    "GroupId": "UserIdGroupPairs",
    "PrefixListId": "PrefixListIds",
}


def _rules(p: Record) -> Iterator[tuple[Any, ...]]:
    """Each rule a request names: protocol, ports, source, description."""
    for permission in p["IpPermissions"]:
        where = (
            permission["IpProtocol"],
            permission.get("FromPort", -1),
            permission.get("ToPort", -1),
        )
        for member, items in SOURCES.items():
            for item in permission.get(items, ()):
                yield (*where, (member, item[member]), item.get("Description", ""))


def authorize_security_group_ingress(here: Here, p: Record) -> Record:
    """One rule that exists refuses the whole call; a description makes no other rule (D)."""
    group = _group(here, p["GroupId"])
    rules = {rule[:4]: rule for rule in group["Rules"]}
    for rule in _rules(p):
        if rule[:4] in rules:
            raise Refusal("InvalidPermission.Duplicate", f"the rule {rule[:4]} already exists")
        if rule[3][0] == "GroupId":
            _group(here, rule[3][1])
        rules[rule[:4]] = rule
    if len(rules) > RULES_QUOTA:
        raise Refusal("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules")
    here.put("groups", p["GroupId"], {**group, "Rules": tuple(rules.values())})
    return {"Return": True}


def revoke_security_group_ingress(here: Here, p: Record) -> Record:
    """InvalidPermission.NotFound for one that is not there (D, for a VPC)."""
    group = _group(here, p["GroupId"])
    rules = {rule[:4]: rule for rule in group["Rules"]}
    for rule in _rules(p):
        if rules.pop(rule[:4], None) is None:
            raise Refusal("InvalidPermission.NotFound", f"no rule {rule[:4]} in this group")
    here.put("groups", p["GroupId"], {**group, "Rules": tuple(rules.values())})
    return {"Return": True}


def _group(here: Here, made: str) -> Record:
    if made not in here.named("groups") or made not in here.all("groups"):
        raise Refusal("InvalidGroup.NotFound", f"The security group '{made}' does not exist")
    return here.all("groups")[made]
