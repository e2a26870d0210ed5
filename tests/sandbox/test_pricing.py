from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.sandbox.services import prices
from tests.sandbox.helpers import Aws


def history(aws: Aws, region: str = "us-east-1", **words: Any) -> dict[tuple[str, str], float]:
    pages = aws.client("ec2", region).get_paginator("describe_spot_price_history")
    rows = [row for page in pages.paginate(**words) for row in page["SpotPriceHistory"]]
    now = aws.sandbox.clock.now()
    assert all(abs((now - row["Timestamp"]).total_seconds()) < 60 for row in rows)
    return {(row["InstanceType"], row["AvailabilityZone"]): float(row["SpotPrice"]) for row in rows}


def test_spot_prices_are_believable_and_steady(running: Aws) -> None:
    first = history(running, InstanceTypes=["g5.xlarge"], ProductDescriptions=["Linux/UNIX"])
    assert {zone[:-1] for _, zone in first} == {"us-east-1"}
    assert all(0.3 * 1.006 <= price <= 0.65 * 1.006 for price in first.values())
    assert len(set(first.values())) > 1
    assert history(running, InstanceTypes=["g5.xlarge"]) == first


def test_spot_prices_by_zone_and_product(running: Aws) -> None:
    types = ["g5.xlarge", "g6.xlarge"]
    here = history(running, InstanceTypes=types, AvailabilityZone="us-east-1b")
    assert set(here) == {(name, "us-east-1b") for name in types}
    assert history(running, InstanceTypes=types, ProductDescriptions=["Windows"]) == {}
    filters = [{"Name": "availability-zone", "Values": ["us-east-1b"]}]
    assert history(running, InstanceTypes=types, Filters=filters) == here
    assert history(running, "eu-central-1", InstanceTypes=["g5.xlarge"])


def products(aws: Aws, service: str, **filters: str) -> list[Any]:
    pages = (
        aws.client("pricing")
        .get_paginator("get_products")
        .paginate(
            ServiceCode=service,
            Filters=[
                {"Type": "TERM_MATCH", "Field": field, "Value": value}
                for field, value in filters.items()
            ],
        )
    )
    return [json.loads(text) for page in pages for text in page["PriceList"]]


def usd(product: Any) -> float:
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    return float(dimension["pricePerUnit"]["USD"])


def test_the_usual_filters_find_one_on_demand_price(running: Aws) -> None:
    (product,) = products(
        running,
        "AmazonEC2",
        instanceType="g6.xlarge",
        regionCode="us-east-1",
        operatingSystem="Linux",
        tenancy="Shared",
        preInstalledSw="NA",
        capacitystatus="Used",
        marketoption="OnDemand",
    )
    assert usd(product) == 0.8048
    assert product["product"]["attributes"]["location"] == "US East (N. Virginia)"


def test_without_them_capacity_reservations_come_too(running: Aws) -> None:
    found = products(running, "AmazonEC2", instanceType="g6.xlarge", regionCode="eu-central-1")
    assert sorted(usd(product) for product in found) == [0.0, 1.006, 1.006]


def test_several_types_at_once(running: Aws) -> None:
    wanted = [
        {"Type": "ANY_OF", "Field": "instanceType", "Value": "g5.xlarge,g6.xlarge"},
        {"Type": "EQUALS", "Field": "regionCode", "Value": "us-east-1"},
        {"Type": "NONE_OF", "Field": "capacitystatus", "Value": "AllocatedCapacityReservation"},
        {"Type": "CONTAINS", "Field": "capacitystatus", "Value": "Use"},
    ]
    found = running.client("pricing").get_products(ServiceCode="AmazonEC2", Filters=wanted)
    types = [json.loads(text)["product"]["attributes"] for text in found["PriceList"]]
    assert sorted(product["instanceType"] for product in types) == ["g5.xlarge", "g6.xlarge"]


def test_storage_has_a_price(running: Aws) -> None:
    (gp3,) = products(
        running,
        "AmazonEC2",
        productFamily="Storage",
        volumeApiName="gp3",
        regionCode="us-east-1",
    )
    assert usd(gp3) == 0.08
    (lustre,) = products(
        running,
        "AmazonFSx",
        fileSystemType="Lustre",
        deploymentOption="PERSISTENT_2",
        storageType="SSD",
        throughputCapacity="125",
        regionCode="us-east-1",
    )
    assert usd(lustre) == 0.145


def test_every_type_that_launches_has_both_prices(running: Aws) -> None:
    name = "m6a.4xlarge"
    (product,) = products(
        running,
        "AmazonEC2",
        instanceType=name,
        regionCode="us-east-1",
        operatingSystem="Linux",
        preInstalledSw="NA",
        tenancy="Shared",
        capacitystatus="Used",
    )
    assert usd(product) == pytest.approx(16 * prices.UNKNOWN_PER_VCPU)
    assert max(history(running, InstanceTypes=[name]).values()) < usd(product)
    assert products(running, "AmazonEC2", instanceType="zz.large") == []
    assert products(running, "AmazonFSx", instanceType=name) == []
