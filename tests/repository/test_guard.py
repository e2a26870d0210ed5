"""The guards that every other test relies on: nothing leaves this machine, no real key is used."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.conftest import NetworkUsed

# A documentation address (RFC 5737): nobody answers there even if the guard were broken.
ELSEWHERE = ("192.0.2.1", 443)


def test_a_connection_to_elsewhere_is_refused_before_it_is_made() -> None:
    with socket.socket() as connection, pytest.raises(NetworkUsed, match=r"192\.0\.2\.1"):
        connection.connect(ELSEWHERE)


def test_a_name_is_not_even_looked_up() -> None:
    with pytest.raises(NetworkUsed, match="example"):
        socket.getaddrinfo("ec2.example", 443)


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()):
            connection, _ = server.accept()
        connection.close()
    assert connection.fileno() == -1


def test_credentials_are_made_up_in_tests_and_in_what_they_start() -> None:
    code = "import os; print(os.environ['AWS_SECRET_ACCESS_KEY'], os.environ['HTTPS_PROXY'])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["testing", "http://127.0.0.1:9"]
    assert "AWS_PROFILE" not in os.environ
