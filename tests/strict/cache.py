"""What a run does is known once it has been seen: runs are played once for each account.

A run has no memory, no clock and no randomness but what it is handed. So from equal accounts two
runs of one site do the same, and many scenarios are, past their fault, the same story: it is
played once, and told again. Accounts are equal when every table and every past that can still be
read are, the ids and the sizes too. Only times are compared by their round (`StrictAws.rest`):
of a record's times it matters which are equal, and no limit of the strict AWS is as short.

Every so often a story that could be told is played all the same, and must be the one told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.plan.model import Report
from tests.strict.aws import Sent, StrictAws
from tests.strict.tables import Kept, Table, Tables

if TYPE_CHECKING:
    from tests.strict.world import StrictWorld

ROUND = 600.0
"""Seconds in which a run ends, its retries included."""

CHECKED = 40
"""One in so many known runs is played again and compared."""

MOST = 2000
TIMES = re.compile(
    r"datetime\.datetime\((\d+, \d+, \d+, \d+), (\d+)[^)]*\)|"
    r"'(?:GoneAt|ReadyAt|UpdatedAt|GrownAt|ModifiedAt|ScaledAt)': ([\d.]+)"
)
SINCE = re.compile(r"'?since'?\)?: '[^']+'")


@dataclass(frozen=True)
class Recording:
    """A run, or its first half, that nothing disturbed: what it came to."""

    aws: StrictAws
    sent: list[Sent]
    ended: list[tuple[str, Sent]]
    calls: int
    report: Report | None
    errors: list[str]


@dataclass
class Memo:
    """Every run that was played, and what was seen of accounts."""

    runs: dict[Hashable, Recording] = field(default_factory=dict)
    looks: dict[Hashable, Recording] = field(default_factory=dict)
    seen: dict[Hashable, Any] = field(default_factory=dict)
    trails: dict[Hashable, Any] = field(default_factory=dict)
    played: int = 0
    replayed: int = 0

    def forget(self) -> None:
        """For the next test: the code may be another one."""
        self.runs.clear()
        self.looks.clear()
        self.seen.clear()
        self.trails.clear()

    def once(self, key: Hashable, see: Callable[[], Any]) -> Any:
        """Something that follows from an account alone."""
        if key not in self.seen:
            if len(self.seen) > MOST:
                self.seen.clear()
            self.seen[key] = see()
        return self.seen[key]

    def run(self, world: StrictWorld, approve: str) -> Report | None:
        """A run of this world: told if it is known, else played."""
        key = self._begin(world, approve)
        known = self.runs.get(key)
        if known and world.gate.passes(known.calls):
            self.replayed += 1
            if self.replayed % CHECKED == 0:
                _same(known, world, approve)
            _replay(known, world)
        else:
            self.played += 1
            known = self._kept(self.runs, key, world, lambda: world.play(approve, self))
        world.shuffle("after")
        return known.report

    def look(self, world: StrictWorld, approve: str, see: Callable[[], Report]) -> Report:
        """The first half of a run, which writes nothing."""
        key = self._begin(world, approve)
        known = self.looks.get(key)
        if known and known.report and world.gate.passes(known.calls):
            _replay(known, world)
        else:
            known = self._kept(self.looks, key, world, see)
        assert known.report is not None
        world.shuffle("apply")
        return known.report

    def _begin(self, world: StrictWorld, approve: str) -> Hashable:
        """Everything that a run depends on."""
        aws, begin = world.aws, world.shuffle("look")
        options = (aws.replicas, aws.short_pages, aws.lagging_references, *aws.lag.values())
        limits = (frozenset(aws.dry), frozenset(aws.full), *aws.refuses.items(), aws.timed)
        open_ = (len(aws.cursors), id(aws)) if aws.buckets else ()
        return id(world.site), approve, begin, options, limits, open_, account(aws)

    def _kept(
        self,
        stories: dict[Hashable, Recording],
        key: Hashable,
        world: StrictWorld,
        play: Callable[[], Report | None],
    ) -> Recording:
        aws, gate, mark = world.aws, world.gate, world.gate.mark()
        calls, sent, ended, errors = gate.calls, len(aws.sent), len(aws.ended), len(world.errors)
        report = play()
        story = Recording(
            aws.fork(),
            aws.sent[sent:],
            aws.ended[ended:],
            gate.calls - calls,
            report,
            world.errors[errors:],
        )
        if gate.mark() == mark:
            if len(stories) > MOST:
                stories.clear()
            stories[key] = story
        return story


MEMO = Memo()


def _replay(story: Recording, world: StrictWorld) -> None:
    """Go on from where the story ended, as the world in which it was first played."""
    aws, end = world.aws, story.aws
    aws.stores = {key: s.twin() for key, s in end.stores.items()}
    aws.calls, aws.seconds, aws.made = end.calls, end.seconds, dict(end.made)
    aws.sent += story.sent
    aws.ended += story.ended
    world.errors += story.errors


def _same(story: Recording, world: StrictWorld, approve: str) -> None:
    """Play what would be told, and compare. Its halves begin as those of the story did: what is
    drawn in the second one must not depend on how often the first one drew."""
    twin = world.alone()
    report = twin.play(approve, Memo())
    assert account(twin.aws) == account(story.aws), "a known run ends in another account"
    assert _plan(report) == _plan(story.report)
    deeds = [(sent.operation, sent.code) for sent in story.sent]
    assert [(sent.operation, sent.code) for sent in twin.aws.sent] == deeds


def _plan(report: Report | None) -> str:
    """What a report plans, but for the times that schedules stand since: rounds may differ."""
    return SINCE.sub("since", repr(report.plan)) if report else ""


def account(aws: StrictAws) -> Hashable:
    """What a run can see of an account, now and later."""
    stores = []
    for key in sorted(aws.stores):
        store = aws.stores[key]
        oldest = aws.calls - aws.lag.get(key[0], 0)
        past = [(aws.calls - n, _tables(tables)) for n, tables in store.past if n >= oldest]
        stores.append((key, _tables(store.tables), tuple(past)))
    return tuple(stores), frozenset(aws.made.items()), round(aws.seconds, 3)


def _tables(tables: Tables) -> int:
    return hash(frozenset((name, _table(table)) for name, table in tables.items() if table))


def _table(table: Table) -> int:
    try:
        return table.print
    except AttributeError:
        # A token that a door made up is never sent again.
        table.print = hash(
            frozenset((k, _record(r)) for k, r in table.items() if "|auto-" not in k)
        )
        return table.print


def _record(record: Any) -> int:
    assert isinstance(record, Kept)
    try:
        return record.print
    except AttributeError:
        times: dict[str, int] = {}

        def at(found: re.Match[str]) -> str:
            if found[3]:
                return f"{found[0].split(':')[0]}: {float(found[3]) // ROUND}"
            which = times.setdefault(found[0], len(times))
            return f"time {which}: {found[1]} {int(found[2]) // 10}"

        record.print = hash(TIMES.sub(at, repr(record)))
        return record.print
