"""Launch templates: image, disks, security groups, mounts and user data of a workstation.

Every version is written whole (a version made from another one keeps what nobody asked for),
and the group is pinned to its number. A running instance is never touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import iam_name
from reconciler.kinds import homes, security_group, template_words
from reconciler.kinds.homes import HOMES
from reconciler.kinds.tagging import tag_ec2
from reconciler.machine import instance_file
from reconciler.machine import user_data as machine_data
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Delete, DeletionPolicy, Desired, Key, Live, Ref, Update
from reconciler.plan.names import group_name
from reconciler.plan.ownership import (
    FLEET,
    OWNER,
    WORKSTATION,
    ownership,
    read_tags,
    write_tags,
)
from reconciler.plan.projection import projected
from reconciler.plan.resolve import ResolvedSite, ResolvedWorkstation
from reconciler.plan.update_policy import IN_PLACE, NEXT_START

NAME = "launch_template"
COMPUTED = frozenset({"version"})
HOLDS_INSTANCES = False


@dataclass(frozen=True, slots=True)
class LaunchTemplate:
    """The content of the newest version; `other` holds settings that we never write."""

    image_id: str | Ref
    instance_profile: str | Ref
    security_group_ids: tuple[str | Ref, ...]
    root: Mapping[str, Any]
    metadata_options: Mapping[str, Any]
    user_data: Mapping[str, Any]  # the instance file
    agent: str | Ref  # what user data carries of the agent, by its content
    volume_tags: Mapping[str, str]
    tags: Mapping[str, str]  # the template's own
    other: Mapping[str, Any]


UPDATE_POLICY = {
    "image_id": NEXT_START,
    "instance_profile": NEXT_START,
    "security_group_ids": NEXT_START,
    "root": NEXT_START,
    "metadata_options": NEXT_START,
    "user_data": NEXT_START,
    "agent": NEXT_START,
    "volume_tags": NEXT_START,
    "tags": IN_PLACE,
    "other": NEXT_START,
}

LOOKUPS = {"image_id": "image"}

SETTINGS = frozenset({"image", "instance_profile", "storage.root.kms_key_id", "storage.root.size"})
"""The YAML settings whose lookup answer a template holds."""

METADATA_OPTIONS = {
    "HttpEndpoint": "enabled",
    "HttpTokens": "required",
    "HttpPutResponseHopLimit": 1,
}
"""IMDSv2 only, and out of reach of containers."""


def key(site: str, region: str, workstation: str) -> Key:
    """Return the key of the template of a workstation."""
    return Key(region, NAME, group_name(site, workstation))


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one template for each workstation."""
    for each in site.workstations:
        declared = each.declared
        tags = {
            **declared.tags,
            **ownership(site.name, declared.fleet, declared.name, declared.owner),
        }
        target = key(site.name, declared.region, declared.name)
        home = homes.home_of(site.name, declared)
        profile = iam_name(declared.instance_profile)
        instance = _instance(site.name, each)
        spec = LaunchTemplate(
            image_id=each.unless("image", each.image.id, site.name),
            instance_profile=each.unless("instance_profile", profile, site.name),
            security_group_ids=tuple(
                Ref(group, "id") for group in security_group.of_instances(site, each)
            ),
            root=_root(site.name, each),
            metadata_options=METADATA_OPTIONS,
            user_data=instance,
            agent=each.unless("image", _agent(each), site.name),
            volume_tags={"Name": target.name, **tags},
            tags=tags,
            other={},
        )
        yield Desired(
            target,
            spec,
            where=declared.where,
            fleet=declared.fleet,
            workstation=declared.name,
            home=home.key if home else None,
            details=template_words.details(each, site.declared.account, site.now, instance),
            refused=_too_large(each, instance),
        )


def _root(site: str, each: ResolvedWorkstation) -> dict[str, Any]:
    root = each.declared.root
    key_id = {"KmsKeyId": root.kms_key_id} if root.kms_key_id else {}
    device: str | Ref = each.image.root_device
    for setting in ("image", "storage.root.size", "storage.root.kms_key_id"):
        device = each.unless(setting, device, site)
    return {
        "DeviceName": device,
        "VolumeType": "gp3",
        "VolumeSize": root.size,
        "Iops": root.iops,
        "Throughput": root.throughput,
        "Encrypted": True,
        "DeleteOnTermination": True,
        **key_id,
    }


