"""Calendars that are none, lead elsewhere, or would keep a computer busy for years."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.hostile.case import Case, Cases, Files, Make, fleet

HOURS = "gpu: {}, schedule: {start: Mon 09:00, timezone: UTC, except: [holi]}"
UNUSABLE = "is no calendar that can be used"
RARE = "days that hardly ever come"
FINER = "DAILY, WEEKLY, MONTHLY or YEARLY"


def declared(calendar: str, settings: str = HOURS) -> Files:
    return {"_days.yaml": f"calendars: {{holi: {calendar}}}\n", "vision.yaml": fleet(settings)}


def events(*bodies: str) -> str:
    parts = [
        f"BEGIN:VEVENT\r\nUID:{n}\r\n{body.replace('|', chr(13) + chr(10))}\r\nEND:VEVENT\r\n"
        for n, body in enumerate(bodies)
    ]
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{''.join(parts)}END:VCALENDAR\r\n"


def with_file(text: str | bytes) -> Files:
    return {**declared("{ics: it.ics}"), "it.ics": text}


def planted(make: Callable[[Path], object]) -> Make:
    """The fleet, and whatever this makes of `it.ics`."""

    def plant(folder: Path) -> None:
        Case("it", declared("{ics: it.ics}")).plant(folder)
        make(folder / "it.ics")

    return plant


def dates() -> Cases:
    for text in (
        "2026-02-30", "0000-01-01", "2026-00-10", "2026-12-32", "9999-99-99", "2026-1-1",
        "24.12.2026", "12/24/2026", "tomorrow", "", "2026-12-24T00:00:00", "-2026-12-24",
        "2026-12-26/2026-12-24", "0001-01-01/9999-12-31", "2026-12-24/", "/2026-12-24",
        "2026-12-24/2026-12-25/2026-12-26", "2026-12-24\u200b", "\u0662\u0660\u0662\u0666-12-24",
        "$(touch canary)",
    ):  # fmt: skip
        yield Case(f"a day {text!a}", declared(f'{{dates: ["{text}"]}}'))
    yield Case("a bare date", declared("{dates: [2026-12-24]}"), "a date to many YAML readers")
    yield Case("a day and no list", declared('{dates: "2026-12-24"}'), "must be a list")
    yield Case("a day twice", declared('{dates: ["2026-12-24", "2026-12-24"]}'), "twice")
    many = ", ".join(f'"{2000 + n // 28}-01-{1 + n % 28:02}"' for n in range(500))
    yield Case("500 days", declared(f"{{dates: [{many}]}}"), "at most 400")
    yield Case("an empty calendar", declared("{}"), "is empty")
    yield Case("a calendar of null", declared("null"), "has no value")
    yield Case("a list of calendars", {"_days.yaml": "calendars: [closed]\n"}, "must be a mapping")
    name = {"_days.yaml": "calendars: {'../x': {dates: []}}\n"}
    yield Case("a calendar's name", name, "2 to 32")
    yield Case("an unknown one", fleet(HOURS), "no calendar is called")
    yield Case("one of an odd name", fleet(HOURS.replace("holi", "'$(id)'")), "2 to 32")
    yield Case("1,001 exceptions", fleet(HOURS.replace("holi", "holi," * 1001)), "more than 1000")
    twice = {
        **declared('{dates: ["2026-12-24"]}'),
        "_b.yaml": "calendars: {holi: {dates: []}}",
    }
    yield Case("a calendar twice", twice, "is declared in")
    for hours in ("[[Mon 09:00]]", "[null]", "[9]", "{a: b}", "[Mon 09:00, mon 10:00]", "''"):
        yield Case(
            f"start: {hours}", fleet(f"gpu: {{}}, schedule: {{start: {hours}, timezone: UTC}}")
        )
    for word in ("Manual", "none", "off", "'manual '", "[manual]", "true"):
        yield Case(f"schedule: {word}", fleet(f"gpu: {{}}, schedule: {word}"))


def ics_places() -> Cases:
    for path in (
        "../it.ics", "/etc/hosts.ics", "a/../../it.ics", "./it.ics", "it.txt", "~/it.ics",
        "a//b.ics", "it.ics/", "a\\\\b.ics", "$(touch canary).ics", "file:it.ics",
        "https://example.com/it.ics", "-it.ics", ".it.ics", "a b.ics", "it.ics\u200b",
        "x" * 300 + ".ics", "%2e%2e/it.ics",
    ):  # fmt: skip
        yield Case(f"at {path[:40]!a}", declared(f'{{ics: "{path}"}}'))
    yield Case("nowhere", declared("{ics: nowhere/it.ics}"), "cannot be read")
    for target in ("/etc/passwd", "/dev/zero", "/proc/self/environ", "../../../../etc/passwd"):
        link: Make = lambda path, to=target: path.symlink_to(to)  # type: ignore[misc]  # noqa: E731
        yield Case(f"a link to {target}", planted(link), "leads out of its folder")
    yield Case("a link to itself", planted(lambda it: it.symlink_to("it.ics")), "cannot be read")
    yield Case("a FIFO", planted(os.mkfifo), "not a regular file")
    yield Case("a folder", planted(lambda it: it.mkdir()), "a directory")

    def endless(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(1 << 40)

    yield Case("a terabyte", planted(endless), "larger than 256 KiB")


def ics_content() -> Cases:
    day = "DTSTART;VALUE=DATE:20261224"
    for name, text in {
        "nothing": "",
        "a word": "hello",
        "YAML": fleet(),
        "HTML": "<html><script>alert(1)</script></html>",
        "half of one": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        "an end without a begin": "END:VCALENDAR\r\n",
        "two of them": events(day) * 2,
        "no begin of an event": events("SUMMARY:x"),
        "a bad day": events("DTSTART;VALUE=DATE:20269999"),
        "the end of time": events("DTSTART;VALUE=DATE:00010101|DTEND;VALUE=DATE:99991231"),
        "a long one": events("DTSTART;VALUE=DATE:20260101|DURATION:P99999999999D"),
        "a bad rule of exceptions": events(f"{day}|RRULE:FREQ=DAILY;UNTIL=x"),
        "1,001 events": events(*[day] * 1001),
        "before our time": events("DTSTART;VALUE=DATE:00010101|RRULE:FREQ=DAILY"),
        "51 rules": events(*[f"{day}|RRULE:FREQ=YEARLY"] * 51),
        "10,000 levels": "BEGIN:VCALENDAR\r\n" * 10_000,
    }.items():
        yield Case(name, with_file(text), UNUSABLE)
    yield Case("no UTF-8", with_file(b"BEGIN:VCALENDAR\xff\xfe"), "is not UTF-8")
    yield Case("UTF-16", with_file(events(day).encode("utf-16")), "is not UTF-8")
    for often in ("SECONDLY", "MINUTELY", "HOURLY", "SOMETIMES", "", "daily;FREQ=SECONDLY"):
        yield Case(f"FREQ={often}", with_file(events(f"{day}|RRULE:FREQ={often}")), FINER)
    folded = events(f"{day}|RRULE:FREQ=SECON\r\n DLY")
    yield Case("a folded rule", with_file(folded), FINER)
    yield Case("a rule in lower case", with_file(events(f"{day}|rrule:freq=secondly")), FINER)
    yield Case("a rule with a parameter", with_file(events(f"{day}|RRULE;X=1:FREQ=HOURLY")), FINER)
    zone = "BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\n"
    zone += "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\n"
    zone += "END:STANDARD\r\nEND:VTIMEZONE\r\n"
    hidden = events(day).replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT", 1)
    yield Case("a rule of a zone", with_file(hidden), FINER)
    for rule in (
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTHDAY=99",
        "FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
        "FREQ=YEARLY;BYSETPOS=3", "FREQ=YEARLY;BYDAY=60MO", "FREQ=MONTHLY;BYDAY=MO,-6TU",
    ):  # fmt: skip
        yield Case(rule, with_file(events(f"{day}|RRULE:{rule}")), RARE)
    for rule in (
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYSETPOS=9", "FREQ=YEARLY;BYYEARDAY=366",
        "FREQ=YEARLY;BYWEEKNO=53", "FREQ=DAILY;BYHOUR=1", "FREQ=DAILY;X=1",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=999999999999",
        "FREQ=YEARLY;INTERVAL=x", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2", "FREQ=YEARLY;BYMONTH=x",
    ):  # fmt: skip
        yield Case(rule, with_file(events(f"{day}|RRULE:{rule}")))


CATEGORIES = {
    "days off and hours": dates,
    "places of calendar files": ics_places,
    "content of calendar files": ics_content,
}
