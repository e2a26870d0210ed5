"""What an hour of an instance costs, as AWS's two answers tell it. Pure.

Shapes: EC2 API, DescribeSpotPriceHistory; Price List API, GetProducts, whose list is of JSON texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True)
class Price:
    """A price: dollars per hour, its source, and since when it holds."""

    hourly: Decimal
    source: str
    since: datetime  # UTC

    def __str__(self) -> str:
        """`$0.42/h`; what is below a cent keeps its digits."""
        return (
            f"${self.hourly.normalize():f}/h" if self.hourly < 1 / 100 else f"${self.hourly:.2f}/h"
        )


def spot(history: Iterable[Mapping[str, Any]]) -> Price | None:
    """Find the newest price in the history of a Spot pool; None where there is none."""
    newest = max(history, key=lambda it: it["Timestamp"], default=None)
    dollars = _dollars(newest["SpotPrice"]) if newest else None
    if newest is None or dollars is None:
        return None
    return Price(dollars, "DescribeSpotPriceHistory", newest["Timestamp"])


def on_demand(products: Iterable[str]) -> Price | None:
    """Find the one price among the products; None where there is none, or more than one."""
    try:
        found = {price for text in products for price in _terms(json.loads(text))}
    except (ValueError, KeyError, TypeError, AttributeError):  # not of the shape above
        return None
    return found.pop() if len(found) == 1 else None


def _terms(product: Mapping[str, Any]) -> Iterable[Price]:
    for term in product["terms"]["OnDemand"].values():
        since = datetime.fromisoformat(term["effectiveDate"])
        for dimension in term["priceDimensions"].values():
            dollars = _dollars(dimension["pricePerUnit"]["USD"])
            if dollars and dimension["unit"] == "Hrs":  # 0: what a reservation has paid for
                yield Price(dollars, "AWS Price List", since)


def _dollars(text: str) -> Decimal | None:
    try:
        dollars = Decimal(text)
    except InvalidOperation:
        return None
    return dollars if dollars.is_finite() else None
