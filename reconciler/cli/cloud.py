"""Hand a run everything it needs: the one place where AWS, the lookups and the kinds meet."""

from __future__ import annotations

from functools import partial

from reconciler.aws import lookup
from reconciler.aws.client import Session
from reconciler.aws.hourly import hourly
from reconciler.aws.once import ReadOnce
from reconciler.aws_api import Aws
from reconciler.kinds import HOMES, KINDS
from reconciler.plan.read import Cloud
from reconciler.power.ruling import rule


def cloud_of(session: Session, *, drift_only: bool = False) -> Cloud:
    """The cloud behind a session; `drift_only` leaves what is new behind a declaration."""

    def cost(aws: Aws, instance_type: str, zone: str, market: str) -> str:
        price = hourly(
            aws, instance_type, zone, "spot" if market == "spot" else "on-demand", session.now
        )
        return str(price or "")

    return Cloud(
        account=session.account,
        reader=lambda region: ReadOnce(session.reader(region)),
        writer=session.region,
        lookups=lookup,
        kinds=KINDS,
        calls=session.calls,
        now=session.now,
        rule=partial(rule, cost=cost),
        homes=HOMES,
        drift_only=drift_only,
    )
