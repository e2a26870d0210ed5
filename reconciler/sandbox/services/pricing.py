"""Prices over AWS's two ways to ask: DescribeSpotPriceHistory and the Price List API."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator

from botocore.loaders import Loader
from moto.ec2.models.instance_types import INSTANCE_TYPES

from reconciler.sandbox.operations import AwsError, Call, Wire, dry_run, operation, page
from reconciler.sandbox.services import prices
from reconciler.sandbox.services.instance_types import offered, offerings, vcpus

LINUX = "Linux/UNIX"
REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1")


@operation("ec2", "DescribeSpotPriceHistory")
def spot_history(call: Call) -> Wire:
    """Answer DescribeSpotPriceHistory. Moto answers 0.00001 since 2006 to every request; here it
    is the current price of every pool."""
    dry_run(call)
    params = call.params
    wanted = {item["Name"]: set(item.get("Values", [])) for item in params.get("Filters", [])}
    known = {"availability-zone", "instance-type", "product-description"}
    if unknown := sorted(set(wanted) - known):
        raise AwsError("InvalidParameterValue", f"The filter '{unknown[0]}' is invalid.")
    products = set(params.get("ProductDescriptions", [LINUX])) & wanted.get(
        "product-description", {LINUX}
    )
    types = set(params.get("InstanceTypes") or prices.table()["instances"])
    types &= wanted.get("instance-type", types)
    zones = [
        zone for zone in offerings("availability-zone", call.region) if _is_selected(call, zone)
    ]
    zones = [zone for zone in zones if zone in wanted.get("availability-zone", {zone})]
    rows = [
        {
            "AvailabilityZone": zone,
            "InstanceType": name,
            "ProductDescription": LINUX,
            "SpotPrice": f"{prices.spot(name, zone, vcpus(name)):.6f}",
            "Timestamp": call.world.now(),
        }
        for name in sorted(types)
        for zone in zones
        if products & {LINUX, f"{LINUX} (Amazon VPC)"} and offered(name, zone)
    ]
    shown, token = page(rows, int(params.get("MaxResults", 1000)), params.get("NextToken"))
    return {"SpotPriceHistory": shown, "NextToken": token or ""}


def _is_selected(call: Call, zone: str) -> bool:
    name, zone_id = call.params.get("AvailabilityZone"), call.params.get("AvailabilityZoneId")
    ids = {known.name: known.zone_id for known in call.ec2.describe_availability_zones()}
    return name in (None, zone) and zone_id in (None, ids.get(zone))


@functools.cache
def _location(region: str) -> str:
    partitions = Loader().load_data("endpoints")["partitions"]
    name = partitions[0]["regions"][region]["description"]
    return str(name).replace("Europe", "EU")  # the Price List keeps the older name


@operation("pricing", "GetProducts")
def products(call: Call) -> Wire:
    """Answer GetProducts. Moto has no Price List API. Filters match attributes; the list is of
    JSON texts."""
    size = int(call.params.get("MaxResults", 100))
    found = [
        product
        for product in _offers(call.params["ServiceCode"], call.params.get("Filters", []))
        if all(_matches(product, item) for item in call.params.get("Filters", []))
    ]
    shown, token = page(found, size, call.params.get("NextToken"))
    return {
        "FormatVersion": "aws_v1",
        "PriceList": [json.dumps(product) for product in shown],
        "NextToken": token,
    }


def _matches(product: Wire, item: Wire) -> bool:
    attributes = {
        **product["product"]["attributes"],
        "productFamily": product["product"]["productFamily"],
        "sku": product["product"]["sku"],
    }
    value, wanted = attributes.get(item["Field"]), item["Value"]
    listed = [part.strip() for part in wanted.split(",")]
    match item["Type"]:
        case "TERM_MATCH" | "EQUALS":
            return bool(value == wanted)
        case "CONTAINS":
            return value is not None and wanted in value
        case "ANY_OF":
            return value in listed
        case "NONE_OF":
            return value not in listed
    raise AwsError("InvalidParameterException", f"{item['Type']} is not a filter type.")


@functools.cache
def _catalogue(service: str) -> tuple[Wire, ...]:
    makers = {"AmazonEC2": _ec2, "AmazonFSx": _fsx}
    return tuple(makers[service]()) if service in makers else ()


def _offers(service: str, filters: list[Wire]) -> Iterator[Wire]:
    """The catalogue, and types that are not in it as soon as they are asked for by name."""
    yield from _catalogue(service)
    named = {
        name.strip()
        for item in filters
        if item["Field"] == "instanceType" and item["Type"] in ("TERM_MATCH", "EQUALS", "ANY_OF")
        for name in item["Value"].split(",")
    }
    if service == "AmazonEC2":
        for name in sorted(named - set(prices.table()["instances"])):
            yield from _everywhere(name)


def _everywhere(name: str) -> Iterator[Wire]:
    for region in REGIONS:
        if any(name in types for types in offerings("region", region).values()):
            yield from _instances(name, region)


def _ec2() -> Iterator[Wire]:
    for name in prices.table()["instances"]:
        yield from _everywhere(name)
    for region in REGIONS:
        for kind, costs in prices.table()["ebs"].items():
            yield from _volumes(kind, costs, region)


def _instances(name: str, region: str) -> Iterator[Wire]:
    """Three products a type, as AWS has: in use, and the two of capacity reservations."""
    cost = prices.on_demand(name, region, vcpus(name))
    for status, price in (
        ("Used", cost),
        ("UnusedCapacityReservation", cost),
        ("AllocatedCapacityReservation", 0.0),
    ):
        attributes = {
            "capacitystatus": status,
            "instanceType": name,
            "instanceFamily": "GPU instance" if "GpuInfo" in INSTANCE_TYPES[name] else "General",
            "licenseModel": "No License required",
            "marketoption": "OnDemand",
            "operatingSystem": "Linux",
            "operation": "RunInstances",
            "preInstalledSw": "NA",
            "tenancy": "Shared",
            "vcpu": str(vcpus(name)),
        }
        yield _product("AmazonEC2", "Compute Instance", region, attributes, price, "Hrs")


def _volumes(kind: str, costs: Wire, region: str) -> Iterator[Wire]:
    families = {
        "storage": ("Storage", "GB-Mo"),
        "iops": ("System Operation", "IOPS-Mo"),
        "throughput": ("Provisioned Throughput", "MiBps-Mo"),
    }
    for dimension, cost in costs.items():
        family, unit = families[dimension]
        price = round(cost * prices.factor(region), 6)
        yield _product("AmazonEC2", family, region, {"volumeApiName": kind}, price, unit)


def _fsx() -> Iterator[Wire]:
    for region in REGIONS:
        for storage, deployments in prices.table()["fsx_lustre"].items():
            for deployment, throughputs in deployments.items():
                for throughput, cost in throughputs.items():
                    attributes = {
                        "fileSystemType": "Lustre",
                        "deploymentOption": deployment,
                        "storageType": storage,
                        "throughputCapacity": throughput,
                    }
                    price = round(cost * prices.factor(region), 6)
                    yield _product("AmazonFSx", "Storage", region, attributes, price, "GB-Mo")


def _product(
    service: str, family: str, region: str, attributes: dict[str, str], price: float, unit: str
) -> Wire:
    """One product and its On-Demand term, as the Price List writes them."""
    sku = f"{hash_of(service, family, region, *attributes.values()):016X}"
    term, rate = f"{sku}.JRTCKXETXF", f"{sku}.JRTCKXETXF.6YS6EN2CT7"
    dimension = {
        "rateCode": rate,
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${price:.10f} per {unit}",
        "appliesTo": [],
        "pricePerUnit": {"USD": f"{price:.10f}"},
    }
    return {
        "product": {
            "sku": sku,
            "productFamily": family,
            "attributes": {
                **attributes,
                "servicecode": service,
                "regionCode": region,
                "location": _location(region),
                "locationType": "AWS Region",
            },
        },
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                term: {
                    "sku": sku,
                    "offerTermCode": "JRTCKXETXF",
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "priceDimensions": {rate: dimension},
                    "termAttributes": {},
                }
            }
        },
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }


def hash_of(*words: str) -> int:
    """Hash words to a number that is always the same."""
    return int.from_bytes(hashlib.sha256("/".join(words).encode()).digest()[:8], "big")
