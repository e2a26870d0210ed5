"""EC2's networks, images and tags: moto's, with the pages and the errors that it lacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reconciler.sandbox.operations import (
    AwsError,
    Call,
    MotoResult,
    Wire,
    dry_run,
    operation,
    page,
)
from reconciler.sandbox.services.launch_templates import find
from reconciler.sandbox.world import ACCOUNT

# Calls that moto answers in one page however long, with the member that holds the rows.
# AWS's pages: 5 to 1000 rows. [M ec2, the MaxResults shapes]
PAGED = {
    "DescribeImages": "Images",
    "DescribeInternetGateways": "InternetGateways",
    "DescribeNetworkInterfaces": "NetworkInterfaces",
    "DescribeRouteTables": "RouteTables",
    "DescribeSecurityGroupRules": "SecurityGroupRules",
    "DescribeSecurityGroups": "SecurityGroups",
    "DescribeSnapshots": "Snapshots",
    "DescribeSubnets": "Subnets",
    "DescribeTags": "Tags",
    "DescribeVolumes": "Volumes",
    "DescribeVpcs": "Vpcs",
}
PAGING = ("MaxResults", "NextToken")
DEPRECATION = "deprecation_time"
"""The attribute of moto's images that its answers show as DeprecationTime."""


def stamp(at: datetime) -> str:
    """Write the time of an image as EC2 does."""
    return f"{at:%Y-%m-%dT%H:%M:%S.000Z}"


@operation("ec2", *PAGED)
def describe(call: Call) -> MotoResult:
    """Answer an operation with moto's answer, cut into pages. Raises: AwsError for a size of
    page that AWS refuses."""
    dry_run(call)
    size = int(call.params.get("MaxResults", 1000))
    if not 1 <= size <= 1000:
        raise AwsError("InvalidParameterValue", f"Value ({size}) for maxResults is invalid.")
    if call.operation == "DescribeImages":
        _all_images_exist(call)
    answer = call.moto({k: v for k, v in call.params.items() if k not in PAGING})
    rows = answer[PAGED[call.operation]]
    if call.operation == "DescribeImages":
        rows = _shown(call, rows)
    shown, token = page(rows, size, call.params.get("NextToken"))
    answer[PAGED[call.operation]], answer["NextToken"] = shown, token
    return answer


def _all_images_exist(call: Call) -> None:
    """Moto complains only when none of the images exists."""
    missing = [image for image in call.params.get("ImageIds", []) if image not in call.ec2.amis]
    if missing:
        raise AwsError(
            "InvalidAMIID.NotFound", f"The image id '[{', '.join(missing)}]' does not exist"
        )


def _shown(call: Call, images: list[Any]) -> list[Any]:
    """Without the deprecated images of others, unless they are asked for or named by id (EC2 user
    guide, "Deprecate an AMI"; [M ec2.DescribeImages]). Moto knows no deprecation."""
    if call.params.get("ImageIds") or call.params.get("IncludeDeprecated"):
        return images
    now = stamp(call.world.now())
    return [
        image
        for image in images
        if image.owner_id == ACCOUNT or getattr(image, DEPRECATION, now) >= now
    ]


@operation("ec2", "EnableImageDeprecation")
def deprecate(call: Call) -> Wire:
    """Answer EnableImageDeprecation. Moto has no such call. [M ec2.EnableImageDeprecation]"""
    dry_run(call)
    image = call.ec2.amis.get(call.params["ImageId"])
    if image is None:
        raise AwsError("InvalidAMIID.NotFound", "The image id does not exist")
    setattr(image, DEPRECATION, stamp(call.params["DeprecateAt"]))
    return {"Return": True}


@operation("ec2", "CreateTags", "DeleteTags")
def tags(call: Call) -> MotoResult | None:
    """Answer CreateTags and DeleteTags. Moto does not find our launch templates, and tags
    instances that do not exist. All resources must exist before one is tagged."""
    dry_run(call)
    resources: list[str] = call.params["Resources"]
    for resource in resources:
        if resource.startswith("lt-"):
            find(call, resource, None)
        if resource.startswith("i-") and call.ec2.get_instance_by_id(resource) is None:
            raise AwsError(
                "InvalidInstanceID.NotFound", f"The instance ID '{resource}' does not exist"
            )
    reserved = [tag["Key"] for tag in call.params.get("Tags", []) if tag["Key"].startswith("aws:")]
    if reserved:
        raise AwsError(
            "InvalidParameterValue",
            "Tag keys starting with 'aws:' are reserved for internal use",
        )
    templates = [resource for resource in resources if resource.startswith("lt-")]
    others = [resource for resource in resources if resource not in templates]
    if templates and call.operation == "CreateTags":
        call.ec2.create_tags(templates, {t["Key"]: t.get("Value", "") for t in call.params["Tags"]})
    elif templates:
        call.ec2.delete_tags(templates, {t["Key"]: t.get("Value") for t in call.params["Tags"]})
    return call.moto({**call.params, "Resources": others}) if others else None


@operation("ec2", "CreateSubnet")
def create_subnet(call: Call) -> MotoResult:
    """Answer CreateSubnet. Moto creates for real in a dry run, and takes any first subnet of a
    zone for the zone's default one."""
    dry_run(call)
    answer = call.moto()
    answer["Subnet"].default_for_az = False
    return answer


@operation("ec2", "DeleteSecurityGroup")
def delete_security_group(call: Call) -> MotoResult:
    """Answer DeleteSecurityGroup. Moto deletes a group that an interface still has; AWS answers
    DependencyViolation."""
    dry_run(call)
    group_id = call.params.get("GroupId")
    users = [
        interface.id
        for interface in call.ec2.enis.values()
        if group_id in {group.id for group in interface.group_set}
    ]
    if users:
        raise AwsError(
            "DependencyViolation", f"resource {group_id} has a dependent object ({users[0]})"
        )
    return call.moto()


@operation("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def authorize(call: Call) -> MotoResult:
    """Answer AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress. Moto answers with
    the rules of the last permission alone; AWS with all that were made."""
    dry_run(call)
    before = _rules(call)
    answer = call.moto()
    answer["SecurityGroupRules"] = [
        rule for rule_id, rule in _rules(call).items() if rule_id not in before
    ]
    return answer


def _rules(call: Call) -> dict[str, Any]:
    return {
        rule.id: rule
        for groups in call.ec2.groups.values()
        for group in groups.values()
        for rule in (*group.ingress_rules, *group.egress_rules)
    }
