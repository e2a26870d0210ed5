"""What is particular to a kind: the settings nobody declares and everybody relies on. No AWS."""

from __future__ import annotations

import base64
import json
import random
import re
from dataclasses import replace
from typing import Any

import pytest

from reconciler import __version__
from reconciler.declare.fleet import Edge, Mount
from reconciler.declare.hours import cron
from reconciler.errors import Where
from reconciler.kinds import (
    auto_scaling_group,
    dead_letter_queue,
    event_rule,
    file_system,
    home_volume,
    launch_template,
    mixed_instances,
    queue,
    root_squash,
    schedule,
    schedule_names,
    security_group,
    security_group_rules,
    subscription,
    topic,
)
from reconciler.machine import user_data
from reconciler.plan.kind import Kind
from reconciler.plan.model import Desired, Ref
from reconciler.plan.resolve import ImageFacts, ResolvedSite
from reconciler.plan.resolving import resolve
from tests.plan.declared import IMAGE, NOW, facts, lustre, site, volume, workstation

HERE = Where("fleets/vision.yaml", 3, 3)
EDGES = (
    Edge("start", "Mon-Fri 09:00", "cron(0 9 ? * MON-FRI *)", "Europe/Berlin", HERE),
    Edge("stop", "Mon-Fri 19:00", "cron(0 19 ? * MON-FRI *)", "Europe/Berlin", HERE),
)


def declared(**overrides: Any) -> ResolvedSite:
    found = resolve(site(workstation(**overrides)), {"us-east-1": facts()}, NOW, {})
    assert not found.blocked
    return found


def spec(kind: Kind, **overrides: Any) -> Any:
    """The one spec a kind wants for one workstation."""
    (found,) = kind.desired(declared(**overrides))
    return found.spec


def test_an_instance_speaks_imdsv2_only_and_out_of_reach_of_containers() -> None:
    assert spec(launch_template).metadata_options == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
    }


def test_the_root_disk_is_encrypted_gp3_and_goes_with_the_instance() -> None:
    root = spec(launch_template).root
    assert root["Encrypted"] is True
    assert root["VolumeType"] == "gp3"
    assert root["DeleteOnTermination"] is True
    assert root["DeviceName"] == "/dev/sda1", "the image's own root device"


def test_volumes_carry_the_tags_that_groups_do_not_pass_on() -> None:
    wanted = spec(launch_template, tags={"Team": "vision"}, owner="alice@example.com")
    assert wanted.volume_tags["Team"] == "vision"
    assert wanted.volume_tags["reconciler:owner"] == "alice@example.com"


def test_user_data_reads_back_as_it_was_and_anything_else_as_a_digest() -> None:
    mount = {"type": "fsx_lustre", "name": "acme-vision/datasets", "at": "/fsx"}
    instance_file = {"version": 1, "mounts": (mount,)}
    written = user_data.encode(instance_file, carries_agent=False)
    assert launch_template._decode(written) == (instance_file, "in the image")
    for foreign in ("", "not base64!", base64.b64encode(b"#!/bin/sh\ncurl evil").decode()):
        found = launch_template._decode(foreign)
        assert (set(found.instance), found.agent) == ({"unknown_content"}, "unknown")


def with_image(image: ImageFacts, **overrides: Any) -> Desired:
    """The template of a workstation with this image."""
    found = resolve(
        site(workstation(**overrides)), {"us-east-1": facts(images={"/golden": image})}, NOW, {}
    )
    (wanted,) = launch_template.desired(found)
    return wanted


def test_an_image_without_the_tag_gets_the_agent_in_user_data() -> None:
    carried = with_image(IMAGE)
    assert carried.spec.agent == user_data.carried()
    assert carried.details["agent"] == (f"carried, {__version__}")
    baked = with_image(replace(IMAGE, agent="0.0.9"))
    assert baked.spec.agent == "in the image"
    assert baked.details["agent"] == "in the image, 0.0.9"


