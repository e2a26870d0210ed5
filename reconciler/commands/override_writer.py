"""Write an override, and detect another command that writes at the same time.

Three writes in one order (docs/power.md): the tag says what is meant, the scheduled action ends
it, the sizes enforce it.

Auto Scaling has no conditional write. So the tag decides: the last one written holds. A command
reads again behind its tag: what has changed since it decided was done by somebody whose tag it
has just overwritten, and it puts that one's back. And it reads again behind its last write: where
the tag is another's, it completes what that one means. In both cases it says that it lost.
What reads as it did before the command wrote is no evidence: a read may be older than a write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.aws_api import Aws
from reconciler.errors import AwsError, Refused
from reconciler.kinds import override_end
from reconciler.kinds.override_end import OverrideEnd
from reconciler.kinds.tagging import tag_group
from reconciler.plan.ownership import OVERRIDE
from reconciler.plan.projection import Unreadable, readable
from reconciler.schedule.hours import Hours
from reconciler.schedule.human_time import format_local
from reconciler.workstation import describe
from reconciler.workstation import read as workstations
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import (
    NORMAL,
    Override,
    Sizes,
    Turned,
    active_override,
    parse_turned,
)

ROUNDS = 4
"""How often a command puts right what another one writes at the same time, before it gives up."""


@dataclass(frozen=True)
class Observed:
    """A group as a command has read it, with the scheduled action that ends its override."""

    group: Group
    end: OverrideEnd | None

    def changed(self, before: Observed) -> bool:
        """Tell whether another command has written after this one's read."""
        old, new = before.group, self.group
        return (new.sizes, new.desired, self.end) != (old.sizes, old.desired, before.end)


@dataclass(frozen=True)
class _Want:
    """What a command's tag means for the rest; `desired` None: whatever it is."""

    end: OverrideEnd | None
    sizes: Sizes
    desired: int | None


def read(aws: Aws, group: Group) -> Observed:
    """Read the state that a command starts from: the end, and after it the group again.

    Raises: Refused when the group is gone.
    """
    end = _end(aws, group)
    return Observed(_again(aws, group), end)


def _reread(aws: Aws, group: Group) -> Observed:
    """Read the group, and behind it the end: who has written the sizes has written the end."""
    again = _again(aws, group)
    return Observed(again, _end(aws, group))


def _settled(aws: Aws, group: Group, observed: Observed) -> Observed:
    """Read until two reads are the same: a group and its end are two calls."""
    for _ in range(ROUNDS):
        again = _reread(aws, group)
        if not again.changed(observed):
            return again
        observed = again
    return observed


def give(aws: Aws, before: Observed, hours: Hours, word: Override | Turned, now: datetime) -> None:
    """Write an override; leave what is already so.

    Raises: Refused when somebody gave another command at the same time, and that one holds.
    """
    group = before.group
    standing = active_override(group.override, now)
    new = not (isinstance(word, Override) and word.agrees(standing))
    want = _want(word, hours, before, now)
    if new:
        # Taken back, it is written over: to delete a tag would need a further right.
        tag_group(aws, group.name, OVERRIDE, str(word))
        observed = _reread(aws, group)
        if observed.changed(before):
            meant = _evident(_settled(aws, group, observed), now)
            tag_group(aws, group.name, OVERRIDE, str(meant))
            raise _lost(group, _repair(aws, group, hours, now), hours, now)
    # Always for a new override: a run that has not read it may put the sizes back meanwhile.
    wrote = _enforce(aws, before, want, always=new)
    for _ in range(ROUNDS):
        if not wrote:
            return
        observed = _yield(aws, before, hours, {str(word), group.override}, now)
        wrote = _enforce(aws, observed, want, always=False)


def set_desired(aws: Aws, before: Observed, hours: Hours, desired: int, now: datetime) -> None:
    """Turn a group without an override on or off.

    Raises: Refused when somebody gave another command at the same time, and that one holds.
    """
    group = before.group
    try:
        aws.call(
            "autoscaling",
            "set_desired_capacity",
            AutoScalingGroupName=group.name,
            DesiredCapacity=desired,
        )
    except AwsError:  # the sizes of an override refuse it
        _yield(aws, before, hours, {group.override}, now)
        raise
    _yield(aws, before, hours, {group.override}, now)


