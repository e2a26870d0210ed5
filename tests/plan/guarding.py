"""What the tests of the guards share: a plan of rows, pools for one group, and a check of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.plan import guard
from reconciler.plan.guard import Guarded
from reconciler.plan.model import Finding, Key, Op, Plan
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Missing, ResolvedWorkstation
from tests.plan.declared import REGION
from tests.plan.fakes import kinds
from tests.support.plan_rows import plan_row

GROUP = Key(REGION, "group", "acme-alice")

ROWS = Plan(
    (
        plan_row(Op.CREATE, Key(REGION, "store", "acme-alice/home"), workstation="alice"),
        plan_row(Op.CREATE, GROUP, workstation="alice"),
        plan_row(Op.DELETE, Key(REGION, "timer", "alice-start"), workstation="alice"),
        plan_row(Op.CREATE, Key(REGION, "group", "acme-bob"), workstation="bob"),
    )
)


def check(
    planned: Plan,
    workstations: Iterable[ResolvedWorkstation] = (),
    pools: Pools | Missing | None = None,
    *,
    live: int = 1,
    approve: str = "",
) -> Guarded:
    found = {} if pools is None else {GROUP: pools}
    return guard.check(planned, kinds(), workstations, found, live, approve.split())


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def pools(count: int) -> Pools:
    types = tuple(f"g{i}.xlarge" for i in range(count))
    return Pools({"us-east-1a": types[: count // 2], "us-east-1b": types[count // 2 :]})
