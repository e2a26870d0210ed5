"""The environment of a run in tests: the product's own kinds and lookups, on any client of AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reconciler.aws import lookup
from reconciler.aws.read_cache import ReadCache
from reconciler.aws_api import Aws
from reconciler.engine.environment import Environment
from reconciler.kinds import KINDS, READ_FIRST
from reconciler.plan.kind import shared_lists
from reconciler.plan.snapshot import EffectiveState, Snapshot

ACCOUNT = "123456789012"


def environment(client: Callable[[str], Aws], **parts: Any) -> Environment:
    """Make an environment whose reads and writes go to `client(region)`; `parts` replace others."""
    usual: dict[str, Any] = {
        "account": ACCOUNT,
        "reader": lambda region: ReadCache(client(region), shared_lists(KINDS)),
        "writer": client,
        "lookups": lookup,
        "kinds": KINDS,
        "calls": dict,
        "homes": READ_FIRST,
    }
    return Environment(**(usual | parts))


@contextmanager
def as_declared() -> Iterator[None]:
    """Let runs want what is declared: no tag, no clock and no scaling activity decides anything.

    For tests that declare what no YAML can: the sizes, the market and the override of a group.
    """

    def unchanged(snapshot: Snapshot, *_parts: object) -> EffectiveState:
        return EffectiveState(snapshot.desired)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciler.engine.run.apply_runtime_state", unchanged)
        yield
