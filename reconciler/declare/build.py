"""Effective settings → the frozen types. Everything was checked before; nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.declare.abis import compile_need
from reconciler.declare.fleet import (
    LOCATED,
    Calendar,
    Edge,
    Fallback,
    FileSystem,
    Home,
    Idle,
    Image,
    IngressRule,
    Mount,
    RootVolume,
    Subnets,
    Workstation,
)
from reconciler.declare.homes import FILE_SYSTEMS, HOMES
from reconciler.declare.homes.questions import Context
from reconciler.declare.hours import cron, texts
from reconciler.declare.mails import mails
from reconciler.declare.tree import Map
from reconciler.declare.units import gib, seconds
from reconciler.errors import Where

EACH = "{workstation}"
"""In the name of an instance profile: the name of the workstation. The schema says where."""


def workstation(
    fleet: str,
    name: str,
    settings: Map,
    where: Where,
    calendars: Mapping[str, Calendar],
    shared: Mapping[str, FileSystem],
) -> Workstation:
    """Build one workstation from its completed settings; `shared`: its fleet's file systems by
    name."""
    zones = tuple(settings.get("availability_zones", ()))
    types = tuple(settings.get("instance_types", ()))
    storage = settings["storage"]
    root = storage["root"]
    fallback = settings.get("on_demand_fallback")
    return Workstation(
        name=name,
        fleet=fleet,
        owner=settings["owner"],
        region=settings["region"],
        zones=zones,
        subnets=_subnets(settings["network"]),
        public_addresses=settings["network"]["public_addresses"],
        image=Image(**settings["image"]),
        instance_profile=settings["instance_profile"].replace(EACH, name),
        profile_pattern=settings["instance_profile"].replace(EACH, "*"),
        scheduler_role=settings["scheduler_role"],
        instance_types=types,
        instance_requirements=None if types else compile_need(settings),
        spot_policy=settings["spot_policy"],
        on_demand_fallback=fallback and Fallback(**{k: seconds(v) for k, v in fallback.items()}),
        max_runtime=seconds(settings["max_runtime"]) if settings.get("max_runtime") else None,
        outside_hours=settings["outside_hours"],
        notices=_notices(settings),
        ssh_keys=tuple(settings.get("ssh_keys", ())),
        idle=_idle(settings["idle"]),
        metrics_namespace=settings.get("metrics", Map()).get("namespace") or "",
        root=RootVolume(
            gib(root["size"]), root["iops"], root["throughput"], root.get("kms_key_id")
        ),
        home=_home(fleet, name, settings, storage.get("home")),
        mounts=tuple(Mount(shared[m["file_system"]], m["at"]) for m in storage.get("mounts", ())),
        schedule=_schedule(settings.get("schedule"), calendars),
        tags=dict(settings.get("tags", {})),
        where=where,
        places={setting: _place(settings, setting, where) for setting in LOCATED},
    )


def _idle(idle: Map | str) -> Idle | None:
    if not isinstance(idle, Map):  # off
        return None
    signals = tuple(idle["signals"])
    return Idle(seconds(idle["after"]), seconds(idle["warn"]), signals, idle["unknown"])


def _notices(settings: Map) -> tuple[str, ...]:
    """Name each mailbox once: one that is written in capitals is the same."""
    written = mails(settings.get("notices", Map()))
    addresses = (settings["owner"] if text == "owner" else text for text in written)
    return tuple(dict.fromkeys(address.lower() for address in addresses))


def _place(settings: Map, path: str, where: Where) -> Where:
    """Only the places that may be asked for: a workstation's whole tree is ten times as large."""
    for step in path.split("."):
        span = settings.spans.get(step)
        where = span.where if span else where
        inner = settings.get(step)
        if not isinstance(inner, Map):
            break
        settings = inner
    return where


def file_system(fleet: str, name: str, settings: Map, where: Where) -> FileSystem:
    """Build a file system that the fleet shares, from its completed settings."""
    return FILE_SYSTEMS[settings["type"]].build(settings, _context(fleet, name, settings, where))


def ingress(rule: Map) -> IngressRule:
    """Build one rule about who may reach workstations directly."""
    first, _, last = str(rule["port"]).partition("-")
    return IngressRule(
        rule["protocol"],
        int(first),
        int(last or first),
        rule["cidr"],
        rule.get("description", ""),
        rule.spans["cidr"].where,
    )


def _subnets(network: Map) -> Subnets:
    subnets: Any = network["subnets"]
    vpc = network.get("vpc") or ""
    if isinstance(subnets, list):
        return Subnets(ids=tuple(subnets), vpc=vpc)
    return Subnets(tags=tuple(sorted(subnets["tags"].items())), vpc=vpc)


def _home(fleet: str, workstation: str, settings: Map, home: Map | None) -> Home | None:
    if not home:
        return None
    [(key, own)] = home.items()
    context = replace(
        _context(fleet, "home", settings, home.spans[key].where),
        workstation=workstation,
        zones=tuple(settings.get("availability_zones", ())),
    )
    return HOMES[key].build(own, context)


def _context(fleet: str, name: str, settings: Map, where: Where) -> Context:
    return Context(
        name=name,
        fleet=fleet,
        workstation="",
        owner=settings.get("owner", ""),
        region=settings["region"],
        subnets=_subnets(settings["network"]),
        zones=(),
        tags=dict(settings.get("tags", {})),
        where=where,
    )


def _schedule(schedule: Map | str | None, calendars: Mapping[str, Calendar]) -> tuple[Edge, ...]:
    if not isinstance(schedule, Map):  # none, or `manual`
        return ()
    off = tuple(calendars[name] for name in sorted(schedule.get("except", ())))
    return tuple(
        Edge(
            action=action,
            text=text,
            expression=cron(text),
            timezone=schedule["timezone"],
            where=span.where,
            calendars=off if action == "start" else (),
        )
        for action in ("start", "stop")
        for text, span in texts(schedule, action)
    )
