"""The EventBridge Scheduler group of a region: schedules have no tags, so it holds theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import NotFound
from reconciler.kinds import topic
from reconciler.kinds.identity import tag_arn
from reconciler.plan.diff import differing
from reconciler.plan.kind import Scope
from reconciler.plan.model import (
    IN_PLACE,
    Change,
    Desired,
    FieldChange,
    Key,
    Live,
    Op,
)
from reconciler.plan.ownership import ownership, read_tags, write_tags
from reconciler.plan.projection import projected
from reconciler.plan.resolve import ResolvedSite

NAME = "schedule_group"
MOVES: frozenset[str] = frozenset()
HOLDS_INSTANCES = False


@dataclass(frozen=True)
class ScheduleGroup:
    """A group is a name and tags."""

    tags: Mapping[str, str]


RULES = {"tags": IN_PLACE}


def key(site: str, region: str) -> Key:
    """One per region, named as the site."""
    return Key(region, NAME, site)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """One per region in use."""
    for region in topic.regions(site):
        yield Desired(key(site.name, region), ScheduleGroup(ownership(site.name)))


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Ask for the one name we would use."""
    try:
        group = aws.call("scheduler", "get_schedule_group", Name=scope.site)
    except NotFound:
        return
    arn = str(group.get("Arn"))
    tagged = aws.call("scheduler", "list_tags_for_resource", ResourceArn=arn)
    identify = partial(_identity, aws.region, scope)
    yield from projected(NAME, aws.region, {**tagged, **group}, identify, partial(_live, scope))


def _identity(region: str, scope: Scope, group: Mapping[str, Any]) -> Live:
    owned = scope.owns(read_tags(group.get("Tags", ())))
    attrs = {"name": scope.site, "arn": group["Arn"]}
    return Live(key(scope.site, region), None, owned=owned, attrs=attrs)


def _live(scope: Scope, group: Mapping[str, Any], named: Live) -> Live:
    active = group["State"] == "ACTIVE"
    return replace(
        named,
        spec=ScheduleGroup(scope.managed(read_tags(group.get("Tags", ())))),
        ready=active,
        busy="" if active else "it is being deleted",
    )


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Field by field."""
    return differing(live.spec, want.spec, RULES)


def apply(aws: Aws, change: Change) -> Live | None:
    """Create, or write its tags."""
    assert change.desired is not None
    spec: ScheduleGroup = change.desired.spec
    if change.op is Op.CREATE:
        answer = aws.call(
            "scheduler",
            "create_schedule_group",
            Name=change.key.name,
            Tags=write_tags(spec.tags),
        )
        attrs = {"name": change.key.name, "arn": answer["ScheduleGroupArn"]}
        return Live(change.key, spec, owned=True, attrs=attrs)
    assert change.live is not None
    live = change.live
    tag_arn(aws, "scheduler", live.attrs["arn"], live.spec.tags, spec.tags)
    return Live(change.key, spec, owned=True, attrs=live.attrs)
