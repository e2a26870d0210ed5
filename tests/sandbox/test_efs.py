from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import Aws, refused

HOUR = timedelta(hours=1)
ROOT = {
    "Path": "/home",
    "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0700"},
}


def create(aws: Aws, token: str = "home", **changes: Any) -> Any:
    """A home as the product asks for it."""
    words = {"Encrypted": True, "ThroughputMode": "elastic", **changes}
    return aws.efs.create_file_system(CreationToken=token, **words)


def standing(aws: Aws, **changes: Any) -> str:
    """The id of a file system that takes changes."""
    made = str(create(aws, **changes)["FileSystemId"])
    aws.sandbox.clock.forward(timedelta(minutes=1))
    return made


def described(aws: Aws, system: str) -> Any:
    return aws.efs.describe_file_systems(FileSystemId=system)["FileSystems"][0]


def point(aws: Aws, system: str, token: str = "alice") -> Any:
    return aws.efs.create_access_point(
        ClientToken=token,
        FileSystemId=system,
        PosixUser={"Uid": 1000, "Gid": 1000},
        RootDirectory=ROOT,
    )


def test_what_a_file_system_shows(aws: Aws) -> None:
    tags = [{"Key": "Name", "Value": "acme-alice/home"}]
    shown = described(aws, create(aws, Tags=tags)["FileSystemId"])
    system = shown["FileSystemId"]
    arn = f"arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/{system}"
    assert (shown["FileSystemArn"], shown["Name"], shown["Tags"]) == (arn, "acme-alice/home", tags)
    assert (shown["ThroughputMode"], shown["PerformanceMode"]) == ("elastic", "generalPurpose")
    assert shown["KmsKeyId"].startswith("arn:aws:kms:"), "AWS's own key, where none is named"
    assert "AvailabilityZoneName" not in shown, "it is regional"
    assert shown["NumberOfMountTargets"] == 0


def test_until_it_is_available_it_takes_no_change(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.sandbox.world.settings, "fsx_create_seconds", 60)
    system = create(aws)["FileSystemId"]
    assert described(aws, system)["LifeCycleState"] == "creating"
    state = "IncorrectFileSystemLifeCycleState"
    with refused(state):
        aws.efs.create_mount_target(FileSystemId=system, SubnetId=aws.subnets()[0])
    with refused(state):
        point(aws, system)
    with refused(state):
        aws.efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=[])
    with refused(state):
        aws.efs.update_file_system(FileSystemId=system, ThroughputMode="bursting")
    aws.sandbox.clock.forward(timedelta(minutes=2))
    assert described(aws, system)["LifeCycleState"] == "available"
    assert point(aws, system)["LifeCycleState"] == "available"


def test_a_token_makes_one_and_names_it_the_second_time(aws: Aws) -> None:
    first = create(aws)["FileSystemId"]
    with refused("FileSystemAlreadyExists", first):
        create(aws)
    with refused("FileSystemAlreadyExists", first):
        create(aws, ThroughputMode="bursting")
    assert [
        each["FileSystemId"]
        for each in aws.efs.describe_file_systems(CreationToken="home")["FileSystems"]
    ] == [first]
    aws.efs.delete_file_system(FileSystemId=first)
    assert create(aws)["FileSystemId"] != first


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("BadRequest", {"Encrypted": False, "KmsKeyId": "alias/own"}),
        ("BadRequest", {"ThroughputMode": "fast"}),
        ("BadRequest", {"PerformanceMode": "maxIO"}),
        ("BadRequest", {"KmsKeyId": "no key"}),
        ("UnsupportedAvailabilityZone", {"AvailabilityZoneName": "us-east-1z"}),
    ],
)
def test_what_aws_refuses_of_a_file_system(aws: Aws, code: str, changes: dict[str, Any]) -> None:
    with refused(code):
        create(aws, **changes)
    assert aws.efs.describe_file_systems()["FileSystems"] == []


def test_the_throughput_mode_changes_once_a_day(aws: Aws) -> None:
    system = standing(aws)
    aws.efs.update_file_system(FileSystemId=system, ThroughputMode="bursting")
    aws.sandbox.clock.forward(23 * HOUR)
    with refused("TooManyRequests"):
        aws.efs.update_file_system(FileSystemId=system, ThroughputMode="elastic")
    aws.efs.update_file_system(FileSystemId=system, ThroughputMode="bursting")
    aws.sandbox.clock.forward(HOUR)
    aws.efs.update_file_system(FileSystemId=system, ThroughputMode="elastic")
    assert described(aws, system)["ThroughputMode"] == "elastic"


