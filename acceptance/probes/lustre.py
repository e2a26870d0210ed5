"""How FSx for Lustre takes its changes."""

from __future__ import annotations

from typing import Any

from acceptance import SITE, bootstrap, lab
from acceptance.answer import Answer
from acceptance.money import Cost, micro
from acceptance.probe import probe
from acceptance.stage import Stage, attempt
from reconciler.plan.ownership import FILE_SYSTEM
from reconciler.plan.ownership import SITE as SITE_TAG

GIB = 1200
CREATE_SECONDS, UPDATE_SECONDS = 1200, 2400
PORTS = ((988, 988), (1018, 1023))


@probe(
    "P12",
    "How does FSx refuse a second change, and what does a client see of one that is taken?",
    {
        "changes one at a time": "the second change waits: the text is in the evidence",
        "takes a second change": "changes need not wait for each other",
    },
    cost=Cost(micro(100).micro_hours, lustre_gib_hours=2700),
    minutes=80,
    paid=True,
)
def changes(stage: Stage) -> Answer:
    fsx, ec2 = stage.client("fsx"), stage.client("ec2")
    group = ec2.create_security_group(
        GroupName=f"{SITE}-p12",
        Description="Lustre",
        VpcId=lab.need(stage, "vpc"),
        TagSpecifications=bootstrap.tagged("security-group"),
    )["GroupId"]
    ranges = [{"CidrIp": bootstrap.NETWORK}]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "IpRanges": ranges}
            for low, high in PORTS
        ],
    )
    made = fsx.create_file_system(
        FileSystemType="LUSTRE",
        FileSystemTypeVersion="2.12",
        StorageCapacity=GIB,
        StorageType="SSD",
        SubnetIds=[lab.need(stage, "public")],
        SecurityGroupIds=[group],
        Tags=[{"Key": SITE_TAG, "Value": SITE}, {"Key": FILE_SYSTEM, "Value": "probe"}],
        LustreConfiguration={
            "DeploymentType": "PERSISTENT_2",
            "PerUnitStorageThroughput": 125,
        },
    )["FileSystem"]["FileSystemId"]
    try:
        return _changed(stage, made)
    finally:
        fsx.delete_file_system(FileSystemId=made)


def _changed(stage: Stage, name: str) -> Answer:
    fsx = stage.client("fsx")

    def state() -> dict[str, Any]:
        found: dict[str, Any] = fsx.describe_file_systems(FileSystemIds=[name])["FileSystems"][0]
        return found

    def settled() -> bool | None:
        at = state()
        statuses = {each["Status"] for each in at.get("AdministrativeActions", ())}
        return (
            at["Lifecycle"] == "AVAILABLE" and not statuses & {"PENDING", "IN_PROGRESS"}
        ) or None

    stage.wait("the file system", settled, CREATE_SECONDS, 30)
    plan = stage.reconcile("plan", "--dry-run", "-o", "json").json
    kept = [each["name"] for each in plan["kept"] if each["kind"] == "file_system"]
    larger = {"FileSystemId": name, "StorageCapacity": 2 * GIB}
    faster = {"FileSystemId": name, "LustreConfiguration": {"PerUnitStorageThroughput": 250}}
    answers: dict[str, Any] = {"throughput": attempt(fsx.update_file_system, **faster)}
    answers["a second change at once"] = attempt(fsx.update_file_system, **larger)
    stage.wait("the end of the change", settled, UPDATE_SECONDS, 30)
    answers["a version with nobody mounted"] = attempt(
        fsx.update_file_system, FileSystemId=name, FileSystemTypeVersion="2.15"
    )
    stage.wait("the end of the upgrade", settled, UPDATE_SECONDS, 30)
    actions = state().get("AdministrativeActions", [])
    answers["actions"] = [
        {key: each.get(key) for key in ("AdministrativeActionType", "Status", "FailureDetails")}
        for each in actions
    ]
    answers["not asked"] = (
        "the longest gap of a client: Amazon Linux's client needs a matching kernel"
    )
    answers["kept, as a plan tells it"] = kept
    one = answers["a second change at once"]["code"] != "accepted"
    return Answer("changes one at a time" if one else "takes a second change", answers)
