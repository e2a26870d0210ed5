"""A strict AWS in pure Python: one account, deterministic from one seed.

`StrictAws` holds the clock, the randomness, every service's tables and how they looked before:
a read may lag behind the writes, and go back in time. The rules of the services are plain
functions, one file a service, each with its source: `D` is AWS's documentation, `M` the service
model of botocore, and "the strict choice" what we take where AWS does not say.

Records are never changed in place, only replaced: a copy of the whole account is cheap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from random import Random
from typing import Any, TypeAlias

from tests.strict.limits import LIMIT, THROTTLE, Bucket
from tests.strict.tables import Kept, Record, Store, Table

ACCOUNT = "123456789012"
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
CALL_SECONDS = 0.05

Operation: TypeAlias = Callable[["Here", Record], Record]

SERVICES = {
    "autoscaling": "autoscaling",
    "ec2": "ec2",
    "efs": "efs",
    "events": "events",
    "fsx": "fsx",
    "iam": "iam_ssm_sts",
    "scheduler": "scheduler",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "iam_ssm_sts",
    "sts": "iam_ssm_sts",
}


class Refusal(Exception):
    """An error answer of AWS."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Sent:
    """One request that reached AWS, and its error code if it was refused."""

    number: int
    actor: str
    region: str
    service: str
    operation: str
    parameters: Record
    code: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.actor} {self.service}:{self.operation} {self.code}".rstrip()


