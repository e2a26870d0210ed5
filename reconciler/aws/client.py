"""Clients, and the two ways to call every service: `call` and `pages`.

AWS is reached as every AWS tool reaches it (profile, environment, SSO cache, endpoint
variables): all of that is botocore's own.
"""

from __future__ import annotations

import gc
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import botocore.exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError
from botocore.session import Session as BotocoreSession
from botocore.session import get_session

from reconciler import __version__
from reconciler.aws.cancellation import Asked, Cancellation
from reconciler.aws.endpoints import VARIABLE, Endpoints, Profile, configured
from reconciler.aws.errors import translated
from reconciler.aws.models import PlainFiles
from reconciler.aws.retries import (
    CONNECT_TIMEOUT,
    FIRST_ATTEMPTS,
    FIRST_TIMEOUT,
    GRACE_SECONDS,
    MAX_ATTEMPTS,
    READ_TIMEOUT,
    SOCKETS_PER_SERVICE,
)
from reconciler.aws.services import iam_prefix
from reconciler.aws.timestamps import moment
from reconciler.errors import ReconcilerError, Refused, Unreachable, UsageError

if TYPE_CHECKING:
    from reconciler.declare.fleet import Site

T = TypeVar("T")

ONE_REGION = {"pricing": "us-east-1"}
"""Services that have one list for all regions, and endpoints in few."""


class Session:
    """One set of credentials in one account: makes a client per region and counts calls.

    Thread-safe: clients are made under a lock, and botocore's clients are shared freely.
    `asked` is as for Cancellation; `files` are those that botocore read the configuration from,
    `endpoints` what they and the environment say of whom to ask. `target` is who is asked.
    """

    def __init__(
        self,
        boto: boto3.Session,
        asked: Asked | None = None,
        files: tuple[str, ...] = (),
        endpoints: Endpoints | None = None,
    ) -> None:
        self.account = ""
        self.identity = ""
        self.partition = "aws"
        self.ahead = timedelta()  # AWS's clock before ours
        self.target = (endpoints or Endpoints()).target({})
        self.profile = boto.profile_name
        self.default_region = boto.region_name
        self.cancellation = Cancellation(asked)
        self._boto: boto3.Session | None = boto
        self._files = {name: _stamp(name) for name in files}
        self._endpoints = endpoints or Endpoints()
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        boto.events.register("before-send", self._count)
        boto.events.register("before-parse", _whole)
        self.cancellation.watch(boto.events)

    def region(self, name: str) -> RegionClient:
        """Make the reading and writing client of one region."""
        return RegionClient(self, name, GRACE_SECONDS)

    def reader(self, name: str) -> RegionClient:
        """Make a client for calls that only read: a stop abandons them at once, and nothing is
        lost."""
        return RegionClient(self, name, 0)

    def sign_in(self, region: str) -> None:
        """Learn the caller's identity from the first call, whose answer also has AWS's time.

        Refreshes credentials that end soon, and counts calls from 0 again.
        Raises: UsageError without usable credentials, Unreachable, AwsError.
        """
        self.account = ""  # not known before the answer, of whatever round
        with self._lock:
            self._calls.clear()
        with translated("sts:GetCallerIdentity", region):
            if self._open.get_credentials() is None:
                raise UsageError(
                    f"no AWS credentials (profile {self.profile!r}; tried environment, "
                    "shared files, SSO, container and instance role); run `aws sso login` or set "
                    "AWS_PROFILE"
                )
        answer = _caller_identity(self, region)
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            self.ahead = parsedate_to_datetime(date) - datetime.now(UTC).replace(microsecond=0)
        self.account = answer["Account"]
        self.identity = answer["Arn"]
        self.partition = answer["Arn"].split(":")[1]

    def is_current(self) -> bool:
        """Tell whether a new session would be the same: it is open, and its files are as they were.

        botocore reads the files once. Credentials from elsewhere (SSO, a role to assume, a
        container, an instance) it refreshes before they end.
        """
        if self._boto is None:
            return False
        return all(_stamp(name) == then for name, then in self._files.items())

    def close(self) -> None:
        """Give back sockets, threads and memory. The session makes no call after this.

        What botocore made are 64,000 objects in cycles. With the next session beside them, they
        would be 35 MiB that the process does not give back.
        """
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            self._boto = None
        self.cancellation.close()
        gc.unfreeze()
        gc.collect()

    @property
    def _open(self) -> boto3.Session:
        assert self._boto is not None, "the session is closed"
        return self._boto

    def calls(self) -> dict[str, int]:
        """Count the requests sent so far, retries included, by `service:Operation`."""
        with self._lock:
            return dict(sorted(self._calls.items()))

    def now(self) -> datetime:
        """Return the time by AWS's clock, in UTC: schedules fire by it, and laptops are often
        wrong."""
        return datetime.now(UTC) + self.ahead

    def client(self, service: str, region: str) -> Any:
        """Return the shared client of a service in a region, or where the service is. Raises:
        UsageError for settings that botocore refuses."""
        region = ONE_REGION.get(service, region)
        with self._lock:
            if (service, region) not in self._clients:
                make: Any = self._open.client  # typed by service name; ours come as variables
                try:
                    client = make(service, region_name=region, config=_config(service))
                except (botocore.exceptions.BotoCoreError, ValueError) as error:
                    raise UsageError(f"cannot use {service} in {region}: {error}") from error
                made = {of: other.meta.endpoint_url for (of, _), other in self._clients.items()}
                self.target = self._endpoints.target({**made, service: client.meta.endpoint_url})
                self._clients[service, region] = client
            return self._clients[service, region]

    def _count(self, event_name: str, **_context: Any) -> None:
        _, service, operation = event_name.split(".")
        with self._lock:
            self._calls[f"{iam_prefix(service)}:{operation}"] += 1


