"""`workstation start` from the request to the end of waiting, and `status` on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciler.cli.terminal.signals import Stop
from reconciler.sandbox.control.interruption import interrupt
from reconciler.sandbox.services.machine import Machines
from tests.power.days import aws
from tests.power.hand import Hand
from tests.sandbox.helpers import IMAGE

Make = Callable[..., Hand]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Callable[[Hand, int], None]:
    """`waits(hand, 10)`: while the command pauses, so many seconds pass in the sandbox."""

    def install(cli: Hand, seconds: int) -> None:
        clock = cli.days.sandbox.clock
        monkeypatch.setattr(
            Stop, "pause", lambda self, wait: clock.forward(timedelta(seconds=seconds))
        )

    return install


Waits = Callable[[Hand, int], None]


def test_the_phases_in_order_and_a_machine_that_answers(hand: Make, waits: Waits) -> None:
    cli = hand()
    waits(cli, 10)
    cli.days.to("Mon 08:00")
    result = cli("start alice")
    heads = [line.split(" (")[0] for line in result.err.splitlines() if "endpoint" not in line]
    assert heads == ["looking for alice", "requested", "capacity", "booting", "ready"]
    assert "g4dn.xlarge in us-east-1a, Spot" in result.err
    assert result.out.startswith("alice is ready: ")
    assert (
        "kept on until Mon 23 Nov 12:00 CET unless nobody uses it (the tag names moto), "
        "then its schedule decides: next stop Mon 23 Nov 19:00 CET\n"
        "  about $0.17/h, $1.88 until Mon 23 Nov 19:00 CET\n"
    ) in result.out
    assert result.out.endswith("  workstation connect alice\n")
    again = cli("start alice")
    assert "and was on before" in again.out
    assert "requested before" in again.err


HOME = "storage: {home: {ebs: {size: 100GiB}}}"


def phases(err: str) -> list[str]:
    """The phases that a start has told, without their times."""
    return [line.split(" (")[0] for line in err.splitlines() if " (" in line]


def test_the_home_on_its_way_and_how_long_a_start_takes(hand: Make, waits: Waits) -> None:
    cli = hand(HOME)
    waits(cli, 2)
    cli.days.to("Mon 09:00")
    result = cli("start alice")
    seen = phases(result.err)
    assert seen[-5:] == ["capacity", "booting", "attaching", "mounting", "ready"]
    [member] = cli.days.group()["Instances"]
    [volume] = aws("ec2").describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [member["InstanceId"]]}]
    )["Volumes"][-1:]
    assert volume["Attachments"][0]["State"] == "attached"
    machine = cli("status alice -o json").json["workstations"][0]["machine"]
    assert (machine["phase"], machine["phase_detail"], machine["ready"]) == ("ready", None, True)
    assert "phase      ready" in cli("status alice").out
    assert cli("start alice -o json").json["usually"] is None, "one start is not usual"


def test_what_usually_happens_is_said_at_the_beginning(hand: Make, waits: Waits) -> None:
    cli = hand()
    waits(cli, 10)
    tag(cli, "reconciler:starts", "95 102 300 88 91 90 99 97 96 130")
    cli.days.to("Mon 09:00")
    lines = cli("start alice").err.splitlines()
    assert lines[3] == "usually ready 1 min 36 s after its launch, 9 of 10 times within 2 min 10 s"
    assert cli("start alice -o json").json["usually"] == {
        "starts": 11,  # with the one above
        "usual_seconds": 96,
        "nine_of_ten_seconds": 130,
        "slowest_seconds": 300,
    }
    tag(cli, "reconciler:starts", "95 and many")
    assert "usually" not in cli("start alice").err


def test_who_still_holds_the_home_is_told(hand: Make, waits: Waits) -> None:
    cli = hand(HOME)
    waits(cli, 5)
    cli.days.to("Mon 09:00")
    [volume] = aws("ec2").describe_volumes(
        Filters=[{"Name": "tag:reconciler:file-system", "Values": ["home"]}]
    )["Volumes"]
    other = aws("ec2").run_instances(
        ImageId=IMAGE,
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet_in(volume["AvailabilityZone"]),
    )["Instances"][0]["InstanceId"]
    aws("ec2").attach_volume(VolumeId=volume["VolumeId"], InstanceId=other, Device="/dev/sdf")
    held = f"{other} still holds {volume['VolumeId']}"
    late = cli("start alice --timeout 1s -o json", code=1)
    for _ in range(20):
        if held in late.err:
            break
        cli.days.sandbox.clock.forward(timedelta(seconds=5))
        late = cli("start alice --timeout 1s -o json", code=1)
    assert "attaching (" in late.err
    assert late.json["outcome"] == "attaching"
    assert (late.json["machine"]["phase"], late.json["machine"]["phase_detail"]) == (
        "attaching",
        held,
    )
    assert f"phase      attaching: {held}" in cli("status alice").out
    assert f"its machine attaches the home: {held}." in " ".join(cli("why alice").out.split())
    aws("ec2").terminate_instances(InstanceIds=[other])
    assert "alice is ready" in cli("start alice").out


def test_each_new_detail_of_a_phase_is_told_once(
    hand: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = hand()
    cli.days.sandbox.world.state(Machines, "us-east-1").mode = "silent"
    cli.days.to("Mon 09:01")
    [member] = cli.days.group()["Instances"]
    reports = iter(("attaching", "attaching: a", "attaching: a", "attaching: b", "ready"))

    def report(self: Stop, wait: float) -> None:
        tags = [{"Key": "reconciler:phase", "Value": next(reports)}]
        aws("ec2").create_tags(Resources=[member["InstanceId"]], Tags=tags)

    monkeypatch.setattr(Stop, "pause", report)
    cli.days.sandbox.clock.forward(timedelta(minutes=1))
    lines = cli("start alice").err.splitlines()
    details = [line.partition("): ")[2] for line in lines if line.startswith("attaching (")]
    assert details == ["", "a", "b"]
    assert lines[-1].startswith("ready (")


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_machine_that_fails_ends_the_waiting(hand: Make, waits: Waits, output: str) -> None:
    cli = hand()
    waits(cli, 10)
    cli.days.sandbox.world.state(Machines, "us-east-1").mode = "fails"
    cli.days.to("Mon 09:00")
    result = cli(f"start alice -o {output}", code=1)
    words = "its machine did not get ready: the sandbox was told that machines fail"
    if output == "json":
        assert (result.json["outcome"], result.json["why"]) == ("failed", words)
        assert "`workstation stop alice`" in result.json["next"]
        assert "ready" not in result.json["phases"]
    else:
        assert f"alice is not ready: {words}" in " ".join(result.out.split())
    assert "failed (" in result.err
    assert cli("why alice -o json").json["code"] == "machine-failed"


def test_a_machine_that_never_reports_is_never_ready(hand: Make, waits: Waits) -> None:
    cli = hand()
    waits(cli, 60)
    cli.days.sandbox.world.state(Machines, "us-east-1").mode = "silent"
    cli.days.to("Mon 09:04")
    late = cli("start alice --timeout 2s", code=1)
    assert phases(late.err)[-1] == "booting"
    assert "has not reported that it is ready yet; `workstation why alice`" in late.err
    assert late.err.count("has not reported") == 1, "said once"
    out = " ".join(late.out.split())
    assert "alice is not ready: its machine i-" in out
    assert "its image may have no agent, or the agent does not start" in out
    assert "phase      not reported" in cli("status alice").out
    found = cli("why alice -o json").json
    assert (found["code"], found["state"]) == ("silent", "on")
    assert "`workstation ssh alice sudo journalctl -u ws-boot`" in found["next"]


def test_an_idle_stop_is_told_until_the_next_start(hand: Make, waits: Waits) -> None:
    cli = hand()
    waits(cli, 10)
    cli.days.to("Mon 10:00")
    now = cli.days.sandbox.clock.now()
    tag(cli, "reconciler:override", f"turned off {now:%Y-%m-%dT%H:%M:%SZ} idle")
    cli.days.desire(0)
    cli.days.to("Mon 11:00")
    assert "turned off Mon 23 Nov 10:00 CET because nobody used it" in cli("status alice").out
    [document] = cli("status alice -o json").json["workstations"]
    assert document["turned_off_idle"] == "2026-11-23T09:00:00Z"
    found = cli("why alice -o json").json
    assert found["code"] == "idle"
    assert found["why"] == "it turned itself off Mon 23 Nov 10:00 CET because nobody used it"
    assert "`idle` in its YAML" in found["next"]
    assert "alice is ready" in cli("start alice").out
    assert cli.days.tags()["reconciler:override"].startswith("turned on ")
    cli("stop alice")
    assert "nobody used it" not in cli("status alice").out
    assert cli("why alice -o json").json["code"] == "person"


def test_an_idle_stop_says_nothing_after_a_start_by_the_schedule(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 10:00")
    now = cli.days.sandbox.clock.now()
    tag(cli, "reconciler:override", f"turned off {now:%Y-%m-%dT%H:%M:%SZ} idle")
    cli.days.desire(0)
    cli.days.to("Wed 20:00")  # on and off again on Wednesday
    assert "nobody used it" not in cli("status alice").out
    assert cli("why alice -o json").json["code"] == "schedule"


def tag(cli: Hand, key: str, value: str) -> None:
    """Write a tag of alice's group, as her machine does."""
    words = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    aws("autoscaling").create_or_update_tags(
        Tags=[{**words, "Key": key, "Value": value, "PropagateAtLaunch": False}]
    )


