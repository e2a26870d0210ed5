"""The context of a developer's command: account, region, caller, workstation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.cli.terminal.console import Console

if TYPE_CHECKING:
    from reconciler.aws.client import RegionClient, Session
    from reconciler.aws_api import Aws
    from reconciler.money.compute import Price
    from reconciler.power.launch_failures import Market
    from reconciler.schedule.hours import Hours
    from reconciler.workstation.model import Group, Instance


@dataclass(frozen=True)
class Context:
    """The account, the region and the clock of one command."""

    session: Session
    aws: RegionClient
    caller: str

    def now(self) -> datetime:
        """Return the time by AWS's clock."""
        return self.session.now()


def make_context(console: Console) -> Context:
    """Sign in, and report the endpoint if it is not AWS."""
    from reconciler.aws.client import connect_here
    from reconciler.commands.find import caller

    session, aws = connect_here(console.stop.seconds)
    console.log.debug("account %s, %s, as %s", session.account, aws.region, session.identity)
    if session.target.note:
        console.say_once(session.target.note)
    console.also = {"endpoint": session.target.url or None}
    return Context(session, aws, caller(session.identity))


def price(
    context: Context, aws: Aws, instance_type: str, zone: str, market: Market
) -> Price | None:
    """Read the price of an hour of an instance; None when it is not known."""
    from reconciler.aws.prices import hourly_price

    return hourly_price(aws, instance_type, zone, market or "on-demand", context.now)


def running(context: Context, group: Group) -> tuple[Instance | None, Price | None]:
    """Read the instance of a group and its price, if they can be read: for reports only."""
    from reconciler.errors import AwsError
    from reconciler.workstation import read

    try:
        instance = read.instance(context.aws, group.member)
    except AwsError:
        return None, None
    if instance is None:
        return None, None
    return instance, price(context, context.aws, instance.type, instance.zone, instance.market)


def find(context: Context, name: str, console: Console) -> tuple[Group, Hours]:
    """Find the workstation, and its hours."""
    from reconciler.commands.find import one
    from reconciler.schedule import hours

    group = one(context.aws, name, context.caller)
    console.site = group.site
    return group, hours.read(context.aws, group)
