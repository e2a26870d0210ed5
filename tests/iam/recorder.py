"""What the product asks of AWS, as IAM sees it: action, resource, tags, and what else is asked.

The recorder listens on the product's own session, so nothing it calls can be forgotten. The tables
say on which resource IAM authorises a call, and which other actions the call asks for. They
follow AWS's Service Authorization Reference; the sources are in docs/permissions.md.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import boto3
import botocore.session

from reconciler.aws.services import iam_prefix
from tests.iam.evaluator import Request, Value
from tests.kinds.world import READS

ACCOUNT = "123456789012"

GROUP = "autoscaling autoScalingGroup:0000-1111:autoScalingGroupName/"
TEMPLATE, VOLUME = "ec2 launch-template/", "ec2 volume/"
SECURITY_GROUP, FILE_SYSTEM = "ec2 security-group/", "fsx file-system/"
EFS, ACCESS_POINT = "elasticfilesystem file-system/", "elasticfilesystem access-point/"
RULE, SCHEDULE_GROUP = "events rule/", "scheduler schedule-group/"

ON = {
    "autoscaling:CreateAutoScalingGroup": GROUP + "{AutoScalingGroupName}",
    "autoscaling:CreateOrUpdateTags": GROUP + "{Tags[0][ResourceId]}",
    "autoscaling:DeleteAutoScalingGroup": GROUP + "{AutoScalingGroupName}",
    "autoscaling:DeleteScheduledAction": GROUP + "{AutoScalingGroupName}",
    "autoscaling:DeleteTags": GROUP + "{Tags[0][ResourceId]}",
    "autoscaling:PutLifecycleHook": GROUP + "{AutoScalingGroupName}",
    "autoscaling:PutScheduledUpdateGroupAction": GROUP + "{AutoScalingGroupName}",
    "autoscaling:ResumeProcesses": GROUP + "{AutoScalingGroupName}",
    "autoscaling:SetDesiredCapacity": GROUP + "{AutoScalingGroupName}",
    "autoscaling:SetInstanceProtection": GROUP + "{AutoScalingGroupName}",
    "autoscaling:SuspendProcesses": GROUP + "{AutoScalingGroupName}",
    "autoscaling:UpdateAutoScalingGroup": GROUP + "{AutoScalingGroupName}",
    "ec2:AuthorizeSecurityGroupIngress": SECURITY_GROUP + "{GroupId}",
    "ec2:CreateLaunchTemplate": TEMPLATE + "lt-new",
    "ec2:CreateLaunchTemplateVersion": TEMPLATE + "{LaunchTemplateId}",
    "ec2:CreateSecurityGroup": SECURITY_GROUP + "sg-new",
    "ec2:CreateTags": "{Resources[0]}",
    "ec2:CreateVolume": VOLUME + "vol-new",
    "ec2:DeleteLaunchTemplate": TEMPLATE + "{LaunchTemplateId}",
    "ec2:DeleteTags": "{Resources[0]}",
    "ec2:ModifyVolume": VOLUME + "{VolumeId}",
    "ec2:RevokeSecurityGroupIngress": SECURITY_GROUP + "{GroupId}",
    "elasticfilesystem:CreateAccessPoint": EFS + "{FileSystemId}",
    "elasticfilesystem:CreateMountTarget": EFS + "{FileSystemId}",
    "elasticfilesystem:DescribeLifecycleConfiguration": EFS + "{FileSystemId}",
    "elasticfilesystem:DescribeMountTargets": EFS + "{FileSystemId}",
    "elasticfilesystem:PutLifecycleConfiguration": EFS + "{FileSystemId}",
    "elasticfilesystem:TagResource": "{ResourceId}",
    "elasticfilesystem:UntagResource": "{ResourceId}",
    "elasticfilesystem:UpdateFileSystem": EFS + "{FileSystemId}",
    "events:ListTagsForResource": "{ResourceARN}",
    "events:ListTargetsByRule": RULE + "{Rule}",
    "events:PutRule": RULE + "{Name}",
    "events:PutTargets": RULE + "{Rule}",
    "events:RemoveTargets": RULE + "{Rule}",
    "events:TagResource": "{ResourceARN}",
    "events:UntagResource": "{ResourceARN}",
    "fsx:CreateFileSystem": FILE_SYSTEM + "fs-new",
    "fsx:TagResource": "{ResourceARN}",
    "fsx:UntagResource": "{ResourceARN}",
    "fsx:UpdateFileSystem": FILE_SYSTEM + "{FileSystemId}",
    "iam:GetRole": "iam role/{RoleName}",
    "iam:SimulatePrincipalPolicy": "{PolicySourceArn}",
    "scheduler:CreateSchedule": "scheduler schedule/{GroupName}/{Name}",
    "scheduler:CreateScheduleGroup": SCHEDULE_GROUP + "{Name}",
    "scheduler:DeleteSchedule": "scheduler schedule/{GroupName}/{Name}",
    "scheduler:GetSchedule": "scheduler schedule/{GroupName}/{Name}",
    "scheduler:GetScheduleGroup": SCHEDULE_GROUP + "{Name}",
    "scheduler:ListTagsForResource": "{ResourceArn}",
    "scheduler:TagResource": "{ResourceArn}",
    "scheduler:UntagResource": "{ResourceArn}",
    "sns:CreateTopic": "sns {Name}",
    "sns:GetTopicAttributes": "{TopicArn}",
    "sns:ListSubscriptionsByTopic": "{TopicArn}",
    "sns:ListTagsForResource": "{ResourceArn}",
    "sns:Publish": "{TopicArn}",
    "sns:SetTopicAttributes": "{TopicArn}",
    "sns:Subscribe": "{TopicArn}",
    "sns:TagResource": "{ResourceArn}",
    "sqs:CreateQueue": "sqs {QueueName}",
    "sqs:DeleteMessage": "{QueueUrl}",
    "sqs:GetQueueAttributes": "{QueueUrl}",
    "sqs:GetQueueUrl": "sqs {QueueName}",
    "sqs:ListQueueTags": "{QueueUrl}",
    "sqs:ReceiveMessage": "{QueueUrl}",
    "sqs:SetQueueAttributes": "{QueueUrl}",
}
"""Actions that are authorised on a resource. What is not here is authorised on `*`."""

BY_ID = {
    "fs-": EFS,
    "fsap-": ACCESS_POINT,
    "i-": "ec2 instance/",
    "lt-": TEMPLATE,
    "sg-": SECURITY_GROUP,
    "vol-": VOLUME,
}
FREE = {"sts:GetCallerIdentity"}  # works even where it is denied (STS API, GetCallerIdentity)
CREATES = {action for action, on in ON.items() if on.endswith("-new")} | {
    "autoscaling:CreateAutoScalingGroup",
    "elasticfilesystem:CreateFileSystem",
}


class Recorder:
    """Listens on every session made while it is in place."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._make = boto3.Session

    def session(self, *arguments: Any, **settings: Any) -> boto3.Session:
        """Make a session, in place of `boto3.Session`."""
        made = self._make(*arguments, **settings)
        made.events.register("before-parameter-build", self._record)
        return made

    def _record(self, params: Mapping[str, Any], model: Any, context: Any, **_more: Any) -> None:
        service = model.service_model.service_id.hyphenize()
        action = f"{iam_prefix(service)}:{model.name}"
        if action not in FREE:
            # Now, before the call is made: the tags IAM would look at are those that stand.
            asked = list(asks(action, dict(params), context["client_region"]))
            with self._lock:
                self.requests += asked


