"""Causes of a failed launch: who can remove each one, how, and whether On-Demand helps.

docs/troubleshooting.md has this table for people; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from reconciler.plan import quotas

Reach = Literal["market", "launch", "pool", "moment"]
"""How far a cause reaches: every launch in this market; every launch in both markets; only some
instance types, zones or subnets; or nothing that lasts. A shortage is judged by it
(docs/power.md, "Spot, On-Demand, and back")."""

ASKING = "Auto Scaling keeps asking"


class Mender(Enum):
    """Who can remove a cause: a code for JSON, and a text."""

    NOBODY = ("nobody", "AWS, by itself")
    PERSON = ("person", "the person who edits its YAML")
    PLATFORM_TEAM = ("platform-team", "the platform team")
    ACCOUNT_OWNER = ("account-owner", "the account's owner")
    SUPPORT = ("aws-support", "AWS Support, asked by the account's owner")

    @property
    def code(self) -> str:
        """The code for JSON."""
        return self.value[0]

    @property
    def words(self) -> str:
        """The text for people."""
        return self.value[1]


@dataclass(frozen=True)
class _Facts:
    why: str
    step: str  # `{quota}` stands for the quota that counts the instance type
    mender: Mender
    reach: Reach
    on_demand_helps: bool = False
    quota: Literal["spot", "on-demand", ""] = ""


_MORE = f"nothing to do: {ASKING}; more types or zones in the YAML help next time"


class Cause(Enum):
    """The cause that kept an instance from starting."""

    SPOT_CAPACITY = _Facts(
        "AWS has no Spot capacity left in any of its instance types and zones",
        _MORE,
        Mender.NOBODY,
        "market",
        on_demand_helps=True,
    )
    SPOT_QUOTA = _Facts(
        "the account's Spot vCPU quota is used up",
        "ask for more: {quota}; waiting does not help, and `reconcile doctor` names the quota",
        Mender.ACCOUNT_OWNER,
        "market",
        on_demand_helps=True,
        quota="spot",
    )
    INTERRUPTION = _Facts(
        "Spot took the instance back before it was ready",
        f"nothing to do: {ASKING}",
        Mender.NOBODY,
        "market",
        on_demand_helps=True,
    )
    SERVICE_ROLE_DENIED = _Facts(
        "the account has no service-linked role for Spot, and no caller may create it",
        "create it once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com; "
        "if that is denied, look for a service control policy",
        Mender.PLATFORM_TEAM,
        "market",
        on_demand_helps=True,
    )
    ON_DEMAND_CAPACITY = _Facts(
        "AWS has no On-Demand capacity left for these instance types in these zones",
        _MORE,
        Mender.NOBODY,
        "market",
    )
    ON_DEMAND_QUOTA = _Facts(
        "the account's On-Demand vCPU quota is used up",
        "ask for more: {quota}; neither waiting nor Spot's quota helps, and `reconcile doctor` "
        "names the quota",
        Mender.ACCOUNT_OWNER,
        "market",
        quota="on-demand",
    )
    FLEET_QUOTA = _Facts(
        "the account's quota of fleet requests is used up, and every launch is such a request",
        "ask AWS Support to raise the quota of fleet requests; a new account has a low one",
        Mender.SUPPORT,
        "launch",
    )
    VOLUME_QUOTA = _Facts(
        "the account's quota of EBS volumes or their storage is used up",
        "delete volumes that nobody needs, or ask for more: Service Quotas, Amazon EBS, the "
        "storage of the volume's type",
        Mender.ACCOUNT_OWNER,
        "launch",
    )
    ADDRESS = _Facts(
        "a subnet has no free address left",
        "add a subnet in the YAML, or free addresses: stop what nobody uses, or enlarge the subnet",
        Mender.PLATFORM_TEAM,
        "pool",
    )
    IMAGE = _Facts(
        "the image cannot be launched: it is gone, is not shared with this account, or does not "
        "fit the instance type",
        "name an image that exists and fits (architecture, ENA) under `image` in the YAML",
        Mender.PERSON,
        "launch",
    )
    LAUNCH_TEMPLATE = _Facts(
        "EC2 does not take the launch template, or what it names (security group, key pair, "
        "instance profile) is gone",
        "correct it in the YAML, or restore what is gone; the next run of `reconcile` makes a new "
        "version of the launch template",
        Mender.PLATFORM_TEAM,
        "launch",
    )
    DISK = _Facts(
        "the disks it asks for do not fit the image",
        "correct storage.root in the YAML: its size is at least the image's",
        Mender.PERSON,
        "launch",
    )
    PERMISSION = _Facts(
        "Auto Scaling may not launch: a permission is missing, or a policy denies it",
        "look for a service control policy that denies ec2:RunInstances or ec2:CreateTags; aws sts "
        "decode-authorization-message reads an encoded message",
        Mender.PLATFORM_TEAM,
        "launch",
    )
    SERVICE_ROLE = _Facts(
        "AWS was still creating a role that it needs, as it does at an account's first launch",
        "nothing to do: the next attempt finds the role; if it does not within ten minutes, check "
        "that the role AWSServiceRoleForAutoScaling and the instance profile exist",
        Mender.NOBODY,
        "moment",
    )
    KEY = _Facts(
        "the KMS key of a disk cannot be used: it is disabled, or Auto Scaling may not use it",
        "enable the key, and let the role AWSServiceRoleForAutoScaling use it, with a grant "
        "(kms:CreateGrant) in the key's policy",
        Mender.PLATFORM_TEAM,
        "launch",
    )
    VERIFICATION = _Facts(
        "AWS is still verifying the account for this region",
        "nothing to do for four hours: AWS writes to the account's address; after that, write to "
        "aws-verification@amazon.com",
        Mender.NOBODY,
        "launch",
    )
    ACCOUNT = _Facts(
        "AWS has blocked the account, or it has not signed up for EC2",
        "write to AWS Support from the account's root address",
        Mender.SUPPORT,
        "launch",
    )
    SUBSCRIPTION = _Facts(
        "the image is an AWS Marketplace product, and the account has not accepted its terms",
        "accept the terms on the page that AWS names, or choose another image",
        Mender.ACCOUNT_OWNER,
        "launch",
    )
    ACCOUNT_PLAN = _Facts(
        "the account's plan (free tier) does not include this instance type or image",
        "upgrade the account's plan in the Billing console",
        Mender.ACCOUNT_OWNER,
        "launch",
    )
    NOT_OFFERED = _Facts(
        "one of its zones does not offer an instance type, or a requirement of it",
        "correct instance_types or availability_zones in the YAML; `reconcile doctor` lists the "
        "offers",
        Mender.PERSON,
        "pool",
    )
    RESERVATION = _Facts(
        "the capacity reservation it asks for is full",
        "free or enlarge the reservation, or take it out of the launch template",
        Mender.PLATFORM_TEAM,
        "launch",
    )
    PRICE_LIMIT = _Facts(
        "a maximum Spot price on the group is below the market price",
        "nothing to do: the next run of `reconcile` removes the maximum price",
        Mender.PLATFORM_TEAM,
        "pool",
    )
    HEALTH = _Facts(
        "the instance started, and ended before it was in service",
        "start it again; if it ends again, look at what the image does at boot (aws ec2 "
        "get-console-output)",
        Mender.PLATFORM_TEAM,
        "launch",
    )
    AWS_FAULT = _Facts(
        "AWS had an internal error",
        f"nothing to do: {ASKING}; if this continues, ask AWS Support",
        Mender.NOBODY,
        "moment",
    )
    OTHER = _Facts(
        "AWS refused the launch",
        "show the message to the platform team",
        Mender.PLATFORM_TEAM,
        "moment",
    )

    @property
    def code(self) -> str:
        """The code for JSON: `spot-capacity`."""
        return self.name.lower().replace("_", "-")

    @property
    def why(self) -> str:
        """The cause, as a sentence without its full stop."""
        return self.value.why

    @property
    def mender(self) -> Mender:
        """Who can remove the cause."""
        return self.value.mender

    @property
    def reach(self) -> Reach:
        """The reach of the cause: one pool, a market, or every launch."""
        return self.value.reach

    @property
    def on_demand_helps(self) -> bool:
        """Whether the same launch would work as On-Demand."""
        return self.value.on_demand_helps

    @property
    def step(self) -> str:
        """The next step for a person, where the instance type is not known."""
        return self.step_for("")

    def step_for(self, instance_type: str) -> str:
        """Advise the next step; the instance type names the quota that counts it."""
        facts = self.value
        if not facts.quota:
            return facts.step
        return facts.step.format(quota=quotas.advice(facts.quota, instance_type))


SPOT_UNAVAILABLE = frozenset(cause for cause in Cause if cause.on_demand_helps)
"""What On-Demand mends; its own quota is another."""
