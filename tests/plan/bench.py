"""A plan on the bench: fakes that are applied, in a world without AWS."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.engine.apply import apply
from reconciler.errors import (
    AlreadyExists,
    Denied,
)
from reconciler.plan.kind import Scope
from reconciler.plan.model import Change, Desired, Live, Plan, Ref, Write
from tests.plan.declared import NOW
from tests.plan.fakes import REGION, key, key_of, kinds, made, want
from tests.support.fake_aws import FakeAws


class Bench:
    """Four fakes, the order in which changes were sent, and how each is to answer."""

    def __init__(self) -> None:
        self.kinds = kinds()
        self.store, self.template, self.group, self.timer = self.kinds
        self.reported: list[Change] = []
        self.stopped: Callable[[], bool] = lambda: False

    def apply(self, planned: Plan) -> Plan:
        return apply(
            planned, self.kinds, FakeAws, Scope("acme", NOW), self.reported.append, self.stopped
        )

    def sent(self) -> list[str]:
        """What was sent, in the order of the kinds."""
        return [f"{c.op} {key_of(c)}" for kind in self.kinds for c in kind.applied]


def failing(error: Exception, *names: str) -> Callable[[Write], Live]:
    """Fails for these names (all, when none is given), and does the rest."""

    def answer(change: Write) -> Live:
        if not names or key_of(change).name in names:
            raise error
        return made(change)

    return answer


def in_order(bench: Bench) -> list[Write]:
    """A list that fills as changes are sent."""
    order: list[Write] = []

    def answer(change: Write) -> Live:
        order.append(change)
        return made(change)

    for kind in bench.kinds:
        kind.answer = answer
    return order


DENIED = Denied("x:CreateThing", "AccessDenied", "no", REGION, "x:CreateThing", "*")
EXISTS = AlreadyExists("x:CreateThing", "AlreadyExists", "taken", REGION)
ID = Ref(key("store"), "id")


def chain(name: str = "alice") -> list[Desired]:
    """A store, a template on it, a group on that, a timer after the group."""
    store, template, group = (key(kind, name) for kind in ("store", "template", "group"))
    return [
        want("store", name, workstation=name),
        want("template", name, workstation=name, of=Ref(store, "id")),
        want("group", name, workstation=name, of=Ref(template, "id")),
        want("timer", name, workstation=name, after=(group,)),
    ]
