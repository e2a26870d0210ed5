"""What every test gets: made-up AWS credentials, no network, and a sandbox if it asks for one."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from reconciler.declare.zonedata import in_use
from tests.strict.summary import pytest_terminal_summary  # noqa: F401  # a hook
from tests.support.later import RUNNING

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox
    from reconciler.sandbox.clock import Clock
    from reconciler.sandbox.world import World

Golden = Callable[[Path, str], None]

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # The guard below ends with this process. What a test starts finds a proxy that is not there.
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}
# What the machine or the pull request's runner says about itself must not change a result.
OF_THE_MACHINE = ("AWS_", "RECONCILE_", "GITHUB_", "CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}

STOP_HOOK = "reconciler-stop"

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
"""When the local AWS begins in every test: a Wednesday, within everybody's working hours."""


def ticking() -> Callable[[], datetime]:
    """A clock that begins at NOW and runs at the pace of time."""
    begun = time.monotonic()
    return lambda: NOW + timedelta(seconds=time.monotonic() - begun)


def beginning() -> Clock:
    """A clock of the local AWS that is at NOW in each new world, however long tests have run."""
    from reconciler.sandbox.clock import Clock

    class Beginning(Clock):
        def clear(self) -> None:
            super().clear()
            self.real = ticking()

    return Beginning(real=ticking())


class NetworkUsed(BaseException):
    """Not an Exception, so that no retry and no `except` on the way hides it."""


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        connection, address = arguments
        if connection.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise NetworkUsed(f"a test reached out to {address}")
    elif event == "socket.getaddrinfo" and arguments[0] not in {*LOOPBACK, None, "", "0.0.0.0"}:
        raise NetworkUsed(f"a test looked up {arguments[0]}")


def _share_models() -> None:
    """Let all sessions of this process have one loader of botocore's service models.

    Each session would parse them anew: megabytes of JSON, a third of the CPU of most tests on the
    sandbox.
    """
    module: Any = botocore.session
    module.create_loader = cache(module.create_loader)


def pytest_configure() -> None:
    for name in [name for name in os.environ if name.startswith(OF_THE_MACHINE)]:
        del os.environ[name]
    os.environ.update(CREDENTIALS)
    sys.addaudithook(_guard)
    _share_models()
    in_use()  # as the commands do first: no test reads older zone data than another


@pytest.fixture
def golden() -> Golden:
    """`golden(path, text)`: the text is what the file says. `make golden` makes it so."""

    def check(path: Path, text: str) -> None:
        if os.environ.get("GOLDEN") == "rewrite":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), (
            f"{path} is missing: `make golden` writes it, git shows the difference"
        )
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: see `make golden`"

    return check


def point_at(sandbox: Sandbox, patch: pytest.MonkeyPatch) -> None:
    """Point every client that is made from here on at a local AWS, with its key.

    `boto3.client` keeps the credentials that it found first: those of no test, or of another one.
    """
    for name, value in sandbox.environment.items():
        patch.setenv(name, value)
    patch.setattr("boto3.DEFAULT_SESSION", None)


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Sandbox]:
    """One local AWS for each test process, on a port of its own; slow things are quick."""
    from reconciler.sandbox import Sandbox
    from reconciler.sandbox.services import hooks

    quick = Sandbox(
        fsx_create_seconds=0,
        fsx_update_seconds=0,
        attach_seconds=0,
        shutdown_seconds=0,
        clock=beginning(),
    )
    with (
        quick as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(hooks, "ON_WAITING", [leave_at_once])
        RUNNING[:] = [sandbox]
        yield sandbox


def leave_at_once(world: World, region: str, group: str, instance: str) -> None:
    """A machine that completes its lifecycle hook as soon as it waits: a stop takes no time."""
    from reconciler.sandbox.services import hooks

    hooks.complete(world, region, group, instance, STOP_HOOK)


@pytest.fixture
def sandbox(sandbox_server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The local AWS as new, and the environment pointing at it."""
    sandbox_server.reset()
    point_at(sandbox_server, monkeypatch)
    return sandbox_server
