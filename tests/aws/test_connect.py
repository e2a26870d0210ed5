"""The way in: whose credentials these are, before anything else is asked."""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest

from reconciler.aws.client import Session, connect
from reconciler.aws.retries import FIRST_TIMEOUT
from reconciler.errors import Denied, Refused, Unreachable, UsageError
from tests.plan.declared import site, workstation

SITE = site(workstation())
ACCOUNT = SITE.account
IDENTITY = """<GetCallerIdentityResponse><GetCallerIdentityResult>
<Arn>arn:{partition}:sts::{account}:assumed-role/ci/run</Arn>
<UserId>AROA:run</UserId><Account>{account}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
DENIED = "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


class FakeSts(ThreadingHTTPServer):
    """An endpoint that knows one thing, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.signed: list[str] = []
        self.status, self.body, self.refused = 200, "", ""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                server.asked.append(self.rfile.read(size).decode())
                signed = self.headers["Authorization"]
                server.signed.append(signed)
                body, status = server.body, server.status
                if server.refused and f"Credential={server.refused}/" in signed:
                    body, status = DENIED.format(code="ExpiredToken"), 403
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def says(self, body: str, status: int = 200) -> None:
        self.body, self.status = body, status

    def refuse(self, key: str) -> None:
        """From now on this access key has expired."""
        self.refused = key

    def signers(self) -> list[str]:
        """The access key of each call."""
        return [header.partition("Credential=")[2].partition("/")[0] for header in self.signed]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    with FakeSts() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def identity(account: str = ACCOUNT, partition: str = "aws") -> str:
    return IDENTITY.format(account=account, partition=partition)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_session_knows_who_and_where_it_is(aws: FakeSts, partition: str) -> None:
    aws.says(identity(partition=partition))
    session = connect(SITE)
    assert (session.account, session.partition) == (ACCOUNT, partition)
    assert session.identity == f"arn:{partition}:sts::{ACCOUNT}:assumed-role/ci/run"
    door = session.region("us-east-1")
    assert (door.account, door.partition, door.region) == (ACCOUNT, partition, "us-east-1")
    assert session.calls() == {"sts:GetCallerIdentity": 1}


def test_another_account_is_refused_before_any_other_call(aws: FakeSts) -> None:
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
    aws: FakeSts, code: str, error: type[Exception]
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


# -- the next round of a loop -------------------------------------------------------------------

KEYS = "[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\n"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credentials file, and no keys in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    file.write_text(KEYS.format(key="first"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    return file


def test_the_next_round_has_the_same_session_and_asks_again_who_we_are(aws: FakeSts) -> None:
    aws.says(identity())
    first = connect(SITE)
    client = first.client("sts", "us-east-1")
    aws.says(identity().replace("ci/run", "ci/another"))
    second = connect(SITE, before=first)
    assert second is first
    assert second.client("sts", "us-east-1") is client
    assert second.identity.endswith("ci/another")
    assert second.calls() == {"sts:GetCallerIdentity": 1}, "each round counts its own calls"


def test_the_next_round_is_refused_when_the_account_is_another_by_then(aws: FakeSts) -> None:
    """Promise 7."""
    aws.says(identity())
    before = connect(SITE)
    aws.says(identity("999999999999"))
    with pytest.raises(Refused, match="belong to account 999999999999"):
        connect(SITE, before=before)


def test_a_credentials_file_that_changed_is_read_again(aws: FakeSts, keys: Path) -> None:
    aws.says(identity())
    first = connect(SITE)
    assert connect(SITE, before=first) is first
    keys.write_text(KEYS.format(key="second-one"))
    second = connect(SITE, before=first)
    assert second is not first
    assert aws.signers() == ["first", "first", "second-one"]


def test_refused_credentials_are_looked_for_again_in_the_same_round(
    aws: FakeSts, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where newer ones are that botocore would not read by itself: here as if of the same file."""
    aws.says(identity())
    first = connect(SITE)
    keys.write_text(KEYS.format(key="newer"))
    monkeypatch.setattr(first, "is_current", lambda: True)
    aws.refuse("first")
    second = connect(SITE, before=first)
    assert second is not first
    assert aws.signers() == ["first", "first", "newer"]


def test_a_closed_session_is_not_used_again(aws: FakeSts) -> None:
    aws.says(identity())
    first = connect(SITE)
    first.close()
    assert connect(SITE, before=first) is not first


def test_a_round_whose_sign_in_fails_does_not_spoil_the_next(aws: FakeSts) -> None:
    aws.says(identity())
    before = connect(SITE)
    aws.says(DENIED.format(code="ExpiredToken"), 403)
    for _ in range(2):
        with pytest.raises(UsageError, match="ExpiredToken"):
            connect(SITE, before=before)
    aws.says(identity())
    assert connect(SITE, before=before).account == ACCOUNT


def test_a_session_that_is_replaced_is_freed(aws: FakeSts, keys: Path) -> None:
    """Its clients, that is: a loop still holds the shell of the last session."""
    aws.says(identity())
    first = connect(SITE)
    client = weakref.ref(first.client("sts", "us-east-1"))
    keys.write_text(KEYS.format(key="second-one"))
    connect(SITE, before=first)
    assert client() is None


# -- nothing answers -------------------------------------------------------------------------


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port that takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        yield silent


@pytest.mark.parametrize("open_port", [True, False], ids=["silent", "closed"])
def test_a_dead_endpoint_is_named(
    listening: socket.socket, open_port: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent one is waited for a tenth of the real time."""
    monkeypatch.setattr("reconciler.aws.client.FIRST_TIMEOUT", FIRST_TIMEOUT / 10)
    endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    if not open_port:
        listening.close()
    with pytest.raises(Unreachable, match=endpoint):
        connect(SITE)


def test_a_closed_port_is_not_waited_for(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the time-out, only the pauses between the attempts pass."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    monkeypatch.setattr("reconciler.aws.client.FIRST_TIMEOUT", 3600)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
    listening.close()
    with pytest.raises(Unreachable):
        connect(SITE)
    assert sum(pauses) < 3


def test_the_first_call_has_time_for_a_vpn_and_ends_within_eleven_seconds() -> None:
    config = Session(boto3.Session()).client("sts", "us-east-1").meta.config
    assert config.connect_timeout == config.read_timeout >= 5
    attempts = config.retries["total_max_attempts"]
    pauses = attempts - 1  # botocore waits up to a second before the second try
    assert attempts * config.read_timeout + pauses <= 11
