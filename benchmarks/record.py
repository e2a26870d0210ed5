"""Stand between a client and a server: forward each request, and remember what was answered."""

from __future__ import annotations

import http.client
import re
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.loopback import Request

Answers = dict[tuple[str, str, bytes], bytes]
"""The last answer to each question (`Request.key`)."""


@dataclass
class Forward:
    """An answerer that asks the server behind it, with the key that this server wants."""

    upstream: str
    key: str
    kept: Answers | None = None  # where to remember; None for nowhere
    own: threading.local = field(default_factory=threading.local)  # a connection per thread
    connections: list[http.client.HTTPConnection] = field(default_factory=list)

    def __call__(self, request: Request) -> bytes:
        connection = getattr(self.own, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc)
            self.own.connection = connection
            self.connections.append(connection)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in ("connection", "host")
        }
        signed = headers.get("authorization", "")
        # The sandbox looks at the key, and not at the signature over it.
        headers["authorization"] = re.sub("Credential=[^/]+", f"Credential={self.key}", signed)
        connection.request(request.method, request.target, request.body, headers)
        answer = connection.getresponse()
        body = answer.read()
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        lines += [
            f"{name}: {value}"
            for name, value in answer.getheaders()
            if name.lower() not in ("connection", "content-length", "transfer-encoding")
        ]
        lines += [f"Content-Length: {len(body)}", "", ""]
        whole = "\r\n".join(lines).encode("latin-1") + body
        if self.kept is not None:
            self.kept[request.key] = whole
        return whole

    def close(self) -> None:
        """Drop the connections."""
        for connection in self.connections:
            connection.close()
