"""`reconcile sandbox`: what it says when it is ready, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from reconciler.cli.sandbox.command import exports
from reconciler.sandbox import UNSET, Sandbox
from tests.cli.fakes import Cli
from tests.cli.test_streams import VALIDATOR
from tests.sandbox.helpers import Aws

ROOT = Path(__file__).parents[2]


@contextmanager
def running(
    folder: Path, *arguments: str, port: tuple[str, ...] = ("--port", "0")
) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "sandbox", *port, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_two_lines_for_a_shell_then_ready_and_a_signal_is_its_end(tmp_path: Path) -> None:
    with running(tmp_path) as child:
        assert child.stdout is not None
        endpoint, rest, ready = (child.stdout.readline() for _ in range(3))
        assert endpoint.startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:")
        assert re.search(r" AWS_ACCESS_KEY_ID=sandbox-[0-9a-f]{32} ", rest)
        assert ready == "# ready\n"
        port = int(endpoint.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=20)
        assert child.returncode == 0
        assert out == ""
        assert err == (
            f"sandbox on http://127.0.0.1:{port}; it only plays the machines: nothing boots, "
            "nothing is mounted; Ctrl-C ends it\n"
        )


def test_one_line_for_a_program(tmp_path: Path) -> None:
    with running(tmp_path, "-o", "json") as child:
        assert child.stdout is not None
        document = json.loads(child.stdout.readline())
        VALIDATOR.validate(document)
        assert document["environment"]["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert "AWS_PROFILE" in document["unset"]
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
        assert child.returncode == 0


def test_the_metadata_service_of_an_instance_until_a_signal(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = Aws(sandbox)
    aws.template()
    aws.group(DesiredCapacity=1)
    instance = aws.described()["Instances"][0]["InstanceId"]
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    with running(tmp_path, "imds", instance, "-o", "json", port=()) as child:
        assert child.stdout is not None
        document = json.loads(child.stdout.readline())
        VALIDATOR.validate(document)
        url = document["environment"]["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        asked = Request(f"{url}/latest/api/token", headers=ttl, method="PUT")
        with urlopen(asked, timeout=10) as answer:
            token = {"X-aws-ec2-metadata-token": answer.read().decode()}
        asked = Request(f"{url}/latest/meta-data/instance-id", headers=token)
        with urlopen(asked, timeout=10) as answer:
            assert answer.read().decode() == instance
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("i-00000000000000000",), "i-00000000000000000 does not run in us-east-1"),
        (("INSTANCE", "--host", "0.0.0.0"), "--host: 0.0.0.0 is neither 169.254.169.254 nor"),
        (("INSTANCE", "--host", "169.254.169.254"), "cannot listen on 169.254.169.254:0"),
    ],
)
def test_a_metadata_service_that_cannot_be_served(
    cli: Cli,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    aws = Aws(sandbox)
    aws.template()
    aws.group(DesiredCapacity=1)
    instance = aws.described()["Instances"][0]["InstanceId"]
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    words = [instance if word == "INSTANCE" else word for word in arguments]
    result = cli("sandbox", "imds", *words)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_a_taken_port_is_told_with_what_to_do(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = cli("sandbox", "--port", str(taken.getsockname()[1]))
    assert result.code == 2
    assert result.out == ""
    assert "choose another" in result.err


def test_without_moto_it_says_what_to_install(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reconciler.sandbox", None)
    result = cli("sandbox")
    assert result.code == 2
    assert "in a checkout `make setup` installs it" in result.err


def test_values_are_quoted_for_the_shell() -> None:
    shown = exports({"AWS_ENDPOINT_URL": "http://x", "A": "b c", "B": ""}, ["C", "D"])
    first, second, ready = shown.splitlines()
    assert (first, ready) == ("export AWS_ENDPOINT_URL=http://x", "# ready")
    assert second.startswith("export A='b c' B=''; ")
    assert second.endswith(" && unset C D")


STRICT = {"bash": "-euc", "dash": "-euc", "fish": "-c", "zsh": "-euc"}
SHELLS = [each for each in STRICT if shutil.which(each)]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_two_lines_leave_nothing_of_another_account(
    shell: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    """Neither a session token nor a profile, and no setting that ignores the endpoint."""
    lines = exports(sandbox.environment, UNSET)
    probe = "import boto3; c = boto3.client('sts'); print(c.get_caller_identity()['Account'])"
    left = "import os; print(boto3.Session().get_credentials().token, os.getenv('AWS_PROFILE'))"
    program = shlex.join([sys.executable, "-c", f"{probe}; {left}"])
    done = subprocess.run(
        [shell, STRICT[shell], lines + program],
        cwd=tmp_path,
        env={
            **os.environ,
            "AWS_SESSION_TOKEN": "real",
            "AWS_SECURITY_TOKEN": "real",
            "AWS_PROFILE": "real",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("123456789012\nNone None\n", "")
