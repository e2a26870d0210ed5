"""Writing to a stream that may be closed, left by its reader, or full."""

from __future__ import annotations

import os
from typing import TextIO


def write(stream: TextIO | None, text: str) -> None:
    """Write at once. A reader who has left (`| head`) is no error: what was done is done."""
    if stream is None:  # closed by the caller: `>&-`
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # What is left in the buffer, the interpreter's last flush included, goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):  # a full disk
            raise
