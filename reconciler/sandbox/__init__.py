"""A local AWS: moto's server in this process, and what makes it behave as AWS for our calls.

``with Sandbox() as sandbox`` starts it on the loopback address; point any AWS SDK at it with
``sandbox.environment``, which holds the key of this start. Moto keeps its state per process, so
two sandboxes in one process share one account, and ``reset`` empties it for both.
"""

from __future__ import annotations

import errno
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from reconciler.sandbox import patches
from reconciler.sandbox.capacity import Capacity
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.control import seed
from reconciler.sandbox.server import allowed_services, imds
from reconciler.sandbox.server.application import Server
from reconciler.sandbox.server.wire import Answer
from reconciler.sandbox.world import Settings, World

__all__ = ["Sandbox", "SandboxError", "serve", "signals_blocked"]

REGION = "us-east-1"
UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN")
"""Variables that must not stand beside those of :attr:`Sandbox.environment`: an SDK would take
credentials or endpoints from the profile. They cannot be empty: botocore then looks for a profile
without a name. The last one is the session token's older name, which botocore reads first."""


class SandboxError(Exception):
    """The local AWS cannot start; the message says why and what to do."""


class Sandbox:
    """One local AWS account. ``port=0`` takes a free port; ``clock`` defaults to real time."""

    def __init__(
        self,
        port: int = 0,
        *,
        fsx_create_seconds: float = 2.0,
        fsx_update_seconds: float = 2.0,
        attach_seconds: float = 2.0,
        shutdown_seconds: float = 10.0,
        clock: Clock | None = None,
    ) -> None:
        self._wanted_port = port
        settings = Settings(
            fsx_create_seconds, fsx_update_seconds, attach_seconds, shutdown_seconds
        )
        self.world = World(settings, clock=clock or Clock())
        self._server: Server | None = None
        self._key = ""

    def start(self) -> Sandbox:
        """Seed the account and begin to listen. Raises: SandboxError if the port cannot be
        opened."""
        allowed_services.load()
        patches.apply()
        self.reset()
        self._key = f"sandbox-{secrets.token_hex(16)}"
        try:
            self._server = Server(self.world, self._wanted_port, self._key)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise SandboxError(
                f"cannot listen on 127.0.0.1:{self._wanted_port}: {error.strerror}. "
                "Stop what uses this port, or choose another (0 takes any free one)."
            ) from error
        return self

    def stop(self) -> None:
        """Close the port. What was in the account is lost."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def reset(self) -> None:
        """Empty the account and seed it again."""
        with self.world.lock:
            self.world.clear()
            seed.plant(self.world)

    @property
    def capacity(self) -> Capacity:
        """The supply of instances: take pools away and give them back."""
        return self.world.capacity

    @property
    def clock(self) -> Clock:
        """The time: move it forward, and what is due happens on the way."""
        return self.world.clock

    @property
    def port(self) -> int:
        """The port of the server. Raises: SandboxError before `start`."""
        if self._server is None:
            raise SandboxError("the sandbox is not running: use `with Sandbox() as sandbox`.")
        return self._server.port

    @property
    def endpoint(self) -> str:
        """The URL for ``AWS_ENDPOINT_URL``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point every AWS tool at this account; :data:`UNSET` must go.

        The access key id is new with each start, and a secret: without it nothing is answered. A
        session token of the shell would go to this port, and later to whoever listens there.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_ACCESS_KEY_ID": self._key,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def metadata_service(
        self, instance_id: str, host: str = "127.0.0.1", port: int = 0, region: str = REGION
    ) -> imds.Service:
        """Serve the metadata service of one instance until it is stopped; port 0 takes a free one.

        It opens the port in the network namespace of the thread that calls this.
        Raises: ValueError, OSError, as :class:`imds.Service`.
        """

        def ask(method: str, path: str, headers: Mapping[str, str]) -> Answer:
            with self.world.lock:
                self.world.clock.catch_up()
                return imds.answer(self.world, region, instance_id, method, path, headers)

        return imds.Service(ask, host, port)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


def serve(port: int, announce: Callable[[Sandbox], None]) -> None:
    """Run in the foreground until SIGTERM or SIGINT, after telling ``announce`` it is ready."""
    with signals_blocked() as wait, Sandbox(port) as sandbox:
        announce(sandbox)
        wait()


@contextmanager
def signals_blocked() -> Iterator[Callable[[], object]]:
    """Hold SIGTERM and SIGINT back, and give a function that waits for one of them.

    The signals are waited for, not handled: a handler that sets an event can meet the lock of
    the very event that its thread waits for.
    """
    wanted = {signal.SIGTERM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    try:
        yield lambda: signal.sigwait(wanted)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
