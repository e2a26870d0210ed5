"""Instance types that are not there, or not what was asked for, are refused at their line."""

from __future__ import annotations

import re

import pytest

from docs.instance_types import TABLE, of_moto, table
from reconciler.declare import instance_types
from reconciler.declare.instance_types import (
    families,
    find,
    offered_nowhere,
    plausible,
    regions,
)
from tests.declare.helpers import GPU, Folder, fleet

REFUSED = {
    "[g6.xlrage, g6.xlarge]": "AWS has no instance type `g6.xlrage` (did you mean `g6.xlarge`?)",
    "[g6.extra]": "AWS has no instance type `g6.extra` (a type has a family and a size: g6.xlarge)",
    "[g6.2xlrge]": "AWS has no instance type `g6.2xlrge` (did you mean `g6.2xlarge`?)",
    "[g4nd.xlarge]": "AWS has no instance type `g4nd.xlarge` (did you mean `g4dn.xlarge`?)",
    "[c7ng.large]": "AWS has no instance type `c7ng.large` (did you mean `c7gn.large`?)",
    "[xlarge.g6]": "AWS has no instance type `xlarge.g6` (did you mean `g6.xlarge`?)",
    "[m7y.large]": "AWS has no instance type `m7y.large` (did you mean `m7a.large`?)",
    "[zzzz.zzzz]": "AWS has no instance type `zzzz.zzzz` "
    "(a type has a family and a size: g6.xlarge)",
    "[p3.2xlarge]": "no AWS region offers `p3.2xlarge` (name a type of another family)",
    "[p2.xlarge]": "no AWS region offers `p2.xlarge` (name a type of another family)",
    "[g4ad.xlarge]": "no AWS region offers `g4ad.xlarge` (name a type of another family)",
    "[g6.xlarge, m7i.xlarge]": "`m7i.xlarge` has no GPU, and `g6.xlarge` beside it has one "
    "(a workstation would have a GPU on some days only: take one of them out)",
    "[g6.xlarge, inf2.xlarge]": "`inf2.xlarge` has no GPU, and `g6.xlarge` beside it has one "
    "(a workstation would have a GPU on some days only: take one of them out)",
    "[g5.xlarge, g5g.xlarge]": "`g5g.xlarge` is arm64, `g5.xlarge` is x86_64 "
    "(an image runs on one of them: take the other types out)",
}


@pytest.mark.parametrize("types", REFUSED)
def test_a_type_that_cannot_be_is_refused(folder: Folder, types: str) -> None:
    assert folder.settings_say(f"instance_types: {types}") == [REFUSED[types]]


@pytest.mark.parametrize(
    "types",
    [
        "[g6.xlarge, g5.xlarge, g4dn.xlarge]",
        "[m7i.xlarge, c7a.large]",  # no GPU anywhere: that is a warning
        "[g6f.xlarge, g6.xlarge]",  # a slice of a GPU is one
        "[p5.4xlarge]",
        "[g7.3xlarge]",  # a size that is new
        "[g8e.2xlarge]",  # a generation that is new
        "[gq6.2xlarge]",  # a series that is new
        "[p7-b400.48xlarge]",
        "[g6.metal-48xl]",
    ],
)
def test_a_type_that_is_there_or_newer_than_the_table_is_not(folder: Folder, types: str) -> None:
    ws = folder.workstation(f"instance_types: {types}")
    assert f"[{', '.join(ws.instance_types)}]" == types


def test_a_type_is_refused_at_its_own_line(folder: Folder) -> None:
    text = "fleet: vision\nworkstations:\n  ws:\n    instance_types:\n      - g6.xlarge\n"
    [problem] = folder.says(f"{text}      - g6.2xlrage\n")
    assert problem.startswith("6:9: AWS has no instance type `g6.2xlrage`")


def test_a_type_that_the_region_lacks(folder: Folder) -> None:
    here = "region: me-south-1"
    assert folder.settings_say(f"instance_types: [g6e.xlarge], {here}") == [
        "me-south-1 does not offer `g6e.xlarge` (families with a GPU there: g4dn)"
    ]
    assert folder.settings_say(f"instance_types: [hpc7g.4xlarge], {here}") == [
        "me-south-1 does not offer `hpc7g.4xlarge` (name another type, or another region)"
    ]
    assert folder.workstation(f"instance_types: [g4dn.xlarge], {here}").region == "me-south-1"


def test_of_a_region_that_the_table_lacks_nothing_is_said(folder: Folder) -> None:
    assert "cn-north-1" not in regions()
    found = folder.workstation("instance_types: [g6e.xlarge], region: cn-north-1")
    assert found.instance_types == ("g6e.xlarge",)


def test_types_without_a_gpu_where_the_defaults_ask_for_one(folder: Folder) -> None:
    problems = folder.settings_say("instance_types: [m7i.xlarge]", GPU)
    assert problems == [
        f"`m7i.xlarge` has no GPU, and {folder.path}/vision.yaml:2:12 asks for one "
        "(name types with a GPU, or write `gpu: null` here if none is meant)".replace(
            f"{folder.path}/", ""
        )
    ]


