"""The commonest slips are answered with what to write, and that fits."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

import pytest

from reconciler.declare import corrections, zones
from reconciler.declare.schema import schema
from tests.declare.helpers import GPU, Folder

DEFS = schema()["$defs"]
ZONE = DEFS["schedule"]["properties"]["timezone"]["pattern"]
OFFSET = "an offset knows no summer time: name a place, such as Europe/Berlin, or UTC"

HOURS = {
    "9:00": "Mon-Fri 09:00",
    "09:00": "Mon-Fri 09:00",
    "9am": "Mon-Fri 09:00",
    "12am": "Mon-Fri 00:00",
    "9:30 pm": "Mon-Fri 21:30",
    "Mon-Fri 9:00": "Mon-Fri 09:00",
    "Mon-Fri 9": "Mon-Fri 09:00",
    "Mon-Fri 0900": "Mon-Fri 09:00",
    "Mon-Fri 09.00": "Mon-Fri 09:00",
    "Mon-Fri 09:00:00": "Mon-Fri 09:00",
    "mon-fri 09:00": "Mon-Fri 09:00",
    "Monday-Friday 9:00": "Mon-Fri 09:00",
    "Monday to Friday at 9am": "Mon-Fri 09:00",
    "Mon – Fri 09:00": "Mon-Fri 09:00",
    "Mon-Fri  09:00": "Mon-Fri 09:00",
    "Mon, Tue 09:00": "Mon,Tue 09:00",
    "Sat and Sun 10": "Sat,Sun 10:00",
    "9:00 Mon-Fri": "Mon-Fri 09:00",
    "Mo-Fr 9 Uhr": "Mon-Fri 09:00",
    "weekdays 09:00": "Mon-Fri 09:00",
    "every day 20:00": "daily 20:00",
    "Mondays 9am": "Mon 09:00",
    "noon": "Mon-Fri 12:00",
    "Monday-Friday": "Mon-Fri 09:00",
    "weekdays": "Mon-Fri 09:00",
    "0 9 * * 1-5": "Mon-Fri 09:00",
    "0 9 * * 0,6": "Sun,Sat 09:00",
    "30 18 * * *": "daily 18:30",
    "cron(0 9 ? * MON-FRI *)": "Mon-Fri 09:00",
}


@pytest.mark.parametrize("text", HOURS)
def test_hours_in_another_spelling(folder: Folder, text: str) -> None:
    for wanted in ("hours", "hours_list"):
        pattern = DEFS[wanted]["pattern"]
        assert corrections.advice(text, pattern) == f'write "{HOURS[text]}"'
        assert re.search(pattern, HOURS[text])
    [problem] = folder.settings_say(f'{GPU}, schedule: {{start: "{text}", timezone: UTC}}')
    assert problem.endswith(f'not `{text}` (write "{HOURS[text]}")')


@pytest.mark.parametrize(
    "text",
    ["", "-", "on", "later", "Mon-Fri 24:00", "Mon-Fri 09:60", "13am", "2026-12-24 09:00",
     "cron(0 9 ? * 2-6 *)", "Mon-Fri 9 to 5", "Foo-Bar 09:00", "99 9 * * *", "daily,Mon 9:00"],
)  # fmt: skip
def test_what_is_no_spelling_of_hours_is_not_guessed(text: str) -> None:
    assert corrections.advice(text, DEFS["hours"]["pattern"]) == ""


def test_a_span_is_a_start_and_a_stop() -> None:
    for text in ("Mon-Fri 09:00-17:00", "Mon-Fri 9 - 17", "weekdays 9 to 17"):
        assert corrections.advice(text, DEFS["hours"]["pattern"]) == (
            'write start: "Mon-Fri 09:00" and stop: "Mon-Fri 17:00"'
        )


ZONES = {
    "Berlin": "write Europe/Berlin",
    "berlin": "write Europe/Berlin",
    "europe/berlin": "write Europe/Berlin",
    "EUROPE/BERLIN": "write Europe/Berlin",
    "Europe/Brelin": "write Europe/Berlin",
    "New York": "write America/New_York",
    "America/New York": "write America/New_York",
    "CET": "write Europe/Berlin",
    "EST": "write America/New_York",
    "EST5EDT": "write America/New_York",
    "Japan": "write Asia/Tokyo",
    "GMT": "write UTC",
    "utc": "write UTC",
    "Zulu": "write UTC",
    "GMT+1": OFFSET,
    "UTC-05:00": OFFSET,
    "+01:00": OFFSET,
    "Atlantis": "use an IANA name such as Europe/Berlin",
}


@pytest.mark.parametrize("zone", ZONES)
def test_zones_by_another_name(folder: Folder, zone: str) -> None:
    text = f'{GPU}, schedule: {{stop: "daily 20:00", timezone: "{zone}"}}'
    [problem] = folder.settings_say(text)
    assert ZONES[zone] in problem or (ZONES[zone].startswith("use") and "such as Europe" in problem)
    if ZONES[zone].startswith("write "):
        better = ZONES[zone].removeprefix("write ")
        assert folder.workstation(text.replace(zone, better)).schedule[0].timezone == better


def test_every_name_of_one_word_is_answered_with_its_place() -> None:
    """The database keeps them for old programs; its releases say what each stands for."""
    for name in available_timezones() - {"UTC", "Factory", "localtime"}:
        if "/" not in name:
            place = zones.meant(name)
            assert zones.is_zone(place), name
            assert place in {"UTC", *zones.zones()}, name


SIZES = {
    ("disk_size", "100GB"): "write 100GiB",
    ("disk_size", "100 gb"): "write 100GiB",
    ("disk_size", "100G"): "write 100GiB",
    ("disk_size", "100gib"): "write 100GiB",
    ("disk_size", "100"): "write 100GiB",
    ("disk_size", "2T"): "write 2TiB",
    ("disk_size", "0.5TiB"): "",
    ("memory_size", "16GB"): "write 16GiB",
    ("gpu_memory", "24GiB"): "write 24GB",
    ("gpu_memory", "24"): "write 24GB",
    ("duration", "10min"): "write 10m",
    ("duration", "2 hours"): "write 2h",
    ("duration", "1h30m"): "write 90m",
    ("duration", "10"): "",
    ("region", "us_east_1"): "write us-east-1",
    ("region", "US-EAST-1"): "write us-east-1",
    ("availability_zone", "US-East-1A"): "write us-east-1a",
    ("instance_type", "G6.xlarge"): "write g6.xlarge",
}


@pytest.mark.parametrize(("kind", "text"), SIZES)
def test_other_values_in_another_spelling(kind: str, text: str) -> None:
    assert corrections.advice(text, DEFS[kind]["pattern"]) == SIZES[kind, text]


def test_a_long_text_is_not_read_closely() -> None:
    assert corrections.advice("9" * 4000, DEFS["hours"]["pattern"]) == ""
    assert corrections.advice("1h" * 2000, DEFS["duration"]["pattern"]) == ""
