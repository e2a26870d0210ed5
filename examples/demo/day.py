"""Let time pass in the local AWS, with the reconciler at work every five minutes.

    python examples/demo/day.py FLEETS --until "Mon 19:00" --zone Europe/Berlin

One line for whatever happens, and at the end how many runs there were and how many wrote.
"""

from __future__ import annotations

import argparse
import json
import os
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.aws.client import Session, connect
from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from reconciler.engine.environment import environment_of
from reconciler.engine.run import reconcile
from reconciler.plan.model import Report
from reconciler.plan.selection import Selection

EVERY = "5m"


def clock(**words: str) -> dict[str, Any]:
    """The sandbox's time, moved when there are words."""
    request = urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL']}/_sandbox/clock",
        json.dumps(words).encode() if words else None,
        {
            "Authorization": f"Bearer {os.environ['AWS_ACCESS_KEY_ID']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def run(site: Site, session: Session) -> Report:
    """One run, as the command makes it."""
    return reconcile(site, environment_of(session), Selection())


def main() -> None:
    """Move, run, tell; until it is time."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("fleets", type=Path)
    options.add_argument("--until", required=True)
    options.add_argument("--zone", required=True)
    given = options.parse_args()
    zone = ZoneInfo(given.zone)

    def local(text: str) -> str:
        return f"{datetime.fromisoformat(text).astimezone(zone):%a %H:%M}"

    site = load([given.fleets])
    session = connect(site)
    runs = wrote = 0
    while True:
        time = clock()
        now, session.ahead = time["now"], timedelta(seconds=time["ahead_seconds"])
        report = run(site, session)
        runs += 1
        for change in report.plan.changes:
            fields = ", ".join(f"{f.path} {f.old or '-'} → {f.new or '-'}" for f in change.fields)
            print(f"{local(now)}  reconcile: {change.op} {change.key}: {fields}")
            print(f"           {change.reason}")
        wrote += bool(report.plan.changes)
        if local(now) >= given.until and local(now)[:3] == given.until[:3]:
            break
        for each in clock(forward=EVERY)["happened"]:
            print(f"{local(each['at'])}  {each['what']}")
    print(f"{runs} runs, {wrote} runs wrote")


if __name__ == "__main__":
    main()
