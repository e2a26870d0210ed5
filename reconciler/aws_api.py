"""What every part of the program calls AWS through, and the ARN partition of a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

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


class Aws(Protocol):
    """One account in one region. Both methods translate AWS's errors into ours."""

    region: str
    account: str
    partition: str

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call; `operation` is botocore's snake_case method name."""

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Every item of every page; raises rather than returning part of a list."""


def partition_of(region: str) -> str:
    """Name the ARN partition of a region, where nobody is signed in who could be asked."""
    found = (name for prefix, name in _PARTITIONS.items() if region.startswith(prefix))
    return next(found, "aws")