def _yield(aws: Aws, before: Observed, hours: Hours, tags: set[str], now: datetime) -> Observed:
    """Read again; where another command's tag holds, complete that one. Raises: Refused then."""
    observed = _reread(aws, before.group)
    if observed.group.override in tags:
        return observed
    raise _lost(before.group, _repair(aws, before.group, hours, now), hours, now)


def _repair(aws: Aws, group: Group, hours: Hours, now: datetime) -> str:
    """Complete what the tag means, whoever wrote it; the tag. One that says nothing is left."""
    for _ in range(ROUNDS):
        observed = _reread(aws, group)
        tag = observed.group.override
        word = active_override(tag, now) or parse_turned(tag)
        if word is None:
            return tag
        want = _want(word, hours, observed, now)
        if want.end and observed.end in override_end.promised(want.end.at):
            want = replace(want, end=observed.end)  # the end that the other command has reported
        if not _enforce(aws, observed, want, always=False):
            return tag
    return tag


def _want(word: Override | Turned, hours: Hours, before: Observed, now: datetime) -> _Want:
    desired = 1 if word.state == "on" else 0
    if isinstance(word, Turned):
        return _Want(None, NORMAL, desired)
    old = before.end
    # A longer one takes over the stop that the shorter one held back.
    standing = active_override(before.group.override, now)
    held_back = bool(standing and standing.state == "on" and old and old.desired_capacity == 0)
    off = word.state == "on" and hours.ends_off(now, word.until, owes=held_back)
    return _Want(override_end.end(word.until, turns_off=off), word.sizes, desired)


def _enforce(aws: Aws, observed: Observed, want: _Want, *, always: bool) -> bool:
    """Write the end and the sizes where they are others; whether anything was written."""
    group, wrote = observed.group, False
    if observed.end != want.end:
        wrote = True
        if want.end:
            override_end.put(aws, group.name, observed.end, want.end)
        else:
            override_end.remove(aws, group.name)
    if always or (group.sizes, group.desired) != (want.sizes, want.desired):
        wrote = True
        aws.call(
            "autoscaling",
            "update_auto_scaling_group",
            AutoScalingGroupName=group.name,
            MinSize=want.sizes.minimum,
            MaxSize=want.sizes.maximum,
            DesiredCapacity=want.desired,
        )
    return wrote


def _evident(observed: Observed, now: datetime) -> Override | Turned:
    """What the one meant whose tag was overwritten, as far as its other writes show it."""
    group, end = observed.group, observed.end
    if end and end.start_time and end.at > now and group.sizes != NORMAL:
        return Override("on" if group.sizes.minimum else "off", end.at)
    return Turned("on" if group.desired else "off", now)


def _lost(group: Group, tag: str, hours: Hours, now: datetime) -> Refused:
    name, word, turned = group.workstation, active_override(tag, now), parse_turned(tag)
    if word:
        until = format_local(word.until, hours.zone, now)
        holds = f"it is kept {word.state} until {until} ({word.author})"
    elif turned:
        why = " because nobody used it" if turned.idle else ""
        holds = f"it was turned {turned.state}{why}"
    else:
        holds = "its override is taken back"
    return Refused(
        f"another command for {name} was given at the same time, and that one holds: {holds}; "
        f"yours does not: give it again if you still want it (`workstation status {name}`)"
    )


def _again(aws: Aws, group: Group) -> Group:
    found = workstations.again(aws, group.name)
    if found is None:
        raise Refused(f"{group.workstation} was removed meanwhile: there is nothing to turn on")
    return found


def _end(aws: Aws, group: Group) -> OverrideEnd | None:
    for action in describe.scheduled_actions(aws, group.name, override_end.ACTION):
        end = readable(action, override_end.read)
        if isinstance(end, Unreadable):
            raise AwsError("autoscaling:DescribeScheduledActions", "Odd", str(end), aws.region)
        return end
    return None