def _instance(site: str, each: ResolvedWorkstation) -> dict[str, Any]:
    """Build the instance file, with Refs to what the machine mounts."""
    declared = each.declared
    home = homes.home_of(site, declared)
    return instance_file.content(
        site,
        declared,
        group_name(site, declared.name),
        home.kind.mount(home.key, each, home.at) if home else None,
        tuple(
            shared.kind.mount(shared.key, each, shared.at)
            for shared in homes.shared_with(site, declared)
        ),
    )


def _agent(each: ResolvedWorkstation) -> str:
    return machine_data.IN_IMAGE if each.image.agent else machine_data.carried()


def _too_large(each: ResolvedWorkstation, instance: Mapping[str, Any]) -> str:
    """Why EC2 would refuse the user data; "" where it takes it."""
    if "image" in each.lacks:  # nobody knows whether the image has the agent
        return ""
    whole = _stood_in(instance)
    size = machine_data.size(whole, carries_agent=not each.image.agent)
    if size <= machine_data.LIMIT:
        return ""
    return (
        f"user data of {size:,} bytes, and EC2 takes {machine_data.LIMIT:,}: list fewer or shorter "
        f"ssh_keys (it has {len(each.declared.ssh_keys)}; a key of type ssh-ed25519 is short), or "
        "mount fewer file systems"
    )


