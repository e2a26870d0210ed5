"""A sandbox that a whole module shares: applied once, then changed and healed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import point_at

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


@pytest.fixture(scope="module")
def module_sandbox(sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """The local AWS as new, for a module."""
    sandbox_server.reset()
    with pytest.MonkeyPatch.context() as patch:
        point_at(sandbox_server, patch)
        yield sandbox_server
