"""Launch and end the instances that bake and test an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from reconciler.errors import AwsError, NotFound
from reconciler.images import read
from reconciler.images.model import IMAGE, NAME, STEP, BakeFailed, Builder, Context
from reconciler.plan.ownership import SITE, write_tags

VISIBLE_LIMIT = timedelta(minutes=3)
"""EC2 shows a new resource after a while (EC2 API, "Eventual consistency")."""

SHORTAGES = frozenset({
    "InsufficientCapacity",
    "InsufficientHostCapacity",
    "InsufficientInstanceCapacity",
    "InstanceLimitExceeded",
    "MaxSpotInstanceCountExceeded",
    "SpotMaxPriceTooLow",
    "Unsupported",
    "VcpuLimitExceeded",
})  # fmt: skip
"""EC2 has no such instance here, or not now (EC2 API, "Error codes"): the next type is tried."""

HOURS = {"bake": 4, "smoke": 1}
"""After these a builder ends itself, whatever has become of the command that launched it."""


def own_tags(context: Context, name: str, key: str) -> dict[str, str]:
    """Build the tags of everything that belongs to one image."""
    return {SITE: context.site, NAME: name, IMAGE: key}


def only_one(context: Context, key: str, step: str) -> Builder | None:
    """Find the builder of a step; of several, which two commands launched, the oldest stays."""
    found = read.builders(context.aws, context.site, image=key, step=step)
    if len(found) > 1:
        end(context, found[1:])
    return found[0] if found else None


def launch(
    context: Context,
    image_id: str,
    types: Iterable[str],
    markets: Iterable[str],
    root: Mapping[str, Any] | None,
    tags: Mapping[str, str],
) -> str:
    """Launch a builder on the first of the types that AWS has; returns "" where it has none.

    Raises: BakeFailed where EC2 does not show it in time.
    """
    step = tags[STEP]
    for market, instance_type, subnet in _places(context, types, markets):
        try:
            answer = context.aws.call(
                "ec2",
                "run_instances",
                ImageId=image_id,
                InstanceType=instance_type,
                MinCount=1,
                MaxCount=1,
                ClientToken=context.token(),
                SubnetId=subnet,
                IamInstanceProfile={"Name": context.network.instance_profile},
                MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
                InstanceInitiatedShutdownBehavior="terminate",
                UserData=f"#!/bin/sh\nshutdown -P +{HOURS[step] * 60}\n",
                TagSpecifications=[
                    {"ResourceType": resource, "Tags": write_tags(tags)}
                    for resource in ("instance", "volume")
                ],
                **({"BlockDeviceMappings": [dict(root)]} if root else {}),
                **({"InstanceMarketOptions": {"MarketType": "spot"}} if market == "spot" else {}),
            )
        except AwsError as error:
            if error.aws_code not in SHORTAGES:
                raise
            context.say(f"AWS has no {instance_type} ({market}) in {subnet}: {error.aws_code}")
            continue
        instance_id = str(answer["Instances"][0]["InstanceId"])
        context.say(f"{step} on {instance_id} ({instance_type}, {market})")
        _appear(context, instance_id, tags[IMAGE], step)
        return instance_id
    return ""


def _places(
    context: Context, types: Iterable[str], markets: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    kinds = tuple(types)
    for market in markets:
        for instance_type in kinds:
            for subnet in context.network.subnets:
                yield market, instance_type, subnet


def _appear(context: Context, instance_id: str, key: str, step: str) -> None:
    limit = context.now() + VISIBLE_LIMIT
    while context.now() < limit:
        found = read.builders(context.aws, context.site, image=key, step=step)
        # Another command may have ended this one in favour of its own, which is as good.
        if found:
            return
        context.pause(2)
    raise BakeFailed(f"EC2 launched {instance_id} and does not show it; build again")


def end(context: Context, builders: Iterable[Builder]) -> None:
    """Terminate builders; their volumes go with them."""
    for each in builders:
        try:
            context.aws.call("ec2", "terminate_instances", InstanceIds=[each.id])
        except NotFound:
            continue


def end_all(context: Context, key: str, step: str) -> None:
    """Terminate every builder of a step."""
    end(context, read.builders(context.aws, context.site, image=key, step=step))
