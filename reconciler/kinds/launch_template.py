"""Launch templates: image, disks, security groups, mounts and user data of a workstation.

Every version is written whole (a version made from another one keeps what nobody asked for),
and the group is pinned to its number. A running instance is never touched.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import iam_name
from reconciler.kinds import homes, security_group, template_words
from reconciler.kinds.homes import HOMES
from reconciler.kinds.tagging import tag_ec2
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
    user_data: Mapping[str, Any]
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

INSTANCE_FILE = "/etc/ws/instance.json"


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
        spec = LaunchTemplate(
            image_id=each.unless("image", each.image.id, site.name),
            instance_profile=each.unless("instance_profile", profile, site.name),
            security_group_ids=tuple(
                Ref(group, "id") for group in security_group.of_instances(site, each)
            ),
            root=_root(site.name, each),
            metadata_options=METADATA_OPTIONS,
            user_data=_instance(site, each),
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
            details=template_words.details(each, site.declared.account, site.now),
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


def _instance(site: ResolvedSite, each: ResolvedWorkstation) -> dict[str, Any]:
    """Build the instance file, the instance's data about itself: nothing secret (promise 11)."""
    declared = each.declared
    content: dict[str, Any] = {
        "version": 1,
        "site": site.name,
        "fleet": declared.fleet,
        "workstation": declared.name,
        "owner": declared.owner,
        "region": declared.region,
        "auto_scaling_group": group_name(site.name, declared.name),
    }
    home = homes.home_of(site.name, declared)
    if home:
        content["home"] = home.kind.mount(home.key, each, home.at)
    content["mounts"] = tuple(
        shared.kind.mount(shared.key, each, shared.at)
        for shared in homes.shared_with(site.name, declared)
    )
    return content


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
    return LaunchTemplate(
        image_id=rest.pop("ImageId", ""),
        instance_profile=rest.pop("IamInstanceProfile", {}).get("Name", ""),
        security_group_ids=tuple(rest.pop("SecurityGroupIds", ())),
        root=root,
        metadata_options={name: metadata.get(name) for name in METADATA_OPTIONS},
        user_data=_decode(rest.pop("UserData", "")),
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
    content = json.dumps(_data(spec), sort_keys=True)
    return hashlib.sha256(f"{template_id}|{follows}|{content}".encode()).hexdigest()[:40]


def _data(spec: LaunchTemplate) -> dict[str, Any]:
    ebs = {name: value for name, value in spec.root.items() if name != "DeviceName"}
    return {
        "ImageId": spec.image_id,
        "IamInstanceProfile": {"Name": spec.instance_profile},
        "SecurityGroupIds": list(spec.security_group_ids),
        "BlockDeviceMappings": [{"DeviceName": spec.root["DeviceName"], "Ebs": ebs}],
        "MetadataOptions": dict(spec.metadata_options),
        "UserData": _encode(spec.user_data),
        "TagSpecifications": [{"ResourceType": "volume", "Tags": write_tags(spec.volume_tags)}],
    }


def _encode(instance_file: Mapping[str, Any]) -> str:
    """A cloud-config that writes one file. JSON is YAML: nothing in it can break out."""
    content = json.dumps(instance_file, indent=1, sort_keys=True)
    config = {"write_files": [{"path": INSTANCE_FILE, "permissions": "0644", "content": content}]}
    return base64.b64encode(f"#cloud-config\n{json.dumps(config)}\n".encode()).decode()


def _decode(user_data: str) -> dict[str, Any]:
    """What `_encode` was given; for anything else, a digest that differs from it."""
    try:
        raw = base64.b64decode(user_data, validate=True)
        config = json.loads(raw.removeprefix(b"#cloud-config\n"))
        content = json.loads(config["write_files"][0]["content"])
        content["mounts"] = tuple(content["mounts"])
        known = all(m["type"] in HOMES and isinstance(m["name"], str) for m in _mounts(content))
        if known and _encode(content) == user_data:
            return dict(content)
    # Whatever somebody wrote there manually; RecursionError: thousands of brackets.
    except (binascii.Error, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    return {"unknown_content": hashlib.sha256(user_data.encode()).hexdigest()[:12]}


SENSITIVE = template_words.SENSITIVE
summary = template_words.summary
shown = template_words.shown
