"""Failed launches: Auto Scaling's status messages, classified by cause. Pure.

The messages are prose, of three forms: with a market and an EC2 code (mixed instances policies),
`Could not launch Spot Instances. <Code> - <text>`; of an instance that was there already,
`... Termination Reason: <Code>: <text>`; and the bare text of plain groups. A text that says one
thing decides; then the code (EC2 Auto Scaling user guide, "Troubleshoot issues"; EC2 API error
codes; EC2 API, StateReason). tests/power/data/launch_failures.yaml has real ones, with sources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from reconciler.plan.projection import ODD
from reconciler.power.failure_causes import Cause

Market = Literal["spot", "on-demand", ""]

_TEXTS = (
    ("no spot capacity available", Cause.SPOT_CAPACITY),
    ("no more unused capacity available", Cause.SPOT_CAPACITY),
    ("spot instance count exceeded", Cause.SPOT_QUOTA),
    ("spread placement group", Cause.LAUNCH_TEMPLATE),
    ("placement groups may not be used", Cause.LAUNCH_TEMPLATE),
    ("requested reservation", Cause.RESERVATION),
    ("do not have sufficient", Cause.ON_DEMAND_CAPACITY),  # "... <type> capacity in the ..."
    ("than your current vcpu limit", Cause.ON_DEMAND_QUOTA),
    ("than your current instance limit", Cause.ON_DEMAND_QUOTA),
    ("instance(s) are already running", Cause.ON_DEMAND_QUOTA),
    ("fleet requests for this account", Cause.FLEET_QUOTA),
    ("volume limit exceeded", Cause.VOLUME_QUOTA),
    ("storage limit of", Cause.VOLUME_QUOTA),
    ("enough free addresses", Cause.ADDRESS),
    ("sufficient free ipv4 addresses", Cause.ADDRESS),
    ("not eligible for free tier", Cause.ACCOUNT_PLAN),
    ("aws marketplace product", Cause.SUBSCRIPTION),
    ("is being validated", Cause.VERIFICATION),
    ("currently being verified", Cause.VERIFICATION),
    ("account is currently blocked", Cause.ACCOUNT),
    ("not subscribed to this service", Cause.ACCOUNT),
    ("create the service-linked role", Cause.SERVICE_ROLE_DENIED),
    ("authentication failure", Cause.SERVICE_ROLE),  # seconds after the role was made
    ("service-linked role", Cause.SERVICE_ROLE),
    ("not authorized for images", Cause.IMAGE),
    ("not authorized to perform", Cause.PERMISSION),
    ("is smaller than", Cause.DISK),
    ("invalid snapshot", Cause.IMAGE),
    ("invalid device name", Cause.DISK),
    ("for parameter virtualname", Cause.DISK),
    ("block device mappings", Cause.DISK),
    ("volume size must be provided", Cause.DISK),
    ("does not match the architecture", Cause.IMAGE),
    ("elastic network adapter", Cause.IMAGE),
    ("virtualization type", Cause.IMAGE),
    ("is pending, and cannot be run", Cause.IMAGE),
    ("the ami id", Cause.IMAGE),
    ("the image id", Cause.IMAGE),
    ("the security group", Cause.LAUNCH_TEMPLATE),
    ("belong to different networks", Cause.LAUNCH_TEMPLATE),
    ("the key pair", Cause.LAUNCH_TEMPLATE),
    ("iam instance profile", Cause.LAUNCH_TEMPLATE),
    ("inaccessible aws kms key", Cause.KEY),
    ("client error on launch", Cause.KEY),
    ("internal error on launch", Cause.AWS_FAULT),
    ("is not supported in your requested availability zone", Cause.NOT_OFFERED),
    ("availability zone is no longer supported", Cause.NOT_OFFERED),
    ("requested configuration is currently not supported", Cause.NOT_OFFERED),
    ("minimum required spot request fulfillment price", Cause.PRICE_LIMIT),
    ("less than spot market price", Cause.PRICE_LIMIT),
    ("lifecycle action", Cause.HEALTH),
)
"""By text, the first that is found in it."""

_CODES = {
    "UnfulfillableCapacity": Cause.SPOT_CAPACITY,
    "InsufficientInstanceCapacity": Cause.SPOT_CAPACITY,
    "InsufficientHostCapacity": Cause.ON_DEMAND_CAPACITY,
    "InsufficientCapacity": Cause.SPOT_CAPACITY,
    "MaxSpotInstanceCountExceeded": Cause.SPOT_QUOTA,
    "VcpuLimitExceeded": Cause.ON_DEMAND_QUOTA,
    "InstanceLimitExceeded": Cause.ON_DEMAND_QUOTA,
    "MaxFleetCountExceeded": Cause.FLEET_QUOTA,
    "VolumeLimitExceeded": Cause.VOLUME_QUOTA,
    "MaxIOPSLimitExceeded": Cause.VOLUME_QUOTA,
    "InsufficientVolumeCapacity": Cause.AWS_FAULT,
    "InsufficientFreeAddressesInSubnet": Cause.ADDRESS,
    "NetworkInterfaceLimitExceeded": Cause.ADDRESS,
    "PrivateIpAddressLimitExceeded": Cause.ADDRESS,
    "InvalidAMIID.NotFound": Cause.IMAGE,
    "InvalidAMIID.Unavailable": Cause.IMAGE,
    "InvalidAMIID.Malformed": Cause.IMAGE,
    "InvalidSnapshot.NotFound": Cause.IMAGE,
    "InvalidBlockDeviceMapping": Cause.DISK,
    "InvalidGroup.NotFound": Cause.LAUNCH_TEMPLATE,
    "InvalidKeyPair.NotFound": Cause.LAUNCH_TEMPLATE,
    "InvalidSubnetID.NotFound": Cause.LAUNCH_TEMPLATE,
    "InvalidLaunchTemplateId.NotFound": Cause.LAUNCH_TEMPLATE,
    "InvalidLaunchTemplateId.VersionNotFound": Cause.LAUNCH_TEMPLATE,
    "InvalidLaunchTemplateName.NotFoundException": Cause.LAUNCH_TEMPLATE,
    "InvalidParameter": Cause.LAUNCH_TEMPLATE,
    "InvalidParameterCombination": Cause.LAUNCH_TEMPLATE,
    "InvalidParameterValue": Cause.LAUNCH_TEMPLATE,
    "InvalidUserData.Malformed": Cause.LAUNCH_TEMPLATE,
    "MissingParameter": Cause.LAUNCH_TEMPLATE,
    "UnauthorizedOperation": Cause.PERMISSION,
    "AuthFailure": Cause.PERMISSION,
    "AuthFailure.ServiceLinkedRoleCreationNotPermitted": Cause.SERVICE_ROLE_DENIED,
    "ServiceLinkedRoleFailure": Cause.SERVICE_ROLE,
    "Client.InternalError": Cause.KEY,
    "InvalidKMSKey.InvalidState": Cause.KEY,
    "PendingVerification": Cause.VERIFICATION,
    "Blocked": Cause.ACCOUNT,
    "OptInRequired": Cause.ACCOUNT,
    "InvalidFleetConfiguration": Cause.NOT_OFFERED,
    "Unsupported": Cause.NOT_OFFERED,
    "ReservationCapacityExceeded": Cause.RESERVATION,
    "SpotMaxPriceTooLow": Cause.PRICE_LIMIT,
    "SpotInstanceTermination": Cause.INTERRUPTION,
    "SpotInstanceShutdown": Cause.INTERRUPTION,
    "InstanceInitiatedShutdown": Cause.HEALTH,
    "InstanceTerminated": Cause.HEALTH,
    "UserInitiatedShutdown": Cause.HEALTH,
    "ScheduledStop": Cause.AWS_FAULT,
    "InternalError": Cause.AWS_FAULT,
    "InternalFailure": Cause.AWS_FAULT,
    "RequestLimitExceeded": Cause.AWS_FAULT,
    "ServiceUnavailable": Cause.AWS_FAULT,
    "Unavailable": Cause.AWS_FAULT,
}
"""By EC2's code, with or without the `Client.` or `Server.` of a state reason."""

