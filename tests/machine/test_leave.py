"""The end: hooks, then the unmount, then the word to Auto Scaling, whatever fails before."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.machine import (
    GROUP,
    INSTANCE,
    FakeAws,
    FakeHost,
    FakeImds,
    Words,
    down,
    instance,
)
from ws.aws import AwsError
from ws.host import Result
from ws.imds import Unknown
from ws.leave import EVENT, TARGET_STATE, Event, leave, read_event
from ws.settings import load

HOME = "/home/alice"
HOOK = {"AutoScalingGroupName": GROUP, "LifecycleHookName": "reconciler-stop"}
DONE = {"InstanceId": INSTANCE, **HOOK, "LifecycleActionResult": "CONTINUE"}


class End:
    """A machine with a mounted home and one hook, which ends."""

    def __init__(self, root: Path, **file: Any) -> None:
        self.host = FakeHost(root, setpriv="", sync="", sh="")
        self.host.programs |= {
            "find -P": "10-save",
            "find /proc": "",
            "timeout": self.hook,
            "umount": self.umount,
            "systemctl is-active": "active",
        }
        self.host.put("/etc/ws/instance.json", json.dumps(instance(**file)))
        self.mount(HOME, *[entry["at"] for entry in file.get("mounts", [])])
        self.imds = FakeImds()
        self.aws = FakeAws(
            self.imds,
            CreateTags="<a/>",
            CompleteLifecycleAction="<a/>",
            RecordLifecycleActionHeartbeat="<a/>",
        )
        self.times: dict[str, float] = {}

    def mount(self, *places: str) -> None:
        lines = [f"1 2 98:0 / {self.host.path(at)} rw - ext4 /dev/x rw\n" for at in places]
        self.host.put("/proc/self/mountinfo", "".join(lines))

    def hook(self, words: Words) -> str:
        self.times["hook"] = self.host.now()
        return ""

    def umount(self, words: Words) -> str:
        self.times["umount"] = self.host.now()
        self.host.put("/proc/self/mountinfo", "")
        return ""

    def event(self, reason: str, seconds: float) -> Event:
        event = Event(reason, "It goes.", self.host.now() + seconds - 30)
        self.host.put(EVENT, json.dumps(event._asdict()))
        return event

    def run(self, interrupted: bool = True) -> None:
        leave(self.host, load(self.host), self.aws, interrupted)

    def steps(self) -> list[str]:
        names = {"timeout": "hook", "umount": "umount"}
        return [names[words[0]] for words in self.host.commands if words[0] in names]


@pytest.fixture
def end(tmp_path: Path) -> End:
    return End(tmp_path)


def test_at_a_stop_the_unmount_follows_the_hooks_at_once(end: End) -> None:
    end.event("auto-scaling", 300)
    end.imds.paths[TARGET_STATE] = "Terminated"
    end.run()
    assert end.steps() == ["hook", "umount"]
    assert end.times["hook"] == end.times["umount"]
    assert end.aws.called("CompleteLifecycleAction") == [DONE]


def test_auto_scaling_goes_on_only_after_the_unmount(end: End) -> None:
    end.imds.paths[TARGET_STATE] = "Terminated"
    steps: list[str] = []

    def complete(_: object) -> str:
        steps.extend(end.steps())
        return "<a/>"

    end.aws.answers["CompleteLifecycleAction"] = complete
    end.run()
    assert steps == ["hook", "umount"]


def test_at_a_spot_interruption_people_can_save_until_the_deadline(end: End) -> None:
    event = end.event("spot", 120)
    end.run()
    assert end.times["hook"] == event.deadline - 90
    assert end.times["umount"] == event.deadline


def test_hooks_know_the_reason_and_the_deadline(end: End) -> None:
    event = end.event("spot", 120)
    end.run()
    (hook,) = end.host.ran("timeout")
    assert hook[:6] == (
        *("timeout", "--kill-after=2", "25.0", "env"),
        *("WS_REASON=spot", f"WS_DEADLINE={event.deadline:.0f}"),
    )


def test_a_shutdown_gives_hooks_30_seconds_and_waits_for_nobody(end: End) -> None:
    end.run(interrupted=False)
    assert end.steps() == ["hook", "umount"]
    (hook,) = end.host.ran("timeout")
    assert hook[4:6] == ("WS_REASON=shutdown", f"WS_DEADLINE={end.host.now() + 30:.0f}")
    assert end.aws.called("CompleteLifecycleAction") == []


def test_a_shutdown_within_the_countdown_does_not_wait_for_its_end(end: End) -> None:
    end.event("spot", 120)
    end.run(interrupted=False)
    assert end.times["umount"] == end.times["hook"]


def test_a_shutdown_close_to_the_deadline_keeps_the_deadline(end: End) -> None:
    event = end.event("spot", 40)
    end.run(interrupted=False)
    (hook,) = end.host.ran("timeout")
    assert hook[2] == "10.0"
    assert hook[5] == f"WS_DEADLINE={event.deadline:.0f}"


def test_a_spot_interruption_shortens_a_stop_whose_hooks_run(end: End) -> None:
    """Two events at once: the earlier deadline counts for what has not begun yet."""
    end.event("auto-scaling", 300)
    end.host.programs["find -P"] = "10-a\n20-b"

    def interrupted(words: Words) -> str:
        if words[-1].endswith("10-a"):
            end.event("spot", 45)
        return ""

    end.host.programs["timeout"] = interrupted
    end.run()
    first, second = end.host.ran("timeout")
    assert (first[2], second[2]) == ("25.0", "15.0")


def test_the_phase_says_why(end: End) -> None:
    end.event("auto-scaling", 300)
    end.run()
    (tag,) = end.aws.called("CreateTags")
    assert tag["Tag_1_Value"] == "stopping: It goes."


def test_the_time_of_auto_scaling_begins_anew_with_the_hooks(end: End) -> None:
    end.event("auto-scaling", 300)
    end.host.programs["find -P"] = "10-a\n20-b"
    end.imds.paths[TARGET_STATE] = "Terminated"
    end.run()
    assert end.aws.called("RecordLifecycleActionHeartbeat") == [{"InstanceId": INSTANCE, **HOOK}]


def test_a_spot_interruption_asks_auto_scaling_for_no_time(end: End) -> None:
    end.event("spot", 120)
    end.run()
    assert end.aws.called("RecordLifecycleActionHeartbeat") == []


@pytest.mark.parametrize("state", ["InService", None, "Detached"])
def test_the_action_is_completed_only_where_auto_scaling_waits(end: End, state: str | None) -> None:
    end.imds.paths[TARGET_STATE] = state
    end.run()
    assert end.aws.called("CompleteLifecycleAction") == []


def test_without_a_hook_on_the_group_nothing_is_completed(tmp_path: Path) -> None:
    end = End(tmp_path, stop_hook="")
    end.event("auto-scaling", 300)
    end.imds.paths[TARGET_STATE] = "Terminated"
    end.run()
    assert end.aws.actions == ["CreateTags"]


def test_an_unknown_target_state_does_not_keep_auto_scaling_waiting(end: End) -> None:
    end.imds.paths[TARGET_STATE] = down(TARGET_STATE)
    end.run()
    assert end.aws.called("CompleteLifecycleAction") == [DONE]


def test_a_refused_word_is_said_again_twice(end: End) -> None:
    end.imds.paths[TARGET_STATE] = "Terminated"
    end.aws.answers["CompleteLifecycleAction"] = AwsError("x", "Throttling", "slow")
    end.run()
    assert len(end.aws.called("CompleteLifecycleAction")) == 3
    assert end.host.lines[-1] == "x: Throttling: slow"


def broken(*_: object) -> str:
    raise OSError("broken")


@pytest.mark.parametrize("step", ["timeout", "find -P", "sh", "sync", "umount", "find /proc"])
def test_later_steps_run_whatever_an_earlier_one_does(end: End, step: str) -> None:
    end.event("auto-scaling", 300)
    end.imds.paths[TARGET_STATE] = "Terminated"
    end.host.programs[step] = broken
    with pytest.raises(OSError, match="broken"):
        end.run()
    assert end.aws.called("CompleteLifecycleAction") == [DONE]
    if step in ("timeout", "find -P"):
        assert end.steps()[-1] == "umount"


@pytest.mark.parametrize("error", [AwsError("x", "Unreachable", "no route"), Unknown("no role")])
def test_aws_out_of_reach_stops_no_step(end: End, error: Exception) -> None:
    end.event("auto-scaling", 300)
    end.imds.paths[TARGET_STATE] = "Terminated"
    for action in end.aws.answers:
        end.aws.answers[action] = error
    end.run()
    assert end.steps() == ["hook", "umount"]


def test_a_slow_tag_does_not_delay_the_hooks(end: End) -> None:
    ran = threading.Event()

    def hook(words: Words) -> str:
        ran.set()
        return ""

    end.host.programs["timeout"] = hook
    end.aws.answers["CreateTags"] = lambda given: "<a/>" if ran.wait(10) else down()
    end.run()
    assert "not written" not in "".join(end.host.lines)


def test_a_boot_that_has_not_mounted_the_home_is_ended_first(end: End) -> None:
    end.mount()
    end.event("spot", 120)
    end.host.programs |= {"systemctl is-active": "activating", "systemctl stop": ""}
    end.run()
    assert end.host.ran("systemctl")[-1] == ("systemctl", "stop", "ws-boot.service")
    assert end.steps() == ["hook"]


@pytest.mark.parametrize("state", ["active", "deactivating", "inactive", "failed"])
def test_a_boot_that_is_over_is_left_alone(end: End, state: str) -> None:
    """As ExecStop it runs inside of that very unit: to stop it would wait for itself."""
    end.host.programs["systemctl is-active"] = state
    end.run()
    assert end.host.ran("systemctl stop") == []


def test_a_second_time_does_no_harm(end: End) -> None:
    end.event("auto-scaling", 300)
    end.imds.paths[TARGET_STATE] = "Terminated"
    end.run()
    end.aws.answers["CompleteLifecycleAction"] = AwsError("x", "ValidationError", "none is active")
    end.run(interrupted=False)
    assert end.steps() == ["hook", "umount", "hook"]


def test_shared_file_systems_and_the_home_are_unmounted(tmp_path: Path) -> None:
    end = End(
        tmp_path, mounts=[{"type": "fsx_lustre", "at": "/fsx", "dns_name": "a", "mount_name": "b"}]
    )
    end.host.programs["umount"] = Result(32, "busy")
    end.run()
    flushed = {words[2] for words in end.host.ran("sync")}
    assert flushed == {str(end.host.path(at)) for at in (HOME, "/fsx")}
    assert {words[2] for words in end.host.ran("umount")} == flushed


def test_a_workstation_without_a_home_ends_too(tmp_path: Path) -> None:
    end = End(tmp_path, home=None)
    end.imds.paths[TARGET_STATE] = "Terminated"
    end.run()
    assert end.aws.called("CompleteLifecycleAction") == [DONE]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"reason": 1}', '{"reason": "x", "new": 1}'])
def test_a_file_that_says_nothing_is_no_event(end: End, text: str) -> None:
    end.host.put(EVENT, text)
    assert read_event(end.host) is None