def client(service: str, region: str) -> Any:
    """A stranger's client, which no recorder hears."""
    return _client(service, region, os.environ["AWS_ENDPOINT_URL"])


@cache
def _client(service: str, region: str, endpoint: str) -> Any:
    return botocore.session.get_session().create_client(service, region, endpoint_url=endpoint)


def arn(text: str, region: str = "us-east-1", account: str = ACCOUNT) -> str:
    """`ec2 volume/vol-1` in full; what is an ARN already stays."""
    if text.startswith("arn:"):
        return text
    service, _, resource = text.partition(" ")
    return f"arn:aws:{service}:{'' if service == 'iam' else region}:{account}:{resource}"


def asks(action: str, params: dict[str, Any], region: str) -> Iterator[Request]:
    """Everything IAM is asked when this call is made."""
    base: dict[str, Value] = {"aws:RequestedRegion": region}
    if action == "ssm:GetParameters":
        for name in params["Names"]:
            yield Request(action, _parameter(name, region), base)
        return
    if action == "iam:GetRole" and params["RoleName"].startswith("AWSServiceRoleFor"):
        yield Request(action, _service_role_arn(params["RoleName"]), base)
        return
    if action == "kms:DescribeKey":
        yield _on_key(action, params["KeyId"], base, region)
        return
    where = ON[action].format_map(params) if action in ON else "*"
    if action == "elasticfilesystem:ModifyMountTargetSecurityGroups":
        where = _file_system_of(params["MountTargetId"], region)
    where = next((kind + where for id_, kind in BY_ID.items() if where.startswith(id_)), where)
    where = "sqs " + where.rpartition("/")[2] if "QueueUrl" in params else where
    where = where if where == "*" else arn(where, region)
    tags = _request_tags(params)
    context = {**base, **tags, **_group_settings(action, params)}
    if action == "elasticfilesystem:CreateFileSystem":
        context["elasticfilesystem:Encrypted"] = str(params["Encrypted"]).lower()
    if action == "sns:Subscribe":
        context["sns:Protocol"] = params["Protocol"]
    if action == "events:PutTargets":
        context["events:TargetArn"] = tuple(target["Arn"] for target in params["Targets"])
    if action not in CREATES and not action.split(":")[1].startswith(READS):
        context |= {f"aws:ResourceTag/{k}": v for k, v in _standing(where, region).items()}
    yield Request(action, where, context)
    for more in _dependent(action, params, where, region, tags):
        yield Request(more.action, arn(more.resource, region), {**base, **more.context}, action)


