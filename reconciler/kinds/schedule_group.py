"""The EventBridge Scheduler group of a region: schedules have no tags, so it holds theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import NotFound
from reconciler.kinds import topic
from reconciler.kinds.identity import tag_arn
from reconciler.plan.diff import differing
from reconciler.plan.kind import Aws, Scope
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
    answer = aws.call("scheduler", "list_tags_for_resource", ResourceArn=group["Arn"])
    tags = read_tags(answer.get("Tags", ()))
    yield Live(
        key(scope.site, aws.region),
        ScheduleGroup(scope.managed(tags)),
        owned=scope.owns(tags),
        attrs={"name": scope.site, "arn": group["Arn"]},
        ready=group["State"] == "ACTIVE",
        busy="" if group["State"] == "ACTIVE" else "it is being deleted",
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
