"""What the words of the policies' tables mean for one site: resources, conditions, ARNs.

Regions stay open in ARNs, for a policy has little room; a statement closes them all at once.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from reconciler.aws_api import partition_of
from reconciler.declare.fleet import Site
from reconciler.errors import UsageError
from reconciler.plan.names import dead_letters_name, events_name, group_prefix
from reconciler.plan.ownership import (
    FILE_SYSTEM,
    FORMAT,
    OVERRIDE,
    OWNER,
    PHASE,
    SITE,
    STARTS,
    WORKSTATION,
)

MACHINE = "${aws:PrincipalTag/" + WORKSTATION + "}"
"""The workstation that the caller is, by the tag of its role."""

SHARED = "_shared"
"""The folder of parameters for all machines: no workstation can bear this name."""

SHAPE = (
    "CapacityReservationIds",
    "CapacityReservationResourceGroupArns",
    "InstanceTypes",
    "LaunchConfigurationName",
    "TargetCapacityTypes",
    "VPCZoneIdentifiers",
)
"""Condition keys of an update that changes more of a group than its sizes."""


def regions(site: Site) -> tuple[str, ...]:
    """Return the regions of a policy. Raises: UsageError for a site without one."""
    if not site.regions:  # a policy for none would deny everything
        raise UsageError("no region is in use: declare a workstation first")
    return site.regions


def partition(site: Site) -> str:
    return partition_of(regions(site)[0])


def arn(site: Site, service: str, resource: str, region: str = "*") -> str:
    return f"arn:{partition(site)}:{service}:{region}:{site.account}:{resource}"


def ec2_service(site: Site) -> str:
    return "ec2.amazonaws.com" + (".cn" if partition(site) == "aws-cn" else "")


def declared_keys(site: Site) -> set[str]:
    stores = (*(workstation.home for workstation in site.workstations), *site.file_systems)
    return {store.kms_key_id for store in stores if store and store.kms_key_id}


def uses_efs(site: Site) -> bool:
    """Whether the site declares an EFS file system; one that does not gets no right to make one."""
    stores = (*(each.home for each in site.workstations), *site.file_systems)
    return any(store and store.type == "efs" for store in stores)


def below(path: str) -> tuple[str, str]:
    """Build the ARNs of a folder of parameters and of all that is in it."""
    return path, f"{path}/*"


def resources(site: Site) -> dict[str, list[str]]:
    """Resolve the words in the column `on` of the tables to ARNs."""

    some = partial(_arns, site)
    workstations = site.workstations
    # A profile's role bears its name, as the console makes them. Of a role for each workstation
    # the policy names the pattern: a hundred ARNs have no room in it.
    profiles, schedulers = (
        {w.profile_pattern for w in workstations},
        {w.scheduler_role for w in workstations},
    )
    public = f"arn:{partition(site)}"
    return (
        {
            "everything": ["*"],
            "groups": some(
                "autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{group_prefix(site.name)}*"
            ),
            "volumes": some("ec2", "volume/*"),
            "instances": some("ec2", "instance/*"),
            "vpcs": some("ec2", "vpc/*"),
            "ec2_things": some("ec2", "*/*"),
            "launch_templates": some("ec2", "launch-template/*"),
            # Images are of no account in their ARN.
            "launched_with": [
                f"{public}:ec2:*::image/*",
                *some("ec2", "key-pair/*", "security-group/*"),
            ],
            "file_systems": some("fsx", "file-system/*"),
            "rule": some("events", f"rule/{events_name(site.name)}"),
            "topic": some("sns", events_name(site.name)),
            "queues": some("sqs", events_name(site.name), dead_letters_name(site.name)),
            "dead_letters": some("sqs", dead_letters_name(site.name)),
            "schedules": some("scheduler", f"schedule/{site.name}/*"),
            "schedule_group": some("scheduler", f"schedule-group/{site.name}"),
            "instance_roles": some(
                "iam", *(f"role/{name.lstrip('/')}" for name in profiles), region=""
            ),
            "scheduler_roles": some(
                "iam", *(f"role/{name.lstrip('/')}" for name in schedulers), region=""
            ),
            "service_roles": some("iam", "role/aws-service-role/*", region=""),
            "pathless_service_roles": some("iam", "role/AWSServiceRoleFor*", region=""),
            "sessions": some("ssm", "session/*"),
            "dcv_licences": [f"{public}:s3:::dcv-license.{region}/*" for region in site.regions],
        }
        | _parameters(site)
        | _keys(site)
        | _efs(site)
    )


def _arns(site: Site, service: str, *resources: str, region: str = "*") -> list[str]:
    return [arn(site, service, resource, region) for resource in sorted(resources)]


def _efs(site: Site) -> dict[str, list[str]]:
    """Nothing, where no home and no shared file system is of EFS."""
    used, some = uses_efs(site), partial(_arns, site)
    interfaces = some("ec2", "network-interface/*", "security-group/*", "subnet/*")
    return {
        "efs_to_make": ["*"] if used else [],
        "efs_things": some("elasticfilesystem", "access-point/*", "file-system/*") if used else [],
        "efs_interfaces": interfaces if used else [],
    }


def _parameters(site: Site) -> dict[str, list[str]]:
    """Parameters and documents of SSM; AWS's own are of no account."""
    some, public = partial(_arns, site), f"arn:{partition(site)}"
    parameters = {w.image.ssm_parameter for w in site.workstations} - {""}
    return {
        "image_parameters": [
            f"{public}:ssm:*::parameter{name}"
            if name.startswith("/aws/")
            else arn(site, "ssm", f"parameter/{name.removeprefix('/')}")
            for name in sorted(parameters)
        ],
        # A path is asked for by its name, with or without the slash at its end.
        "own_parameters": some("ssm", *below(f"parameter/{site.name}/{MACHINE}")),
        "shared_parameters": some("ssm", *below(f"parameter/{site.name}/{SHARED}")),
        "session_documents": [
            f"{public}:ssm:*::document/AWS-StartPortForwardingSession",
            f"{public}:ssm:*::document/AWS-StartSSHSession",
            *some("ssm", "document/SSM-SessionManagerRunShell"),
        ],
    }