_VAGUE = (
    ("insufficient capacity", Cause.SPOT_CAPACITY),
    ("invalidkmskey", Cause.KEY),
    ("while waiting for instance to be in inservice", Cause.HEALTH),
)
"""By text, where neither of the above said more."""

_OF_THE_OTHER = {Cause.SPOT_CAPACITY: Cause.ON_DEMAND_CAPACITY}
"""The same code means this On-Demand."""

_MARKET_OF: dict[Cause, Market] = {
    Cause.SPOT_QUOTA: "spot",
    Cause.INTERRUPTION: "spot",
    Cause.SERVICE_ROLE_DENIED: "spot",
    Cause.PRICE_LIMIT: "spot",
    Cause.ON_DEMAND_CAPACITY: "on-demand",
    Cause.ON_DEMAND_QUOTA: "on-demand",
}
"""Which market a text without one is about."""

_QUOTA_OF = {
    Cause.SPOT_CAPACITY: Cause.SPOT_QUOTA,
    Cause.INTERRUPTION: Cause.SPOT_QUOTA,
    Cause.ON_DEMAND_CAPACITY: Cause.ON_DEMAND_QUOTA,
}
"""What a person can do more about, in the same market."""

_FORM = re.compile(r"Could not launch (Spot|On-Demand) Instances\. (?:([\w.]+) - )?")
_LATE = re.compile(r"Termination Reason: ((?:Client|Server)\.[\w.]+)")
_BARE = re.compile(r"((?:Client|Server)\.[\w.]+)(?::| -)|([A-Z][\w.]+) - ")
_TYPE = re.compile(
    r"\b([a-z][a-z0-9-]*\d[a-z0-9-]*\.(?:metal|nano|micro|small|medium|\d*x?large)(?:-\w+)?)\b"
)
MESSAGE_LIMIT = 1000
"""Of a status message, as far as it is read at all; it has 255 characters (Auto Scaling API,
Activity)."""

