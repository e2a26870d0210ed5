"""Refuse every account but the one that was named."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from typing import Any

import botocore.exceptions

from acceptance import money

NAMED = "RECONCILER_ACCEPTANCE_ACCOUNT"
COMMON = frozenset({"admin", "ec2-user", "localhost", "root", "runner", "ubuntu", "user"})
"""Names that identify nobody, and are words besides."""


class Refused(Exception):
    """It must not run here; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """Who asks, and where."""

    id: str
    arn: str
    region: str

    @property
    def partition(self) -> str:
        """`aws`."""
        return self.arn.split(":")[1]

    @property
    def root(self) -> str:
        """The principal that stands for the whole account."""
        return f"arn:{self.partition}:iam::{self.id}:root"

    @property
    def words(self) -> tuple[str, ...]:
        """Names of the caller and the machine that must not be recorded."""
        path = self.arn.rpartition(":")[2].split("/")[1:]
        return tuple({*path, getpass.getuser(), socket.gethostname()} - COMMON)


def check(session: Any, *, emulated: bool) -> Account:
    """The caller's account, if it is the one that was named.

    Raises: Refused.
    """
    named = os.environ.get(NAMED, "")
    if not named:
        raise Refused(f"set {NAMED} to the id of the account that may be used, and lose, for this")
    region = os.environ.get("AWS_REGION") or session.region_name
    if region not in money.REGIONS:
        known = ", ".join(money.REGIONS)
        raise Refused(f"set AWS_REGION to one of {known}: prices are known there, not in {region}")
    try:
        answer = session.client("sts", region_name=region).get_caller_identity()
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise Refused(f"sts:GetCallerIdentity in {region}: {error}") from error
    if answer["Account"] != named:
        raise Refused(
            f"the credentials belong to account {answer['Account']}, {NAMED} names {named}: "
            "nothing was made; choose the profile of that account"
        )
    if answer["Arn"].endswith(":root") and not emulated:
        raise Refused("the root user cannot take a role: sign in as an administrator")
    return Account(answer["Account"], answer["Arn"], region)
