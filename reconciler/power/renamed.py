"""Detect a renamed site: workstations under the old name are in no plan any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import AwsError
from reconciler.plan.model import Finding, Level, Unknown
from reconciler.plan.names import group_prefix
from reconciler.plan.ownership import SITE, WORKSTATION, read_tags
from reconciler.plan.projection import Unreadable, readable, text
from reconciler.plan.snapshot import Snapshot
from reconciler.workstation import describe

_NAMES = 5


def renamed(snapshot: Snapshot, clients: Mapping[str, Aws]) -> Iterator[Finding]:
    """Warn if no workstation of this site is live, and live ones of its names belong to another.

    The groups were read already: the clients answer from their cache.
    """
    site = snapshot.resolved.declared
    if any(
        live.owned
        for reading in snapshot.readings.values()
        if not isinstance(reading, Unknown)
        for live in reading
    ):
        return
    declared = {(each.region, each.name) for each in site.workstations}
    others: dict[str, list[str]] = {}
    for region, aws in clients.items():
        for other, name, group in _groups(aws):
            declared_here = (region, name) in declared or group.removeprefix(
                group_prefix(site.name)
            ) in {known for where, known in declared if where == region}
            if other != site.name and declared_here:
                others.setdefault(other, []).append(name or group)
    for other, names in sorted(others.items()):
        more = ", …" if len(names) > _NAMES else ""
        yield Finding(
            Level.WARNING,
            "site-renamed",
            f"nothing of the site {site.name} is here, but workstations that it "
            f"declares are here under the site {other}: {', '.join(sorted(names)[:_NAMES])}{more} "
            f"({len(names)} in all). "
            "Was `site` renamed? They would still run and cost money, in no plan, beside new ones "
            "with empty homes. "
            f"Restore `site: {other}`; continue if you want both sites",
            sensitive=True,
        )


def _groups(aws: Aws) -> Iterator[tuple[str, str, str]]:
    """The site, the workstation and the name of each group that has a site's tag."""

    def read(group: Any) -> tuple[str, str, str]:
        tags = read_tags(group.get("Tags", ()))
        return tags.get(SITE, ""), tags.get(WORKSTATION, ""), text(group, "AutoScalingGroupName")

    try:
        groups = list(describe.groups(aws))
    except AwsError:  # its rows are unknown already
        return
    for group in groups:
        found = readable(group, read)
        if not isinstance(found, Unreadable) and found[0]:
            yield found
