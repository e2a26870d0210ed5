"""Profile, schedules' role, keys, AWS's own roles, the clock: ok, warning, error and unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.doctor.check import Level
from reconciler.doctor.rights import (
    clock,
    keys,
    profiles,
    scheduler_rights,
    scheduler_roles,
    service_roles,
)
from tests.doctor.views import TRUST, absent, denied, door, found, only, view
from tests.doctor.views import profiles as instance_profiles
from tests.plan.declared import ROLE, lustre, volume

IAM = "arn:aws:iam::123456789012:"


def test_a_profile_needs_a_role() -> None:
    assert only(profiles, view()).level is Level.OK
    finding = only(profiles, view(door(list_instance_profiles=instance_profiles(workstation=""))))
    assert (finding.level, finding.workstations) == (Level.ERROR, ("alice",))
    assert "has no role" in finding.message
    assert "add-role-to-instance-profile" in finding.fix


def test_a_profile_that_is_gone_is_an_error_and_an_unread_one_unknown() -> None:
    finding = only(profiles, view(door(list_instance_profiles=instance_profiles())))
    assert (finding.level, finding.message) == (
        Level.ERROR,
        "instance profile workstation does not exist",
    )
    assert finding.fix == "create it, or correct `instance_profile`"
    unread = door(list_instance_profiles=denied("iam:ListInstanceProfiles"))
    finding = only(profiles, view(unread))
    assert finding.level is Level.UNKNOWN
    assert "allow iam:ListInstanceProfiles" in finding.message


def trusting(**changes: Any) -> Any:
    statement = {**TRUST["Statement"], **changes}
    document = {"Statement": [{k: v for k, v in statement.items() if v is not None}]}
    return door(get_role=lambda **_: {"Role": {"Arn": ROLE, "AssumeRolePolicyDocument": document}})


GROUP = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/"


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, Level.OK),
        ({"Action": ["sts:AssumeRole", "sts:TagSession"]}, Level.OK),
        ({"Principal": {"Service": ["ec2.amazonaws.com", "scheduler.amazonaws.com"]}}, Level.OK),
        ({"Condition": {"ArnLike": {"aws:SourceArn": [f"{GROUP}b", f"{GROUP}ac*"]}}}, Level.OK),
        ({"Condition": None}, Level.WARNING),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}, Level.ERROR),
        ({"Condition": {"StringEquals": {"aws:SourceArn": f"{GROUP}beta"}}}, Level.ERROR),
        ({"Condition": {"StringEquals": {"aws:SourceArn": f"{GROUP}ac*"}}}, Level.ERROR),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, Level.ERROR),
        ({"Principal": "*"}, Level.ERROR),
        ({"Action": "sts:TagSession"}, Level.ERROR),
        ({"Condition": {"Bool": {"aws:ViaAWSService": "true"}}}, Level.UNKNOWN),
        ({"Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}}, Level.UNKNOWN),
        ({"Effect": "Deny"}, Level.UNKNOWN),
    ],
)
def test_the_trust_of_the_scheduler_s_role(changes: dict[str, Any], level: Level) -> None:
    finding = only(scheduler_roles, view(trusting(**changes)))
    assert finding.level is level, finding.message
    assert ("iam --role scheduler --trust" in finding.fix) == (level is not Level.OK)
    assert finding.workstations == (() if level is Level.OK else ("alice",))


def test_every_region_s_schedule_group_has_to_be_trusted() -> None:
    finding = only(scheduler_roles, view(alice={}, bob={"region": "eu-central-1"}))
    assert finding.level is Level.ERROR
    assert "eu-central-1" in finding.message


def test_a_role_that_is_gone_is_an_error_and_an_unread_one_unknown() -> None:
    assert only(scheduler_roles, view(door(get_role=absent))).level is Level.ERROR
    finding = only(scheduler_roles, view(door(get_role=denied("iam:GetRole"))))
    assert finding.level is Level.UNKNOWN


def test_aws_s_own_roles_are_a_hint_until_first_use() -> None:
    assert [finding.level for finding in found(service_roles, view())] == [Level.OK, Level.OK]
    scaling, spot = found(service_roles, view(door(get_role=absent)))
    assert {scaling.level, spot.level} == {Level.WARNING}
    assert "AWS creates it at its first use" in scaling.message
    assert spot.fix.endswith("create-service-linked-role --aws-service-name spot.amazonaws.com")
    paid = view(alice={"spot_policy": "on-demand"})
    assert [finding.message for finding in found(service_roles, paid)] == [
        "role AWSServiceRoleForAutoScaling"
    ]
    unread = only(service_roles, view(door(get_role=denied("iam:GetRole", "role X"))))
    assert (unread.level, unread.fix[:26]) == (Level.UNKNOWN, "allow iam:GetRole on role ")


def states(**by_key: str) -> Any:
    def answer(KeyId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        state = by_key[KeyId]
        if state == "gone":
            absent()
        if state == "denied":
            denied("kms:DescribeKey", f"key/{KeyId}")()
        return {"KeyMetadata": {"KeyId": KeyId, "KeyState": state, "Arn": KeyId}}

    return door(describe_key=answer)


def test_each_key_by_its_state() -> None:
    stations: dict[str, dict[str, Any]] = {
        "ada": {"home": volume(kms_key_id="a")},
        "ben": {"home": volume(kms_key_id="b")},
        "cem": {"home": volume(kms_key_id="c")},
        "dot": {"home": lustre(workstation="dot", kms_key_id="d")},
        "eve": {"home": volume()},
    }
    aws = states(a="denied", b="PendingDeletion", c="gone", d="Enabled")
    findings = found(keys, view(aws, **stations))
    assert [finding.level for finding in findings] == [
        Level.UNKNOWN,
        Level.ERROR,
        Level.ERROR,
        Level.OK,
    ]
    assert [finding.workstations for finding in findings] == [(), ("ben",), ("cem",), ()]
    assert "allow kms:DescribeKey on key/a" in findings[0].fix
    assert "b is PendingDeletion" in findings[1].message
    assert "c does not exist in us-east-1" in findings[2].message


@pytest.mark.parametrize(
    ("seconds", "level", "off"),
    [
        (0, "ok", "0 s"),
        (300, "ok", "5 min"),
        (301, "warning", "5 min 1 s"),
        (-301, "warning", "5 min 1 s"),
        (87600, "warning", "24 h 20 min"),
    ],
)
def test_the_clock(seconds: int, level: str, off: str) -> None:
    finding = only(clock, replace(view(), ahead=timedelta(seconds=seconds)))
    assert finding.level.value == level
    assert f"clock is {off} off" in finding.message


def test_a_role_of_another_name_or_path_than_its_profile_is_told() -> None:
    for role in ("other", "platform/workstation"):
        there = instance_profiles(workstation=role)
        finding = only(profiles, view(door(list_instance_profiles=there)))
        assert (finding.level, finding.workstations) == (Level.WARNING, ("alice",))
        assert f"holds the role {role}:" in finding.message
        assert "PassProfile" in finding.fix


def test_a_path_that_the_yaml_does_not_name_is_told() -> None:
    def pathed(**_: Any) -> Any:
        arn = f"{IAM}instance-profile/platform/workstation"
        roles = [{"RoleName": "workstation", "Arn": f"{IAM}role/platform/workstation"}]
        return {
            "InstanceProfiles": [{"InstanceProfileName": "workstation", "Arn": arn, "Roles": roles}]
        }

    finding = only(profiles, view(door(list_instance_profiles=pathed)))
    assert (finding.level, finding.workstations) == (Level.ERROR, ("alice",))
    assert "write instance_profile: /platform/workstation" in finding.fix
    arn = f"{IAM}role/platform/scheduler"
    role = {"Role": {"Arn": arn, "AssumeRolePolicyDocument": TRUST}}
    elsewhere, trust = found(scheduler_roles, view(door(get_role=lambda **_: role)))
    assert (elsewhere.level, trust.level) == (Level.ERROR, Level.OK)
    assert "write scheduler_role: /platform/scheduler" in elsewhere.fix


SIMULATED: dict[str, dict[str, Any]] = {
    "none of its policies allows it": {},
    "one of its policies denies it": {"EvalDecision": "explicitDeny"},
    "a service control policy denies it": {
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": False}
    },
    "its permissions boundary does not allow it": {
        "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}
    },
}


@pytest.mark.parametrize("why", SIMULATED)
def test_a_role_that_may_not_start_anything_is_told_with_why(why: str) -> None:
    result = {"EvalDecision": "implicitDeny", **SIMULATED[why]}
    healthy = door(simulate_principal_policy=lambda **_: {"EvaluationResults": [result]})
    finding = only(scheduler_rights, view(healthy))
    assert (finding.level, finding.workstations) == (Level.ERROR, ("alice",))
    assert why in finding.message


def test_what_is_asked_of_the_simulation() -> None:
    healthy = door()
    assert only(scheduler_rights, view(healthy)).level is Level.OK
    [asked] = [
        call.parameters for call in healthy.calls if call.operation == "simulate_principal_policy"
    ]
    assert (asked["PolicySourceArn"], asked["ActionNames"]) == (
        ROLE,
        ["autoscaling:SetDesiredCapacity"],
    )
    [group] = asked["ResourceArns"]
    where = "arn:aws:autoscaling:us-east-1:123456789012:"
    assert group == f"{where}autoScalingGroup:*:autoScalingGroupName/acme-alice"
    context = {
        entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in asked["ContextEntries"]
    }
    assert context == {
        "aws:ResourceTag/reconciler:site": ["acme"],
        "aws:RequestedRegion": ["us-east-1"],
    }


def test_a_simulation_that_is_denied_is_unknown_and_a_role_that_is_gone_is_told_elsewhere() -> None:
    answer = denied("iam:SimulatePrincipalPolicy")
    finding = only(scheduler_rights, view(door(simulate_principal_policy=answer)))
    assert finding.level is Level.UNKNOWN
    assert list(found(scheduler_rights, view(door(get_role=absent)))) == []
