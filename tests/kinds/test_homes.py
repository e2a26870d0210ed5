"""What every type of home answers, run over all of them: no test here is about one type."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from reconciler import declare, kinds
from reconciler.declare import homes as declared_homes
from reconciler.declare.fleet import Site, Workstation
from reconciler.declare.homes.questions import COMMON
from reconciler.declare.schema import inlined
from reconciler.declare.tree import Map
from reconciler.kinds import (
    KINDS,
    auto_scaling_group,
    homes,
    launch_template,
    security_group,
    security_group_rules,
)
from reconciler.money.storage import RetainedStorage
from reconciler.plan.model import Key, Ref
from reconciler.plan.ownership import FILE_SYSTEM, SITE, WORKSTATION, write_tags
from reconciler.plan.projection import Unreadable
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.resolving import resolve
from tests.declare.helpers import GPU, Folder
from tests.kinds.homes import SAMPLES
from tests.plan.declared import IMAGE, NOW, PROFILE, REGION, ROLE, facts
from tests.support.fake_aws import FakeAws

TYPES = sorted(homes.HOMES)
SHARED = sorted(homes.FILE_SYSTEMS)


def written(tmp_path: Path, home: str) -> Workstation:
    """The workstation `ws` with a home of this type, as the loader builds it."""
    return Folder(tmp_path).workstation(
        f"{GPU}, storage: {{home: {{{home}: {SAMPLES[home].written}}}}}"
    )


def mounting(tmp_path: Path, type_: str) -> Site:
    """The workstation `ws` that mounts a shared file system of this type, as `data`."""
    folder = Folder(tmp_path)
    settings = SAMPLES[type_].written.removeprefix("{")
    folder.write(
        "vision.yaml",
        f"fleet: vision\nfile_systems:\n  data: {{type: {type_}, {settings}\n"
        f"workstations:\n"
        f"  ws: {{{GPU}, storage: {{mounts: [{{file_system: data, at: /data}}]}}}}\n",
    )
    return folder.load()


def resolved(*workstations: Workstation, site: Site | None = None) -> ResolvedSite:
    """The site `acme` in a region where all is there."""
    whole = site or Site(
        "acme", "123456789012", (REGION,), (), (), workstations, (), ("vision.yaml",)
    )
    found = facts(
        images={"/golden/gpu-desktop": IMAGE},
        instance_profiles={"workstation": PROFILE},
        roles={"workstation-scheduler": ROLE},
    )
    return resolve(whole, {REGION: found}, NOW, {})


def known(entry: Mapping[str, Any], home: str) -> dict[str, Any]:
    """An entry of the instance file as AWS fills it in."""
    attributes = SAMPLES[home].known
    return {
        name: attributes[value.attr] if isinstance(value, Ref) else value
        for name, value in entry.items()
    }


def test_both_layers_and_the_schema_have_the_same_types() -> None:
    schema = inlined()["properties"]
    station = schema["workstations"]["additionalProperties"]["properties"]
    assert set(declared_homes.HOMES) == set(homes.HOMES) == set(SAMPLES)
    assert set(station["storage"]["properties"]["home"]["properties"]) == set(TYPES)
    shared = schema["file_systems"]["additionalProperties"]["properties"]
    types = set(shared["type"]["enum"])
    assert set(declared_homes.FILE_SYSTEMS) == set(homes.FILE_SYSTEMS) == types <= set(TYPES)
    settings = {key for each in declared_homes.FILE_SYSTEMS.values() for key in each.SETTINGS}
    assert settings | COMMON == set(shared)


@pytest.mark.parametrize("folder", [declare, kinds], ids=["declare", "kinds"])
def test_each_type_has_its_own_file_in_each_layer(folder: Any) -> None:
    (path,) = folder.__path__
    there = {each.stem for each in (Path(path) / "homes").glob("*.py")}
    assert there - {"__init__", "questions"} == set(TYPES)


@pytest.mark.parametrize("home", TYPES)
def test_a_declared_home_answers_what_the_stages_ask(tmp_path: Path, home: str) -> None:
    station = written(tmp_path, home)
    value = station.home
    assert value is not None
    assert value.type == home
    assert value.label
    assert (value.availability_zone, value.kms_key_id) == (None, None)
    assert value.where.line == 3
    assert not (value.ties_to_zone and value.crosses_zones), "tied instances are in its zone"
    assert station.storage == (value,)
    assert station.own_file_system is value.file_system
    assert (value.file_system is value) is (home in SHARED)
    if value.file_system:
        assert (value.file_system.name, value.file_system.workstation) == ("home", "ws")


@pytest.mark.parametrize("home", TYPES)
def test_what_is_built_in_is_a_setting_of_the_home(home: str) -> None:
    station = inlined()["properties"]["workstations"]["additionalProperties"]["properties"]
    settings = station["storage"]["properties"]["home"]["properties"][home]["properties"]
    assert set(declared_homes.HOMES[home].built_in(Map())) <= set(settings)


@pytest.mark.parametrize("home", SHARED)
def test_a_shared_one_is_known_to_who_mounts_it(tmp_path: Path, home: str) -> None:
    site = mounting(tmp_path, home)
    ((shared,), (station,)) = site.file_systems, site.workstations
    assert (shared.type, shared.name, shared.workstation) == (home, "data", "")
    assert station.mounts[0].file_system is shared
    assert station.storage == (shared,)


def test_a_shared_one_takes_no_setting_of_another_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lustre = declared_homes.fsx_lustre
    monkeypatch.setattr(lustre, "SETTINGS", lustre.SETTINGS - {"root_squash"})
    fleet = "fleet: vision\nfile_systems:\n  data: {type: fsx_lustre, storage_capacity: 1200GiB, "
    (problem,) = Folder(tmp_path).says(f"{fleet}root_squash: true}}\n")
    assert problem.endswith("fsx_lustre has no `root_squash` (it is of another type)")


@pytest.mark.parametrize("home", TYPES)
def test_its_kinds_are_made_before_what_mounts_it_and_after_its_groups(home: str) -> None:
    order = {kind.NAME: index for index, kind in enumerate(KINDS)}
    for kind in homes.HOMES[home].KINDS:
        assert kind in homes.KINDS
        assert order[security_group_rules.NAME] < order[kind.NAME] < order[launch_template.NAME]


def _wanted(site: ResolvedSite, home: str) -> set[Key]:
    return {wanted.key for kind in homes.HOMES[home].KINDS for wanted in kind.desired(site)}


@pytest.mark.parametrize("home", TYPES)
def test_the_home_is_made_and_mounted_under_one_key(tmp_path: Path, home: str) -> None:
    station = written(tmp_path, home)
    site = resolved(station)
    data = homes.HOMES[home].home_key("acme", station)
    assert data.kind == homes.HOMES[home].KINDS[0].NAME
    assert data in _wanted(site, home)
    for other in set(TYPES) - {home}:
        assert not _wanted(site, other), "no other type takes it for its own"
    (template,) = launch_template.desired(site)
    assert template.home == data
    _is_read_back(template.spec.user_data["home"], home, data, "/home/ws")
    (group,) = auto_scaling_group.desired(site)
    assert set(group.after) <= _wanted(site, home), "what the group waits for is made"
    value = station.home
    assert value is not None
    assert not value.ties_to_zone or data in group.after, "its zone decides the group's"


@pytest.mark.parametrize("home", SHARED)
def test_a_shared_one_is_made_and_mounted_under_one_key(tmp_path: Path, home: str) -> None:
    site = resolved(site=mounting(tmp_path, home))
    data = homes.FILE_SYSTEMS[home].shared_key("acme", site.declared.file_systems[0])
    assert data in _wanted(site, home)
    (template,) = launch_template.desired(site)
    assert template.home is None
    (entry,) = template.spec.user_data["mounts"]
    _is_read_back(entry, home, data, "/data")
    (group,) = auto_scaling_group.desired(site)
    assert set(group.after) <= _wanted(site, home)


def _is_read_back(entry: Mapping[str, Any], home: str, data: Key, at: str) -> None:
    """What an instance is told names the data, and its id is found in it again."""
    assert (entry["type"], entry["name"], entry["at"]) == (home, data.name, at)
    assert homes.HOMES[home].mounted_id(known(entry, home)) == SAMPLES[home].id
    assert homes.HOMES[home].mounted_id({"type": home, "name": data.name}) == ""


@pytest.mark.parametrize("home", TYPES)
def test_a_home_over_the_network_is_reached_by_its_workstation_alone(
    tmp_path: Path, home: str
) -> None:
    site = resolved(written(tmp_path, home))
    own = [each.key.name for each in security_group.desired(site) if each.workstation]
    assert own == (["acme-ws/instance (vpc-1)", "acme-ws/home (vpc-1)"] if home in SHARED else [])
    (station,) = site.workstations
    assert len(security_group.of_instances(site, station)) == (2 if home in SHARED else 1)
    for rules in security_group_rules.desired(site):
        if rules.workstation:
            sources = {str(rule.source) for rule in rules.spec.ingress}
            assert all("acme-ws/" in source for source in sources)


@pytest.mark.parametrize("home", SHARED)
def test_the_servers_of_a_shared_one_admit_the_workstations(tmp_path: Path, home: str) -> None:
    site, network = resolved(site=mounting(tmp_path, home)), homes.FILE_SYSTEMS[home].NETWORK
    groups = {each.key.name: each.spec for each in security_group.desired(site)}
    assert groups[f"acme-{network.role} (vpc-1)"].description.startswith(network.title)
    rules = {each.key.name: each.spec.ingress for each in security_group_rules.desired(site)}
    clients = "security_group acme-workstation (vpc-1)"
    admitted = {
        (rule.from_port, rule.to_port)
        for rule in rules[f"acme-{network.role} (vpc-1)"]
        if clients in str(rule.source)
    }
    assert admitted == set(network.ports)
    back = {rule for rule in rules["acme-workstation (vpc-1)"] if network.label == rule.description}
    assert bool(back) is network.servers_connect


@pytest.mark.parametrize("home", TYPES)
def test_what_a_home_goes_on_costing_is_read(home: str) -> None:
    operation, items, item = SAMPLES[home].stored

    def of(workstation: str) -> list[dict[str, str]]:
        tags = {SITE: "acme", WORKSTATION: workstation, FILE_SYSTEM: "home"}
        return write_tags(tags)

    odd = {name: value for name, value in item.items() if name != SAMPLES[home].odd}
    stored = [{**item, "Tags": of("ws")}, {**odd, "Tags": of("ws")}]
    answers: dict[str, Any] = {operation: {items: stored}}
    aws = FakeAws(**answers)
    whole, broken = homes.HOMES[home].retained(aws, "acme", "ws")
    assert isinstance(whole, RetainedStorage)
    assert (whole.id, whole.gib > 0) == (SAMPLES[home].id, True)
    assert whole.cost.startswith("about $"), "nobody turns it off and thinks that it is free"
    assert isinstance(broken, Unreadable)


def test_nobody_matches_on_the_type_of_a_home() -> None:
    """A stage asks the home. `of_type` picks the values of one type, for code about it alone."""
    types = {
        get_type_hints(home.build)["return"].__name__ for home in declared_homes.HOMES.values()
    }
    types |= {"Home", "FileSystem"}
    (folder,) = declare.__path__
    for path in Path(folder).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            matched: ast.AST | None = None
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                matched = node.args[1]
            elif isinstance(node, ast.MatchClass):
                matched = node.cls
            names = {
                each.id for each in ast.walk(matched or ast.Pass()) if isinstance(each, ast.Name)
            }
            assert not names & types, f"{path}:{getattr(node, 'lineno', 0)} matches on a home"
