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
    memory, up = read_memory(host), uptime(host)
    seen, since, warned = State(*memory.get("state", ()))
    rows = memory.get("readings", ())

    def clock(at: float) -> str:
        return time.strftime("%a %H:%M", time.localtime(host.now() - up + at))

    if not settings.idle:
        answer = "no idle rule is declared, so only its schedule and its owner stop it"
    elif not rows or up - seen > GAP:
        answer = "it stays on, because nobody looks: systemctl status ws-idle"
    else:
        keep = [each.sensor for each in busy([Reading(*row[:4]) for row in rows], settings.idle)]
        wait = 0 if warned is not None else settings.idle["after"]
        begin = next(at for at in (warned, since, seen) if at is not None)
        stop = clock(begin + wait + settings.idle["warn"])
        answer = f"unused from now on, it stops {stop}; now it is used: {', '.join(keep)}"
        if not keep:
            answer = f"nobody uses it, so it stops {stop}"
    found = {"answer": answer}
    if memory.get("refused"):
        found["AWS refuses"] = memory["refused"]
    for name, state, text, _, start in rows:
        found[name] = f"{state:8} since {clock(start)}  {text}"
    try:
        tags = group.read(aws, settings.group)[1]
    except ERRORS as error:
        return {**found, "group": f"unknown: {clean(str(error))}"}
    return {**found, "next stop": clean(tags.get(group.NEXT_STOP, "none"))}


def main(arguments: list[str], host: Host) -> int:
    """Print why."""
    settings = load(host)
    return show(arguments, explain(host, settings, Aws(settings.region, Imds())))
