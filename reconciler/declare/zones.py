"""Time zones: which there are, and which one somebody means by another name for it.

EventBridge Scheduler takes the names of the IANA database (its user guide, "Time zones on
EventBridge Scheduler"); Auto Scaling's scheduled actions only canonical ones (its API reference,
PutScheduledUpdateGroupAction). So a name of one word, such as `Japan` or `EST5EDT`, which the
database keeps for old programs, is answered with the place that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from reconciler.declare.suggest import suggest

_WORDS: Mapping[str, str] = {
    "Africa/Cairo": "egypt",
    "Africa/Tripoli": "libya",
    "America/Chicago": "cst cdt ct central cst6cdt",
    "America/Denver": "mst mdt mst7mdt navajo",
    "America/Havana": "cuba",
    "America/Jamaica": "jamaica",
    "America/Los_Angeles": "pst pdt pt pacific pst8pdt",
    "America/New_York": "est edt et eastern est5edt",
    "Asia/Hong_Kong": "hongkong",
    "Asia/Jerusalem": "israel",
    "Asia/Kolkata": "ist india",
    "Asia/Seoul": "kst rok",
    "Asia/Shanghai": "china prc",
    "Asia/Singapore": "singapore",
    "Asia/Taipei": "roc",
    "Asia/Tehran": "iran",
    "Asia/Tokyo": "jst japan",
    "Atlantic/Reykjavik": "iceland",
    "Australia/Sydney": "aest aedt",
    "Europe/Athens": "eet eest",
    "Europe/Berlin": "cet cest mez mesz met germany",
    "Europe/Dublin": "eire",
    "Europe/Istanbul": "turkey",
    "Europe/Lisbon": "wet portugal",
    "Europe/London": "bst gb uk england gbeire",
    "Europe/Moscow": "wsu",
    "Europe/Warsaw": "poland",
    "Pacific/Auckland": "nz",
    "Pacific/Chatham": "nzchat",
    "Pacific/Honolulu": "hst",
    "Pacific/Kwajalein": "kwajalein",
    "UTC": "utc gmt greenwich z zulu uct universal gmt0 gmt+0 gmt-0 utc+0",
}
"""A place by abbreviations, countries and the database's names of one word."""

_COMMON = {word: place for place, words in _WORDS.items() for word in words.split()}

_OFFSET = re.compile(r"(utc|gmt|etc/gmt)?\s*[+-]\s*\d{1,2}(:?\d{2})?", re.IGNORECASE)


@cache
def is_zone(name: str) -> bool:
    """Tell whether the IANA database has this time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a plain name; a folder of zones
        return False
    return True


@cache
def zones() -> tuple[str, ...]:
    """List every time zone that names a place: a misspelt name may mean one of them."""
    return tuple(sorted(name for name in available_timezones() if "/" in name))


def is_offset(text: str) -> bool:
    """Tell whether a text is an offset from UTC, which has no summer time."""
    return _OFFSET.fullmatch(text.strip()) is not None


def meant(text: str) -> str:
    """Find the zone that a text probably means: in other capitals, by its city, its country or
    an abbreviation, or misspelt; "" if none."""
    word = "_".join(text.split()).lower()
    if word.replace("-", "").replace("_", "") in _COMMON or word in _COMMON:
        return _COMMON.get(word) or _COMMON[word.replace("-", "").replace("_", "")]
    if is_offset(text):  # GMT+1 is an hour east of Greenwich to people, and west to the database
        return ""
    exact = {name.lower(): name for name in zones()}
    cities = {name.lower().rpartition("/")[2]: name for name in reversed(zones())}
    if word in exact or word in cities:
        return exact.get(word) or cities[word]
    close = suggest(word, zones()) if "/" in word else suggest(word, cities, 0.8)
    return (close and (close if "/" in close else cities[close])) or ""
