"""Every timeout, retry and pace of the product, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_not_result, stop_after_delay

MAX_ATTEMPTS = 6
"""Tries of one call, botocore's `standard` mode: 1 s doubling to 20 s for throttles, about half
a minute in all. Fewer loses a run to a burst by another tool; more hides an outage."""

CONNECT_TIMEOUT = 5
"""Seconds to connect. A healthy endpoint answers in milliseconds."""

READ_TIMEOUT = 60
"""Seconds to wait for an answer: CreateAutoScalingGroup and CreateFileSystem can be slow."""

FIRST_TIMEOUT = 5
"""Seconds to connect, and to wait for the answer, of the first call, which asks who we are. TLS
through a VPN, a proxy or a hotel's network takes seconds. A closed port answers at once; a server
that swallows the request shows after twice this."""

FIRST_ATTEMPTS = 2
"""Tries of the first call: one more, for a connection that broke."""

SOCKETS_PER_SERVICE = 10
"""Connections, and so calls at once, per service and region (DESIGN 9): all Auto Scaling calls of
an account share one bucket of unpublished size, and ten at 50 ms are 200 calls a second."""

GRACE_SECONDS = 8
"""How long a call that may write is waited for after a signal. Docker kills a container 10 s after
SIGTERM (docker container stop), and the report has to be printed before that."""

POLL_SECONDS = 10.0
"""Between two reads while waiting: FSx for Lustre takes minutes to create."""

WAIT_LIMIT_SECONDS = 30 * 60
"""The longest `--wait`: file systems were seen to take up to 15 minutes."""

START_POLL_SECONDS = 3.0
"""Between two reads of a workstation that comes up: somebody watches."""

LOCK_SECONDS = 10.0
"""The longest wait for another command that writes the files of ssh: it takes milliseconds, more
only on a network drive."""

LOCK_PAUSE_SECONDS = 0.1
"""Between two tries to take these files."""

T = TypeVar("T")


def poll(look: Callable[[], T], settled: Callable[[T], bool], limit: float | None = None) -> T:
    """Poll until the thing is settled; after `limit` seconds (else WAIT_LIMIT_SECONDS), return the
    last answer.

    `look` sets the pace.
    """
    again = Retrying(
        retry=retry_if_not_result(settled),
        stop=stop_after_delay(WAIT_LIMIT_SECONDS if limit is None else limit),
        retry_error_callback=_last,
    )
    return again(look)


def _last(state: RetryCallState) -> Any:
    assert state.outcome is not None
    return state.outcome.result()
