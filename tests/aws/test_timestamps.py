"""Times of AWS: the instants that botocore gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import utils
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.aws.timestamps import moment

parse_timestamp: Callable[[Any], datetime] = utils.parse_timestamp  # typed as of text alone
SOME = settings(max_examples=200, deadline=None, derandomize=True)


@SOME
@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_way_of_writing_one(at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    whole = at.replace(microsecond=0)
    texts = {
        f"{at:%Y-%m-%dT%H:%M:%S.%fZ}": at,
        f"{whole:%Y-%m-%dT%H:%M:%S.000Z}": whole,
        f"{whole:%Y-%m-%dT%H:%M:%SZ}": whole,
        f"{whole:%Y%m%dT%H%M%SZ}": whole,
        f"{whole:%Y-%m-%dT%H:%M:%S+00:00}": whole,
        f"{whole:%Y-%m-%d %H:%M:%SZ}": whole,
        f"{whole:%a, %d %b %Y %H:%M:%S GMT}": whole,
        f"{whole.timestamp():.0f}": whole,
    }
    for text, instant in texts.items():
        assert moment(text) == parse_timestamp(text) == instant, text
    assert moment(at.timestamp()) == parse_timestamp(at.timestamp())
    assert moment(int(at.timestamp())) == whole


@pytest.mark.parametrize(
    "odd",
    ["20240102", "1704153600.25", "2024-01-02T03:04:05.1234567Z", "2024-01-02T03:04Z", "0", 0, -1.5,
     "2024-01-02T03:04:05+02:00", "2024-01-02T03:04:05 Z", 99999999999999, 1e11],
)  # fmt: skip
def test_what_is_odd_is_what_botocore_makes_of_it(odd: object) -> None:
    assert _read(moment, odd) == _read(parse_timestamp, odd)


@pytest.mark.parametrize("bad", ["", "Z", "T1Z", "soon", "2024-13-01T00:00:00Z", float("nan")])
def test_what_is_no_time_is_refused_as_by_botocore(bad: object) -> None:
    for read in (moment, parse_timestamp):
        with pytest.raises((ValueError, RuntimeError)):
            read(bad)


def _read(parse: Callable[[Any], datetime], value: object) -> datetime | str:
    try:
        return parse(value)
    except (ValueError, RuntimeError, OverflowError) as error:
        return type(error).__name__
