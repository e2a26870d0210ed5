"""The instance metadata service of one instance: tokens, what is refused, and a port for it.

[D ec2 instance-metadata-returns, configuring-instance-metadata-service; repost
ec2-linux-metadata-retrieval]. It gives the keys of a role to everybody who reaches its port, as on
EC2. So it listens only where no other machine reaches it, and answers no page of a browser.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socketserver import TCPServer
from types import TracebackType

from reconciler.sandbox.server.wire import Answer
from reconciler.sandbox.services import metadata
from reconciler.sandbox.world import World

ADDRESS = "169.254.169.254"
TOKEN, TTL = "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"
LONGEST = 21600
VERSIONS = ("2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest")
"""Those that cloud-init asks for, among others; here each has all items."""
_VERSION = re.compile(r"/(?:latest|\d{4}-\d\d-\d\d)(?=/|$)")
RUNS = ("pending", "running", "stopping", "shutting-down")

Ask = Callable[[str, str, Mapping[str, str]], Answer]
"""Answers a request by its method, its path and its headers, whose names are in small letters."""


@dataclass
class Tokens:
    """The tokens that the instances of a region have, with their ends."""

    by_instance: dict[str, dict[str, datetime]] = field(default_factory=dict)


def answer(
    world: World, region: str, instance_id: str, method: str, path: str, headers: Mapping[str, str]
) -> Answer:
    """Answer one request of an instance. The caller holds the lock.

    503 for an instance that does not run: nobody could ask there.
    """
    instance = world.ec2(region).get_instance_by_id(instance_id)
    if instance is None or instance.state not in RUNS:
        return _plain(503, f"{instance_id} does not run in {region}")
    world.state(metadata.Metadata, region).asked.add(instance_id)
    options = instance.metadata_options
    if options.http_endpoint == "disabled":
        return _plain(403, "the metadata service of this instance is turned off")
    tokens = world.state(Tokens, region).by_instance.setdefault(instance_id, {})
    path = path.partition("?")[0]
    if method == "PUT":
        return _token(world.now(), tokens, path, headers)
    if method not in ("GET", "HEAD"):
        return _plain(405, "GET, HEAD or PUT")
    left = _left(world.now(), tokens, headers.get(TOKEN))
    if left is None and (TOKEN in headers or options.http_tokens == "required"):
        return _plain(401, "no token, or one that is not valid")
    found = _read(world, region, instance, path)
    if left is not None:
        found.headers[TTL] = str(left)
    return found


def _token(
    now: datetime, tokens: dict[str, datetime], path: str, headers: Mapping[str, str]
) -> Answer:
    """A new token. A versioned path is forbidden, and so is a request that a proxy passed on."""
    if path != "/latest/api/token":
        return _plain(403 if _VERSION.match(path) else 405, "PUT is for /latest/api/token")
    if "x-forwarded-for" in headers:
        return _plain(403, "no token for a request with X-Forwarded-For")
    seconds = headers.get(TTL, "")
    if not re.fullmatch(r"[0-9]{1,5}", seconds) or not 1 <= int(seconds) <= LONGEST:
        return _plain(400, f"{TTL} must be 1 to {LONGEST}")
    for ended in [token for token, end in tokens.items() if end <= now]:
        del tokens[ended]
    token = secrets.token_urlsafe(41)
    tokens[token] = now + timedelta(seconds=int(seconds))
    return Answer(200, token.encode(), {"Content-Type": "text/plain", TTL: seconds})


def _left(now: datetime, tokens: Mapping[str, datetime], token: str | None) -> int | None:
    """How many seconds a token has left; None for one that is not valid."""
    end = tokens.get(token or "")
    return int((end - now).total_seconds()) if end is not None and end > now else None


def _read(world: World, region: str, instance: object, path: str) -> Answer:
    if path in ("", "/"):
        return _plain(200, "\n".join(VERSIONS))
    version = _VERSION.match(path)
    items = metadata.tree(world, region, instance) if version else {}
    found = metadata.look_up(items, path[version.end() :].removeprefix("/")) if version else None
    if found is None:
        return _plain(404, "404 - Not Found")
    kind = "application/octet-stream" if path.endswith("user-data") else "text/plain"
    return Answer(200, found, {"Content-Type": kind})


def _plain(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/plain"})


class Service:
    """The metadata service on an address and a port, until it is stopped."""

    def __init__(self, ask: Ask, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. Raises: ValueError for an address that others could reach, OSError for one that
        cannot be had."""
        try:
            reachable = host != ADDRESS and not ip_address(host).is_loopback
        except ValueError:
            reachable = True
        if reachable:
            raise ValueError(
                f"{host} is neither {ADDRESS} nor a loopback address: whoever reaches the metadata "
                "service gets keys"
            )
        self._listener = _Listener(ask, host, port)
        self.port: int = self._listener.server_address[1]
        self.url = f"http://{host}" if self.port == 80 else f"http://{host}:{self.port}"
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, ask: Ask, host: str, port: int) -> None:
        self.ask = ask
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which may ask a name server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    server_version, sys_version = "EC2ws", ""
    timeout = 30

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        given = self._of_a_page(headers) or self.server.ask(self.command, self.path, headers)
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(given.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names

    def _of_a_page(self, headers: Mapping[str, str]) -> Answer | None:
        """Refuse what a browser sends, and names that were made to resolve to this address."""
        host, port = self.server.server_name, self.server.server_port
        asked = headers.get("host", host)
        if (
            asked not in (host, f"{host}:{port}")
            or "origin" in headers
            or headers.get("sec-fetch-site", "none") != "none"
        ):
            return _plain(403, f"this service is {host}:{port}, and not for pages of a browser")
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""