def subnet_in(zone: str) -> str:
    """A subnet of a zone."""
    found = aws("ec2").describe_subnets(Filters=[{"Name": "availability-zone", "Values": [zone]}])
    return str(found["Subnets"][0]["SubnetId"])


def test_without_capacity_it_ends_with_a_table_and_what_comes_next(
    hand: Make, waits: Waits
) -> None:
    cli = hand()
    cli.days.to("Mon 10:00")
    cli("stop alice")
    cli.days.sandbox.capacity.take("*")
    result = cli("start alice --timeout 1s", code=1)
    out = " ".join(result.out.split())
    assert "alice is not ready: AWS has no Spot capacity left" in out
    assert "type zone market error tries last" in out
    assert "all us-east-1a Spot UnfulfillableCapacity 1" in out, out
    assert "Next: Auto Scaling keeps asking" in out
    assert "no capacity yet" in result.err
    document = cli("start alice --timeout 1s -o json", code=1).json
    assert document["outcome"] == "requested"
    assert document["requested"] is False
    [failure] = document["failures"]
    assert (failure["market"], failure["code"]) == ("spot", "UnfulfillableCapacity")
    assert document["machine"] is None


def test_a_fallback_is_promised_with_its_time(hand: Make) -> None:
    cli = hand("spot_policy: auto")
    cli.days.to("Mon 10:00")
    cli("stop alice")
    cli.days.sandbox.capacity.take("*")
    out = " ".join(cli("start alice --timeout 1s", code=1).out.split())
    assert "On-Demand from Mon 23 Nov 10:10 CET, 10 min after the first failure" in out
    assert "by the next run of `reconcile`" in out
    cli.days.sandbox.clock.forward(timedelta(minutes=11))
    cli.days.run()
    cli.days.sandbox.clock.forward(timedelta(minutes=1))
    assert cli.days.state() == "on-demand"
    assert "On-Demand" in cli("status alice").out


