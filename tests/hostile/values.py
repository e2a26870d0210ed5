"""Values that mean something else than they say, and fields that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.declare.schema import inlined
from tests.declare.helpers import DEFAULTS
from tests.hostile.case import Case, Cases, field, fleet, tagged

QUOTE = "without quotes"


def implicit_types() -> Cases:
    for text in ("no", "NO", "yes", "on", "Off", "y", "N"):
        yield Case(f"{text} as an owner", field(f"owner: {text}"), QUOTE)
    for text in ("true", "False", "null", "~", "42", "1.5", "[a]", "{a: b}"):
        yield Case(f"{text} as a fleet", f"fleet: {text}\nworkstations: {{}}\n")
    for text in ("0755", "0o17", "0xFF", "0b11", "1_000", "1e3", "+5", "5.", ".5", "-0.0e1"):
        yield Case(f"{text} as a count", fleet(f"gpu: {{count: {text}}}"), QUOTE)
    for text in ("09:00", "12:30:45", "190:20:30", "2026-01-31", "2026-01-31 10:00:00 +1"):
        yield Case(f"{text} as a time", fleet(f"schedule: {{start: {text}, timezone: UTC}}"), QUOTE)
    for name, text in {
        "a number": "123456789012",
        "octal digits": "012345670123",
        "a leading zero": "012345678901",
        "underscores": "123_456_789_012",
        "an exponent": "1.2e11",
        "hyphens": "1234-5678-9012",
        "hexadecimal": "0x1CBE991A14",
        "11 digits": '"12345678901"',
        "13 digits": '"1234567890123"',
        "a blank": '"123456789012 "',
        "a new line": '"123456789012\\n"',
        "digits of another script": '"\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660'
        '\u0661\u0662"',
    }.items():
        defaults = DEFAULTS.replace('"123456789012"', text)
        yield Case(f"an account with {name}", fleet(), defaults=defaults)
    version = "{storage_capacity: 1200GiB, file_system_type_version: 2.15}"
    yield Case(
        "a version", fleet(f"gpu: {{}}, storage: {{home: {{fsx_lustre: {version}}}}}"), "quotes"
    )
    yield Case("a number as a tag", tagged("2026"), "must be text")
    yield Case("true as a tag", tagged("true"), "must be text")
    yield Case("a country as a tag", tagged("NO"), QUOTE)
    yield Case("a number as a name", fleet(ws="42"), "is not text")


def not_numbers() -> Cases:
    texts = (".nan", ".NaN", ".inf", "-.inf", "+.inf", ".Inf", "nan", "inf", "Infinity", "1e400")
    for text in (*texts, '".inf"', "-1e999"):
        yield Case(f"{text} vCPUs", fleet(f"gpu: {{}}, vcpus: {{min: {text}}}"))
        need = f"gpu: {{}}, instance_requirements: {{memory_gib_per_vcpu: {{min: {text}}}}}"
        yield Case(f"{text} GiB per vCPU", fleet(need))


def keys_that_are_no_text() -> Cases:
    keys = ("1", "-1", "1.5", "true", "null", "~", "2026-01-31", "0x10", "1e3", "on", ".nan", "''")
    for key in keys:
        yield Case(f"{key} at the top", f"fleet: ab\n{key}: x\n")
        yield Case(f"{key} as a workstation", fleet(ws=key))
    yield Case("a list", "fleet: ab\n? [a, b]\n: x\n", "a key must be text")
    yield Case("a map", "fleet: ab\n? {a: b}\n: x\n", "a key must be text")
    yield Case("a list in flow style", "{[a, b]: x, fleet: ab}\n", "a key must be text")
    yield Case("no key", "fleet: ab\n: x\n", "does not line up")
    yield Case("an empty tag", tagged("x", key="''"))


def unknown_fields() -> Cases:
    for setting in (
        "gpus: {}", "Owner: x", "ownr: x", "instance_type: g5.xlarge", "instanceTypes: [g5.xlarge]",
        "spot-policy: spot", "spotpolicy: spot", "user_data: '#!/bin/sh'", "env: {A: b}",
        "desired_capacity: 1", "on: true", "max_size: 9", "iam_policy: {}", "security_groups: [x]",
        "__proto__: {}", "constructor: {}", "__class__: x", "$ref: x", "$schema: x",
        "x-anything: 1", "'': x", "include: ../x.yaml", "extends: x", "'gpu ': {}", "GPU: {}",
    ):  # fmt: skip
        yield Case(setting, field(setting))
    yield Case("at the top", fleet() + "default: {}\n", "did you mean `defaults`")
    yield Case("in the defaults", fleet() + "defaults: {owners: x}\n", "is not a field")
    yield Case("in a section", fleet("gpu: {memroy: 24GB}"), "did you mean `memory`")
    yield Case("in a file system", "fleet: ab\nfile_systems: {aa: {tpye: x}}\n", "is not a field")
    yield Case("with ESC in it", fleet('"\\e[31m": 1'), "cannot be seen")
    yield Case("with backquotes in it", fleet('"`a`": 1'), "is not a field")


def _fields(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in node.get("properties", {}).items():
        yield (*path, name), child
        yield from _fields(child, (*path, name))


WRONG = {
    "string": ("[x]", "{a: b}", "true", "3"),
    "integer": ("some", "[1]", "{min: [1]}", "1.5"),
    "number": ("some", "[1]", "true"),
    "boolean": ("some", "0", "[true]"),
    "array": ("3", "some", "true"),
    "object": ("3", "some", "[a]"),
}


def wrong_types() -> Cases:
    """Every field of a workstation with a value of another type than any it takes."""
    workstation = inlined()["properties"]["workstations"]["additionalProperties"]
    for path, node in _fields(workstation, ()):
        types = node.get("type", [])
        types = {types} if isinstance(types, str) else set(types)
        wrong = [set(WRONG[name]) for name in types - {"null"}]
        for value in sorted(set.intersection(*wrong) if wrong else ())[:2]:
            nested = value
            for key in reversed(path):
                nested = f"{{{key}: {nested}}}"
            yield Case(
                f"{'.'.join(path)} is {value}", f"fleet: ab\nworkstations: {{ws: {nested}}}\n"
            )


def out_of_range() -> Cases:
    for setting in (
        "gpu: {count: 0}", "gpu: {count: 17}", "gpu: {count: -1}", "gpu: {memory: 24GiB}",
        "gpu: {memory: 0GB}", "gpu: {memory: 24  GB}", "gpu: {name: rtx}", "memory: {min: 16}",
        "memory: {min: 2GiB, max: 1GiB}", "vcpus: {min: 8, max: 4}", "instance_types: []",
        "instance_types: ['*']", "instance_types: [g5.xlarge, g5.xlarge]", "region: us-east-99",
        "availability_zones: [eu-west-1a]", "storage: {root: {size: 65TiB}}",
        "storage: {root: {size: 0GiB}}", "storage: {root: {size: 100GiB, iops: 1}}",
        "storage: {root: {size: 100GiB, iops: 80001}}", "on_demand_fallback: {after: 1s}",
        "on_demand_fallback: {max_duration: 8d}", "spot_policy: cheap", "image: {id: ami-1}",
        "image: {id: ami-0123456789abcdef0, name: x}", "image: {}", "scheduler_role: 'a b'",
        "schedule: {start: 'Mon 24:00', timezone: UTC}", "schedule: {start: 'Mon-Fri 09:00'}",
        "schedule: {start: 'daily 09:00', stop: 'daily 09:00', timezone: UTC}",
        "schedule: {start: 'cron(* * * * ? *)', timezone: UTC}",
        "schedule: {start: 'daily 09:00', timezone: Mars/Olympus}",
        "network: {subnets: [subnet-1]}", "network: {subnets: []}", "tags: {aws:x: y}",
        "tags: {AWS:x: y}", "tags: {reconciler:site: other}", "tags: {a: 'b;c'}",
    ):  # fmt: skip
        text = fleet(setting) if setting.startswith(("gpu", "instance_types")) else field(setting)
        yield Case(setting, text)
    for rule in (
        "{protocol: tcp, port: 22, cidr: 0.0.0.0/0}",
        "{protocol: tcp, port: 22, cidr: '::/0'}",
        "{protocol: tcp, port: 22, cidr: 10.0.0.0/7}",
        "{protocol: tcp, port: 22, cidr: 10.0.0.1/8}",
        "{protocol: tcp, port: 22, cidr: 300.0.0.0/8}",
        "{protocol: tcp, port: 0, cidr: 10.0.0.0/8}",
        "{protocol: tcp, port: 65536, cidr: 10.0.0.0/8}",
        "{protocol: tcp, port: 90-80, cidr: 10.0.0.0/8}",
        "{protocol: '-1', port: 22, cidr: 10.0.0.0/8}",
        "{protocol: icmp, port: 22, cidr: 10.0.0.0/8}",
        "{protocol: tcp, port: 22}",
    ):
        yield Case(f"ingress {rule}", {"_site.yaml": f"ingress: [{rule}]\n"})


CATEGORIES = {
    "implicit types": implicit_types,
    "NaN and Inf": not_numbers,
    "keys that are no text": keys_that_are_no_text,
    "unknown fields": unknown_fields,
    "wrong types": wrong_types,
    "out of range": out_of_range,
}
