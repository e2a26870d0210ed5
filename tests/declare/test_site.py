"""What holds for the whole site, and files that contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.declare.check_config import OUR_TAGS
from reconciler.declare.fleet import IngressRule
from reconciler.declare.load import load
from reconciler.errors import NoDeclaration
from reconciler.plan import ownership
from tests.declare.helpers import DEFAULTS, GPU, Folder, fleet

INGRESS = {
    "0.0.0.0/0": "`0.0.0.0/0` is the whole internet",
    "::/0": "`::/0` is the whole internet",
    "10.0.0.0/7": "`10.0.0.0/7` is wider than /8",
    "2000::/3": "`2000::/3` is wider than /16",
}
ADVICE = "name your own networks; `workstation connect` goes through SSM and needs no rule"


@pytest.mark.parametrize("cidr", INGRESS)
def test_the_internet_is_not_let_in(folder: Folder, cidr: str) -> None:
    rule = f"{{protocol: tcp, port: 8443, cidr: '{cidr}'}}"
    problems = folder.says(f"ingress: [{rule}]\n", "_site.yaml")
    assert problems == [f"1:45: {INGRESS[cidr]} ({ADVICE})"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("port: 8443, cidr: 10.0.0.5/8", "1:45: `10.0.0.5/8` is an address within a network "
         "(write 10.0.0.0/8)"),
        ("port: 8443, cidr: 10.0.0.256/8", "1:45: `10.0.0.256/8` is not a network "
         "(for example 10.20.0.0/16)"),
        ("port: 8443, cidr: 10.0.0.0/33", "1:45: `10.0.0.0/33` is not a network "
         "(for example 10.20.0.0/16)"),
        ('port: "9000-8000", cidr: 10.0.0.0/8', "1:33: `9000-8000` is not a range of ports "
         "(the lower first, 65535 at most)"),
        ('port: "1-70000", cidr: 10.0.0.0/8', "1:33: `1-70000` is not a range of ports "
         "(the lower first, 65535 at most)"),
        ("port: 70000, cidr: 10.0.0.0/8", "1:33: `port` must be at most 65535, not 70000"),
    ],
)  # fmt: skip
def test_ingress_rules_that_make_no_sense(folder: Folder, rule: str, message: str) -> None:
    assert folder.says(f"ingress: [{{protocol: tcp, {rule}}}]\n", "_site.yaml") == [message]


def test_what_holds_for_the_site_comes_from_all_its_own_files(
    folder: Folder,
) -> None:
    folder.write("_site.yaml", "regions: [eu-west-1]\nignore_tags: ['scanner:*']\n")
    rule = "{protocol: udp, port: '8000-8010', cidr: 10.0.0.0/8, description: DCV}"
    folder.write("_z.yaml", f"ingress: [{rule}, {rule}]\n")
    folder.write("vision.yaml", fleet(GPU))
    site = folder.load()
    assert site.regions == ("eu-west-1", "us-east-1")
    assert site.ignore_tags == ("scanner:*",)
    assert site.ingress == (IngressRule("udp", 8000, 8010, "10.0.0.0/8", "DCV"),)
    assert [Path(name).name for name in site.files] == [
        "_defaults.yaml", "_site.yaml", "_z.yaml", "vision.yaml",
    ]  # fmt: skip


WIDE = {
    "ingress": "[{protocol: tcp, port: 22, cidr: 10.0.0.0/8}]",
    "ignore_tags": "['scanner:*']",
    "regions": "[eu-west-1]",
    "calendars": "{holidays: {dates: []}}",
}


@pytest.mark.parametrize("key", WIDE)
def test_no_file_of_one_fleet_says_what_holds_for_all(folder: Folder, key: str) -> None:
    """Who may approve one fleet's file must not open the network of every other."""
    assert folder.says(f"{fleet(GPU)}{key}: {WIDE[key]}\n") == [
        f"4:1: `{key}` holds for every fleet of the site, and this is the file of one "
        "(move it to the _defaults.yaml beside this file)"
    ]


def test_nor_does_the_only_file_of_a_site(tmp_path: Path) -> None:
    """One rule: a second fleet must not change what the first one's file means."""
    folder = Folder(tmp_path)
    (tmp_path / "_defaults.yaml").unlink()
    text = f"fleet: all\n{DEFAULTS}workstations: {{ws: {{{GPU}}}}}\nregions: [eu-west-1]\n"
    [problem] = folder.says(text, "all.yaml")
    assert "`regions` holds for every fleet of the site" in problem


@pytest.mark.parametrize(
    "pattern",
    ["*", "reconcile*", "?econciler:*", "[r]econciler:site", "*:owner", "*override", "re*market"],
)
def test_a_pattern_that_hides_whose_a_thing_is_is_refused(folder: Folder, pattern: str) -> None:
    problems = folder.says(f"ignore_tags: ['scanner:*', '{pattern}']\n", "_site.yaml")
    [problem] = problems
    assert problem.startswith(f"1:28: `{pattern}` matches reconciler:")
    assert problem.endswith("(name the keys of the other tool)")


def test_every_tag_of_this_program_is_among_those_that_no_pattern_hides() -> None:
    keys = {
        value
        for name, value in vars(ownership).items()
        if name.isupper() and str(value).startswith("reconciler:")
    }
    assert set(OUR_TAGS) == keys


