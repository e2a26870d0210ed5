"""Write to a stream that may be closed, left by its reader, or full."""

from __future__ import annotations

import os
import threading
from typing import TextIO

_ERASE = "\r\x1b[2K"
_lock = threading.RLock()  # a signal may write while its own thread does
_moving: list[TextIO] = []  # the terminal whose last row is a moving line


def move(terminal: TextIO, text: str) -> None:
    """Show a line in place of the last one; whatever is written next takes its place, too.

    `text` "" only takes the line away.
    """
    with _lock:
        erase = _ERASE if _moving else ""
        _moving[:] = [terminal] if text else []
        _write(terminal, erase + text)


def write(stream: TextIO | None, text: str) -> None:
    """Write at once. A reader who has left (`| head`) is no error: the work is done."""
    if stream is None:  # closed by the caller: `>&-`
        return
    with _lock:
        if _moving:
            move(_moving[0], "")
        _write(stream, text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # What is left in the buffer, the interpreter's last flush included, goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):  # a full disk
            raise
