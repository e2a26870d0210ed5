"""Our words for each way a value can miss its schema, keyed by JSON Schema keyword."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from reconciler.declare import corrections
from reconciler.declare.scalars import either, in_yaml, name_of, plain, show
from reconciler.declare.suggest import did_you_mean
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


class SchemaError(Protocol):
    """The fields of a jsonschema ValidationError that are used here."""

    validator: str
    validator_value: Any
    instance: Any
    schema: Mapping[str, Any]


class Message(NamedTuple):
    """One message, and its place: the value, or an entry in it, there the key or its value."""

    text: str
    hint: str = ""
    entry: str | int | None = None
    of_key: bool = False
    meant: str = ""  # the field that an unknown one probably stands for


MessageWriter = Callable[[str, SchemaError, str], Iterator[Message]]


def messages(name: str, error: SchemaError, written: str, *, of_name: bool) -> Iterator[Message]:
    """Explain one schema error. `name` is how to call the value, `written` how it stands in the
    file; `of_name` tells that the name itself is wrong, not the value."""
    if of_name:
        yield from _bad_name(error)
    else:
        yield from MESSAGES[error.validator](name, error, written)


def _bad_name(error: SchemaError) -> Iterator[Message]:
    key = str(error.instance)
    better = re.sub(r"[^a-z0-9-]+", "-", key.lower()).strip("-")
    fits = re.search(error.schema["pattern"], better)
    hint = _odd_letter(key) or (f"for example `{better}`" if fits else "")
    message = f"the name {show(key)} {error.schema['patternErrorMessage']}"
    yield Message(message, hint, entry=key, of_key=True)


def _unknown(_name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    known = error.schema["properties"]
    unknown = [key for key in error.instance if key not in known]
    for number, key in enumerate(unknown):
        # Whoever has more than that has another problem, and guessing takes its time.
        hint, meant = guess(error.schema, key, search=number < _MANY)
        if hint == f"did you mean `{meant}`?" and error.instance.mentions(meant):
            hint = f"`{meant}` is there too: keep one of them"
        elif meant and error.instance.mentions(meant) and hint.startswith("write "):
            hint = f"say it under `{meant}`, which is there"
        message = f"{show(key)} is not a field of {_article(error.schema['title'])}"
        yield Message(message, hint, entry=key, of_key=True, meant=meant)


def _type(name: str, error: SchemaError, written: str) -> Iterator[Message]:
    wanted = [type_name for type_name in _as_list(error.validator_value) if type_name != "null"]
    expected = either([_TYPES[type_name] for type_name in wanted])
    if error.instance is None:
        yield Message(
            f"{name} has no value; it must be {expected}", _example(error.schema), of_key=True
        )
        return
    yield Message(
        f"{name} must be {expected}, not {_got(error.instance, written)}",
        _remedy(wanted, error, written),
    )


def _got(value: Any, written: str) -> str:
    if isinstance(value, str):
        return f"text {show(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {written}"
    return "a list" if isinstance(value, list) else "a mapping"


def _remedy(wanted: Sequence[str], error: SchemaError, written: str) -> str:
    found = _remedies(wanted, error.instance, error.schema, written)
    return next(filter(None, found), "") or _example(error.schema)


def _remedies(
    wanted: Sequence[str], value: Any, schema: Mapping[str, Any], written: str
) -> Iterator[str]:
    """What to write instead of a value of a wrong type; "" where that is no help."""
    if "string" in wanted and isinstance(value, bool | int | float):
        if _would_fit(schema, written):
            yield f'write it in quotes: "{written}"'
        yield corrections.advice(written, schema.get("pattern", ""))
    if isinstance(value, list) and len(value) == 1 and _fits(schema, value[0], ""):
        yield f"write {flow(value[0])}"
    if isinstance(value, str) and {"integer", "number"} & set(wanted):
        meant = plain(value)
        if isinstance(meant, int | float) and not isinstance(meant, bool):
            yield f"write it without quotes: {value}"
    if "array" in wanted and isinstance(value, str):
        items = corrections.listed(value)
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


def _enum(name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    allowed = [value for value in error.validator_value if value is not None]
    got = error.instance
    near = did_you_mean(got, allowed) if isinstance(got, str) else ""
    shown = show(got) if isinstance(got, str) else flow(got)
    yield Message(f"{name} must be {either([flow(a) for a in allowed])}, not {shown}", near)


def _pattern(name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    message = f"{name} {error.schema['patternErrorMessage']}, not {show(error.instance)}"
    hint = corrections.advice(error.instance, error.validator_value) or _odd_letter(error.instance)
    yield Message(message, hint)


def _odd_letter(text: str) -> str:
    odd = next((char for char in text if not char.isascii()), "")
    return f"it has {name_of(odd)}" if odd else ""


def _minimum(name: str, error: SchemaError, written: str) -> Iterator[Message]:
    yield Message(f"{name} must be at least {error.validator_value}, not {written}")


def _maximum(name: str, error: SchemaError, written: str) -> Iterator[Message]:
    yield Message(f"{name} must be at most {error.validator_value}, not {written}")


def _empty(name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    if not (isinstance(error.instance, Map) and error.instance.broken):
        yield Message(f"{name} is empty", _example(error.schema) or "leave it out")


def _too_long(name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    limit, found = error.validator_value, len(error.instance)
    yield Message(f"{name} has {found} characters, at most {limit} are allowed")


def _too_many(name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    limit, found = error.validator_value, error.instance
    if limit == 1 and isinstance(found, dict):
        yield Message(f"{name} has both {' and '.join(found)}", "keep one of them")
    else:
        yield Message(f"{name} has {len(found)} entries, at most {limit} are allowed")


def _twice(name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    seen: set[str] = set()
    for index, item in enumerate(map(flow, error.instance)):
        if item in seen:
            yield Message(f"`{item}` is in {name} twice", "keep one of them", entry=index)
        seen.add(item)


def _required(_name: str, error: SchemaError, _written: str) -> Iterator[Message]:
    for key in error.validator_value:
        if not error.instance.mentions(key):
            message = f"{_article(error.schema['title'])} needs `{key}`"
            example = _example(error.schema["properties"][key], key)
            yield Message(message, example, of_key=True)


MESSAGES: Mapping[str, MessageWriter] = {
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
    """Write a value as YAML on one line."""
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