@pytest.mark.parametrize("pattern", ["*-cost", "owner", "Name", "scanner:*", "*:scanned", "r*x"])
def test_a_pattern_of_another_tool_is_taken(folder: Folder, pattern: str) -> None:
    folder.write("_site.yaml", f"ignore_tags: ['{pattern}']\n")
    folder.write("vision.yaml", fleet(GPU))
    assert folder.load().ignore_tags == (pattern,)


def test_one_file_may_say_it_all(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "_defaults.yaml").unlink()
    folder.write("all.yaml", f"fleet: all\n{DEFAULTS}workstations: {{ws: {{{GPU}}}}}\n")
    assert folder.load().account == "123456789012"


def test_two_sites_and_two_accounts(folder: Folder) -> None:
    text = f"{fleet(GPU)}site: acne\naccount: '210987654321'\n"
    problems = [problem.replace(f"{folder.path}/", "") for problem in folder.says(text)]
    assert problems == [
        "4:7: another site: _defaults.yaml:1:1 says `acme` "
        "(one run has one site; keep it in one place)",
        "5:10: another account: _defaults.yaml:2:1 says `123456789012` "
        "(one run has one account; keep it in one place)",
    ]


def test_no_site_and_no_account(folder: Folder) -> None:
    text = DEFAULTS.partition("\n")[2].partition("\n")[2]
    folder.write("_defaults.yaml", text)
    assert folder.says(fleet(GPU)) == [
        '1:1: no file gives the `account` (add account: "123456789012" to the _defaults.yaml here)',
        "1:1: no file gives the `site` (add site: acme to the _defaults.yaml here)",
    ]


def test_a_site_cannot_be_called_like_the_schedule_group_of_aws(folder: Folder) -> None:
    folder.write("_defaults.yaml", DEFAULTS.replace("acme", "default"))
    folder.write("vision.yaml", fleet(GPU))
    assert folder.problems() == [
        "_defaults.yaml:1:7: the site cannot be called `default` "
        "(AWS has a schedule group of that name; choose another)"
    ]


def test_names_are_unique_in_the_site_and_not_easily_mistaken(folder: Folder) -> None:
    folder.write("a.yaml", f"fleet: aa\nworkstations:\n  dev1: {{{GPU}}}\n  pool: {{{GPU}}}\n")
    folder.write("b.yaml", f"fleet: bb\nworkstations:\n  dev1: {{{GPU}}}\n  poo1: {{{GPU}}}\n")
    assert folder.problems() == [
        "b.yaml:3:3: `dev1` is declared in a.yaml:3:3 too "
        "(a name is unique in the whole site; rename one of them)",
        "b.yaml:4:3: `poo1` looks like `pool` in a.yaml:4:3 "
        "(0 and o, 1 and l are easily mistaken; rename one of them)",
    ]


def test_a_fleet_stands_in_one_file(folder: Folder) -> None:
    folder.write("a.yaml", fleet(GPU))
    folder.write("b.yaml", fleet(GPU).replace("ws", "other"))
    assert folder.problems() == [
        "b.yaml:1:8: fleet `vision` is declared in a.yaml:1:1 too (one fleet stands in one file)"
    ]


def test_a_file_without_a_fleet(folder: Folder) -> None:
    assert folder.says("defaults: {region: us-east-1}\n") == [
        "1:1: the file declares no fleet (begin with fleet: <name>; "
        "a file that only gives defaults is called _<name>.yaml)"
    ]


def test_a_file_for_defaults_declares_no_fleet(folder: Folder) -> None:
    folder.write("_more.yaml", f"{fleet(GPU)}file_systems: {{}}\n")
    hint = "such a file only gives defaults to the files beside it"
    assert folder.problems() == [
        f"_more.yaml:1:1: `fleet` in a file that begins with _ ({hint})",
        f"_more.yaml:2:1: `workstations` in a file that begins with _ ({hint})",
        f"_more.yaml:4:1: `file_systems` in a file that begins with _ ({hint})",
    ]


def test_nothing_declared_is_not_everything_removed(tmp_path: Path) -> None:
    with pytest.raises(NoDeclaration, match="declares a fleet: check the path") as caught:
        load([tmp_path])
    assert caught.value.exit_code == 4
    Folder(tmp_path)  # defaults alone
    with pytest.raises(NoDeclaration):
        load([tmp_path])


def test_a_fleet_without_workstations_is_a_declaration(folder: Folder) -> None:
    folder.write("vision.yaml", "fleet: vision\nworkstations: {}\n")
    assert folder.load().workstations == ()


def test_regions_are_those_in_use_in_defaults_or_listed(folder: Folder) -> None:
    """A region that its last workstation has left is still looked at."""
    folder.write("_more.yaml", "regions: [ap-south-1]\n")
    folder.write("vision.yaml", fleet(f"{GPU}, region: eu-central-1"))
    assert folder.load().regions == ("ap-south-1", "eu-central-1", "us-east-1")


def test_a_fleet_that_everybody_left_is_looked_at_where_the_defaults_say(folder: Folder) -> None:
    folder.write("vision.yaml", "fleet: vision\nworkstations: {}\n")
    assert folder.load().regions == ("us-east-1",)


def test_nobody_and_nowhere_is_no_declaration(tmp_path: Path) -> None:
    (tmp_path / "vision.yaml").write_text(
        'site: acme\naccount: "123456789012"\nfleet: vision\nworkstations: {}\n'
    )
    with pytest.raises(NoDeclaration, match="add `region` under `defaults`"):
        load([tmp_path])
