"""What a machine may do with its role: its own home, group, phase and parameters alone."""

from __future__ import annotations

import pytest

from reconciler.aws import policies
from tests.iam.actions import exists
from tests.iam.evaluator import Value, allowed
from tests.iam.test_denied import HERE, OF_OTHER_SITE, OF_SITE, SITE, VOLUME, Case, policy, request

MACHINE: dict[str, Value] = {
    "aws:PrincipalTag/reconciler:workstation": "alice",
    "aws:userid": "AROAEXAMPLE:i-alice",
}
"""What IAM knows of alice's machine: the tag of its role, and its id."""
ALICES: dict[str, Value] = {**OF_SITE, "aws:ResourceTag/reconciler:workstation": "alice"}
BOBS: dict[str, Value] = {**OF_SITE, "aws:ResourceTag/reconciler:workstation": "bob"}
HOME: dict[str, Value] = {"aws:ResourceTag/reconciler:file-system": "home"}
ITSELF: dict[str, Value] = {"ec2:InstanceID": "i-alice"}
ANOTHER: dict[str, Value] = {"ec2:InstanceID": "i-bob"}
GROUP = "autoscaling autoScalingGroup:x:autoScalingGroupName/acme-alice"
BOBS_GROUP = "autoscaling autoScalingGroup:x:autoScalingGroupName/acme-bob"
SIZES = {"autoscaling:MaxSize": "1"}
FORMAT: dict[str, Value] = {"aws:TagKeys": ("reconciler:format",)}
OVERRIDE: dict[str, Value] = {"aws:TagKeys": ("reconciler:override",)}
STARTS: dict[str, Value] = {"aws:TagKeys": ("reconciler:starts",)}
PHASE: dict[str, Value] = {"aws:TagKeys": ("reconciler:phase",)}
NOBODY: dict[str, Value] = {"aws:userid": "AROAEXAMPLE:i-alice"}  # a role without the tag

