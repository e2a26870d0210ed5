"""The streams. stdout carries the result and nothing else; all else goes to stderr.

Notes and errors are log records, so that `--log-format json` makes every line of stderr JSON.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.cli.terminal.capabilities import fleets, output, style
from reconciler.cli.terminal.signals import Stop
from reconciler.cli.terminal.streams import write

if TYPE_CHECKING:
    from logging import Logger

    from reconciler.cli.terminal.failures import Failure
    from reconciler.errors import Problem
    from reconciler.plan.model import Report
    from reconciler.render.style import Style


T = TypeVar("T")


class Console:
    """The streams of one command, and the options for them."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], stop: Stop) -> None:
        self.env = env
        self.stop = stop
        self.site = ""  # known once the YAML is read; errors after that name it
        self.fleets = fleets(arguments, env)
        self.mask: Callable[[str], str] | None = None  # for --redact
        self._account = ""
        self.compact = False  # one line a JSON document: a loop prints many
        self.also: dict[str, Any] = {}  # members that every JSON document but an error's has
        # Until the options are parsed, which may fail, they are read by eye.
        self.output = output(arguments, env)
        self.debug = "--debug" in arguments
        self.no_color = "--no-color" in arguments
        self.verbose = not {"-v", "--verbose"}.isdisjoint(arguments)
        self.log_format = "text"
        self._last_note = ""
        self.run_id = ""
        self.new_run()

    @property
    def style(self) -> Style:
        """How text on stdout may look."""
        return style(sys.stdout, self.env, no_color=self.no_color)

    @property
    def style_err(self) -> Style:
        """The style of text on stderr."""
        return style(sys.stderr, self.env, no_color=self.no_color)

    @property
    def log(self) -> Logger:
        """The logger for everything that is not the result."""
        from reconciler.cli.terminal.logs import logger

        return logger(
            self.style_err,
            verbose=self.verbose,
            as_json=self.log_format == "json",
            run_id=self.run_id,
            mask=self.mask,
        )

    @property
    def on_github(self) -> bool:
        """Whether lines like `::error …::` are understood."""
        return self.env.get("GITHUB_ACTIONS") == "true"

    @property
    def commit(self) -> str:
        """The commit that CI has checked out, if it is known."""
        from reconciler.cli.terminal.ci import commit

        return commit(self.env)

    def redact(self, account: str = "", *, on: bool) -> None:
        """Turn masking on or off; the account is masked as soon as it is known."""
        if on and (self.mask is None or account != self._account):
            from reconciler.render.redact import masking

            self.mask, self._account = masking(account), account

    def masked(self, value: T) -> T:
        """Mask what `--redact` hides."""
        if self.mask is None:
            return value
        from reconciler.render.redact import masked

        found: T = masked(value, self.mask)
        return found

    def comment(self, report: Report) -> None:
        """Format a report as a pull request's comment, with the commit and the time."""
        from reconciler.render.markdown import comment

        self.result(comment(report, self.commit, datetime.now(UTC), self.fleets))

    def _no_plan(self, title: str, problems: Sequence[tuple[str, str]]) -> None:
        """The comment in the place of a plan."""
        from reconciler.render.markdown import trouble

        self.result(trouble(title, problems, self.commit, datetime.now(UTC), self.fleets))

    def new_run(self) -> None:
        """Give the records from now on another run id: eight hex digits, one for each round."""
        self.run_id = secrets.token_hex(4)

    def say_once(self, text: str) -> None:
        """Log a note that a loop would otherwise repeat on every run."""
        if text != self._last_note:
            self.log.info("%s", text)
            self._last_note = text

    def result(self, text: str) -> None:
        """Write the result, whole and at once."""
        write(sys.stdout, text)

    def json(self, document: Mapping[str, Any]) -> None:
        """Write the result as JSON."""
        from reconciler.render.as_json import dumps

        if "error" not in document:
            document = {**document, **self.also}
        self.result(dumps(document, indent=None if self.compact else 2))

    def complain(self, failure: Failure) -> None:
        """Print an error for the person at the terminal."""
        self.log.error("%s", failure.line, extra={"code": failure.code})
        for detail in failure.details:
            self.log.info("  %s", detail)

    def explain_failure(self, failure: Failure) -> None:
        """Write an error for the program or the pull request that reads stdout."""
        if self.output == "json":
            self.json({"version": 1, "site": self.site or None, "error": failure.document})
        elif self.output == "markdown":
            lines = (failure.line, *failure.details)
            self._no_plan(failure.title, [("", line) for line in lines])

    def explain_problems(self, problems: Sequence[Problem]) -> None:
        """Write all problems of a declaration that cannot be used."""
        if self.output == "json":
            from reconciler.render.problems import document

            self.json({"version": 1, "site": self.site or None, **document(problems)})
        elif self.output == "markdown":
            rows = [
                (str(problem.where), str(problem).removeprefix(f"{problem.where}: "))
                for problem in problems
            ]
            self._no_plan("the YAML is bad", rows)
