"""A sandbox that a whole module shares: applied once, then changed and healed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


@pytest.fixture(scope="module")
def module_sandbox(sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """The local AWS as new, for a module."""
    sandbox_server.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox_server.environment.items():
            patch.setenv(name, value)
        yield sandbox_server
