"""Why a launch failed: Auto Scaling's status messages, sorted by what one can do about them. Pure.

The messages are prose, of two forms: with a market and an EC2 code (mixed instances policies),
`Could not launch Spot Instances. <Code> - <text>`, and the bare text of plain groups. The code
decides where there is one (EC2 Auto Scaling user guide, "Troubleshoot instance launch failures";
EC2 API error codes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

Market = Literal["spot", "on-demand", ""]


class Cause(Enum):
    """What kept an instance from starting: why, in a sentence, and the next step."""

    SPOT_CAPACITY = (
        "AWS has no Spot capacity left in any of its instance types and zones",
        "nothing to do: Auto Scaling keeps asking; more types or zones in the YAML help next time",
    )
    SPOT_QUOTA = (
        "the account's Spot vCPU quota is used up",
        "ask for more: Service Quotas, EC2, All G and VT Spot Instance Requests (L-3819A6DF); "
        "waiting does not help",
    )
    ON_DEMAND_CAPACITY = (
        "AWS has no On-Demand capacity left for these instance types in these zones",
        "nothing to do: Auto Scaling keeps asking; more types or zones in the YAML help next time",
    )
    ON_DEMAND_QUOTA = (
        "the account's On-Demand vCPU quota is used up",
        "ask for more: Service Quotas, EC2, Running On-Demand G and VT instances (L-DB2E81BA); "
        "neither waiting nor Spot's quota helps",
    )
    NOT_OFFERED = (
        "an instance type is not offered in a zone it was asked for in",
        "correct instance_types or availability_zones in the YAML; `reconcile doctor` lists the "
        "offers",
    )
    PRICE_LIMIT = (
        "a maximum Spot price on the group is below the market's",
        "take the maximum price off the group: the next run of reconcile does",
    )
    KEY = (
        "Auto Scaling may not use the KMS key of a disk",
        "let the role AWSServiceRoleForAutoScaling use the key, with a grant (kms:CreateGrant) in "
        "the key's policy",
    )
    ACCOUNT_PLAN = (
        "the account's plan (free tier) does not include this instance type",
        "upgrade the account's plan in the Billing console",
    )
    SERVICE_ROLE = (
        "AWS was still making a role it needs, as it does at an account's first launch",
        "nothing to do: the next attempt finds the role",
    )
    OTHER = (
        "AWS refused the launch",
        "show the message to whoever looks after the platform",
    )

    @property
    def why(self) -> str:
        """The cause, as a sentence without its full stop."""
        return self.value[0]

    @property
    def step(self) -> str:
        """What to do next."""
        return self.value[1]


SPOT_IS_DRY = frozenset({Cause.SPOT_CAPACITY, Cause.SPOT_QUOTA})
"""What On-Demand mends; its own quota is another."""

_CODES = {
    "UnfulfillableCapacity": (Cause.SPOT_CAPACITY, Cause.ON_DEMAND_CAPACITY),
    "InsufficientInstanceCapacity": (Cause.SPOT_CAPACITY, Cause.ON_DEMAND_CAPACITY),
    "MaxSpotInstanceCountExceeded": (Cause.SPOT_QUOTA, Cause.SPOT_QUOTA),
    "VcpuLimitExceeded": (Cause.ON_DEMAND_QUOTA, Cause.ON_DEMAND_QUOTA),
    "InstanceLimitExceeded": (Cause.ON_DEMAND_QUOTA, Cause.ON_DEMAND_QUOTA),
    "InvalidFleetConfiguration": (Cause.NOT_OFFERED, Cause.NOT_OFFERED),
    "Unsupported": (Cause.NOT_OFFERED, Cause.NOT_OFFERED),
    "SpotMaxPriceTooLow": (Cause.PRICE_LIMIT, Cause.PRICE_LIMIT),
    "ServiceLinkedRoleFailure": (Cause.SERVICE_ROLE, Cause.SERVICE_ROLE),
}
"""By code: what it means of Spot, and of On-Demand."""

_TEXTS = (
    ("no spot capacity available", Cause.SPOT_CAPACITY),
    ("max spot instance count exceeded", Cause.SPOT_QUOTA),
    ("more vcpu capacity than your current vcpu limit", Cause.ON_DEMAND_QUOTA),
    ("is not supported in your requested availability zone", Cause.NOT_OFFERED),
    ("lower than the minimum required spot request fulfillment price", Cause.PRICE_LIMIT),
    ("not eligible for free tier", Cause.ACCOUNT_PLAN),
    ("client.internalerror", Cause.KEY),
    ("client error on launch", Cause.KEY),
    ("service-linked role", Cause.SERVICE_ROLE),
    ("sufficient", Cause.ON_DEMAND_CAPACITY),  # "do not have sufficient <type> capacity in"
)
"""By text, the first that is found in it; for messages without a code, or with a general one."""

_FORM = re.compile(r"Could not launch (Spot|On-Demand) Instances\. (?:(\w+) - )?")
_TYPE = re.compile(
    r"\b([a-z][a-z0-9-]*\d[a-z0-9-]*\.(?:metal|nano|micro|small|medium|\d*x?large)(?:-\w+)?)\b"
)
_FAILED = ("Failed", "Cancelled")
_LAUNCHING = "Launching a new EC2 instance"


@dataclass(frozen=True)
class Failure:
    """One launch that failed. Type and zone are "" where the message names none: all of them."""

    at: datetime
    cause: Cause
    market: Market
    code: str
    instance_type: str
    zone: str
    message: str


def read(activity: Mapping[str, Any]) -> Failure | None:
    """A scaling activity (DescribeScalingActivities) as a failed launch, or None."""
    message = str(activity.get("StatusMessage", ""))
    if activity["StatusCode"] not in _FAILED or not message:
        return None
    if not str(activity.get("Description", _LAUNCHING)).startswith(_LAUNCHING):
        return None  # a termination that failed
    market, code, cause = classify(message)
    named = _TYPE.search(message)
    return Failure(
        at=activity["StartTime"],
        cause=cause,
        market=market,
        code=code,
        instance_type=named[1] if named else "",
        zone=_zone(activity),
        message=message,
    )


def launched(activity: Mapping[str, Any]) -> bool:
    """Whether an activity brought an instance up."""
    described = str(activity.get("Description", ""))
    return activity["StatusCode"] == "Successful" and described.startswith(_LAUNCHING)


def classify(message: str) -> tuple[Market, str, Cause]:
    """Market, EC2 code and cause of a status message."""
    found = _FORM.match(message)
    market: Market = ""
    if found:
        market = "spot" if found[1] == "Spot" else "on-demand"
    code = found[2] or "" if found else ""
    if not code:
        first = re.match(r"(?:Client\.)?([A-Z]\w+) - ", message)
        code = first[1] if first else ""
    if code in _CODES:
        return market, code, _CODES[code][market == "on-demand"]
    lowered = message.lower()
    cause = next((cause for text, cause in _TEXTS if text in lowered), Cause.OTHER)
    return market, code, cause


def _zone(activity: Mapping[str, Any]) -> str:
    try:
        return str(json.loads(activity.get("Details") or "{}").get("Availability Zone", ""))
    except ValueError:
        return ""


def dry_since(activities: Iterable[Mapping[str, Any]]) -> tuple[datetime, Failure] | None:
    """Since when every launch failed in one market, and the newest failure; newest first."""
    newest: Failure | None = None
    since: datetime | None = None
    for activity in activities:
        if launched(activity):
            break
        failure = read(activity)
        if failure is None:
            continue
        newest = newest or failure
        if failure.market != newest.market:  # before the group changed its market
            break
        since = failure.at
    return (since, newest) if since and newest else None
