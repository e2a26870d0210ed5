"""Walk one workstation through its whole life, under the printed roles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from acceptance import SITE, bootstrap, fleets
from acceptance.answer import Answer, Failed, NotRun
from acceptance.stage import Ran, Stage
from reconciler.plan.ownership import FILE_SYSTEM
from reconciler.plan.ownership import SITE as SITE_TAG

BOOT_SECONDS = 600
STOP_AHEAD = timedelta(minutes=8)
"""The stop that a schedule makes is so far ahead: a run and a start come before."""
STOP_SECONDS = 1800
GROUP = f"{SITE}-{fleets.WALK}"


def apply(stage: Stage) -> Answer:
    """Make the whole site out of nothing, under the apply role."""
    ran = stage.reconcile("apply", "--wait", "-o", "json")
    made = {each["kind"] for each in ran.json["changes"] if each["outcome"] == "done"}
    stage.facts["kinds made"] = made
    if ran.code:
        evidence = _rows(ran) | {"kinds made": sorted(made)}
        raise Failed(f"a first run ended with exit {ran.code}", evidence)
    return Answer("made", {"kinds made": sorted(made)})


def second_plan(stage: Stage) -> Answer:
    """Nothing is left to do, as the plan role sees it."""
    ran = _planned(stage)
    stage.facts["second plan"] = _rows(ran)
    differing = {each["kind"] for each in ran.json["changes"]}
    same = {"kinds unchanged": sorted(stage.facts.get("kinds made", set()) - differing)}
    if ran.code:
        raise Failed(f"the plan after the run ended with exit {ran.code}", _rows(ran) | same)
    return Answer("empty", same)


def drift(stage: Stage) -> Answer:
    """A change by hand is seen, put back, and gone."""
    group(stage)
    autoscaling = stage.client("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, HealthCheckGracePeriod=60)
    disabled = _disable_schedule(stage)
    seen = _planned(stage)
    if seen.code != 3:
        raise Failed(f"a changed group was planned with exit {seen.code}", _rows(seen))
    healed = stage.reconcile("apply", "-o", "json")
    after = _planned(stage)
    if healed.code or after.code:
        raise Failed("the run did not put it back", _rows(healed) | {"after": _rows(after)})
    return Answer("put back", {"seen": len(seen.json["changes"]), "disabled": disabled})


def _disable_schedule(stage: Stage) -> str:
    """Switch a schedule off, as a person would in the console; its name."""
    scheduler = stage.client("scheduler")
    name = scheduler.list_schedules(GroupName=SITE)["Schedules"][0]["Name"]
    body = scheduler.get_schedule(GroupName=SITE, Name=name)
    spared = ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata")
    kept = {key: value for key, value in body.items() if key not in spared}
    scheduler.update_schedule(**kept | {"State": "DISABLED"})
    return str(name)


def start(stage: Stage) -> Answer:
    """The owner starts it under the developer role."""
    group(stage)
    ran = stage.workstation("developer", "start", fleets.WALK, "--no-wait", "-o", "json")
    _succeeded(ran)
    instance = stage.wait("an instance in service", lambda: _running(stage), BOOT_SECONDS)
    return Answer("running", {"instance": instance, "type": _type(stage)})


def override(stage: Stage) -> Answer:
    """The owner extends it: the group is kept on, and no run takes that back. Then a stop."""
    group(stage)
    ran = stage.workstation("developer", "extend", fleets.WALK, "2h", "-o", "json")
    _succeeded(ran)
    kept = group(stage)
    plan = _planned(stage)
    if plan.code:
        raise Failed("a run would change what the owner asked for", _rows(plan))
    _succeeded(stage.workstation("developer", "stop", fleets.WALK, "-o", "json"))
    stage.wait("the end of the instance", lambda: _empty(stage), BOOT_SECONDS)
    sizes = [kept["MinSize"], kept["MaxSize"], kept["DesiredCapacity"]]
    return Answer("kept on, then stopped", {"sizes": sizes})


def stop_by_schedule(stage: Stage) -> Answer:
    """The hours of the YAML end while it runs: EventBridge Scheduler stops it."""
    group(stage)
    now = stage.now()
    stop = now + STOP_AHEAD
    schedule = {
        "start": f"Mon-Sun {now - timedelta(hours=2):%H:%M}",
        "stop": f"Mon-Sun {stop:%H:%M}",
        "timezone": "UTC",
    }
    fleets.write(stage.fleets, stage.account.id, stage.account.region, schedule)
    ran = stage.reconcile("apply", "-o", "json")
    if ran.code:
        raise Failed(f"the run that adds hours ended with exit {ran.code}", _rows(ran))
    _succeeded(stage.workstation("developer", "start", fleets.WALK, "--no-wait", "-o", "json"))
    stage.wait("an instance in service", lambda: _running(stage), BOOT_SECONDS)
    stage.wait("the stop by its schedule", lambda: _wanted(stage) == 0 or None, STOP_SECONDS)
    late = stage.now() - stop.replace(second=0, microsecond=0)
    stage.wait("the end of the instance", lambda: _empty(stage), BOOT_SECONDS)
    return Answer("stopped", {"seconds after the minute, at most": int(late.total_seconds())})


def removal(stage: Stage) -> Answer:
    """What leaves the YAML leaves the account, with an approval; its home stays."""
    group(stage)
    fleets.without_walk(stage.fleets, stage.account.id, stage.account.region)
    first = stage.reconcile("apply", "-o", "json")
    tokens = sorted({each["approval"] for each in first.json["findings"] if each["approval"]})
    ran = first
    if first.code == 4:
        approvals = [word for token in tokens for word in ("--approve", token)]
        ran = stage.reconcile("apply", "-o", "json", *approvals)
    if ran.code:
        raise Failed(f"the run that removes ended with exit {ran.code}", _rows(ran))
    stage.wait("the end of the group", lambda: not _groups(stage) or None, BOOT_SECONDS)
    homes = stage.client("ec2").describe_volumes(
        Filters=[
            {"Name": f"tag:{SITE_TAG}", "Values": [SITE]},
            {"Name": f"tag:{FILE_SYSTEM}", "Values": ["home"]},
        ]
    )["Volumes"]
    if not homes:
        raise Failed("the home is gone with the workstation")
    after = _planned(stage)
    if after.code:
        raise Failed("the plan after the removal is not empty", _rows(after))
    return Answer("removed", {"approved": first.code == 4, "homes that stay": len(homes)})


STEPS: dict[str, Callable[[Stage], Answer]] = {
    "network": bootstrap.network,
    "roles": bootstrap.roles,
    "apply": apply,
    "second plan": second_plan,
    "drift": drift,
    "start": start,
    "override": override,
    "stop by schedule": stop_by_schedule,
    "removal": removal,
}
"""In this order. The probes come before the last one, while the site stands."""


def _planned(stage: Stage) -> Ran:
    return stage.reconcile("plan", "--dry-run", "--exit-code", "-o", "json")


def _rows(ran: Ran) -> dict[str, Any]:
    """What a run says of everything that is not as it should be."""
    try:
        document = ran.json
    except Failed:
        return ran.evidence
    rows = [
        " ".join(str(each.get(name, "")) for name in ("op", "kind", "name", "outcome", "reason"))
        for each in document["changes"]
    ]
    unknown = [f"{each['kind']}: {each['reason']}" for each in document["unknown"]]
    findings = [each["message"] for each in document["findings"]]
    return ran.evidence | {"rows": rows, "unknown": unknown, "findings": findings}


def _succeeded(ran: Ran) -> None:
    if ran.code:
        raise Failed(f"`{ran.command}` ended with exit {ran.code}", ran.evidence)


def _groups(stage: Stage) -> list[dict[str, Any]]:
    answer = stage.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    found: list[dict[str, Any]] = answer["AutoScalingGroups"]
    return found


def group(stage: Stage) -> dict[str, Any]:
    """The live group of the workstation that is walked.

    Raises: NotRun when no step made one.
    """
    found = _groups(stage)
    if not found:
        raise NotRun("no run made the group of the workstation")
    return found[0]


def _running(stage: Stage) -> str | None:
    """The instance in service."""
    instances = group(stage)["Instances"]
    ready = [each["InstanceId"] for each in instances if each["LifecycleState"] == "InService"]
    return str(ready[0]) if ready else None


def _type(stage: Stage) -> str:
    return ", ".join(each.get("InstanceType", "") for each in group(stage)["Instances"])


def _wanted(stage: Stage) -> int:
    return int(group(stage)["DesiredCapacity"])


def _empty(stage: Stage) -> bool | None:
    return not group(stage)["Instances"] or None
