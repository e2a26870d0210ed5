"""The errors this product raises.

ReconcilerError                  shown as one line, never as a traceback; knows its exit code
├── BadDeclaration      2        the YAML is wrong; carries every problem
├── UsageError          2        credentials, options, endpoint: the caller can fix it
├── Refused             4        a guard stopped the whole run
│   ├── NoDeclaration            no file declares anything: an empty or a wrong folder
│   └── OtherPlan                the plan is not the one that was approved; says how it differs
└── AwsError            1        an AWS call failed; carries operation, code and text
    ├── Denied                   the caller lacks a permission; carries the action
    ├── RegionRefused            a region refuses credentials that are good elsewhere
    ├── InvalidTemplate          EC2 does not take a launch template; says why
    ├── Throttled                still throttled after every retry
    ├── Unreachable              no answer: name, connection, time-out, broken body
    ├── NotFound                 the thing is not there (or not visible yet)
    ├── AlreadyExists            the name or token is taken
    └── NotReady                 the thing is busy, or too new; a later run will do it

Interrupted                      no Exception: a signal ended a stage that only reads
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, order=True, slots=True)
class Where:
    """A place in a YAML file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class ReconcilerError(Exception):
    """Anything we can explain to the person who ran the command."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"


class Interrupted(BaseException):
    """A signal ended the reading; not an Exception, so that no handler of errors swallows it."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file: where, what, and what to do about it."""

    where: Where
    message: str
    hint: str = ""
    length: int = 1  # characters to underline
    line: str = field(default="", compare=False)  # the source line, for the caret

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class BadDeclaration(ReconcilerError):
    """The YAML cannot be used; `problems` lists everything found in every file, sorted.

    `site` is the site that it declares, "" where that cannot be known.
    """

    exit_code = 2
    code = "bad-declaration"

    def __init__(self, problems: Sequence[Problem], site: str = "") -> None:
        self.site = site
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(ReconcilerError):
    """The command cannot run as it was called."""

    exit_code = 2
    code = "usage"


class Refused(ReconcilerError):
    """A guard stopped the run before anything was written."""

    exit_code = 4
    code = "refused"


class NoDeclaration(Refused):
    """No file declares anything; going on would mean that everything is to be removed."""

    code = "no-declaration"


class OtherPlan(Refused):
    """The plan is not the one that was approved; `rows` says of each row that differs how."""

    code = "other-plan"

    def __init__(self, message: str, rows: Sequence[str] = ()) -> None:
        self.rows = tuple(rows)
        super().__init__(message)


class AwsError(ReconcilerError):
    """An AWS call failed. `operation` reads `autoscaling:CreateAutoScalingGroup`."""

    code = "aws"

    def __init__(self, operation: str, aws_code: str, message: str, region: str = "") -> None:
        self.operation = operation
        self.aws_code = aws_code
        self.message = message
        self.region = region
        super().__init__(f"{operation}: {aws_code}: {message}")


class Denied(AwsError):
    """The caller lacks a permission; `action` is the one to allow, `resource` on what."""

    code = "denied"

    def __init__(
        self,
        operation: str,
        aws_code: str,
        message: str,
        region: str,
        action: str,
        resource: str,
        advice: str = "",
    ) -> None:
        super().__init__(operation, aws_code, message, region)
        self.action = action
        self.resource = resource
        self.advice = advice

    def __str__(self) -> str:
        """In one line: the call, and what to allow where that is not the call itself.

        EC2's encoded half is left out: it is for AWS's own DecodeAuthorizationMessage. `advice`
        is for a text that does not say which of several rights is missing.
        """
        text = " ".join(self.message.split()).partition(" Encoded authorization")[0]
        line = f"{self.operation}: {self.aws_code}: {text}"
        if self.advice:
            return f"{line} ({self.advice})"
        if "explicit deny" in text:
            return f"{line} (a policy denies {self.action}: an Allow elsewhere does not help)"
        if (self.action, self.resource) == (self.operation, "*"):
            return line
        return f"{line} (allow {self.action} on {self.resource})"


class RegionRefused(AwsError):
    """A region refuses credentials that AWS took before: the account has not enabled it."""

    code = "region-refused"

    def __str__(self) -> str:
        """Name the region, which AWS's own text does not."""
        return (
            f"{super().__str__()} ({self.region} refuses credentials that AWS took a moment ago: "
            "is this region enabled in this account?)"
        )


class InvalidTemplate(AwsError):
    """EC2 does not take the launch template; `message` is its sentence about it."""

    code = "invalid-template"

    def __str__(self) -> str:
        """EC2's sentence, and what to do about it."""
        return (
            f"{self.operation}: EC2 does not take the launch template: {self.message} (correct "
            "what the sentence names, in the YAML or in the account)"
        )


class Throttled(AwsError):
    """AWS still said "slow down" after every retry."""

    code = "throttled"


class Unreachable(AwsError):
    """No usable answer came back, so nothing is known about what happened."""

    code = "unreachable"


class NotFound(AwsError):
    """What the call names does not exist, or is not visible yet."""

    code = "not-found"


class AlreadyExists(AwsError):
    """The name (or token) is taken."""

    code = "already-exists"


class NotReady(AwsError):
    """The thing is busy, or too new for another service; a later run does the change."""

    code = "not-ready"


class Stopped(AwsError):
    """A signal asked the command to stop before the call was begun."""

    code = "stopped"

    def __init__(self, operation: str, region: str) -> None:
        text = f"{operation} was not sent: the command was told to stop"
        super().__init__(operation, "Stopped", text, region)

    def __str__(self) -> str:
        """What was not sent, or not answered."""
        return self.message


class Unanswered(Stopped):
    """A signal asked the command to stop, and a call that AWS had not answered was left behind."""

    code = "unanswered"

    def __init__(self, operation: str, region: str) -> None:
        super().__init__(operation, region)
        self.message = (
            f"unknown: AWS had not answered {operation} when the command was told to stop"
        )
