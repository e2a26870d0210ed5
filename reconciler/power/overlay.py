"""Apply the runtime state to the desired groups before the comparison: sizes, market, limits.

The YAML says what a group is; tags, the clock and scaling activities say what it should be now.
Reads only where there is a question: activities of groups that want an instance and have none,
instances of those that may be up too long. A read that fails leaves that group as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Workstation
from reconciler.errors import AwsError
from reconciler.kinds import auto_scaling_group
from reconciler.kinds.auto_scaling_group import AutoScalingGroup
from reconciler.plan.model import Desired, Finding, Key, Level, Live, Unknown
from reconciler.plan.projection import ODD, explain
from reconciler.plan.snapshot import EffectiveState, Snapshot
from reconciler.power import (
    limits,
    lost_firings,
    on_demand_fallback,
    override_ends,
    unavailable_offerings,
)
from reconciler.power.launch_failures import failing_since
from reconciler.power.next_stop import announced
from reconciler.power.renamed import renamed
from reconciler.schedule.cron import latest, rules_of
from reconciler.workstation import describe
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import (
    NORMAL,
    active_override,
    format_time,
    parse_lease,
    parse_override,
)

SLACK = timedelta(minutes=30)
"""How much further back than the declared wait activities are read: launches are tried rarely."""

POOLS_SHOWN = 6

LOST_STOP = "what kept it on is over, and the end that was to turn it off did not come"

AT_ONCE = 5
"""Auto Scaling has one bucket for all its calls, and says nothing of its size."""


@dataclass(frozen=True)
class Managed:
    """A group of the site, on both sides; `declared` is None for one that left the YAML."""

    declared: Workstation | None
    want: Desired
    live: Live

    @property
    def spec(self) -> AutoScalingGroup:
        """The live spec of the group."""
        spec: AutoScalingGroup = self.live.spec
        return spec

    @property
    def runtime(self) -> Group:
        """The runtime state: what runs, and what the runtime tags say."""
        assert self.spec.runtime is not None  # `find` fills it
        return self.spec.runtime

    @property
    def waiting(self) -> bool:
        """Whether it wants an instance and has none."""
        return bool(self.runtime.desired) and not self.runtime.staying


def apply_runtime_state(
    snapshot: Snapshot,
    clients: Mapping[str, Aws],
    now: datetime,
    pool: Callable[[int], Executor],
    cost: limits.Cost,
) -> EffectiveState:
    """Apply the runtime state to the desired groups, and report findings about it."""
    groups = list(_groups(snapshot))
    findings: list[Finding] = []
    effective: dict[Key, Desired] = {}
    waiting = [each for each in groups if each.waiting and each.declared]
    shortages = _read_shortages(waiting, clients, now, pool)
    for group in groups:
        costs = partial(_costs, group, clients[group.live.key.region], cost)
        effective[group.want.key] = _decided(
            group, shortages.get(group.want.key), now, findings, costs
        )
    standing = lost_firings.standing(snapshot)
    candidates = [
        limits.Candidate(each.runtime, _limits(each, standing, now))
        for each in groups
        if each.runtime.desired
    ]
    stops = limits.check(candidates, len(groups), clients, now, cost)
    findings.extend(stops.findings)
    findings.extend(lost_firings.lost_starts(_due(groups, standing, now), clients))
    kept_on = {c.key for c in candidates if active_override(c.group.override, now)}
    for key, reason in stops.reasons.items():
        effective[key] = _with(effective[key], reason, desired_capacity=0)
        if key in kept_on:
            normal = {"min_size": NORMAL.minimum, "max_size": NORMAL.maximum}
            effective[key] = _with(effective[key], "", **normal, override="")
    for group in groups:
        key = group.want.key
        if group.runtime.desired and group.runtime.member and key not in stops.reasons:
            hours, launched = override_ends.hours_of(group.declared, now), stops.launched.get(key)
            effective[key] = announced(effective[key], group.runtime, hours, now, launched)
        if group.spec.protected_instances:
            effective[group.live.key] = _unprotected(group, effective[group.live.key], findings)
    undeclared = [each for key, each in effective.items() if each.runtime_only]
    held = [
        override_ends.Held(
            g.live,
            g.declared,
            None if g.live.key in stops.reasons else active_override(g.runtime.override, now),
        )
        for g in groups
    ]
    findings.extend(override_ends.foreign(snapshot, held))
    findings.extend(renamed(snapshot, clients))
    desired = (effective.get(each.key, each) for each in snapshot.desired)
    return EffectiveState(
        (*desired, *undeclared, *override_ends.wanted(snapshot, held, now)), tuple(findings)
    )


def _groups(snapshot: Snapshot) -> Iterable[Managed]:
    """Every group that stands and is ours: whatever became of its declaration, its time goes on.

    One that is not declared, or cannot be resolved, keeps its shape: only runtime is wanted of it.
    """
    declared = {(each.region, each.name): each for each in snapshot.resolved.declared.workstations}
    wanted = {
        each.key: each for each in snapshot.desired if each.key.kind == auto_scaling_group.NAME
    }
    for (kind, _), reading in snapshot.readings.items():
        if kind != auto_scaling_group.NAME or isinstance(reading, Unknown):
            continue
        for live in reading:
            if live.owned and live.spec is not None:  # else it could not be read: it stays as it is
                found = declared.get((live.key.region, live.workstation))
                want = wanted.get(live.key) or _as_it_is(live, found)
                yield Managed(found, want, live)


def _as_it_is(live: Live, declared: Workstation | None) -> Desired:
    return Desired(
        live.key,
        live.spec,
        where=declared.where if declared else None,
        fleet=live.fleet,
        workstation=live.workstation,
        runtime_only=True,
    )


def _unprotected(group: Managed, want: Desired, findings: list[Finding]) -> Desired:
    """End the protection from scale-in of a group that is off, or is turned off by this run.

    Under it AWS lowers the desired capacity and ends nothing (EC2 Auto Scaling user guide, "Use
    instance scale-in protection"): a stop, a schedule's or a limit's, would never come. It is
    no override: while the group is on, nobody is cut off, and a finding says how to end it.
    """
    protected = ", ".join(group.spec.protected_instances or ())
    wanted = want.spec.desired_capacity if group.runtime.desired else 0
    if wanted == 0 and not want.spec.min_size:
        reason = f"it is off, and its protection from scale-in keeps {protected} running"
        return _with(want, reason, protected_instances=())
    name, ids = group.live.key.name, protected.replace(",", "")
    message = (
        f"{group.live.workstation}: {protected} is protected from scale-in: its next stop does "
        "not end it; the run after that stop removes the protection and ends it. To end it now: "
        "aws autoscaling set-instance-protection --no-protected-from-scale-in "
        f"--instance-ids {ids} --auto-scaling-group-name {name}; to keep it on, use "
        f"`workstation hold {group.live.workstation}`"
    )
    findings.append(Finding(Level.WARNING, "protected-instance", message, group.want.where))
    return want


def _limits(
    group: Managed,
    standing: Mapping[tuple[str, str], tuple[lost_firings.Standing, ...]],
    now: datetime,
) -> limits.Limits:
    """What ends it: as declared, or, for one that left the YAML, as its tags still say."""
    declared, live = group.declared, group.live
    unedited = standing.get((live.key.region, live.workstation), ())
    if declared is None:
        limit = group.runtime.max_runtime
        return limits.Limits(live.workstation, limit, leaving=True, standing=unedited)
    return limits.Limits(
        declared.name,
        declared.max_runtime,
        declared.where,
        rules_of(declared, now),
        declared.outside_hours == "stop",
        standing=unedited,
    )


def _due(
    groups: Iterable[Managed],
    standing: Mapping[tuple[str, str], tuple[lost_firings.Standing, ...]],
    now: datetime,
) -> Iterable[lost_firings.Due]:
    """Those that are off within an hour after a start should have come, and nobody kept off."""
    for group in groups:
        declared, runtime, key = group.declared, group.runtime, group.live.key
        if declared is None or runtime.desired:
            continue
        last = latest(rules_of(declared, now), now)
        if (
            last is None
            or not limits.GRACE < now - last.at <= limits.GRACE + lost_firings.REPORTED_FOR
        ):
            continue
        stood = standing.get((key.region, declared.name), ())
        if lost_firings.fired(stood, "start", last.at) and not lost_firings.refused(
            runtime.override, last.at
        ):
            yield lost_firings.Due(key, declared.name, last.at, declared.where)


def _with(want: Desired, reason: str, **fields: object) -> Desired:
    """The same, wanting these fields, for this reason where it is one of ours."""
    reasons = "; ".join(filter(None, (want.reason, reason)))
    return replace(want, spec=replace(want.spec, **fields), reason=reasons)


def _decided(
    group: Managed,
    shortage: on_demand_fallback.CapacityShortage | AwsError | None,
    now: datetime,
    findings: list[Finding],
    costs: Callable[[], str],
) -> Desired:
    """One group with what runtime decides. One of which nobody foresaw what its tags say stays as
    it is, and stops no other (promise 16)."""
    found: list[Finding] = []
    try:
        want = _market(group, _sizes(group, now, found), shortage, now, found, costs)
    except ODD as error:
        name = group.live.workstation
        message = f"{name}: its tags make no sense, so its sizes and its market stay as they are"
        message = f"{message}: {explain(error)}"
        findings.append(Finding(Level.WARNING, "runtime-unknown", message, group.want.where))
        kept = ("min_size", "max_size", "market", "on_demand_percentage_above_base_capacity")
        return _with(group.want, "", **{field: getattr(group.spec, field) for field in kept})
    findings.extend(found)
    return want


def _sizes(group: Managed, now: datetime, findings: list[Finding]) -> Desired:
    """What an override's sizes should be: those of one that holds, or the normal ones."""
    override = active_override(group.runtime.override, now)
    if override is None:
        findings.extend(override_ends.too_long(group.live, group.want.where, now))
        want = _with(group.want, "", min_size=NORMAL.minimum, max_size=NORMAL.maximum)
        return _with(want, LOST_STOP, desired_capacity=0) if _lost_stop(group, now) else want
    name, where = group.live.workstation, group.want.where
    message = (
        f"{name}: kept {override.state} until {format_time(override.until)} ({override.author})"
    )
    findings.append(Finding(Level.INFO, "override", message, where))
    sizes = override.sizes
    return _with(group.want, "", min_size=sizes.minimum, max_size=sizes.maximum)


def _lost_stop(group: Managed, now: datetime) -> bool:
    """Tell whether AWS lost the end of an override, and with it a stop."""
    over = parse_override(group.runtime.override)
    if not (over and over.state == "on" and group.spec.min_size and group.runtime.desired):
        return False
    if over.until > now:  # one that is too long, and ignored: the limits decide
        return False
    hours = override_ends.hours_of(group.declared, now)
    if not hours.stops:
        return hours.ends_off(over.until, over.until)
    last = latest(hours.rules, now)
    return last is not None and last.action == "stop"


def _market(
    group: Managed,
    want: Desired,
    shortage: on_demand_fallback.CapacityShortage | AwsError | None,
    now: datetime,
    findings: list[Finding],
    costs: Callable[[], str],
) -> Desired:
    """Spot or On-Demand, where the declaration leaves it open; and why nothing starts."""
    declared, spec = group.declared, group.spec
    if declared is None:
        return want
    if isinstance(shortage, AwsError):
        message = f"{declared.name}: why it does not start could not be read: {shortage}"
        findings.append(Finding(Level.WARNING, "activities-unknown", message, declared.where))
        share = spec.on_demand_percentage_above_base_capacity
        return _with(want, "", market=spec.market, on_demand_percentage_above_base_capacity=share)
    if shortage:
        findings.append(_cannot_start(declared, shortage))
    if declared.on_demand_fallback is None:
        return want
    decided = on_demand_fallback.decide(group.runtime, shortage, declared.on_demand_fallback, now)
    if decided.over:
        message = f"{declared.name}: {decided.reason}{costs()}"
        findings.append(Finding(Level.WARNING, "lease-over", message, declared.where))
    return _with(
        want,
        decided.reason if decided.lease != spec.market else "",
        market=decided.lease,
        on_demand_percentage_above_base_capacity=on_demand_fallback.ON_DEMAND
        if decided.lease
        else on_demand_fallback.SPOT,
    )


def _costs(group: Managed, aws: Aws, cost: limits.Cost) -> str:
    """` ($1.01/h)` of what runs On-Demand, or nothing."""
    found = [cost(aws, each.type, each.zone, "on-demand") for each in group.runtime.staying]
    return f" ({', '.join(found)})" if all(found) else ""


def _read_shortages(
    waiting: Sequence[Managed],
    clients: Mapping[str, Aws],
    now: datetime,
    pool: Callable[[int], Executor],
) -> dict[Key, on_demand_fallback.CapacityShortage | AwsError | None]:
    """Since when every launch of a waiting group failed, side by side: a shortage hits many."""

    def read(group: Managed) -> on_demand_fallback.CapacityShortage | AwsError | None:
        try:
            return _read_shortage(clients[group.live.key.region], group, now)
        except AwsError as error:
            return error
        except ODD as error:
            read = "autoscaling:DescribeScalingActivities"
            return AwsError(read, "Odd", explain(error), group.live.key.region)

    if not waiting:
        return {}
    with pool(AT_ONCE) as workers:
        return dict(
            zip((each.live.key for each in waiting), workers.map(read, waiting), strict=True)
        )


def _read_shortage(
    aws: Aws, group: Managed, now: datetime
) -> on_demand_fallback.CapacityShortage | None:
    """Within the lease, if there is one: what failed before it was the other market."""
    fallback = group.declared.on_demand_fallback if group.declared else None
    wait = timedelta(seconds=fallback.after if fallback else 0)
    bound = now - max(unavailable_offerings.LONGEST, wait + SLACK)
    lease = parse_lease(group.spec.market)
    since = max(bound, lease) if lease and lease <= now else bound
    activities = list(describe.activities(aws, since, group.live.key.name))
    found = failing_since(activities, "on-demand" if group.runtime.on_demand else "spot")
    return (
        on_demand_fallback.CapacityShortage(
            found, unavailable_offerings.unavailable(activities, now)
        )
        if found
        else None
    )


def _cannot_start(
    declared: Workstation, capacity_shortage: on_demand_fallback.CapacityShortage
) -> Finding:
    failure = capacity_shortage.shortage.failure
    code = f" ({failure.code})" if failure.code else ""
    pools = sorted(map(str, capacity_shortage.unavailable))
    tried = ", ".join(pools[:POOLS_SHOWN]) + (", …" if len(pools) > POOLS_SHOWN else "")
    return Finding(
        Level.WARNING,
        "cannot-start",
        f"{declared.name}: should be on, and could not start since at least "
        f"{format_time(capacity_shortage.shortage.since)}: {failure.cause.why}{code}; "
        f"tried lately: {tried}; "
        f"who can fix it: {failure.cause.mender.words}; next step: {failure.step}",
        declared.where,
    )
