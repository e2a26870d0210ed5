"""Each runtime tag reads back as it was written, and text that nobody of us wrote is None."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.declare.fleet import Fallback
from reconciler.workstation import runtime_tags
from reconciler.workstation.runtime_tags import (
    DEFAULT_MAX_RUNTIME,
    Override,
    Phase,
    Turned,
    parse_override,
    parse_phase,
    parse_starts,
    parse_turned,
)

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        (Override("on", AT), "on until 2026-11-23T08:00:00Z"),
        (
            Override("off", AT, "alice@example.com"),
            "off until 2026-11-23T08:00:00Z alice@example.com",
        ),
        (Override("on", AT, "two words"), "on until 2026-11-23T08:00:00Z two words"),
    ],
)
def test_an_override_reads_back_as_it_was_written(override: Override, text: str) -> None:
    assert str(override) == text
    assert parse_override(text) == override
    assert parse_turned(text) is None


@pytest.mark.parametrize("state", ["on", "off"])
def test_what_was_turned_reads_back_and_is_no_override(state: str) -> None:
    text = str(Turned("on" if state == "on" else "off", AT, "alice"))
    assert text == f"turned {state} 2026-11-23T08:00:00Z alice"
    assert parse_turned(text) == Turned("on" if state == "on" else "off", AT, "alice")
    assert parse_override(text) is None


def test_only_the_machine_turns_a_workstation_off_because_nobody_used_it() -> None:
    assert Turned("off", AT, "idle").idle
    named = Turned("off", AT, "idle@example.com")
    for other in (Turned("on", AT, "idle"), named, Turned("off", AT)):
        assert not other.idle
    assert parse_turned("turned off 2026-02-31T08:00:00Z idle") is None, "no such day"


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("", Phase()),
        ("ready", Phase("ready")),
        ("ready: data cannot be mounted", Phase("ready", "data cannot be mounted")),
        ("attaching: i-0a still holds vol-0b", Phase("attaching", "i-0a still holds vol-0b")),
        ("failed: a: b", Phase("failed", "a: b")),
        ("stopping", Phase("stopping")),
        ("Ready", Phase("unknown", "Ready")),
        ("ready ", Phase("unknown", "ready")),
        ("ready\n", Phase("unknown", "ready?")),
        ("ready:", Phase("unknown", "ready:")),
        ("home", Phase("unknown", "home")),
        ("mounting: \x1b[31mred\n::error::x", Phase("mounting", "?[31mred?::error::x")),
        ("\u202eydaer", Phase("unknown", "?ydaer")),
        ("failed: " + "x" * 300, Phase("failed", "x" * 256)),
    ],
)
def test_a_phase_is_one_of_ours_or_unknown(text: str, phase: Phase) -> None:
    assert parse_phase(text) == phase


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", ()),
        ("95", (95,)),
        ("95 102 88", (95, 102, 88)),
        (" ".join(["99"] * 20), (99,) * 20),
        (" ".join(["99"] * 21), ()),
        ("95  102", ()),
        ("95 ", ()),
        ("0", ()),
        ("-5", ()),
        ("1e9", ()),
        ("999999", ()),
        ("٩٥", ()),
        ("95\n102", ()),
    ],
)
def test_the_times_of_starts_are_seconds_or_nothing(text: str, seconds: tuple[int, ...]) -> None:
    assert parse_starts(text) == seconds


def test_a_lease_reads_back_as_it_was_written() -> None:
    text = runtime_tags.format_lease(AT)
    assert text == "on-demand since 2026-11-23T08:00:00Z"
    assert runtime_tags.parse_lease(text) == AT


def test_a_fallback_reads_back_as_it_was_written() -> None:
    text = runtime_tags.format_fallback(Fallback(600, 28800))
    assert text == "after 600 max 28800"
    assert runtime_tags.parse_fallback(text) == Fallback(600, 28800)


@pytest.mark.parametrize(("seconds", "text"), [(43200, "43200"), (None, "none")])
def test_a_max_runtime_reads_back_as_it_was_written(seconds: int | None, text: str) -> None:
    assert runtime_tags.format_max_runtime(seconds) == text
    assert runtime_tags.parse_max_runtime(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1", "1e5", "9999999999", "٣٦٠٠", "None"])
def test_an_odd_max_runtime_is_the_default_and_never_no_limit(text: str) -> None:
    assert runtime_tags.parse_max_runtime(text) == DEFAULT_MAX_RUNTIME


@pytest.mark.parametrize(
    "text",
    [
        "",
        "on",
        "on until",
        "on until 2026-11-23T08:00:00",
        "on until 2026-02-31T08:00:00Z",
        "on until 9999-12-31T23:59:59Z",
        "on until 2026-11-23T08:00:00Zalice",
        "on until 2026-11-23T08:00:00Z\talice",
        "ON until 2026-11-23T08:00:00Z",
        "on-demand since",
        "on-demand since yesterday",
        "on-demand since 2026-11-23T08:00:00",
        "on-demand since 0001-01-01T00:00:00Z",
        "after 600",
        "after -600 max 28800",
        "after 600 max 28800 ",
        "after 6000000000 max 28800",
    ],
)
def test_text_that_nobody_of_us_wrote_is_none(text: str) -> None:
    parsers = (parse_override, parse_turned, runtime_tags.parse_lease, runtime_tags.parse_fallback)
    assert [parse(text) for parse in parsers] == [None] * 4
