"""Convert the value of a field to JSON, for the JSON plan and for the digest. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from reconciler.plan.model import Ref


def json_value(value: Any) -> Any:
    """Convert a field's value to JSON; a Ref becomes an object that says what it is known after."""
    match value:
        case Ref(key=key):
            return {
                "known_after": {
                    "region": key.region,
                    "kind": key.kind,
                    "name": key.name,
                    "attribute": value.attr,
                }
            }
        case Mapping():
            return {str(key): json_value(inner) for key, inner in value.items()}
        case list() | tuple():
            return [json_value(inner) for inner in value]
        case set() | frozenset():
            return sorted((json_value(inner) for inner in value), key=str)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: json_value(getattr(value, each.name)) for each in fields(value)}
    plain = value is None or isinstance(value, bool | int | float | str)
    return value if plain and not _is_odd(value) else str(value)


def _is_odd(value: Any) -> bool:
    """NaN and infinity: Python reads them where AWS keeps text, and JSON has none."""
    return isinstance(value, float) and not math.isfinite(value)
