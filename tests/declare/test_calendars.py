"""Days off: what is written, and the days that come of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.declare import ics
from reconciler.declare.calendars import days_off
from reconciler.declare.fleet import Calendar, Edge
from reconciler.declare.hours import cron
from reconciler.declare.timers import compiled
from reconciler.errors import Where
from tests.declare.helpers import GPU, Folder, fleet

OFFICE = "schedule: {start: Mon-Fri 09:00, timezone: Europe/Berlin, except: [holidays]}"
YEAR = (date(2026, 11, 20), date(2027, 11, 19))


def calendar(*events: str) -> str:
    """A file of these events, each its lines joined by `|`."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//acme//test//EN"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", *event.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def write(folder: Folder, calendars: str, settings: str = OFFICE) -> None:
    folder.write("_days.yaml", f"calendars: {calendars}\n")
    folder.write("vision.yaml", fleet(f"{GPU}, {settings}"))


def off(text: str, zone: str = "Europe/Berlin") -> dict[date, str]:
    assert ics.flaw(text) == (0, "")
    return dict(days_off((Calendar("it", (), text),), zone, *YEAR))


def test_dates_and_ranges(folder: Folder) -> None:
    write(folder, '{holidays: {dates: ["2026-12-24/2026-12-26", "2027-01-01"]}}')
    [ws] = folder.load().workstations
    [edge] = ws.schedule
    assert list(days_off(edge.calendars, edge.timezone, *YEAR).items()) == [
        (date(2026, 12, 24), "holidays"),
        (date(2026, 12, 25), "holidays"),
        (date(2026, 12, 26), "holidays"),
        (date(2027, 1, 1), "holidays"),
    ]


def test_a_stop_is_never_skipped_and_a_calendar_is_of_the_whole_site(
    folder: Folder,
) -> None:
    folder.write("_more.yaml", 'calendars: {holidays: {dates: ["2026-12-24"]}}\n')
    both = OFFICE.replace("start:", "stop: daily 20:00, start:")
    folder.write("vision.yaml", fleet(f"{GPU}, {both}"))
    [ws] = folder.load().workstations
    assert {
        edge.action: [calendar.name for calendar in edge.calendars] for edge in ws.schedule
    } == {
        "start": ["holidays"],
        "stop": [],
    }


def test_events_of_a_file_by_the_clock_of_the_workstation() -> None:
    text = calendar(
        "SUMMARY:Christmas|DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20261227",
        "SUMMARY:New Year|DTSTART;VALUE=DATE:20000101|RRULE:FREQ=YEARLY",
        "SUMMARY:Move|DTSTART:20270301T233000Z|DTEND:20270302T003000Z",
        "SUMMARY:Float|DTSTART:20270310T230000|DTEND:20270311T000000",
        "SUMMARY:Off|DTSTART;VALUE=DATE:20270401|STATUS:CANCELLED",
        "SUMMARY:No end|DTSTART;VALUE=DATE:20270501",
        "SUMMARY:Bridge|DTSTART;VALUE=DATE:20270507|RRULE:FREQ=WEEKLY;COUNT=3|"
        "EXDATE;VALUE=DATE:20270514",
    )
    assert off(text) == {
        date(2026, 12, 24): "it: Christmas",
        date(2026, 12, 25): "it: Christmas",
        date(2026, 12, 26): "it: Christmas",
        date(2027, 1, 1): "it: New Year",
        date(2027, 3, 2): "it: Move",
        date(2027, 3, 10): "it: Float",
        date(2027, 5, 1): "it: No end",
        date(2027, 5, 7): "it: Bridge",
        date(2027, 5, 21): "it: Bridge",
    }
    assert date(2027, 3, 1) in off(text, "America/New_York"), "there it is still the first"
    assert date(2027, 3, 2) not in off(text, "America/New_York")