OF_THE_MACHINE: list[tuple[str, bool, Case]] = [
    # its own home, to itself
    ("own home", True, ("ec2:AttachVolume", VOLUME, {**ALICES, **HOME, **MACHINE})),
    (
        "to itself",
        True,
        ("ec2:AttachVolume", "ec2 instance/i-alice", {**ALICES, **ITSELF, **MACHINE}),
    ),
    # another's home, its own home to another, somebody's root, what is not ours
    ("another's home", False, ("ec2:AttachVolume", VOLUME, {**BOBS, **HOME, **MACHINE})),
    (
        "to another",
        False,
        ("ec2:AttachVolume", "ec2 instance/i-bob", {**BOBS, **ANOTHER, **MACHINE}),
    ),
    (
        "to a namesake",
        False,
        ("ec2:AttachVolume", "ec2 instance/i-bob", {**ALICES, **ANOTHER, **MACHINE}),
    ),
    ("own root", False, ("ec2:AttachVolume", VOLUME, {**ALICES, **MACHINE})),
    (
        "another site's",
        False,
        ("ec2:AttachVolume", VOLUME, {**ALICES, **OF_OTHER_SITE, **HOME, **MACHINE}),
    ),
    ("no site's", False, ("ec2:AttachVolume", VOLUME, {**HERE, **HOME, **MACHINE})),
    ("no tag of the role", False, ("ec2:AttachVolume", VOLUME, {**ALICES, **HOME, **NOBODY})),
    ("no tag at all", False, ("ec2:AttachVolume", VOLUME, {**OF_SITE, **HOME, **NOBODY})),
    ("detach", False, ("ec2:DetachVolume", VOLUME, {**ALICES, **HOME, **MACHINE})),
    ("delete", False, ("ec2:DeleteVolume", VOLUME, {**ALICES, **HOME, **MACHINE})),
    # parameters
    (
        "own parameter",
        True,
        ("ssm:GetParameter", "ssm parameter/acme/alice/token", {**HERE, **MACHINE}),
    ),
    (
        "own path",
        True,
        ("ssm:GetParametersByPath", "ssm parameter/acme/alice", {**HERE, **MACHINE}),
    ),
    ("shared", True, ("ssm:GetParameters", "ssm parameter/acme/_shared/dcv", {**HERE, **MACHINE})),
    (
        "shared, no tag",
        True,
        ("ssm:GetParameter", "ssm parameter/acme/_shared/dcv", {**HERE, **NOBODY}),
    ),
    ("another's", False, ("ssm:GetParameter", "ssm parameter/acme/bob/token", {**HERE, **MACHINE})),
    (
        "another's path",
        False,
        ("ssm:GetParametersByPath", "ssm parameter/acme/bob", {**HERE, **MACHINE}),
    ),
    ("everybody's", False, ("ssm:GetParametersByPath", "ssm parameter/acme", {**HERE, **MACHINE})),
    (
        "a longer name",
        False,
        ("ssm:GetParameter", "ssm parameter/acme/alice2/token", {**HERE, **MACHINE}),
    ),
    (
        "own, no tag",
        False,
        ("ssm:GetParameter", "ssm parameter/acme/alice/token", {**HERE, **NOBODY}),
    ),
    (
        "another site's",
        False,
        ("ssm:GetParameter", "ssm parameter/beta/_shared/dcv", {**HERE, **MACHINE}),
    ),
    # the tag that says how far it is
    (
        "phase",
        True,
        ("ec2:CreateTags", "ec2 instance/i-alice", {**ALICES, **ITSELF, **PHASE, **MACHINE}),
    ),
    (
        "another's phase",
        False,
        ("ec2:CreateTags", "ec2 instance/i-bob", {**BOBS, **ANOTHER, **PHASE, **MACHINE}),
    ),
    (
        "another tag",
        False,
        (
            "ec2:CreateTags",
            "ec2 instance/i-alice",
            {**ALICES, **ITSELF, **MACHINE, "aws:TagKeys": ("reconciler:owner",)},
        ),
    ),
    ("tag of a home", False, ("ec2:CreateTags", VOLUME, {**BOBS, **HOME, **PHASE, **MACHINE})),
    # the permission to format its home
    ("formatted", True, ("ec2:DeleteTags", VOLUME, {**ALICES, **HOME, **FORMAT, **MACHINE})),
    ("another's", False, ("ec2:DeleteTags", VOLUME, {**BOBS, **HOME, **FORMAT, **MACHINE})),
    ("of its root", False, ("ec2:DeleteTags", VOLUME, {**ALICES, **FORMAT, **MACHINE})),
    ("every tag", False, ("ec2:DeleteTags", VOLUME, {**ALICES, **HOME, **MACHINE})),
    (
        "whose it is",
        False,
        (
            "ec2:DeleteTags",
            VOLUME,
            {**ALICES, **HOME, **MACHINE, "aws:TagKeys": ("reconciler:workstation",)},
        ),
    ),
    (
        "two tags",
        False,
        (
            "ec2:DeleteTags",
            VOLUME,
            {**ALICES, **HOME, **MACHINE, "aws:TagKeys": ("reconciler:format", "reconciler:site")},
        ),
    ),
    ("allowed again", False, ("ec2:CreateTags", VOLUME, {**ALICES, **HOME, **FORMAT, **MACHINE})),
    # its group: off when nobody uses it, and away when it has left
    ("off", True, ("autoscaling:UpdateAutoScalingGroup", GROUP, {**ALICES, **MACHINE, **SIZES})),
    (
        "larger",
        False,
        (
            "autoscaling:UpdateAutoScalingGroup",
            GROUP,
            {**ALICES, **MACHINE, "autoscaling:MaxSize": "2"},
        ),
    ),
    (
        "another template",
        False,
        (
            "autoscaling:UpdateAutoScalingGroup",
            GROUP,
            {**ALICES, **MACHINE, **SIZES, "autoscaling:LaunchTemplateVersionSpecified": "true"},
        ),
    ),
    ("left", True, ("autoscaling:CompleteLifecycleAction", GROUP, {**ALICES, **MACHINE})),
    ("longer", True, ("autoscaling:RecordLifecycleActionHeartbeat", GROUP, {**ALICES, **MACHINE})),
    ("why off", True, ("autoscaling:CreateOrUpdateTags", GROUP, {**ALICES, **OVERRIDE, **MACHINE})),
    ("starts", True, ("autoscaling:CreateOrUpdateTags", GROUP, {**ALICES, **STARTS, **MACHINE})),
    (
        "bob off",
        False,
        ("autoscaling:UpdateAutoScalingGroup", BOBS_GROUP, {**BOBS, **MACHINE, **SIZES}),
    ),
    ("bob gone", False, ("autoscaling:CompleteLifecycleAction", BOBS_GROUP, {**BOBS, **MACHINE})),
    (
        "bob held",
        False,
        ("autoscaling:RecordLifecycleActionHeartbeat", BOBS_GROUP, {**BOBS, **MACHINE}),
    ),
    (
        "bob's override",
        False,
        ("autoscaling:CreateOrUpdateTags", BOBS_GROUP, {**BOBS, **OVERRIDE, **MACHINE}),
    ),
    (
        "no tag of the role",
        False,
        ("autoscaling:UpdateAutoScalingGroup", GROUP, {**ALICES, **NOBODY, **SIZES}),
    ),
    (
        "another site's alice",
        False,
        (
            "autoscaling:UpdateAutoScalingGroup",
            GROUP,
            {**ALICES, **OF_OTHER_SITE, **MACHINE, **SIZES},
        ),
    ),
    (
        "its owner",
        False,
        (
            "autoscaling:CreateOrUpdateTags",
            GROUP,
            {**ALICES, **MACHINE, "aws:TagKeys": ("reconciler:owner",)},
        ),
    ),
    (
        "its limit too",
        False,
        (
            "autoscaling:CreateOrUpdateTags",
            GROUP,
            {
                **ALICES,
                **MACHINE,
                "aws:TagKeys": ("reconciler:override", "reconciler:max-runtime"),
            },
        ),
    ),
    ("its sizes", False, ("autoscaling:UpdateAutoScalingGroup", GROUP, {**ALICES, **MACHINE})),
    ("its hook", False, ("autoscaling:PutLifecycleHook", GROUP, {**ALICES, **MACHINE})),
    ("no hook", False, ("autoscaling:DeleteLifecycleHook", GROUP, {**ALICES, **MACHINE})),
    ("its group gone", False, ("autoscaling:DeleteAutoScalingGroup", GROUP, {**ALICES, **MACHINE})),
    (
        "its end",
        False,
        ("autoscaling:TerminateInstanceInAutoScalingGroup", GROUP, {**ALICES, **MACHINE}),
    ),
    ("poweroff", False, ("ec2:StopInstances", "ec2 instance/i-alice", {**ALICES, **MACHINE})),
    # itself otherwise
    ("its own role", False, ("iam:TagRole", "iam role/acme-ws-alice", {**HERE, **MACHINE})),
    ("a copy of a home", False, ("ec2:CreateSnapshot", VOLUME, {**BOBS, **HOME, **MACHINE})),
    (
        "its rules",
        False,
        ("ec2:AuthorizeSecurityGroupIngress", "ec2 security-group/sg-1", {**BOBS, **MACHINE}),
    ),
    (
        "its groups",
        False,
        (
            "ec2:ModifyNetworkInterfaceAttribute",
            "ec2 network-interface/eni-1",
            {**ALICES, **MACHINE},
        ),
    ),
]


@pytest.mark.parametrize(
    ("answer", "case"),
    [(answer, case) for _, answer, case in OF_THE_MACHINE],
    ids=[f"{case[0].partition(':')[2]}-{name}" for name, _, case in OF_THE_MACHINE],
)
def test_a_machine_has_what_is_its_own(answer: bool, case: Case) -> None:
    """One policy for all machines: the tag of the role says whose each is."""
    assert exists(case[0])
    assert allowed(policy("instance"), request(case)) is answer, str(request(case))


def test_the_apply_policy_has_room_for_a_role_of_each_workstation() -> None:
    """It names their pattern, not a hundred roles."""
    found = {s["Sid"]: s for s in policies.policy(SITE, "apply")["Statement"]}
    assert found["PassProfile"]["Resource"] == "arn:aws:iam::123456789012:role/acme-ws-*"
