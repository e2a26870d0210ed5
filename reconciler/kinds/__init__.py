"""One module for each kind of AWS resource; `KINDS` is the order in which they are applied."""

from reconciler.kinds import (
    auto_scaling_group,
    dead_letter_queue,
    event_rule,
    home_volume,
    homes,
    launch_template,
    override_end,
    queue,
    schedule,
    schedule_group,
    security_group,
    security_group_rules,
    subscription,
    topic,
)
from reconciler.plan.kind import Kind

READ_FIRST = (home_volume.NAME, launch_template.NAME)
"""The kinds that tell where homes stand, and which is whose: they are read before the others."""

KINDS: tuple[Kind, ...] = (
    security_group,
    security_group_rules,
    *homes.KINDS,
    topic,
    subscription,
    dead_letter_queue,
    queue,
    event_rule,
    launch_template,
    auto_scaling_group,
    override_end,
    schedule_group,
    schedule,
)