@pytest.mark.parametrize("agent", ["", "0.1.0"])
def test_user_data_that_ec2_would_refuse_is_refused_with_what_to_shorten(agent: str) -> None:
    image = replace(IMAGE, agent=agent)
    # Random, as keys are: gzip does not make them shorter.
    keys = tuple(
        base64.b64encode(random.Random(n).randbytes(200 + 80 * n)).decode() for n in range(20)
    )
    assert with_image(image, ssh_keys=keys[:1]).refused == ""
    refused = with_image(image, ssh_keys=keys).refused
    assert re.match(r"user data of [0-9,]+ bytes, and EC2 takes 16,384: list fewer", refused)
    assert "it has 20" in refused


def test_an_instance_learns_of_its_home_and_mounts_from_what_aws_tells() -> None:
    shared = lustre("datasets", workstation="")
    alice = workstation(home=lustre(), mounts=(Mount(shared, "/fsx"),))
    found = resolve(site(alice, shared=(shared,)), {"us-east-1": facts()}, NOW, {})
    (wanted,) = launch_template.desired(found)
    home, (mount,) = wanted.spec.user_data["home"], wanted.spec.user_data["mounts"]
    assert home["mount_name"] == Ref(file_system.key_of("acme", lustre()), "mount_name")
    assert mount["dns_name"] == Ref(file_system.key_of("acme", shared), "dns_name")
    assert mount["at"] == "/fsx"


def test_a_group_holds_none_or_one_and_says_nothing_of_how_many_run() -> None:
    wanted = spec(auto_scaling_group)
    assert (wanted.min_size, wanted.max_size) == (0, 1)
    assert wanted.desired_capacity is None


def test_a_group_never_starts_a_second_instance_beside_the_one_in_use() -> None:
    wanted = spec(auto_scaling_group)
    assert wanted.capacity_rebalance is False
    assert wanted.suspended_processes == ("AZRebalance",)


@pytest.mark.parametrize(("policy", "share"), [("spot", 0), ("auto", 0), ("on-demand", 100)])
def test_the_market_follows_the_policy(policy: str, share: int) -> None:
    """AWS's default is On-Demand for all."""
    wanted = spec(auto_scaling_group, spot_policy=policy)
    assert wanted.on_demand_base_capacity == 0
    assert wanted.on_demand_percentage_above_base_capacity == share
    assert wanted.spot_allocation_strategy == "price-capacity-optimized"


def test_types_and_requirements_are_one_or_the_other_on_the_wire() -> None:
    typed = spec(auto_scaling_group, instance_types=("g5.xlarge",), instance_requirements=None)
    needy = spec(auto_scaling_group)
    for wanted, member in ((typed, "InstanceType"), (needy, "InstanceRequirements")):
        (override,) = mixed_instances.write(wanted)["LaunchTemplate"]["Overrides"]
        assert override.keys() == {member}


def test_a_volume_that_is_home_ties_its_group_to_one_zone() -> None:
    found = declared(home=volume(), zones=("us-east-1b", "us-east-1a"))
    (group,), (home,) = auto_scaling_group.desired(found), home_volume.desired(found)
    assert group.spec.subnets == ("subnet-b",)
    assert home.spec.availability_zone == "us-east-1b"
    assert home.key in group.after, "a home that cannot move holds its group back"


def test_a_schedule_tries_as_often_as_may_be_and_not_into_the_night() -> None:
    start, stop = schedule.desired(declared(schedule=EDGES))
    for edge in (start, stop):
        assert edge.spec.retry_policy == {
            "MaximumRetryAttempts": 185,
            "MaximumEventAgeInSeconds": 900,
        }
        assert edge.spec.flexible_time_window == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
        dead = "arn:aws:sqs:us-east-1:123456789012:acme-events-dead"
        assert edge.spec.dead_letter_queue == dead
        assert dead_letter_queue.key("acme", "us-east-1") in edge.after
        assert edge.spec.timezone == "Europe/Berlin"
        assert edge.spec.state == "ENABLED"
    assert start.spec.input == {"AutoScalingGroupName": "acme-alice", "DesiredCapacity": 1}
    assert stop.spec.input == {"AutoScalingGroupName": "acme-alice", "DesiredCapacity": 0}


