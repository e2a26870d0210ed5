"""A question about AWS that only an account can answer, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from acceptance.answer import Answer
from acceptance.money import NOTHING, Cost
from acceptance.stage import Stage

Asking = Callable[[Stage], Answer]


@dataclass(frozen=True)
class Probe:
    """`means`: for each answer that `ask` can give, what follows for the product."""

    id: str
    question: str
    means: Mapping[str, str]
    ask: Asking
    cost: Cost = NOTHING
    minutes: int = 1  # about how long it takes on AWS
    paid: bool = False  # uses more than t3.micro


PROBES: dict[str, Probe] = {}
"""By id; `acceptance.probes` fills it."""


def probe(
    id_: str,
    question: str,
    means: Mapping[str, str],
    *,
    cost: Cost = NOTHING,
    minutes: int = 1,
    paid: bool = False,
) -> Callable[[Asking], Asking]:
    """Register the function as the one that answers this question."""

    def register(ask: Asking) -> Asking:
        if id_ in PROBES:
            raise ValueError(f"{id_} is asked twice")
        PROBES[id_] = Probe(id_, question, means, ask, cost, minutes, paid)
        return ask

    return register
