"""Why AWS does not launch an instance, in its own words.

The texts are those that Auto Scaling's activities show: with a mixed instances policy after the
market and EC2's code, without one bare. [D ts-as-instancelaunchfailure, EC2's error codes; seen:
tests/power/data/launch_failures.yaml]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Market = Literal["spot", "on-demand"]
LARGEST_MESSAGE = 255  # [M autoscaling.Activity]


@dataclass(frozen=True)
class Failure:
    """EC2's code and text. One that is ``late`` comes after the instance was there already.

    ``{type}`` and ``{zone}`` in the text stand for the pool's.
    """

    code: str
    text: str
    late: bool = False

    def of(self, instance_type: str, zone: str) -> Failure:
        """Fill in the pool in the text of the failure."""
        return replace(self, text=self.text.format(type=instance_type, zone=zone))

    def message(self, market: Market, mixed: bool) -> str:
        """Write the status message of the activity that failed."""
        if self.late:
            whole = (
                "Instance became unhealthy while waiting for instance to be in InService state. "
                f"Termination Reason: {self.code}: {self.text}"
            )
        else:
            word = "Spot" if market == "spot" else "On-Demand"
            start = f"Could not launch {word} Instances. {self.code} - " if mixed else ""
            whole = f"{start if self.code else ''}{self.text} Launching EC2 instance failed."
        return whole[:LARGEST_MESSAGE]


UNFULFILLABLE = Failure(
    "UnfulfillableCapacity",
    "Unable to fulfill capacity due to your request configuration. Please adjust your request and "
    "try again.",
)
NO_SPOT = Failure(
    "InsufficientInstanceCapacity",
    "There is no Spot capacity available that matches your request.",
)
NO_SPOT_BARE = replace(NO_SPOT, code="")
NO_ON_DEMAND = Failure(
    "InsufficientInstanceCapacity",
    "We currently do not have sufficient {type} capacity in the Availability Zone you requested "
    "({zone}). Our system will be working on provisioning additional capacity.",
)
NOT_OFFERED = Failure(
    "InvalidFleetConfiguration",
    "Your requested instance type ({type}) is not supported in your requested Availability Zone "
    "({zone}).",
)
SPOT_QUOTA = Failure("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded.")
KEY = Failure("Client.InternalError", "Client error on launch", late=True)
FREE_TIER = Failure(
    "InvalidParameterCombination",
    "The specified instance type is not eligible for Free Tier. For a list of Free Tier instance "
    "types, run 'describe-instance-types' with the filter 'free-tier-eligible=true'.",
)
SERVICE_ROLE = Failure(
    "ServiceLinkedRoleFailure",
    "The service-linked role for EC2 Spot Instances is not ready. Try again.",
)

KEY_STATE = Failure(
    "Client.InvalidKMSKey.InvalidState", "The KMS key provided is in an incorrect state", late=True
)
VOLUME_QUOTA = Failure("Client.VolumeLimitExceeded", "Volume limit exceeded", late=True)
INTERRUPTED = Failure(
    "Server.SpotInstanceTermination",
    "The instance was terminated because the number of Spot requests with a maximum price equal to "
    "or higher than the Spot price exceeded available capacity or because of an increase in the "
    "Spot price.",
    late=True,
)
SHUT_DOWN = Failure(
    "Client.InstanceInitiatedShutdown",
    "The instance was shut down from the operating system of the instance.",
    late=True,
)
AWS_FAULT = Failure(
    "Server.InternalError",
    "An internal error caused the instance to terminate during launch.",
    late=True,
)
FIRST_LAUNCH = Failure("", "Authentication Failure.")
SERVICE_ROLE_DENIED = Failure(
    "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
    "The provided credentials do not have permission to create the service-linked role for EC2 "
    "Spot Instances.",
)
FLEET_QUOTA = Failure(
    "MaxFleetCountExceeded",
    "You've reached your quota for maximum Fleet Requests for this account.",
)
NO_ADDRESS = Failure(
    "InsufficientFreeAddressesInSubnet",
    "There are not enough free addresses in subnet 'subnet-0a1b2c3d4e5f60001' to satisfy the "
    "requested number of instances.",
)
NO_IMAGE = Failure("", "The AMI ID ami-0a1b2c3d4e5f60001 does not exist.")
NO_SECURITY_GROUP = Failure("", "The security group sg-0a1b2c3d4e5f60001 does not exist.")
DENIED = Failure(
    "UnauthorizedOperation",
    "You are not authorized to perform this operation. Encoded authorization failure message: "
    "JUmMphVKvdVLB83WorEP2n5lOkl7LJT5E1K6lCJAxAjpvkJzdk",
)
VERIFICATION = Failure(
    "PendingVerification",
    "Your request for accessing resources in this region is being validated, and you will not be "
    "able to launch additional resources in this region until the validation is complete. We will "
    "notify you by email once your request has been validated. While normally resolved within "
    "minutes, please allow up to 4 hours for this process to complete.",
)
BLOCKED = Failure(
    "Blocked",
    "This account is currently blocked and not recognized as a valid account. Please contact "
    "aws-verification@amazon.com if you have questions.",
)
SUBSCRIPTION = Failure(
    "OptInRequired",
    "In order to use this AWS Marketplace product you need to accept terms and subscribe. To do so "
    "please visit https://aws.amazon.com/marketplace/pp?sku=0123456789abcdefghijklmno",
)
SMALL_DISK = Failure(
    "InvalidBlockDeviceMapping",
    "Volume of size 22GB is smaller than  snapshot 'snap-0a1b2c3d4e5f60001', expect size >= 30GB.",
)

DEFAULTS: Mapping[Market, Failure] = {"spot": UNFULFILLABLE, "on-demand": NO_ON_DEMAND}
"""The failure of a pool without capacity, by default."""


def vcpu_limit(limit: int) -> Failure:
    """Make the failure of a launch for which the On-Demand quota is used up."""
    return Failure(
        "VcpuLimitExceeded",
        f"You have requested more vCPU capacity than your current vCPU limit of {limit} allows "
        "for the instance bucket that the specified instance type belongs to. Please visit "
        "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
    )


def price_too_low(offer: float, price: float) -> Failure:
    """Make the failure of a launch whose SpotMaxPrice is below the market's."""
    return Failure(
        "SpotMaxPriceTooLow",
        f"Your Spot request price of {offer:g} is lower than the minimum required Spot request "
        f"fulfillment price of {price:g}.",
    )