TYPE_WITHIN = 300
"""The part that is searched for an instance type: the time of that pattern grows with the cube."""

_FAILED = ("Failed", "Cancelled")
_LAUNCHING = "Launching a new EC2 instance"


@dataclass(frozen=True)
class Words:
    """A parsed status message. The instance type is "" where the message names none."""

    market: Market
    code: str
    cause: Cause
    instance_type: str

    @property
    def step(self) -> str:
        """The next step for a person."""
        return self.cause.step_for(self.instance_type)


@dataclass(frozen=True)
class Failure:
    """A failed launch. Type and zone are "" where the message names none: all of them."""

    at: datetime
    cause: Cause
    market: Market
    code: str
    instance_type: str
    zone: str
    message: str

    @property
    def step(self) -> str:
        """The next step for a person."""
        return self.cause.step_for(self.instance_type)


@dataclass(frozen=True)
class Shortage:
    """Failed launches in one market, without a successful launch between them.

    `failure` is the one that decides what a person can do; `lacking` is since when they failed
    for want of something On-Demand has, None where On-Demand would not help.
    """

    since: datetime
    last: datetime
    times: int
    failure: Failure
    lacking: datetime | None


def read(activity: Mapping[str, Any], asked: Market = "") -> Failure | None:
    """Parse a scaling activity (DescribeScalingActivities) as a failed launch, or None.

    `asked` is the market the group asks in, for a message that does not say.
    """
    message = str(activity.get("StatusMessage", ""))[:MESSAGE_LIMIT]
    at = activity.get("StartTime")
    if activity.get("StatusCode") not in _FAILED or not message or not isinstance(at, datetime):
        return None
    if not str(activity.get("Description", _LAUNCHING)).startswith(_LAUNCHING):
        return None  # a termination that failed
    words = understand(message, asked)
    return Failure(
        at=at,
        cause=words.cause,
        market=words.market,
        code=words.code,
        instance_type=words.instance_type,
        zone=_zone(activity),
        message=message,
    )


