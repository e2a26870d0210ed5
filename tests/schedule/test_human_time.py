"""Moments as people write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.schedule.cron import CronRule
from reconciler.schedule.human_time import off_end, parse_time

BERLIN = ZoneInfo("Europe/Berlin")
RULES = (
    CronRule("start", "cron(0 9 ? * MON-FRI *)", "Europe/Berlin"),
    CronRule("stop", "cron(0 19 ? * MON-FRI *)", "Europe/Berlin"),
)
FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)  # 16:00 in Berlin


def local(text: str, now: datetime = FRIDAY) -> str:
    return f"{parse_time(text, now, BERLIN, RULES).astimezone(BERLIN):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon", "Mon 2026-11-23 09:00"),
        ("monday", "Mon 2026-11-23 09:00"),
        ("Sun", "Sun 2026-11-22 00:00"),  # no start on that day
        ("Fri", "Fri 2026-11-27 09:00"),  # today's has passed
        ("Fri 18:00", "Fri 2026-11-20 18:00"),
        ("Fri 15:00", "Fri 2026-11-27 15:00"),
        ("18:00", "Fri 2026-11-20 18:00"),
        ("9:30", "Sat 2026-11-21 09:30"),
        ("tomorrow", "Sat 2026-11-21 00:00"),
        ("tomorrow 8:00", "Sat 2026-11-21 08:00"),
        ("today 23:00", "Fri 2026-11-20 23:00"),
        ("2027-01-04", "Mon 2027-01-04 09:00"),
        ("2027-01-03", "Sun 2027-01-03 00:00"),
        ("2027-01-04  18:00", "Mon 2027-01-04 18:00"),
        ("2027-01-04T18:00", "Mon 2027-01-04 18:00"),
        ("2027-03-28 02:30", "Sun 2027-03-28 03:00"),  # skipped by summer time
        ("2026-10-25 02:30", "past"),
    ],
)
def test_what_a_moment_means(text: str, expected: str) -> None:
    if expected == "past":
        with pytest.raises(UsageError, match="is in the past"):
            local(text)
    else:
        assert local(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "someday",
        "Mon 25:00",
        "Mon 9",
        "2027-02-30",
        "2h",
        "Mon Tue",
        "+1",
        "18:00 Mon",
    ],
)
def test_what_is_no_moment_is_told_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError, match=r"write Mon|no such date as 2027-02-30"):
        local(text)


@given(st.text(max_size=20))
def test_any_text_is_a_later_moment_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert parse_time(text, FRIDAY, BERLIN, RULES) > FRIDAY


def test_without_a_schedule_it_is_the_machines_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at = parse_time("Mon 09:00", FRIDAY, None, ())
    assert at.tzinfo is UTC
    assert at.astimezone().strftime("%a %H:%M") == "Mon 09:00"


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("2026-11-23T08:00", "2026-11-23T07:55"),  # at the start itself
        ("2026-11-23T07:58", "2026-11-23T07:55"),
        ("2026-11-23T07:50", "2026-11-23T07:50"),
        ("2026-11-23T08:01", "2026-11-23T08:01"),  # after it: that start is missed
    ],
)
def test_off_ends_in_time_for_a_start_at_its_end(until: str, end: str) -> None:
    moment = datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert off_end(moment, RULES) == datetime.fromisoformat(end).replace(tzinfo=UTC)
