"""What AWS does with schedules and scheduled actions."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

from acceptance import SITE, lab
from acceptance.answer import Answer
from acceptance.probe import probe
from acceptance.stage import Stage, attempt

MANY, FEW = 100, 3
"""Schedules at one minute: so many on AWS; an emulator has no rate to exceed."""


@probe(
    "P3",
    "Does a scheduled action keep the desired capacity that a later call leaves out?",
    {
        "kept": "every PutScheduledUpdateGroupAction has to name the desired capacity",
        "cleared": "a call replaces the whole action",
    },
    minutes=15,
)
def omitted(stage: Stage) -> Answer:
    autoscaling, name = stage.client("autoscaling"), f"{SITE}-end"
    with lab.plain_group(stage, "p3") as group:
        action = {"AutoScalingGroupName": group, "ScheduledActionName": name}
        sizes = {"MinSize": 0, "MaxSize": 1}
        now = stage.now()
        autoscaling.put_scheduled_update_group_action(
            **action, **sizes, StartTime=now + timedelta(minutes=10), DesiredCapacity=0
        )
        autoscaling.put_scheduled_update_group_action(
            **action, **sizes, StartTime=now + timedelta(minutes=20)
        )
        kept = "DesiredCapacity" in _actions(stage, group)[0]
        due = now.replace(second=0, microsecond=0) + timedelta(minutes=4)
        autoscaling.put_scheduled_update_group_action(
            **action, MinSize=0, MaxSize=2, StartTime=due, DesiredCapacity=0
        )
        fired = stage.happens(lambda: lab.see(stage, group)["MaxSize"] == 2, 600, 20)
        late = int((stage.now() - due).total_seconds()) if fired else None
        left = len(_actions(stage, group))
        again = attempt(autoscaling.delete_scheduled_action, **action)
    evidence = {"seconds late, at most": late, "left after it fired": left, "deleted after": again}
    return Answer("kept" if kept else "cleared", evidence)


def _actions(stage: Stage, group: str) -> list[dict[str, object]]:
    answer = stage.client("autoscaling").describe_scheduled_actions(AutoScalingGroupName=group)
    found: list[dict[str, object]] = answer["ScheduledUpdateGroupActions"]
    return found


@probe(
    "P6",
    "Are both dates of a fresh schedule equal?",
    {
        "equal": "a date that differs means that somebody edited the schedule",
        "apart": "dates are compared to the second, or each run reads every schedule",
    },
)
def dates(stage: Stage) -> Answer:
    with lab.scheduling(stage, "p6") as place:
        when = lab.at(stage.now(), timedelta(days=1))
        lab.create_schedule(stage, lab.schedule(stage, place, "fresh", when, f"{SITE}-none"))
        answer = stage.client("scheduler").list_schedules(GroupName=place[0])["Schedules"][0]
    made, changed = answer["CreationDate"], answer["LastModificationDate"]
    apart = (changed - made).total_seconds()
    return Answer("equal" if made == changed else "apart", {"seconds apart": apart})


@probe(
    "P9",
    "How many of 100 capacities that schedules set in one minute are lost after three retries?",
    {
        "none lost": "three retries are enough for a site of 100 workstations",
        "some lost": "retries have to go on for as long as a late stop is still worth it",
    },
    minutes=10,
)
def burst(stage: Stage) -> Answer:
    autoscaling = stage.client("autoscaling")
    number = FEW if stage.backend.emulated else MANY
    with lab.template(stage, "p9") as template, ExitStack() as stack:
        place = stack.enter_context(lab.scheduling(stage, "p9"))
        mixed, subnets = lab.policy(template, 100), lab.need(stage, "private")
        groups = [
            stack.enter_context(lab.group(stage, f"p9-{each}", mixed, subnets))
            for each in range(number)
        ]
        for group in groups:  # a capacity that launches nothing costs nothing
            launch = {"AutoScalingGroupName": group, "ScalingProcesses": ["Launch"]}
            autoscaling.suspend_processes(**launch)
            autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
        when = lab.at(stage.now(), timedelta(minutes=4))
        for group in groups:
            body = lab.schedule(stage, place, group, when, group)
            body["Target"]["RetryPolicy"] = {
                "MaximumRetryAttempts": 3,
                "MaximumEventAgeInSeconds": 900,
            }
            lab.create_schedule(stage, body)

        def lost() -> list[str]:
            return [each for each in groups if lab.see(stage, each)["DesiredCapacity"]]

        stage.wait("the first schedule", lambda: len(lost()) < number or None, 420, 60)
        stage.happens(lambda: not lost(), 300, 60)
        remaining = len(lost())
    evidence = {"schedules": number, "lost": remaining}
    return Answer("some lost" if remaining else "none lost", evidence)


@probe(
    "P10",
    "Does Scheduler try a call again that was refused with HTTP 400?",
    {
        "retried": "an override must not end within 15 minutes after an edge that it held back",
        "not retried": "what an override held back does not come later",
    },
    minutes=25,
)
def refused(stage: Stage) -> Answer:
    with (
        lab.plain_group(stage, "p10", MaxSize=0) as group,
        lab.queue(stage, "p10") as (url, arn),
        lab.scheduling(stage, "p10") as place,
    ):
        body = lab.schedule(stage, place, "s", lab.at(stage.now(), timedelta(minutes=2)), group)
        body["Target"] |= {
            "Input": body["Target"]["Input"].replace(": 0", ": 1"),  # above the maximum
            "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 900},
            "DeadLetterConfig": {"Arn": arn},
        }
        lab.create_schedule(stage, body)
        found = stage.wait(
            "a message in the dead-letter queue", lambda: lab.received(stage, url) or None, 1500, 60
        )
    attributes = {k: v.get("StringValue") for k, v in found[0]["MessageAttributes"].items()}
    tries = int(attributes.get("RETRY_ATTEMPTS") or 0)
    return Answer("retried" if tries else "not retried", {"attributes": attributes})


@probe(
    "P11",
    "Does Scheduler take an at() that is past, and a StartDate that is?",
    {
        "accepted": "a schedule whose time has passed may be sent; it does not fire",
        "refused": "a schedule whose time has passed must not be sent",
        "mixed": "the evidence says which is which",
    },
)
def past(stage: Stage) -> Answer:
    create, answers = stage.client("scheduler").create_schedule, {}
    with lab.scheduling(stage, "p11") as place:
        now = stage.now()
        fresh = lab.schedule(stage, place, "fresh", lab.at(now, timedelta(days=1)), f"{SITE}-none")
        lab.create_schedule(stage, fresh)  # until the role is known, every answer is about it
        for minutes in (5, 30):
            when = lab.at(now, -timedelta(minutes=minutes))
            body = lab.schedule(stage, place, f"past-{minutes}", when, f"{SITE}-none")
            answers[f"at() {minutes} minutes ago"] = attempt(create, **body)
        body = lab.schedule(stage, place, "past-start", "cron(0 9 * * ? *)", f"{SITE}-none")
        begun = now - timedelta(hours=1)
        answers["StartDate an hour ago"] = attempt(create, **body, StartDate=begun)
    taken = {each["code"] == "accepted" for each in answers.values()}
    answer = "mixed" if len(taken) > 1 else "accepted" if True in taken else "refused"
    return Answer(answer, answers)