def test_a_machine_that_never_answers_is_told_as_that(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 08:00")
    result = cli("start alice --timeout 1s", code=1)
    assert "is running, and its SSM agent does not answer" in " ".join(result.out.split())


def test_a_stop_meanwhile_ends_the_waiting(hand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = hand()
    cli.days.sandbox.capacity.take("*")
    cli.days.to("Mon 10:00")
    monkeypatch.setattr(Stop, "pause", lambda self, wait: cli.days.desire(0))
    result = cli("start alice", code=1)
    assert "somebody turned it off meanwhile" in result.out


def test_a_signal_ends_the_waiting_and_not_the_start(
    hand: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = hand()
    cli.days.sandbox.capacity.take("*")
    cli.days.to("Mon 10:00")
    monkeypatch.setattr(Stop, "pause", lambda self, wait: setattr(self, "number", 2))
    result = cli("start alice -o json", code=130)
    assert result.json["outcome"] == "interrupted"
    assert cli.days.group()["DesiredCapacity"] == 1


def test_status_tells_all_there_is(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 09:30")
    cli("extend alice 12h")
    printed = cli("status alice").out
    assert printed.startswith("alice: on since Mon 23 Nov 09:0")
    for words in (
        "g4dn.xlarge in us-east-1a, Spot",
        "cost       about $0.17/h",
        "kept on until Mon 23 Nov 21:30 CET (the tag names moto)",
        "next stop  Mon 23 Nov 21:30 CET (the end of its override)",
        "next start Tue 24 Nov 09:00 CET",
    ):
        assert words in printed, printed
    [document] = cli("status alice -o json").json["workstations"]
    assert document["state"] == "on"
    assert document["machine"]["market"] == "spot"
    # From when the command got there, which takes it a second or two on a busy machine.
    assert document["override"]["until"].startswith("2026-11-23T20:30:")
    assert "acme/alice" in cli("status --all").out


def test_an_interrupted_machine_is_starting_until_there_is_another(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 09:30")
    [member] = cli.days.group()["Instances"]
    cli.days.sandbox.capacity.take("*")
    interrupt(cli.days.sandbox.world, "us-east-1", member["InstanceId"], at_once=True)
    assert cli("status alice").out.startswith("alice: starting")
