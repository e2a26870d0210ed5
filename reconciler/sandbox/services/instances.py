"""EC2 instances: moto's, launched with everything their launch template says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.ec2.models.instances import StateReason

from reconciler.sandbox.capacity import Market
from reconciler.sandbox.operations import (
    AwsError,
    Call,
    MotoResult,
    Wire,
    dry_run,
    once,
    operation,
    page,
    tag_map,
)
from reconciler.sandbox.services import prices, quotas
from reconciler.sandbox.services.failures import NO_SPOT, UNFULFILLABLE
from reconciler.sandbox.services.instance_types import vcpus
from reconciler.sandbox.services.launch_templates import resolve
from reconciler.sandbox.world import World, hex_id

SHOWN_FOR = timedelta(hours=1)
Listener = Callable[[Call, list[str]], None]
ON_TERMINATED: list[Listener] = []
"""Who wants to know that instances were terminated: Auto Scaling, which replaces its own."""
ON_STOPPED: list[Listener] = []
"""The same for stopped ones."""
ON_LAUNCHED: list[Listener] = []
"""The same for those that a group has launched: their machines."""
SHUTTING_DOWN = ("shutting-down", 32)

# Members of template data that RunInstances calls otherwise, or moto cannot take.
NOT_FOR_RUN = ("InstanceRequirements", "RamDiskId", "ElasticGpuSpecifications", "Operator")


@operation("ec2", "RunInstances")
def run(call: Call) -> MotoResult:
    """Answer RunInstances. Moto loses a template's profile, metadata options and market, and
    fails on UserData of a version above 1. Here the template is merged under the caller's words
    first. Moto also ignores client tokens, missing capacity and images that are not ready."""
    made = once(call, lambda: {"result": _run_once(call)}, "IdempotentParameterMismatch")
    result: MotoResult = made["result"]
    return result


def _run_once(call: Call) -> MotoResult:
    params = copy.deepcopy(call.params)
    params.pop("ClientToken", None)
    given = params.pop("LaunchTemplate", None)
    tags: dict[str, str] = {}
    if given:
        template, version = resolve(call, given)
        data = {k: v for k, v in copy.deepcopy(version.data).items() if k not in NOT_FOR_RUN}
        params = {**data, **params}
        tags = launch_template_tags(template.id, version.number)
    count = int(params.get("MinCount", 1))
    market: Market = "spot" if params.get("InstanceMarketOptions") else "on-demand"
    kind = params.get("InstanceType", "m1.small")
    over = quotas.Room(call.world, call.region).refusal(kind, market, count)
    if over is not None:
        raise AwsError(over.code, over.text)
    subnet = call.ec2.get_subnet(params["SubnetId"]) if params.get("SubnetId") else None
    zone = subnet.availability_zone if subnet else f"{call.region}a"
    none = call.world.capacity.refusal(kind, zone, market)
    if none is not None:  # UnfulfillableCapacity is what Auto Scaling makes of it
        none = NO_SPOT if none.code == UNFULFILLABLE.code else none
        raise AwsError(none.code, none.text, 500)
    return _run(call, params, tags)


def _run(call: Call, params: Wire, tags: dict[str, str]) -> MotoResult:
    if not params.get("ImageId"):
        raise AwsError("MissingParameter", "The request must contain the parameter ImageId")
    params["BlockDeviceMappings"] = _devices(image_of(call, params["ImageId"]), params)
    answer = call.moto(params)
    for instance in answer.value.instances:
        _finish(call, instance, params, tags)
    return answer


def launch_template_tags(template_id: str, version: int) -> dict[str, str]:
    """Build the tags that AWS puts on what a template launched."""
    return {
        "aws:ec2launchtemplate:id": template_id,
        "aws:ec2launchtemplate:version": str(version),
    }


def image_of(call: Call, image_id: str) -> Any:
    """Find an image. Raises: AwsError if it is not there."""
    if image_id not in call.ec2.amis:
        raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    if call.ec2.amis[image_id].state == "pending":
        raise AwsError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available.")
    return call.ec2.amis[image_id]


def _devices(image: Any, params: Wire) -> list[Wire]:
    """The devices asked for, and the image's root under them."""
    devices = {device["DeviceName"]: device for device in params.get("BlockDeviceMappings", [])}
    for mapping in image.block_device_mappings:
        asked = devices.get(mapping["DeviceName"], {})
        ebs = {**mapping["Ebs"], "DeleteOnTermination": True, **asked.get("Ebs", {})}
        ebs.pop("SnapshotId", None)  # moto would take the snapshot's encryption with it
        devices[mapping["DeviceName"]] = {**mapping, **asked, "Ebs": ebs}
    for device in devices.values():
        device.get("Ebs", {}).setdefault("DeleteOnTermination", True)
    return list(devices.values())


