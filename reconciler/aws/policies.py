"""IAM policies of the five roles, for one site: the calls that are made, and nothing else.

A role is a table: `Sid: why`, the actions, `on` which resources, `when` which conditions hold; the
names behind both are in `_resources` and `_conditions`, [n] is a source in docs/permissions.md, and
a Sid that comes again adds actions and resources. Regions stay open in ARNs, for a policy has
little room: `OtherRegions` closes them all at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.errors import UsageError
from reconciler.plan.ownership import FILE_SYSTEM, OVERRIDE, OWNER, SITE

LIMIT = 6144
"""Characters of a managed policy, white space aside (IAM user guide, "IAM and AWS STS quotas")."""

GITHUB = "token.actions.githubusercontent.com"

PLAN = """
Look: AWS limits these to no resource
    autoscaling:DescribeAutoScalingGroups autoscaling:DescribeScalingActivities ec2:DescribeImages
    ec2:DescribeInstanceTypeOfferings ec2:DescribeInstances
    ec2:DescribeLaunchTemplateVersions ec2:DescribeLaunchTemplates ec2:DescribeSecurityGroups
    ec2:DescribeSubnets ec2:DescribeVolumes ec2:GetInstanceTypesFromInstanceRequirements
    events:ListRules fsx:DescribeFileSystems scheduler:ListSchedules
    on everything
ByName: what bears a name of the site's is read
    events:ListTagsForResource events:ListTargetsByRule scheduler:GetSchedule
    scheduler:GetScheduleGroup scheduler:ListTagsForResource sns:GetTopicAttributes
    sns:ListTagsForResource
    on rule schedules schedule_group topic
LookAtImages: which image a declared parameter names today
    ssm:GetParameters
    on image_parameters
LookAtRoles: whether the declared profile and role are there
    iam:GetInstanceProfile iam:GetRole
    on profiles scheduler_roles
LookAtKeys: the ARN behind a declared alias or id; KMS tells no more than facts about a key
    kms:DescribeKey
    on any_key
"""

PRICES = """
Look: what an hour costs, for reports
    ec2:DescribeSpotPriceHistory pricing:GetProducts
    on everything
"""

DOCTOR = """
Look: what the doctor asks besides
    autoscaling:DescribeAccountLimits ec2:DescribeInstanceTypes
    servicequotas:GetAWSDefaultServiceQuota servicequotas:ListServiceQuotas
    on everything
LookAtServiceRoles: whether AWS made its own yet; one that is not there has no path
    iam:GetRole
    on service_roles pathless_service_roles
"""

APPLY = """
Make: whatever is made is born with the site's tag
    autoscaling:CreateAutoScalingGroup ec2:CreateLaunchTemplate ec2:CreateSecurityGroup
    ec2:CreateVolume fsx:CreateFileSystem
    on groups ec2_things file_systems when made
Change: only what has the site's tag
    autoscaling:CreateOrUpdateTags autoscaling:DeleteAutoScalingGroup autoscaling:DeleteTags
    autoscaling:ResumeProcesses autoscaling:SuspendProcesses autoscaling:UpdateAutoScalingGroup
    ec2:AuthorizeSecurityGroupIngress ec2:CreateLaunchTemplateVersion ec2:CreateTags
    ec2:DeleteLaunchTemplate ec2:DeleteTags ec2:ModifyVolume ec2:RevokeSecurityGroupIngress
    fsx:TagResource fsx:UntagResource fsx:UpdateFileSystem
    on groups ec2_things file_systems when ours
ByName: and written; schedules have no tags, and their group, rule and topic are one a region
    events:PutRule events:PutTargets events:RemoveTargets events:TagResource events:UntagResource
    scheduler:CreateSchedule scheduler:CreateScheduleGroup scheduler:DeleteSchedule
    scheduler:TagResource scheduler:UntagResource sns:CreateTopic sns:SetTopicAttributes
    sns:TagResource sns:UntagResource
    on rule schedules schedule_group topic
Look: which workstation an event of `--queue` is about
    autoscaling:DescribeScalingActivities ec2:DescribeInstances
    on everything
ByName: `--queue` hears the site's own queues and tells owners
    sns:Publish sqs:DeleteMessage sqs:GetQueueUrl sqs:ReceiveMessage
    on topic queues
TagAsMade: EC2 asks for this with a create; the condition keeps it to that [2]
    ec2:CreateTags
    on ec2_things when made while_making
TagLustreAsMade: so does FSx [3], which has no such condition; never over another site's tag
    fsx:TagResource
    on file_systems when made if_tagged_ours
InVpc: a security group and a file system are authorised on their VPC too, which is yours
    ec2:CreateSecurityGroup ec2:GetSecurityGroupsForVpc
    on vpcs
