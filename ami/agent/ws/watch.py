"""Watch for the end: a Spot interruption, a stop by Auto Scaling, the end of the hours.

EC2 user guide, "Spot Instance interruption notices": the notice comes two minutes before, by best
effort, and should be looked for every 5 seconds. EC2 Auto Scaling user guide, "Retrieve the target
lifecycle state through instance metadata": a stop by the group shows only there. The metadata
service says 404 where there is no notice; any other failure says nothing.
"""

from __future__ import annotations

import json
import re
from calendar import timegm
from collections.abc import Iterator
from math import inf
from time import strptime

from ws import group
from ws.aws import Aws, AwsError
from ws.host import Host
from ws.imds import Imds, Unknown
from ws.leave import EVENT, TARGET_STATE, Event, read_event
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
SPOT = "AWS takes this Spot instance, and its home is unmounted 30 s before. Save your work."
STOP = "this workstation stops, as soon as its hooks have ended. Save your work."


def main(arguments: list[str], host: Host) -> int:
    """Watch until systemd ends it."""
    settings = load(host)
    for _ in watch(host, settings, Aws(settings.region, Imds())):
        host.sleep(POLL)
    return 0


def watch(host: Host, settings: Settings, aws: Aws) -> Iterator[None]:
    """Look at everything; yield after each look, for ever."""
    lines: dict[str, str] = {}
    read_at, stop_at, reason = 0.0, 0.0, ""

    def note(name: str, line: str) -> None:
        """Write a line into the journal if it is another one than before."""
        if lines.get(name) != line:
            lines[name] = line
            host.log(clean(line))

    while True:
        now = host.now()
        for path in (SPOT_ACTION, TARGET_STATE, REBALANCE):
            try:
                text = aws.imds.get(path) or ""
            except Unknown as error:
                note(path, str(error))
                continue
            note(path, f"{path}: {text}")
            if path == REBALANCE and text:
                tell_once(host, "rebalance", "AWS may take this Spot instance soon: save often.")
            elif path == SPOT_ACTION and '"action"' in text:
                found = re.search('"time": *"(.*?)"', text)
                at = min((found and seconds(found[1])) or inf, now + NOTICE)
                begin(host, Event("spot", SPOT, max(at - RESERVE, now + RESERVE / 2)))
            elif text == "Terminated":
                begin(host, Event("auto-scaling", STOP, now + HEARTBEAT - RESERVE))
        ends = read_event(host)
        if ends:
            left = ends.deadline + RESERVE - now
            announce(host, ends.reason, left, (30, 60, 120, 300), ends.text)
        if not 0 <= now - read_at < (60 if 0 < stop_at - now < 1200 else 300):
            read_at, stop_at = now, 0
            try:
                stop_at, reason = next_stop(group.read(aws, settings.group)[1], now)
                note("hours", reason)
            except (AwsError, Unknown, ValueError) as error:
                note("hours", str(error))
        text = f"this workstation stops ({reason}). To keep it on, run on your own computer: "
        text += "workstation extend 2h"
        announce(host, f"{stop_at:.0f}", stop_at - now, (60, 300, 900), text)
        yield


def begin(host: Host, event: Event) -> None:
    """Begin the end, or hurry the one that has begun: the earlier of two deadlines counts."""
    if host.path(TOLD + event.reason).exists():
        return
    before = read_event(host)
    if not before or event.deadline < before.deadline:
        host.write(EVENT, json.dumps(event._asdict()))
    # In a unit of its own: it outlives a restart of this one, and polling goes on.
    unit = "--unit=ws-leave", "--collect", "--property=OOMScoreAdjust=-900"
    run = host.run("systemd-run", *unit, "/usr/bin/ws", "leave", "--interrupted", timeout=10)
    if run.code and "already" not in run.output:
        host.log(run.output)  # the next look tries again
    else:
        host.write(TOLD + event.reason, "")


def tell_once(host: Host, name: str, text: str) -> None:
    """Tell something that was not told before."""
    if not host.path(TOLD + name).exists():
        host.write(TOLD + name, text)
        tell(host, text)


def announce(host: Host, name: str, left: float, marks: tuple[int, ...], text: str) -> None:
    """Tell how much time is left, once below each mark."""
    for mark in marks:
        if 0 < left <= mark:
            rest = f"{left / 60:.0f} min" if left > 120 else f"{left:.0f} s"
            tell_once(host, f"{name}-{mark}", f"within {rest}: {text}")
            return


def next_stop(tags: dict[str, str], now: float) -> tuple[float, str]:
    """Find when it stops by itself, and the tag that says so: the later one of both."""
    stop, kept = tags.get(group.NEXT_STOP, ""), group.kept_on(tags, now)
    return max((seconds(stop[:20]), stop[:80]), (seconds(kept[9:29]), kept[:80]))


def seconds(text: str) -> float:
    """Read a time of a tag or of a notice, in seconds since 1970; 0 for another text."""
    try:
        return timegm(strptime(text, group.FORM))
    except ValueError:
        return 0
