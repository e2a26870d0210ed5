"""What no role may do: promises 1, 6, 8 and 10 held by AWS, whatever the code does wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws import policies
from reconciler.declare.load import load
from tests.iam.actions import exists
from tests.iam.evaluator import Request, Value, allowed
from tests.iam.recorder import GROUP, RULE, arn

SITE = load([Path(__file__).parents[2] / "fleets"])
HERE: dict[str, Value] = {"aws:RequestedRegion": "us-east-1"}
OF_SITE: dict[str, Value] = {**HERE, "aws:ResourceTag/reconciler:site": "acme"}
OF_OTHER_SITE: dict[str, Value] = {**HERE, "aws:ResourceTag/reconciler:site": "beta"}
MADE: dict[str, Value] = {**HERE, "aws:RequestTag/reconciler:site": "acme"}
MADE_THEIRS: dict[str, Value] = {**HERE, "aws:RequestTag/reconciler:site": "beta"}
TO_EC2: dict[str, Value] = {**HERE, "iam:PassedToService": "ec2.amazonaws.com"}
TO_SCHEDULER: dict[str, Value] = {**HERE, "iam:PassedToService": "scheduler.amazonaws.com"}
VOLUME, FILE_SYSTEM, ALICE = "ec2 volume/vol-1", "fsx file-system/fs-1", f"{GROUP}acme-alice"

Case = tuple[str, str, dict[str, Value]]

# Ours, and even so: data, and what people work on.
NEVER: list[Case] = [
    ("ec2:DeleteVolume", VOLUME, OF_SITE),
    ("ec2:DeleteSnapshot", "arn:aws:ec2:us-east-1::snapshot/snap-1", OF_SITE),
    ("fsx:DeleteFileSystem", FILE_SYSTEM, OF_SITE),
    ("fsx:DeleteBackup", "fsx backup/backup-1", OF_SITE),
    ("fsx:DeleteVolume", "fsx volume/fs-1/fsvol-1", OF_SITE),
    ("fsx:DeleteSnapshot", "fsx snapshot/fsvol-1/fsvolsnap-1", OF_SITE),
    ("fsx:DeleteStorageVirtualMachine", "fsx storage-virtual-machine/fs-1/svm-1", OF_SITE),
    ("fsx:DeleteFileCache", "fsx file-cache/fc-1", OF_SITE),
    ("fsx:DeleteDataRepositoryAssociation", "fsx association/fs-1/dra-1", OF_SITE),
    ("backup:DeleteRecoveryPoint", "backup recovery-point:1", OF_SITE),
    ("kms:ScheduleKeyDeletion", "kms key/1", OF_SITE),
    ("kms:DisableKey", "kms key/1", OF_SITE),
    ("ec2:TerminateInstances", "ec2 instance/i-1", OF_SITE),
    ("ec2:StopInstances", "ec2 instance/i-1", OF_SITE),
    ("ec2:RebootInstances", "ec2 instance/i-1", OF_SITE),
    ("ec2:DetachVolume", VOLUME, OF_SITE),
    ("autoscaling:TerminateInstanceInAutoScalingGroup", ALICE, OF_SITE),
    ("autoscaling:DeleteAutoScalingGroup", ALICE, {**OF_SITE, "autoscaling:ForceDelete": "true"}),
    ("ec2:DeleteTags", VOLUME, {**OF_SITE, "aws:TagKeys": ("Name", "reconciler:site")}),
    ("fsx:UntagResource", FILE_SYSTEM, {**OF_SITE, "aws:TagKeys": ("reconciler:site",)}),
    ("autoscaling:DeleteTags", ALICE, {**OF_SITE, "aws:TagKeys": ("reconciler:site",)}),
    ("ec2:ModifyVolume", VOLUME, {**OF_SITE, "aws:RequestedRegion": "eu-west-1"}),
    ("ec2:DescribeVolumes", "*", {"aws:RequestedRegion": "eu-west-1"}),
]

# Nobody's, or somebody else's.
FOREIGN: list[Case] = [
    ("autoscaling:UpdateAutoScalingGroup", ALICE, HERE),
    ("autoscaling:UpdateAutoScalingGroup", ALICE, OF_OTHER_SITE),
    ("autoscaling:UpdateAutoScalingGroup", f"{GROUP}web", OF_SITE),
    ("autoscaling:DeleteAutoScalingGroup", f"{GROUP}acme-alice", HERE),
    ("autoscaling:CreateOrUpdateTags", ALICE, MADE),  # adopting it by giving it our tag
    ("autoscaling:CreateAutoScalingGroup", ALICE, HERE),
    ("autoscaling:CreateAutoScalingGroup", ALICE, MADE_THEIRS),
    ("autoscaling:CreateAutoScalingGroup", f"{GROUP}beta-alice", MADE),
    ("ec2:CreateVolume", VOLUME, HERE),
    ("ec2:CreateVolume", VOLUME, MADE_THEIRS),
    ("ec2:ModifyVolume", VOLUME, HERE),
    ("ec2:CreateTags", VOLUME, MADE),  # no create under way
    ("ec2:CreateTags", VOLUME, {**MADE, "ec2:CreateAction": "CreateSnapshot"}),
    ("ec2:CreateTags", VOLUME, {**MADE_THEIRS, "ec2:CreateAction": "CreateVolume"}),
    ("ec2:DeleteLaunchTemplate", "ec2 launch-template/lt-1", OF_OTHER_SITE),
    ("ec2:CreateLaunchTemplateVersion", "ec2 launch-template/lt-1", HERE),
    ("ec2:AuthorizeSecurityGroupIngress", "ec2 security-group/sg-1", HERE),
    ("ec2:RevokeSecurityGroupIngress", "ec2 security-group/sg-1", OF_OTHER_SITE),
    ("ec2:RunInstances", "ec2 instance/i-1", HERE),  # from no template
    ("fsx:CreateFileSystem", FILE_SYSTEM, HERE),
    ("fsx:UpdateFileSystem", FILE_SYSTEM, HERE),
    ("fsx:TagResource", FILE_SYSTEM, {**OF_OTHER_SITE, **MADE}),  # adopting it
    ("fsx:TagResource", FILE_SYSTEM, MADE_THEIRS),
    ("scheduler:CreateSchedule", "scheduler schedule/default/alice-start", HERE),
    ("scheduler:DeleteSchedule", "scheduler schedule/beta/alice-start", HERE),
    ("scheduler:CreateScheduleGroup", "scheduler schedule-group/acme2", MADE),
    ("events:PutRule", f"{RULE}acme-other", MADE),
    ("events:PutTargets", f"{RULE}other/acme-events", HERE),  # of another bus
    ("sns:SetTopicAttributes", "sns billing", HERE),
    ("iam:PassRole", "iam role/admin", TO_EC2),
    ("iam:PassRole", "iam role/acme-apply", TO_EC2),
    ("iam:PassRole", "arn:aws:iam::999999999999:role/acme-ws-alice", TO_EC2),
    ("iam:PassRole", "iam role/workstation-scheduler", TO_EC2),
    ("iam:PassRole", "iam role/acme-ws-alice", TO_SCHEDULER),
    ("iam:PassRole", "iam role/acme-ws-alice", HERE),
    (
        "iam:CreateServiceLinkedRole",
        "iam role/aws-service-role/ecs.amazonaws.com/AWSServiceRole",
        {"iam:AWSServiceName": "ecs.amazonaws.com"},
    ),
    ("iam:CreateRole", "iam role/acme-admin", HERE),
    ("iam:AttachRolePolicy", "iam role/acme-ws-alice", HERE),
    ("iam:GetRole", "iam role/admin", HERE),
    ("ssm:GetParameters", "ssm parameter/acme/secret", HERE),
    ("ssm:GetParameter", "ssm parameter/golden/gpu-desktop", HERE),
    ("ssm:SendCommand", "ec2 instance/i-1", OF_SITE),
    ("ssm:StartSession", "ec2 instance/i-1", OF_SITE),
    ("kms:DescribeKey", "kms key/1", HERE),  # none is declared
    ("kms:Decrypt", "kms key/1", HERE),
    ("s3:GetObject", "arn:aws:s3:::anything/at-all", HERE),
    ("secretsmanager:GetSecretValue", "secretsmanager secret:x", HERE),
    ("sts:AssumeRole", "iam role/admin", HERE),
    ("ec2:ModifySnapshotAttribute", "arn:aws:ec2:us-east-1::snapshot/snap-1", OF_SITE),
    ("ec2:CreateTags", "arn:aws:ec2:us-east-1:999999999999:volume/vol-1", OF_SITE),
    ("ec2:ModifyVolume", "arn:aws:ec2:us-east-1:999999999999:volume/vol-1", OF_SITE),
]

ADMINISTRATOR = {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}


def request(case: Case) -> Request:
    action, resource, context = case
    return Request(action, resource if resource == "*" else arn(resource), context)


def policy(role: str) -> Mapping[str, Any]:
    return policies.policy(SITE, role)


@pytest.mark.parametrize("role", ["plan", "apply"])
def test_what_is_not_ours_or_not_ours_to_do_is_denied(role: str) -> None:
    """Promises 1, 6 and 8."""
    cases = NEVER + FOREIGN
    assert {action for action, _, _ in cases if not exists(action)} == set()
    assert len({(action, resource, str(context)) for action, resource, context in cases}) >= 70
    assert [str(request(case)) for case in cases if allowed(policy(role), request(case))] == []


@pytest.mark.parametrize("role", ["plan", "apply"])
def test_data_and_people_are_safe_even_from_an_administrator(role: str) -> None:
    """Promises 1 and 8: an explicit Deny outlives whatever else the role is given."""
    more = {"Statement": [*policy(role)["Statement"], ADMINISTRATOR]}
    assert [str(request(case)) for case in NEVER if allowed(more, request(case))] == []
    assert allowed(more, request(FOREIGN[0])), "the evaluator denies everything"


TAGGED: dict[str, Value] = {
    **HERE,
    "ssm:resourceTag/reconciler:site": "acme",
    "ssm:resourceTag/reconciler:owner": "alice@example.com",
    "ssm:SessionDocumentAccessCheck": "true",
}
OWNED: dict[str, Value] = {**OF_SITE, "aws:ResourceTag/reconciler:owner": "alice@example.com"}
OPENED = {**HERE, "ssm:resourceTag/aws:ssmmessages:session-id": "A:al"}
ALICE_IS: dict[str, Value] = {"aws:PrincipalTag/owner": "alice@example.com", "aws:userid": "A:al"}
BOB_IS: dict[str, Value] = {"aws:PrincipalTag/owner": "bob@example.com", "aws:userid": "A:bob"}
SHELL = "ssm document/SSM-SessionManagerRunShell"
FORWARD = "arn:aws:ssm:us-east-1::document/AWS-StartPortForwardingSession"

OTHER_ROLES: list[tuple[str, bool, Case]] = [
    ("developer", True, ("ssm:StartSession", "ec2 instance/i-1", {**TAGGED, **ALICE_IS})),
    ("developer", False, ("ssm:StartSession", "ec2 instance/i-1", {**TAGGED, **BOB_IS})),
    ("developer", False, ("ssm:StartSession", "ec2 instance/i-1", TAGGED)),  # nobody's tag
    ("developer", True, ("ssm:StartSession", SHELL, {**HERE, **ALICE_IS})),
    ("developer", True, ("ssm:StartSession", FORWARD, {**HERE, **ALICE_IS})),
    ("developer", False, ("ssm:StartSession", "ssm document/Root", {**HERE, **ALICE_IS})),
    ("developer", True, ("ssm:TerminateSession", "ssm session/al-0", {**OPENED, **ALICE_IS})),
    ("developer", False, ("ssm:TerminateSession", "ssm session/al-0", {**OPENED, **BOB_IS})),
    ("developer", True, ("autoscaling:SetDesiredCapacity", ALICE, {**OWNED, **ALICE_IS})),
    ("developer", False, ("autoscaling:SetDesiredCapacity", ALICE, {**OWNED, **BOB_IS})),
    ("developer", False, ("autoscaling:UpdateAutoScalingGroup", ALICE, {**OWNED, **ALICE_IS})),
    ("developer", False, ("ec2:TerminateInstances", "ec2 instance/i-1", {**OWNED, **ALICE_IS})),
    ("instance", True, ("ssmmessages:OpenDataChannel", "*", HERE)),
    ("instance", True, ("s3:GetObject", "arn:aws:s3:::dcv-license.us-east-1/x", HERE)),
    ("instance", False, ("s3:GetObject", "arn:aws:s3:::dcv-license.eu-west-1/x", HERE)),
    ("instance", False, ("ssm:SendCommand", "ec2 instance/i-1", OF_SITE)),
    ("instance", False, ("autoscaling:SetDesiredCapacity", ALICE, OF_SITE)),
    ("scheduler", True, ("autoscaling:SetDesiredCapacity", ALICE, OF_SITE)),
    ("scheduler", False, ("autoscaling:SetDesiredCapacity", ALICE, HERE)),
    ("scheduler", False, ("autoscaling:SetDesiredCapacity", f"{GROUP}web", OF_SITE)),
    ("scheduler", False, ("autoscaling:UpdateAutoScalingGroup", ALICE, OF_SITE)),
    ("scheduler", False, ("ec2:StopInstances", "ec2 instance/i-1", OF_SITE)),
    ("scheduler", True, ("sqs:SendMessage", "sqs acme-events-dead", HERE)),
    ("scheduler", False, ("sqs:SendMessage", "sqs acme-events", HERE)),
    ("apply", True, ("sns:Subscribe", "sns acme-events", {**HERE, "sns:Protocol": "email"})),
    ("apply", False, ("sns:Subscribe", "sns acme-events", {**HERE, "sns:Protocol": "lambda"})),
    ("apply", False, ("sns:Subscribe", "sns billing", {**HERE, "sns:Protocol": "email"})),
    ("apply", False, ("sns:Unsubscribe", "*", HERE)),
    ("apply", False, ("sqs:SetQueueAttributes", "sqs acme-orders", HERE)),
    ("apply", False, ("sqs:SendMessage", "sqs acme-events", HERE)),
    ("apply", False, ("sqs:DeleteQueue", "sqs acme-events", HERE)),
]


@pytest.mark.parametrize(("role", "answer", "case"), OTHER_ROLES)
def test_developer_instance_and_scheduler(role: str, answer: bool, case: Case) -> None:
    assert allowed(policy(role), request(case)) is answer, str(request(case))


def test_a_schedule_and_nobody_else_takes_the_scheduler_role() -> None:
    """Without the source, the schedules of any account could."""
    [statement] = policies.trust(SITE, "scheduler")["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": "123456789012",
        "aws:SourceArn": "arn:aws:scheduler:us-east-1:123456789012:schedule-group/acme",
    }
