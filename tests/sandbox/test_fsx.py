from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import Aws, refused


def words(aws: Aws, **changes: Any) -> dict[str, Any]:
    """A home as the product asks for it."""
    lustre = {"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 125}
    lustre.update(changes.pop("lustre", {}))
    return {
        "FileSystemType": "LUSTRE",
        "StorageCapacity": 1200,
        "StorageType": "SSD",
        "SubnetIds": aws.subnets()[:1],
        "FileSystemTypeVersion": "2.15",
        "LustreConfiguration": {k: v for k, v in lustre.items() if v is not None},
        **changes,
    }


def create(aws: Aws, **changes: Any) -> Any:
    return aws.fsx.create_file_system(**words(aws, **changes))["FileSystem"]


def described(aws: Aws, system: str) -> Any:
    return aws.fsx.describe_file_systems(FileSystemIds=[system])["FileSystems"][0]


class Clock:
    """The world's time, moved by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(aws.sandbox.world, "now", clock)
    monkeypatch.setattr(aws.sandbox.world.settings, "fsx_create_seconds", 60)
    monkeypatch.setattr(aws.sandbox.world.settings, "fsx_update_seconds", 60)
    return clock


def test_what_a_file_system_shows(aws: Aws) -> None:
    vpc = aws.ec2.describe_subnets(SubnetIds=aws.subnets()[:1])["Subnets"][0]["VpcId"]
    group = aws.ec2.create_security_group(VpcId=vpc, GroupName="lustre", Description="d")["GroupId"]
    tags = [{"Key": "reconciler:site", "Value": "acme"}]
    made = create(aws, SecurityGroupIds=[group], Tags=tags)
    shown = described(aws, made["FileSystemId"])
    system = shown["FileSystemId"]
    assert len(system) == len("fs-") + 17
    assert shown["ResourceARN"] == f"arn:aws:fsx:us-east-1:123456789012:file-system/{system}"
    assert shown["DNSName"] == f"{system}.fsx.us-east-1.amazonaws.com"
    assert (shown["OwnerId"], shown["VpcId"]) == ("123456789012", vpc)
    assert (shown["Lifecycle"], shown["FileSystemTypeVersion"]) == ("AVAILABLE", "2.15")
    assert len(shown["LustreConfiguration"]["MountName"]) == 8
    assert shown["Tags"] == tags
    assert "SecurityGroupIds" not in shown
    (interface,) = aws.ec2.describe_network_interfaces(
        NetworkInterfaceIds=shown["NetworkInterfaceIds"]
    )["NetworkInterfaces"]
    assert [item["GroupId"] for item in interface["Groups"]] == [group]
    assert interface["SubnetId"] == aws.subnets()[0]
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=group)
    aws.fsx.delete_file_system(FileSystemId=system)
    aws.ec2.delete_security_group(GroupId=group)
    with refused("FileSystemNotFound"):
        described(aws, system)


def test_it_takes_a_while(aws: Aws, clock: Clock) -> None:
    made = create(aws)
    assert made["Lifecycle"] == "CREATING"
    clock.advance(61)
    assert described(aws, made["FileSystemId"])["Lifecycle"] == "AVAILABLE"


def test_a_request_token_makes_one(aws: Aws) -> None:
    first = create(aws, ClientRequestToken="acme-alice-home-1")
    again = create(aws, ClientRequestToken="acme-alice-home-1")
    assert again["FileSystemId"] == first["FileSystemId"]
    assert len(aws.fsx.describe_file_systems()["FileSystems"]) == 1
    with refused("IncompatibleParameterError"):
        create(aws, ClientRequestToken="acme-alice-home-1", StorageCapacity=2400)
    aws.fsx.delete_file_system(FileSystemId=first["FileSystemId"])
    later = create(aws, ClientRequestToken="acme-alice-home-1")
    assert later["FileSystemId"] != first["FileSystemId"]
    again = create(aws, ClientRequestToken="acme-alice-home-1")
    assert again["FileSystemId"] == later["FileSystemId"]


HDD = {"DeploymentType": "PERSISTENT_1", "PerUnitStorageThroughput": 12, "DriveCacheType": "NONE"}
SCRATCH = {"DeploymentType": "SCRATCH_2", "PerUnitStorageThroughput": None}
RIGHT: list[dict[str, Any]] = [
    {"StorageCapacity": 4800, "lustre": {"PerUnitStorageThroughput": 1000}},
    {"lustre": {"DeploymentType": "PERSISTENT_1", "PerUnitStorageThroughput": 50}},
    {"StorageType": "HDD", "StorageCapacity": 6000, "lustre": HDD},
    {"lustre": SCRATCH},
    {"StorageCapacity": 3600, "lustre": {**SCRATCH, "DeploymentType": "SCRATCH_1"}},
]
THROUGHPUT, BAD, NETWORK = "InvalidPerUnitStorageThroughput", "BadRequest", "InvalidNetworkSettings"
WRONG: list[tuple[str, dict[str, Any]]] = [
    (THROUGHPUT, {"lustre": {"PerUnitStorageThroughput": 50}}),
    (THROUGHPUT, {"lustre": {"PerUnitStorageThroughput": None}}),
    (THROUGHPUT, {"lustre": {"DeploymentType": "PERSISTENT_1"}}),
    (BAD, {"lustre": {"DeploymentType": "SCRATCH_2"}}),
    (BAD, {"StorageCapacity": 1000}),
    (BAD, {"StorageCapacity": 3600}),
    (BAD, {"StorageType": "HDD"}),
    (BAD, {"StorageType": "HDD", "StorageCapacity": 1800, "lustre": HDD}),
    (BAD, {"FileSystemTypeVersion": "2.10"}),
    (BAD, {"FileSystemTypeVersion": "3.0"}),
    (BAD, {"lustre": {"WeeklyMaintenanceStartTime": "8:05:00"}}),
    (BAD, {"lustre": {"DataCompressionType": "ZIP"}}),
    (BAD, {"lustre": {**SCRATCH, "AutomaticBackupRetentionDays": 7}}),
    (NETWORK, {"SubnetIds": ["subnet-00000000000000000"]}),
    (NETWORK, {"SecurityGroupIds": ["sg-00000000000000000"]}),
]


@pytest.mark.parametrize("changes", RIGHT)
def test_what_can_be_made(aws: Aws, changes: dict[str, Any]) -> None:
    made = create(aws, **changes)
    first = changes["lustre"].get("DeploymentType") == "SCRATCH_1"
    assert (made["LustreConfiguration"]["MountName"] == "fsx") == first


@pytest.mark.parametrize(("code", "changes"), WRONG)
def test_what_aws_refuses(aws: Aws, code: str, changes: dict[str, Any]) -> None:
    with refused(code):
        create(aws, **changes)
    assert aws.fsx.describe_file_systems()["FileSystems"] == []


def test_two_subnets_are_one_too_many(aws: Aws) -> None:
    with refused("BadRequest", "one subnet"):
        create(aws, SubnetIds=aws.subnets())


def test_an_update_runs_one_at_a_time(aws: Aws, clock: Clock) -> None:
    system = create(aws)["FileSystemId"]
    grow = {"FileSystemId": system, "StorageCapacity": 2400}
    with refused("BadRequest"):
        aws.fsx.update_file_system(**grow)
    clock.advance(61)
    shown = aws.fsx.update_file_system(**grow)["FileSystem"]
    assert (shown["Lifecycle"], shown["StorageCapacity"]) == ("UPDATING", 1200)
    actions = [
        (action["AdministrativeActionType"], action["Status"])
        for action in shown["AdministrativeActions"]
    ]
    assert actions == [("FILE_SYSTEM_UPDATE", "IN_PROGRESS"), ("STORAGE_OPTIMIZATION", "PENDING")]
    target = shown["AdministrativeActions"][0]["TargetFileSystemValues"]
    assert target["StorageCapacity"] == 2400
    with refused("BadRequest"):
        aws.fsx.update_file_system(FileSystemId=system, StorageCapacity=4800)
    clock.advance(61)
    shown = described(aws, system)
    assert (shown["Lifecycle"], shown["StorageCapacity"]) == ("AVAILABLE", 2400)
    assert [action["Status"] for action in shown["AdministrativeActions"]] == [
        "UPDATED_OPTIMIZING",
        "IN_PROGRESS",
    ]
    clock.advance(60)
    [action] = described(aws, system)["AdministrativeActions"]
    assert action["Status"] == "COMPLETED", "and the optimization is listed no longer"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"StorageCapacity": 2400}, {"StorageCapacity": 4800}),
        (
            {"LustreConfiguration": {"PerUnitStorageThroughput": 250}},
            {"LustreConfiguration": {"PerUnitStorageThroughput": 125}},
        ),
    ],
)
def test_six_hours_lie_between_two_of_them(
    aws: Aws, clock: Clock, first: dict[str, Any], second: dict[str, Any]
) -> None:
    system = create(aws)["FileSystemId"]
    clock.advance(61)
    aws.fsx.update_file_system(FileSystemId=system, **first)
    clock.advance(5 * 3600)
    with refused("BadRequest", "6 hours"):
        aws.fsx.update_file_system(FileSystemId=system, **second)
    aws.fsx.update_file_system(
        FileSystemId=system, LustreConfiguration={"DataCompressionType": "LZ4"}
    )
    clock.advance(3601)
    aws.fsx.update_file_system(FileSystemId=system, **second)


def test_a_version_upgrade_with_a_client_is_given_up(aws: Aws, clock: Clock) -> None:
    made = create(aws, FileSystemTypeVersion="2.12")
    system, name = made["FileSystemId"], made["DNSName"]
    clock.advance(61)
    image = aws.ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    [client] = aws.ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, UserData=f"mount -t lustre {name}@tcp:/x /home"
    )["Instances"]
    upgrade = {"FileSystemId": system, "FileSystemTypeVersion": "2.15"}
    aws.fsx.update_file_system(**upgrade)
    clock.advance(61)
    shown = described(aws, system)
    [action] = shown["AdministrativeActions"]
    assert (shown["Lifecycle"], shown["FileSystemTypeVersion"]) == ("AVAILABLE", "2.12")
    assert (action["Status"], "clients are" in action["FailureDetails"]["Message"]) == (
        "FAILED",
        True,
    )
    aws.ec2.terminate_instances(InstanceIds=[client["InstanceId"]])
    aws.fsx.update_file_system(**upgrade)
    clock.advance(61)
    assert described(aws, system)["FileSystemTypeVersion"] == "2.15"


def test_what_an_update_can_change(aws: Aws) -> None:
    system = create(aws, FileSystemTypeVersion="2.12")["FileSystemId"]
    wanted = {
        "PerUnitStorageThroughput": 250,
        "DataCompressionType": "LZ4",
        "AutomaticBackupRetentionDays": 7,
        "WeeklyMaintenanceStartTime": "1:03:00",
    }
    aws.fsx.update_file_system(
        FileSystemId=system, FileSystemTypeVersion="2.15", LustreConfiguration=wanted
    )
    shown = described(aws, system)
    assert wanted.items() <= shown["LustreConfiguration"].items()
    assert shown["FileSystemTypeVersion"] == "2.15"
    refusals: list[tuple[str, dict[str, Any]]] = [
        ("BadRequest", {"StorageCapacity": 600}),
        ("BadRequest", {"StorageCapacity": 3000}),
        ("BadRequest", {"FileSystemTypeVersion": "2.12"}),
        (THROUGHPUT, {"LustreConfiguration": {"PerUnitStorageThroughput": 200}}),
    ]
    for code, change in refusals:
        with refused(code):
            aws.fsx.update_file_system(FileSystemId=system, **change)
    with refused("FileSystemNotFound"):
        aws.fsx.update_file_system(FileSystemId="fs-00000000000000000", StorageCapacity=2400)


def test_tags(aws: Aws) -> None:
    made = create(aws, Tags=[{"Key": "a", "Value": "1"}])
    arn = made["ResourceARN"]
    aws.fsx.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    aws.fsx.untag_resource(ResourceARN=arn, TagKeys=["a", "none"])
    assert aws.fsx.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert described(aws, made["FileSystemId"])["Tags"] == [{"Key": "b", "Value": "2"}]
    with refused("ResourceNotFound"):
        aws.fsx.list_tags_for_resource(ResourceARN=arn.replace("fs-", "fs-0"))


def test_pages(aws: Aws) -> None:
    for _ in range(3):
        create(aws)
    pages = aws.fsx.get_paginator("describe_file_systems").paginate(
        PaginationConfig={"PageSize": 2}
    )
    assert [len(page["FileSystems"]) for page in pages] == [2, 1]
