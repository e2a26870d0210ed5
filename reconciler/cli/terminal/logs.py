"""stderr as log records: plain lines for people, JSON lines for machines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from reconciler.cli.terminal.streams import write
from reconciler.render.escape import in_json, terminal
from reconciler.render.style import Role, Style

_WORDS: dict[int, tuple[str, Role]] = {
    logging.DEBUG: ("debug", "quiet"),
    logging.WARNING: ("warning", "change"),
    logging.ERROR: ("error", "trouble"),
}


def logger(
    style: Style,
    *,
    verbose: bool,
    as_json: bool,
    run_id: str = "",
    mask: Callable[[str], str] | None = None,
) -> logging.Logger:
    """Make the product's logger for this command. `mask` is applied to every text."""
    product_logger = logging.getLogger("reconciler")
    handler = _Stderr()
    if mask:
        handler.addFilter(_Masking(mask))
    handler.setFormatter(_as_json(run_id) if as_json else _Plain(style))
    product_logger.handlers = [handler]
    product_logger.propagate = False
    product_logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    return product_logger


class _Stderr(logging.Handler):
    """Like StreamHandler, for a stderr that may be closed or replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        write(sys.stderr, self.format(record) + "\n")


class _Masking(logging.Filter):
    """Masks the message, and the fields that a record has beside it."""

    _RECORD_ATTRIBUTES = frozenset(logging.makeLogRecord({}).__dict__)

    def __init__(self, mask: Callable[[str], str]) -> None:
        super().__init__()
        self._mask = mask

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._mask(record.getMessage()), ()
        for name, value in list(record.__dict__.items()):
            if name not in self._RECORD_ATTRIBUTES and isinstance(value, str):
                setattr(record, name, self._mask(value))
        return True


class _Plain(logging.Formatter):
    """Format one line a record; a warning or an error has its level as a word."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._terminal_style = style

    def format(self, record: logging.LogRecord) -> str:
        text = self._terminal_style.plain(terminal(record.getMessage()))
        if record.levelno not in _WORDS:
            return text
        word, role = _WORDS[record.levelno]
        return f"{self._terminal_style.paint(role, word)}: {text}"


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
