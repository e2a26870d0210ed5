"""`ws idle`: stop the workstation when nobody uses it. docs/idle.md has the truth table.

All times are seconds since the boot. The last look is kept in FILE, on tmpfs: a restart of this
service goes on counting, and what it has not seen for GAP seconds it does not call idle.
"""

from __future__ import annotations

import json
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple

from ws import group
from ws.aws import Aws
from ws.host import Host
from ws.imds import Imds
from ws.lease import FOLDER, uptime
from ws.sensors import ACTIVE, ERRORS, IDLE, SENSORS, UNKNOWN, Reading, Sample, ask
from ws.settings import load
from ws.tell import clean, tell

FILE = "/run/ws/idle.json"
PERIOD = 30
GAP = 300
UNKNOWN_TOO_LONG = 3600

Rule = dict[str, Any]
"""The `idle` part of the instance file."""

NEVER: Rule = {"after": float("inf"), "warn": 0}


class State(NamedTuple):
    """The last look, since when all sensors are idle, and when the warning was given."""

    seen: float = 0
    since: float | None = None
    warned: float | None = None


def busy(readings: list[Reading], rule: Rule) -> list[Reading]:
    """List what keeps it on."""
    quiet = (IDLE, UNKNOWN) if rule.get("unknown") == IDLE else (IDLE,)
    return [each for each in readings if each.state not in quiet]


def decide(state: State, readings: list[Reading], up: float, rule: Rule) -> tuple[State, str]:
    """Decide what this look means: "warn", "cancel", "stop", or "" for nothing to do. Pure."""
    cancelled = "" if state.warned is None else "cancel"
    if not state.seen <= up <= state.seen + GAP:
        state = State()
    if busy(readings, rule):
        return State(up), cancelled
    since = up if state.since is None else state.since
    if up - since < rule["after"]:
        return State(up, since), cancelled
    if state.warned is None:
        return State(up, since, up), "warn"
    return State(up, since, state.warned), "stop" if up - state.warned >= rule["warn"] else ""


def step(sample: Sample) -> None:
    """Look once, and do what that means."""
    host, memory, up = sample.host, sample.memory, sample.up
    rule, last = sample.settings.idle or NEVER, State(*memory.get("state", ()))
    readings = ask(sample, [*rule.get("signals", SENSORS), "override"])
    if len(readings) < 2:
        readings.append(Reading("signals", ACTIVE, "there is none of them here", 0))
    state, action = decide(last, readings, up, rule)
    if action == "warn":
        _say(
            host,
            f"Nobody has used this workstation for {rule['after'] / 60:.0f} min. It stops in "
            f"{rule['warn'] / 60:.0f} min. To keep it on, use it, or run: ws keep-alive 4h",
        )
    elif action == "cancel":
        _say(host, "This workstation is used again, and stays on.")
    elif action == "stop" and _stop(sample):
        state = State(up)  # whoever starts it meanwhile has the whole time again
    starts = {tuple(row[:2]): row[4] for row in memory.get("readings", ())}
    rows = [(*each, starts.get(each[:2], up)) for each in readings]
    for name, said, text, _, start in rows:
        if said == UNKNOWN and last.seen - start < UNKNOWN_TOO_LONG <= up - start:
            _say(host, f"{name} is unknown for an hour: {text}. See: ws doctor")
    if sample.settings.metrics and up // 60 > last.seen // 60:
        idle = up - (up if state.since is None else state.since)
        with suppress(ImportError):  # the agent in user data is without it
            import_module("ws.metrics").send(sample, readings, idle)
    memory.update(state=state, readings=rows)
    host.write(FILE, json.dumps(memory))


def read_memory(host: Host) -> dict[str, Any]:
    """Read the last look; an empty one where there is none."""
    try:
        found: dict[str, Any] = json.loads(host.path(FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found


def main(arguments: list[str], host: Host) -> int:
    """Look every PERIOD seconds, until systemd stops this service."""
    settings = load(host)
    if not settings.idle and not settings.metrics:
        return 0
    folder = host.path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o1777)  # everybody may write, and remove only what is theirs
    aws, memory = Aws(settings.region, Imds()), read_memory(host)
    while True:
        step(Sample(host, settings, aws, uptime(host), memory))
        host.sleep(PERIOD)


def _stop(sample: Sample) -> bool:
    """Turn the group off, and tell whether it is; its hook makes `ws watch` save the session."""
    host, memory, name = sample.host, sample.memory, sample.settings.group
    refused = ""
    try:
        desired, tags = group.read(sample.aws, name)
        kept_on = group.kept_on(tags, host.now())
        if kept_on and group.IDLE not in kept_on:
            del memory["override"]  # the next look reads it
            return False
        if desired:
            group.turn_off(sample.aws, name, host.now())
        host.log("idle: the group is turned off")
    except ERRORS as error:
        refused = clean(str(error))
        if refused != memory.get("refused"):
            host.log(f"idle: it stays on, for AWS refuses: {refused}")
    memory["refused"] = refused
    return not refused


def _say(host: Host, text: str) -> None:
    host.log(f"idle: {text}")
    tell(host, text)
