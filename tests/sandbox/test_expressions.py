from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciler.sandbox.services.expressions import At, Cron, Rate, crontab, read
from reconciler.schedule import cron

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def times(rule: Cron | Rate | At, after: datetime, days: float, most: int = 5) -> list[str]:
    """The first few times it fires, in UTC."""
    found: list[str] = []
    until = after + timedelta(days=days)
    while len(found) < most and (at := rule.following(after, until)) is not None:
        found.append(at.strftime("%m-%d %H:%M"))
        after = at
    return found


def fires(expression: str, zone: ZoneInfo = UTC_ZONE, days: float = 40) -> list[str]:
    return times(read(expression, zone, START), START, days)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 9 ? * MON-FRI *)", ["11-23 09:00", "11-24 09:00", "11-25 09:00", "11-26 09:00"]),
        ("cron(0 9 ? * 2-6 *)", ["11-23 09:00", "11-24 09:00", "11-25 09:00", "11-26 09:00"]),
        ("cron(0 9 ? * FRI-MON *)", ["11-21 09:00", "11-22 09:00", "11-23 09:00", "11-27 09:00"]),
        ("cron(0,45 10-11 * * ? *)", ["11-20 10:00", "11-20 10:45", "11-20 11:00", "11-20 11:45"]),
        ("cron(0/20 9 * * ? *)", ["11-20 09:40", "11-21 09:00", "11-21 09:20", "11-21 09:40"]),
        ("cron(5/30 9 20,30 NOV ? *)", ["11-20 09:35", "11-30 09:05", "11-30 09:35"]),
        ("cron(0 0 1 DEC,JUL ? *)", ["12-01 00:00"]),
        ("cron(0 0 L * ? 2026)", ["11-30 00:00"]),
        ("cron(0 0 28W * ? *)", ["11-27 00:00", "12-28 00:00"]),
        ("cron(0 0 ? * 6L *)", ["11-27 00:00", "12-25 00:00"]),
        ("cron(0 0 ? * MON#1 *)", ["12-07 00:00"]),
        ("cron(0 0 * * ? 2025)", []),
        ("rate(5 minutes)", ["11-20 09:35", "11-20 09:40", "11-20 09:45", "11-20 09:50"]),
        ("rate(1 day)", ["11-21 09:30", "11-22 09:30", "11-23 09:30", "11-24 09:30"]),
        ("at(2026-11-20T18:00:30)", ["11-20 18:00"]),
        ("at(2026-11-20T09:30:00)", []),
    ],
)
def test_when_it_fires(expression: str, expected: list[str]) -> None:
    assert fires(expression)[:4] == expected


# In 2027 Berlin goes from 2:00 to 3:00 on 28 March, and from 3:00 back to 2:00 on 31 October.
SPRING = datetime(2027, 3, 27, 0, 0, tzinfo=UTC)
AUTUMN = datetime(2027, 10, 30, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "since", "expected"),
    [
        ("cron(0 9 * * ? *)", SPRING, ["03-27 08:00", "03-28 07:00", "03-29 07:00"]),
        ("cron(30 2 * * ? *)", SPRING, ["03-27 01:30", "03-29 00:30"]),
        ("cron(0 9 * * ? *)", AUTUMN, ["10-30 07:00", "10-31 08:00", "11-01 08:00"]),
        ("cron(30 2 * * ? *)", AUTUMN, ["10-30 00:30", "10-31 00:30", "11-01 01:30"]),
        ("at(2027-03-28T02:30:00)", SPRING, []),
        ("at(2027-10-31T02:30:00)", AUTUMN, ["10-31 00:30"]),
    ],
)
def test_summer_time(expression: str, since: datetime, expected: list[str]) -> None:
    assert times(read(expression, BERLIN, START), since, 3)[:3] == expected


def test_clocks_that_change_off_the_hour() -> None:
    """Chatham goes from 2:45 to 3:45 on 26 September 2027."""
    rule = read("cron(50 3 * * ? *)", ZoneInfo("Pacific/Chatham"), START)
    since = datetime(2027, 9, 25, 0, 0, tzinfo=UTC)
    assert times(rule, since, 2) == ["09-25 14:05", "09-26 14:05"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 10 * * *", ["11-20 10:30", "11-21 10:30"]),
        ("0 19 * * 1-5", ["11-20 19:00", "11-23 19:00"]),
        ("0 0 * * 0", ["11-22 00:00", "11-29 00:00"]),
        ("0 0 * * 7", ["11-22 00:00", "11-29 00:00"]),
        ("0 0 25 * SUN", ["11-22 00:00", "11-25 00:00"]),
    ],
)
def test_a_crontab(expression: str, expected: list[str]) -> None:
    assert times(crontab(expression, UTC_ZONE), START, 10)[:2] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "cron(60 9 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 9 0 * ? *)",
        "cron(0 9 32 * ? *)",
        "cron(0 9 ? 13 MON *)",
        "cron(0 9 ? * 0 *)",
        "cron(0 9 ? * MON#6 *)",
        "cron(0 9 * * ? 1969)",
        "cron(30-10 9 * * ? *)",
        "cron(0/0 9 * * ? *)",
        "cron(0 9 * * ?)",
        "cron(0 9 ? * ? *)",
        "cron(x 9 * * ? *)",
        "rate(0 minutes)",
        "rate(1 week)",
        "at(2026-02-30T00:00:00)",
        "at(2026-02-03 00:00:00)",
        "cron(0 9 * * ? *",
        "sometimes",
    ],
)
def test_what_is_no_expression(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(expression, UTC_ZONE, START)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("clock", ["30 1", "0 2", "30 2", "0 9"])
def test_the_product_and_the_sandbox_agree_for_a_year(name: str, clock: str) -> None:
    """Each computes it in its own way, so that neither is right by the other's mistake."""
    expression, until = f"cron({clock} ? * SUN *)", START + timedelta(days=365)
    rule, at, found = read(expression, ZoneInfo(name), START), START, []
    while (following := rule.following(at, until)) is not None:
        found.append(following)
        at = following
    expected = cron.fires([cron.CronRule("start", expression, name)], START, until)
    assert found == [fire.at for fire in expected]
    assert 51 <= len(found) <= 52


def test_weeks_of_a_hundred_schedules_are_a_matter_of_seconds() -> None:
    """By the count of instants that are looked at: a quarter of an hour each when nothing fits."""
    rule = read("cron(0 9 ? * MON-FRI *)", BERLIN, START)
    looked = 0

    class Counting(ZoneInfo):
        def fromutc(self, dt: datetime) -> datetime:
            nonlocal looked
            looked += 1
            return super().fromutc(dt)

    counting = Counting.no_cache("Europe/Berlin")
    assert isinstance(rule, Cron)
    slow = Cron(rule.minutes, rule.hours, rule.day, counting)
    assert len(times(slow, START, 28, most=100)) == 20
    assert looked < 28 * (24 * 4 + 60)