def _finish(call: Call, instance: Any, params: Wire, tags: dict[str, str]) -> None:
    """What moto's RunInstances leaves out of the instance and its volumes."""
    instance.launch_time = call.world.now().replace(microsecond=0, tzinfo=None)  # as moto's
    instance.add_tags(tags)
    asked = {
        device["DeviceName"]: device.get("Ebs", {}) for device in params["BlockDeviceMappings"]
    }
    volume_tags = {
        key: value
        for specification in params.get("TagSpecifications", [])
        if specification.get("ResourceType") == "volume"
        for key, value in tag_map(specification.get("Tags")).items()
    }
    for device, mapping in instance.block_device_mapping.items():
        volume = call.ec2.volumes[mapping.volume_id]
        volume.iops = asked.get(device, {}).get("Iops", volume.iops)
        volume.throughput = asked.get(device, {}).get("Throughput") or volume.throughput
        volume.add_tags(volume_tags)
    if not instance.security_groups:
        instance.security_groups = list(instance.nics[0].group_set)
    if not params.get("NetworkInterfaces"):
        for interface in instance.nics.values():  # or it outlives the instance, group and all
            interface.delete_on_termination = True
    if instance.lifecycle == "spot":
        instance.spot_instance_request_id = hex_id("sir-")[:12]


def launch(
    call: Call, data: Wire, instance_type: str, subnet_id: str, market: Market, tags: dict[str, str]
) -> Any:
    """Launch one instance for a group. ``data`` is the template's; the group chose the rest."""
    params = {k: v for k, v in copy.deepcopy(data).items() if k not in NOT_FOR_RUN}
    params |= {"InstanceType": instance_type, "MinCount": 1, "MaxCount": 1}
    if params.get("NetworkInterfaces"):
        for interface in params["NetworkInterfaces"]:
            interface["SubnetId"] = subnet_id
    else:
        params["SubnetId"] = subnet_id
    params.pop("InstanceMarketOptions", None)
    if market == "spot":
        params["InstanceMarketOptions"] = {"MarketType": "spot"}
    instance = _run(call.into("RunInstances", params, "ec2"), params, {}).value.instances[0]
    instance.add_tags(tags)
    return instance


def pool_price(instance_type: str, zone: str, market: Market) -> float:
    """Find what an hour in this pool costs now."""
    if market == "spot":
        return prices.spot(instance_type, zone, vcpus(instance_type))
    return prices.on_demand(instance_type, zone[:-1], vcpus(instance_type))


def end(world: World, region: str, instance_id: str, code: str = "", text: str = "") -> None:
    """End an instance, with EC2's reason where AWS itself ends it.

    It is shutting down first, and its volumes are in use until it is terminated; in moto both are
    one. [D terminating-instances]
    """
    ec2 = world.ec2(region)
    instance = ec2.get_instance_by_id(instance_id)
    if instance is None or instance.state in ("shutting-down", "terminated"):
        return

    def terminated() -> str:
        ec2.terminate_instances([instance_id])
        if code:
            instance.state_reason = StateReason(f"{code}: {text}", code)
        vanish(world, region, [instance_id])
        return ""

    seconds = world.settings.shutdown_seconds
    if not seconds:
        terminated()
        return
    instance._state.name, instance._state.code = SHUTTING_DOWN
    instance.state_reason = StateReason(f"{code}: {text}", code) if code else StateReason()
    world.clock.at(world.now() + timedelta(seconds=seconds), terminated)


