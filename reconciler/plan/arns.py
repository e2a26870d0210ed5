"""ARNs of what is not asked for it: the partition of a region, the topic of a site."""

from __future__ import annotations

from reconciler.aws_api import Aws
from reconciler.plan.names import events_name

_PARTITIONS = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}
"""How names of regions begin that are not in the partition `aws` (botocore, partitions.json)."""


def partition_of(region: str) -> str:
    """Name the ARN partition of a region, where nobody is signed in who could be asked."""
    found = (name for prefix, name in _PARTITIONS.items() if region.startswith(prefix))
    return next(found, "aws")


def topic_arn(aws: Aws, site: str) -> str:
    """Build the ARN of the site's topic in the region of `aws`."""
    return f"arn:{aws.partition}:sns:{aws.region}:{aws.account}:{events_name(site)}"
