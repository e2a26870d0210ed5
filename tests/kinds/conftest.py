"""A sandbox that a whole module shares: applied once, then changed and healed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import point_at
from tests.support.environment import as_declared

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


@pytest.fixture(scope="module", autouse=True)
def _declared() -> Iterator[None]:
    """A kind is held to its contract in every field, those that runtime decides too."""
    with as_declared():
        yield


@pytest.fixture(scope="module")
def module_sandbox(sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """The local AWS as new, for a module."""
    sandbox_server.reset()
    with pytest.MonkeyPatch.context() as patch:
        point_at(sandbox_server, patch)
        yield sandbox_server
