"""A fleet that needs every kind, and short ways to plan and apply it against the sandbox."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from reconciler.aws.client import Session, connect
from reconciler.aws.read_cache import ReadCache
from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from reconciler.engine.environment import Environment, no_price
from reconciler.engine.run import apply, make_report
from reconciler.kinds import KINDS
from reconciler.plan.kind import Kind, Scope, shared_lists
from reconciler.plan.model import Change, Desired, Key, Live, Op, Report
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.selection import Selection
from reconciler.power.limits import Cost
from tests.support.environment import environment

FLEETS = Path(__file__).parent / "fleets"

READS = ("Describe", "Get", "List", "Simulate")


@dataclass(frozen=True)
class Wanting:
    """A kind whose desired side reads as if one field of one thing had been edited in YAML."""

    kind: Kind
    edits: Mapping[tuple[Key, str], Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kind, name)

    def desired(self, site: ResolvedSite) -> Iterator[Desired]:
        for each in self.kind.desired(site):
            edits = {f: v for (key, f), v in self.edits.items() if key == each.key}
            if not edits:
                yield each
                continue
            spec = replace(each.spec, **edits)
            hashed_name = each.hashed_name and f"{each.key.name}-{self.kind.digest(spec)}"  # type: ignore[attr-defined]  # schedule's own
            yield replace(each, spec=spec, hashed_name=hashed_name)


class World:
    """One site in one sandbox."""

    def __init__(self, site: Site | None = None) -> None:
        self.cost: Cost = no_price
        self.site = site or load([FLEETS])
        self.edits: dict[tuple[Key, str], Any] = {}
        self.connect()

    def connect(self) -> None:
        """Sign in, and read AWS's clock, which the sandbox may have moved."""
        self.session: Session = connect(self.site)

    def environment(self) -> Environment:
        """Everything a run is handed, with the edits in force."""
        session = self.session
        kinds: tuple[Any, ...] = tuple(Wanting(kind, self.edits) for kind in KINDS)
        return environment(
            session.region,
            kinds=kinds,
            calls=session.calls,
            now=session.now,
            cost=self.cost,
        )

    def look(self, *only: str, approve: str = "") -> Report:
        """A plan that is not applied."""
        selection = Selection(only, frozenset(approve.split()))
        return make_report(self.site, self.environment(), selection)

    def run(self, *only: str, approve: str = "") -> Report:
        """A run."""
        report = self.look(*only, approve=approve)
        return apply(report, self.site, self.environment(), lambda change: None, lambda: False)

    def off(self) -> None:
        """Stop every workstation: a raised minimum has started one."""
        self.switch(0)

    def switch(self, capacity: int) -> None:
        """Somebody's hand on every workstation's switch."""
        for each in self.site.workstations:
            client("autoscaling").set_desired_capacity(
                AutoScalingGroupName=f"{self.site.name}-{each.name}", DesiredCapacity=capacity
            )

    def settle(self) -> None:
        """Run until nothing is left to do; two runs are enough for anything."""
        for _ in range(3):
            report = self.run()
            if not report.plan.changes:
                return
        raise AssertionError(f"not settled: {rows(report)}")


def rows(report: Report) -> list[str]:
    """Every row in one line; of what is created every field is new, so none is named."""
    return [
        f"{c.op} {c.key} {c.outcome} "
        f"{sorted({f.field for f in c.fields if c.op is not Op.CREATE})} {c.reason}"
        for c in report.plan.changes
    ]


def row(report: Report, key: Key) -> Change:
    """The only row about a thing."""
    found = [change for change in report.plan.changes if change.key == key]
    assert len(found) == 1, (key, rows(report))
    return found[0]


def writes(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The calls made since that are no reads."""
    return {
        name: count - before.get(name, 0)
        for name, count in after.items()
        if count != before.get(name, 0) and not name.split(":")[1].startswith(READS)
    }


def live(world: World) -> dict[Key, Live]:
    """Everything that is there, by key."""
    reader = ReadCache(world.session.region("us-east-1"), shared_lists(KINDS))
    # Somebody is told, or subscriptions would not be read; no other name is expected.
    expected = frozenset({"subscription us-east-1 x@example.com"})
    scope = Scope(world.site.name, world.session.now(), expected=lambda: expected)
    return {each.key: each for kind in KINDS for each in kind.find(reader, scope)}


def client(service: str) -> Any:
    """A stranger's client."""
    make: Any = boto3.client  # typed by service name; ours is a variable
    return make(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
