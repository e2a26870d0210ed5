"""stderr as log records: plain lines for people, JSON lines for machines."""

from __future__ import annotations

import logging
import sys

from reconciler.cli.streams import write
from reconciler.render.escape import in_json, terminal
from reconciler.render.look import Look, Role

_WORDS: dict[int, tuple[str, Role]] = {
    logging.DEBUG: ("debug", "quiet"),
    logging.WARNING: ("warning", "change"),
    logging.ERROR: ("error", "trouble"),
}


def logger(look: Look, *, verbose: bool, as_json: bool, run_id: str = "") -> logging.Logger:
    """The product's logger, set up for this command."""
    ours = logging.getLogger("reconciler")
    handler = _Stderr()
    handler.setFormatter(_as_json(run_id) if as_json else _Plain(look))
    ours.handlers = [handler]
    ours.propagate = False
    ours.setLevel(logging.DEBUG if verbose else logging.INFO)
    return ours


class _Stderr(logging.Handler):
    """Like StreamHandler, for a stderr that may be closed or replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        write(sys.stderr, self.format(record) + "\n")


class _Plain(logging.Formatter):
    """One line a record; what is more than a note says so with a word."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def format(self, record: logging.LogRecord) -> str:
        text = self._look.plain(terminal(record.getMessage()))
        if record.levelno not in _WORDS:
            return text
        word, role = _WORDS[record.levelno]
        return f"{self._look.paint(role, word)}: {text}"


def _as_json(run_id: str) -> logging.Formatter:
    """Time, level, logger, message and run id, and whatever fields the record has beside them."""
    from pythonjsonlogger.json import JsonFormatter

    class Json(JsonFormatter):
        def format(self, record: logging.LogRecord) -> str:
            return in_json(super().format(record))

    return Json(
        "{asctime}{levelname}{name}{message}",
        style="{",
        datefmt="%Y-%m-%dT%H:%M:%S%z",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        json_ensure_ascii=True,
        static_fields={"run_id": run_id},
    )