def test_rules_that_offices_have() -> None:
    text = calendar(
        "SUMMARY:Memorial|DTSTART;VALUE=DATE:20200525|RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO",
        "SUMMARY:Thanksgiving|DTSTART;VALUE=DATE:20201126|RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        "SUMMARY:Last|DTSTART;VALUE=DATE:20200131|RRULE:FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;COUNT=90",
    )
    found = off(text)
    assert found[date(2027, 5, 31)] == "it: Memorial"
    assert found[date(2026, 11, 26)] == "it: Thanksgiving"
    assert found[date(2026, 12, 25)] == "it: Last"


@pytest.mark.parametrize(
    ("calendars", "says"),
    [
        ('{holidays: {dates: ["2026-13-01"]}}',
         "_days.yaml:1:32: there is no day `2026-13-01` (year, month, day)"),
        ('{holidays: {dates: ["2026-12-26/2026-12-24"]}}',
         "_days.yaml:1:32: `2026-12-26/2026-12-24` is not a range of days "
         "(the earlier first, at most 366 days)"),
        ('{holidays: {dates: ["2026-12-26/2028-12-24"]}}',
         "_days.yaml:1:32: `2026-12-26/2028-12-24` is not a range of days "
         "(the earlier first, at most 366 days)"),
        ("{holidays: {ics: de.ics}}",
         "_days.yaml:1:29: `de.ics`: cannot be read: No such file or directory "
         "(its path begins at this file's folder, and stays in it)"),
        ("{holydays: {dates: []}}",
         "vision.yaml:3:96: no calendar is called `holidays` (did you mean `holydays`?)"),
        ("{}",
         "vision.yaml:3:96: no calendar is called `holidays` "
         "(declare it under `calendars`, in a file that begins with _)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(folder: Folder, calendars: str, says: str) -> None:
    write(folder, calendars)
    assert folder.problems() == [says]


def test_a_name_is_unique_in_the_site(folder: Folder) -> None:
    write(folder, '{holidays: {dates: ["2026-12-24"]}}')
    folder.write("_more.yaml", "calendars: {holidays: {dates: []}}\n")
    assert folder.problems() == [
        "_more.yaml:1:13: `holidays` is declared in _days.yaml:1:13 too "
        "(a calendar's name is unique in the whole site; rename one of them)"
    ]


def test_a_calendar_with_a_problem_is_not_unknown_as_well(folder: Folder) -> None:
    write(folder, "{holidays: {datum: []}}")
    assert len(folder.problems()) == 1


def test_a_file_may_be_in_the_folder_and_nowhere_else(folder: Folder, tmp_path: Path) -> None:
    good = calendar("DTSTART;VALUE=DATE:20261224")
    (folder.path / "calendars").mkdir()
    folder.write("calendars/de.ics", good)
    write(folder, "{holidays: {ics: calendars/de.ics}}")
    [ws] = folder.load().workstations
    assert ws.schedule[0].calendars[0].ics == good
    outside = tmp_path.parent / f"{tmp_path.name}.ics"
    outside.write_text(good)
    (folder.path / "calendars/de.ics").unlink()
    (folder.path / "calendars/de.ics").symlink_to(outside)
    assert "a link that leads out of its folder" in folder.problems()[0]


def test_a_bad_rule_is_told_at_its_line_of_the_calendar(folder: Folder) -> None:
    folder.write("de.ics", calendar("DTSTART:20260101T000000Z|RRULE:FREQ=HOURLY"))
    write(folder, "{holidays: {ics: de.ics}}")
    assert folder.problems() == [
        "de.ics:7:1: an event may repeat DAILY, WEEKLY, MONTHLY or YEARLY, and no other way "
        "(a calendar says which days are off)"
    ]


def test_several_texts_and_the_word_for_none(folder: Folder) -> None:
    several = 'start: ["Mon-Thu 08:00", Fri 09:00], stop: [daily 20:00], timezone: UTC'
    ws = folder.workstation(f"{GPU}, schedule: {{{several}}}")
    assert [(edge.action, edge.text) for edge in ws.schedule] == [
        ("start", "Mon-Thu 08:00"),
        ("start", "Fri 09:00"),
        ("stop", "daily 20:00"),
    ]
    assert [edge.where.column for edge in ws.schedule[:2]] == [48, 65]
    defaults = f"schedule: {{{several}}}"
    assert folder.workstation(f"{GPU}, schedule: manual", defaults).schedule == ()
    back = folder.workstation(f"{GPU}, schedule: {{stop: Fri 19:00}}", defaults)
    assert [edge.text for edge in back.schedule] == ["Mon-Thu 08:00", "Fri 09:00", "Fri 19:00"]


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("{start: [Mon-Thu 08:00, Wed 08:00], timezone: UTC}",
         "`Wed 08:00` meets `Mon-Thu 08:00`: the same minute twice "
         "(keep the day in one of them)"),
        ("{start: [Mon 08:00, Tue 09:00], stop: [Fri 09:00, Tue 09:00], timezone: UTC}",
         "it would stop in the minute it starts (choose another time for one of them)"),
        ("{start: [], timezone: UTC}", '`start` is empty (for example "Mon-Fri 09:00")'),
        ("{start: [Mon 08:00, Mon 08:00], timezone: UTC}",
         '`"Mon 08:00"` is in `start` twice (keep one of them)'),
        ("{start: [Mon 8:00], timezone: UTC}",
         'an item of `start` must be days and a time, such as "Mon-Fri 09:00" or "daily 20:00", '
         'not `Mon 8:00` (write "Mon 08:00")'),
        ("auto", "`schedule` must be `manual`, or say when: {start, stop, timezone}, not `auto`"),
        ("{stop: [Mon 08:00]}",
         "`schedule` has no `timezone` (for example timezone: Europe/Berlin)"),
    ],
)  # fmt: skip
def test_hours_that_make_no_sense(folder: Folder, schedule: str, says: str) -> None:
    assert folder.settings_say(f"{GPU}, schedule: {schedule}") == [says]


def test_every_start_of_a_year_has_a_stop_after_it_whatever_is_off(folder: Folder) -> None:
    here = Where("a.yaml", 1, 1)
    holidays = Calendar("off", ((date(2026, 12, 20), date(2027, 1, 6)),))
    edges = [
        Edge("start", "Mon-Fri 09:00", cron("Mon-Fri 09:00"), "Europe/Berlin", here, (holidays,)),
        Edge("stop", "Mon-Fri 19:00", cron("Mon-Fri 19:00"), "Europe/Berlin", here),
    ]
    now = datetime(2026, 11, 25, tzinfo=UTC)
    for _ in range(60):
        rules = [rule for _, rule in compiled(edges, now)]
        stops = [rule for rule in rules if rule.action == "stop"]
        assert [(rule.begin, rule.end) for rule in stops] == [(None, None)]
        for rule in rules:
            assert rule.begin is None or rule.begin > now, "Scheduler takes no past begin"
            assert rule.begin is None or rule.end is None or rule.begin < rule.end
        now += timedelta(days=1)


def test_days_off_where_nothing_starts_cut_nothing() -> None:
    here = Where("a.yaml", 1, 1)
    weekend = Calendar("off", ((date(2026, 11, 28), date(2026, 11, 29)),))
    rows = (Calendar("on", ((date(2026, 11, 26), date(2026, 11, 27)),)), weekend)
    now = datetime(2026, 11, 20, tzinfo=UTC)

    def pieces(*calendars: Calendar) -> list[tuple[datetime | None, datetime | None]]:
        made = Edge("start", "Mon-Fri 09:00", cron("Mon-Fri 09:00"), "UTC", here, calendars)
        return [(rule.begin, rule.end) for _, rule in compiled([made], now)]

    assert pieces(weekend) == [(None, None)]
    assert pieces(*rows) == [
        (None, datetime(2026, 11, 25, 21, tzinfo=UTC)),
        (datetime(2026, 11, 28, 21, tzinfo=UTC), None),
    ], "the weekend goes with the days before it"
    ever = Calendar("ever", ((date(2026, 1, 1), date(2028, 12, 31)),))
    assert pieces(ever) == [], "nobody starts it, and nothing is left to stop"
