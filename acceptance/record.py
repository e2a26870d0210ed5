"""Write down every AWS call and its answer, one JSON object a line, masked.

A recorder listens on a botocore session, so that what `reconcile` and `workstation` ask is heard
too: `acceptance.recorded` runs them with one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acceptance.mask import Mask

FILE = "ACCEPTANCE_RECORD"
ACCOUNT = "ACCEPTANCE_MASK_ACCOUNT"
WORDS = "ACCEPTANCE_MASK_WORDS"
"""Variables that hand a recorder on to a command that is started."""

_PARAMETERS = "acceptance_parameters"


@dataclass(frozen=True)
class Recorded:
    """One call. `answer` is what botocore parsed; of an error it has `Error`."""

    service: str
    operation: str
    region: str
    parameters: dict[str, Any]
    status: int
    answer: dict[str, Any]
    actor: str  # the role that asked; "" for whoever runs this
    process: int = 0  # all calls of one command have the same

    @property
    def call(self) -> str:
        """`autoscaling:DescribeAutoScalingGroups`."""
        return f"{self.service}:{self.operation}"

    @property
    def error(self) -> str:
        """AWS's error code; "" for an answer."""
        if self.status < 300:
            return ""
        return str(self.answer.get("Error", {}).get("Code", "")) or f"HTTP {self.status}"


class Recorder:
    """Appends to a file. Lines are written whole, so that several processes may share it."""

    def __init__(self, file: Path, mask: Mask, actor: str = "") -> None:
        self.file = file
        self.mask = mask
        self.actor = actor

    def listen(self, session: Any) -> None:
        """Hear every client that this botocore session makes from now on."""
        session.register("before-parameter-build", self._asked)
        session.register("after-call", self._answered)

    def environment(self) -> dict[str, str]:
        """What makes a started command record into the same file."""
        return {
            FILE: str(self.file),
            ACCOUNT: self.mask.account,
            WORDS: json.dumps(self.mask.words),
        }

    def read(self, start: int = 0) -> Iterator[Recorded]:
        """What was recorded from a position (`here`) on."""
        if not self.file.exists():
            return
        with self.file.open(encoding="utf-8") as lines:
            lines.seek(start)
            for line in lines:
                yield Recorded(**json.loads(line))

    def here(self) -> int:
        """The position that the next call is recorded at."""
        return self.file.stat().st_size if self.file.exists() else 0

    def _asked(self, params: Any, context: dict[str, Any], **_more: Any) -> None:
        context[_PARAMETERS] = dict(params)

    def _answered(
        self, http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_more: Any
    ) -> None:
        line = {
            "service": model.service_model.service_name,
            "operation": model.name,
            "region": context.get("client_region") or "",
            "parameters": self.mask(context.get(_PARAMETERS, {})),
            "status": http_response.status_code,
            "answer": self.mask(parsed),
            "actor": self.actor,
            "process": os.getpid(),
        }
        # In one write: other processes append to the same file.
        appending = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(appending, (json.dumps(line, ensure_ascii=False) + "\n").encode())
        finally:
            os.close(appending)


def from_environment(actor: str) -> Recorder:
    """The recorder that was handed on."""
    mask = Mask(os.environ[ACCOUNT], json.loads(os.environ[WORDS]))
    return Recorder(Path(os.environ[FILE]), mask, actor)
