"""The EventBridge Scheduler group of a region, whose tags stand for its schedules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import NotFound
from reconciler.kinds import topic
from reconciler.kinds.tagging import tag_resource
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Desired, Key, Live, Update
from reconciler.plan.ownership import ownership, read_tags, write_tags
from reconciler.plan.projection import projected
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import IN_PLACE

NAME = "schedule_group"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False


@dataclass(frozen=True)
class ScheduleGroup:
    """A schedule group has a name and tags."""

    tags: Mapping[str, str]


UPDATE_POLICY = {"tags": IN_PLACE}


def key(site: str, region: str) -> Key:
    """Return the key of the group of a region, named as the site."""
    return Key(region, NAME, site)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one group for each region in use."""
    for region in topic.regions(site):
        yield Desired(key(site.name, region), ScheduleGroup(ownership(site.name)))


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Read the group by the one name that the site uses."""
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


def create(aws: Aws, change: Create) -> Live:
    """Create the group."""
    want = change.desired
    spec: ScheduleGroup = want.spec
    name, tags = want.key.name, write_tags(spec.tags)
    answer = aws.call("scheduler", "create_schedule_group", Name=name, Tags=tags)
    attrs = {"name": name, "arn": answer["ScheduleGroupArn"]}
    return Live(want.key, spec, owned=True, attrs=attrs)


def update(aws: Aws, change: Update) -> Live:
    """Write the group's tags."""
    live, spec = change.live, change.desired.spec
    resource = {"ResourceArn": live.attrs["arn"]}
    tag_resource(aws, "scheduler", resource, live.spec.tags, spec.tags)
    return Live(live.key, spec, owned=True, attrs=live.attrs)
