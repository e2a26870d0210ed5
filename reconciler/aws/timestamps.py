"""Times as AWS writes them, without the cost of reading them as botocore does.

Its guesses (dateutil) take eighty times as long: a sixth of the reads of a run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp


def moment(value: Any) -> datetime:
    """Parse an instant as botocore would, in UTC; a text that is neither epoch nor ISO is left
    to botocore."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        # Only with a zone and a clock: Python reads `20240102` as a day, botocore as seconds.
        if value.endswith("Z") and "T" in value:
            return datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        pass
    read: datetime = parse_timestamp(value)
    return read
