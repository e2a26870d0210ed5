"""`ws why`: what keeps this workstation on, and when it would stop."""

from __future__ import annotations

import time

from ws import group
from ws.aws import Aws
from ws.host import Host
from ws.idle import GAP, State, busy, read_memory
from ws.imds import Imds
from ws.lease import uptime
from ws.sensors import ERRORS, Reading
from ws.settings import Settings, load
from ws.status import show
from ws.tell import clean


def explain(host: Host, settings: Settings, aws: Aws) -> dict[str, str]:
    """Say it from the last look of `ws idle`, and from the tags of the group."""
    memory, up, rule = read_memory(host), uptime(host), settings.idle
    seen, since, warned = State(*memory.get("state", ()))
    rows = memory.get("readings", ())

    def clock(at: float) -> str:
        return time.strftime("%a %H:%M", time.localtime(host.now() - up + at))

    if not rule:
        found = {"idle": "not declared: only schedules and people stop it"}
    elif up - seen > GAP or not rows:
        found = {"idle": "unknown, so it stays on: systemctl status ws-idle"}
    else:
        keep = [each.sensor for each in busy([Reading(*row[:4]) for row in rows], rule)]
        begin = warned or (since or seen) + rule["after"]
        found = {
            "used by": ", ".join(keep) or "nobody",
            "stops": f"{clock(begin + rule['warn'])}, unless it is used",
        }
    if memory.get("refused"):
        found["refused"] = memory["refused"]
    for name, state, text, _, start in rows:
        found[name] = f"{state:8} since {clock(start)}  {text}"
    try:
        tags = group.read(aws, settings.group)[1]
    except ERRORS as error:
        return {**found, "next stop": f"unknown: {clean(str(error))}"}
    found["override"] = clean(group.kept_on(tags, host.now())) or "none"
    return {**found, "next stop": clean(tags.get(group.NEXT_STOP, "none"))}


def main(arguments: list[str], host: Host) -> int:
    """Print why."""
    settings = load(host)
    return show(arguments, explain(host, settings, Aws(settings.region, Imds())))
