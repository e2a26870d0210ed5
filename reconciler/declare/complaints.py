"""Our words for each way a value can miss its schema, keyed by JSON Schema keyword."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from reconciler.declare import slips
from reconciler.declare.nearest import did_you_mean
from reconciler.declare.scalars import either, in_yaml, name_of, plain, show
from reconciler.declare.tree import Map
from reconciler.declare.unknown import guess

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_SHORT = frozenset({"range", "gpu section", "image"})  # one value alone can be any of their fields
_MANY = 14  # more typos than this are not worth guessing


class Misfit(Protocol):
    """What is used of a jsonschema ValidationError."""

    validator: str
    validator_value: Any
    instance: Any
    schema: Mapping[str, Any]


class Complaint(NamedTuple):
    """What to say, and where: of the value, or of an entry in it, there of the key or not."""

    message: str
    hint: str = ""
    entry: str | int | None = None
    of_key: bool = False
    meant: str = ""  # the field that an unknown one probably stands for


Say = Callable[[str, Misfit, str], Iterator[Complaint]]


def complain(name: str, misfit: Misfit, written: str, *, of_name: bool) -> Iterator[Complaint]:
    """What to say of one misfit. `name` is how to call the value, `written` how it stands in the
    file; `of_name` tells that the name itself is wrong, not the value."""
    if of_name:
        yield from _bad_name(misfit)
    else:
        yield from COMPLAINTS[misfit.validator](name, misfit, written)


def _bad_name(misfit: Misfit) -> Iterator[Complaint]:
    key = str(misfit.instance)
    better = re.sub(r"[^a-z0-9-]+", "-", key.lower()).strip("-")
    fits = re.search(misfit.schema["pattern"], better)
    hint = _odd_letter(key) or (f"for example `{better}`" if fits else "")
    message = f"the name {show(key)} {misfit.schema['patternErrorMessage']}"
    yield Complaint(message, hint, entry=key, of_key=True)


def _unknown(_name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    known = misfit.schema["properties"]
    unknown = [key for key in misfit.instance if key not in known]
    for number, key in enumerate(unknown):
        # Whoever has more than that has another problem, and guessing takes its time.
        hint, meant = guess(misfit.schema, key, search=number < _MANY)
        if hint == f"did you mean `{meant}`?" and misfit.instance.mentions(meant):
            hint = f"`{meant}` is there too: keep one of them"
        elif meant and misfit.instance.mentions(meant) and hint.startswith("write "):
            hint = f"say it under `{meant}`, which is there"
        message = f"{show(key)} is not a field of {_article(misfit.schema['title'])}"
        yield Complaint(message, hint, entry=key, of_key=True, meant=meant)


def _type(name: str, misfit: Misfit, written: str) -> Iterator[Complaint]:
    wanted = [type_name for type_name in _as_list(misfit.validator_value) if type_name != "null"]
    expected = either([_TYPES[type_name] for type_name in wanted])
    if misfit.instance is None:
        yield Complaint(
            f"{name} has no value; it must be {expected}", _example(misfit.schema), of_key=True
        )
        return
    yield Complaint(
        f"{name} must be {expected}, not {_got(misfit.instance, written)}",
        _remedy(wanted, misfit, written),
    )


def _got(value: Any, written: str) -> str:
    if isinstance(value, str):
        return f"text {show(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {written}"
    return "a list" if isinstance(value, list) else "a mapping"


def _remedy(wanted: Sequence[str], misfit: Misfit, written: str) -> str:
    found = _remedies(wanted, misfit.instance, misfit.schema, written)
    return next(filter(None, found), "") or _example(misfit.schema)


def _remedies(
    wanted: Sequence[str], value: Any, schema: Mapping[str, Any], written: str
) -> Iterator[str]:
    """What to write instead of a value of a wrong type; "" where that is no help."""
    if "string" in wanted and isinstance(value, bool | int | float):
        if _would_fit(schema, written):
            yield f'write it in quotes: "{written}"'
        yield slips.advice(written, schema.get("pattern", ""))
    if isinstance(value, list) and len(value) == 1 and _fits(schema, value[0], ""):
        yield f"write {flow(value[0])}"
    if isinstance(value, str) and {"integer", "number"} & set(wanted):
        meant = plain(value)
        if isinstance(meant, int | float) and not isinstance(meant, bool):
            yield f"write it without quotes: {value}"
    if "array" in wanted and isinstance(value, str):
        items = slips.listed(value)
        if all(_fits(schema.get("items", {}), item, item) for item in items):
            yield f"write a list: {flow(items)}"
    if "object" in wanted and not isinstance(value, list):
        field = _field_for(schema, value, written)
        yield field and f"write {{{field}: {written or flow(value)}}}"


def _field_for(schema: Mapping[str, Any], value: Any, written: str) -> str:
    """The field of an object that a value alone was probably meant for; "" if none takes it."""
    examples = schema.get("examples", ())
    fields: Mapping[str, Any] = schema.get("properties", {})
    if schema.get("title") in _SHORT:
        likely = list(fields)
    else:
        likely = list(examples[0]) if examples and len(examples[0]) == 1 else []
    return next((name for name in likely if _fits(fields.get(name, {}), value, written)), "")


def _fits(schema: Mapping[str, Any], value: Any, written: str) -> bool:
    """Whether a scalar would do as the value of a field."""
    types = _as_list(schema.get("type", []))
    if isinstance(value, str):
        return "string" in types and _would_fit(schema, written or value)
    if not isinstance(value, int) or isinstance(value, bool) or "integer" not in types:
        return False
    if "enum" in schema:
        return value in schema["enum"]
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _would_fit(schema: Mapping[str, Any], text: str) -> bool:
    if "enum" in schema:
        return text in schema["enum"]
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None


def _enum(name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    allowed = [value for value in misfit.validator_value if value is not None]
    got = misfit.instance
    near = did_you_mean(got, allowed) if isinstance(got, str) else ""
    shown = show(got) if isinstance(got, str) else flow(got)
    yield Complaint(f"{name} must be {either([flow(a) for a in allowed])}, not {shown}", near)


def _pattern(name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    message = f"{name} {misfit.schema['patternErrorMessage']}, not {show(misfit.instance)}"
    hint = slips.advice(misfit.instance, misfit.validator_value) or _odd_letter(misfit.instance)
    yield Complaint(message, hint)


def _odd_letter(text: str) -> str:
    odd = next((char for char in text if not char.isascii()), "")
    return f"it has {name_of(odd)}" if odd else ""


def _minimum(name: str, misfit: Misfit, written: str) -> Iterator[Complaint]:
    yield Complaint(f"{name} must be at least {misfit.validator_value}, not {written}")


def _maximum(name: str, misfit: Misfit, written: str) -> Iterator[Complaint]:
    yield Complaint(f"{name} must be at most {misfit.validator_value}, not {written}")


def _empty(name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    if not (isinstance(misfit.instance, Map) and misfit.instance.broken):
        yield Complaint(f"{name} is empty", _example(misfit.schema) or "leave it out")


def _too_long(name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    limit, found = misfit.validator_value, len(misfit.instance)
    yield Complaint(f"{name} has {found} characters, at most {limit} are allowed")


def _too_many(name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    limit, found = misfit.validator_value, misfit.instance
    if limit == 1 and isinstance(found, dict):
        yield Complaint(f"{name} has both {' and '.join(found)}", "keep one of them")
    else:
        yield Complaint(f"{name} has {len(found)} entries, at most {limit} are allowed")


def _twice(name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    seen: set[str] = set()
    for index, item in enumerate(map(flow, misfit.instance)):
        if item in seen:
            yield Complaint(f"`{item}` is in {name} twice", "keep one of them", entry=index)
        seen.add(item)


def _required(_name: str, misfit: Misfit, _written: str) -> Iterator[Complaint]:
    for key in misfit.validator_value:
        if not misfit.instance.mentions(key):
            message = f"{_article(misfit.schema['title'])} needs `{key}`"
            example = _example(misfit.schema["properties"][key], key)
            yield Complaint(message, example, of_key=True)


COMPLAINTS: Mapping[str, Say] = {
    "additionalProperties": _unknown,
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _empty,
    "maxLength": _too_long,
    "minItems": _empty,
    "maxItems": _too_many,
    "uniqueItems": _twice,
    "minProperties": _empty,
    "maxProperties": _too_many,
    "required": _required,
}


def _example(schema: Mapping[str, Any], key: str = "") -> str:
    examples = schema.get("examples")
    if not examples:
        return ""
    return f"for example {key}: {flow(examples[0])}" if key else f"for example {flow(examples[0])}"


def flow(value: Any) -> str:
    """A value as one would write it in YAML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return in_yaml(value)
    return str(value)


def _article(title: str) -> str:
    return f"{'an' if title[0] in 'aeiouE' or title.startswith('FSx') else 'a'} {title}"


def _as_list(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types
