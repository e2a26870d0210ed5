"""Sizes and durations: as written in YAML → whole numbers (the schema has checked their form), and
whole numbers → words for people."""

from __future__ import annotations

_GIB = {"GiB": 1, "TiB": 1024}
_MIB = {"MiB": 1, "GiB": 1024, "TiB": 1024 * 1024}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def gib(text: str) -> int:
    """Convert `100GiB` or `2TiB` to GiB."""
    return int(text[:-3]) * _GIB[text[-3:]]


def mib(text: str) -> int:
    """Convert `512MiB`, `16GiB` or `1TiB` to MiB."""
    return int(text[:-3]) * _MIB[text[-3:]]


def gpu_gb(text: str) -> int:
    """Convert `24GB`, the nominal memory of one GPU, to GB."""
    return int(text.removesuffix("GB"))


def seconds(text: str) -> int:
    """Convert `90s`, `10m`, `8h` or `2d` to seconds."""
    return int(text[:-1]) * _SECONDS[text[-1]]


def duration(number: float) -> str:
    """Write seconds as `45 s`, `3 min 5 s` or `2 h 5 min`."""
    total = round(number)
    if total < 60:
        return f"{total} s"
    minutes, rest = divmod(total, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
