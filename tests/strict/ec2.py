"""EC2: launch templates, volumes, tags. Networks and images are in `ec2_network.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.strict.aws import Here, Refusal
from tests.strict.ec2_network import (
    authorize_security_group_ingress,
    create_security_group,
    delete_security_group,
    describe_images,
    describe_instance_type_offerings,
    describe_network_interfaces,
    describe_security_groups,
    describe_subnets,
    get_instance_types_from_instance_requirements,
    revoke_security_group_ingress,
)
from tests.strict.instances import describe_instances
from tests.strict.tables import Record
from tests.strict.tags import matches, retagged, tags_of, untagged

__all__ = [
    "authorize_security_group_ingress",
    "create_launch_template",
    "create_launch_template_version",
    "create_security_group",
    "create_tags",
    "create_volume",
    "delete_launch_template",
    "delete_security_group",
    "delete_tags",
    "delete_volume",
    "describe_images",
    "describe_instance_type_offerings",
    "describe_instances",
    "describe_launch_template_versions",
    "describe_launch_templates",
    "describe_network_interfaces",
    "describe_security_groups",
    "describe_subnets",
    "describe_volumes",
    "get_instance_types_from_instance_requirements",
    "modify_volume",
    "revoke_security_group_ingress",
]

DAY = 24 * 3600
MODIFICATIONS = 4
OPTIMIZE_SECONDS = 600
"""Until a modification is complete; on AWS minutes to hours."""

MISMATCH = "IdempotentParameterMismatch"
TAGGABLE = {"sg": "groups", "lt": "templates", "vol": "volumes"}


# -- launch templates ------------------------------------------------------------------------


def create_launch_template(here: Here, p: Record) -> Record:
    """Names are unique in a region; a token repeats the answer (D, CreateLaunchTemplate)."""
    name = p["LaunchTemplateName"]

    def make() -> str:
        if any(t["LaunchTemplateName"] == name for t in here.all("templates").values()):
            raise Refusal(
                "InvalidLaunchTemplateName.AlreadyExistsException",
                "Launch template name already in use.",
            )
        made = here.new_id("lt", name)
        here.put(
            "templates",
            made,
            {
                "LaunchTemplateId": made,
                "LaunchTemplateName": name,
                "CreateTime": here.aws.now(),
                "DefaultVersionNumber": 1,
                "LatestVersionNumber": 1,
                "Tags": tags_of(p, "launch-template"),
            },
        )
        _add_version(here, made, name, 1, p)
        return made

    made = here.once(p.get("ClientToken"), p, make, MISMATCH)
    return {"LaunchTemplate": here.all("templates").get(made) or _no_template(made)}


def _add_version(here: Here, template: str, name: str, number: int, p: Record) -> None:
    version = {
        "LaunchTemplateId": template,
        "LaunchTemplateName": name,
        "VersionNumber": number,
        "DefaultVersion": number == 1,
        "CreateTime": here.aws.now(),
        "LaunchTemplateData": _told_back(p["LaunchTemplateData"]),
    }
    here.put("versions", f"{template}/{number}", version)


def _told_back(data: Record) -> Record:
    """What describe says is not what was sent: metadata options come with their defaults."""
    if "MetadataOptions" not in data:
        return data
    defaults = {"State": "pending", "HttpProtocolIpv6": "disabled"}
    return {**data, "MetadataOptions": {**defaults, **data["MetadataOptions"]}}


def create_launch_template_version(here: Here, p: Record) -> Record:
    """Each call makes a version, but for the same token (D, CreateLaunchTemplateVersion)."""
    template = _template(here, p)

    def make() -> str:
        number = template["LatestVersionNumber"] + 1
        made, name = template["LaunchTemplateId"], template["LaunchTemplateName"]
        here.put("templates", made, {**template, "LatestVersionNumber": number})
        _add_version(here, made, name, number, p)
        return f"{made}/{number}"

    made = here.once(p.get("ClientToken"), p, make, MISMATCH)
    return {"LaunchTemplateVersion": here.all("versions")[made]}


def delete_launch_template(here: Here, p: Record) -> Record:
    """With all its versions, also while a group names it (D)."""
    template = _template(here, p)
    made = template["LaunchTemplateId"]
    here.drop("templates", made)
    for number in range(1, template["LatestVersionNumber"] + 1):
        here.drop("versions", f"{made}/{number}")
    return {"LaunchTemplate": template}


def describe_launch_templates(here: Here, p: Record) -> Record:
    """All, or by name; an unknown name is refused (D, error codes)."""
    names = p.get("LaunchTemplateNames")
    found = [
        template
        for template in here.seen("templates").values()
        if not names or template["LaunchTemplateName"] in names
    ]
    if names and len(found) < len(names):
        raise Refusal("InvalidLaunchTemplateName.NotFoundException", f"no template {names}")
    return here.page(p, "LaunchTemplates", lambda: found, most=200)


def describe_launch_template_versions(here: Here, p: Record) -> Record:
    """Without a template, `$Latest` gives the newest of each (M)."""
    if p.get("Versions") != ["$Latest"]:
        raise Refusal("InvalidParameterValue", "only $Latest is asked for here")
    newest: dict[str, Record] = {}
    for version in here.seen("versions").values():
        best = newest.get(version["LaunchTemplateId"])
        if best is None or best["VersionNumber"] < version["VersionNumber"]:
            newest[version["LaunchTemplateId"]] = version
    name = p.get("LaunchTemplateName")
    found = [v for v in newest.values() if not name or v["LaunchTemplateName"] == name]
    return here.page(p, "LaunchTemplateVersions", lambda: found, most=200)


def _template(here: Here, p: Record) -> Record:
    templates = here.named("templates")
    wanted = p.get("LaunchTemplateId")
    for made, template in templates.items():
        if made == wanted or template["LaunchTemplateName"] == p.get("LaunchTemplateName"):
            return here.all("templates").get(made) or _no_template(made)
    return _no_template(str(wanted))


def _no_template(made: str) -> Record:
    raise Refusal("InvalidLaunchTemplateId.NotFound", f"The template {made} does not exist.")


# -- volumes ---------------------------------------------------------------------------------


def create_volume(here: Here, p: Record) -> Record:
    """For a day a token repeats its answer, even when that volume is gone: the strict choice."""

    def make() -> str:
        made = here.new_id("vol", p.get("ClientToken", ""))
        record = {
            "VolumeId": made,
            "AvailabilityZone": p["AvailabilityZone"],
            "CreateTime": here.aws.now(),
            "Encrypted": p.get("Encrypted", False),
            "Iops": p.get("Iops", 3000),
            "KmsKeyId": p.get("KmsKeyId", here.arn("key/aws-ebs", "kms")),
            "Size": p["Size"],
            "State": "available",
            "Tags": tags_of(p, "volume"),
            "Throughput": p.get("Throughput", 125),
            "VolumeType": p.get("VolumeType", "gp2"),
        }
        here.put("volumes", made, record)
        here.put("first", made, record)
        return made

    def alive(made: str) -> bool:
        age = here.aws.now() - here.all("first")[made]["CreateTime"]
        return made in here.all("volumes") or age < timedelta(days=1)

    made = here.once(p.get("ClientToken"), p, make, MISMATCH, alive)
    return dict(here.all("volumes").get(made) or here.all("first")[made])


def describe_volumes(here: Here, p: Record) -> Record:
    """Answer DescribeVolumes by tags."""
    filters = p.get("Filters", [])

    def found() -> list[Record]:
        return [v for v in here.seen("volumes").values() if all(matches(v["Tags"], filters))]

    return here.page(p, "Volumes", found, most=500)


def modify_volume(here: Here, p: Record) -> Record:
    """A size only grows; one change at a time, and four within 24 hours (D, ModifyVolume)."""
    volume = here.named("volumes").get(p["VolumeId"]) or _no_volume(p["VolumeId"])
    if p.get("Size", volume["Size"]) < volume["Size"]:
        raise Refusal("InvalidParameterValue", "New size cannot be smaller than existing size")
    now = here.aws.seconds
    before = [change for change in volume.get("Modified", ()) if now - change["ModifiedAt"] < DAY]
    if before and now - before[-1]["ModifiedAt"] < OPTIMIZE_SECONDS:
        raise Refusal(
            "IncorrectModificationState",
            f"Volume {p['VolumeId']} cannot be modified in modification state OPTIMIZING",
        )
    if len(before) >= MODIFICATIONS:
        # AWS's own words for the new limit are not known; these are those of the old one.
        raise Refusal(
            "VolumeModificationRateExceeded",
            "You've reached the maximum modification rate per volume limit. Wait at least 6 hours "
            "between modifications per EBS volume.",
        )
    changed: Record = {
        key: p[key] for key in ("Size", "Iops", "Throughput", "VolumeType") if key in p
    }
    here.put(
        "volumes", p["VolumeId"], {**volume, **changed, "Modified": (*before, {"ModifiedAt": now})}
    )
    return {"VolumeModification": {"VolumeId": p["VolumeId"], "ModificationState": "modifying"}}


def delete_volume(here: Here, p: Record) -> Record:
    """Delete a volume, which only people do."""
    if p["VolumeId"] not in here.all("volumes"):
        _no_volume(p["VolumeId"])
    here.drop("volumes", p["VolumeId"])
    return {}


def _no_volume(made: str) -> Record:
    raise Refusal("InvalidVolume.NotFound", f"The volume '{made}' does not exist.")


# -- tags ------------------------------------------------------------------------------------


def create_tags(here: Here, p: Record) -> Record:
    """Set tags; others stay (M)."""
    return _tag(here, p, lambda old: retagged(old, p["Tags"]))


def delete_tags(here: Here, p: Record) -> Record:
    """By key; one that is not there is no error (M)."""
    return _tag(here, p, lambda old: untagged(old, [tag["Key"] for tag in p["Tags"]]))


def _tag(here: Here, p: Record, change: Any) -> Record:
    for resource in p["Resources"]:
        table = TAGGABLE[resource.split("-")[0]]
        found = here.all(table).get(resource)
        if found is None or resource not in here.named(table):
            raise Refusal(NO_SUCH[table], f"The ID '{resource}' does not exist")
        here.put(table, resource, {**found, "Tags": change(found["Tags"])})
    return {}


NO_SUCH = {
    "groups": "InvalidGroup.NotFound",
    "templates": "InvalidLaunchTemplateId.NotFound",
    "volumes": "InvalidVolume.NotFound",
}
