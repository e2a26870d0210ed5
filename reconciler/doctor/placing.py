"""Where workstations can start: types offered per zone, addresses left, images that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from reconciler.declare.fleet import Workstation
from reconciler.doctor.check import Found, Level, View, lacking, names
from reconciler.plan.image_fit import mismatch
from reconciler.plan.pools import FEWEST_POOLS, Pools, count
from reconciler.plan.resolve import ImageFacts, Missing, keys_of

OLD = timedelta(days=180)
"""Half a year of security updates that a boot has to make up for."""


def declared(view: View) -> Iterator[Found]:
    """Report what keeps a workstation out of every plan, beyond what has a check of its own."""
    reported = {answer.reason for answer in _checked_elsewhere(view) if isinstance(answer, Missing)}
    held: dict[str, list[str]] = {}
    for problem in view.blocked:
        held.setdefault(problem.reason, []).append(problem.workstation or problem.name)
    for problem in view.blocked:
        if problem.reason not in reported:
            reported.add(problem.reason)
            missing = Missing(problem.reason, problem.error)
            yield lacking(missing, "correct the YAML there", held[problem.reason], problem.where)
    for finding in view.findings:
        yield Found(Level.WARNING, finding.message, where=finding.where)
    if not view.blocked and not view.findings:
        yield Found(Level.OK, f"all that is named is there, for {len(view.workstations)}")


def _checked_elsewhere(view: View) -> Iterator[object]:
    """The answers to lookups that have a check of their own; nothing is asked twice."""
    workstations, aws, lookups = view.workstations, view.aws, view.lookups
    yield from lookups.images(aws, {w.image for w in workstations}).values()
    yield from lookups.instance_profiles(aws, {w.instance_profile for w in workstations}).values()
    yield from lookups.roles(aws, {w.scheduler_role for w in workstations}).values()
    yield from lookups.keys(aws, keys_of(view.site, aws.region)).values()


def offerings(view: View) -> Iterator[Found]:
    """Check whether AWS offers the matching types in each zone of each workstation."""
    alike: dict[tuple[str, int], list[str]] = {}
    for workstation in view.resolved:
        name, pools = workstation.declared.name, view.pools[workstation.declared.name]
        if isinstance(pools, Missing):
            yield lacking(pools, "", [name], workstation.declared.where)
        elif pools.absent:
            text = f"AWS offers no {' and no '.join(pools.absent)} in {workstation.declared.region}"
            fix = "correct the name, or take it out of `instance_types`"
            where = workstation.declared.places["instance_types"]
            yield Found(Level.ERROR, f"{name}: {text}", fix, (name,), where)
        else:
            least = 1 if workstation.declared.spot_policy == "on-demand" else FEWEST_POOLS
            alike.setdefault((str(pools), least), []).append(name)
    for (text, least), same in alike.items():
        pools = view.pools[same[0]]
        assert isinstance(pools, Pools)
        bare = [zone for zone, types in pools.by_zone.items() if not types]
        subject = f"{names(same)}: {pools.where()}"
        fix = "widen gpu or instance_types, or choose other availability_zones"
        if pools.count < least:
            few = f"{count(pools.count)} (type × zone), {least} needed; {subject}"
            yield Found(Level.ERROR, few, fix, tuple(same))
        elif bare:
            nothing = f"nothing that matches is offered in {names(bare)}; {subject}"
            yield Found(Level.WARNING, nothing, fix, tuple(same))
        else:
            yield Found(Level.OK, f"{names(same)}: {text}")


def addresses(view: View) -> Iterator[Found]:
    """Check whether the chosen subnets have addresses left; each instance takes one."""
    free = {
        item["SubnetId"]: item["AvailableIpAddressCount"]
        for item in view.aws.pages("ec2", "describe_subnets", "Subnets", 1000)
    }
    users: dict[str, list[str]] = {}
    zones: dict[str, str] = {}
    stuck = set()
    for workstation in view.resolved:
        for subnet in workstation.subnets:
            users.setdefault(subnet.id, []).append(workstation.declared.name)
            zones[subnet.id] = subnet.availability_zone
        if not any(free[subnet.id] for subnet in workstation.subnets):
            stuck.add(workstation.declared.name)
    for subnet_id, workstations in sorted(users.items()):
        left = free[subnet_id]
        text = (
            f"{subnet_id} ({zones[subnet_id]}): {left} free addresses, "
            f"{len(workstations)} may start there"
        )
        fix = "free some, or name larger or more subnets in network.subnets"
        if left == 0 and stuck & set(workstations):
            held = sorted(stuck & set(workstations))
            yield Found(Level.ERROR, f"{text}: {names(held)} can start nowhere", fix, tuple(held))
        elif left < len(workstations):
            yield Found(Level.WARNING, text, fix, tuple(workstations))
        else:
            yield Found(Level.OK, text)


def images(view: View) -> Iterator[Found]:
    """Check whether each declared image is there, usable, and not too old."""
    users: dict[str, list[Workstation]] = {}  # by id
    for name, facts in view.lookups.images(view.aws, {w.image for w in view.workstations}).items():
        workstations = [w for w in view.workstations if str(w.image) == name]
        if isinstance(facts, ImageFacts):
            users.setdefault(facts.id, []).extend(workstations)
        else:
            affected = [w.name for w in workstations]
            yield lacking(
                facts, "publish it, or correct `image`", affected, workstations[0].places["image"]
            )
    if not users:
        return
    asked = [{"Name": "image-id", "Values": sorted(users)}]
    found = view.aws.call("ec2", "describe_images", Filters=asked, IncludeDeprecated=True)
    for item in found["Images"]:
        yield _image(view, item, users[item["ImageId"]])


def _image(view: View, item: Mapping[str, Any], users: list[Workstation]) -> Found:
    made, ends = _moment(item.get("CreationDate")), _moment(item.get("DeprecationTime"))
    days = (view.now - made).days if made else 0
    age = f", {days} day{'' if days == 1 else 's'} old" if made else ""
    text = f"{item['ImageId']} ({names(sorted({str(w.image) for w in users}))}){age}"
    fix = "bake a new image and publish it where `image` points"
    level = Level.OK
    if item["State"] != "available":
        level, text, fix = Level.ERROR, f"{text} is {item['State']}", "name one that is available"
    elif ends and ends <= view.now:
        level, text = Level.WARNING, f"{text}, deprecated since {ends:%Y-%m-%d}"
    elif made and view.now - made > OLD:
        level = Level.WARNING
    if level is Level.OK:
        return Found(level, text)
    return Found(level, text, fix, tuple(w.name for w in users), users[0].places["image"])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def architectures(view: View) -> Iterator[Found]:
    """Check whether the image runs on the types that match, and has a driver for them."""
    if isinstance(view.types, Missing):
        yield lacking(view.types, "")
        return
    fine = 0
    for workstation in view.resolved:
        types, image = view.matching(workstation.declared.name), workstation.image
        if not image.id:  # the check of images says so
            continue
        wrong = [t for t in types if image.architecture not in view.types[t].architectures]
        mismatches = mismatch(replace(image, architecture=""), types)
        if mismatches and not wrong:
            yield Found(
                Level.ERROR,
                f"{workstation.declared.name}: {mismatches}",
                "name an image with a driver for these types, or take them out",
                (workstation.declared.name,),
                workstation.declared.places["image"],
            )
            continue
        if not wrong:
            fine += 1
            continue
        text = (
            f"{workstation.declared.name}: {image.id} is {image.architecture}, "
            f"which {names(wrong)} cannot run"
        )
        yield Found(
            Level.ERROR if len(wrong) == len(types) else Level.WARNING,
            text,
            "name an image of their architecture, or take these types out",
            (workstation.declared.name,),
            workstation.declared.places["image"],
        )
    if fine:
        yield Found(Level.OK, f"the image runs on every type that matches, for {fine}")