def vanish(world: World, region: str, ids: list[str]) -> None:
    """Remove terminated instances after an hour, as AWS does; moto shows them for ever. [D
    terminating-instances]"""

    def forget() -> str:
        ec2 = world.ec2(region)
        for reservation in list(ec2.reservations.values()):
            kept = [instance for instance in reservation.instances if instance.id not in ids]
            if not kept:
                del ec2.reservations[reservation.id]
            reservation.instances = kept
        for instance_id in ids:
            ec2.tags.pop(instance_id, None)
        return ""

    world.clock.at(world.now() + SHOWN_FOR, forget)


@operation("ec2", "DescribeInstances")
def describe(call: Call) -> MotoResult:
    """Answer DescribeInstances. Moto raises on the filter ``instance-lifecycle`` and pages by
    reservation tokens that vanish with them."""
    dry_run(call)
    ids, size = call.params.get("InstanceIds"), call.params.get("MaxResults")
    if ids and size:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
    filters = call.params.get("Filters", [])
    markets = [item["Values"] for item in filters if item["Name"] == "instance-lifecycle"]
    others = [item for item in filters if item["Name"] != "instance-lifecycle"]
    asked: Wire = {"Filters": others, "MaxResults": 1_000_000}
    answer = call.moto({**asked, "InstanceIds": ids} if ids else asked)
    reservations = []
    for reservation in answer["Reservations"]:
        reservation.instances = [
            instance
            for instance in reservation.instances
            if all((instance.lifecycle or "") in wanted for wanted in markets)
        ]
        if reservation.instances:
            reservations.append(reservation)
    answer["Reservations"], answer["NextToken"] = page(
        reservations, size or 1000, call.params.get("NextToken")
    )
    return answer


@operation("ec2", "TerminateInstances")
def terminate(call: Call) -> Wire:
    """Answer TerminateInstances. In moto they are terminated at once, and they keep no volume; and
    it informs its own Auto Scaling, so ours is informed here."""
    dry_run(call)
    ids = call.params["InstanceIds"]
    found = call.ec2.get_multi_instances_by_id(ids)
    for instance in found:
        if instance.disable_api_termination:
            raise AwsError(
                "OperationNotPermitted",
                f"The instance '{instance.id}' may not be terminated. Modify its "
                "'disableApiTermination' instance attribute and try again.",
            )
    states = []
    for instance in found:
        before = {"Code": instance.state_code, "Name": instance.state}
        end(call.world, call.region, instance.id)
        after = before if instance.state_code == before["Code"] else _state(SHUTTING_DOWN)
        words = {"InstanceId": instance.id, "PreviousState": before, "CurrentState": after}
        states.append(words)
    for notify in ON_TERMINATED:
        notify(call, ids)
    return {"TerminatingInstances": states}


def _state(state: tuple[str, int]) -> Wire:
    return {"Code": state[1], "Name": state[0]}


@operation("ec2", "StopInstances")
def stop(call: Call) -> MotoResult:
    """Answer StopInstances. On AWS a group terminates and replaces its instance that was
    stopped; in moto it stays. Moto also brings a terminated one back."""
    for instance_id in call.params["InstanceIds"]:
        instance = call.ec2.get_instance_by_id(instance_id)
        if instance is not None and instance.state == "terminated":
            message = (
                f"This instance '{instance_id}' is not in a state from which it can be stopped."
            )
            raise AwsError("IncorrectInstanceState", message)
    answer = call.moto()
    for notify in ON_STOPPED:
        notify(call, call.params["InstanceIds"])
    return answer
