"""The price of an hour out of AWS's two answers; what does not tell one price tells none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from reconciler.money.compute import Price, on_demand, spot

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def change(hour: int, dollars: str) -> dict[str, Any]:
    return {"Timestamp": NOON.replace(hour=hour), "SpotPrice": dollars}


def test_the_newest_change_is_the_spot_price_in_force() -> None:
    price = spot([change(9, "0.40"), change(12, "0.421300"), change(3, "0.39")])
    assert price == Price(Decimal("0.421300"), "DescribeSpotPriceHistory", NOON)
    assert str(price) == "$0.42/h"


@pytest.mark.parametrize("history", [[], [change(9, "dear")], [change(9, "NaN")]])
def test_no_history_or_no_number_is_no_price(history: list[dict[str, Any]]) -> None:
    assert spot(history) is None


def product(dollars: str = "1.0060000000", unit: str = "Hrs") -> str:
    dimension = {"unit": unit, "pricePerUnit": {"USD": dollars}}
    term = {"effectiveDate": "2026-11-01T00:00:00Z", "priceDimensions": {"a.b": dimension}}
    return json.dumps({"product": {}, "terms": {"OnDemand": {"a": term}}})


def test_the_one_product_s_price() -> None:
    price = on_demand([product()])
    assert price == Price(Decimal("1.006"), "AWS Price List", datetime(2026, 11, 1, tzinfo=UTC))


def test_what_a_reservation_has_paid_for_is_no_price() -> None:
    assert on_demand([product("0.0000000000"), product()]) == on_demand([product()])
    assert on_demand([product("0.0000000000")]) is None


@pytest.mark.parametrize(
    "products",
    [
        [],
        [product("1.0"), product("2.0")],
        [product(unit="Quantity")],
        ["not JSON"],
        ["[]"],
        ["{}"],
        ['{"terms": {"Reserved": {}}}'],
        ['{"terms": {"OnDemand": {"a": {"effectiveDate": "soon", "priceDimensions": {}}}}}'],
        [product().replace('"USD"', '"CNY"')],
    ],
)
def test_what_does_not_tell_one_price_tells_none(products: list[str]) -> None:
    assert on_demand(products) is None


def test_a_price_below_a_cent_is_not_rounded_to_nothing() -> None:
    assert str(Price(Decimal("0.0042000"), "x", NOON)) == "$0.0042/h"