@pytest.mark.parametrize(
    ("start", "stop", "spread"),
    [
        ("Mon-Fri 09:00", "Mon-Fri 19:00", True),
        ("daily 06:15", "daily 06:00", True),
        ("daily 06:14", "daily 06:00", False),
        ("daily 00:05", "daily 23:55", False),  # over midnight
        ("Mon 00:05", "Sun 23:55", False),  # over the week's end
        ("Tue 00:05", "Sun 23:55", True),
    ],
)
def test_a_start_and_a_stop_that_are_near_keep_their_order(
    start: str, stop: str, spread: bool
) -> None:
    """Within their windows they could change places, and it would end off."""
    edges = [
        Edge(action, text, cron(text), "Europe/Berlin", HERE)  # type: ignore[arg-type]  # of a list
        for action, text in (("start", start), ("stop", stop))
    ]
    for wanted in schedule.desired(declared(schedule=tuple(edges))):
        assert (wanted.spec.flexible_time_window["Mode"] == "FLEXIBLE") is spread


def test_a_schedule_is_named_by_its_content() -> None:
    start, stop = schedule.desired(declared(schedule=EDGES))
    assert start.hashed_name == f"alice-start-{schedule.digest(start.spec)}"
    for field in schedule.UPDATE_POLICY:
        other = replace(start.spec, **{field: {"changed": 1}})
        assert schedule.digest(other) != schedule.digest(start.spec), field
    assert stop.hashed_name != start.hashed_name


def test_the_longest_names_fit_aws() -> None:
    """Schedules: 64 characters (EventBridge Scheduler API, CreateSchedule)."""
    longest = "a" * 32
    (start, _) = schedule.desired(declared(name=longest, schedule=EDGES))
    assert len(schedule_names.free_name(start.hashed_name, f"{start.hashed_name}-9999")) <= 64


def test_healing_an_edited_schedule_takes_the_next_generation() -> None:
    assert schedule_names.free_name("alice-stop-1f0c9a2b", "alice-stop-00000000") == (
        "alice-stop-1f0c9a2b"
    )
    assert schedule_names.free_name("alice-stop-1f0c9a2b", "alice-stop-1f0c9a2b") == (
        "alice-stop-1f0c9a2b-2"
    )
    assert schedule_names.free_name("alice-stop-1f0c9a2b", "alice-stop-1f0c9a2b-2") == (
        "alice-stop-1f0c9a2b-3"
    )


def test_lustre_goes_both_ways_between_both_groups_and_nothing_else_is_open() -> None:
    found = {d.key.name.split(" ")[0]: d.spec for d in security_group_rules.desired(declared())}
    for wanted in found.values():
        assert {(p.from_port, p.to_port) for p in wanted.ingress} == {(988, 988), (1018, 1023)}
        assert all(isinstance(p.source, Ref) for p in wanted.ingress)
    own = {p.source.key.name for p in found["acme-lustre"].ingress}
    assert own == {"acme-lustre (vpc-1)", "acme-workstation (vpc-1)"}


def admitted(found: ResolvedSite) -> dict[str, set[str]]:
    """By group, the groups that it admits."""
    return {
        d.key.name.removesuffix(" (vpc-1)"): {
            p.source.key.name.removesuffix(" (vpc-1)") for p in d.spec.ingress
        }
        for d in security_group_rules.desired(found)
    }


def test_a_lustre_home_admits_the_instances_of_its_own_workstation_alone() -> None:
    stations = (
        workstation("alice", home=lustre()),
        workstation("bob", home=lustre(workstation="bob")),
        workstation("carol", home=volume()),
        workstation("dan"),
    )
    shared = (lustre("datasets", workstation=""),)
    found = resolve(site(*stations, shared=shared), {"us-east-1": facts()}, NOW, {})
    assert admitted(found) == {
        "acme-workstation": {"acme-lustre"},
        "acme-lustre": {"acme-lustre", "acme-workstation"},
        "acme-alice/instance": {"acme-alice/home"},
        "acme-alice/home": {"acme-alice/home", "acme-alice/instance"},
        "acme-bob/instance": {"acme-bob/home"},
        "acme-bob/home": {"acme-bob/home", "acme-bob/instance"},
    }
    groups = {
        d.workstation: [ref.key.name.removesuffix(" (vpc-1)") for ref in d.spec.security_group_ids]
        for d in launch_template.desired(found)
    }
    assert groups == {
        "alice": ["acme-workstation", "acme-alice/instance"],
        "bob": ["acme-workstation", "acme-bob/instance"],
        "carol": ["acme-workstation"],
        "dan": ["acme-workstation"],
    }
    homes = {
        d.key.name: (d.spec.security_group_id.key.name, d.spec.root_squash)
        for d in file_system.desired(found)
    }
    assert homes == {
        "acme-alice/home": ("acme-alice/home (vpc-1)", None),
        "acme-bob/home": ("acme-bob/home (vpc-1)", None),
        "acme-vision/datasets": ("acme-lustre (vpc-1)", "65534:65534"),
    }


