"""IAM policies of the six roles, for one site: the calls that are made, and nothing else.

A role is a table: `Sid: why`, the actions, `on` which resources, `when` which conditions hold; the
names behind both are in `policy_names.py`, [n] is a source in docs/permissions.md, and
a Sid that comes again adds actions and resources. Regions stay open in ARNs, for a policy has
little room: `OtherRegions` closes them all at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.aws import image_policy, policy_names
from reconciler.aws.github import ISSUER, Repository
from reconciler.declare.fleet import Site
from reconciler.errors import UsageError

LIMIT = 10240
"""Characters of all inline policies of a role, white space aside (IAM user guide, "IAM and AWS STS
quotas")."""

MANAGED = 6144
"""Characters of a managed policy (same page)."""

PLAN = """
Look: AWS cannot limit these to a resource
    autoscaling:DescribeAutoScalingGroups autoscaling:DescribeScalingActivities
    autoscaling:DescribeScheduledActions ec2:DescribeImages
    ec2:DescribeInstanceTypeOfferings ec2:DescribeInstances
    ec2:DescribeLaunchTemplateVersions ec2:DescribeLaunchTemplates ec2:DescribeNetworkInterfaces
    ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVolumes
    ec2:GetInstanceTypesFromInstanceRequirements elasticfilesystem:DescribeAccessPoints
    elasticfilesystem:DescribeFileSystems elasticfilesystem:DescribeLifecycleConfiguration
    elasticfilesystem:DescribeMountTargets events:ListRules fsx:DescribeFileSystems
    iam:ListInstanceProfiles scheduler:ListSchedules sqs:ListQueues
    on everything
ByName: reads resources that have a name of the site
    events:ListTagsForResource events:ListTargetsByRule scheduler:GetSchedule
    scheduler:GetScheduleGroup scheduler:ListTagsForResource sns:GetTopicAttributes
    sns:ListSubscriptionsByTopic sns:ListTagsForResource sqs:GetQueueAttributes sqs:ListQueueTags
    on rule schedules schedule_group topic queues
LookAtImages: which image a declared parameter names today
    ssm:GetParameters
    on image_parameters
LookAtRoles: whether the role of the schedules exists
    iam:GetRole
    on scheduler_roles
LookAtKeys: the ARN behind a declared alias or id; KMS answers only facts about a key
    kms:DescribeKey
    on any_key
"""

PRICES = """
Look: prices an hour, for reports
    ec2:DescribeSpotPriceHistory pricing:GetProducts
    on everything
"""

DOCTOR = """
Look: what only the doctor reads
    autoscaling:DescribeAccountLimits autoscaling:DescribeLifecycleHooks
    cloudwatch:GetMetricData ec2:DescribeInstanceTypes
    servicequotas:GetAWSDefaultServiceQuota servicequotas:ListServiceQuotas
    on everything
MaySchedule: whether the schedules' role may start and stop, with everything that limits it [10]
    iam:SimulatePrincipalPolicy
    on scheduler_roles
LookAtInstanceRoles: whether the tag of each role names its workstation
    iam:GetRole
    on instance_roles
LookAtServiceRoles: whether AWS has created its own roles; a missing role has no path
    iam:GetRole
    on service_roles pathless_service_roles
"""

APPLY = """
Make: everything gets the site's tag when it is created
    autoscaling:CreateAutoScalingGroup ec2:CreateLaunchTemplate ec2:CreateSecurityGroup
    ec2:CreateVolume fsx:CreateFileSystem
    on groups ec2_things file_systems when made
Change: only resources with the site's tag
    autoscaling:CreateOrUpdateTags autoscaling:DeleteAutoScalingGroup
    autoscaling:DeleteScheduledAction autoscaling:DeleteTags
    autoscaling:PutLifecycleHook autoscaling:PutScheduledUpdateGroupAction
    autoscaling:ResumeProcesses autoscaling:SetInstanceProtection autoscaling:SuspendProcesses
    autoscaling:UpdateAutoScalingGroup
    ec2:AuthorizeSecurityGroupIngress ec2:CreateLaunchTemplateVersion ec2:CreateTags
    ec2:DeleteLaunchTemplate ec2:DeleteTags ec2:ModifyVolume ec2:RevokeSecurityGroupIngress
    fsx:TagResource fsx:UntagResource fsx:UpdateFileSystem
    on groups ec2_things file_systems when ours
ByName: and writes them; schedules have no tags, and of the others there are one or two a region
    events:PutRule events:RemoveTargets events:TagResource
    scheduler:CreateSchedule scheduler:CreateScheduleGroup scheduler:DeleteSchedule
    scheduler:TagResource scheduler:UntagResource sns:CreateTopic sns:SetTopicAttributes
    sns:TagResource sqs:CreateQueue sqs:SetQueueAttributes sqs:TagQueue
    on rule schedules schedule_group topic queues
Look: for `--listen`, which workstation an event is about
    autoscaling:DescribeScalingActivities ec2:DescribeInstances
    on everything
ByName: `--listen` reads the site's own queues and notifies owners
    sns:Publish sqs:DeleteMessage sqs:GetQueueUrl sqs:ReceiveMessage
    on topic queues
SendToQueue: the rule sends the site's events to its own queue, and nowhere else [13]
    events:PutTargets
    on rule when to_queue
SubscribeByMail: only e-mail addresses, which have to confirm; no queue and no function
    sns:Subscribe
    on topic when by_mail
TagAsMade: EC2 requires this for a create; the condition allows it only then [2]
    ec2:CreateTags
    on ec2_things when made while_making
TagLustreAsMade: FSx requires it too [3] and has no such condition; never over another site's tag
    fsx:TagResource
    on file_systems when made if_tagged_ours
MakeEfs: EFS cannot limit this to a resource; only encrypted, and with the site's tag [15]
    elasticfilesystem:CreateFileSystem
    on efs_to_make when made encrypted
ChangeEfs: only resources with the site's tag; a mount target has the tags of its file system
    elasticfilesystem:CreateAccessPoint elasticfilesystem:CreateMountTarget
    elasticfilesystem:ModifyMountTargetSecurityGroups elasticfilesystem:PutLifecycleConfiguration
    elasticfilesystem:TagResource elasticfilesystem:UntagResource elasticfilesystem:UpdateFileSystem
    on efs_things when ours
TagEfsAsMade: EFS requires this for a create; the condition allows it only then [15]
    elasticfilesystem:TagResource
    on efs_things when made while_making_efs
EfsInterfaces: EFS creates and changes the interface of a mount target for the caller [16]
    ec2:CreateNetworkInterface ec2:ModifyNetworkInterfaceAttribute
    on efs_interfaces
InVpc: AWS authorises a security group and a file system on their VPC too, which is yours
    ec2:CreateSecurityGroup ec2:GetSecurityGroupsForVpc
    on vpcs
Launch: AWS requires it to give a group its launch template [4]
    ec2:RunInstances
    on everything when from_template
PassProfile: AWS requires this too, for the role in the template's instance profile
    iam:PassRole
    on instance_roles when to_ec2
PassSchedulerRole: schedules use this role
    iam:PassRole
    on scheduler_roles when to_scheduler
ServiceRoles: AWS creates these roles with an account's first group, Spot request and file system
    iam:CreateServiceLinkedRole
    on service_roles when of_services
UseKeys: EBS and FSx use a declared key on behalf of the caller [5]
    kms:CreateGrant kms:Decrypt kms:GenerateDataKeyWithoutPlaintext
    on keys when via_storage
UseKeysByAlias: KMS authorises on the key, so the declared alias is a condition [6]
    kms:CreateGrant kms:Decrypt kms:GenerateDataKeyWithoutPlaintext
    on aliased_key when via_storage by_alias
"""

NEVER = """
KeepData: promise 1, whatever else the role may do; without its key, encrypted data is lost
    backup:DeleteRecoveryPoint ec2:DeleteSnapshot ec2:DeleteVolume elasticfilesystem:Delete*
    fsx:Delete* kms:DisableKey kms:ScheduleKeyDeletion
    on everything
CutNobodyOff: promise 8, a run terminates no instance
    autoscaling:TerminateInstanceInAutoScalingGroup ec2:DetachVolume ec2:RebootInstances
    ec2:StopInstances ec2:TerminateInstances
    on everything
NeverByForce: a group is deleted when it is empty, not together with its instances [1]
    autoscaling:DeleteAutoScalingGroup
    on everything when by_force
KeepSiteTag: a resource without the tag belongs to no site and is in no plan
    autoscaling:DeleteTags ec2:DeleteTags elasticfilesystem:UntagResource events:UntagResource
    fsx:UntagResource scheduler:UntagResource sns:UntagResource sqs:UntagQueue
    on everything when site_tag_named
"""

BOUNDS = """
NoOtherSite: with another site's tag, a resource would not belong to this site either
    autoscaling:* ec2:* elasticfilesystem:* events:* fsx:* scheduler:* sns:* sqs:*
    on everything when made_for_another_site
OwnTemplates: launches only from launch templates of the site [4]
    ec2:RunInstances
    on launch_templates when not_ours
AsTheTemplateSays: and only with their image and security groups; the group chooses the subnet [14]
    ec2:RunInstances
    on launched_with when not_of_template
"""

REGIONS = """
OtherRegions: only the regions in the YAML; IAM has no regions, the Price List one for all
    not iam:* pricing:*
    on everything when elsewhere
"""

DEVELOPER = """
Look: AWS cannot limit these to a resource
    autoscaling:DescribeAutoScalingGroups autoscaling:DescribeScalingActivities
    autoscaling:DescribeScheduledActions ec2:DescribeInstances ec2:DescribeRegions
    ec2:DescribeSpotPriceHistory ec2:DescribeVolumes elasticfilesystem:DescribeFileSystems
    fsx:DescribeFileSystems pricing:GetProducts scheduler:ListSchedules
    ssm:DescribeInstanceInformation
    on everything
Hours: when a workstation starts and stops by itself
    scheduler:GetSchedule
    on schedules
OwnSession: on an instance whose owner tag names the caller
    ssm:StartSession
    on instances when own_instance document_checked
SessionDocuments: a shell, ssh and a forwarded port
    ssm:StartSession
    on session_documents
OwnSessionGoesOn: sessions the caller opened, by the tag that Session Manager gives them [7]
    ssm:ResumeSession ssm:TerminateSession
    on sessions when own_session
OpenSession: the data of a session; without the token of that session it opens nothing
    ssmmessages:OpenDataChannel
    on sessions
OwnGroup: turns it on and off, and deletes the end of an override
    autoscaling:DeleteScheduledAction autoscaling:SetDesiredCapacity
    on groups when ours own_group
OwnEnd: the end of an override may restore one instance at most
    autoscaling:PutScheduledUpdateGroupAction
    on groups when ours own_group one_at_most_if_said
OwnSizes: its sizes; refuses everything else that a condition can distinguish from sizes
    autoscaling:UpdateAutoScalingGroup
    on groups when ours own_group one_at_most same_shape
OwnOverride: only the tag of the override; with an owner tag, a group could be given away
    autoscaling:CreateOrUpdateTags
    on groups when ours own_group override_alone
"""

INSTANCE = """
Session: the machine's side of Session Manager, as AWS writes it [8]
    ssm:UpdateInstanceInformation ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel
    ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel
    on everything
OwnParameters: the parameters of this machine alone, by the tag of its role [11]
    ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath
    on own_parameters
SharedParameters: the parameters of all machines of the site
    ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath
    on shared_parameters
DcvLicence: DCV on EC2 reads its licence from this bucket [9]
    s3:GetObject
    on dcv_licences
AttachHome: its own EBS home, by the tags of volume and role [11]
    ec2:AttachVolume
    on volumes when ours home own
ToItself: AWS authorises attaching on the instance too; only on itself [12]
    ec2:AttachVolume
    on instances when ours itself
FormatOnce: takes the permission to format off its own home, and no other tag
    ec2:DeleteTags
    on volumes when ours home own format_alone
Look: whether its home is free, and whether somebody keeps it on; AWS cannot limit these
    autoscaling:DescribeAutoScalingGroups ec2:DescribeVolumes
    on everything
OwnPhase: how far the boot is; the only tag that it may write on an instance, and only on itself
    ec2:CreateTags
    on instances when ours itself phase_alone
OwnGroup: tells AWS that it has left its home, or needs more time for that
    autoscaling:CompleteLifecycleAction autoscaling:RecordLifecycleActionHeartbeat
    on groups when ours own
OwnGroupSizes: turns its own group off when nobody uses it; refuses all but sizes of 1 at most
    autoscaling:UpdateAutoScalingGroup
    on groups when ours own one_at_most same_shape
OwnGroupTags: why it turned itself off, and how long its starts take; no other tag of its group
    autoscaling:CreateOrUpdateTags
    on groups when ours own machine_tags_alone
"""

SCHEDULER = """
StartAndStop: what a schedule does
    autoscaling:SetDesiredCapacity
    on groups when ours
DeadLetters: calls that AWS refused until EventBridge Scheduler gave up
    sqs:SendMessage
    on dead_letters
"""

ROLES = {
    "plan": {"Allow": PLAN + PRICES + DOCTOR, "Deny": NEVER + REGIONS},
    "apply": {"Allow": PLAN + PRICES + APPLY, "Deny": NEVER + BOUNDS + REGIONS},
    # No Deny by region for these two: no Allow lifts it, and people and programs on a machine read
    # other things in other regions, such as drivers and data sets in S3.
    "developer": {"Allow": DEVELOPER},
    "instance": {"Allow": INSTANCE},
    "scheduler": {"Allow": SCHEDULER, "Deny": REGIONS},
    "image": {"Allow": image_policy.IMAGE, "Deny": image_policy.NEVER + REGIONS},
}

_ROW = re.compile(r"(\w+): (.+)\n((?: {4}.+\n)+?) {4}on (.+?)(?: when (.+))?\n")


@dataclass
class Statement:
    """One statement as IAM takes it, and why it is there."""

    why: str
    document: dict[str, Any]


def statements(site: Site, role: str) -> list[Statement]:
    """List the statements of a role; those on what the site does not name are left out."""
    resources = policy_names.resources(site) | image_policy.resources(site)
    conditions = policy_names.conditions(site) | image_policy.conditions()
    found: dict[str, Statement] = {}
    for effect, table in ROLES[role].items():
        for sid, why, words, on, when in _ROW.findall(table):
            # A Deny may name what it spares: one statement then covers all the rest.
            spares = words.split()[0] == "not"
            verb, actions = "NotAction" if spares else "Action", words.split()[spares:]
            arns = [arn for name in on.split() for arn in resources[name]]
            if sid in found:
                found[sid].why += f"; {why}"
                for member, more in ((verb, actions), ("Resource", arns)):
                    known = found[sid].document[member]
                    known += [value for value in more if value not in known]
                continue
            document: dict[str, Any] = {"Sid": sid, "Effect": effect, verb: actions}
            document["Resource"] = arns
            for name in when.split():
                for operator, keys in conditions[name].items():
                    document.setdefault("Condition", {}).setdefault(operator, {}).update(keys)
            found[sid] = Statement(why, document)
    return [statement for statement in found.values() if statement.document["Resource"]]


def policy(site: Site, role: str) -> dict[str, Any]:
    """Build the policy of a role, as IAM takes it.

    Raises: UsageError when the site names more than a policy has room for.
    """
    found = [statement.document for statement in statements(site, role)]
    document = _document(map(_short, found))
    if size(document) > LIMIT:  # names are for people: IAM asks for none
        unnamed = [
            {key: statement[key] for key in statement if key != "Sid"} for statement in found
        ]
        document = _document(map(_short, unnamed))
    if size(document) > LIMIT:
        raise UsageError(
            f"the {role} policy would have {size(document)} characters, IAM takes {LIMIT}: "
            "declare fewer roles, keys and image parameters in one site"
        )
    return document


def size(document: Mapping[str, Any]) -> int:
    """Count the characters of a policy as IAM counts them."""
    return len("".join(json.dumps(document).split()))


def trust(site: Site, role: str, repository: Repository | None = None) -> dict[str, Any]:
    """Build the trust policy of a role; `repository` is where the plan and apply roles are taken
    from.

    Raises: UsageError for a role whose trust is not ours to write, or a repository not named.
    """
    action = "sts:AssumeRole"
    when: dict[str, dict[str, Any]] = {}
    match role:
        case "developer":
            raise UsageError("people come by IAM Identity Center, which writes the trust itself")
        case "instance":
            principal = {"Service": policy_names.ec2_service(site)}
        case "scheduler":
            # Of the group, not of a schedule; without it, schedules of any account could come.
            groups = [
                policy_names.arn(site, "scheduler", f"schedule-group/{site.name}", r)
                for r in policy_names.regions(site)
            ]
            when = {"StringEquals": {"aws:SourceAccount": site.account, "aws:SourceArn": groups}}
            principal = {"Service": "scheduler.amazonaws.com"}
        case _:
            if repository is None:
                raise UsageError(f"the {role} role trusts one repository: name it, --repository")
            when = repository.conditions(role)
            principal = {"Federated": policy_names.arn(site, "iam", f"oidc-provider/{ISSUER}", "")}
            action = "sts:AssumeRoleWithWebIdentity"
    condition = {"Condition": when} if when else {}
    return _document(
        [_short({"Effect": "Allow", "Principal": principal, "Action": action, **condition})]
    )


def _short(value: Any) -> Any:
    """A list of one as IAM also takes it: without the brackets."""
    match value:
        case dict():
            return {key: _short(inner) for key, inner in value.items()}
        case [only]:
            return only
    return value


def _document(statements: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
