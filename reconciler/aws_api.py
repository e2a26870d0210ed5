"""What every part of the program calls AWS through: one account, in one region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class Aws(Protocol):
    """One account in one region. Both doors translate AWS's errors into ours."""

    region: str
    account: str
    partition: str

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call; `operation` is botocore's snake_case method name."""

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Every item of every page; raises rather than returning part of a list."""
