"""End in order: hooks, unmount, and the word to Auto Scaling that it need not wait any longer.

`ws leave --interrupted` follows the event that ws.watch has written. `ws leave` is the end of an
ordinary shutdown, when systemd stops ws-boot.service. Either may run again, and each step runs
whatever became of the ones before it (docs/interruption.md).
"""

from __future__ import annotations

import fcntl
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import NamedTuple

from ws.aws import Aws, AwsError
from ws.hooks import run_hooks
from ws.host import Host
from ws.imds import Imds, Unknown
from ws.phase import say
from ws.release import release
from ws.settings import Settings, load

EVENT = "/run/ws/interrupt.json"
TARGET_STATE = "meta-data/autoscaling/target-lifecycle-state"
SHUTDOWN = 30
"""Seconds that hooks have at a shutdown."""


class Event(NamedTuple):
    """Why and when the machine goes. Times are in seconds since 1970."""

    reason: str  # spot-terminate, spot-stop, spot-hibernate, auto-scaling, shutdown
    text: str  # the same as a sentence
    at: float  # AWS takes the machine
    deadline: float  # the hooks have ended, and the unmount begins
    wait: bool  # the unmount waits for the deadline, so that people can save


def read_event(host: Host) -> Event | None:
    """Read what ws.watch has written."""
    with suppress(OSError, ValueError, TypeError):
        return Event(**json.loads(host.path(EVENT).read_text()))
    return None


def main(arguments: list[str], host: Host) -> int:
    """Run the end; the exit code is 0."""
    settings = load(host)
    leave(host, settings, Aws(settings.region, Imds()), bool(arguments))
    return 0


def leave(host: Host, settings: Settings, aws: Aws, interrupted: bool) -> None:
    """Run the hooks, unmount, complete the lifecycle action. A second one waits for the first."""

    def lifecycle(action: str, **more: str) -> bool:
        names = {"AutoScalingGroupName": settings.group, "LifecycleHookName": settings.stop_hook}
        try:
            aws.call("autoscaling", action, InstanceId=aws.imds.instance_id(), **names, **more)
        except (AwsError, Unknown) as error:
            host.log(str(error))
            return False
        return True

    def complete() -> None:
        """Let Auto Scaling go on. It refuses a word that it does not wait for."""
        try:
            terminated = aws.imds.get(TARGET_STATE) == "Terminated"
        except Unknown:
            terminated = True
        for _ in range(3 if terminated and settings.stop_hook else 0):
            if lifecycle("CompleteLifecycleAction", LifecycleActionResult="CONTINUE"):
                break
            host.sleep(2)

    def beat() -> None:
        if event.reason == "auto-scaling" and settings.stop_hook:
            pool.submit(lifecycle, "RecordLifecycleActionHeartbeat")

    def unmount() -> None:
        containers = "docker ps --quiet | xargs --no-run-if-empty docker stop --time=5"
        host.run("sh", "-c", containers, timeout=15)
        # At the same time: a file server that hangs must not use up the time of the home.
        list(pool.map(lambda at: release(host, at), places))

    def deadline() -> float:
        """Read it again: a Spot interruption can come while hooks run for another reason."""
        return min(event.deadline, (read_event(host) or event).deadline)

    os.chdir("/")
    places = [entry["at"] for entry in [*settings.mounts, settings.home] if entry]
    lock = host.path("/run/ws/leaving")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file, ThreadPoolExecutor(32) as pool, ExitStack() as last:
        fcntl.flock(file, fcntl.LOCK_EX)
        soon = host.now() + SHUTDOWN
        event = Event("shutdown", "the machine shuts down", soon, soon, False)
        if interrupted:
            event = read_event(host) or event
        # Both run whatever happens below, and the last one first.
        last.callback(complete)
        last.callback(unmount)
        # A boot that is still under way would mount the home behind our back.
        if host.run("systemctl", "is-active", "ws-boot.service", timeout=5).output == "activating":
            host.run("systemctl", "stop", "ws-boot.service", timeout=20)
        pool.submit(say, host, aws, "stopping", event.text)
        run_hooks(host, settings.user, event.reason, deadline, beat)
        list(pool.map(lambda at: host.run("sync", "-f", str(host.path(at)), timeout=10), places))
        while event.wait and host.now() < deadline():
            host.sleep(1)
