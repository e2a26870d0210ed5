"""The acceptance program as people start it, and the emulator that is not ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
"""Of the sandbox; and ministack takes an access key of 12 digits for the account."""
START_SECONDS = 30


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """`python -m acceptance`, in a process group of its own as a shell would have it."""
    return subprocess.Popen(
        [sys.executable, "-m", "acceptance", "--folder", str(folder), *arguments],
        env={**os.environ, "RECONCILER_ACCEPTANCE_ACCOUNT": ACCOUNT, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def ministack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A ministack of its own, on a free port, and the environment pointing at it; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    home = {"HOME": str(tmp_path), "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    # The venv beside pytest's own: `make setup` makes both.
    python = Path(sys.prefix) / "ministack/bin/python"
    assert python.exists(), "ministack is not there: `make setup` installs it"
    with subprocess.Popen(
        [python, "-m", "ministack"],
        env={"PATH": os.environ["PATH"], **home},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _answers(url, process)
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
            monkeypatch.delenv("AWS_SESSION_TOKEN")
            # Else the test looks into the account of the credentials that were used first.
            monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
            yield url
        finally:
            process.kill()  # what it holds is gone either way, and its own good end takes seconds


def _answers(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until it does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"ministack ended with {process.returncode}"
        try:
            with opener.open(f"{url}/_ministack/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"ministack did not answer within {START_SECONDS} s")
