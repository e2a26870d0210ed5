"""What a step or a probe has to say, and why one was not answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`text` is one of the few answers that a probe explains; the evidence is JSON."""

    text: str
    evidence: dict[str, Any] = field(default_factory=dict)


class NotRun(Exception):
    """It cannot be asked here; the message says because of what."""


class Late(NotRun):
    """What was waited for did not happen in the time that can pass here."""


class Failed(Exception):
    """The product, or AWS, did otherwise than the step says."""

    def __init__(self, message: str, evidence: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.evidence = evidence or {}
