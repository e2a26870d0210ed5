"""What an hour costs, asked of AWS: the right question, and no answer is None, never an error."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.aws.client import Session
from reconciler.aws.prices import Market, hourly_price
from reconciler.errors import Denied, Throttled, Unreachable, UsageError
from tests.money.test_compute import product
from tests.support.fake_aws import FakeAws

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZONE = "us-east-1a"


def ask(aws: FakeAws, market: Market) -> Any:
    return hourly_price(aws, "g5.xlarge", ZONE, market, lambda: NOW)


def test_spot_is_asked_for_one_pool_from_now_on() -> None:
    rows = [{"Timestamp": NOW, "SpotPrice": "0.42"}]
    aws = FakeAws(describe_spot_price_history={"SpotPriceHistory": rows})
    assert ask(aws, "spot").hourly == Decimal("0.42")
    [call] = aws.calls
    assert (call.operation, call.parameters) == (
        "describe_spot_price_history",
        {
            "StartTime": NOW,
            "InstanceTypes": ["g5.xlarge"],
            "AvailabilityZone": ZONE,
            "ProductDescriptions": ["Linux/UNIX"],
        },
    )


def test_on_demand_is_asked_for_one_product() -> None:
    aws = FakeAws(get_products={"PriceList": [product()]})
    assert ask(aws, "on-demand").hourly == Decimal("1.006")
    [call] = aws.calls
    assert {f["Field"]: f["Value"] for f in call.parameters["Filters"]} == {
        "regionCode": "us-east-1",
        "instanceType": "g5.xlarge",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
    }


@pytest.mark.parametrize(
    "error",
    [
        Denied(
            "pricing:GetProducts", "AccessDenied", "no", "us-east-1", "pricing:GetProducts", "*"
        ),
        Throttled("pricing:GetProducts", "Throttling", "slow down"),
        Unreachable("pricing:GetProducts", "ConnectTimeoutError", "no answer"),
        UsageError("the credentials have ended"),
    ],
)
def test_no_answer_is_no_price(error: Exception) -> None:
    aws = FakeAws(describe_spot_price_history=error, get_products=error)
    assert ask(aws, "spot") is None
    assert ask(aws, "on-demand") is None


def test_elsewhere_than_in_the_commercial_partition_nothing_is_asked() -> None:
    aws = FakeAws()
    aws.partition = "aws-cn"
    assert ask(aws, "on-demand") is None
    assert aws.calls == []


def test_the_price_list_is_asked_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has endpoints in three regions; its list is of all."""
    import boto3

    session = Session(boto3.Session())
    assert session.client("pricing", "eu-west-1").meta.region_name == "us-east-1"
    assert session.client("ec2", "eu-west-1").meta.region_name == "eu-west-1"


def test_on_the_local_aws(sandbox: Sandbox) -> None:
    import boto3

    for region, zone in (("us-east-1", ZONE), ("eu-central-1", "eu-central-1a")):
        door = Session(boto3.Session()).region(region)
        spot, paid = (
            hourly_price(door, "g5.xlarge", zone, market) for market in ("spot", "on-demand")
        )
        assert spot is not None
        assert paid is not None
        assert 0 < spot.hourly < paid.hourly
        assert hourly_price(door, "g99.xlarge", zone, "on-demand") is None