def _dependent(
    action: str, params: dict[str, Any], where: str, region: str, tags: dict[str, Value]
) -> Iterator[Request]:
    """The table of dependent actions, in the form of code."""
    service, _, operation = action.partition(":")
    key = params.get("KmsKeyId")
    match action:
        case "ec2:CreateLaunchTemplate" | "ec2:CreateVolume" | "ec2:CreateSecurityGroup":
            yield Request("ec2:CreateTags", where, {**tags, "ec2:CreateAction": operation})
            if operation == "CreateSecurityGroup":
                yield Request(action, f"ec2 vpc/{params['VpcId']}")
        case "fsx:CreateFileSystem":
            yield Request("fsx:TagResource", where, tags)
            yield Request("ec2:GetSecurityGroupsForVpc", "ec2 vpc/vpc-1")
            yield _service_role("fsx.amazonaws.com")
        case "events:PutRule" | "sns:CreateTopic" | "scheduler:CreateScheduleGroup" if tags:
            yield Request(f"{service}:TagResource", where, tags)
        case "sqs:CreateQueue" if "tags" in params:
            yield Request("sqs:TagQueue", where)
        case "scheduler:CreateSchedule":
            passed = {"iam:PassedToService": "scheduler.amazonaws.com"}
            yield Request("iam:PassRole", params["Target"]["RoleArn"], passed)
        case "autoscaling:CreateAutoScalingGroup" | "autoscaling:UpdateAutoScalingGroup":
            if "MixedInstancesPolicy" in params:
                yield from _launch(params["MixedInstancesPolicy"], region)
            if operation.startswith("Create"):
                yield _service_role("autoscaling.amazonaws.com")
                yield _service_role("spot.amazonaws.com")
    if service == "elasticfilesystem":
        yield from _dependent_of_efs(operation, params, tags)
    if key and operation.startswith("Create"):
        via: dict[str, Value] = {"kms:ViaService": f"{service}.{region}.amazonaws.com"}
        for use in ("CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext"):
            yield _on_key(f"kms:{use}", key, via, region)


def _dependent_of_efs(
    operation: str, params: dict[str, Any], tags: dict[str, Value]
) -> Iterator[Request]:
    """The same for EFS, which makes network interfaces for the caller."""
    match operation:
        case "CreateFileSystem" | "CreateAccessPoint":
            made = EFS + "fs-new" if operation.endswith("System") else ACCESS_POINT + "fsap-new"
            making = {"elasticfilesystem:CreateAction": operation}
            yield Request("elasticfilesystem:TagResource", made, {**tags, **making})
        case "CreateMountTarget":
            interface = "ec2:CreateNetworkInterface"
            yield Request(interface, "ec2 network-interface/eni-new")
            yield Request(interface, f"ec2 subnet/{params['SubnetId']}")
            for group in params["SecurityGroups"]:
                yield Request(interface, SECURITY_GROUP + group)
            yield _service_role("elasticfilesystem.amazonaws.com")
        case "ModifyMountTargetSecurityGroups":
            attribute = "ec2:ModifyNetworkInterfaceAttribute"
            yield Request(attribute, "ec2 network-interface/eni-1")
            for group in params["SecurityGroups"]:
                yield Request(attribute, SECURITY_GROUP + group)


