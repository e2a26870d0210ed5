"""Tag lists, as AWS takes and gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.strict.tables import Record


def tags_of(parameters: Mapping[str, Any], resource_type: str) -> list[Record]:
    """The tags a TagSpecifications parameter gives to one type of resource."""
    return [
        tag
        for specification in parameters.get("TagSpecifications", ())
        if specification["ResourceType"] == resource_type
        for tag in specification["Tags"]
    ]


def retagged(old: list[Record], new: list[Record]) -> list[Record]:
    """A tag list with some tags set."""
    changed = {tag["Key"]: tag for tag in (*old, *new)}
    return list(changed.values())


def untagged(old: list[Record], keys: list[str]) -> list[Record]:
    """A tag list without some keys."""
    return [tag for tag in old if tag["Key"] not in keys]


def matches(tags: list[Record], filters: list[Record]) -> Iterator[bool]:
    """Whether tags satisfy each `tag:` filter."""
    values = {f"tag:{tag['Key']}": tag["Value"] for tag in tags}
    for item in filters:
        if item["Name"].startswith("tag:"):
            yield values.get(item["Name"]) in item["Values"]