def launched(activity: Mapping[str, Any]) -> bool:
    """Tell whether an activity launched an instance."""
    described = str(activity.get("Description", ""))
    return activity.get("StatusCode") == "Successful" and described.startswith(_LAUNCHING)


def understand(message: str, asked: Market = "") -> Words:
    """Parse market, EC2 code, cause and instance type of a status message."""
    message = message[:MESSAGE_LIMIT]
    found = _FORM.match(message)
    market: Market = ""
    if found:
        market = "spot" if found[1] == "Spot" else "on-demand"
    code = (found[2] or "") if found else ""
    if not code:
        late = _LATE.search(message)
        bare = _BARE.match(message)
        code = late[1] if late else (bare[1] or bare[2]) if bare else ""
    code = code.rstrip(".")
    lowered = message.lower()
    plain = code.removeprefix("Client.").removeprefix("Server.")
    cause = (
        next((cause for text, cause in _TEXTS if text in lowered), None)
        or _CODES.get(code)
        or _CODES.get(plain)
        or next((cause for text, cause in _VAGUE if text in lowered), Cause.OTHER)
    )
    if (market or asked) == "on-demand":
        cause = _OF_THE_OTHER.get(cause, cause)
    named = _TYPE.search(message, 0, TYPE_WITHIN)
    return Words(market or _of(cause, lowered), code, cause, named[1] if named else "")


def _of(cause: Cause, lowered: str) -> Market:
    """The market a text is about that does not begin with one."""
    if cause is Cause.SPOT_CAPACITY:
        return "spot" if "spot" in lowered or "unfulfillable" in lowered else ""
    return _MARKET_OF.get(cause, "")


def _zone(activity: Mapping[str, Any]) -> str:
    try:
        return str(json.loads(activity.get("Details") or "{}").get("Availability Zone", ""))
    except ODD:  # no JSON, no object, or no text
        return ""


def failing_since(activities: Iterable[Mapping[str, Any]], asked: Market = "") -> Shortage | None:
    """Find the present shortage; None where the newest launch worked. Newest first."""
    failures: list[Failure] = []
    for activity in activities:
        if launched(activity):
            break
        failure = read(activity, asked)
        if failure:
            failures.append(failure)
    return judge(failures)


def judge(failures: Sequence[Failure]) -> Shortage | None:
    """Combine failed launches into one shortage; newest first.

    The newest failure that names a market names the shortage's. One that names the other ends it:
    the group changed its market then. One that names none neither ends nor begins it.
    """
    market = next((each.market for each in failures if each.market), "")
    within: list[Failure] = []
    for each in failures:
        if each.market not in ("", market):
            break
        within.append(each)
    if not within:
        return None
    decides = _decides(within)
    helped = [each.at for each in within if each.cause.on_demand_helps]
    return Shortage(
        since=within[-1].at,
        last=within[0].at,
        times=len(within),
        failure=decides,
        lacking=min(helped) if decides.cause.on_demand_helps else None,
    )


def _decides(within: Sequence[Failure]) -> Failure:
    """Choose the newest failure that every launch meets; a quota before its market's capacity.

    EC2 checks the template, rights and quotas before it looks for capacity, so a later lack of
    capacity shows that what was wrong before is mended. What only some pools meet, or what
    passes, decides where there is nothing else.
    """
    for reaches in (("market", "launch"), ("pool",)):
        wide = [each for each in within if each.cause.reach in reaches]
        if wide:
            better = _QUOTA_OF.get(wide[0].cause)
            return next((each for each in wide if each.cause is better), wide[0])
    return within[0]
