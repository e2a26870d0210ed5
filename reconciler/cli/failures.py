"""An error as one line (what, where, what to do), as JSON, as a GitHub annotation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import click

from reconciler.cli import exits
from reconciler.cli.about import ISSUES
from reconciler.errors import BadDeclaration, Denied, ReconcilerError


@dataclass(frozen=True)
class Failure:
    """What a person needs to know of an error."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = exits.FAILED
    where: str = ""

    @property
    def line(self) -> str:
        """`message (hint)`."""
        return self.message + (f" ({self.hint})" if self.hint else "")

    @property
    def document(self) -> dict[str, Any]:
        """The `error` object of the JSON output."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where or None,
            "hint": self.hint or None,
        }


def failure(error: BaseException) -> Failure:
    """What to say about an error; an unforeseen one is ours to repair."""
    match error:
        case BadDeclaration(problems=problems):
            first = problems[0]
            number = f"1 of {len(problems)}: " if len(problems) > 1 else ""
            return Failure(
                error.code, number + first.message, first.hint, error.exit_code, str(first.where)
            )
        case Denied():
            statement = {
                "Effect": "Allow",
                "Action": error.action,
                "Resource": error.resource or "*",
            }
            return Failure(
                error.code,
                f"not allowed: {error.action} on {error.resource or '*'} in {error.region}",
                f"add to the role's policy: {json.dumps(statement)}",
                error.exit_code,
            )
        case ReconcilerError():
            return Failure(error.code, str(error), "", error.exit_code)
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "reconcile"
            return Failure("usage", error.format_message(), f"see `{command} --help`", exits.USAGE)
        case click.ClickException():
            return Failure("usage", error.format_message(), "", exits.USAGE)
        case _:
            return Failure(
                "unexpected",
                f"{type(error).__name__}: {error}",
                f"a fault in reconcile: --debug shows where; please report it at {ISSUES}",
            )