Launch: asked of whoever gives a group its launch template [4]
    ec2:RunInstances
    on everything when from_template
PassProfile: so is this, for the role in the template's profile
    iam:PassRole
    on instance_roles when to_ec2
PassSchedulerRole: a schedule acts under this role
    iam:PassRole
    on scheduler_roles when to_scheduler
ServiceRoles: an account's first group, Spot request and file system make these roles
    iam:CreateServiceLinkedRole
    on service_roles when of_services
UseKeys: EBS and FSx use a declared key in the caller's name [5]
    kms:CreateGrant kms:Decrypt kms:GenerateDataKeyWithoutPlaintext
    on keys when via_storage
UseKeysByAlias: KMS authorises on the key, so the declared alias is a condition [6]
    kms:CreateGrant kms:Decrypt kms:GenerateDataKeyWithoutPlaintext
    on aliased_key when via_storage by_alias
"""

NEVER = """
KeepData: promise 1, whatever else the role is given; a key is all the data it encrypts
    backup:DeleteRecoveryPoint ec2:DeleteSnapshot ec2:DeleteVolume fsx:Delete* kms:DisableKey
    kms:ScheduleKeyDeletion
    on everything
CutNobodyOff: promise 8, a run ends no instance
    autoscaling:TerminateInstanceInAutoScalingGroup ec2:DetachVolume ec2:RebootInstances
    ec2:StopInstances ec2:TerminateInstances
    on everything
NeverByForce: a group goes empty, not together with what runs in it [1]
    autoscaling:DeleteAutoScalingGroup
    on everything when by_force
KeepSiteTag: what loses the tag is nobody's, and in no plan any more
    autoscaling:DeleteTags ec2:DeleteTags fsx:UntagResource
    on everything when site_tag_named
"""

REGIONS = """
OtherRegions: only the regions the YAML names; IAM has none, the Price List one for all
    not iam:* pricing:*
    on everything when elsewhere
"""

DEVELOPER = """
Look: AWS limits these to no resource
    autoscaling:DescribeAutoScalingGroups autoscaling:DescribeScalingActivities
    autoscaling:DescribeScheduledActions ec2:DescribeInstances ec2:DescribeSpotPriceHistory
    ec2:DescribeVolumes fsx:DescribeFileSystems scheduler:ListSchedules
    ssm:DescribeInstanceInformation
    on everything
Hours: when a workstation starts and stops by itself
    scheduler:GetSchedule
    on schedules
OwnSession: on an instance whose owner tag is the caller's
    ssm:StartSession
    on instances when own_instance document_checked
SessionDocuments: a shell, ssh and a forwarded port
    ssm:StartSession
    on session_documents
OwnSessionGoesOn: sessions the caller opened [7]
    ssm:ResumeSession ssm:TerminateSession ssmmessages:OpenDataChannel
    on own_sessions
OwnGroup: on and off, and the end of what keeps it so
    autoscaling:DeleteScheduledAction autoscaling:SetDesiredCapacity
    on groups when ours own_group
OwnEnd: what is put back at that end is one instance at most
    autoscaling:PutScheduledUpdateGroupAction
    on groups when ours own_group one_at_most_if_said
OwnSizes: its sizes, neither what is launched nor where
    autoscaling:UpdateAutoScalingGroup
    on groups when ours own_group one_at_most same_shape
OwnOverride: the one tag that says what was meant; an owner tag would give a group away
    autoscaling:CreateOrUpdateTags
    on groups when ours own_group override_alone
"""

INSTANCE = """
Session: the machine's side of Session Manager, as AWS writes it [8]
    ssm:UpdateInstanceInformation ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel
    ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel
    on everything
Parameters: what the site tells its machines, secrets among it
    ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath
    on site_parameters
DcvLicence: DCV on EC2 asks this bucket for its licence [9]
    s3:GetObject
    on dcv_licences
AttachHome: an EBS home, by its tags
    ec2:AttachVolume
    on volumes when ours home
ToInstance: attaching is authorised on the instance too
    ec2:AttachVolume
    on instances when ours
"""

SCHEDULER = """
StartAndStop: what a schedule does
    autoscaling:SetDesiredCapacity
    on groups when ours
