"""`reconcile sandbox clock` and `capacity`: talking to the sandbox that AWS_ENDPOINT_URL names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from reconciler.sandbox import Sandbox
from tests.cli.fakes import Cli

FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def still(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """It is Friday, 9:30 UTC, there, and stays so."""
    monkeypatch.setattr(sandbox.clock, "real", lambda: FRIDAY)
    yield sandbox
    sandbox.reset()


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("arguments", "now"),
    [
        ((), "2026-11-20T09:30:00Z"),
        (("+2h",), "2026-11-20T11:30:00Z"),
        (("Mon 09:00",), "2026-11-23T09:00:00Z"),
        (("Mon 09:00", "--timezone", "Europe/Berlin"), "2026-11-23T08:00:00Z"),
        (("2026-11-23T09:00:00Z",), "2026-11-23T09:00:00Z"),
    ],
)
def test_the_clock_is_shown_and_moved(cli: Cli, arguments: tuple[str, ...], now: str) -> None:
    result = cli("sandbox", "clock", *arguments)
    assert (result.code, result.out, result.err) == (0, f"now {now}\n", "")


def test_what_happened_comes_before_the_time(cli: Cli, still: Sandbox) -> None:
    still.clock.at(datetime(2026, 11, 20, 10, tzinfo=UTC), lambda: "a thing was done")
    result = cli("sandbox", "clock", "+1h")
    assert result.out == "2026-11-20T10:00:00Z  a thing was done\nnow 2026-11-20T10:30:00Z\n"


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("before", [True, False])
def test_as_json_wherever_the_option_stands(cli: Cli, before: bool) -> None:
    option = ("-o", "json")
    result = cli(
        "sandbox", *(option if before else ()), "clock", "+1h", *(() if before else option)
    )
    assert json.loads(result.out) == {
        "version": 1,
        "now": "2026-11-20T10:30:00Z",
        "ahead_seconds": 3600,
        "happened": [],
    }
    assert json.loads(cli("-o", "json", "sandbox", "clock").out)["ahead_seconds"] == 3600


def test_capacity_goes_and_comes_back(cli: Cli, still: Sandbox) -> None:
    assert cli("sandbox", "capacity").out == "nothing is away\n"
    place = ("g5.*", "--zone", "us-east-1a", "--market", "on-demand")
    result = cli("sandbox", "capacity", "take", *place)
    assert result.out == "away: g5.* in us-east-1a, on-demand: no-on-demand\n"
    assert still.capacity.refusal("g5.xlarge", "us-east-1a", "on-demand") is not None
    assert cli("sandbox", "capacity", "give", *place).out == "nothing is away\n"
    assert still.capacity.refusal("g5.xlarge", "us-east-1a", "on-demand") is None


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("clock", "+2x"), "'2x' is not a duration; write 90s"),
        (("clock", "2020-01-01T00:00:00Z"), "time does not go back"),
        (("capacity", "take"), "take what? Name an instance type"),
        (("capacity", "lose", "g5.*"), "'lose' is not one of 'take', 'give'"),
        (("--port", "1", "clock"), "--port is for a sandbox that starts"),
    ],
)
def test_wrong_usage_is_2(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    answer = cli("sandbox", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_the_key_of_another_start_is_refused_with_what_to_do(
    cli: Cli, still: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox-" + "0" * 32)
    done = cli("sandbox", "capacity", "take", "*")
    assert (done.code, done.out) == (2, "")
    assert "AWS_ACCESS_KEY_ID is not the key of this sandbox" in done.err
    assert "paste the two lines that `reconcile sandbox` printed" in done.err
    assert still.capacity.taken == {}


class _Other(BaseHTTPRequestHandler):
    """Some other server."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_arguments: object) -> None:
        """Quietly."""


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
def test_another_server_is_no_sandbox(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    with HTTPServer(("127.0.0.1", 0), type("Other", (_Other,), {"body": body})) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        result = cli("sandbox", "clock")
        server.shutdown()
        thread.join()
    assert result.code == 2
    assert f"{endpoint} (AWS_ENDPOINT_URL) is not a sandbox" in result.err


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("", "AWS_ENDPOINT_URL is not set"),
        ("https://ec2.us-east-1.amazonaws.com", "is not a sandbox"),
        ("127.0.0.1:5566", "is not a sandbox"),
        ("http://127.0.0.1:1", "does not answer"),
    ],
)
def test_no_sandbox_is_said_so(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, endpoint: str, words: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    result = cli("sandbox", "capacity")
    assert (result.code, result.out) == (2, "")
    assert words in result.err
