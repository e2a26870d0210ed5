from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.sandbox.server import throttling
from reconciler.sandbox.server.throttling import throttle
from tests.sandbox.helpers import Aws, refused

REGION = "us-east-1"
CALLS: dict[str, Callable[[Any], Any]] = {
    "autoscaling": lambda client: client.describe_auto_scaling_groups(),
    "ec2": lambda client: client.describe_vpcs(),
    "efs": lambda client: client.describe_file_systems(),
    "events": lambda client: client.list_rules(),
    "fsx": lambda client: client.describe_file_systems(),
    "pricing": lambda client: client.get_products(ServiceCode="AmazonEC2"),
    "scheduler": lambda client: client.list_schedules(),
    "service-quotas": lambda client: client.list_service_quotas(ServiceCode="ec2"),
    "ssm": lambda client: client.get_parameter(Name="/golden/gpu-desktop"),
}


def test_every_service_that_can_be_throttled_is_tried_here() -> None:
    assert set(CALLS) == set(throttling.ERRORS)


@pytest.mark.parametrize("service", CALLS)
def test_a_number_of_calls_is_refused_in_the_service_s_own_words(aws: Aws, service: str) -> None:
    code, _, _ = throttling.ERRORS[service]
    throttle(aws.sandbox.world, REGION, service, calls=2)
    for _ in range(2):
        with refused(code, "xceeded"):
            CALLS[service](aws.client(service))
    CALLS[service](aws.client(service))


@pytest.mark.parametrize(("service", "status"), [("scheduler", 429), ("ec2", 503), ("ssm", 400)])
def test_the_status_is_the_service_s_too(aws: Aws, service: str, status: int) -> None:
    throttle(aws.sandbox.world, REGION, service, calls=1)
    with pytest.raises(ClientError) as caught:
        CALLS[service](aws.client(service))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_throttle_is_of_operations_and_a_region_for_a_time(aws: Aws) -> None:
    throttle(aws.sandbox.world, REGION, "ec2", "Describe*", lasting=timedelta(minutes=5))
    for _ in range(3):
        with refused("RequestLimitExceeded"):
            aws.ec2.describe_subnets()
    aws.template()
    assert aws.client("ec2", "eu-central-1").describe_subnets()["Subnets"]
    aws.sandbox.clock.forward(timedelta(minutes=5))
    assert aws.ec2.describe_subnets()["Subnets"]


def test_a_throttle_can_be_taken_back(aws: Aws) -> None:
    throttle(aws.sandbox.world, REGION, "ec2", calls=100)
    throttling.relieve(aws.sandbox.world, REGION)
    assert aws.ec2.describe_subnets()["Subnets"]


@pytest.mark.parametrize(
    ("service", "limits", "words"),
    [
        ("iam", {"calls": 1}, "iam cannot be throttled here; autoscaling, ec2"),
        ("ec2", {}, "one of both"),
        ("ec2", {"calls": 1, "lasting": timedelta(1)}, "one of both"),
        ("ec2", {"calls": 0}, "one call or more"),
        ("ec2", {"lasting": timedelta()}, "above zero"),
    ],
)
def test_throttles_that_are_wrong(aws: Aws, service: str, limits: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        throttle(aws.sandbox.world, REGION, service, **limits)
