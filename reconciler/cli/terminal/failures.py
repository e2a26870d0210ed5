"""Describe an error for people and programs: what happened, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from reconciler.cli.product import ISSUES
from reconciler.cli.terminal import exit_codes
from reconciler.errors import (
    Denied,
    Interrupted,
    NoDeclaration,
    OtherPlan,
    ReconcilerError,
    Stopped,
    Unreachable,
)


@dataclass(frozen=True)
class Failure:
    """The description of an error for a person."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = exit_codes.FAILED
    details: tuple[str, ...] = ()  # a line each, below the message

    @property
    def line(self) -> str:
        """The error in one line, `message (hint)`."""
        return self.message + (f" ({self.hint})" if self.hint else "")

    @property
    def title(self) -> str:
        """The title of the error, in two or three words."""
        return _TITLES.get(self.code, "the run failed")

    @property
    def document(self) -> dict[str, Any]:
        """The `error` object of the JSON output."""
        return {
            "code": self.code,
            "message": "; ".join((self.message, *self.details)),
            "where": None,
            "hint": self.hint or None,
        }


_TITLES = {
    "usage": "the command, or its credentials, cannot be used",
    "no-declaration": "nothing is declared",
    "other-plan": "it is not the plan that was approved",
    "denied": "a permission is missing",
    "throttled": "AWS answers too slowly",
    "unreachable": "AWS cannot be reached",
    "interrupted": "it was interrupted",
}
"""By code, what a pull request's comment is headed with."""


def failure(error: BaseException) -> Failure:
    """Describe an error; an unforeseen one is a bug of ours."""
    match error:
        case Denied():
            return Failure(error.code, *_permission(error), error.exit_code)
        case OtherPlan(rows=rows):
            return Failure(error.code, str(error), "", error.exit_code, rows)
        case ReconcilerError():
            return Failure(error.code, str(error), _hint(error), error.exit_code)
        case click.ClickException():
            context = error.ctx if isinstance(error, click.UsageError) else None
            command = context.command_path if context else "reconcile"
            return Failure(
                "usage", error.format_message(), f"see `{command} --help`", exit_codes.USAGE
            )
        case Interrupted(number=number):
            message = f"stopped by {error} while reading; nothing was written"
            return Failure("interrupted", message, "", 128 + number)
    return Failure(
        "unexpected",
        f"{type(error).__name__}: {error}",
        f"this is a bug in reconcile: --debug shows where; please report it at {ISSUES}",
    )


def _hint(error: ReconcilerError) -> str:
    match error:
        case NoDeclaration():
            return "`reconcile sandbox` starts a local AWS for trials; examples/ has fleets"
        case Stopped():
            return "give the same command again: it does what is missing"
        case Unreachable():
            return "check the network, the proxy and AWS_ENDPOINT_URL"
    return ""


def _permission(error: Denied) -> tuple[str, str]:
    """What was not allowed, and the policy statement that allows it."""
    import json

    if error.advice:  # AWS does not say which of several rights is missing
        return f"{error.operation}: {error.aws_code}: {error.message}", error.advice
    resource = error.resource or "*"
    statement = {"Effect": "Allow", "Action": error.action, "Resource": resource}
    return (
        f"not allowed: {error.action} on {resource} in {error.region}",
        f"add to the role's policy: {json.dumps(statement)}",
    )
