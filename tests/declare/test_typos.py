"""A typo in the name of a field is never silent, and the suggestion is nearly always right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.declare.schema import inlined
from reconciler.declare.suggest import suggest
from reconciler.declare.unknown import SYNONYMS
from tests.declare.helpers import GPU, Folder


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every set of fields in the schema."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node["properties"]
        for value in node.values():
            yield from _objects(value)


def _one_edit(word: str) -> set[str]:
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = "aeinstxz_"
    lost = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    changed = {a + c + b[1:] for a, b in cuts if b for c in letters}
    added = {a + c + b for a, b in cuts for c in letters}
    return (lost | swapped | changed | added) - {word, ""}


def test_single_edit_typos_of_every_field() -> None:
    seen, right = 0, 0
    groups = {tuple(fields) for fields in _objects(inlined())}
    for fields in groups:
        for field in fields:
            for typo in _one_edit(field) - set(fields):
                seen += 1
                right += suggest(typo, fields) == field
    assert seen > 5_000
    assert right / seen >= 0.95


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Spot-Policy", "spot_policy"),
        ("instanceTypes", "instance_types"),
        ("availabilty_zone", "availability_zones"),
        ("garbage", None),
    ],
)
def test_other_ways_to_misspell(word: str, meant: str | None) -> None:
    assert suggest(word, ["spot_policy", "instance_types", "availability_zones"]) == meant


OTHER_WORDS = {
    "availability_zone: us-east-1a": "did you mean `availability_zones`?",
    "zone: us-east-1a": "did you mean `availability_zones`?",
    "instance_type: g6.xlarge": "did you mean `instance_types`?",
    "spot: true": "did you mean `spot_policy`?",
    "user: bob": "did you mean `owner`?",
    "email: bob@example.com": "did you mean `owner`?",
    "gpu_memory: 24GB": "say it under `gpu`, which is there",
    "ram: 16GiB": "write memory: {min: 16GiB}",
    "disk: 100GiB": "write storage: {root: {size: 100GiB}}",
    "home: 200GiB": "write storage: {home: {ebs: {size: 200GiB}}}",
    "ami: ami-0123456789abcdef0": "write image: {id: ami-0123456789abcdef0}",
    "hours: x": 'write schedule: {start: "Mon-Fri 09:00", stop: "Mon-Fri 19:00", timezone: '
    "Europe/Berlin}",
    "timezone: UTC": "it belongs under `schedule`",
    "subnets: []": "it belongs under `network`",
    "state: running": "whether it runs now is not declared: `workstation start` and `workstation "
    "stop` do that",
    "desired_capacity: 1": "whether it runs now is not declared: `workstation start` and "
    "`workstation stop` do that",
    "max_price: 1": "Spot has no bid: `instance_requirements` has the price limits that AWS knows",
    "xyzzy: 1": "see docs/reference-yaml.md",
}


@pytest.mark.parametrize("setting", OTHER_WORDS)
def test_a_field_by_the_name_that_others_give_it(folder: Folder, setting: str) -> None:
    name = setting.partition(":")[0]
    problems = folder.settings_say(f"{GPU}, {setting}")
    assert problems == [f"`{name}` is not a field of a workstation ({OTHER_WORDS[setting]})"]


def test_every_other_word_leads_to_a_field_or_says_why() -> None:
    objects = {node["title"]: node for node in _all(inlined()) if "properties" in node}
    for title, synonyms in SYNONYMS.items():
        node = objects.get(title, inlined())
        words = [word for words in synonyms.values() for word in words.split()]
        assert len(set(words)) == len(words), f"{title}: a word has two meanings"
        for advice in synonyms:
            field, colon, example = advice.partition(": ")
            if field in node["properties"]:
                written = yaml.safe_load(f"{field}: {example}" if colon else "{}")
                fits = {**node, "required": [], "minProperties": 0}
                assert not list(Draft202012Validator(fits).iter_errors(written)), advice
            else:
                assert " " in advice, advice  # a sentence that says why


def test_no_level_takes_an_unknown_field() -> None:
    for node in _all(inlined()):
        if "properties" in node:
            assert node["additionalProperties"] is False, node["title"]


def _all(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "type" in node and not isinstance(node["type"], dict):
            yield node
        for value in node.values():
            yield from _all(value)
    elif isinstance(node, list):
        for value in node:
            yield from _all(value)


def test_five_mistakes_in_one_file_are_five_messages(folder: Folder) -> None:
    text = """\
fleet: vision
workstations:
  alice:
    ownr: alice@example.com
    gpu: {memory: 24GB, count: "1"}
    spot_policy: sport
    storage:
      mounts: [{file_system: datsets, at: /fsx}]
  bob:
    owner: bob@example.com
"""
    assert folder.says(text) == [
        "4:5: `ownr` is not a field of a workstation (did you mean `owner`?)",
        "5:32: `count` must be a whole number, not text `1` (write it without quotes: 1)",
        "6:18: `spot_policy` must be spot, auto or on-demand, not `sport` (did you mean `spot`?)",
        "8:30: fleet `vision` has no file system `datsets` (it has: none)",
        "9:3: `bob` does not say what machine it needs "
        "(for example gpu: {memory: 24GB}; or give it under `defaults`)",
    ]


def test_a_typo_does_not_make_the_field_missing_too(folder: Folder) -> None:
    folder.write("_defaults.yaml", "site: acme\naccount: '123456789012'\n")
    problems = folder.settings_say(
        f"{GPU}, ownr: a, regin: us-east-1, imge: {{}}, netwrk: {{}}, instance_profil: x, "
        "scheduler_rol: x"
    )
    assert [problem.split("`")[1] for problem in problems] == [
        "ownr",
        "regin",
        "imge",
        "netwrk",
        "instance_profil",
        "scheduler_rol",
    ]
