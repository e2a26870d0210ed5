"""Find a workstation by its tags: by name, or the caller's own. Neither YAML nor a file is read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Fallback
from reconciler.declare.nearest import nearest
from reconciler.errors import AwsError, UsageError
from reconciler.kinds.auto_scaling_group import max_runtime
from reconciler.plan.ownership import (
    FALLBACK,
    FLEET,
    HOME,
    OVERRIDE,
    OWNER,
    SITE,
    WORKSTATION,
    read_tags,
)
from reconciler.plan.projection import number, readable, text
from reconciler.power.model import Group, Member
from reconciler.power.override import Sizes

log = logging.getLogger(__name__)

_WORD = r"[a-z][a-z0-9-]{0,30}[a-z0-9]"
NAME = re.compile(rf"(?:(?P<site>{_WORD})/)?(?P<name>{_WORD})")
"""`alice`, or `acme/alice` where two sites of one account have an alice."""

_FALLBACK = re.compile(r"after (\d{1,9}) max (\d{1,9})")
_SPLIT = "OnDemandPercentageAboveBaseCapacity"


def caller(arn: str) -> str:
    """Who an ARN of STS names: the session of a role (Identity Center: the login), or the user."""
    return arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2]


def checked(name: str) -> str:
    """The name again. Raises: UsageError for one that no workstation can have."""
    if name and not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a workstation: a name is 2 to 32 lower-case letters, digits and "
            "hyphens, beginning with a letter (`workstation status` lists yours)"
        )
    return name


def one(aws: Aws, name: str, who: str) -> Group:
    """The workstation of this name, or without a name the caller's only one.

    Raises: UsageError when there is none, or more than one.
    """
    found = some(aws, name, who)
    if len(found) > 1 and name:
        mine = [group for group in found if is_owner(who, group.owner)]
        found = mine if len(mine) == 1 else found
    if len(found) > 1:
        sites = {group.site for group in found}
        names = [f"{g.site}/{g.workstation}" if len(sites) > 1 else g.workstation for g in found]
        whose = f"have the name {name}" if name else f"of {who}"
        raise UsageError(f"several workstations {whose}: name one of {', '.join(sorted(names))}")
    return found[0]


def some(aws: Aws, name: str, who: str) -> list[Group]:
    """Those of this name, or without one all of the caller's. Raises: UsageError for none."""
    found = by_name(aws, name) if name else own(aws, who)
    where = f"in {aws.region}, account {aws.account}"
    if not found and name:
        near = nearest(name.rpartition("/")[2], [group.workstation for group in every(aws)])
        meant = f"did you mean {near}? " if near else ""
        raise UsageError(
            f"no workstation {name} {where}: {meant}`workstation status --all` lists all there "
            "are; AWS_REGION and AWS_PROFILE choose region and account"
        )
    if not found:
        raise UsageError(
            f"no workstation {where} is yours: you are {who}, and none has the owner {who} (or "
            f"{who}@…), letter for letter. Name one, or ask those who keep the fleet to set "
            f"`owner: {who}`"
        )
    return found


def by_name(aws: Aws, name: str) -> list[Group]:
    """Every workstation of this name in the region; more than one only of several sites."""
    site, _, short = name.rpartition("/")
    groups = _groups(aws, f"tag:{WORKSTATION}", short, strict=True)
    return [group for group in groups if site in ("", group.site)]


def own(aws: Aws, who: str) -> list[Group]:
    """The caller's."""
    found = list(_groups(aws, f"tag:{OWNER}", who))
    # AWS documents no patterns for tag filters: `alice` of alice@example.com takes the whole list.
    return found or [group for group in every(aws) if is_owner(who, group.owner)]


def every(aws: Aws) -> list[Group]:
    """All there are in the region."""
    return list(_groups(aws, "tag-key", WORKSTATION))


def regions(aws: Aws) -> list[str]:
    """Every region that is enabled in the account. Raises: AwsError."""
    return sorted(each["RegionName"] for each in aws.call("ec2", "describe_regions")["Regions"])


def again(aws: Aws, group: Group) -> Group | None:
    """The same group as it stands now; None once it is gone."""
    answer = aws.call(
        "autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[group.name]
    )
    return next(_ours(aws.region, answer.get("AutoScalingGroups", ()), strict=True), None)


def is_owner(who: str, owner: str) -> bool:
    """Tell whether a login is the owner, with case, as IAM does: whole, or before the @."""
    return bool(who) and who in (owner, owner.partition("@")[0])


def _groups(aws: Aws, tag: str, value: str, *, strict: bool = False) -> Iterator[Group]:
    found = aws.pages(
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        100,
        Filters=[{"Name": tag, "Values": [value]}],
    )
    return _ours(aws.region, found, strict=strict)


def _ours(region: str, found: Iterable[Mapping[str, Any]], *, strict: bool) -> Iterator[Group]:
    """Those whose name is what their tags say: a tag alone may be on anything (promise 6).

    One that cannot be read is a warning among others.
    Raises: AwsError for it where it alone was asked for (`strict`).
    """
    for item in found:
        group = readable(item, partial(_our, region))
        if isinstance(group, Group):
            yield group
        elif group and strict:
            operation = "autoscaling:DescribeAutoScalingGroups"
            raise AwsError(operation, "Unreadable", str(group), region)
        elif group:
            log.warning("%s: %s", region, group)


def _our(region: str, item: Mapping[str, Any]) -> Group | None:
    tags = read_tags(item.get("Tags", ()))
    site, workstation = tags.get(SITE, ""), tags.get(WORKSTATION, "")
    named = item["AutoScalingGroupName"] == f"{site}-{workstation}"
    being_deleted = item.get("Status")
    if named and NAME.fullmatch(f"{site}/{workstation}") and not being_deleted:
        return _group(region, item, tags)
    return None


def _group(region: str, item: Mapping[str, Any], tags: Mapping[str, str]) -> Group:
    policy = item.get("MixedInstancesPolicy", {}).get("InstancesDistribution", {})
    fallback = _FALLBACK.fullmatch(tags.get(FALLBACK, ""))
    return Group(
        region=region,
        name=item["AutoScalingGroupName"],
        site=tags[SITE],
        fleet=tags.get(FLEET, ""),
        workstation=tags[WORKSTATION],
        owner=tags.get(OWNER, ""),
        desired=number(item, "DesiredCapacity"),
        sizes=Sizes(number(item, "MinSize"), number(item, "MaxSize")),
        members=tuple(
            Member(
                text(each, "InstanceId"),
                text(each, "InstanceType", ""),
                text(each, "AvailabilityZone"),
                text(each, "LifecycleState"),
            )
            for each in item.get("Instances", ())
        ),
        suspended=frozenset(each["ProcessName"] for each in item.get("SuspendedProcesses", ())),
        on_demand=policy.get(_SPLIT, 100) == 100,  # AWS's default
        override=tags.get(OVERRIDE, ""),
        fallback=Fallback(int(fallback[1]), int(fallback[2])) if fallback else None,
        max_runtime=max_runtime(tags),
        home=tags.get(HOME, ""),
    )
