"""Does one item make sense: what is missing, places, markets, tags."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from reconciler.declare import check_machine
from reconciler.declare.merge import Item
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Seq, SourceSpan, wrong
from reconciler.declare.units import seconds
from reconciler.errors import Problem

_REQUIRED = {
    "owner": "owner: alice@example.com",
    "region": "region: us-east-1",
    "instance_profile": "instance_profile: workstation",
    "scheduler_role": "scheduler_role: workstation-scheduler",
}
_RESERVED = ("aws:", "reconciler:")  # AWS's tags, and ours
MAX_TAGS = 40  # of AWS's 50; the rest are ours
_WAIT = (60, 86400, "1m", "1d")
_DURATION = (600, 7 * 86400, "10m", "7d")
_RUNTIME = (3600, 30 * 86400, "1h", "30d")


def workstation(item: Item) -> Iterator[Problem]:
    """Check the settings of one workstation, except for its machine and its disks."""
    settings = item.settings
    for key, example in _REQUIRED.items():
        if item.is_complete and not settings.mentions(key):
            yield _missing(item, key, example)
    image = settings.get("image")
    if image is not None and not any(map(image.mentions, ("id", "ssm_parameter", "name"))):
        yield settings.spans["image"].key("`image` names none", "give id, ssm_parameter or name")
    yield from _network(item)
    zones = settings.get("availability_zones", Seq())
    for zone, span in zip(zones, zones.spans, strict=True):
        yield from _in_region(zone, span, settings)
    home = settings.get("storage", Map()).get("home", Map())
    for options in home.values():
        yield from _zone_of(options, settings)
    yield from _keys(item, settings)
    yield from _fallback(settings)
    yield from _backstops(settings)
    yield from check_machine.check(item)
    yield from _tags(settings)


def file_system(item: Item) -> Iterator[Problem]:
    """Check the place of a shared file system, and its tags."""
    if item.is_complete and not item.settings.mentions("region"):
        yield _missing(item, "region", _REQUIRED["region"])
    yield from _network(item)
    yield from _zone_of(item.settings, item.settings)
    yield from _keys(item, item.settings)
    yield from _tags(item.settings)


def _missing(item: Item, key: str, example: str) -> Problem:
    return item.span.key(
        f"{show(item.name)} has no `{key}`", f"for example {example}; or give it under `defaults`"
    )


def _network(item: Item) -> Iterator[Problem]:
    """Some subnets are named; tags that were all taken back would mean every subnet."""
    network = item.settings.get("network", Map())
    if not item.is_complete or item.settings.hides("network") or network.hides("subnets"):
        return
    subnets = network.get("subnets")
    tags = subnets.get("tags", Map()) if isinstance(subnets, Map) else Map()
    doubtful = isinstance(subnets, Map) and (tags.broken or subnets.hides("tags"))
    if not (tags or doubtful or isinstance(subnets, Seq)):
        yield _missing(item, "network.subnets", "network: {subnets: {tags: {Tier: private}}}")


def _zone_of(own: Map, settings: Map) -> Iterator[Problem]:
    """The one zone a volume or a file system stands in."""
    zone = own.get("availability_zone")
    if zone is None:
        return
    span = own.spans["availability_zone"]
    allowed = settings.get("availability_zones")
    if allowed and zone not in allowed:
        yield span.value(
            f"{zone} is not among the `availability_zones`", f"they are {', '.join(allowed)}"
        )
    else:
        yield from _in_region(zone, span, settings)


def _in_region(zone: str, span: SourceSpan, settings: Map) -> Iterator[Problem]:
    region = settings.get("region")
    if region and not zone.startswith(region):
        yield span.value(
            f"{zone} is not a zone of {region}", f"its zones are called {region}a and so on"
        )


def _keys(item: Item, settings: Map) -> Iterator[Problem]:
    """A KMS key given by ARN is in the region of what it encrypts."""
    storage = settings.get("storage", Map())
    region = settings.get("region")
    for own in (settings, storage.get("root", Map()), *storage.get("home", Map()).values()):
        arn = own.get("kms_key_id", "").split(":")
        if region and len(arn) > 3 and arn[3] != region:
            yield wrong(
                own,
                "kms_key_id",
                item.span,
                f"the key is in {arn[3]}, {show(item.name)} in {region}",
                "use a key of that region, or an alias",
            )


def _fallback(settings: Map) -> Iterator[Problem]:
    fallback, policy = settings.get("on_demand_fallback"), settings.get("spot_policy", "auto")
    if fallback is None:
        return
    if policy != "auto":
        yield settings.spans["on_demand_fallback"].key(
            f"`on_demand_fallback` has no meaning with `spot_policy: {policy}`",
            "take it out, or use spot_policy: auto",
        )
    for key, (least, most, from_, to) in (("after", _WAIT), ("max_duration", _DURATION)):
        if key in fallback and not least <= seconds(fallback[key]) <= most:
            yield fallback.spans[key].value(f"`{key}` must be from {from_} to {to}")


def _backstops(settings: Map) -> Iterator[Problem]:
    least, most, from_, to = _RUNTIME
    if settings.get("max_runtime") and not least <= seconds(settings["max_runtime"]) <= most:
        yield settings.spans["max_runtime"].value(f"`max_runtime` must be from {from_} to {to}")
    hours = settings.get("schedule")
    edges = isinstance(hours, Map) and "start" in hours and "stop" in hours
    if settings.get("outside_hours") == "stop" and not edges:
        yield settings.spans["outside_hours"].value(
            "`outside_hours: stop` needs hours", "give `schedule` both `start` and `stop`"
        )


def _tags(settings: Map) -> Iterator[Problem]:
    tags = settings.get("tags", Map())
    if len(tags) > MAX_TAGS:
        yield settings.spans["tags"].key(
            f"{len(tags)} tags, all layers together; at most {MAX_TAGS} are allowed",
            "AWS takes 50, and the rest are the reconciler's own",
        )
    for key, value in tags.items():
        span = tags.spans[key]
        if key.lower().startswith(_RESERVED):
            yield span.key(f"the tag {show(key)} is reserved", "choose another key")
        elif not 1 <= len(key) <= 128:
            yield span.key("a tag key has 1 to 128 characters", "shorten it")
        elif not _is_tag_text(key):
            yield span.key(f"AWS does not allow the tag key {show(key)}", _TAG_TEXT)
        if not _is_tag_text(value):
            yield span.value(f"AWS does not allow the tag value {show(value)}", _TAG_TEXT)


_TAG_TEXT = "letters, digits, spaces and _.:/=+-@ are allowed"


def _is_tag_text(text: str) -> bool:
    return all(c in "_.:/=+-@" or unicodedata.category(c)[0] in "LNZ" for c in text)
