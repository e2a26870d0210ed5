"""Every timeout, retry and pace of the product, each with its reason."""

from __future__ import annotations

MAX_ATTEMPTS = 6
"""Tries of one call, botocore's `standard` mode: 1 s doubling to 20 s for throttles, about half
a minute in all. Fewer loses a run to a burst by another tool; more hides an outage."""

CONNECT_TIMEOUT = 5
"""Seconds to connect. A healthy endpoint answers in milliseconds."""

READ_TIMEOUT = 60
"""Seconds to wait for an answer: CreateAutoScalingGroup and CreateFileSystem can be slow."""

SOCKETS_PER_SERVICE = 10
"""Connections, and so calls at once, per service and region (DESIGN 9): all Auto Scaling calls of
an account share one bucket of unpublished size, and ten at 50 ms are 200 calls a second."""

POLL_SECONDS = 10.0
"""Between two looks while waiting: FSx for Lustre takes minutes to create."""

WAIT_LIMIT_SECONDS = 30 * 60
"""The longest `--wait`: file systems were seen to take up to 15 minutes."""
