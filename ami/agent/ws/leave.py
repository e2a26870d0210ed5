"""End in order: hooks, unmount, and the word to Auto Scaling that it need not wait any longer.

`ws leave --interrupted` follows the event that ws.watch has written. `ws leave` is the end of an
ordinary shutdown, when systemd stops ws-boot.service. Either may run again, and each step runs
whatever became of the ones before it (docs/interruption.md).
"""

from __future__ import annotations

import json
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
    """Why the machine goes, and when the unmount begins, in seconds since 1970."""

    reason: str  # spot, auto-scaling, shutdown
    text: str  # the same as a sentence
    deadline: float


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
    """Run the hooks, unmount, complete the lifecycle action."""

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
        with suppress(Unknown):
            if aws.imds.get(TARGET_STATE) != "Terminated":
                return
        for _ in range(3):
            if lifecycle("CompleteLifecycleAction", LifecycleActionResult="CONTINUE"):
                return
            host.sleep(2)

    def unmount() -> None:
        containers = "docker ps -q | xargs -r docker stop -t 5"
        host.run("sh", "-c", containers, timeout=15)
        # At the same time: a file server that hangs must not use up the time of the home.
        places = [entry["at"] for entry in [*settings.mounts, settings.home] if entry]
        list(pool.map(lambda at: release(host, at), places))

    def deadline() -> float:
        """Read it again: a Spot interruption can come while hooks run for another reason."""
        return min(event.deadline, (read_event(host) or event).deadline)

    event = Event("shutdown", "the machine shuts down", host.now() + SHUTDOWN)
    if interrupted:
        event = read_event(host) or event
    with ThreadPoolExecutor(32) as pool, ExitStack() as last:
        # Both run whatever happens below, and the last one first.
        if settings.stop_hook:
            last.callback(complete)
        last.callback(unmount)
        if settings.stop_hook and event.reason == "auto-scaling":
            pool.submit(lifecycle, "RecordLifecycleActionHeartbeat")  # 300 s from now on
        # A boot that is still under way would mount the home behind our back.
        if host.run("systemctl", "is-active", "ws-boot.service", timeout=5).output == "activating":
            host.run("systemctl", "stop", "ws-boot.service", timeout=20)
        pool.submit(say, host, aws, "stopping", event.text)
        run_hooks(host, settings.user, event.reason, deadline)
        while event.reason == "spot" and host.now() < deadline():
            host.sleep(1)
