"""Hand a run everything it needs: the one place where AWS, the lookups and the kinds meet."""

from __future__ import annotations

from reconciler.aws import lookup
from reconciler.aws.client import Session
from reconciler.aws.once import ReadOnce
from reconciler.kinds import KINDS
from reconciler.plan.read import Cloud
from reconciler.power.ruling import rule


def cloud_of(session: Session) -> Cloud:
    """The cloud behind a session."""
    return Cloud(
        account=session.account,
        reader=lambda region: ReadOnce(session.region(region)),
        writer=session.region,
        lookups=lookup,
        kinds=KINDS,
        calls=session.calls,
        now=session.now,
        rule=rule,
    )
