"""The role of `reconcile ami`: bake, test, publish and remove golden images.

It is no role of a run: it may delete the snapshots of the images that it has made, which promise 1
forbids to runs, and it can neither read nor change a workstation or a home. The columns are those
of `policies.py`.
"""

from __future__ import annotations

from typing import Any

from reconciler.aws import policy_names
from reconciler.declare.fleet import Site

STEP = "reconciler:image-step"
"""On builders (reconciler/images/model.py); no workstation has it."""

KEY = "reconciler:image"
"""On images and their snapshots; no snapshot of a home has it."""

IMAGE = """
Look: AWS cannot limit these to a resource
    autoscaling:DescribeAutoScalingGroups ec2:DescribeImages ec2:DescribeInstances
    ec2:DescribeLaunchTemplateVersions ec2:DescribeSpotPriceHistory ec2:DescribeSubnets
    pricing:GetProducts ssm:DescribeInstanceInformation ssm:GetCommandInvocation
    on everything
ReadParameters: the parent image, and which image is published
    ssm:GetParameters
    on public_parameters published_parameters
Publish: only the parameters that the fleets name, and those of the site for images
    ssm:PutParameter
    on published_parameters
LaunchBuilders: instances that bake and test; they get the site's tag and that of a builder
    ec2:RunInstances
    on builder_parts when made builder_made
LaunchWith: what they are launched with
    ec2:RunInstances
    on builder_surroundings
TagAsMade: EC2 requires this for a create; the condition allows it only then [2]
    ec2:CreateTags
    on ec2_things images snapshots when made while_making_images
OwnBuilders: only instances with the tag of a builder
    ec2:CreateImage ec2:CreateTags ec2:StopInstances ec2:TerminateInstances ssm:SendCommand
    on instances when ours builder
RunShell: the document that runs the stages
    ssm:SendCommand
    on shell_document
MakeImages: images and snapshots get the site's tag
    ec2:CopyImage ec2:CreateImage
    on images snapshots when made
OwnImages: marks those that have passed, and removes old ones with their snapshots
    ec2:CreateTags ec2:DeleteSnapshot ec2:DeregisterImage
    on images snapshots when ours of_image
CopyFrom: AWS authorises a copy on its source too
    ec2:CopyImage
    on images snapshots when ours of_image
PassBuilderRole: the role in the builders' instance profile
    iam:PassRole
    on builder_role when to_ec2
ServiceRoles: AWS creates this role with an account's first Spot request
    iam:CreateServiceLinkedRole
    on service_roles when of_spot
"""

NEVER = """
KeepHomes: no volume is deleted or detached, and no file system touched
    ec2:DeleteVolume ec2:DetachVolume elasticfilesystem:* fsx:*
    on everything
"""


def resources(site: Site) -> dict[str, list[str]]:
    """Resolve the words in the column `on` that only this table has."""
    public = f"arn:{policy_names.partition(site)}"
    parameters = {each.image.ssm_parameter for each in site.workstations} - {""}
    published = sorted(name for name in parameters if not name.startswith("/aws/"))
    arn = policy_names.arn
    return {
        "public_parameters": [f"{public}:ssm:*::parameter/aws/service/*"],
        # The folder is for the first image, which no fleet names yet.
        "published_parameters": [
            arn(site, "ssm", f"parameter/{name.removeprefix('/')}")
            for name in (f"{site.name}/_image/*", *published)
        ],
        "builder_parts": [arn(site, "ec2", "instance/*"), arn(site, "ec2", "volume/*")],
        "builder_surroundings": [
            f"{public}:ec2:*::image/*",
            f"{public}:ec2:*::snapshot/*",
            *(
                arn(site, "ec2", f"{kind}/*")
                for kind in ("network-interface", "security-group", "subnet")
            ),
        ],
        "images": [f"{public}:ec2:*::image/*"],
        "snapshots": [f"{public}:ec2:*::snapshot/*"],
        "shell_document": [f"{public}:ssm:*::document/AWS-RunShellScript"],
        "builder_role": [arn(site, "iam", f"role/{site.name}-image", "")],
    }


def conditions() -> dict[str, dict[str, dict[str, Any]]]:
    """Resolve the words in the column `when` that only this table has."""
    steps = ("bake", "smoke")
    making = ("CopyImage", "CreateImage", "RunInstances")
    equals: dict[str, dict[str, Any]] = {
        "builder_made": {f"aws:RequestTag/{STEP}": steps},
        "builder": {f"aws:ResourceTag/{STEP}": steps},
        "while_making_images": {"ec2:CreateAction": making},
        "of_spot": {"iam:AWSServiceName": "spot.amazonaws.com"},
    }
    of_image = {"Null": {f"aws:ResourceTag/{KEY}": "false"}}
    return {name: {"StringEquals": keys} for name, keys in equals.items()} | {"of_image": of_image}