"""

ROLES = {
    "plan": {"Allow": PLAN + PRICES + DOCTOR, "Deny": NEVER + REGIONS},
    "apply": {"Allow": PLAN + APPLY, "Deny": NEVER + REGIONS},
    "developer": {"Allow": DEVELOPER, "Deny": REGIONS},
    "instance": {"Allow": INSTANCE, "Deny": REGIONS},
    "scheduler": {"Allow": SCHEDULER, "Deny": REGIONS},
}

_ROW = re.compile(r"(\w+): (.+)\n((?: {4}.+\n)+?) {4}on (.+?)(?: when (.+))?\n")


@dataclass
class Statement:
    """One statement as IAM takes it, and why it is there."""

    why: str
    document: dict[str, Any]


def statements(site: Site, role: str) -> list[Statement]:
    """The statements of a role; those on what the site does not name are left out."""
    resources, conditions = _resources(site), _conditions(site)
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
                    known += [each for each in more if each not in known]
                continue
            document: dict[str, Any] = {"Sid": sid, "Effect": effect, verb: actions}
            document["Resource"] = arns
            for name in when.split():
                for operator, keys in conditions[name].items():
                    document.setdefault("Condition", {}).setdefault(operator, {}).update(keys)
            found[sid] = Statement(why, document)
    return [each for each in found.values() if each.document["Resource"]]


def policy(site: Site, role: str) -> dict[str, Any]:
    """What a role may do, as IAM takes it.

    Raises: UsageError when the site names more than a policy has room for.
    """
    found = [each.document for each in statements(site, role)]
    document = _document(map(_short, found))
    if size(document) > LIMIT:  # names are for people: IAM asks for none
        unnamed = [{key: each[key] for key in each if key != "Sid"} for each in found]
        document = _document(map(_short, unnamed))
    if size(document) > LIMIT:
        raise UsageError(
            f"the {role} policy would have {size(document)} characters, IAM takes {LIMIT}: "
            "declare fewer roles, keys and image parameters in one site"
        )
    return document


def size(document: Mapping[str, Any]) -> int:
    """In characters, as IAM counts."""
    return len("".join(json.dumps(document).split()))


def trust(site: Site, role: str, repository: str = "") -> dict[str, Any]:
    """Who may take a role; `repository` as GitHub's tokens name it.

    Raises: UsageError for a role whose trust is not ours to write.
    """
    action, when = "sts:AssumeRole", {}
    match role:
        case "developer":
            raise UsageError("people come by IAM Identity Center, which writes the trust itself")
        case "instance":
            who = {"Service": _ec2_service(site)}
        case "scheduler":
            # Of the group, not of a schedule; without it, schedules of any account could come.
            groups = [
                _arn(site, "scheduler", f"schedule-group/{site.name}", r) for r in _regions(site)
            ]
            when = {"aws:SourceAccount": site.account, "aws:SourceArn": groups}
            who = {"Service": "scheduler.amazonaws.com"}
        case _:
            if not repository:
                raise UsageError(f"the {role} role trusts one repository: name it, --repository")
            # Never a pattern: it would let in what pull requests run.
            refs = ["ref:refs/heads/main", *(["pull_request"] if role == "plan" else [])]
            when = {
                f"{GITHUB}:aud": "sts.amazonaws.com",
                f"{GITHUB}:sub": [f"repo:{repository}:{ref}" for ref in refs],
            }
            who = {"Federated": _arn(site, "iam", f"oidc-provider/{GITHUB}", "")}
            action = "sts:AssumeRoleWithWebIdentity"
    condition = {"Condition": {"StringEquals": when}} if when else {}
    return _document([_short({"Effect": "Allow", "Principal": who, "Action": action, **condition})])


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


def _regions(site: Site) -> tuple[str, ...]:
    if not site.regions:  # a policy for none would deny everything
        raise UsageError("no region is in use: declare a workstation first")
    return site.regions


def _partition(site: Site) -> str:
    area = _regions(site)[0].rsplit("-", 2)[0]
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(area, "aws")


def _arn(site: Site, service: str, resource: str, region: str = "*") -> str:
    return f"arn:{_partition(site)}:{service}:{region}:{site.account}:{resource}"


def _ec2_service(site: Site) -> str:
    return "ec2.amazonaws.com" + (".cn" if _partition(site) == "aws-cn" else "")


def _keys(site: Site) -> set[str]:
    stores = (*(each.home for each in site.workstations), *site.file_systems)
    return {each.kms_key_id for each in stores if each and each.kms_key_id}


def _resources(site: Site) -> dict[str, list[str]]:
    """What the tables' `on` means."""

    def some(service: str, *resources: str, region: str = "*") -> list[str]:
        return [_arn(site, service, resource, region) for resource in sorted(resources)]

    each = site.workstations
    parameters = {w.image.ssm_parameter for w in each} - {""}
    # A profile's role bears its name, as the console makes them.
    profiles, schedulers = {w.instance_profile for w in each}, {w.scheduler_role for w in each}
    keys, roots = _keys(site), any(w.root.kms_key_id for w in each)
    public = f"arn:{_partition(site)}"
    return {
        "everything": ["*"],
        "groups": some("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{site.name}-*"),
        "volumes": some("ec2", "volume/*"),
        "instances": some("ec2", "instance/*"),
        "vpcs": some("ec2", "vpc/*"),
        "ec2_things": some("ec2", "*/*"),
        "file_systems": some("fsx", "file-system/*"),
        "rule": some("events", f"rule/{site.name}-events"),
        "topic": some("sns", f"{site.name}-events"),
        "queues": some("sqs", f"{site.name}-events*"),
        "schedules": some("scheduler", f"schedule/{site.name}/*"),
        "schedule_group": some("scheduler", f"schedule-group/{site.name}"),
        "profiles": some("iam", *(f"instance-profile/{name}" for name in profiles), region=""),
        "instance_roles": some("iam", *(f"role/{name}" for name in profiles), region=""),
        "scheduler_roles": some("iam", *(f"role/{name}" for name in schedulers), region=""),
        "service_roles": some("iam", "role/aws-service-role/*", region=""),
        "pathless_service_roles": some("iam", "role/AWSServiceRoleFor*", region=""),
        # AWS's own parameters and documents are of no account.
        "image_parameters": [
            f"{public}:ssm:*::parameter{name}"
            if name.startswith("/aws/")
            else _arn(site, "ssm", f"parameter/{name.removeprefix('/')}")
            for name in sorted(parameters)
        ],
        "site_parameters": some("ssm", f"parameter/{site.name}/*"),
        "session_documents": [
            f"{public}:ssm:*::document/AWS-StartPortForwardingSession",
            f"{public}:ssm:*::document/AWS-StartSSHSession",
            *some("ssm", "document/SSM-SessionManagerRunShell"),
        ],
        "own_sessions": some("ssm", "session/${aws:userid}-*"),
        "dcv_licences": [f"{public}:s3:::dcv-license.{region}/*" for region in site.regions],
        "keys": [
            name if name.startswith("arn:") else _arn(site, "kms", f"key/{name}")
            for name in sorted(keys)
            if "alias/" not in name
        ],
        "any_key": some("kms", "key/*") if keys or roots else [],
        "aliased_key": some("kms", "key/*") if any("alias/" in name for name in keys) else [],
    }


