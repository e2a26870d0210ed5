"""What the tests of the sandbox share: clients as a user has them, and refusals by their code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reconciler.sandbox import Sandbox

IMAGE = "ami-0905e0a11de500001"
ROLE = "arn:aws:iam::123456789012:role/workstation-scheduler"
MINUTE = timedelta(minutes=1)
GPU: dict[str, Any] = {
    "VCpuCount": {"Min": 4, "Max": 16},
    "MemoryMiB": {"Min": 16384},
    "AcceleratorCount": {"Min": 1, "Max": 1},
    "AcceleratorManufacturers": ["nvidia"],
    "AcceleratorTypes": ["gpu"],
    "AcceleratorTotalMemoryMiB": {"Min": 22000},
}


class Aws:
    """Boto3 clients of one sandbox, made once each."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A client of the service in the region."""
        if (service, region) not in self._clients:
            make: Any = boto3.client
            self._clients[service, region] = make(
                service,
                region_name=region,
                endpoint_url=self.sandbox.endpoint,
                aws_access_key_id=self.key,
                aws_secret_access_key="sandbox",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service, region]

    @property
    def key(self) -> str:
        """The key of the sandbox's present start."""
        return self.sandbox.environment["AWS_ACCESS_KEY_ID"]

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @property
    def autoscaling(self) -> Any:
        return self.client("autoscaling")

    @property
    def efs(self) -> Any:
        return self.client("efs")

    @property
    def fsx(self) -> Any:
        return self.client("fsx")

    @property
    def scheduler(self) -> Any:
        return self.client("scheduler")

    @property
    def events(self) -> Any:
        return self.client("events")

    def subnets(self, tier: str = "private") -> list[str]:
        """The seeded subnets, in the order of their zones."""
        found = self.ec2.describe_subnets(Filters=[{"Name": "tag:Tier", "Values": [tier]}])
        ordered = sorted(found["Subnets"], key=lambda subnet: subnet["AvailabilityZone"])
        return [subnet["SubnetId"] for subnet in ordered]

    def template(self, name: str = "acme-alice", **data: Any) -> str:
        """A launch template of the golden image, and its id."""
        made = self.ec2.create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"ImageId": IMAGE, **data}
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def group(self, name: str = "acme-alice", **changes: Any) -> None:
        """A group as the product makes it, over a template that is there already."""
        words: dict[str, Any] = {
            "AutoScalingGroupName": name,
            "MinSize": 0,
            "MaxSize": 1,
            "DesiredCapacity": 0,
            "MixedInstancesPolicy": policy(),
        }
        if "VPCZoneIdentifier" not in changes:
            words["VPCZoneIdentifier"] = ",".join(self.subnets())
        self.autoscaling.create_auto_scaling_group(**{**words, **changes})

    def described(self, name: str = "acme-alice") -> Any:
        """The group as AWS shows it."""
        found = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return found["AutoScalingGroups"][0]


def policy(
    *overrides: dict[str, Any],
    on_demand: int = 0,
    spot: str = "price-capacity-optimized",
    **changes: Any,
) -> dict[str, Any]:
    """A mixed instances policy over the template ``acme-alice``."""
    specification = {"LaunchTemplateName": "acme-alice", "Version": "1"}
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {**specification, **changes},
            "Overrides": list(overrides) or [{"InstanceRequirements": GPU}],
        },
        "InstancesDistribution": {
            "OnDemandPercentageAboveBaseCapacity": on_demand,
            "SpotAllocationStrategy": spot,
        },
    }


def schedule(aws: Aws, name: str, expression: str, desired: int = 1, **changes: Any) -> None:
    """A schedule that sets the desired capacity of ``acme-alice``, by the wall in Berlin."""
    words = {"AutoScalingGroupName": "acme-alice", "DesiredCapacity": desired}
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:autoscaling:setDesiredCapacity",
        "RoleArn": ROLE,
        "Input": json.dumps(words),
    }
    request: dict[str, Any] = {
        "Name": name,
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": changes.pop("window", {"Mode": "OFF"}),
        "Target": {**target, **changes.pop("target", {})},
    }
    aws.scheduler.create_schedule(**request, **changes)


def moved(aws: Aws, to: datetime | timedelta) -> list[str]:
    """Move time, and tell what happened as ``day time what``."""
    clock = aws.sandbox.clock
    found = clock.forward(to) if isinstance(to, timedelta) else clock.to(to)
    return [f"{event.at:%m-%d %H:%M} {event.text}" for event in found]


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A time in UTC within the year that follows the Friday on which time stands still."""
    year = 2026 if month > 10 else 2027
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def signed(service: str, key: str) -> dict[str, str]:
    """The headers of a signed request as far as the sandbox reads them."""
    scope = f"{key}/20261120/us-east-1/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }


def order(aws: Aws) -> dict[str, str]:
    """The headers of a request to the control."""
    return {"Authorization": f"Bearer {aws.key}", "Content-Type": "application/json"}


@contextmanager
def refused(code: str, words: str = "") -> Iterator[None]:
    """The block must end in AWS's error of this code, with these words in its message."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert words in error["Message"]