def test_no_name_of_a_workstation_makes_the_group_of_another_or_of_the_site() -> None:
    names = ("workstation", "lustre", "alice", "alice-home", "alice-instance", "home", "instance")
    stations = [workstation(name, home=lustre(workstation=name)) for name in names]
    found = resolve(site(*stations), {"us-east-1": facts()}, NOW, {})
    groups = [d.spec.group_name for d in security_group.desired(found)]
    assert len(set(groups)) == len(groups) == 2 + 2 * len(names)


def test_root_of_a_client_is_nobody_unless_the_yaml_says_otherwise() -> None:
    def wanted(root_squash: bool) -> str:
        shared = lustre("datasets", workstation="", root_squash=root_squash)
        found = resolve(site(shared=(shared,)), {"us-east-1": facts()}, NOW, {})
        (one,) = file_system.desired(found)
        return str(one.spec.root_squash)

    assert (wanted(True), wanted(False)) == ("65534:65534", "0:0")
    assert root_squash.read({}) == root_squash.read({"RootSquash": "0:0"}) == "0:0"
    spared = {"RootSquash": "65534:65534", "NoSquashNids": ["10.0.1.6@tcp"]}
    assert root_squash.read(spared) == "65534:65534 except 10.0.1.6@tcp"


def test_only_our_rule_may_send_to_the_queues() -> None:
    for kind, name in ((queue, "acme-events"), (dead_letter_queue, "acme-events-dead")):
        (statement,) = spec(kind).policy["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert statement["Resource"] == f"arn:aws:sqs:us-east-1:123456789012:{name}"
        assert statement["Condition"] == {
            "ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/acme-events"}
        }, "the documented form, and nothing that AWS may not tell"


def test_no_service_and_no_other_account_may_publish_to_the_topic() -> None:
    """A service and another account need to be allowed here, and are not."""
    (statement,) = spec(topic).policy["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Resource"] == "arn:aws:sns:us-east-1:123456789012:acme-events"
    assert "Condition" not in statement


def test_what_cannot_be_delivered_is_kept_longer_than_what_is_worth_acting_on() -> None:
    events, dead = spec(queue), spec(dead_letter_queue)
    assert events.message_retention_period == 3600
    assert dead.message_retention_period == 14 * 86400
    assert events.redrive_policy == {
        "deadLetterTargetArn": Ref(dead_letter_queue.key("acme", "us-east-1"), "arn"),
        "maxReceiveCount": 5,
    }
    assert events.visibility_timeout * 5 < events.message_retention_period, "before it expires"
    (target,) = spec(event_rule).targets.values()
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600
    assert target["DeadLetterConfig"]["Arn"].key.kind == "dead_letter_queue"
    assert "RoleArn" not in target


def test_each_address_is_subscribed_once_a_region_for_what_names_it() -> None:
    two = declared(notices=("alice@example.com", "ops@example.com"))
    assert [d.key.name for d in subscription.desired(two)] == [
        "alice@example.com",
        "ops@example.com",
    ]
    assert json.loads(subscription.filter_policy("ops@example.com")) == {"to": ["ops@example.com"]}
    assert list(subscription.desired(declared())) == [], "nobody is mailed unasked"


def test_one_rule_hears_of_all_spot_interruptions_and_of_our_failed_launches_only() -> None:
    spot, launches = spec(event_rule).event_pattern["$or"]
    assert spot["detail-type"] == [
        "EC2 Spot Instance Interruption Warning",
        "EC2 Instance Rebalance Recommendation",
    ]
    assert launches["detail"] == {"AutoScalingGroupName": [{"prefix": "acme-"}]}
