"""Everything the product does, done once against the sandbox and recorded as IAM would see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.aws import policies
from reconciler.aws.prices import hourly_price
from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from reconciler.doctor.examine import examine
from reconciler.engine import listen, queue
from reconciler.engine.environment import environment_of
from reconciler.kinds import KINDS
from reconciler.plan.selection import Selection
from reconciler.plan.update_policy import When
from reconciler.power.notices import Notice
from reconciler.sandbox.services import quotas
from tests.conftest import point_at
from tests.engine.listening import SUCCEEDED
from tests.iam.evaluator import Request
from tests.iam.recorder import Recorder, client
from tests.kinds import cases, manual_edits
from tests.kinds.world import READS, World, live
from tests.support.environment import as_declared

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

FLEETS = Path(__file__).parent / "fleets"

LEFT_OUT = {"new_instances_protected_from_scale_in", "suspended_endings", "volume_type"}
"""Edits that ask for nothing more: with two AWS would not end what the other edits start, with the
third a volume would change more than four times a day."""

SCALED = {
    ("efs_file_system", "throughput_mode"),
    ("file_system", "per_unit_storage_throughput"),
}

UNDECLARED = {("launch_template", "instance_profile"), ("schedule", "role_arn")}
"""Edits to roles that no YAML names: a policy made from the YAML must not let them through."""


@dataclass(frozen=True)
class Used:
    """What was asked for a site: while looking, by what the plan role alone may do, and in all."""

    site: Site
    looking: tuple[Request, ...]
    examining: tuple[Request, ...]
    requests: tuple[Request, ...]

    def policy(self, role: str) -> Mapping[str, Any]:
        """With the names of all statements, which a large one goes without."""
        documents = [statement.document for statement in policies.statements(self.site, role)]
        return {"Version": "2012-10-17", "Statement": documents}


@pytest.fixture(scope="module")
def module_sandbox(sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """The local AWS as new, for a module, and the environment pointing at it."""
    sandbox_server.reset()
    with pytest.MonkeyPatch.context() as patch:
        point_at(sandbox_server, patch)
        yield sandbox_server


@pytest.fixture(scope="module")
def used(module_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> list[Used]:
    """Two sites, from the first apply to a removal."""
    # One of AWS's own roles is there, the other not yet; one quota is at AWS's default.
    client("iam", "us-east-1").create_service_linked_role(
        AWSServiceName="autoscaling.amazonaws.com"
    )
    quotas.change(module_sandbox.world, "us-east-1", "L-417A185B", None)

    def act(world: World, look: Callable[[], None]) -> None:
        _listen(world)
        with as_declared():  # a YAML that changes what runtime decides, too
            _edited(world, look)
        _powered(world, look, module_sandbox)

    return [
        _recorded(World().site, act),
        _recorded(_keyed(tmp_path_factory.mktemp("keyed")), lambda world, look: None),
    ]


def _recorded(site: Site, act: Callable[[World, Callable[[], None]], None]) -> Used:
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boto3.Session", recorder.session)
        world = World(site)  # its session alone: strangers' clients are not ours to record
    looking: list[Request] = []

    def look() -> None:
        before = len(recorder.requests)
        world.look()
        looking.extend(recorder.requests[before:])

    look()
    examining = _examined(world, recorder)
    world.settle()
    examining += _examined(world, recorder)
    act(world, look)
    look()
    # One leaves: its group, template and schedules go, its home stays.
    world.site = replace(site, workstations=site.workstations[1:])
    world.settle()
    return Used(site, tuple(looking), examining, tuple(recorder.requests))


def _examined(world: World, recorder: Recorder) -> tuple[Request, ...]:
    """What the doctor asks, and a report that tells prices; no run does either."""
    before = len(recorder.requests)
    examine(world.site, world.environment(), (), timedelta())
    door = world.session.region("us-east-1")
    hourly_price(door, "g5.xlarge", "us-east-1a", "spot")
    hourly_price(door, "g5.xlarge", "us-east-1a", "on-demand")
    asked = tuple(recorder.requests[before:])
    del recorder.requests[before:]
    return asked


def _edited(world: World, look: Callable[[], None]) -> None:
    """Every field of every kind changed in YAML and back, then by hand.

    In three rounds: more than one disruptive change stops a run.
    """
    disruptive = [kind for kind in KINDS if kind.NAME in ("file_system", "auto_scaling_group")]
    others = [kind for kind in KINDS if kind not in disruptive]
    for round_ in ([disruptive[0]], [disruptive[1]], others):
        there = live(world)
        rules = {
            (kind.NAME, field): rule
            for kind in round_
            for field, rule in kind.UPDATE_POLICY.items()
        }
        for name, (find, value) in cases.DECLARED.items():
            if name[1] in LEFT_OUT:
                continue
            if name in rules and name not in UNDECLARED and rules[name].when is not When.NEVER:
                world.edits[find(there), name[1]] = value
        report = world.run()
        assert not any(finding.approval for finding in report.findings), report.findings
        stay = {name for name, rule in rules.items() if rule.grows} | SCALED
        for key, field in list(world.edits):
            # What has grown stays as large as it has become. EFS and FSx take the way back later.
            if (key.kind, field) in rules.keys() - stay:
                del world.edits[key, field]
        world.run()
        world.off()
        for kind in round_:
            for field, edit in manual_edits.BY_HAND.get(kind.NAME, {}).items():
                if field not in LEFT_OUT:
                    edit(live(world))
        look()
        world.run()
        world.off()
    world.settle()


def _powered(world: World, look: Callable[[], None], sandbox: Sandbox) -> None:
    """Runtime has its say: a long day on Spot, and one without it, there and back."""
    world.cost = environment_of(world.session).cost

    def later(**time: int) -> None:
        sandbox.clock.forward(timedelta(**time))
        world.session.ahead += timedelta(**time)

    world.switch(1)
    later(hours=15)  # longer than bob's max_runtime
    look()
    world.switch(0)
    sandbox.capacity.take("*")
    world.switch(1)
    later(minutes=15)
    look()
    report = world.run()
    assert any(f.field == "market" for c in report.plan.changes for f in c.fields), "it fell back"
    later(hours=9)  # longer than the lease
    look()
    world.switch(0)
    world.settle()
    until = (world.session.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for override in (f"off until {until} ann", "turned off 2026-11-20T12:00:00Z ann"):
        _tagged(world, override)  # all that a command which was killed has written
        look()
        world.settle()
    sandbox.capacity.give("*")
    world.switch(1)
    _by_hand(world)
    look()
    world.run()
    world.switch(0)
    world.settle()


def _tagged(world: World, override: str) -> None:
    _tag(world, "reconciler:override", override)


def _tag(world: World, key: str, value: str) -> None:
    group = f"{world.site.name}-{world.site.workstations[0].name}"
    of = {"ResourceId": group, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    tags = [{**of, "Key": key, "Value": value}]
    client("autoscaling", "us-east-1").create_or_update_tags(Tags=tags)


def _by_hand(world: World) -> None:
    """A machine that runs is protected from scale-in, and its group given to somebody else."""
    name = f"{world.site.name}-{world.site.workstations[0].name}"
    scaling = client("autoscaling", "us-east-1")
    [group] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    ids = [instance["InstanceId"] for instance in group["Instances"]]
    scaling.set_instance_protection(
        AutoScalingGroupName=name, InstanceIds=ids, ProtectedFromScaleIn=True
    )
    _tag(world, "reconciler:owner", "mallory@example.com")


def _listen(world: World) -> None:
    """One event of each, as `--listen` takes it: heard, looked up, told, deleted."""
    sqs = client("sqs", "us-east-1")
    url = sqs.get_queue_url(QueueName=f"{world.site.name}-events")["QueueUrl"]
    group = f"{world.site.name}-{world.site.workstations[0].name}"
    scaling = client("autoscaling", "us-east-1")
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
    there = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    [instance] = there["AutoScalingGroups"][0]["Instances"]
    session = world.session
    common = {
        "account": world.site.account,
        "region": "us-east-1",
        "time": session.now().isoformat(),
    }
    for source, kind, detail in (
        ("aws.autoscaling", "EC2 Instance Launch Unsuccessful", {"AutoScalingGroupName": group}),
        (
            "aws.ec2",
            "EC2 Spot Instance Interruption Warning",
            {"instance-id": instance["InstanceId"]},
        ),
    ):
        event = {**common, "source": source, "detail-type": kind, "detail": detail}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    ears = queue.queue_of(world.site.name, session.region("us-east-1"))
    place = listen.ListenContext(world.site, session.region, session.now, Selection())
    sent: list[Notice] = []

    def publish(region: str, notice: Notice) -> None:
        queue.publish(world.site.name, session.region(region), notice)
        sent.append(notice)

    messages = queue.receive(ears, 1)
    for message in listen.act(messages, place, {}, publish, lambda names: SUCCEEDED):
        queue.delete(ears, message)
    assert len(sent) == 2
    world.off()


def _keyed(folder: Path) -> Site:
    """The site of `fleets`, its KMS keys and second pair of roles made."""
    iam = client("iam", "us-east-1")
    for name in ("other-machine", "other-scheduler"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="other-machine")
    iam.add_role_to_instance_profile(InstanceProfileName="other-machine", RoleName="other-machine")
    regions = ("us-east-1", "us-east-1", "eu-central-1")
    keys = [client("kms", region).create_key()["KeyMetadata"] for region in regions]
    for region, key in (("us-east-1", keys[0]), ("eu-central-1", keys[2])):
        client("kms", region).create_alias(AliasName="alias/data", TargetKeyId=key["KeyId"])
    for path in FLEETS.iterdir():
        (folder / path.name).write_text(path.read_text().replace("KEY_ARN", keys[1]["Arn"]))
    return load([folder])


def reads(action: str) -> bool:
    """Whether an action only reads."""
    return action.split(":")[1].startswith(READS)
