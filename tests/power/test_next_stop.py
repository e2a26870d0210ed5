"""The tag of the next stop: written once for each stop, so that the machine can warn of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.power import next_stop
from reconciler.power.next_stop import wanted_tag
from tests.power.days import Begin, override
from tests.power.test_why import HOURS, UP, WANTED

ON = replace(WANTED, members=(UP,))
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)  # Monday 12:00 in Berlin
AT_SEVEN = "2026-11-23T18:00:00Z its schedule"
TAG = "reconciler:next-stop"


@pytest.fixture(autouse=True)
def stops_are_near(stops_are_far_away: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the product has it, whatever the other tests here want."""
    monkeypatch.setattr(next_stop, "AHEAD", timedelta(hours=24))


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "its schedule": ({}, AT_SEVEN),
    "a limit that comes first": ({"max_runtime": 7200}, "2026-11-23T13:00:00Z its max_runtime"),
    "an override that ends after its hours": (
        {"override": "on until 2026-11-23T20:00:00Z ann"},
        "2026-11-23T20:00:00Z its override",
    ),
    "an override that ends within its hours": (
        {"override": "on until 2026-11-23T12:00:00Z ann"},
        AT_SEVEN,
    ),
    "an override that nobody can have given": (
        {"override": "on until 2029-11-23T12:00:00Z ann"},
        AT_SEVEN,
    ),
    "an override into the next hours": ({"override": "on until 2026-11-24T09:00:00Z ann"}, ""),
    "a stop that moved away": (
        {"override": "on until 2026-11-26T20:00:00Z ann", "next_stop": AT_SEVEN},
        "",
    ),
    "a stop that is over": (
        {"override": "on until 2026-11-26T20:00:00Z", "next_stop": "2026-11-20T18:00:00Z its x"},
        "2026-11-20T18:00:00Z its x",
    ),
    "another text": ({"next_stop": "\u202eevil"}, AT_SEVEN),
    "a far year": ({"next_stop": "9999-12-31T23:59:59Z its end"}, AT_SEVEN),
}


@pytest.mark.parametrize("case", CASES)
def test_the_tag_says_when_and_why(case: str) -> None:
    settings, expected = CASES[case]
    assert wanted_tag(replace(ON, **settings), HOURS, NOON, NOON) == expected


def test_a_day_on_has_one_write_and_the_next_run_none(begun: Begin) -> None:
    """Promise 2."""
    days = begun()
    days.to("Mon 09:10")
    assert days.runs_until("Mon 18:55", every=30) == [("Mon 09:10", "next_stop")]
    assert days.tags()[TAG] == AT_SEVEN
    days.to("Mon 19:10")
    assert days.state() == "off"
    assert days.runs_until("Tue 08:00", every=180) == []


def test_an_override_moves_it_and_the_machine_reads_it(begun: Begin) -> None:
    days = begun()
    days.to("Mon 18:30")
    days.run()
    override(days, "on until 2026-11-23T20:00:00Z alice@example.com")
    days.run()
    assert days.tags()[TAG] == "2026-11-23T20:00:00Z its override"
    assert not days.run().plan.changes


def test_a_start_without_an_instance_has_nobody_to_warn(begun: Begin) -> None:
    days = begun()
    days.sandbox.capacity.take("*", "*", "spot")
    days.to("Mon 09:05")
    assert not days.run().plan.changes
