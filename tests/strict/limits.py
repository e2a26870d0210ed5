"""How AWS says that it is too much: error codes by service, and token buckets."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT = {
    "autoscaling": "LimitExceeded",
    "ec2": "SecurityGroupLimitExceeded",
    "efs": "FileSystemLimitExceeded",
    "events": "LimitExceededException",
    "fsx": "ServiceLimitExceeded",
    "scheduler": "ServiceQuotaExceededException",
    "sns": "TopicLimitExceeded",
    "sqs": "OverLimit",
}
THROTTLE = {
    "autoscaling": "Throttling",
    "ec2": "RequestLimitExceeded",
    "sns": "Throttling",
    "sqs": "RequestThrottled",
}


@dataclass
class Bucket:
    """Requests that may come at once, and how many a second come back (AWS facts 6.2)."""

    size: float
    refill: float
    left: float = -1.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Whether one more request fits."""
        left = self.size if self.left < 0 else self.left
        self.left = min(self.size, left + (now - self.at) * self.refill)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
