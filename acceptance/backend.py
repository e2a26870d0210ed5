"""Where it runs: AWS itself, or an emulator behind AWS_ENDPOINT_URL, and how time passes there."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SANDBOX = "/_sandbox/clock"
MINISTACK = "/_ministack/health"
UNSUPPORTED = frozenset(
    {
        "InternalFailure",
        "InvalidAction",
        "NotImplemented",
        "UnknownOperationException",
        "UnsupportedOperation",
    }
)
"""Error codes of an emulator that does not have a call. AWS has all that are used here."""

MINISTACK_WRONG = {
    "ec2:DescribeLaunchTemplateVersions": "wants an id; AWS lists `$Latest` of every template "
    "(EC2 API, DescribeLaunchTemplateVersions)",
}


@dataclass(frozen=True)
class Backend:
    """Where it runs. `patience`: the longest wait in seconds that can change anything there."""

    name: str
    version: str
    endpoint: str  # "" is AWS
    sleep: Callable[[float], None]  # let so many seconds pass
    patience: float
    wrong: Mapping[str, str] = field(default_factory=dict)  # calls it refuses, and AWS does not

    @property
    def emulated(self) -> bool:
        """Whether an emulator answers: what costs money costs nothing."""
        return bool(self.endpoint)

    def lacks(self, call: str, status: int, code: str) -> bool:
        """Whether an answer means that the emulator does not have the call as AWS has it."""
        if not self.emulated:
            return False
        bare = not code or code.isdigit() or code.startswith("HTTP ")
        return call in self.wrong or status == 501 or code in UNSUPPORTED or bare


def find(endpoint: str, key: str) -> Backend:
    """Find which backend an endpoint is, with an access key id; "" is AWS."""
    if not endpoint:
        return Backend("AWS", "", "", time.sleep, float("inf"))
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if _get(endpoint + SANDBOX, headers) is not None:
        from reconciler import __version__

        def forward(seconds: float) -> None:
            body = json.dumps({"forward": f"{int(seconds)}s"}).encode()
            request = urllib.request.Request(endpoint + SANDBOX, body, headers, method="POST")
            with _OPENER.open(request, timeout=60) as answer:
                answer.read()

        return Backend("sandbox", __version__, endpoint, forward, float("inf"))
    health = _get(endpoint + MINISTACK)
    if health is not None:
        # Its schedules fire on their own time, but not the targets that are used here.
        version = str(health.get("version", ""))
        return Backend("ministack", version, endpoint, time.sleep, 0, MINISTACK_WRONG)
    return Backend("emulator", "", endpoint, time.sleep, 30)


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _get(url: str, headers: Mapping[str, str] | None = None) -> dict[str, object] | None:
    request = urllib.request.Request(url, headers=dict(headers or {}))
    try:
        with _OPENER.open(request, timeout=5) as answer:
            found = json.loads(answer.read())
    except (urllib.error.URLError, ValueError, TimeoutError):
        return None
    return found if isinstance(found, dict) else None
