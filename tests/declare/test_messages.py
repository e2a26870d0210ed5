"""Each way to miss the schema, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.declare.messages import MESSAGES
from reconciler.declare.schema import inlined
from tests.declare.helpers import GPU, Folder

SETTINGS = {
    # unknown fields
    "gpu: {}, ownr: x": "`ownr` is not a field of a workstation (did you mean `owner`?)",
    "instanceTypes: [g6.xlarge]": "`instanceTypes` is not a field of a workstation "
    "(did you mean `instance_types`?)",
    "gpu: {}, subnets: []": "`subnets` is not a field of a workstation "
    "(it belongs under `network`)",
    "gpu: {}, timezone: UTC": "`timezone` is not a field of a workstation "
    "(it belongs under `schedule`)",
    "gpu: {}, xyzzy: 1": "`xyzzy` is not a field of a workstation (see docs/reference-yaml.md)",
    f"{GPU}, storage: {{disk: 1}}": "`disk` is not a field of a storage section "
    "(its fields: root, home, mounts)",
    # types
    "gpu: 24": "`gpu` must be a mapping, not the number 24 (for example {memory: 24GB})",
    "gpu: {memory: 24}": "`memory` must be text or a mapping, not the number 24 (write 24GB)",
    'gpu: {count: "2"}': "`count` must be a whole number, not text `2` "
    "(write it without quotes: 2)",
    "gpu: {count: two}": "`count` must be a whole number, not text `two` (for example 1)",
    "gpu: {count: 1.5}": "`count` must be a whole number, not the number 1.5 (for example 1)",
    "gpu: {count: true}": "`count` must be a whole number, not true (for example 1)",
    f"{GPU}, availability_zones: us-east-1a": "`availability_zones` must be a list, not text "
    "`us-east-1a` (write a list: [us-east-1a])",
    f"{GPU}, availability_zones: {{a: 1}}": "`availability_zones` must be a list, not a mapping "
    "(for example [us-east-1a, us-east-1b])",
    f"{GPU}, availability_zones: [1]": "an item of `availability_zones` must be text, "
    "not the number 1 (for example us-east-1a)",
    f"{GPU}, availability_zones: [null]": "an item of `availability_zones` has no value; "
    "it must be text (for example us-east-1a)",
    f"{GPU}, owner: [a]": "`owner` must be text, not a list (write a)",
    f"{GPU}, owner: 42": '`owner` must be text, not the number 42 (write it in quotes: "42")',
    f"{GPU}, tags: {{Cost: 1}}": '`Cost` must be text, not the number 1 (write it in quotes: "1")',
    f"{GPU}, tags: {{Spot: true}}": '`Spot` must be text, not true (write it in quotes: "true")',
    f"{GPU}, storage: {{root: {{size: 100}}}}": "`size` must be text, not the number 100 "
    "(write 100GiB)",
    f"{GPU}, storage: {{home: {{fsx_lustre: {{storage_capacity: 1200GiB, file_system_type_version: "
    "2.10}}}": "`file_system_type_version` must be text, not the number 2.10 "
    '(write it in quotes: "2.10")',
    # values
    f"{GPU}, spot_policy: sptt": "`spot_policy` must be spot, auto or on-demand, not `sptt` "
    "(did you mean `spot`?)",
    "gpu: {manufacturer: NVIDIA}": "`manufacturer` must be nvidia or amd, not `NVIDIA` "
    "(did you mean `nvidia`?)",
    f"{GPU}, storage: {{home: {{fsx_lustre: {{storage_capacity: 1200GiB, "
    "per_unit_storage_throughput: 126}}}": "`per_unit_storage_throughput` must be "
    "12, 40, 50, 100, 125, 200, 250, 500 or 1000, not 126",
    "gpu: {memory: 24GiB}": "`memory` must be the nominal size in GB, as the data sheet has it, "
    "such as 24GB, not `24GiB` (write 24GB)",
    f"{GPU}, memory: {{min: 16GB}}": "`min` must be a whole number of MiB, GiB or TiB, "
    "such as 16GiB, not `16GB` (write 16GiB)",
    f"{GPU}, schedule: {{stop: '19:00', timezone: UTC}}": "`stop` must be days and a time, "
    'such as "Mon-Fri 09:00" or "daily 20:00", not `19:00` (write "Mon-Fri 19:00")',
    f"{GPU}, owner: m\u00fcller": "`owner` must be an e-mail address or a login as AWS's "
    "session names have it, of letters a to z, digits and _+=.-, not `m\u00fcller` "
    "(it has U+00FC LATIN SMALL LETTER U WITH DIAERESIS)",
    f"{GPU}, storage: {{root: {{iops: 2999}}}}": "`iops` must be at least 3000, not 2999",
    f"{GPU}, storage: {{root: {{iops: 80001}}}}": "`iops` must be at most 80000, not 80001",
    # sizes
    "instance_types: []": "`instance_types` is empty (for example [g6.xlarge, g5.xlarge])",
    "instance_types: [g6.xlarge, g5.xlarge, g6.xlarge]": "`g6.xlarge` is in `instance_types` twice "
    "(keep one of them)",
    f"instance_types: [{', '.join(f'g6.{n}xlarge' for n in range(2, 43))}]": "`instance_types` "
    "has 41 entries, at most 40 are allowed",
    f"{GPU}, storage: {{home: {{}}}}": "`home` is empty (for example {ebs: {size: 200GiB}})",
    f"{GPU}, storage: {{home: {{ebs: {{size: 1GiB}}, fsx_lustre: {{}}}}}}": "`home` has both ebs "
    "and fsx_lustre (keep one of them)",
    f"{GPU}, tags: {{Team: {'x' * 257}}}": "`Team` has 257 characters, at most 256 are allowed",
    f"{GPU}, storage: {{mounts: [{{at: /fsx}}]}}": "a mount needs `file_system` "
    "(for example file_system: datasets)",
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_what_is_said_of_a_workstation(folder: Folder, settings: str) -> None:
    assert folder.settings_say(settings) == [SETTINGS[settings]]


FILES = {
    "fleet: vision\nworkstations:\n  Alice: {gpu: {}}\n": "3:3: the name `Alice` must be 2 to 32 "
    "lower-case letters, digits and hyphens, beginning with a letter (for example `alice`)",
    "fleet: vision\nworkstations:\n  a: {gpu: {}}\n": "3:3: the name `a` must be 2 to 32 "
    "lower-case letters, digits and hyphens, beginning with a letter",
    "fleet: vision\nworkstations:\n  \u0430lice: {gpu: {}}\n": "3:3: `\u0430lice` mixes Latin "
    "letters with U+0430 CYRILLIC SMALL LETTER A, which looks like one "
    "(type it again in one alphabet)",
    "fleet: vision\nworkstations:\n  ws:\n": "3:3: `ws` has no value; it must be a mapping "
    "(for example {owner: alice@example.com, gpu: {memory: 24GB}})",
    "fleet: vision\nworkstations: [a]\n": "2:15: `workstations` must be a mapping, not a list "
    "(for example {alice: {owner: alice@example.com, gpu: {memory: 24GB}}})",
    "fleet: vision\nregion: us-east-1\n": "2:1: `region` is not a field of a fleet file "
    "(it belongs under `defaults`)",
    "fleet: vision\naccount: 123456789012\n": "2:10: `account` must be text, not the number "
    '123456789012 (write it in quotes: "123456789012")',
    'fleet: vision\naccount: "1234"\n': "2:10: `account` must be the 12 digits of an AWS account, "
    "in quotes, not `1234`",
    "fleet: vision\nfile_systems:\n  data: {storage_capacity: 1200GiB}\n": "3:3: a file system "
    "needs `type` (for example type: fsx_lustre)",
    "ingress: [{protocol: tcp, port: 22}]\n": "1:11: an ingress rule needs `cidr` "
    "(for example cidr: 10.20.0.0/16)",
    "ignore_tags: ['scanner:*', 'reconciler:*']\n": "1:28: an item of `ignore_tags` "
    "must be the key of another tool's tag: those that begin with reconciler: say whose a thing "
    "is, not `reconciler:*`",
    'ignore_tags: [""]\n': "1:15: an item of `ignore_tags` is empty (leave it out)",
}


BAD_NAMES = {
    "  Bert: {spot_polcy: auto, gpu: {memory: 24GB}}": [
        "3:3: the name `Bert` must be",
        "3:10: `spot_polcy` is not a field",
    ],
    "  Bert: {gpu: {memory: 24GB}, vcpus: {min: 8, max: 4}}": [
        "3:3: the name `Bert` must be",
        "3:52: the `max` of `vcpus` is below",
    ],
    "  Bert:": ["3:3: `Bert` has no value", "3:3: the name `Bert` must be"],
}


@pytest.mark.parametrize("workstation", BAD_NAMES)
def test_a_bad_name_hides_nothing_below_it(folder: Folder, workstation: str) -> None:
    problems = folder.says(f"fleet: vision\nworkstations:\n{workstation}\n")
    wanted = BAD_NAMES[workstation]
    assert len(problems) == len(wanted)
    assert all(map(str.startswith, problems, wanted)), problems


@pytest.mark.parametrize("text", FILES, ids=ascii)
def test_what_is_said_of_a_file(folder: Folder, text: str) -> None:
    of_all = text.startswith(("ingress", "ignore_tags"))
    assert folder.says(text, "_site.yaml" if of_all else "vision.yaml") == [FILES[text]]


def test_every_keyword_of_the_schema_has_its_words() -> None:
    annotations = {"$schema", "$id", "title", "description", "default", "examples"}
    structure = {"properties", "items", "propertyNames", "patternErrorMessage"}
    assert set(_keywords(inlined())) - annotations - structure == set(MESSAGES)


def _keywords(node: Any, *, names: bool = False) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if not names:
                yield key
            if key not in ("examples", "default", "enum") or names:
                yield from _keywords(value, names=key == "properties" and not names)


def test_the_step_after_a_misfit_goes_on_without_it(folder: Folder) -> None:
    settings = "gpu: 24, owner: [], region: x, image: 1, network: 2, schedule: {start: 9}"
    assert len(folder.settings_say(settings)) == 6 + 1  # `schedule` has no timezone either