def _keys(site: Site) -> dict[str, list[str]]:
    """Keys by their ids; an alias is a condition on any key."""
    keys, roots = declared_keys(site), any(w.root.kms_key_id for w in site.workstations)
    some = partial(_arns, site)
    return {
        "keys": [
            name if name.startswith("arn:") else arn(site, "kms", f"key/{name}")
            for name in sorted(keys)
            if "alias/" not in name
        ],
        "any_key": some("kms", "key/*") if keys or roots else [],
        "aliased_key": some("kms", "key/*") if any("alias/" in name for name in keys) else [],
    }


def conditions(site: Site) -> dict[str, dict[str, dict[str, Any]]]:
    """Resolve the words in the column `when` of the tables to conditions."""
    owner = "${aws:PrincipalTag/owner}"
    aliases = sorted(
        "alias/" + n.partition("alias/")[2] for n in declared_keys(site) if "alias/" in n
    )
    making = ("CreateLaunchTemplate", "CreateSecurityGroup", "CreateVolume", "RunInstances")
    efs = ("elasticfilesystem",) if uses_efs(site) else ()
    services = tuple(f"{name}.amazonaws.com" for name in ("autoscaling", *efs, "fsx", "spot"))
    storage = tuple(f"{name}.*" for name in ("ec2", *efs, "fsx"))
    equals: dict[str, dict[str, Any]] = {
        "made": {f"aws:RequestTag/{SITE}": site.name},
        "ours": {f"aws:ResourceTag/{SITE}": site.name},
        "home": {f"aws:ResourceTag/{FILE_SYSTEM}": "home"},
        "own": {f"aws:ResourceTag/{WORKSTATION}": MACHINE},
        "while_making": {"ec2:CreateAction": making},
        "while_making_efs": {
            "elasticfilesystem:CreateAction": ("CreateAccessPoint", "CreateFileSystem")
        },
        "to_ec2": {"iam:PassedToService": ec2_service(site)},
        "to_scheduler": {"iam:PassedToService": "scheduler.amazonaws.com"},
        "by_mail": {"sns:Protocol": "email"},
        "of_services": {"iam:AWSServiceName": services},
        "own_group": {f"aws:ResourceTag/{OWNER}": owner},
        "own_instance": {f"ssm:resourceTag/{OWNER}": owner, f"ssm:resourceTag/{SITE}": site.name},
    }
    return {name: {"StringEquals": keys} for name, keys in equals.items()} | {
        "if_tagged_ours": {"StringEqualsIfExists": equals["ours"]},
        "not_ours": {"StringNotEquals": equals["ours"]},
        # A negated operator alone holds for a request without the tag too.
        "made_for_another_site": {
            "Null": {f"aws:RequestTag/{SITE}": "false"},
            "StringNotEquals": equals["made"],
        },
        "not_of_template": {"Bool": {"ec2:IsLaunchTemplateResource": "false"}},
        "to_queue": {
            "ForAllValues:ArnLike": {"events:TargetArn": arn(site, "sqs", events_name(site.name))},
            "Null": {"events:TargetArn": "false"},
        },
        "elsewhere": {"StringNotEquals": {"aws:RequestedRegion": site.regions}},
        "from_template": {"ArnLike": {"ec2:LaunchTemplate": arn(site, "ec2", "launch-template/*")}},
        "encrypted": {"Bool": {"elasticfilesystem:Encrypted": "true"}},
        "via_storage": {"StringLike": {"kms:ViaService": storage}},
        "by_alias": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}},
        "by_force": {"Bool": {"autoscaling:ForceDelete": "true"}},
        "document_checked": {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}},
        # The id of a session begins with the name of the role's session, not with ${aws:userid}.
        "own_session": {
            "StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}
        },
        "site_tag_named": {"ForAnyValue:StringEquals": {"aws:TagKeys": SITE}},
        "one_at_most": {"NumericLessThanEquals": {"autoscaling:MaxSize": "1"}},
        "one_at_most_if_said": {"NumericLessThanEqualsIfExists": {"autoscaling:MaxSize": "1"}},
        "same_shape": _same_shape(),
        # `aws:userid` of an instance's role is the role's id, a colon and the instance's id.
        "itself": {"StringLike": {"aws:userid": "*:${ec2:InstanceID}"}},
        "override_alone": _only_tag(OVERRIDE),
        "phase_alone": _only_tag(PHASE),
        "format_alone": _only_tag(FORMAT),
        "machine_tags_alone": _only_tag(OVERRIDE, STARTS),
    }


def _same_shape() -> dict[str, Any]:
    """An update that leaves what is launched as it is.

    It names all that Auto Scaling tells IAM of a group's shape in an update, but for the image of a
    launch configuration, which goes with its name (Service Authorization Reference). AWS does not
    say whether it tells of the template where a request has none at all: "false" is right then too,
    and a template without a version is still refused to who may not run instances.
    """
    return {
        "Null": {f"autoscaling:{key}": "true" for key in SHAPE},
        "BoolIfExists": {"autoscaling:LaunchTemplateVersionSpecified": "false"},
    }


def _only_tag(*keys: str) -> dict[str, Any]:
    """A request that names these tags and no others; without any key, "all of them" holds too."""
    return {
        "ForAllValues:StringEquals": {"aws:TagKeys": keys},
        "Null": {"aws:TagKeys": "false"},
    }
