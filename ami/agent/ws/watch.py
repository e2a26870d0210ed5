"""Watch for the end: a Spot interruption, a stop by Auto Scaling, the end of the hours.

EC2 user guide, "Spot Instance interruption notices": the notice comes two minutes before, by best
effort, and should be looked for every 5 seconds. EC2 Auto Scaling user guide, "Retrieve the target
lifecycle state through instance metadata": a stop by the group shows only there. The metadata
service says 404 where there is no notice; any other failure says nothing.
"""

from __future__ import annotations

import json
from calendar import timegm
from contextlib import suppress
from math import inf
from time import gmtime, strftime, strptime

from ws import group
from ws.aws import Aws, AwsError
from ws.host import Host
from ws.imds import Imds, Unknown
from ws.leave import EVENT, TARGET_STATE, Event, leave, read_event
from ws.settings import Settings, load
from ws.tell import clean, tell

SPOT_ACTION = "meta-data/spot/instance-action"
REBALANCE = "meta-data/events/recommendations/rebalance"
TOLD = "/run/ws/told/"
"""A file for each thing that was told or begun: a restart of this program repeats none."""
POLL = 5
NOTICE = 120
"""Seconds between a Spot notice and its time. A clock that is wrong must not make them more."""
RESERVE = 30
"""Seconds to unmount in."""
HEARTBEAT = 300
"""Seconds that Auto Scaling waits for our lifecycle hook."""
ACTIONS = ("terminate", "stop", "hibernate")


class Memory:
    """What this program saw last."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.read_at, self.stop_at, self.reason = 0.0, inf, ""


def main(arguments: list[str], host: Host) -> int:
    """Watch until systemd ends it."""
    settings, memory = load(host), Memory()
    aws = Aws(settings.region, Imds())
    while True:
        look(host, settings, aws, memory)
        host.sleep(POLL)


def look(host: Host, settings: Settings, aws: Aws, memory: Memory) -> None:
    """Look once at everything."""

    def note(name: str, state: str, line: str) -> None:
        """Write a line into the journal if the state is another one than before."""
        if memory.states.get(name) != state:
            memory.states[name] = state
            host.log(clean(line))

    now = host.now()
    for path in (SPOT_ACTION, TARGET_STATE, REBALANCE):
        try:
            text = aws.imds.get(path)
            event = event_of(path, text, now)
        except Unknown as error:
            note(path, "unknown", str(error))
            continue
        note(path, f"is {text}", f"{path}: {text}")
        if event and not host.path(TOLD + event.reason).exists():
            begin(host, settings, aws, event)
            tell_once(host, event.reason, event.text)
        elif text and path == REBALANCE:
            tell_once(host, "rebalance", "AWS may soon take this Spot instance back: save often.")
    ends = read_event(host)
    if ends and ends.wait:
        announce(host, "spot", ends.at - now, (30, 60), ends.text)
    if not 0 <= now - memory.read_at < (60 if memory.stop_at - now < 1200 else 300):
        memory.read_at, memory.stop_at = now, inf
        try:
            memory.stop_at, memory.reason = next_stop(group.read(aws, settings.group)[1], now)
            note("hours", "", "the hours are known")
        except (AwsError, Unknown, ValueError) as error:
            note("hours", "unknown", f"the hours are unknown: {error}")
    stop = f"this workstation stops at {clock(memory.stop_at)} ({memory.reason}). To keep it on, "
    stop += "run on your own computer: workstation extend 2h"
    announce(host, f"{memory.stop_at}", memory.stop_at - now, (60, 300, 900), stop)


def event_of(path: str, text: str | None, now: float) -> Event | None:
    """Read an answer of the metadata service; None for no event. Raises: Unknown."""
    if path == TARGET_STATE and text == "Terminated":
        text = "This workstation stops: hooks run, then its home is unmounted. Save your work now."
        return Event("auto-scaling", text, now + HEARTBEAT, now + HEARTBEAT - RESERVE, False)
    if path != SPOT_ACTION or text is None:
        return None
    try:
        found = json.loads(text)
        action = ACTIONS[ACTIONS.index(found["action"])]
        time = seconds(str(found.get("time")))
    except (ValueError, LookupError, TypeError) as error:
        raise Unknown(f"{path}: {text} is no notice") from error
    end = min(time or inf, now + NOTICE)
    deadline = max(end - RESERVE, now + RESERVE / 2)
    text = f"AWS will {action} this Spot instance at {clock(end)}. Save your work now: "
    text += f"the home is unmounted at {clock(deadline)}."
    return Event(f"spot-{action}", text, end, deadline, True)


def begin(host: Host, settings: Settings, aws: Aws, event: Event) -> None:
    """Begin the end, or hurry the one that has begun: the earlier of two events counts."""
    before = read_event(host) or event
    if event.at <= before.at:
        event = event._replace(wait=event.wait and before.wait)
        host.write(EVENT, json.dumps(event._asdict()))
    # In a unit of its own: it outlives a restart of this one, and polling goes on.
    unit = "--unit=ws-leave", "--collect", "--property=OOMScoreAdjust=-900"
    run = host.run("systemd-run", *unit, "/usr/bin/ws", "leave", "--interrupted", timeout=10)
    if run.code and host.run("systemctl", "is-active", "ws-leave.service").code:
        host.log(run.output)
        leave(host, settings, aws, True)


def tell_once(host: Host, name: str, text: str) -> None:
    """Tell something that was not told before."""
    if not host.path(TOLD + name).exists():
        host.write(TOLD + name, text)
        tell(host, text)


def announce(host: Host, name: str, left: float, marks: tuple[int, ...], text: str) -> None:
    """Tell how many seconds are left, once below each mark."""
    for mark in marks:
        if 0 < left <= mark:
            rest = f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s"
            tell_once(host, f"{name}-{mark}", f"{rest} left: {text}")
            return


def next_stop(tags: dict[str, str], now: float) -> tuple[float, str]:
    """Find when it stops by itself and why: the later one of schedule and override."""
    time, _, reason = tags.get(group.NEXT_STOP, "").partition(" ")
    until = [*group.kept_on(tags, now).split(" "), "", ""][2]
    stop, why = max((seconds(time), reason[:80]), (seconds(until), "its override"))
    return stop or inf, why


def seconds(text: str) -> float:
    """Read a time of a tag or of a notice, in seconds since 1970; 0 for another text."""
    with suppress(ValueError, OverflowError):
        return timegm(strptime(text, group.FORM))
    return 0


def clock(at: float) -> str:
    """Write a time of day."""
    return strftime("%H:%M:%S UTC", gmtime(at)) if at < inf else "?"
