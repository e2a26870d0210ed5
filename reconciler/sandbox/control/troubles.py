"""What one can order by the control of a region: quotas, interruptions, throttling, and the
metadata service of an instance."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.sandbox.control import interruption
from reconciler.sandbox.control.orders import Misasked, duration, only, stamp, text, verb
from reconciler.sandbox.control.seed import REGIONS
from reconciler.sandbox.operations import Wire
from reconciler.sandbox.server import imds, throttling
from reconciler.sandbox.services import quotas
from reconciler.sandbox.services.machine import MODES, Machines
from reconciler.sandbox.world import World


def _region(words: Wire) -> str:
    region = text(words, "region", REGIONS[0])
    if region not in REGIONS:
        raise Misasked(f"there is nothing in {region!r}; the sandbox has {' and '.join(REGIONS)}")
    return region


@contextmanager
def _misasked() -> Iterator[None]:
    """What is wrong with the words, as the control says it."""
    try:
        yield
    except ValueError as error:
        raise Misasked(str(error)) from error


def _number(words: Wire, name: str) -> int | None:
    """A whole number, or None for null and for what is not there."""
    value = words.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise Misasked(f"{name} must be a whole number, not {value!r}")
    return value


def _flag(words: Wire, name: str) -> bool:
    value = words.get(name, False)
    if not isinstance(value, bool):
        raise Misasked(f"{name} must be true or false, not {value!r}")
    return value


@verb("POST", "quota")
def quota(world: World, words: Wire) -> Wire:
    """Answer `POST quota`, with ``{"code": "L-3819A6DF", "vcpus": 8}``; null vCPUs: as if it was
    never applied."""
    only(words, "code", "vcpus", "region")
    region, code = _region(words), text(words, "code")
    if "vcpus" not in words:
        raise Misasked("vcpus must be given: a whole number, or null for AWS's default")
    value = _number(words, "vcpus")
    with _misasked():
        quotas.change(world, region, code, value)
    return _quotas(world)


@verb("GET", "quota")
def show_quotas(world: World, words: Wire) -> Wire:
    """Answer `GET quota`: every quota of EC2, and how many vCPUs it counts now."""
    return _quotas(world)


def _quotas(world: World) -> Wire:
    return {
        "quotas": [
            {
                "region": region,
                "code": quota.code,
                "name": quota.name,
                "vcpus": quotas.limit(world, region, quota),
                "used": quotas.used(world, region, quota),
            }
            for region in REGIONS
            for quota in quotas.QUOTAS
            if quota.market
        ]
    }


@verb("POST", "interrupt")
def interrupt(world: World, words: Wire) -> Wire:
    """Answer `POST interrupt`, with ``{"instance": "i-…"}`` or ``{"group": "acme-alice"}``;
    ``"now": true`` takes it at once, ``"only_recommend": true`` says that it is at risk and
    takes nothing."""
    only(words, "instance", "group", "region", "now", "only_recommend")
    region, now, warn = _region(words), _flag(words, "now"), _flag(words, "only_recommend")
    if ("instance" in words) == ("group" in words):
        raise Misasked("give one of instance and group")
    if now and warn:
        raise Misasked("give one of now and only_recommend: a recommendation takes nothing")
    with _misasked():
        ids = _ids(world, region, words)
        if warn:
            for instance_id in ids:
                interruption.recommend(world, region, instance_id)
            return {"recommended": ids}
        ends = {
            instance_id: interruption.interrupt(world, region, instance_id, now)
            for instance_id in ids
        }
    return {
        "interrupted": [
            {"instance": instance_id, "ends": stamp(end)} for instance_id, end in ends.items()
        ]
    }


def _ids(world: World, region: str, words: Wire) -> list[str]:
    if "instance" in words:
        return [text(words, "instance")]
    name = text(words, "group")
    ids = interruption.spot_of(world, region, name)
    if not ids:
        raise Misasked(f"{name} in {region} has no Spot instance now")
    return ids


@verb("POST", "machine")
def machines(world: World, words: Wire) -> Wire:
    """Answer `POST machine`, with ``{"mode": "late"}``: how machines behave that are launched from
    now on."""
    only(words, "mode", "region")
    mode = next((each for each in MODES if each == text(words, "mode")), None)
    if mode is None:
        raise Misasked(f"{words['mode']!r} is not a mode; there are {', '.join(MODES)}")
    world.state(Machines, _region(words)).mode = mode
    return _machines(world)


@verb("GET", "machine")
def show_machines(world: World, words: Wire) -> Wire:
    """Answer `GET machine`: how machines behave that are launched now."""
    return _machines(world)


def _machines(world: World) -> Wire:
    modes = [{"region": each, "mode": world.state(Machines, each).mode} for each in REGIONS]
    return {"machines": modes}


@verb("POST", "throttle")
def throttle(world: World, words: Wire) -> Wire:
    """Answer `POST throttle`, with ``{"service": "ec2", "operation": "Describe*", "calls": 5}``,
    or ``"lasting": "30s"`` instead of calls; ``{"relieve": true}`` ends it all in the region."""
    only(words, "service", "operation", "calls", "lasting", "relieve", "region")
    region = _region(words)
    if _flag(words, "relieve"):
        throttling.relieve(world, region)
        return _throttles(world)
    lasting = duration(text(words, "lasting")) if "lasting" in words else None
    service, operation = text(words, "service"), text(words, "operation", "*")
    with _misasked():
        throttling.throttle(
            world, region, service, operation, calls=_number(words, "calls"), lasting=lasting
        )
    return _throttles(world)


@verb("GET", "throttle")
def show_throttles(world: World, words: Wire) -> Wire:
    """Answer `GET throttle`: what is refused now."""
    return _throttles(world)


def _throttles(world: World) -> Wire:
    return {
        "throttled": [
            {
                "region": region,
                "service": order.service,
                "operation": order.operation,
                "calls": order.calls,
                "until": stamp(order.until) if order.until else None,
            }
            for region in REGIONS
            for order in throttling.orders(world, region)
        ]
    }


@verb("POST", "imds")
def metadata_service(world: World, words: Wire) -> Wire:
    """Answer `POST imds`: what the metadata service of an instance answers to one request,
    ``{"instance": "i-…", "method": "GET", "path": "/latest/…", "headers": {…}}``."""
    only(words, "instance", "method", "path", "headers", "region")
    headers = words.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise Misasked("headers must be an object of texts")
    asked = text(words, "instance"), text(words, "method", "GET"), text(words, "path")
    small = {name.lower(): value for name, value in headers.items()}
    answer = imds.answer(world, _region(words), *asked, small)
    body = base64.b64encode(answer.body).decode()
    return {"status": answer.status, "headers": answer.headers, "body": body}
