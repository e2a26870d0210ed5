"""What somebody probably meant by a value that does not fit: the commonest slips, put right.

Nothing here decides what is valid. A correction is offered only where it fits the field's own
pattern, so that whoever follows it gets rid of the problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from reconciler.declare import instance_types, zones
from reconciler.declare.hours import DAYS
from reconciler.declare.scalars import in_yaml

_NAMES = {
    "Mon": "monday mon mo montag",
    "Tue": "tuesday tues tue tu dienstag di",
    "Wed": "wednesday weds wed we mittwoch mi",
    "Thu": "thursday thurs thur thu th donnerstag do",
    "Fri": "friday fri fr freitag",
    "Sat": "saturday sat sa samstag",
    "Sun": "sunday sun su sonntag so",
    "Mon-Fri": "weekdays weekday workdays workday werktags",
    "Sat-Sun": "weekends weekend wochenende",
    "daily": "daily everyday every-day always all täglich",
}
_DAY = {name: day for day, names in _NAMES.items() for name in names.split()}
_CLOCK = re.compile(
    r"(?<![\d:.])(?:(\d{1,2})(?:[:.h](\d{2}))?(?:[:.]00)?|(\d{2})(\d{2}))"
    r"\s*(?:(a|p)\.?m\.?|uhr|h|o'clock)?(?![\d:.])"
)
_CRON = re.compile(r"(?:cron\()?(\d{1,2}) (\d{1,2}) [*?] [*?] ([\w,*?-]+)(?: [*?])?\)?")
_SIZE = re.compile(r"(\d{1,7})(?:\.0+)?\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)[a-z]*\.?", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = 100  # characters of a value that is worth reading so closely
_ZONE, _HOURS = "Europe/Berlin", "Mon-Fri 09:00"
_SPAN_OF_HOURS = re.compile(
    r"(\d{1,2}(?:[:.]\d{2})?)\s*(?:-|–|to|until|bis)\s*(\d{1,2}(?:[:.]\d{2})?)$"
)


def advice(text: str, pattern: str) -> str:
    """Suggest a text for one that does not fit a pattern; "" when none is known."""
    if len(text) > _LONGEST:
        return ""
    of_zones = re.search(pattern, _ZONE) is not None
    for other in (zones.meant(text),) if of_zones else _meant(text):
        if other not in ("", text) and re.search(pattern, other):
            return f"write {in_yaml(other)}"
    if of_zones and zones.is_offset(text):
        return f"an offset knows no summer time: name a place, such as {_ZONE}, or UTC"
    if re.search(pattern, _HOURS):
        return _two(text)
    return ""


def _two(text: str) -> str:
    """Hours written as a span: `Mon-Fri 9-17`."""
    span = _SPAN_OF_HOURS.search(text)
    if not span:
        return ""
    days = text[: span.start()]
    start, stop = hours(days + span[1]), hours(days + span[2])
    in_order = start and stop and start.split()[1] < stop.split()[1]
    return f'write start: "{start}" and stop: "{stop}"' if in_order else ""


def _meant(text: str) -> Iterator[str]:
    bare = " ".join(text.split())
    yield from (bare, bare.lower(), re.sub(r"[\s_]+", "-", bare.lower()))
    yield from (bare.replace(" ", ""), bare.replace(" ", "").lower())
    yield re.sub(r"\D", "", bare) if re.fullmatch(r"[\d\s-]+", bare) else ""
    yield from (hours(bare), _span(bare))
    yield from _sizes(bare)
    yield instance_types.suggestion(bare)


def _sizes(text: str) -> Iterator[str]:
    """A size in the units of a field: `100GB`, `100 gb`, `100G` and `100` are 100GiB of a disk."""
    found = _SIZE.fullmatch(text)
    if found:
        number, unit = int(found[1]), found[2].upper() or "G"
        yield from (f"{number}{unit}iB", f"{number}{unit}B")


def _span(text: str) -> str:
    """A duration in one unit: `1h30m` and `90 minutes` are 90m."""
    parts = _SPAN.findall(text)
    if not parts or _SPAN.sub("", text).strip(" ,"):
        return ""
    total = sum(int(number) * _SECONDS[unit.lower()] for number, unit in parts)
    unit = next(unit for unit in "dhms" if total % _SECONDS[unit] == 0)
    return f"{total // _SECONDS[unit]}{unit}"


def hours(text: str) -> str:
    """Read `9am`, `Monday-Friday 9:00`, `weekdays 9` or `0 9 * * 1-5` as hours; "" if the text is
    none.

    Without days it is office days.
    """
    cron = _CRON.fullmatch(text)
    if cron and text.startswith("cron(") and re.search(r"\d", cron[3]):
        return ""  # EventBridge counts its days from another one
    if cron:
        return _joined(_cron_days(cron[3]), int(cron[2]), int(cron[1]))
    lower = re.sub(r"\b(noon|midday)\b", "12:00", text.lower())
    lower = re.sub(r"\b(midnight)\b", "00:00", lower)
    clocks = list(_CLOCK.finditer(lower))
    if not clocks:  # days alone: with the time of the example, to be corrected
        return _joined(_days(lower, ""), 9, 0)
    if len(clocks) != 1:
        return ""
    [found] = clocks
    hour, minute = int(found[1] or found[3]), int(found[2] or found[4] or 0)
    if found[5] and not 1 <= hour <= 12:
        return ""
    hour = hour % 12 + 12 * (found[5] == "p") if found[5] else hour
    rest = lower[: found.start()] + " " + lower[found.end() :]
    return _joined(_days(rest), hour, minute)


def _joined(days: str, hour: int, minute: int) -> str:
    fits = days and 0 <= hour <= 23 and 0 <= minute <= 59
    return f"{days} {hour:02}:{minute:02}" if fits else ""


def _days(text: str, without: str = "Mon-Fri") -> str:
    """Days in any usual spelling as `Mon-Fri,Sun`; `without` any, that; "" if a word is none."""
    words = re.sub(r"\s*(?:-|–|—|\bto\b|\bbis\b|\bthrough\b)\s*", "-", text)
    words = re.sub(r"\b(every day|each day)\b", "daily", words)
    words = re.sub(r"\b(at|on|and|und|um|every|each|from|utc)\b|[,;&+/|@]", " ", words)
    parts = []
    for word in words.replace(".", "").split():
        ends = [_DAY.get(part, "") or _DAY.get(part.removesuffix("s"), "") for part in
                word.strip("-").split("-")]  # fmt: skip
        if not all(ends) or len(ends) > 2 or (len(ends) == 2 and not set(ends) <= set(DAYS)):
            return ""
        parts.append("-".join(ends))
    if "daily" in parts:
        return "daily" if len(parts) == 1 else ""
    return ",".join(dict.fromkeys(parts)) or without


def _cron_days(text: str) -> str:
    """The fifth field of a crontab, where 0 and 7 are Sunday."""
    if text in ("*", "?"):
        return "daily"
    names = dict(zip("01234567", ("Sun", *DAYS), strict=True))
    named = re.sub(r"\d", lambda digit: names.get(digit[0], "x"), text)
    return _days(named.lower())


def listed(text: str) -> list[str]:
    """Split a list that was written as one text: `a, b` or `a b`."""
    return list(chain.from_iterable(part.split() for part in re.split(r"[,;]", text)))
