"""How a group comes to have as many instances as it wants: pools, launches, activities."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reconciler.sandbox.capacity import Market
from reconciler.sandbox.operations import AwsError, Call, Wire
from reconciler.sandbox.services import hooks, instances
from reconciler.sandbox.services.activities import ended, launched, not_launched, terminating
from reconciler.sandbox.services.failures import Failure
from reconciler.sandbox.services.groups import Group, Groups, subnet_of, template_of
from reconciler.sandbox.services.launch_templates import Template, Version
from reconciler.sandbox.services.members import Member
from reconciler.sandbox.services.pools import Pool, Refused, choose, market_of, pools_of

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=15)
"""Between two tries of a group that is short. AWS does not say; seen: a minute, then longer."""
UNHEALTHY = (
    "an instance was taken out of service in response to an EC2 health check indicating it has "
    "been terminated or stopped."
)


def settle(call: Call, group: Group, reason: str, replacing: bool = False) -> None:
    """Launch or terminate until the group has what it wants, or the capacity is not there."""
    while len(group.staying) > group.desired and _may(group, "Terminate"):
        unprotected = [member for member in group.staying if not member.protected]
        if not unprotected:
            return
        _shrink(call, group, unprotected[0], reason)
    while len(group.staying) < group.desired and _may(group, "Launch"):
        if not _grow(call, group, reason, replacing):
            group.refused_at = call.world.capacity.generation
            _try_later(call, group)
            return
    group.refusals = 0


def retry(call: Call, group: Group) -> None:
    """Launch what a short group lacks, once the capacity has changed; AWS retries for ever."""
    if group.refused_at != call.world.capacity.generation:
        settle(call, group, "")


def _try_later(call: Call, group: Group) -> None:
    group.refusals += 1
    due = call.world.now() + min(FIRST_WAIT * 2 ** min(group.refusals - 1, 10), LONGEST_WAIT)
    group.next_try = due

    def again() -> str:
        there = call.state(Groups).by_name.get(group.name) is group
        if not there or group.next_try != due or len(group.staying) >= group.desired:
            return ""
        settle(call, group, "")
        short = len(group.staying) < group.desired
        return "" if short else f"{group.name}: launched, after it had no instance to get"

    call.world.clock.at(due, again)


def resplit(call: Call, group: Group, reason: str) -> None:
    """Replace instances until On-Demand and Spot are split as the policy says: the new one first.

    It is what a change of the split does on AWS, under whoever works there. Scale-in protection
    keeps an instance here; AWS does not say. [D ec2-auto-scaling-mixed-instances-groups]
    """
    if not (_may(group, "Launch") and _may(group, "Terminate")):
        return
    wanted = [market_of(group, place) for place in range(len(group.staying))]
    for member in group.staying:
        if member.market in wanted:
            wanted.remove(member.market)
        elif not member.protected:
            group.members.remove(member)
            grown = _grow(call, group, reason)
            group.members.insert(0, member)
            if grown:
                _shrink(call, group, member, reason)


def _may(group: Group, process: str) -> bool:
    return process not in group.suspended


def _now(call: Call) -> str:
    return call.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _cause(call: Call, have: int, reason: str, replacing: bool) -> str:
    if replacing:
        why = "an instance was launched in response to an unhealthy instance needing to be replaced"
        return f"{reason}At {_now(call)} {why}."
    return (
        f"{reason}At {_now(call)} an instance was started in response to a difference between "
        f"desired and actual capacity, increasing the capacity from {have} to {have + 1}."
    )


def _grow(call: Call, group: Group, reason: str, replacing: bool = False) -> bool:
    have = len(group.staying)
    cause = _cause(call, have, reason, replacing)
    market = market_of(group, have)
    mixed = bool(group.policy)
    try:
        template, version = template_of(call, group.specification)
        pools = list(pools_of(call, group, version, market))
        instance_type, zone, subnet_id = pool = choose(call, group, pools, market)
        instance = _instance(call, group, template, version, pool, market)
    except Refused as refused:
        message, details = refused.failure.message(market, mixed), _details(refused.pool)
        if not refused.failure.late:
            not_launched(call, group, cause, message, details)
        else:
            instance = _instance(call, group, template, version, refused.pool, market)
            code, text = refused.failure.code, refused.failure.text
            instances.end(call.world, call.region, instance.id, code, text)
            not_launched(call, group, cause, message, details, instance.id)
        return False
    except AwsError as error:
        message = Failure(error.code, error.message).message(market, mixed)
        not_launched(call, group, cause, message, {})
        return False
    group.members.append(
        Member(
            instance.id,
            instance_type,
            zone,
            subnet_of(call, subnet_id).availability_zone_id,
            instance.image_id,
            _used(template, version),
            market,
            bool(group.fields["NewInstancesProtectedFromScaleIn"]),
        )
    )
    launched(call, group, cause, instance.id, _details(pool))
    for notify in instances.ON_LAUNCHED:
        notify(call, [instance.id])
    return True


def _details(pool: Pool) -> Wire:
    return {"Subnet ID": pool[2], "Availability Zone": pool[1]}


def _instance(
    call: Call, group: Group, template: Template, version: Version, pool: Pool, market: Market
) -> Any:
    tags = {key: tag["Value"] for key, tag in group.tags.items() if tag["PropagateAtLaunch"]}
    own = {
        "aws:autoscaling:groupName": group.name,
        **instances.launch_template_tags(template.id, version.number),
    }
    return instances.launch(call, version.data, pool[0], pool[2], market, {**tags, **own})


def _used(template: Template, version: Version) -> Wire:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(version.number),
    }


def _shrink(call: Call, group: Group, member: Member, reason: str) -> None:
    have = len(group.staying)
    cause = reason + (
        f"At {_now(call)} an instance was taken out of service in response to a difference "
        f"between desired and actual capacity, shrinking the capacity from {have} to {have - 1}.  "
        f"At {_now(call)} instance {member.id} was selected for termination."
    )
    retire(call, group, member, cause)


def retire(call: Call, group: Group, member: Member, cause: str) -> Wire:
    """End one instance of the group, after its lifecycle hooks where the group has some.

    An instance that EC2 has ended already waits as well: a hook holds no Spot Instance back, and
    its lifecycle action must still be completed. [D lifecycle-hooks, considerations]
    """
    activity = terminating(call, group, cause, member.id, member.zone)

    def end() -> None:
        group.members.remove(member)
        instances.end(call.world, call.region, member.id)
        ended(call, group, activity, member.id)

    if not hooks.hold(call, group, member, end):
        end()
    return activity


def drop(call: Call, group: Group, member: Member, cause: str) -> None:
    """End one instance of the group at once: a group that is deleted by force waits for no hook.
    [D lifecycle-hooks, availability]"""
    member.waits.clear()
    group.members.remove(member)
    instances.end(call.world, call.region, member.id)
    ended(call, group, terminating(call, group, cause, member.id, member.zone), member.id)


def _lost(call: Call, ids: list[str]) -> None:
    for group in call.state(Groups).by_name.values():
        lost = [member for member in group.staying if member.id in ids]
        for member in lost:
            member.health = "Unhealthy"
            retire(call, group, member, f"At {_now(call)} {UNHEALTHY}")
        if lost and _may(group, "ReplaceUnhealthy"):
            settle(call, group, "", replacing=True)


def _stopped(call: Call, ids: list[str]) -> None:
    for group in call.state(Groups).by_name.values():
        if {"HealthCheck", "ReplaceUnhealthy"} & group.suspended:
            ids = [
                instance_id
                for instance_id in ids
                if instance_id not in {member.id for member in group.members}
            ]
    _lost(call, ids)


instances.ON_TERMINATED.append(_lost)
instances.ON_STOPPED.append(_stopped)
