"""Clients, and the two doors to every service: `call` and `pages`.

AWS is reached as every AWS tool reaches it (profile, environment, SSO cache, endpoint
variables): all of that is botocore's own.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError
from botocore.session import get_session

from reconciler import __version__
from reconciler.aws.errors import translated
from reconciler.aws.models import PlainFiles
from reconciler.aws.times import moment
from reconciler.aws.wait import (
    CONNECT_TIMEOUT,
    FIRST_ATTEMPTS,
    FIRST_TIMEOUT,
    MAX_ATTEMPTS,
    READ_TIMEOUT,
    SOCKETS_PER_SERVICE,
)
from reconciler.errors import Refused, Unreachable, UsageError

if TYPE_CHECKING:
    from reconciler.declare.fleet import Site

IAM_PREFIX = {
    "auto-scaling": "autoscaling",
    "eventbridge": "events",
    "service-quotas": "servicequotas",
}
"""botocore's event names → the service prefix that IAM and CloudTrail use."""


ONE_REGION = {"pricing": "us-east-1"}
"""Services that have one list for all regions, and endpoints in few."""


class Session:
    """One set of credentials in one account: makes a door per region and counts calls.

    Thread-safe: clients are made under a lock, and botocore's clients are shared freely.
    """

    def __init__(self, boto: boto3.Session) -> None:
        self.account = ""
        self.identity = ""
        self.partition = "aws"
        self.ahead = timedelta()  # AWS's clock before ours
        self.endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        self.profile = boto.profile_name
        self._client: Any = boto.client  # typed by service name; ours come as variables
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        boto.events.register("before-send", self._count)
        boto.events.register("before-parse", _whole)

    def region(self, name: str) -> RegionDoor:
        """The doors of one region."""
        return RegionDoor(self, name)

    def calls(self) -> dict[str, int]:
        """Requests sent so far, retries included, by `service:Operation`."""
        with self._lock:
            return dict(sorted(self._calls.items()))

    def now(self) -> datetime:
        """The time by AWS's clock, in UTC: schedules fire by it, and laptops are often wrong."""
        return datetime.now(UTC) + self.ahead

    def client(self, service: str, region: str) -> Any:
        """The shared client of a service in a region, or where the service is."""
        region = ONE_REGION.get(service, region)
        with self._lock:
            if (service, region) not in self._clients:
                try:
                    self._clients[service, region] = self._client(
                        service, region_name=region, config=_config(service)
                    )
                except (botocore.exceptions.BotoCoreError, ValueError) as error:
                    raise UsageError(f"cannot use {service} in {region}: {error}") from error
            return self._clients[service, region]

    def _count(self, event_name: str, **_context: Any) -> None:
        _, service, operation = event_name.split(".")
        with self._lock:
            self._calls[f"{IAM_PREFIX.get(service, service)}:{operation}"] += 1


class RegionDoor:
    """The two doors, in one region; what a kind is handed."""

    def __init__(self, session: Session, region: str) -> None:
        self._session = session
        self.region = region
        self.account = session.account
        self.partition = session.partition

    @property
    def _signed_in(self) -> bool:
        """Whether AWS told who these credentials are of: then it knows them."""
        return bool(self._session.account)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call; `operation` is botocore's snake_case method name.

        Raises: AwsError and its kinds; UsageError when the session is over.
        """
        client = self._session.client(service, self.region)
        with translated(_name(client, service, operation), self.region, self._signed_in):
            return dict(getattr(client, operation)(**parameters))

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Every item of every page, in AWS's order.

        Raises midway rather than ending early: a caller that lists it has all or an error.
        """
        client = self._session.client(service, self.region)
        name = _name(client, service, operation)
        paging = {"PageSize": page_size} if page_size else {}
        with translated(name, self.region, self._signed_in):
            paginator = client.get_paginator(operation)
            for page in paginator.paginate(**parameters, PaginationConfig=paging):
                # A body that is no JSON (a proxy's page, half an answer) is empty to botocore.
                if items not in page:
                    raise Unreachable(name, "NoList", f"an answer without {items}", self.region)
                yield from page[items]


