"""EBS volumes: moto's, with client tokens and the rules that it does not keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reconciler.sandbox.operations import (
    AwsError,
    Call,
    MotoResult,
    Wire,
    dry_run,
    forget,
    moto_response,
    once,
    operation,
)

GIB = {"gp2": (1, 16384), "gp3": (1, 65536), "io1": (4, 16384), "io2": (4, 65536)}
IOPS = {"gp3": (3000, 80000), "io1": (100, 64000), "io2": (100, 256000)}
GP3_THROUGHPUT = (125, 2000)
DAY = timedelta(hours=24)
MODIFICATIONS = 4


@dataclass
class Modifications:
    """When the volumes of a region were changed, by id."""

    by_volume: dict[str, list[datetime]] = field(default_factory=dict)


@operation("ec2", "CreateVolume")
def create(call: Call) -> MotoResult:
    """Answer CreateVolume. Moto makes a second volume for the same token, in zones that do not
    exist.

    [M ec2.CreateVolume]
    """
    dry_run(call)

    def make() -> Wire:
        params = dict(call.params)
        params["AvailabilityZone"] = _zone(call)
        _check(params.get("VolumeType", "gp2"), params)
        return {"VolumeId": call.moto(params).value.id}

    made = once(call, make, "IdempotentParameterMismatch")
    return MotoResult(find(call, made["VolumeId"]), moto_response("ec2"))


def _zone(call: Call) -> str:
    name, zone_id = call.params.get("AvailabilityZone"), call.params.get("AvailabilityZoneId")
    if bool(name) == bool(zone_id):
        raise AwsError(
            "InvalidParameterCombination" if name else "MissingParameter",
            "Exactly one of AvailabilityZone and AvailabilityZoneId must be given.",
        )
    for zone in call.ec2.describe_availability_zones():
        if name == zone.name or zone_id == zone.zone_id:
            return str(zone.name)
    raise AwsError("InvalidZone.NotFound", f"The zone '{name or zone_id}' does not exist.")


def find(call: Call, volume_id: str) -> Any:
    """Find a volume. Raises: AwsError if it is not there."""
    if volume_id not in call.ec2.volumes:
        raise AwsError("InvalidVolume.NotFound", f"The volume '{volume_id}' does not exist.")
    return call.ec2.volumes[volume_id]


def _check(kind: str, params: Wire) -> None:
    limits = {
        "Size": GIB.get(kind),
        "Iops": IOPS.get(kind),
        "Throughput": GP3_THROUGHPUT if kind == "gp3" else None,
    }
    for name, bounds in limits.items():
        value = params.get(name)
        if value is not None and bounds and not bounds[0] <= value <= bounds[1]:
            raise AwsError(
                "InvalidParameterValue",
                f"Volume {name.lower()} of {value} is not between {bounds[0]} and {bounds[1]} "
                f"for {kind}.",
            )


@operation("ec2", "ModifyVolume")
def modify(call: Call) -> MotoResult:
    """Answer ModifyVolume. Moto shrinks volumes, and changes them as often as it is asked to. On
    AWS a size can only grow, and a volume is changed four times within 24 hours. [M
    ec2.ModifyVolume]"""
    dry_run(call)
    volume = find(call, call.params["VolumeId"])
    size = call.params.get("Size")
    if size is not None and size < volume.size:
        raise AwsError("InvalidParameterValue", "New size cannot be smaller than existing size")
    _check(call.params.get("VolumeType", volume.volume_type), call.params)
    now, modified = call.world.now(), call.state(Modifications).by_volume
    before = [at for at in modified.get(volume.id, ()) if at > now - DAY]
    if len(before) >= MODIFICATIONS:
        raise AwsError(
            "VolumeModificationRateExceeded",
            "You've reached the maximum modification rate per volume limit.",
        )
    modified[volume.id] = [*before, now]
    return call.moto()


@operation("ec2", "AttachVolume")
def attach(call: Call) -> MotoResult:
    """Answer AttachVolume. Moto attaches at once, across zones, and a volume that is attached
    already. AWS's texts, as people report them: terraform-provider-aws#8565, amazon.aws#497."""
    dry_run(call)
    volume = find(call, call.params["VolumeId"])
    instance = call.ec2.get_instance_by_id(call.params["InstanceId"])
    if instance is None:
        raise AwsError(
            "InvalidInstanceID.NotFound",
            f"The instance ID '{call.params['InstanceId']}' does not exist",
        )
    if volume.attachment:
        raise AwsError(
            "VolumeInUse",
            f"{volume.id} is already attached to an instance",
        )
    if instance.state not in ("running", "stopped"):
        raise AwsError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.zone.name != instance.availability_zone:
        raise AwsError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance "
            f"'{instance.id}'",
        )
    if call.params["Device"] in instance.block_device_mapping:
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid value '{call.params['Device']}' for unixDevice. Attachment point "
            f"{call.params['Device']} is already in use",
        )
    answer = call.moto()
    _later(call, volume, "attaching", lambda: setattr(volume.attachment, "status", "attached"))
    return answer


@operation("ec2", "DetachVolume")
def detach(call: Call) -> Wire:
    """Answer DetachVolume. Moto detaches at once, and answers another code for a volume that is
    attached to nothing (aws-ebs-csi-driver#1801)."""
    dry_run(call)
    volume = find(call, call.params["VolumeId"])
    held = volume.attachment
    if held is None:
        text = f"Volume '{volume.id}' is in the 'available' state."
        raise AwsError("IncorrectState", text)
    asked = call.params.get("InstanceId", held.instance.id), call.params.get("Device", held.device)
    if asked != (held.instance.id, held.device):
        raise AwsError(
            "InvalidAttachment.NotFound",
            f"The volume '{volume.id}' is not attached to instance '{asked[0]}' as {asked[1]}",
        )
    _later(
        call,
        volume,
        "detaching",
        lambda: call.ec2.detach_volume(volume.id, held.instance.id, held.device),
    )
    return {
        "VolumeId": volume.id,
        "InstanceId": held.instance.id,
        "Device": held.device,
        "State": "detaching",
        "AttachTime": held.attach_time,
    }


def _later(call: Call, volume: Any, state: str, become: Callable[[], object]) -> None:
    """Let an attachment be in a state for a while; until something else ends it before that."""
    held, seconds = volume.attachment, call.world.settings.attach_seconds
    held.status = state

    def done() -> str:
        if volume.attachment is held and held.status == state:
            become()
        return ""

    if seconds:
        call.world.clock.at(call.world.now() + timedelta(seconds=seconds), done)
    else:
        done()


@operation("ec2", "DeleteVolume")
def delete(call: Call) -> MotoResult:
    """Answer DeleteVolume as moto does, and free the volume's client token."""
    answer = call.moto()
    forget(call, "VolumeId", call.params["VolumeId"])
    return answer
