"""What EC2 does to Spot instances: it recommends to leave them, warns, and takes them back.

[D spot-instance-termination-notices, rebalance-recommendations]
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from reconciler.sandbox.operations import Call
from reconciler.sandbox.services import bus, instances, machine
from reconciler.sandbox.services.groups import Groups
from reconciler.sandbox.services.metadata import Metadata
from reconciler.sandbox.world import ACCOUNT, World

NOTICE = timedelta(minutes=2)
RUNS = ("pending", "running")
CODE, TEXT = "Server.SpotInstanceTermination", "Spot instance termination"


def interrupt(world: World, region: str, instance_id: str, at_once: bool = False) -> datetime:
    """Warn that a Spot instance will be taken, take it two minutes later, and say when that is.

    At once: the warning and the end in one instant, as it happens on AWS too. The group that it
    was of replaces it if it still wants an instance and gets one. Raises: ValueError for an
    instance that is not there, does not run, or is not Spot.
    """
    instance = _spot(world, region, instance_id)
    # This ARN has a zone and no account, unlike any other. [D spot-instance-termination-notices]
    resource = f"arn:aws:ec2:{instance.placement.zone}:instance/{instance_id}"
    detail = {"instance-id": instance_id, "instance-action": "terminate"}
    kind = "EC2 Spot Instance Interruption Warning"
    bus.emit(world, region, "aws.ec2", kind, detail, [resource])

    def end() -> str:
        if instance.state not in RUNS:  # somebody was quicker
            return ""
        instances.end(world, region, instance_id, CODE, TEXT)
        call = Call(world, "ec2", "TerminateInstances", region, {"InstanceIds": [instance_id]})
        for notify in instances.ON_TERMINATED:
            notify(call, [instance_id])
        return f"{instance_id}: taken back by Spot"

    due = world.now() + (timedelta() if at_once else NOTICE)
    world.state(Metadata, region).ends[instance_id] = due
    if at_once:
        end()
    else:
        machine.warn(world, region, instance_id)
        world.clock.at(due, end)
    return due


def recommend(world: World, region: str, instance_id: str) -> None:
    """Recommend to leave a Spot instance, which may be taken sooner than others, or never.

    Raises: ValueError, as :func:`interrupt`.
    """
    _spot(world, region, instance_id)
    world.state(Metadata, region).recommended[instance_id] = world.now()
    resource = f"arn:aws:ec2:{region}:{ACCOUNT}:instance/{instance_id}"
    kind = "EC2 Instance Rebalance Recommendation"
    bus.emit(world, region, "aws.ec2", kind, {"instance-id": instance_id}, [resource])


def spot_of(world: World, region: str, name: str) -> list[str]:
    """List the Spot instances of an Auto Scaling group. Raises: ValueError if it is not there."""
    groups = world.state(Groups, region).by_name
    if name not in groups:
        known = ", ".join(sorted(groups)) or "none"
        raise ValueError(f"there is no Auto Scaling group {name} in {region}; there are: {known}")
    return [member.id for member in groups[name].staying if member.market == "spot"]


def _spot(world: World, region: str, instance_id: str) -> Any:
    instance = world.ec2(region).get_instance_by_id(instance_id)
    if instance is None:
        raise ValueError(f"there is no instance {instance_id} in {region}")
    if instance.lifecycle != "spot":
        raise ValueError(f"{instance_id} is no Spot instance: AWS takes only those back")
    if instance.state not in RUNS:
        raise ValueError(f"{instance_id} does not run: it is {instance.state}")
    return instance
