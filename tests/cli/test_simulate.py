"""`reconcile simulate`: the weeks of a workstation, offline."""

from __future__ import annotations

import pytest

from tests.cli.fakes import YAML, Cli

CALENDARS = """
calendars: {holidays: {dates: ["2026-12-24/2026-12-25"]}}
"""
SCHEDULE = (
    'schedule: {start: ["Mon-Thu 09:00"], stop: "Mon-Fri 19:00", except: [holidays], '
    "timezone: Europe/Berlin}"
)


@pytest.fixture
def hours(cli: Cli) -> Cli:
    cli.yaml(YAML.replace("defaults:\n", f"defaults:\n  {SCHEDULE}\n"))
    cli.yaml(CALENDARS, "_defaults.yaml")
    return cli


def test_each_start_and_stop_is_told_with_its_line_and_its_reason(hours: Cli) -> None:
    result = hours("simulate", "alice", "--from", "2026-12-23", "--weeks", "1")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "vision/alice (Europe/Berlin)",
        "  Wed 23 Dec 2026 09:00 CET +01:00    start  Mon-Thu 09:00 (fleets/vision.yaml:6:22)",
        "  Wed 23 Dec 2026 19:00 CET +01:00    stop   Mon-Fri 19:00 (fleets/vision.yaml:6:40)",
        "  Thu 24 Dec 2026 09:00 CET +01:00    -      skipped: holidays; start Mon-Thu 09:00 "
        "(fleets/vision.yaml:6:22)",
        "  Thu 24 Dec 2026 19:00 CET +01:00    stop   Mon-Fri 19:00 (fleets/vision.yaml:6:40)",
        "  Fri 25 Dec 2026 19:00 CET +01:00    stop   Mon-Fri 19:00 (fleets/vision.yaml:6:40)",
        "  week of Mon 21 Dec 2026: on 10 h",
        "  Mon 28 Dec 2026 09:00 CET +01:00    start  Mon-Thu 09:00 (fleets/vision.yaml:6:22)",
        "  Mon 28 Dec 2026 19:00 CET +01:00    stop   Mon-Fri 19:00 (fleets/vision.yaml:6:40)",
        "  Tue 29 Dec 2026 09:00 CET +01:00    start  Mon-Thu 09:00 (fleets/vision.yaml:6:22)",
        "  Tue 29 Dec 2026 19:00 CET +01:00    stop   Mon-Fri 19:00 (fleets/vision.yaml:6:40)",
        "  week of Mon 28 Dec 2026: on 20 h",
    ]


def test_the_document_says_the_same(hours: Cli) -> None:
    document = hours(
        "simulate", "vision/*", "--from", "2026-12-24T08:00", "--weeks", "1", "-o", "json"
    ).json
    assert [each["workstation"] for each in document["workstations"]] == ["alice", "bob"]
    alice = document["workstations"][0]
    assert alice["timezone"] == "Europe/Berlin"
    assert alice["moments"][0] == {
        "at": "2026-12-24T08:00:00+00:00",
        "local": "2026-12-24T09:00:00+01:00",
        "action": "start",
        "fires": False,
        "text": "Mon-Thu 09:00",
        "note": "skipped: holidays",
        "where": "fleets/vision.yaml:6:22",
    }
    assert [week["monday"] for week in alice["weeks"]] == ["2026-12-21", "2026-12-28"]
    assert [week["hours_on"] for week in alice["weeks"]] == [0.0, 30.0]


def test_now_is_where_it_begins_unless_said(hours: Cli) -> None:
    assert "week of Mon " in hours("simulate", "bob").out


def test_whoever_is_not_declared_is_told_who_is(cli: Cli) -> None:
    result = cli("simulate", "alise")
    assert result.code == 2
    assert "no workstation is called `alise` (did you mean `alice`?)" in result.err
    manual = cli("simulate", "alice")
    assert manual.out == "vision/alice\n  no schedule: it starts and stops when somebody says so\n"


@pytest.mark.parametrize("weeks", ["0", "53", "x"])
def test_weeks_are_one_to_fifty_two(cli: Cli, weeks: str) -> None:
    assert cli("simulate", "alice", "--weeks", weeks).code == 2