class StrictAws:
    """One account, in every region."""

    def __init__(
        self,
        seed: int = 0,
        lag: Mapping[str, int] | int = 0,
        *,
        replicas: bool = False,
        short_pages: bool = False,
        lagging_references: bool = False,
    ) -> None:
        """`lag` is in calls, by service or for all of them; with `replicas` a read may also
        be fresh, so that the next one goes back in time. With `lagging_references` a write
        that names a new thing may not find it either."""
        self.random = Random(seed)
        self.lag = dict.fromkeys(SERVICES, lag) if isinstance(lag, int) else dict(lag)
        self.replicas = replicas
        self.short_pages = short_pages
        self.lagging_references = lagging_references
        self.seconds = 0.0
        self.calls = 0
        self.made: dict[str, int] = {}  # ids of one origin
        self.seed = seed
        self.stores: dict[tuple[str, str], Store] = {}
        self.sent: list[Sent] = []
        self.ended: list[tuple[str, Sent]] = []  # instances, and the call that ended each
        self.dry: set[tuple[str, str]] = set()  # Spot pools without capacity: type, zone
        self.refuses: Mapping[str, str] = {}  # by market, what a launch fails with
        self.timed = False  # what runs comes and goes with the clock (timers.py), not at once
        self.machines_leave = True  # they complete their lifecycle hook at once
        self.full: set[str] = set()  # operations that are at their quota
        self.buckets: dict[str, Bucket] = {}  # by "service" or "service:Operation prefix"
        self.cursors: dict[str, list[Any]] = {}

    def fork(self, seed: int | None = None) -> StrictAws:
        """A copy that goes its own way."""
        twin = StrictAws.__new__(StrictAws)
        twin.__dict__.update(self.__dict__)
        twin.random = Random()
        twin.random.setstate(self.random.getstate())
        if seed is not None:
            twin.seed = seed
            twin.random.seed(seed)
        twin.stores = {key: s.twin() for key, s in self.stores.items()}
        twin.lag, twin.dry, twin.full = dict(self.lag), set(self.dry), set(self.full)
        twin.made, twin.cursors = dict(self.made), {}
        twin.sent, twin.ended = [], list(self.ended)
        twin.buckets = {n: Bucket(b.size, b.refill) for n, b in self.buckets.items()}
        return twin

    def now(self) -> datetime:
        """The time, as AWS tells it: whole milliseconds."""
        return START + timedelta(milliseconds=round(self.seconds * 1000))

    def pause(self, seconds: float) -> None:
        """Let time pass by some seconds."""
        self.seconds += seconds

    def rest(self, seconds: float) -> None:
        """Let as much time pass, and go on at a round time."""
        self.seconds = (self.seconds // seconds + 2) * seconds

    def settled(self) -> None:
        """Let every read see every write."""
        for store in self.stores.values():
            store.past.clear()

    def here(self, service: str, region: str) -> Here:
        """A service in a region, without a call."""
        return Here(self, service, "aws-global" if service in ("iam", "sts") else region)

    def answer(
        self, actor: str, region: str, service: str, operation: str, parameters: Record
    ) -> Record:
        """One request: what AWS says to it. Raises Refusal."""
        self.calls += 1
        self.pause(CALL_SECONDS)
        sent = Sent(self.calls, actor, region, service, operation, parameters)
        try:
            self._limits(service, operation)
            here = Here(self, service, "aws-global" if service in ("iam", "sts") else region, sent)
            answer = rule(service, operation)(here, parameters)
        except Refusal as refusal:
            sent = Sent(self.calls, actor, region, service, operation, parameters, refusal.code)
            raise
        finally:
            self.sent.append(sent)
        return answer

    def _limits(self, service: str, operation: str) -> None:
        if f"{service}:{operation}" in self.full:
            raise Refusal(LIMIT.get(service, "LimitExceededException"), f"{operation}: quota")
        for name, bucket in self.buckets.items():
            if f"{service}:{operation}".startswith(name) and not bucket.take(self.seconds):
                raise Refusal(THROTTLE.get(service, "ThrottlingException"), "Rate exceeded", 400)


NOTHING = Table()


@cache
def rule(service: str, operation: str) -> Operation:
    """The function that answers an operation; both have botocore's snake_case name."""
    module = import_module(f"tests.strict.{SERVICES[service]}")
    found: Operation = getattr(module, operation)
    return found


@dataclass(frozen=True)
class Here:
    """What an operation works on: the tables of its service in its region."""

    aws: StrictAws
    service: str
    region: str
    sent: Sent = field(default=Sent(0, "nobody", "", "", "", {}))

    def of(self, service: str) -> Here:
        """Another service in the same region."""
        return Here(self.aws, service, self.region, self.sent)

    @property
    def store(self) -> Store:
        """The tables and their past."""
        return self.aws.stores.setdefault((self.service, self.region), Store())

    def all(self, table: str) -> Table:
        """A table as it is."""
        return self.store.tables.get(table, NOTHING)

    def seen(self, table: str) -> Mapping[str, Record]:
        """A table as a read sees it: perhaps without the last writes."""
        lag = self.aws.lag.get(self.service, 0)
        if self.aws.replicas and lag:
            lag = self.aws.random.choice((0, lag))
        if lag:
            for number, before in self.store.past:
                if number >= self.aws.calls - lag:
                    return before.get(table, NOTHING)
        return self.store.tables.get(table, NOTHING)

    def named(self, table: str) -> Mapping[str, Record]:
        """A table as a write sees it that names something in it."""
        return self.seen(table) if self.aws.lagging_references else self.all(table)

    def put(self, table: str, key: str, record: Record) -> None:
        """Write one record of a table."""
        records = self.all(table)
        changed = {**records, key: Kept(record)}
        in_order = key in records or not records or key > next(reversed(records))
        self._write(table, Table(changed if in_order else sorted(changed.items())))

    def drop(self, table: str, key: str) -> None:
        """Remove one record of a table."""
        self._write(table, Table((k, v) for k, v in self.all(table).items() if k != key))

    def _write(self, table: str, records: Table) -> None:
        store, lag = self.store, self.aws.lag.get(self.service, 0)
        if lag:
            kept = [entry for entry in store.past if entry[0] >= self.aws.calls - lag]
            store.past = [*kept, (self.aws.calls, store.tables)]
        store.tables = {**store.tables, table: records}

    def new_id(self, prefix: str, origin: str) -> str:
        """An id nobody has. It tells what it is of and how often that was made, and nothing of
        what else was made before: two ways to one account end in the same ids."""
        origin = f"{prefix} {self.region} {origin}"
        count = self.aws.made[origin] = self.aws.made.get(origin, 0) + 1
        return f"{prefix}-{hashlib.sha256(f'{origin} {count}'.encode()).hexdigest()[:17]}"

    def arn(self, resource: str, service: str = "") -> str:
        """An ARN in this region."""
        return f"arn:aws:{service or self.service}:{self.region}:{ACCOUNT}:{resource}"

    def once(
        self,
        token: str | None,
        parameters: Mapping[str, Any],
        make: Callable[[], str],
        mismatch: str,
        alive: Callable[[str], bool] = lambda made: True,
    ) -> str:
        """The id that a token made before, or a new one; another request must not reuse it."""
        if not token:
            return make()
        content = json.dumps(parameters, sort_keys=True, default=str)
        key = f"{self.sent.operation}|{token}"
        known = self.all("tokens").get(key)
        if known and alive(known["made"]):
            if known["content"] != content:
                raise Refusal(mismatch, f"the token {token} was used with other parameters")
            return str(known["made"])
        made = make()
        self.put("tokens", key, {"made": made, "content": content})
        return made

    def page(
        self,
        parameters: Mapping[str, Any],
        items: str,
        found: Callable[[], list[Any]],
        limit: str = "MaxResults",
        most: int = 1000,
        *,
        shuffled: bool = True,
    ) -> Record:
        """One page of a list, in no order unless AWS promises one; it may be short or empty and
        yet have a token (M, e.g. fsx DescribeFileSystems: "even if fewer results are returned")."""
        token = parameters.get("NextToken")
        if token and token not in self.aws.cursors:
            raise Refusal("InvalidNextToken", f"{token} is not one of ours")
        rest = self.aws.cursors[token] if token else found()
        if not token and shuffled:
            self.aws.random.shuffle(rest)
        size = min(int(parameters.get(limit) or most), most)
        # EC2 pages only when it is asked for a size (D, "unpaginated requests").
        if self.aws.short_pages and rest and (self.service != "ec2" or limit in parameters):
            size = self.aws.random.choice((0, 1, size))
        answer: Record = {items: rest[:size]}
        if len(rest) > size:
            answer["NextToken"] = f"page-{len(self.aws.cursors)}"
            self.aws.cursors[answer["NextToken"]] = rest[size:]
        return answer
