"""What an hour of an instance type costs now. In a report, no answer is no price, not an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from reconciler.aws_api import Aws
from reconciler.errors import AwsError, UsageError
from reconciler.money import compute
from reconciler.money.compute import Price
from reconciler.plan.projection import ODD

Market = Literal["spot", "on-demand"]


def hourly_price(
    aws: Aws,
    instance_type: str,
    zone: str,
    market: Market,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Price | None:
    """Find the price per hour: Linux, shared tenancy, in the region of `aws`; None when it
    cannot be known."""
    try:
        if market == "spot":
            return _spot(aws, instance_type, zone, now())
        return _on_demand(aws, instance_type)
    except (AwsError, UsageError, *ODD):
        return None


def _spot(aws: Aws, instance_type: str, zone: str, now: datetime) -> Price | None:
    # From now on: the change before it, which is the price in force, comes along.
    history = aws.pages(
        "ec2",
        "describe_spot_price_history",
        "SpotPriceHistory",
        StartTime=now,
        InstanceTypes=[instance_type],
        AvailabilityZone=zone,
        ProductDescriptions=["Linux/UNIX"],
    )
    return compute.spot(history)


def _on_demand(aws: Aws, instance_type: str) -> Price | None:
    if aws.partition != "aws":  # elsewhere the list is another, and in China not in dollars
        return None
    wanted = {
        "regionCode": aws.region,
        "instanceType": instance_type,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
    }
    products = aws.call(
        "pricing",
        "get_products",
        ServiceCode="AmazonEC2",
        Filters=[{"Type": "TERM_MATCH", "Field": f, "Value": v} for f, v in wanted.items()],
    )
    return compute.on_demand(products["PriceList"])