def _conditions(site: Site) -> dict[str, dict[str, dict[str, Any]]]:
    """What the tables' `when` means."""
    owner = "${aws:PrincipalTag/owner}"
    aliases = sorted("alias/" + n.partition("alias/")[2] for n in _keys(site) if "alias/" in n)
    making = ("CreateLaunchTemplate", "CreateSecurityGroup", "CreateVolume", "RunInstances")
    services = ("autoscaling.amazonaws.com", "fsx.amazonaws.com", "spot.amazonaws.com")
    equals: dict[str, dict[str, Any]] = {
        "made": {f"aws:RequestTag/{SITE}": site.name},
        "ours": {f"aws:ResourceTag/{SITE}": site.name},
        "home": {f"aws:ResourceTag/{FILE_SYSTEM}": "home"},
        "while_making": {"ec2:CreateAction": making},
        "to_ec2": {"iam:PassedToService": _ec2_service(site)},
        "to_scheduler": {"iam:PassedToService": "scheduler.amazonaws.com"},
        "of_services": {"iam:AWSServiceName": services},
        "own_group": {f"aws:ResourceTag/{OWNER}": owner},
        "own_instance": {f"ssm:resourceTag/{OWNER}": owner, f"ssm:resourceTag/{SITE}": site.name},
    }
    return {name: {"StringEquals": keys} for name, keys in equals.items()} | {
        "if_tagged_ours": {"StringEqualsIfExists": equals["ours"]},
        "elsewhere": {"StringNotEquals": {"aws:RequestedRegion": site.regions}},
        "from_template": {
            "ArnLike": {"ec2:LaunchTemplate": _arn(site, "ec2", "launch-template/*")}
        },
        "via_storage": {"StringLike": {"kms:ViaService": ("ec2.*", "fsx.*")}},
        "by_alias": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}},
        "by_force": {"Bool": {"autoscaling:ForceDelete": "true"}},
        "document_checked": {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}},
        "site_tag_named": {"ForAnyValue:StringEquals": {"aws:TagKeys": SITE}},
        "one_at_most": {"NumericLessThanEquals": {"autoscaling:MaxSize": "1"}},
        "one_at_most_if_said": {"NumericLessThanEqualsIfExists": {"autoscaling:MaxSize": "1"}},
        # Auto Scaling tells IAM of these when a request has them.
        "same_shape": {
            "Null": {
                f"autoscaling:{key}": "true"
                for key in ("InstanceTypes", "LaunchTemplateVersionSpecified", "VPCZoneIdentifiers")
            }
        },
        # Without any key, "all of them" holds too.
        "override_alone": {
            "ForAllValues:StringEquals": {"aws:TagKeys": OVERRIDE},
            "Null": {"aws:TagKeys": "false"},
        },
    }
