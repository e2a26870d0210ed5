"""What somebody would do with a role who means harm, and IAM's answer: one row each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import botocore.session
import pytest

from reconciler.aws import policies
from reconciler.declare.load import load
from tests.iam.evaluator import Request, Value, allowed
from tests.iam.recorder import GROUP, RULE, arn
from tests.kinds import manual_edits

SITE = load([Path(__file__).parents[2] / "fleets"])
HERE: dict[str, Value] = {"aws:RequestedRegion": "us-east-1"}
OF_SITE: dict[str, Value] = {**HERE, "aws:ResourceTag/reconciler:site": "acme"}
OF_OTHER_SITE: dict[str, Value] = {**HERE, "aws:ResourceTag/reconciler:site": "beta"}
TO_BETA: dict[str, Value] = {"aws:RequestTag/reconciler:site": "beta"}
TO_NOBODY: dict[str, Value] = {"aws:RequestTag/reconciler:site": ""}
ALICE: dict[str, Value] = {
    "aws:PrincipalTag/owner": "alice@example.com",
    "aws:userid": "AROA:alice",
}
OWN: dict[str, Value] = {
    **OF_SITE,
    "aws:ResourceTag/reconciler:owner": "alice@example.com",
    **ALICE,
}
BOBS: dict[str, Value] = {**OF_SITE, "aws:ResourceTag/reconciler:owner": "bob@example.com", **ALICE}
IN_SESSION: dict[str, Value] = {
    **HERE,
    **ALICE,
    "ssm:resourceTag/reconciler:site": "acme",
    "ssm:SessionDocumentAccessCheck": "true",
}
TEMPLATE = "arn:aws:ec2:us-east-1:123456789012:launch-template/lt-1"
FROM_TEMPLATE: dict[str, Value] = {"ec2:LaunchTemplate": TEMPLATE}
NO_TEMPLATES: dict[str, Value] = {"ec2:IsLaunchTemplateResource": "false"}
THE_TEMPLATES: dict[str, Value] = {"ec2:IsLaunchTemplateResource": "true"}
IMAGE = "arn:aws:ec2:us-east-1::image/ami-1"
UPDATE, AT_MOST_ONE = "autoscaling:UpdateAutoScalingGroup", {"autoscaling:MaxSize": "1"}
ON_ALICE, ON_RULE = f"{GROUP}acme-alice", f"{RULE}acme-events"


def queue(name: str) -> dict[str, Value]:
    return {**HERE, "events:TargetArn": (f"arn:aws:sqs:us-east-1:123456789012:{name}",)}


Row = tuple[str, str, bool, str, str, Mapping[str, Value]]

ROWS: tuple[Row, ...] = (
    # -- a developer, on what is somebody else's
    (
        "another's session is opened",
        "developer",
        False,
        "ssm:StartSession",
        "ec2 instance/i-1",
        {**IN_SESSION, "ssm:resourceTag/reconciler:owner": "bob@example.com"},
    ),
    (
        "a session of an owner in other letter case",
        "developer",
        False,
        "ssm:StartSession",
        "ec2 instance/i-1",
        {**IN_SESSION, "ssm:resourceTag/reconciler:owner": "Alice@example.com"},
    ),
    (
        "one's own session is opened",
        "developer",
        True,
        "ssm:StartSession",
        "ec2 instance/i-1",
        {**IN_SESSION, "ssm:resourceTag/reconciler:owner": "alice@example.com"},
    ),
    (
        "another's session is resumed, whose login begins with one's own",
        "developer",
        False,
        "ssm:ResumeSession",
        "ssm session/alice-admin-0a1b",
        {**HERE, **ALICE, "ssm:resourceTag/aws:ssmmessages:session-id": "AROA:alice-admin"},
    ),
    (
        "another's session is ended",
        "developer",
        False,
        "ssm:TerminateSession",
        "ssm session/bob-0a1b",
        {**HERE, **ALICE, "ssm:resourceTag/aws:ssmmessages:session-id": "AROA:bob"},
    ),
    (
        "another's workstation is started",
        "developer",
        False,
        "autoscaling:SetDesiredCapacity",
        f"{GROUP}acme-bob",
        BOBS,
    ),
    ("another's home is attached", "developer", False, "ec2:AttachVolume", "ec2 volume/v", BOBS),
    (
        "another's home is given another owner",
        "developer",
        False,
        "ec2:CreateTags",
        "ec2 volume/v",
        BOBS,
    ),
    (
        "one's own group is given to somebody",
        "developer",
        False,
        "autoscaling:CreateOrUpdateTags",
        ON_ALICE,
        {**OWN, "aws:TagKeys": ("reconciler:owner",)},
    ),
    # -- a developer, on their own group: what is launched, and how long it lives
    ("two machines", "developer", False, UPDATE, ON_ALICE, {**OWN, "autoscaling:MaxSize": "2"}),
    *(
        (name, "developer", False, UPDATE, ON_ALICE, {**OWN, **AT_MOST_ONE, key: value})
        for name, key, value in (
            ("a launch configuration", "autoscaling:LaunchConfigurationName", "strong"),
            ("a launch template", "autoscaling:LaunchTemplateVersionSpecified", "true"),
            ("other types", "autoscaling:InstanceTypes", ("p5.48xlarge",)),
            ("segments", "autoscaling:TargetCapacityTypes", ("on-demand",)),
            ("a reservation", "autoscaling:CapacityReservationIds", ("cr-1",)),
            (
                "a group of reservations",
                "autoscaling:CapacityReservationResourceGroupArns",
                ("arn:aws:resource-groups:us-east-1:123456789012:group/g",),
            ),
            ("other subnets", "autoscaling:VPCZoneIdentifiers", ("subnet-1",)),
        )
    ),
    (
        "a launch from any template",
        "developer",
        False,
        "ec2:RunInstances",
        TEMPLATE,
        {**OWN, **FROM_TEMPLATE},
    ),
    (
        "processes are suspended",
        "developer",
        False,
        "autoscaling:SuspendProcesses",
        ON_ALICE,
        OWN,
    ),
    (
        "an instance is protected",
        "developer",
        False,
        "autoscaling:SetInstanceProtection",
        ON_ALICE,
        OWN,
    ),
    (
        "two machines later",
        "developer",
        False,
        "autoscaling:PutScheduledUpdateGroupAction",
        ON_ALICE,
        {**OWN, "autoscaling:MaxSize": "2"},
    ),
    ("its own sizes", "developer", True, UPDATE, ON_ALICE, {**OWN, **AT_MOST_ONE}),
    # -- the apply role: launches
    (
        "a launch from another site's template",
        "apply",
        False,
        "ec2:RunInstances",
        TEMPLATE,
        {**OF_OTHER_SITE, **FROM_TEMPLATE},
    ),
    (
        "a launch from a template without a tag",
        "apply",
        False,
        "ec2:RunInstances",
        TEMPLATE,
        {**HERE, **FROM_TEMPLATE},
    ),
    (
        "a launch from a template of the site",
        "apply",
        True,
        "ec2:RunInstances",
        TEMPLATE,
        {**OF_SITE, **FROM_TEMPLATE},
    ),
    (
        "a launch from it, with another image",
        "apply",
        False,
        "ec2:RunInstances",
        IMAGE,
        {**HERE, **FROM_TEMPLATE, **NO_TEMPLATES},
    ),
    (
        "a launch from it, with another security group",
        "apply",
        False,
        "ec2:RunInstances",
        "ec2 security-group/sg-1",
        {**HERE, **FROM_TEMPLATE, **NO_TEMPLATES},
    ),
    (
        "a launch from it, with a key",
        "apply",
        False,
        "ec2:RunInstances",
        "ec2 key-pair/mine",
        {**HERE, **FROM_TEMPLATE, **NO_TEMPLATES},
    ),
    (
        "a launch from it, with its image",
        "apply",
        True,
        "ec2:RunInstances",
        IMAGE,
        {**HERE, **FROM_TEMPLATE, **THE_TEMPLATES},
    ),
    (
        "a launch from it, in a subnet of the group",
        "apply",
        True,
        "ec2:RunInstances",
        "ec2 subnet/subnet-1",
        {**HERE, **FROM_TEMPLATE, **NO_TEMPLATES},
    ),
    ("a launch from no template", "apply", False, "ec2:RunInstances", "ec2 instance/*", HERE),
    # -- the apply role: disowning
    *(
        (f"{name} {how}", "apply", False, action, resource, {**OF_SITE, **tag})
        for name, action, resource in (
            ("a group", "autoscaling:CreateOrUpdateTags", ON_ALICE),
            ("a volume", "ec2:CreateTags", "ec2 volume/vol-1"),
            ("a file system", "fsx:TagResource", "fsx file-system/fs-1"),
            ("the rule", "events:TagResource", ON_RULE),
            ("the schedule group", "scheduler:TagResource", "scheduler schedule-group/acme"),
            ("the topic", "sns:TagResource", "sns acme-events"),
            ("a queue", "sqs:TagQueue", "sqs acme-events"),
        )
        for how, tag in (("goes to another site", TO_BETA), ("goes to nobody", TO_NOBODY))
    ),
    *(
        (f"{name} loses the site's tag", "apply", False, action, resource, more)
        for more in [{**OF_SITE, "aws:TagKeys": ("reconciler:site",)}]
        for name, action, resource in (
            ("a group", "autoscaling:DeleteTags", ON_ALICE),
            ("a volume", "ec2:DeleteTags", "ec2 volume/vol-1"),
            ("a file system", "fsx:UntagResource", "fsx file-system/fs-1"),
            ("the rule", "events:UntagResource", ON_RULE),
            ("the schedule group", "scheduler:UntagResource", "scheduler schedule-group/acme"),
        )
    ),
    (
        "a volume is given another tag",
        "apply",
        True,
        "ec2:CreateTags",
        "ec2 volume/vol-1",
        {**OF_SITE, "aws:RequestTag/Team": "vision", "aws:TagKeys": ("Team",)},
    ),
    (
        "the machine that runs is given its new owner",
        "apply",
        True,
        "ec2:CreateTags",
        "ec2 instance/i-1",
        {**OF_SITE, "aws:RequestTag/reconciler:owner": "x", "aws:TagKeys": ("reconciler:owner",)},
    ),
    # -- the apply role: events
    ("events to another queue", "apply", False, "events:PutTargets", ON_RULE, queue("other")),
    (
        "events to a function, beside the queue",
        "apply",
        False,
        "events:PutTargets",
        ON_RULE,
        {
            **HERE,
            "events:TargetArn": (
                "arn:aws:sqs:us-east-1:123456789012:acme-events",
                "arn:aws:lambda:us-east-1:123456789012:function:exfiltrate",
            ),
        },
    ),
    ("events to nobody says where", "apply", False, "events:PutTargets", ON_RULE, HERE),
    ("events to the queue", "apply", True, "events:PutTargets", ON_RULE, queue("acme-events")),
)


@pytest.mark.parametrize(
    ("name", "role", "answer", "action", "resource", "context"), ROWS, ids=[r[0] for r in ROWS]
)
def test_verdict(
    name: str, role: str, answer: bool, action: str, resource: str, context: Mapping[str, Value]
) -> None:
    request = Request(action, arn(resource), context)
    assert allowed(policies.policy(SITE, role), request) is answer, f"{name}: {request}"


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r[1] == "apply" and not r[2]], ids=lambda r: r[0]
)
def test_no_right_that_the_apply_role_is_given_besides_lifts_a_denial(row: Row) -> None:
    """But for where events go: an administrator may want more targets."""
    name, role, _, action, resource, context = row
    if action == "events:PutTargets" or "from no template" in name:
        return
    more = {"Sid": "More", "Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = {"Statement": [*policies.policy(SITE, role)["Statement"], more]}
    assert not allowed(policy, Request(action, arn(resource), context)), name


PUT_BACK = {
    "CapacityReservationSpecification": "capacity_reservation",  # the preference has no key
    "DeletionProtection": "deletion_protection",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "HealthCheckType": "health_check_type",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "MixedInstancesPolicy": "instance_requirements",  # nor have requirements, nor the split
    "NewInstancesProtectedFromScaleIn": "new_instances_protected_from_scale_in",
    "PlacementGroup": "placement_group",
    "TerminationPolicies": "termination_policies",
    "CapacityRebalance": "capacity_rebalance",
}
"""Parameters of an update without a condition key, and the field that shows each in a plan."""

REFUSED = {
    "LaunchConfigurationName",
    "LaunchTemplate",
    "VPCZoneIdentifier",
}
"""Refused by a condition; types, segments and reservations are members of the others."""

HARMLESS = {
    "AutoScalingGroupName": "the group itself",
    "AvailabilityZoneDistribution": "one instance has nothing to be distributed over",
    "AvailabilityZoneIds": "the zones follow from the subnets",
    "AvailabilityZones": "the zones follow from the subnets",
    "AvailabilityZoneImpairmentPolicy": "while AWS shifts away from a zone",
    "Context": "reserved",
    "DefaultCooldown": "of scaling policies",
    "DefaultInstanceWarmup": "of scaling policies",
    "DesiredCapacity": "within the sizes",
    "DesiredCapacityType": "of weights, which a single instance has not",
    "InstanceLifecyclePolicy": "of lifecycle hooks, which nobody may put",
    "InstanceMaintenancePolicy": "of replacements",
    "MaxSize": "limited",
    "MinSize": "below the maximum",
    "ServiceLinkedRoleARN": "asks for iam:PassRole",
    "SkipZonalShiftValidation": "of the one before",
}


def test_every_parameter_of_an_update_is_refused_put_back_or_harmless() -> None:
    """AWS has condition keys for few of them; a new one has to be thought about."""
    model = botocore.session.get_session().get_service_model("autoscaling")
    shape = model.operation_model("UpdateAutoScalingGroup").input_shape
    assert shape is not None
    members = set(shape.members)
    assert members == set(PUT_BACK) | REFUSED | set(HARMLESS)
    by_hand = set(manual_edits.BY_HAND["auto_scaling_group"])
    assert set(PUT_BACK.values()) - by_hand == set(), "tests/kinds/test_contract.py heals each"
