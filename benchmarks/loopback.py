"""A small HTTP/1.1 server on the loopback address: it waits, counts, and hands raw bytes over.

The wait stands for the network and AWS. Each connection has a thread, so waits overlap.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/")


@dataclass(frozen=True)
class Request:
    """One signed call to AWS, as it came over the wire."""

    method: str
    target: str  # path and query
    headers: dict[str, str]  # names in lower case
    body: bytes

    @cached_property
    def service(self) -> str:
        """The service it is signed for."""
        scope = SCOPE.search(self.headers.get("authorization", ""))
        return scope[2] if scope else ""

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """What it asks, of a form, a JSON body or a query."""
        query = dict(parse_qsl(urlsplit(self.target).query))
        if self.body.startswith(b"{"):
            return {**query, **json.loads(self.body)}
        return {**query, **dict(parse_qsl(self.body.decode()))}

    @cached_property
    def operation(self) -> str:
        """`autoscaling:DescribeAutoScalingGroups`; of a REST call, `scheduler:GET /schedules/*`."""
        name = self.headers.get("x-amz-target", "").rpartition(".")[2]
        if not name:
            name = self.parameters.get("Action", "")
        if not name:
            first, *more = urlsplit(self.target).path.strip("/").split("/")
            name = f"{self.method} /{first}" + ("/*" if more else "")
        return f"{self.service}:{name}"

    @cached_property
    def key(self) -> tuple[str, str, bytes]:
        """The same for the same question."""
        return (self.operation, self.target, self.body)


Answerer = Callable[[Request], bytes]
"""The whole answer, status line and headers included."""


@dataclass
class Traffic:
    """What came in since the last `reset`."""

    calls: Counter[str] = field(default_factory=Counter)
    at_once: Counter[str] = field(default_factory=Counter)  # by service, now
    most_at_once: Counter[str] = field(default_factory=Counter)  # by service, ever
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, request: Request) -> None:
        """A request came."""
        with self.lock:
            self.calls[request.operation] += 1
            self.at_once[request.service] += 1
            now = self.at_once[request.service]
            self.most_at_once[request.service] = max(now, self.most_at_once[request.service])

    def end(self, request: Request) -> None:
        """Its answer is about to go."""
        with self.lock:
            self.at_once[request.service] -= 1

    def take(self) -> dict[str, dict[str, int]]:
        """What was counted; counting begins again."""
        with self.lock:
            taken = {"calls": dict(self.calls), "most_at_once": dict(self.most_at_once)}
            self.calls.clear()
            self.most_at_once.clear()
            return taken


class Loopback:
    """A running server; `latency` in seconds may change while it runs.

    Besides AWS's calls it answers `GET /-/traffic` (and forgets) and `GET /-/latency/0.05`.
    """

    def __init__(self, answer: Answerer, latency: float = 0.0) -> None:
        self.answer = answer
        self.latency = latency
        self.traffic = Traffic()
        self._listener = _Listener(self)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}"
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown()
        self._listener.server_close()

    def respond(self, request: Request) -> bytes:
        """Wait, then answer."""
        if request.target.startswith("/-/"):
            return self._configured(request)
        self.traffic.begin(request)
        try:
            if self.latency:
                time.sleep(self.latency)
            return self.answer(request)
        finally:
            self.traffic.end(request)

    def _configured(self, request: Request) -> bytes:
        _, _, setting, *value = request.target.split("/")
        if setting == "latency":
            self.latency = float(value[0])
            return whole(b"{}", "application/json")
        return whole(json.dumps(self.traffic.take()).encode(), "application/json")


def whole(body: bytes, content_type: str, status: str = "200 OK") -> bytes:
    """An answer with this body."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


class _Handler(StreamRequestHandler):
    """One connection, kept open."""

    disable_nagle_algorithm = True
    rbufsize = 1 << 16
    server: _Listener

    def handle(self) -> None:
        try:
            while line := self.rfile.readline():
                self.wfile.write(self.server.owner.respond(self._request(line)))
        except (ConnectionResetError, BrokenPipeError):  # a client that ended
            pass

    def _request(self, line: bytes) -> Request:
        method, target, _ = line.decode("latin-1").split()
        headers = {}
        while (header := self.rfile.readline().strip()) != b"":
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(method, target, headers, body)


class _Listener(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, owner: Loopback) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(None)
        return connection, address