def test_a_lifecycle_policy_has_one_transition(aws: Aws) -> None:
    system = standing(aws)
    put = aws.efs.put_lifecycle_configuration
    shown = aws.efs.describe_lifecycle_configuration
    assert shown(FileSystemId=system)["LifecyclePolicies"] == []
    both = [
        {"TransitionToIA": "AFTER_30_DAYS"},
        {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
    ]
    put(FileSystemId=system, LifecyclePolicies=both)
    assert shown(FileSystemId=system)["LifecyclePolicies"] == both
    with refused("BadRequest"):
        put(FileSystemId=system, LifecyclePolicies=[{**both[0], **both[1]}])
    with refused("BadRequest"):
        put(FileSystemId=system, LifecyclePolicies=[{"TransitionToIA": "AFTER_2_DAYS"}])
    put(FileSystemId=system, LifecyclePolicies=[])
    assert shown(FileSystemId=system)["LifecyclePolicies"] == []


def test_an_access_point_is_made_once_by_its_token(aws: Aws) -> None:
    system, other = standing(aws), standing(aws, token="other")
    made = point(aws, system)
    assert (made["PosixUser"], made["RootDirectory"]) == ({"Uid": 1000, "Gid": 1000}, ROOT)
    with refused("AccessPointAlreadyExists", made["AccessPointId"]):
        point(aws, system)
    with refused("AccessPointAlreadyExists"):
        point(aws, other)
    second = point(aws, other, token="bob")
    assert len(aws.efs.describe_access_points()["AccessPoints"]) == 2
    [listed] = aws.efs.describe_access_points(FileSystemId=other)["AccessPoints"]
    assert listed["AccessPointId"] == second["AccessPointId"]
    aws.efs.delete_access_point(AccessPointId=second["AccessPointId"])
    with refused("AccessPointNotFound"):
        aws.efs.describe_access_points(AccessPointId=second["AccessPointId"])


def test_tags_go_by_id_and_by_arn(aws: Aws) -> None:
    made = create(aws)
    access = point(aws, standing(aws, token="other"))
    for resource in (made["FileSystemArn"], made["FileSystemId"], access["AccessPointId"]):
        aws.efs.tag_resource(ResourceId=resource, Tags=[{"Key": "Team", "Value": "a"}])
        tags = aws.efs.list_tags_for_resource(ResourceId=resource)["Tags"]
        assert tags == [{"Key": "Team", "Value": "a"}]
        aws.efs.untag_resource(ResourceId=resource, TagKeys=["Team", "absent"])
        assert aws.efs.list_tags_for_resource(ResourceId=resource)["Tags"] == []


def test_a_zone_has_one_mount_target(aws: Aws) -> None:
    system, subnet = standing(aws), aws.subnets()[0]
    shown = aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    group = aws.ec2.create_security_group(VpcId=shown["VpcId"], GroupName="efs", Description="d")[
        "GroupId"
    ]
    made = aws.efs.create_mount_target(FileSystemId=system, SubnetId=subnet, SecurityGroups=[group])
    assert (made["LifeCycleState"], made["SubnetId"]) == ("available", subnet)
    assert made["AvailabilityZoneName"] == shown["AvailabilityZone"]
    target = made["MountTargetId"]
    with refused("MountTargetConflict", "already exists in this AZ"):
        aws.efs.create_mount_target(FileSystemId=system, SubnetId=subnet)
    read = aws.efs.describe_mount_target_security_groups
    assert read(MountTargetId=target)["SecurityGroups"] == [group]
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=group)
    other = aws.ec2.create_security_group(VpcId=shown["VpcId"], GroupName="other", Description="d")[
        "GroupId"
    ]
    aws.efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=[other])
    assert read(MountTargetId=target)["SecurityGroups"] == [other]
    assert described(aws, system)["NumberOfMountTargets"] == 1
    with refused("FileSystemInUse"):
        aws.efs.delete_file_system(FileSystemId=system)
    aws.efs.delete_mount_target(MountTargetId=target)
    aws.efs.delete_file_system(FileSystemId=system)
    with refused("FileSystemNotFound"):
        aws.efs.describe_mount_targets(FileSystemId=system)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("SubnetNotFound", {"SubnetId": "subnet-00000000000000000"}),
        ("SecurityGroupNotFound", {"SecurityGroups": ["sg-00000000000000000"]}),
        ("SecurityGroupLimitExceeded", {"SecurityGroups": ["sg-00000000000000000"] * 6}),
        ("FileSystemNotFound", {"FileSystemId": "fs-00000000000000000"}),
    ],
)
def test_what_aws_refuses_of_a_mount_target(aws: Aws, code: str, changes: dict[str, Any]) -> None:
    words = {"FileSystemId": standing(aws), "SubnetId": aws.subnets()[0], **changes}
    with refused(code):
        aws.efs.create_mount_target(**words)


def test_one_zone_has_its_mount_target_there(aws: Aws) -> None:
    zones = {
        each["SubnetId"]: each["AvailabilityZone"]
        for each in aws.ec2.describe_subnets(SubnetIds=aws.subnets())["Subnets"]
    }
    here, elsewhere = aws.subnets()[:2]
    assert zones[here] != zones[elsewhere]
    system = standing(aws, AvailabilityZoneName=zones[here])
    assert described(aws, system)["AvailabilityZoneName"] == zones[here]
    with refused("AvailabilityZonesMismatch"):
        aws.efs.create_mount_target(FileSystemId=system, SubnetId=elsewhere)
    aws.efs.create_mount_target(FileSystemId=system, SubnetId=here)


def test_mount_targets_are_listed_by_file_system_alone(aws: Aws) -> None:
    with refused("BadRequest"):
        aws.efs.describe_mount_targets()
    with refused("MountTargetNotFound"):
        aws.efs.describe_mount_targets(MountTargetId="fsmt-00000000000000000")