def _stood_in(value: Any) -> Any:
    """The instance file with a text as long as any id in place of each Ref."""
    if isinstance(value, Ref):
        return hashlib.sha256(str(value).encode()).hexdigest()[:40]
    if isinstance(value, Mapping):
        return {name: _stood_in(inner) for name, inner in value.items()}
    return tuple(map(_stood_in, value)) if isinstance(value, tuple) else value


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield all templates: a list of templates, then a list of their newest versions."""
    templates = {
        str(each.get("LaunchTemplateId")): each
        for each in aws.pages("ec2", "describe_launch_templates", "LaunchTemplates", 200)
    }
    versions = aws.pages(
        "ec2",
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        200,
        Versions=["$Latest"],
    )
    identify, live = partial(_identity, aws.region, scope), partial(_live, scope)
    for version in versions:
        template = templates.pop(str(version.get("LaunchTemplateId")), None)
        if template is not None:  # else it was made between the two sweeps
            yield from projected(NAME, aws.region, {**version, **template}, identify, live)
    for template in templates.values():  # without a version: what it launches is not known
        yield from projected(NAME, aws.region, template, identify, live)


def _identity(region: str, scope: Scope, template: Mapping[str, Any]) -> Live | None:
    attrs, name = {"id": template["LaunchTemplateId"]}, template["LaunchTemplateName"]
    tags = read_tags(template.get("Tags", ()))
    owned = scope.owns(tags)
    if not owned and not name.startswith(f"{scope.site}-"):
        return None
    return Live(
        Key(region, NAME, name),
        None,
        owned=owned,
        attrs=attrs,
        fleet=tags.get(FLEET, ""),
        workstation=tags.get(WORKSTATION, ""),
        owner=tags.get(OWNER, ""),
        removal=DeletionPolicy.AFTER_STOP,
    )


def _live(scope: Scope, item: Mapping[str, Any], named: Live) -> Live:
    attrs = {**named.attrs, "version": str(item["VersionNumber"])}
    if not named.owned:
        return replace(named, attrs=attrs)
    tags = scope.managed(read_tags(item.get("Tags", ())))
    spec = _spec(item["LaunchTemplateData"], tags)
    home, mounts = _mounted(named.key.region, spec.user_data)
    return replace(named, spec=spec, attrs=attrs, home=home, mounts=mounts)


def _mounted(region: str, content: Mapping[str, Any]) -> tuple[Key | None, dict[Key, str]]:
    """The home, and the AWS id of each file system and volume that instances mount."""

    def key_of(mount: Mapping[str, Any]) -> Key:
        return Key(region, HOMES[mount["type"]].KINDS[0].NAME, mount["name"])

    home = key_of(content["home"]) if content.get("home") else None
    ids = {key_of(each): HOMES[each["type"]].mounted_id(each) for each in _mounts(content)}
    return home, ids


def _mounts(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in (content.get("home"), *content.get("mounts", ())) if each]


def _spec(data: Mapping[str, Any], tags: Mapping[str, str]) -> LaunchTemplate:
    rest = dict(data)
    root: dict[str, Any] = {}
    mappings = rest.pop("BlockDeviceMappings", [])
    if mappings:
        first, *more = mappings
        root = {"DeviceName": first.get("DeviceName", ""), **first.get("Ebs", {})}
        if more:
            rest["BlockDeviceMappings"] = more
    specifications = {
        each["ResourceType"]: read_tags(each.get("Tags", ()))
        for each in rest.pop("TagSpecifications", [])
    }
    volume_tags = specifications.pop("volume", {})
    if specifications:
        rest["TagSpecifications"] = specifications
    metadata = rest.pop("MetadataOptions", {})
    written = _decode(rest.pop("UserData", ""))
    return LaunchTemplate(
        image_id=rest.pop("ImageId", ""),
        instance_profile=rest.pop("IamInstanceProfile", {}).get("Name", ""),
        security_group_ids=tuple(rest.pop("SecurityGroupIds", ())),
        root=root,
        metadata_options={name: metadata.get(name) for name in METADATA_OPTIONS},
        user_data=written.instance,
        agent=written.agent,
        volume_tags=volume_tags,
        tags=tags,
        other={name: value for name, value in rest.items() if value not in ({}, [], "", None)},
    )


def create(aws: Aws, change: Create) -> Live:
    """Create the template, with its first version."""
    want = change.desired
    spec: LaunchTemplate = want.spec
    made = aws.call(
        "ec2",
        "create_launch_template",
        LaunchTemplateName=want.key.name,
        LaunchTemplateData=_data(spec),
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": write_tags(spec.tags)}],
    )["LaunchTemplate"]
    attrs = {"id": made["LaunchTemplateId"], "version": str(made["LatestVersionNumber"])}
    return Live(want.key, spec, owned=True, attrs=attrs)


def update(aws: Aws, change: Update) -> Live:
    """Add a version if more than tags differs, and write the tags."""
    live, spec = change.live, change.desired.spec
    attrs = dict(live.attrs)
    fields = {each.field for each in change.fields}
    if fields - {"tags"}:
        # The token holds the version it follows: a repeat finds the same one, an edit back and
        # forth makes a new one.
        made = aws.call(
            "ec2",
            "create_launch_template_version",
            LaunchTemplateId=attrs["id"],
            LaunchTemplateData=_data(spec),
            ClientToken=_token(attrs["id"], attrs["version"], spec),
        )["LaunchTemplateVersion"]
        attrs["version"] = str(made["VersionNumber"])
    if "tags" in fields:
        tag_ec2(aws, attrs["id"], live.spec.tags, spec.tags)
    return Live(live.key, spec, owned=True, attrs=attrs)


def delete(aws: Aws, change: Delete) -> None:
    """Delete the template, with its versions."""
    aws.call("ec2", "delete_launch_template", LaunchTemplateId=change.live.attrs["id"])


def _token(template_id: str, follows: str, spec: LaunchTemplate) -> str:
    # Not the bytes of its user data: another machine may compress it otherwise.
    plain = machine_data.text(spec.user_data, carries_agent=_carries(spec))
    content = json.dumps({**_data(spec), "UserData": plain}, sort_keys=True)
    return hashlib.sha256(f"{template_id}|{follows}|{content}".encode()).hexdigest()[:40]


def _carries(spec: LaunchTemplate) -> bool:
    return spec.agent != machine_data.IN_IMAGE


def _data(spec: LaunchTemplate) -> dict[str, Any]:
    ebs = {name: value for name, value in spec.root.items() if name != "DeviceName"}
    return {
        "ImageId": spec.image_id,
        "IamInstanceProfile": {"Name": spec.instance_profile},
        "SecurityGroupIds": list(spec.security_group_ids),
        "BlockDeviceMappings": [{"DeviceName": spec.root["DeviceName"], "Ebs": ebs}],
        "MetadataOptions": dict(spec.metadata_options),
        "UserData": machine_data.encode(spec.user_data, carries_agent=_carries(spec)),
        "TagSpecifications": [{"ResourceType": "volume", "Tags": write_tags(spec.volume_tags)}],
    }


def _decode(user_data: str) -> machine_data.UserData:
    """What the user data of a live template says; a digest for what this product did not write."""
    with suppress(*machine_data.NOT_OURS):
        found = machine_data.decode(user_data)
        mounts = _mounts(found.instance)
        if all(m["type"] in HOMES and isinstance(m["name"], str) for m in mounts):
            return found
    digest = hashlib.sha256(user_data.encode()).hexdigest()[:12]
    return machine_data.UserData({"unknown_content": digest}, "unknown")


SENSITIVE = template_words.SENSITIVE
summary = template_words.summary
shown = template_words.shown
