"""Describe in words how a plan changes the hours: the old ones and the new ones. Pure.

A cron expression and two dates say little to whoever reviews a pull request, and one line of YAML
can change several schedules (declare/timers.py). So the schedules of a workstation are read
together, and paired by what they are:

    start Mon-Fri 09:00 → 08:00 Europe/Berlin, 23 starts until 24 Dec
    start Mon-Fri 09:00 Europe/Berlin, not on Thu 31 Dec and Fri 1 Jan 2027
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from reconciler.declare.fleet import Edge, Site
from reconciler.declare.timers import AHEAD, compiled
from reconciler.kinds import auto_scaling_group, schedule
from reconciler.plan.model import (
    IN_WORDS,
    Change,
    Create,
    Declared,
    Op,
    Replace,
    Report,
    Standing,
    Update,
)
from reconciler.schedule.cron import CronRule, days_text, fires, weekly
from reconciler.schedule.live_schedules import cron_rule

TIMES = frozenset({"expression", "timezone", "start_date", "end_date"})
"""The fields of a schedule that say when it fires."""

LATELY = tuple(timedelta(hours=hours) for hours in (1, 6, 12, 24, 48, 72))
"""When the last run may have been: what the same YAML asked for then, stands because of it."""

DATES = 3
"""Dates that are listed one by one; of more, the first and the last."""

Place = tuple[str, str]
"""Region and workstation."""


@dataclass(frozen=True)
class _Row:
    """One changed schedule: its number in the plan, what it was, and what it becomes."""

    number: int
    old: CronRule | None
    new: CronRule | None

    @property
    def action(self) -> str:
        """The action, `start` or `stop`."""
        rule = self.new or self.old
        return rule.action if rule else ""


@dataclass(frozen=True, order=True)
class _Hours:
    """When a schedule fires, without its bounds."""

    days: str  # `Mon-Fri`, or for one that fires once `once, on Sun 28 Mar`
    clock: time
    timezone: str

    def __str__(self) -> str:
        return f"{self.days} {self.clock:%H:%M} {self.timezone}"


def with_preview(report: Report, site: Site, now: datetime) -> Report:
    """Replace the times of changed schedules in a report by texts.

    A row that time alone has caused says so: the same YAML asked for what stands some days ago.
    """
    edges = {(each.region, each.name): each.schedule for each in site.workstations}
    groups = [c for c in report.plan.changes if c.key.kind == auto_scaling_group.NAME]
    created = {_place(c) for c in groups if c.op is Op.CREATE}
    changes = list(report.plan.changes)
    for place, action_rows in _together(changes).items():
        if place[:2] in created:  # of those it is every start, and a note says each text
            continue
        declared = edges.get(place[:2], ())
        words = tuple(_words(action_rows, declared, now))
        why = _passed(action_rows, declared, now)
        for row in action_rows:
            changes[row.number] = _worded(changes[row.number], words, why)
    return replace(report, plan=replace(report.plan, changes=tuple(changes)))


def _place(change: Change) -> Place:
    return change.key.region, change.workstation


def _together(changes: Iterable[Change]) -> Mapping[tuple[str, str, str], list[_Row]]:
    """Find schedules whose times change, by place and action; without those edited manually."""
    found: dict[tuple[str, str, str], list[_Row]] = {}
    for number, change in enumerate(changes):
        if change.key.kind != schedule.NAME:
            continue
        row = _Row(number, _old(change), _new(change))
        strange = isinstance(change.action, Standing) and row.old is None
        if not strange and row.old != row.new:
            found.setdefault((*_place(change), row.action), []).append(row)
    return found


def _old(change: Change) -> CronRule | None:
    live = change.action.live if isinstance(change.action, Standing) else None
    return cron_rule(live.spec) if live and live.spec else None


def _new(change: Change) -> CronRule | None:
    return cron_rule(change.action.desired.spec) if isinstance(change.action, Declared) else None


def _worded(change: Change, words: tuple[str, ...], why: str) -> Change:
    fields = tuple(
        replace(each, shown=IN_WORDS) if each.field in TIMES else each for each in change.fields
    )
    only_times = change.op is not Op.UPDATE or all(each.field in TIMES for each in fields)
    action = change.action
    if isinstance(action, Create | Update | Replace):
        action = replace(action, fields=fields)
    return replace(
        change,
        action=action,
        words=words,
        notes=(),  # the text of each schedule, which the new texts contain
        by_time=bool(why) and only_times,
        reason=change.reason or (why if only_times else ""),
    )


def _words(rows: Sequence[_Row], edges: Sequence[Edge], now: datetime) -> Iterator[str]:
    """A line for each of the hours that were, or become, other ones."""
    before, after = _by_hours(row.old for row in rows), _by_hours(row.new for row in rows)
    action = rows[0].action
    changed = {row.new for row in rows}
    kept = _by_hours(
        rule for _, rule in compiled(edges, now) if rule.action == action and rule not in changed
    )
    stays = {*(before.keys() & after.keys()), *((before.keys() | after.keys()) & kept.keys())}
    for hours in sorted(stays):
        yield f"{action} {hours}{_dates(action, hours, before, after, now)}"
    gone = [hours for hours in before if hours not in stays]
    for hours in after:
        if hours in stays:
            continue
        old = _like(hours, gone)
        if old:
            gone.remove(old)
        yield f"{action} {_pair(old, hours)}{_number(action, after[hours], now)}"
    for hours in gone:
        yield f"{action} {hours}: no longer{_number(action, before[hours], now)}"


def _by_hours(rules: Iterable[CronRule | None]) -> dict[_Hours, list[CronRule]]:
    found: dict[_Hours, list[CronRule]] = {}
    for rule in rules:
        if rule is not None:
            found.setdefault(_hours(rule), []).append(rule)
    return found


def _hours(rule: CronRule) -> _Hours:
    days, once, clock = weekly(rule)
    return _Hours(f"once, on {once:%a %d %b %Y}" if once else days_text(days), clock, rule.timezone)


def _like(hours: _Hours, others: Sequence[_Hours]) -> _Hours | None:
    """Which of the hours that go these take the place of: most alike, or the only ones."""

    def likeness(other: _Hours) -> int:
        return 2 * (other.days == hours.days) + (other.clock == hours.clock)

    best = max(others, key=likeness, default=None)
    return best if best and (likeness(best) or len(others) == 1) else None


def _pair(old: _Hours | None, new: _Hours) -> str:
    """`Mon-Fri 09:00 → 08:00 Europe/Berlin`: what is the same, once."""
    if old is None:
        return str(new)
    sides = [(old.days, new.days), (f"{old.clock:%H:%M}", f"{new.clock:%H:%M}")]
    sides.append((old.timezone, new.timezone))
    if sum(before != after for before, after in sides) > 1:
        return f"{old} → {new}"
    return " ".join(before if before == after else f"{before} → {after}" for before, after in sides)


def _number(action: str, rules: Iterable[CronRule], now: datetime) -> str:
    """`, 23 starts until 24 Dec`."""
    number = len(fires(rules, now, now + AHEAD))
    return f", {number} {action}{'' if number == 1 else 's'} until {now + AHEAD:%d %b}"


def _dates(
    action: str,
    hours: _Hours,
    old: Mapping[_Hours, Sequence[CronRule]],
    new: Mapping[_Hours, Sequence[CronRule]],
    now: datetime,
) -> str:
    """Which dates are lost, and which are won, of hours that stay."""
    zone, until = ZoneInfo(hours.timezone), now + AHEAD + _WEEK
    before = {fire.at for fire in fires(old.get(hours, ()), now, until)}
    after = {fire.at for fire in fires(new.get(hours, ()), now, until)}
    parts = [
        f", {word} {_list(sorted(at.astimezone(zone) for at in times), action, now)}"
        for word, times in (("not on", before - after), ("also on", after - before))
        if times
    ]
    return "".join(parts) or f", each {action} as before"


_WEEK = timedelta(days=7)


def _list(days: Sequence[datetime], action: str, now: datetime) -> str:
    """`Thu 31 Dec and Fri 01 Jan 2027`, or `Thu 24 Dec to Fri 01 Jan 2027 (7 starts)`."""
    texts = [f"{day:%a %d %b %Y}" if day.year != now.year else f"{day:%a %d %b}" for day in days]
    if len(texts) > DATES:
        return f"{texts[0]} to {texts[-1]} ({len(texts)} {action}s)"
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _passed(rows: Sequence[_Row], edges: Sequence[Edge], now: datetime) -> str:
    """Explain rows that only time has changed; "" where the YAML or somebody changed something.

    It does where the same YAML, a short while ago, asked for all that stands and for nothing that
    is new. An older time would not distinguish a day off that came near from one just declared.
    """
    old = {row.old for row in rows if row.old}
    new = {row.new for row in rows if row.new}
    for ago in LATELY:
        then = {rule for _, rule in compiled(edges, now - ago)}
        if old <= then and not new & then:
            return _cause(old, new, now)
    return ""


def _cause(old: Collection[CronRule], new: Collection[CronRule], now: datetime) -> str:
    until = now + AHEAD + _WEEK
    lost, won = fires(old, now, until), fires(new, now, until)
    if set(lost) - set(won):
        return f"a day off is less than {AHEAD.days} days away"
    if set(won) - set(lost):
        return f"a clock change is less than {AHEAD.days} days away"
    return "a day off, or a time that comes once, is over"