class RegionClient:
    """The calls of one region; what a kind is handed.

    `grace`: seconds that a call is waited for after the command is asked to stop.
    """

    def __init__(self, session: Session, region: str, grace: float) -> None:
        self._session = session
        self._grace = grace
        self.region = region
        self.account = session.account
        self.partition = session.partition

    @property
    def _signed_in(self) -> bool:
        """Whether AWS has named the account of these credentials: then it accepts them."""
        return bool(self._session.account)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call; `operation` is botocore's snake_case method name.

        Raises: AwsError and its kinds; UsageError when the session is over.
        """
        client = self._session.client(service, self.region)
        name = _name(client, service, operation)
        with translated(name, self.region, self._signed_in):
            return dict(self._make(partial(getattr(client, operation), **parameters), name))

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """List every item of every page, in AWS's order.

        Raises midway rather than ending early: a caller that lists it has all or an error.
        """
        client = self._session.client(service, self.region)
        name = _name(client, service, operation)
        paging = {"PageSize": page_size} if page_size else {}
        with translated(name, self.region, self._signed_in):
            paginator = client.get_paginator(operation)
            found = iter(paginator.paginate(**parameters, PaginationConfig=paging))
            while (page := self._make(partial(next, found, None), name)) is not None:
                # A body that is no JSON (a proxy's page, half an answer) is empty to botocore.
                if items not in page:
                    raise Unreachable(name, "NoList", f"an answer without {items}", self.region)
                yield from page[items]

    def _make(self, action: Callable[[], T], name: str) -> T:
        return self._session.cancellation.run(action, name, self.region, self._grace)


def connect(site: Site, asked: Asked | None = None, before: Session | None = None) -> Session:
    """Sign in, and check the account against the one that the YAML names before any other call.

    `before` is the session of the last round of a loop. It is used again while it is current,
    and closed when it is not.

    Raises: UsageError without usable credentials, Unreachable within seconds when nothing
    answers, Refused when they belong to another account (promise 7).
    """
    session = _signed_in_again(before, site.regions[0]) if before else None
    if session is None:
        session = _new(asked)
        try:
            session.sign_in(site.regions[0])
        except ReconcilerError:
            session.close()
            raise
    if session.account != site.account:
        session.close()
        raise Refused(
            f"the credentials belong to account {session.account} ({session.identity}), "
            f"the fleets to account {site.account}: nothing was read; choose the profile of "
            "that account, or correct `account` in _defaults.yaml"
        )
    return session


def connect_here(asked: Asked | None = None) -> tuple[Session, RegionClient]:
    """Sign in to the account and the region of the AWS configuration, without YAML.

    Raises: as `connect`, and UsageError where no region is set.
    """
    session = _new(asked)
    # The AWS CLI reads AWS_REGION, botocore only AWS_DEFAULT_REGION.
    region = os.environ.get("AWS_REGION") or session.default_region
    if not region:
        raise UsageError(
            f"no AWS region (profile {session.profile!r}): set AWS_REGION, or `region` in the "
            "profile, to where the workstation is"
        )
    session.sign_in(region)
    return session, session.region(region)


def _signed_in_again(session: Session, region: str) -> Session | None:
    """The session, with its account and AWS's clock read anew; None, and closed, for another one.

    Where credentials are refused, or a certificate is, there may be newer ones, which only a new
    session reads.
    """
    if session.is_current():
        try:
            session.sign_in(region)
        except ReconcilerError:
            pass
        else:
            return session
    session.close()
    return None


def _stamp(name: str) -> tuple[int, int, int] | None:
    try:
        found = Path(name).expanduser().stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _new(asked: Asked | None) -> Session:
    core = get_session()
    try:
        core.get_component("data_loader").file_loader = PlainFiles()
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
        files = tuple(map(core.get_config_variable, ("config_file", "credentials_file")))
        endpoints = _endpoints(core)
        return Session(boto3.Session(botocore_session=core), asked, files, endpoints)
    except botocore.exceptions.ProfileNotFound as error:
        raise UsageError(f"{error}; see `aws configure list-profiles`") from error


def _endpoints(core: BotocoreSession) -> Endpoints:
    """Read what the environment and the profile say of endpoints.

    Raises: ProfileNotFound.
    """
    settings = core.get_scoped_config()
    sections = core.full_config.get("services", {})
    profile = Profile(
        core.profile or "default",
        str(core.get_config_variable("config_file")),
        settings,
        sections.get(settings.get("services")),
    )
    ignored = bool(core.get_config_variable("ignore_configured_endpoint_urls"))
    unheard = os.environ.get(VARIABLE, "") if ignored else ""
    return Endpoints(configured(os.environ, profile, ignored=ignored), unheard)


def _caller_identity(session: Session, region: str) -> dict[str, Any]:
    try:
        return session.region(region).call("sts", "get_caller_identity")
    except Unreachable as error:
        where = session.target.named or f"AWS in {region}"
        text = f"{where} does not answer: {error.message}"
        raise Unreachable(error.operation, error.aws_code, text, region) from error
    except UsageError as error:
        refused = error.__cause__
        if not session.target.local or not isinstance(refused, botocore.exceptions.ClientError):
            raise
        answer = refused.response["Error"]
        reason = f"{answer.get('Code')}: {answer.get('Message')}"
        raise UsageError(f"{session.target.named} refuses the credentials ({reason})") from error


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
    return f"{iam_prefix(service)}:{client.meta.method_to_api_mapping[operation]}"