def _launch(policy: Mapping[str, Any], region: str) -> Iterator[Request]:
    """Auto Scaling checks that the caller could launch from the template itself."""
    pinned = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    found = client("ec2", region).describe_launch_template_versions(
        LaunchTemplateId=pinned["LaunchTemplateId"], Versions=[pinned["Version"]]
    )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    template = arn(TEMPLATE + pinned["LaunchTemplateId"], region)
    launch: dict[str, Value] = {"ec2:LaunchTemplate": template}
    standing = {f"aws:ResourceTag/{k}": v for k, v in _standing(template, region).items()}
    yield Request("ec2:RunInstances", template, {**launch, **standing})
    kinds = ("instance", "network-interface", "security-group", "subnet", "volume")
    image = f"arn:aws:ec2:{region}::image/{found['ImageId']}"
    for resource in (image, *(f"ec2 {kind}/*" for kind in kinds)):
        own = "subnet" not in resource and "interface" not in resource  # those are the group's
        inside: dict[str, Value] = {**launch, "ec2:IsLaunchTemplateResource": str(own).lower()}
        yield Request("ec2:RunInstances", resource, inside)
    tags = _request_tags(found)
    yield Request("ec2:CreateTags", VOLUME + "*", {**tags, "ec2:CreateAction": "RunInstances"})
    role = f"iam role/{found['IamInstanceProfile']['Name']}"
    yield Request("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


def _service_role(service: str) -> Request:
    role = f"iam role/aws-service-role/{service}/AWSServiceRole"
    return Request("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service})


def _service_role_arn(name: str) -> str:
    """With its path, if it is there: only the role itself knows that."""
    known = client("iam", "us-east-1").list_roles(PathPrefix="/aws-service-role/")["Roles"]
    return next(
        (role["Arn"] for role in known if role["RoleName"] == name), arn(f"iam role/{name}")
    )


def _parameter(name: str, region: str) -> str:
    account = "" if name.startswith("/aws/") else ACCOUNT
    return arn(f"ssm parameter/{name.removeprefix('/')}", region, account)


def _on_key(action: str, name: str, context: Mapping[str, Value], region: str) -> Request:
    """KMS authorises on the key itself, and tells the aliases it has."""
    known = client("kms", region)
    found = known.describe_key(KeyId=name)["KeyMetadata"]
    aliases = known.list_aliases(KeyId=found["KeyId"])["Aliases"]
    names = tuple(alias["AliasName"] for alias in aliases)
    return Request(action, found["Arn"], {**context, "kms:ResourceAliases": names})


def _group_settings(action: str, params: Mapping[str, Any]) -> dict[str, Value]:
    """What Auto Scaling tells IAM of a request: sizes, and what it brings of a group's shape."""
    if action not in (
        "autoscaling:PutScheduledUpdateGroupAction",
        "autoscaling:UpdateAutoScalingGroup",
    ):
        return {}
    found: dict[str, Value] = {
        f"autoscaling:{name}": str(params[name])
        for name in ("MaxSize", "MinSize")
        if name in params
    }
    if "MixedInstancesPolicy" in params:
        found["autoscaling:LaunchTemplateVersionSpecified"] = "true"
    if name := params.get("LaunchConfigurationName"):
        found["autoscaling:LaunchConfigurationName"] = name
    if "VPCZoneIdentifier" in params:
        subnets = tuple(params["VPCZoneIdentifier"].split(","))
        found["autoscaling:VPCZoneIdentifiers"] = subnets
    return found


def _request_tags(params: Mapping[str, Any]) -> dict[str, Value]:
    """The tags a call brings, or the keys it takes away."""
    listed = list(params.get("Tags", ()))
    for specification in params.get("TagSpecifications", ()):
        listed += specification["Tags"]
    tags: dict[str, Value] = {
        f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in listed if "Value" in tag
    }
    keys = tuple(sorted({tag["Key"] for tag in listed} | set(params.get("TagKeys", ()))))
    return {**tags, "aws:TagKeys": keys} if keys else tags


def _file_system_of(mount_target: str, region: str) -> str:
    """A mount target is authorised as its file system."""
    found = client("efs", region).describe_mount_targets(MountTargetId=mount_target)
    return EFS + str(found["MountTargets"][0]["FileSystemId"])


def _standing(resource: str, region: str) -> dict[str, str]:
    """The tags of a thing as it stands, where our policies look at them."""
    service, name = resource.split(":")[2], resource.rpartition("/")[2]
    match service:
        case "autoscaling":
            filters = [{"Name": "auto-scaling-group", "Values": [name]}]
            found = client(service, region).describe_tags(Filters=filters)["Tags"]
        case "ec2":
            filters = [{"Name": "resource-id", "Values": [name]}]
            found = client(service, region).describe_tags(Filters=filters)["Tags"]
        case "elasticfilesystem":
            found = client("efs", region).list_tags_for_resource(ResourceId=name)["Tags"]
        case "fsx":
            found = client(service, region).list_tags_for_resource(ResourceARN=resource)["Tags"]
        case _:
            return {}
    return {tag["Key"]: tag["Value"] for tag in found}
