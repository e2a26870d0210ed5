"""A network of its own, in which the metadata service has the address that it has on EC2."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

METADATA = "169.254.169.254"
_CLONE_NEWNET = 0x40000000


@contextmanager
def namespace(name: str) -> Iterator[str]:
    """Make a network namespace with a loopback that has the address of the metadata service."""
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "addr", "add", f"{METADATA}/32", "dev", "lo")
        yield name
    finally:
        _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def inside(name: str, start: Callable[[], T]) -> T:
    """Call a function in a thread of that network; the threads that it starts stay there."""
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        with Path(f"/run/netns/{name}").open() as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), _CLONE_NEWNET):
                errors.append(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
                return
        try:
            results.append(start())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    for error in errors:
        raise error
    return results[0]