NAMED: Mapping[str, Failure] = {
    "unfulfillable": UNFULFILLABLE,
    "no-spot": NO_SPOT,
    "no-spot-bare": NO_SPOT_BARE,
    "no-on-demand": NO_ON_DEMAND,
    "not-offered": NOT_OFFERED,
    "spot-quota": SPOT_QUOTA,
    "on-demand-quota": vcpu_limit(0),
    "price": price_too_low(0.01, 0.5),
    "key": KEY,
    "free-tier": FREE_TIER,
    "service-role": SERVICE_ROLE,
    "first-launch": FIRST_LAUNCH,
    "service-role-denied": SERVICE_ROLE_DENIED,
    "key-state": KEY_STATE,
    "volume-quota": VOLUME_QUOTA,
    "fleet-quota": FLEET_QUOTA,
    "address": NO_ADDRESS,
    "image": NO_IMAGE,
    "security-group": NO_SECURITY_GROUP,
    "small-disk": SMALL_DISK,
    "denied": DENIED,
    "verification": VERIFICATION,
    "blocked": BLOCKED,
    "subscription": SUBSCRIPTION,
    "interrupted": INTERRUPTED,
    "shut-down": SHUT_DOWN,
    "aws-fault": AWS_FAULT,
}
"""All of them, by a name for whoever rehearses one."""
