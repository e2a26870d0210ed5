"""Office hours and units, from what is written to what AWS takes."""

from __future__ import annotations

import re

import pytest

from reconciler.declare import units
from reconciler.declare.hours import cron, days
from reconciler.declare.schema import schema
from reconciler.declare.zones import is_zone, zones
from tests.declare.helpers import GPU, Folder

CRON = {
    "Mon-Fri 09:00": "cron(0 9 ? * MON-FRI *)",
    "daily 20:05": "cron(5 20 * * ? *)",
    "Mon-Sun 00:00": "cron(0 0 * * ? *)",
    "Mon,Wed,Fri 08:30": "cron(30 8 ? * MON,WED,FRI *)",
    "Sat 23:59": "cron(59 23 ? * SAT *)",
    "Sat-Sun 10:00": "cron(0 10 ? * SAT,SUN *)",
    "Fri-Mon 10:00": "cron(0 10 ? * MON,FRI,SAT,SUN *)",
    "Tue-Sat 10:00": "cron(0 10 ? * TUE-SAT *)",
    "Mon-Tue 10:00": "cron(0 10 ? * MON,TUE *)",
    "Mon-Wed,Fri 10:00": "cron(0 10 ? * MON,TUE,WED,FRI *)",
    "Wed,Mon,Tue,Mon 10:00": "cron(0 10 ? * MON-WED *)",
}


@pytest.mark.parametrize("text", CRON)
def test_hours_become_a_six_field_cron(text: str) -> None:
    assert re.search(schema()["$defs"]["hours"]["pattern"], text)
    assert cron(text) == CRON[text]
    assert len(cron(text)[5:-1].split()) == 6


@pytest.mark.parametrize(
    "text",
    ["09:00", "Mon-Fri 9:00", "mon-fri 09:00", "Mon-Fri 24:00", "Mon-Fri 09:60", "Mon- 09:00",
     "Mon-Fri  09:00", "Mon, Tue 09:00", "weekdays 09:00", "Mon-Fri 09:00 UTC", "Mon-Fri"],
)  # fmt: skip
def test_what_is_not_hours(text: str) -> None:
    assert not re.search(schema()["$defs"]["hours"]["pattern"], text)


def test_a_range_may_run_over_the_end_of_the_week() -> None:
    assert days("Fri-Mon 10:00") == (0, 4, 5, 6)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Europe/Berlin", True),
        ("America/Argentina/Buenos_Aires", True),
        ("UTC", True),
        ("Europe/Brelin", False),
        ("Europe", False),  # a folder of the database
        ("../../etc/passwd", False),
        ("Etc/GMT+25", False),
    ],
)
def test_time_zones(name: str, *, known: bool) -> None:
    assert is_zone(name) is known


def test_every_time_zone_of_the_database_fits_the_schema() -> None:
    pattern = schema()["$defs"]["schedule"]["properties"]["timezone"]["pattern"]
    odd = [zone for zone in zones() if not re.search(pattern, zone)]
    assert odd == []


def test_an_edge_may_be_missing_and_midnight_is_crossed_freely(folder: Folder) -> None:
    ws = folder.workstation(f'{GPU}, schedule: {{stop: "Sat 02:30", timezone: Asia/Tokyo}}')
    [edge] = ws.schedule
    assert (edge.action, edge.text, edge.timezone) == ("stop", "Sat 02:30", "Asia/Tokyo")
    assert (edge.where.line, edge.where.column) == (3, 40)
    assert folder.workstation(f"{GPU}, schedule: {{timezone: Asia/Tokyo}}").schedule == ()


def test_units() -> None:
    assert [units.gib(text) for text in ("1GiB", "100GiB", "2TiB")] == [1, 100, 2048]
    assert [units.mib(text) for text in ("512MiB", "16GiB", "1TiB")] == [512, 16384, 2**20]
    assert [units.seconds(text) for text in ("90s", "10m", "8h", "2d")] == [90, 600, 28800, 172800]
    assert units.gpu_gb("24GB") == 24
