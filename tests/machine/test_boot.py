"""The boot as a person and the loop see it: phases, the login, `ready`, and every bad day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.machine.ebs import TAGS, Machine, Volume, machine, plug
from tests.support.machine import GROUP, INSTANCE, START, VOLUME, down, instance
from ws import boot as module
from ws import volume as disks
from ws.aws import AwsError
from ws.host import Result
from ws.settings import load

ALLOWED = {**TAGS, disks.FORMAT: "allowed"}


class TooLong(Exception):
    """The boot goes on trying: what the test wanted to see is seen."""


def boot(at: Machine, pauses: int = 200, **fields: Any) -> None:
    """Boot, and give up after so many pauses."""
    at.host.put("/etc/ws/instance.json", json.dumps(instance(**fields)))
    before = at.host.on_sleep

    def sleep() -> None:
        before()
        if len(at.host.pauses) >= pauses:
            raise TooLong

    at.host.on_sleep = sleep
    module.boot(at.host, load(at.host), at.aws)


def give_up(at: Machine, pauses: int = 3, **fields: Any) -> None:
    with pytest.raises(TooLong):
        boot(at, pauses, **fields)


def test_the_phases_of_a_boot_end_with_ready(tmp_path: Path) -> None:
    at = machine(tmp_path)
    boot(at)
    assert at.phases == ["attaching", "mounting", "ready"]
    assert at.host.read("/run/ws/phase") == "ready"
    assert at.aws.called("CreateTags")[0]["ResourceId_1"] == INSTANCE


def test_ready_comes_after_the_mount_and_the_account(tmp_path: Path) -> None:
    """Promise 17, on the side of the machine."""
    at = machine(tmp_path)
    before: dict[str, set[str]] = {}

    def tagged(given: dict[str, str]) -> str:
        before[given["Tag_1_Value"]] = {words[0] for words in at.host.commands}
        return "<r/>"

    at.aws.answers["CreateTags"] = tagged
    boot(at)
    assert {"mount", "useradd", "resize2fs"} <= before["ready"]
    assert "mount" not in before["mounting"]


def test_a_machine_without_a_home_is_ready_with_a_folder(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.programs["stat"] = "0"
    boot(at, home=None)
    assert at.phases == ["mounting", "ready"]
    assert at.host.ran("chown") == [("chown", "alice:", str(at.host.path("/home/alice")))]
    assert not at.host.ran("chattr")


def test_100_replacements_format_once_and_detach_nothing(tmp_path: Path) -> None:
    volume = Volume(tags=dict(ALLOWED), content="")
    actions: list[str] = []
    for number in range(101):
        at = machine(tmp_path / str(number), volume, f"i-{number:017x}")
        boot(at)
        actions += at.aws.actions
        assert at.phases[-1] == "ready"
        volume.holder, volume.status = "", "available"  # AWS, when the instance has ended
    assert volume.formats == 1
    assert set(actions) == {
        *("DescribeVolumes", "AttachVolume", "CreateTags", "DeleteTags"),
    }
    assert actions.count("AttachVolume") == 101
    assert actions.count("DeleteTags") == 1


def test_a_reboot_of_the_same_machine_needs_no_attachment(tmp_path: Path) -> None:
    at = machine(tmp_path)
    boot(at)
    at.host.put("/proc/self/mountinfo", "")
    del at.aws.calls[:]
    boot(at)
    assert "AttachVolume" not in at.aws.actions


# The bad days.


def test_still_held_by_a_dying_instance_it_waits_and_names_the_holder(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder="i-0dead", status="in-use"))

    def let_go() -> None:
        if at.host.now() - START > 660:  # 11 minutes
            at.volume.holder, at.volume.status = "", "available"

    at.host.on_sleep = let_go
    boot(at)
    held = f"attaching: i-0dead still holds {VOLUME}"
    assert at.phases == ["attaching", held, "mounting", "ready"]
    assert at.aws.actions.count("AttachVolume") == 1


def test_it_asks_often_for_a_quarter_of_an_hour_and_then_slowly(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder="i-0dead", status="in-use"))
    give_up(at, pauses=80)
    assert at.host.pauses[:3] == [2, 3, 4.5]
    assert max(at.host.pauses[:40]) == 20
    assert at.host.pauses[-1] == 120
    assert len(at.phases) == 2  # a tag that says the same is not written again


def test_two_claimants_one_gets_it_and_the_other_waits(tmp_path: Path) -> None:
    """Both have read that it is free; AWS lets one of them have it."""
    volume = Volume()
    first, second = (machine(tmp_path / n, volume, f"i-0{n}") for n in "ab")
    free = volume.xml()
    boot(first)
    second.aws.answers["DescribeVolumes"] = lambda given: (
        free if len(second.host.pauses) < 2 else volume.xml()
    )
    give_up(second, 5)
    assert volume.holder == "i-0a"
    assert second.phases[1].startswith("attaching: AttachVolume: VolumeInUse")
    assert second.phases[2] == f"attaching: i-0a still holds {VOLUME}"
    assert not second.host.ran("mount")


def test_a_late_disk_is_waited_for(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(status="in-use"))
    at.volume.holder = INSTANCE
    at.host.on_sleep = lambda: plug(at.host) if len(at.host.pauses) == 70 else None
    boot(at)
    assert at.phases[-1] == "ready"
    assert "Linux does not show its disk" in at.phases[1]


def test_in_another_zone_it_says_what_to_do_and_goes_on_when_it_is_done(tmp_path: Path) -> None:
    """AWS compares the zones when the volume is attached."""
    at = machine(tmp_path)
    known = at.aws.answers["AttachVolume"]
    text = f"The volume '{VOLUME}' is not in the same availability zone as instance '{INSTANCE}'"
    error = AwsError("AttachVolume", "InvalidVolume.ZoneMismatch", text)
    at.aws.answers["AttachVolume"] = lambda given: known(given) if at.host.pauses else error
    boot(at)
    assert text in at.phases[1]
    assert at.phases[1].startswith("failed: AttachVolume: InvalidVolume.ZoneMismatch")
    assert at.phases[1].endswith(": run `reconcile`, then start again")
    assert at.phases[-1] == "ready"


def test_not_blank_and_not_marked_it_is_never_formatted(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(content=""))
    give_up(at, 50)
    assert at.volume.formats == 0
    assert at.phases[-1].startswith(f"failed: {VOLUME} is blank")


def test_damaged_it_is_read_only_and_says_failed(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.programs["e2fsck"] = Result(4, "run fsck manually")
    give_up(at)
    assert at.phases[-1].startswith("failed: ")
    assert "restart ws-boot" in at.phases[-1]


def test_full_it_is_ready(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.programs |= {"resize2fs": Result(1, "full"), "runuser": Result(1, "No space left")}
    boot(at)
    assert at.phases[-1] == "ready"


@pytest.mark.parametrize("path", ["meta-data/instance-id"])
def test_metadata_that_does_not_answer_is_waited_for(tmp_path: Path, path: str) -> None:
    at = machine(tmp_path)
    known = at.imds.paths[path]
    at.imds.paths[path] = down()

    def answers() -> None:
        if len(at.host.pauses) == 4:
            at.imds.paths[path] = known

    at.host.on_sleep = answers
    boot(at)
    assert at.phases == ["mounting", "ready"]
    assert any("timed out" in line for line in at.host.lines)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("DescribeVolumes", "RequestLimitExceeded"),
        ("DescribeVolumes", "Unreachable"),
        ("AttachVolume", "HTTP503"),
        ("AttachVolume", "VolumeInUse"),
        ("AttachVolume", "IncorrectState"),  # this instance is not `running` yet
    ],
)
def test_a_refusal_that_passes_is_waited_for(tmp_path: Path, action: str, code: str) -> None:
    at = machine(tmp_path)
    known = at.aws.answers[action]
    error = AwsError(action, code, "")
    at.aws.answers[action] = lambda given: known(given) if len(at.host.pauses) >= 3 else error
    boot(at)
    assert at.phases[1].startswith(f"attaching: {action}: {code}")
    assert at.phases[-1] == "ready"


@pytest.mark.parametrize(
    "code",
    [
        "UnauthorizedOperation",
        "AuthFailure",
        "InvalidVolume.NotFound",
        "InvalidVolume.ZoneMismatch",
    ],
)
def test_aws_that_refuses_is_failed_and_says_what_to_do(tmp_path: Path, code: str) -> None:
    at = machine(tmp_path)
    at.aws.answers["AttachVolume"] = AwsError("AttachVolume", code, "x" * 900)
    give_up(at)
    assert at.phases[-1].startswith(f"failed: AttachVolume: {code}")
    assert at.phases[-1].endswith("run `reconcile`, then start again")
    assert len(at.phases[-1]) <= 256


def test_a_tag_that_cannot_be_written_stops_no_boot(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.aws.answers["CreateTags"] = AwsError("CreateTags", "UnauthorizedOperation", "no")
    boot(at)
    assert at.host.read("/run/ws/phase") == "ready"
    assert any("reconciler:phase is not written" in line for line in at.host.lines)


def test_a_hostile_text_is_one_line_in_tag_and_login(tmp_path: Path) -> None:
    at = machine(tmp_path)
    error = AwsError("DescribeVolumes", "X", "a\x1b[2J\nb\u202ec")
    at.aws.answers["DescribeVolumes"] = error
    give_up(at)
    assert at.phases[-1] == "attaching: DescribeVolumes: X: a [2J b c"


def test_the_login_works_before_the_home_and_says_why_there_is_none(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder="i-0dead", status="in-use"))
    give_up(at, 1)
    assert at.host.ran("useradd")
    assert at.host.read("/etc/ssh/authorized_keys.d/alice") == "ssh-ed25519 AAAA alice\n"
    point = at.host.path("/home/alice")
    closed = [("chown", "root:root"), ("chmod", "555"), ("chattr", "+i")]
    assert [words[:2] for words in at.host.commands if words[-1] == str(point)] == closed


# Settings.


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"site": "acme"}'])
def test_settings_that_are_missing_or_broken_are_failed_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    at = machine(tmp_path)
    if text is not None:
        at.host.put("/etc/ws/instance.json", text)
    monkeypatch.setattr(module, "Imds", lambda: at.aws.imds)
    monkeypatch.setattr(module, "Aws", lambda region, imds: at.aws)
    assert module.main([], at.host) == 1
    assert at.phases[0].startswith("failed: /etc/ws/instance.json: ")
    assert at.host.path("/etc/profile.d/ws-home.sh").exists()
    assert at.host.read("/run/ws/phase") == at.phases[0]


def test_settings_missing_and_no_metadata_still_say_it_at_the_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = machine(tmp_path)
    at.imds.paths.clear()
    monkeypatch.setattr(module, "Imds", lambda: at.aws.imds)
    assert module.main([], at.host) == 1
    assert at.host.read("/run/ws/phase").startswith("failed: /etc/ws/instance.json")


def test_settings_of_a_newer_version_are_read(tmp_path: Path) -> None:
    at = machine(tmp_path)
    entry = {"type": "tape", "name": "x", "at": "/tape"}
    boot(at, version=9, new_field={"a": 1}, mounts=[entry])
    assert at.phases[-1].startswith("ready: /tape: this agent cannot mount tape")


def test_a_shared_file_system_that_fails_stops_no_home(tmp_path: Path) -> None:
    at = machine(tmp_path)
    lustre = {"type": "fsx_lustre", "dns_name": "fs-0a.fsx", "mount_name": "abc", "at": "/fsx"}
    boot(at, mounts=[lustre])
    assert at.phases[-1].startswith("ready: /fsx: this image has no Lustre client")


# How long it took.

DOCUMENT = "dynamic/instance-identity/document"


def remembered(at: Machine) -> list[str]:
    return [given["Tags_member_1_Value"] for given in at.aws.called("CreateOrUpdateTags")]


def test_the_seconds_of_each_start_are_added_to_the_group(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.imds.paths[DOCUMENT] = {"pendingTime": "2026-11-18T11:05:05Z"}  # START - 95
    numbers = " ".join(str(number) for number in range(100, 125))
    tag = f"<member><Key>reconciler:starts</Key><Value>{numbers} ? x</Value></member>"
    group = f"<member><DesiredCapacity>1</DesiredCapacity><Tags>{tag}</Tags></member>"
    answer = f"<r><AutoScalingGroups>{group}</AutoScalingGroups></r>"
    at.aws.answers["DescribeAutoScalingGroups"] = answer
    boot(at)
    assert remembered(at) == [" ".join([*numbers.split()[-19:], "95"])]
    (call,) = at.aws.called("CreateOrUpdateTags")
    assert call["Tags_member_1_ResourceId"] == GROUP
    assert call["Tags_member_1_Key"] == "reconciler:starts"
    boot(at)  # the unit is restarted: the launch is long ago
    assert len(remembered(at)) == 1


@pytest.mark.parametrize("pending", ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "?", None, 5])
def test_a_clock_that_is_wrong_is_not_remembered(tmp_path: Path, pending: Any) -> None:
    at = machine(tmp_path)
    at.imds.paths[DOCUMENT] = {"pendingTime": pending}
    boot(at)
    assert not remembered(at)
    assert at.phases[-1] == "ready"
