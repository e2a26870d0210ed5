"""The instance metadata service, version 2: each answer needs a token, and tokens end.

EC2 user guide, "Use the Instance Metadata Service to access instance metadata".
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

URL = "http://169.254.169.254/latest/"
SECONDS = 3600


class Unknown(Exception):
    """The service did not answer, so nothing is known: never the same as "there is nothing"."""


class Imds:
    """The metadata of this instance."""

    def __init__(self, url: str = URL, clock: Callable[[], float] = time.monotonic) -> None:
        self.url, self.clock = url, clock
        self.token, self.until = "", 0.0
        # A proxy of the environment must never see a token.
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def get(self, path: str) -> str | None:
        """Read below `latest/`; None where AWS says that there is nothing. Raises: Unknown."""
        for _ in range(2):
            try:
                if self.clock() > self.until:
                    self.token = ""
                if not self.token:
                    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": str(SECONDS)}
                    self.token = self._ask("PUT", "api/token", ttl)
                    self.until = self.clock() + SECONDS - 60
                return self._ask("GET", path, {"X-aws-ec2-metadata-token": self.token})
            except urllib.error.HTTPError as error:
                if error.code == 404 and self.token:  # without one, it is no answer to the question
                    return None
                if error.code != 401:
                    raise Unknown(f"{path}: HTTP {error.code}") from error
                self.token = ""  # it has ended before its time
            except (OSError, ValueError, HTTPException) as error:
                raise Unknown(f"{path}: {error}") from error
        raise Unknown(f"{path}: two tokens were refused")

    def json(self, path: str) -> Any:
        """Read a JSON document; None where there is none. Raises: Unknown."""
        text = self.get(path)
        try:
            return None if text is None else json.loads(text)
        except ValueError as error:
            raise Unknown(f"{path}: no JSON") from error

    def word(self, path: str, form: str = "[a-z0-9.-]+") -> str:
        """Read one word that has this form. Raises: Unknown."""
        found = self.get(path) or ""
        if not re.fullmatch(form, found):
            raise Unknown(f"{path}: {found[:40]!r} is none")
        return found

    def instance_id(self) -> str:
        """Return the id of this instance. Raises: Unknown."""
        return self.word("meta-data/instance-id", "i-[0-9a-f]{1,17}")

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        with self.open(request, timeout=2) as answer:
            text: str = answer.read(65536).decode()
            return text