def connect(site: Site) -> Session:
    """Credentials, checked against the account the YAML names, before any other call.

    Raises: UsageError without usable credentials, Unreachable within seconds when nothing
    answers, Refused when they belong to another account (promise 7).
    """
    session = _signed_in(_configured(), site.regions[0])
    if session.account != site.account:
        raise Refused(
            f"the credentials belong to account {session.account} ({session.identity}), "
            f"the fleets to account {site.account}: nothing was read; choose the profile of "
            "that account, or correct `account` in _defaults.yaml"
        )
    return session


def connect_here() -> tuple[Session, RegionDoor]:
    """The account and the region of the AWS configuration, for whoever has no YAML.

    Raises: as `connect`, and UsageError where no region is set.
    """
    boto = _configured()
    # The AWS CLI reads AWS_REGION, botocore only AWS_DEFAULT_REGION.
    region = os.environ.get("AWS_REGION") or boto.region_name
    if not region:
        raise UsageError(
            f"no AWS region (profile {boto.profile_name!r}): set AWS_REGION, or `region` in the "
            "profile, to where the workstation is"
        )
    session = _signed_in(boto, region)
    return session, session.region(region)


def _configured() -> boto3.Session:
    core = get_session()
    try:
        core.get_component("data_loader").file_loader = PlainFiles()
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
        return boto3.Session(botocore_session=core)
    except botocore.exceptions.ProfileNotFound as error:
        raise UsageError(f"{error}; see `aws configure list-profiles`") from error


def _signed_in(boto: boto3.Session, region: str) -> Session:
    """Who we are, by the first call, whose answer also tells AWS's time."""
    session = Session(boto)
    with translated("sts:GetCallerIdentity", region):
        if boto.get_credentials() is None:
            raise UsageError(
                f"no AWS credentials (profile {boto.profile_name!r}; tried environment, "
                "shared files, SSO, container and instance role); run `aws sso login` or set "
                "AWS_PROFILE"
            )
    who = _who(session, region)
    told = who.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if told:
        session.ahead = parsedate_to_datetime(told) - datetime.now(UTC).replace(microsecond=0)
    session.account = who["Account"]
    session.identity = who["Arn"]
    session.partition = who["Arn"].split(":")[1]
    return session


def _who(session: Session, region: str) -> dict[str, Any]:
    try:
        return session.region(region).call("sts", "get_caller_identity")
    except Unreachable as error:
        where = f"{session.endpoint} (AWS_ENDPOINT_URL)" if session.endpoint else f"AWS in {region}"
        text = f"{where} does not answer: {error.message}"
        raise Unreachable(error.operation, error.aws_code, text, region) from error


def _config(service: str) -> Config:
    quick = service == "sts"  # the first call
    return Config(
        connect_timeout=FIRST_TIMEOUT if quick else CONNECT_TIMEOUT,
        read_timeout=FIRST_TIMEOUT if quick else READ_TIMEOUT,
        max_pool_connections=SOCKETS_PER_SERVICE,
        retries={
            "mode": "standard",
            "total_max_attempts": FIRST_ATTEMPTS if quick else MAX_ATTEMPTS,
        },
        user_agent_extra=f"reconciler/{__version__}",
    )


def _whole(operation_model: Any, response_dict: dict[str, Any], **_context: Any) -> None:
    """A body that is no JSON (a proxy's page, half an answer) is an empty answer to botocore."""
    if response_dict["status_code"] >= 300 or not response_dict["body"]:
        return
    if "json" in operation_model.service_model.resolved_protocol:
        try:
            json.loads(response_dict["body"])
        except ValueError as error:
            raise ResponseParserError(f"the answer is no JSON: {error}") from error


def _name(client: Any, service: str, operation: str) -> str:
    prefix = IAM_PREFIX.get(service, service)
    return f"{prefix}:{client.meta.method_to_api_mapping[operation]}"
