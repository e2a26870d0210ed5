"""A metadata service on loopback, with EC2's paths, tokens and faults, which a test sets.

EC2 user guide: "Use the Instance Metadata Service to access instance metadata" (tokens, status
codes) and "Instance metadata categories" (paths). Only version 2 answers, as our launch templates
declare it: a request without a token gets 401.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
INSTANCE = "i-0123456789abcdef0"
SPOT_ACTION = "meta-data/spot/instance-action"
TARGET_STATE = "meta-data/autoscaling/target-lifecycle-state"
REBALANCE = "meta-data/events/recommendations/rebalance"
ROLE = "meta-data/iam/security-credentials/"


@dataclass(frozen=True)
class ImdsRequest:
    """A request that the server got. `token` is None where the request had none."""

    method: str
    path: str
    token: str | None
    status: int


@dataclass
class Fault:
    """What happens to the next `times` requests whose path begins with `path`.

    Status 0: the connection ends without an answer. `slow`: no answer until `release`.
    """

    path: str
    status: int
    times: int
    slow: bool = False


@dataclass
class ImdsServer:
    """The metadata of one instance. `texts` are the answers, by path below `latest/`."""

    texts: dict[str, str] = field(default_factory=dict)
    requests: list[ImdsRequest] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.set_identity()
        self.set_target_state("InService")
        self.set_credentials()
        self.texts["meta-data/services/domain"] = "amazonaws.com"

    def set_identity(
        self, instance: str = INSTANCE, zone: str = "us-east-1a", instance_type: str = "g6.xlarge"
    ) -> None:
        """Say which instance this is, and where it runs."""
        region = zone[:-1]
        document = {
            "accountId": "123456789012",
            "architecture": "x86_64",
            "availabilityZone": zone,
            "imageId": "ami-0123456789abcdef0",
            "instanceId": instance,
            "instanceType": instance_type,
            "privateIp": "10.0.0.10",
            "region": region,
            "version": "2017-09-30",
        }
        self.texts |= {
            "dynamic/instance-identity/document": json.dumps(document),
            "meta-data/instance-id": instance,
            "meta-data/instance-type": instance_type,
            "meta-data/placement/availability-zone": zone,
            "meta-data/placement/region": region,
        }

    def set_spot_action(self, action: str | None, time: str = "") -> None:
        """Announce a Spot interruption for a time such as `2026-11-18T10:02:00Z`; None: no more."""
        self._set(SPOT_ACTION, action and json.dumps({"action": action, "time": time}))

    def set_target_state(self, state: str | None) -> None:
        """Set what Auto Scaling wants of the instance: `InService`, `Terminated`."""
        self._set(TARGET_STATE, state)

    def set_rebalance(self, time: str | None) -> None:
        """Recommend a rebalance since a time; None: no more."""
        self._set(REBALANCE, time and json.dumps({"noticeTime": time}))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set the tags of the instance that the service shows."""
        for path in [path for path in self.texts if path.startswith("meta-data/tags/")]:
            del self.texts[path]
        self.texts |= {f"meta-data/tags/instance/{key}": value for key, value in tags.items()}

    def set_credentials(self, role: str | None = "workstation") -> None:
        """Give the instance a role with made-up credentials; None: no instance profile."""
        for path in [path for path in self.texts if path.startswith(ROLE)]:
            del self.texts[path]
        keys = {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": "testing",
            "SecretAccessKey": "testing",
            "Token": "testing",
            "Expiration": "2199-01-01T00:00:00Z",
        }
        if role:
            self.texts[ROLE + role] = json.dumps(keys)

    def revoke_tokens(self) -> None:
        """Refuse every token that was issued so far."""
        with self._lock:
            self.tokens.clear()

    def fail(self, path: str = "", status: int = 503, times: int = 1) -> None:
        """Answer requests below a path with an error. Status 0: end the connection instead."""
        self.faults.append(Fault(path, status, times))

    def stall(self, path: str = "", times: int = 1) -> None:
        """Let requests below a path wait until `release`, or until the server ends."""
        self.faults.append(Fault(path, 0, times, slow=True))

    def release(self) -> None:
        """End the connections that wait."""
        self._released.set()

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Answer one request: status and text. Status 0: end the connection."""
        token = headers.get(TOKEN)
        with self._lock:
            fault = next((f for f in self.faults if path.startswith(f.path) and f.times), None)
            if fault:
                fault.times -= 1
                status, text = fault.status, ""
            else:
                status, text = self._answer(method, path, token, headers.get(TTL))
            self.requests.append(ImdsRequest(method, path, token, status))
        if fault and fault.slow:
            self._released.wait()
        return status, text

    def _answer(
        self, method: str, path: str, token: str | None, ttl: str | None
    ) -> tuple[int, str]:
        if method == "PUT" and path == "api/token":
            if not (ttl and ttl.isdecimal() and 1 <= int(ttl) <= 21600):
                return 400, ""
            self.tokens.add(token := secrets.token_urlsafe())
            return 200, token
        if method != "GET":
            return 405, ""
        if token not in self.tokens:
            return 401, ""
        if path in self.texts:
            return 200, self.texts[path]
        listed = self._list(path.rstrip("/") + "/")
        return (200, listed) if listed else (404, "")

    def _list(self, folder: str) -> str:
        below = [path[len(folder) :] for path in self.texts if path.startswith(folder)]
        names = {name.split("/")[0] + ("/" if "/" in name else "") for name in below}
        return "\n".join(sorted(names))

    def _set(self, path: str, text: str | None) -> None:
        if text is None:
            self.texts.pop(path, None)
        else:
            self.texts[path] = text


@contextmanager
def serve_imds(host: str = "127.0.0.1", port: int = 0) -> Iterator[ImdsServer]:
    """Serve the metadata of an instance; `url` of the server is what `Imds` takes."""
    imds = ImdsServer()

    class Handler(BaseHTTPRequestHandler):
        def handle_request(self) -> None:
            path = self.path.removeprefix("/latest/")
            status, text = imds.answer(self.command, path, _headers(self))
            self.close_connection = True
            if status:
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = handle_request  # noqa: N815  # the base class's names

        def log_message(self, *arguments: Any) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Print nothing where the client has gone before a slow answer."""

    with Server((host, port), Handler) as server:
        imds.url = f"http://{host}:{server.server_port}/latest/"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield imds
        finally:
            imds.release()
            server.shutdown()
            thread.join()


def _headers(handler: BaseHTTPRequestHandler) -> dict[str, str]:
    return {name: handler.headers[name] for name in (TOKEN, TTL) if name in handler.headers}
