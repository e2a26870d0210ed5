"""The metadata service: tokens end, answers fail, and a failure is never "there is nothing"."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ws.imds import SECONDS, Imds, Unknown


class Service(HTTPServer):
    """A metadata service that gives out numbered tokens and accepts the newest alone."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tokens, self.seen = 0, list[tuple[str, str, str]]()
        self.paths: dict[str, tuple[int, bytes]] = {"/latest/meta-data/instance-id": (200, b"i-0a")}
        self.refuse = 0
        self.token_answer: tuple[int, bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}/latest/"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Service

    def do_PUT(self) -> None:
        """Give out a token."""
        self.server.tokens += 1
        self.server.seen.append(("PUT", self.path, ""))
        assert self.headers["X-aws-ec2-metadata-token-ttl-seconds"] == str(SECONDS)
        self.answer(*(self.server.token_answer or (200, f"token-{self.server.tokens}".encode())))

    def do_GET(self) -> None:
        """Answer whoever has the newest token."""
        token = self.headers["X-aws-ec2-metadata-token"] or ""
        self.server.seen.append(("GET", self.path, token))
        if self.server.refuse or token != f"token-{self.server.tokens}":
            self.server.refuse -= bool(self.server.refuse)
            self.answer(401, b"")
        else:
            self.answer(*self.server.paths.get(self.path, (404, b"")))

    def answer(self, code: int, body: bytes) -> None:
        """Write one answer; 0 hangs up without one."""
        if not code:
            self.close_connection = True
            return
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


ID = "meta-data/instance-id"


def test_each_answer_needs_a_token_and_one_token_serves_many(service: Service) -> None:
    imds = Imds(service.url)
    assert [imds.get(ID), imds.instance_id()] == ["i-0a", "i-0a"]
    assert service.tokens == 1


def test_a_token_is_renewed_before_its_end(service: Service) -> None:
    now = [0.0]
    imds = Imds(service.url, lambda: now[0])
    for seconds in (0, SECONDS - 61, SECONDS - 59, SECONDS):
        now[0] = seconds
        imds.get(ID)
    assert service.tokens == 2


def test_a_token_that_is_refused_is_replaced_at_once(service: Service) -> None:
    imds = Imds(service.url)
    imds.get(ID)
    service.tokens += 1  # somebody has revoked it
    assert imds.get(ID) == "i-0a"
    service.refuse = 1
    assert imds.get(ID) == "i-0a"


def test_two_refused_tokens_are_unknown(service: Service) -> None:
    service.refuse = 2
    with pytest.raises(Unknown, match="two tokens"):
        Imds(service.url).get(ID)


def test_only_a_404_says_that_there_is_nothing(service: Service) -> None:
    assert Imds(service.url).get("meta-data/spot/instance-action") is None


@pytest.mark.parametrize("code", [0, 400, 403, 500, 503])
def test_a_failure_is_unknown_and_the_next_question_is_answered(
    service: Service, code: int
) -> None:
    imds = Imds(service.url)
    path = f"/latest/{ID}"
    known, service.paths[path] = service.paths[path], (code, b"")
    with pytest.raises(Unknown):
        imds.get(ID)
    service.paths[path] = known
    assert imds.get(ID) == "i-0a"


@pytest.mark.parametrize("answer", [(0, b""), (403, b""), (404, b""), (503, b""), (200, b"a\nb")])
def test_without_a_token_nothing_is_known(service: Service, answer: tuple[int, bytes]) -> None:
    """A 404 for the token is no 404 for the question; a line feed would make a second header."""
    service.token_answer = answer
    with pytest.raises(Unknown):
        Imds(service.url).get(ID)
    assert all(method == "PUT" for method, _, _ in service.seen)


def test_nobody_listens_is_unknown() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(Unknown):
        Imds(f"http://127.0.0.1:{port}/latest/").get(ID)


def test_a_service_that_takes_its_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    imds = Imds()

    def slow(request: object, timeout: float) -> None:
        assert timeout <= 2
        raise TimeoutError("timed out")

    monkeypatch.setattr(imds, "open", slow)
    with pytest.raises(Unknown, match="timed out"):
        imds.get(ID)


@pytest.mark.parametrize(
    "body", [b"", b"i-0a\nx", b"i-0A;reboot", b"\xff\xfe", b"i-" + b"0" * 99999]
)
def test_a_hostile_instance_id_is_unknown(service: Service, body: bytes) -> None:
    service.paths[f"/latest/{ID}"] = (200, body)
    with pytest.raises(Unknown):
        Imds(service.url).instance_id()


def test_a_broken_document_is_unknown_and_a_missing_one_is_none(service: Service) -> None:
    service.paths["/latest/x"] = (200, b'{"a": ')
    with pytest.raises(Unknown):
        Imds(service.url).json("x")
    assert Imds(service.url).json("y") is None


def test_no_proxy_sees_a_token(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Imds(service.url).get(ID) == "i-0a"
