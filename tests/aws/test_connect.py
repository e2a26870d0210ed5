"""The way in: whose credentials these are, before anything else is asked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.aws.client import connect
from reconciler.aws.wait import FIRST_ATTEMPTS, FIRST_TIMEOUT
from reconciler.errors import Denied, Refused, Unreachable, UsageError
from tests.plan.declared import site, workstation

SITE = site(workstation())
ACCOUNT = SITE.account
IDENTITY = """<GetCallerIdentityResponse><GetCallerIdentityResult>
<Arn>arn:{partition}:sts::{account}:assumed-role/ci/run</Arn>
<UserId>AROA:run</UserId><Account>{account}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
DENIED = "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


class Aws(ThreadingHTTPServer):
    """An endpoint that knows one thing, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.said = 200, ""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                server.asked.append(self.rfile.read(size).decode())
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(server.said)))
                self.end_headers()
                self.wfile.write(server.said.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def says(self, said: str, status: int = 200) -> None:
        self.said, self.status = said, status


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def identity(account: str = ACCOUNT, partition: str = "aws") -> str:
    return IDENTITY.format(account=account, partition=partition)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_session_knows_who_and_where_it_is(aws: Aws, partition: str) -> None:
    aws.says(identity(partition=partition))
    session = connect(SITE)
    assert (session.account, session.partition) == (ACCOUNT, partition)
    assert session.identity == f"arn:{partition}:sts::{ACCOUNT}:assumed-role/ci/run"
    door = session.region("us-east-1")
    assert (door.account, door.partition, door.region) == (ACCOUNT, partition, "us-east-1")
    assert session.calls() == {"sts:GetCallerIdentity": 1}


def test_another_account_is_refused_before_any_other_call(aws: Aws) -> None:
    """Promise 7."""
    aws.says(identity("999999999999"))
    with pytest.raises(Refused, match="belong to account 999999999999") as caught:
        connect(SITE)
    assert caught.value.exit_code == 4
    assert "nothing was read" in str(caught.value)
    assert ["GetCallerIdentity" in body for body in aws.asked] == [True]


@pytest.mark.parametrize(
    ("code", "error"), [("AccessDenied", Denied), ("ExpiredToken", UsageError)]
)
def test_a_refused_first_call_is_told_as_what_it_is(
    aws: Aws, code: str, error: type[Exception]
) -> None:
    aws.says(DENIED.format(code=code), 403)
    with pytest.raises(error):
        connect(SITE)


def test_no_credentials_says_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    with pytest.raises(UsageError, match="no AWS credentials") as caught:
        connect(SITE)
    assert "aws sso login" in str(caught.value)
    assert caught.value.exit_code == 2


def test_half_credentials_are_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(UsageError, match="AWS_SECRET_ACCESS_KEY"):
        connect(SITE)


def test_an_unknown_profile_says_how_to_list_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(UsageError, match="aws configure list-profiles"):
        connect(SITE)


# -- nothing answers -------------------------------------------------------------------------


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port that takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        yield silent


@pytest.mark.parametrize("open_port", [True, False], ids=["silent", "closed"])
def test_a_dead_endpoint_shows_within_seconds(
    listening: socket.socket, open_port: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent one in a tenth of the real time; a closed one answers at once."""
    monkeypatch.setattr("reconciler.aws.client.FIRST_TIMEOUT", FIRST_TIMEOUT / 10)
    endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    if not open_port:
        listening.close()
    began = time.monotonic()
    with pytest.raises(Unreachable, match=endpoint):
        connect(SITE)
    assert time.monotonic() - began < 3


def test_a_closed_port_shows_in_the_real_time_too(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
    listening.close()
    began = time.monotonic()
    with pytest.raises(Unreachable):
        connect(SITE)
    assert time.monotonic() - began < 3, "no part of FIRST_TIMEOUT is waited for"


def test_the_first_call_has_time_for_a_vpn_and_ends_within_eleven_seconds() -> None:
    pauses = FIRST_ATTEMPTS - 1  # botocore waits up to a second before the second try
    assert FIRST_TIMEOUT >= 5
    assert FIRST_ATTEMPTS * FIRST_TIMEOUT + pauses <= 11
