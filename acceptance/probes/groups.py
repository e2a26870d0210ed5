"""What a change to a group does to what runs in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from acceptance import lab
from acceptance.answer import Answer
from acceptance.money import micro
from acceptance.probe import probe
from acceptance.stage import Stage, attempt

WATCH_SECONDS = 1800


@probe(
    "P2",
    "Does a new split of Spot and On-Demand replace what runs?",
    {
        "stays": "the way back to Spot needs no empty moment; the rule WHEN_EMPTY is only careful",
        "replaced": "the split may only change on an empty group, as the rule WHEN_EMPTY has it",
        "replaced when balancing": "with AZRebalance suspended the split may change at any time",
    },
    cost=micro(45, 2),
    minutes=40,
)
def split(stage: Stage) -> Answer:
    with lab.template(stage, "p2") as template, ExitStack() as stack:
        plain, still = _pair(
            stage, stack, "p2", lab.policy(template, 100), lab.need(stage, "private")
        )
        for group in (*plain, *still):
            stage.client("autoscaling").update_auto_scaling_group(
                AutoScalingGroupName=group, MixedInstancesPolicy=lab.policy(template, 0)
            )
        seconds = lab.ended(stage, plain | still, WATCH_SECONDS)
    evidence = {"seconds until replaced": seconds, "minutes watched": WATCH_SECONDS // 60}
    return Answer(_outcome(seconds, plain, still, "replaced"), evidence)


def _pair(
    stage: Stage, stack: ExitStack, name: str, mixed: dict[str, Any], inside: list[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Two groups that run one instance each: as AWS makes them, and with AZRebalance suspended."""
    autoscaling = stage.client("autoscaling")
    plain = stack.enter_context(lab.group(stage, f"{name}-plain", mixed, inside))
    still = stack.enter_context(lab.group(stage, f"{name}-suspended", mixed, inside))
    autoscaling.suspend_processes(AutoScalingGroupName=still, ScalingProcesses=["AZRebalance"])
    return {plain: lab.started(stage, plain)}, {still: lab.started(stage, still)}


def _outcome(
    seconds: Mapping[str, int | None], plain: Iterable[str], still: Iterable[str], change: str
) -> str:
    """The answer: `change` happened to both groups of a pair, with AZRebalance alone, or not."""
    if any(seconds[name] is not None for name in still):
        return change
    balancing = any(seconds[name] is not None for name in plain)
    return f"{change} when balancing" if balancing else "stays"


@probe(
    "P8",
    "Do equal bounds hold a schedule's stop back, and does a maximum of 0 end what runs?",
    {
        "held, and 0 ends it": "hold and off work as docs/power.md has them",
        "held, and 0 does not end it": "off has to lower the desired capacity too",
        "not held": "an override does not keep a workstation on: another way is needed",
    },
    cost=micro(30),
    minutes=15,
)
def bounds(stage: Stage) -> Answer:
    autoscaling = stage.client("autoscaling")
    with (
        lab.plain_group(stage, "p8") as group,
        lab.scheduling(stage, "p8") as place,
    ):
        instance = lab.started(stage, group)
        autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=group, MinSize=1, MaxSize=1, DesiredCapacity=1
        )
        refused = attempt(
            autoscaling.set_desired_capacity, AutoScalingGroupName=group, DesiredCapacity=0
        )
        when = lab.at(stage.now(), timedelta(minutes=2))
        lab.create_schedule(stage, lab.schedule(stage, place, "stop", when, group))
        stopped = lab.ended(stage, {group: instance}, 300)[group] is not None
        held = not stopped and refused["code"] != "accepted"
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=0, MaxSize=0)
        ended = stage.happens(lambda: instance not in lab.instances(stage, group), 600)
        desired = lab.see(stage, group)["DesiredCapacity"]
    answer = ("held, and 0 ends it" if ended else "held, and 0 does not end it") if held else ""
    return Answer(answer or "not held", {"refusal": refused, "desired after maximum 0": desired})


@probe(
    "P19",
    "Does another subnet move what runs, with and without AZRebalance?",
    {
        "stays": "subnets may change at any time, as NEXT_START has it",
        "moves when balancing": "AZRebalance has to be suspended before subnets change",
        "moves": "subnets may only change when nothing runs",
    },
    cost=micro(30, 2),
    minutes=25,
)
def subnets(stage: Stage) -> Answer:
    here, there = lab.need(stage, "private")[:2]
    with lab.template(stage, "p19") as template, ExitStack() as stack:
        plain, still = _pair(stage, stack, "p19", lab.policy(template, 100), [here])
        for group in (*plain, *still):
            stage.client("autoscaling").update_auto_scaling_group(
                AutoScalingGroupName=group, VPCZoneIdentifier=there
            )
        seconds = lab.ended(stage, plain | still, 900)
    evidence = {"seconds until it moved": seconds}
    return Answer(_outcome(seconds, plain, still, "moves"), evidence)


@probe(
    "P20",
    "Is a desired capacity of 0 taken while launches are suspended, and are they resumed after?",
    {
        "accepted": "a stop need not read the suspended processes",
        "refused": "a stop has to resume the process first",
    },
    minutes=2,
)
def suspended(stage: Stage) -> Answer:
    autoscaling = stage.client("autoscaling")
    with lab.plain_group(stage, "p20") as group:
        launch = {"AutoScalingGroupName": group, "ScalingProcesses": ["Launch"]}
        autoscaling.suspend_processes(**launch)
        asked = attempt(
            autoscaling.set_desired_capacity, AutoScalingGroupName=group, DesiredCapacity=1
        )
        taken_back = attempt(
            autoscaling.set_desired_capacity, AutoScalingGroupName=group, DesiredCapacity=0
        )
        reasons = lab.see(stage, group)["SuspendedProcesses"]
        resumed = attempt(autoscaling.resume_processes, **launch)
    accepted = all(each["code"] == "accepted" for each in (asked, taken_back, resumed))
    evidence = {
        "asked": asked,
        "taken back": taken_back,
        "resumed": resumed,
        "suspended": reasons,
        "not asked": "what AWS suspends after 24 hours of failed launches: it takes 25 hours",
    }
    return Answer("accepted" if accepted else "refused", evidence)
