"""The AWS services that the product calls, and the names that each has besides botocore's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One service. `id` is its service id in botocore's model; `iam` is given where it differs from
    the name of the client."""

    id: str  # "Auto Scaling"
    iam: str = ""  # the prefix of its actions in IAM policies and CloudTrail

    @property
    def endpoint(self) -> str:
        """Return its identifier in variables; in lower case it is that of a configuration file."""
        return self.id.upper().replace(" ", "_")

    @property
    def event(self) -> str:
        """Return its name in botocore's events."""
        return self.id.lower().replace(" ", "-")


SERVICES: Mapping[str, Service] = {
    "autoscaling": Service("Auto Scaling"),
    "cloudwatch": Service("CloudWatch"),
    "ec2": Service("EC2"),
    "efs": Service("EFS", iam="elasticfilesystem"),
    "events": Service("EventBridge"),
    "fsx": Service("FSx"),
    "iam": Service("IAM"),
    "kms": Service("KMS"),
    "pricing": Service("Pricing"),
    "scheduler": Service("Scheduler"),
    "service-quotas": Service("Service Quotas", iam="servicequotas"),
    "sns": Service("SNS"),
    "sqs": Service("SQS"),
    "ssm": Service("SSM"),
    "sts": Service("STS"),
}
"""By the names of botocore's clients (AWS SDKs and Tools reference guide, "Identifiers for
service-specific endpoints"; Service Authorization Reference)."""

_PREFIXES = {
    known: service.iam or name
    for name, service in SERVICES.items()
    for known in (name, service.event)
}


def iam_prefix(service: str) -> str:
    """Return the prefix of a service's actions, from the name of its client or of its events."""
    return _PREFIXES.get(service, service)