@pytest.mark.parametrize(
    ("settings", "defaults"),
    [
        ("instance_types: [m7i.xlarge], gpu: null", GPU),
        ("gpu: null", f"instance_types: [m7i.xlarge], tags: {{A: b}}, {GPU}".replace(GPU, "")),
        ("instance_types: [g5.xlarge]", "gpu: {name: l4}"),
    ],
)
def test_types_that_replace_a_gpu_on_purpose(folder: Folder, settings: str, defaults: str) -> None:
    folder.workstation(settings, defaults.rstrip(", "))


def test_a_gpu_is_taken_back_in_a_layer_above_the_types(folder: Folder) -> None:
    folder.write("_gpu.yaml", f"defaults: {{{GPU}}}\n")
    assert folder.settings_say("spot_policy: spot", "instance_types: [m7i.xlarge]")
    folder.workstation("gpu: null", "instance_types: [m7i.xlarge]")


PATTERNS = {
    "allowed_instance_types: ['g4nd.*']": "no instance type fits `g4nd.*` (did you mean `g4dn.*`?)",
    "allowed_instance_types: [g6.xlrage]": "no instance type fits `g6.xlrage` "
    "(did you mean `g6.xlarge`?)",
    "excluded_instance_types: ['G6.*']": "no instance type fits `G6.*` (did you mean `g6.*`?)",
}


@pytest.mark.parametrize("need", PATTERNS)
def test_a_pattern_that_nothing_fits_is_refused(folder: Folder, need: str) -> None:
    problems = folder.settings_say(f"vcpus: {{min: 2}}, instance_requirements: {{{need}}}")
    assert problems == [PATTERNS[need]]


@pytest.mark.parametrize("pattern", ["g5.*", "*", "g*.xlarge", "g9.*", "p3.*", "m*"])
def test_a_pattern_that_something_fits_or_may(folder: Folder, pattern: str) -> None:
    need = f"{{excluded_instance_types: ['{pattern}']}}"
    folder.workstation(f"vcpus: {{min: 2}}, instance_requirements: {need}")


def test_the_table_is_read_only_where_a_type_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread() -> None:
        raise AssertionError("the table was read")

    monkeypatch.setattr(instance_types, "_lines", unread)
    find.cache_clear()
    folder.workstation(GPU)


def test_what_the_table_says_of_a_type() -> None:
    l4 = find("g6.xlarge")
    assert l4 is not None
    assert (l4.vcpus, l4.memory_mib, l4.architectures, l4.gpu) == (4, 16384, ("x86_64",), True)
    [accelerator] = l4.accelerators
    assert (accelerator.kind, accelerator.count, accelerator.memory_mib) == ("gpu", 1, 22888)
    assert accelerator.name == "L4"
    assert "us-east-1" in l4.regions
    assert find("g6.xlrage") is None
    assert find("regions") is None
    assert find("p3.*") is None
    assert offered_nowhere("p3")
    assert not offered_nowhere("g6")


def test_a_table_without_a_family_would_not_refuse_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that refuses what AWS has today would refuse what it brings tomorrow."""
    real, odd = dict(families()), set()
    for family, sizes in real.items():
        less = {other: real[other] for other in real if other != family}
        monkeypatch.setattr(instance_types, "families", lambda less=less: less)
        odd |= {family for size in sizes if not plausible(f"{family}.{size}")}
    assert odd == {"dl2q", "trn2u"}, "whose last letters no other family has"


def test_the_table_is_what_its_source_says() -> None:
    text = TABLE.read_text()
    sources = re.search(r"# Attributes and regions: (.*)\.\n", text)
    assert sources
    types, offers = of_moto()
    made = table(types, offers, sources[1], text)
    assert "moto" not in sources[1] or made == text, "run make instance-types FROM=moto"
    assert len(text.splitlines()) > 1000


def test_the_table_keeps_the_order_of_its_regions() -> None:
    """So that one more region changes no line that has nothing to do with it."""
    facts, _ = of_moto()
    types = {"g6.xlarge": facts["g6.xlarge"]}
    before = table(types, {"us-east-1": ["g6.xlarge"]}, "x")
    after = table(types, {"ap-new-1": [], "us-east-1": ["g6.xlarge"]}, "x", before)
    assert "regions us-east-1 ap-new-1\n" in after
    assert [line for line in before.splitlines() if line.startswith("g6.")] == [
        line for line in after.splitlines() if line.startswith("g6.")
    ]


def test_the_example_of_the_schema_is_there(folder: Folder) -> None:
    folder.write("vision.yaml", fleet("instance_types: [g6.xlarge, g5.xlarge]"))
    assert folder.load().workstations[0].instance_types == ("g6.xlarge", "g5.xlarge")
