"""Every example, and the starting fleets: they plan to what is written down, and settle."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.cli.reconcile.command import main
from reconciler.declare.load import load
from tests.promises.conftest import client
from tests.repository.test_policies import allowed_of
from tests.support import cloud_init

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox
    from tests.conftest import Golden

ROOT = Path(__file__).parents[2]
INSTANCE = Draft202012Validator(json.loads((ROOT / "schemas/instance.schema.json").read_text()))
FLEETS = [ROOT / "fleets", *sorted((ROOT / "examples").glob("*/fleets"))]
FILES = [path for folder in FLEETS for path in sorted(folder.glob("*.yaml"))]
GOLDEN = ROOT / "tests/golden/examples"
MODELINE = "# yaml-language-server: $schema="


def name(fleets: Path) -> str:
    return "fleets" if fleets.parent == ROOT else fleets.parent.name


for_each_example = pytest.mark.parametrize("fleets", FLEETS, ids=name)


def reconcile(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(arguments)
    return code, capsys.readouterr().out


DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_editor_is_told_where_the_schema_is(path: Path) -> None:
    first = path.read_text().partition("\n")[0]
    assert first.startswith(MODELINE)
    schema = json.loads((path.parent / first.removeprefix(MODELINE)).read_text())
    assert schema["title"] == "fleet file"


@for_each_example
def test_it_plans_to_what_is_written_down(
    fleets: Path,
    sandbox: Sandbox,
    golden: Golden,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    where = ("-f", str(fleets.relative_to(ROOT)))
    for form, ending in (("text", "txt"), ("markdown", "md")):
        code, plan = reconcile(capsys, *where, "--dry-run", "-o", form)
        assert code == 0, plan
        golden(GOLDEN / name(fleets) / f"plan.{ending}", made_up(plan))


def made_up(plan: str) -> str:
    """The plan with the ids that the local AWS draws replaced, and its digest, which is of them."""
    plan = re.sub(r"\b[0-9a-f]{64}\b", DIGEST, plan)
    return re.sub(r"\b(vpc|subnet)-[0-9a-f]{17}\b", r"\1-0123456789abcdef0", plan)


@for_each_example
def test_one_run_makes_it_and_the_next_writes_nothing(
    fleets: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promises 2 and 6, for everything that can be written in YAML."""
    code, report = reconcile(capsys, "-f", str(fleets), "--wait", "-o", "json")
    assert code == 0, report
    changes = json.loads(report)["changes"]
    assert {change["outcome"] for change in changes} == {"done"}
    site = load([fleets])
    addresses = {address for workstation in site.workstations for address in workstation.notices}
    prefixes = (site.name, *(workstation.name for workstation in site.workstations), *addresses)
    assert [c["name"] for c in changes if not c["name"].startswith(prefixes)] == []
    assert calls(report) - allowed_of(site, "plan", "apply") == set()

    for region in site.regions:
        check_user_data(region)

    code, again = reconcile(capsys, "-f", str(fleets), "-o", "json")
    assert (code, json.loads(again)["changes"]) == (0, [])
    assert calls(again) - allowed_of(site, "plan") == set(), "it wrote"


def check_user_data(region: str) -> None:
    """What each machine of a region is told fits the schema, EC2's limit, and cloud-init."""
    ec2 = client("ec2", region)
    versions = ec2.describe_launch_template_versions(Versions=["$Latest"])["LaunchTemplateVersions"]
    raws = [base64.b64decode(each["LaunchTemplateData"]["UserData"]) for each in versions]
    for raw in raws:
        assert len(raw) <= 16_384
        config = json.loads(gzip.decompress(raw).removeprefix(b"#cloud-config\n"))
        first, *_ = config["write_files"]
        assert [str(e) for e in INSTANCE.iter_errors(json.loads(first["content"]))] == []
    if cloud_init.FOLDER and raws:
        assert "/etc/ws/instance.json" in cloud_init.read(raws[0])["files"]


def calls(report: str) -> set[str]:
    """What a run asked of AWS; who one is needs no permission."""
    return set(json.loads(report)["calls"]) - {"sts:GetCallerIdentity"}


def properties(schema: Any) -> Iterator[str]:
    """Every field the schema knows, without those of `instance_requirements`."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for key, value in schema.items():
            if key != "instance_requirements":
                yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


def keys(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        yield from document
        for value in document.values():
            yield from keys(value)
    elif isinstance(document, list):
        for value in document:
            yield from keys(value)


def test_the_full_example_is_full() -> None:
    schema = json.loads((ROOT / "schemas/fleet.schema.json").read_text())
    files = (ROOT / "examples/full/fleets").glob("*.yaml")
    present = {key for path in files for key in keys(yaml.safe_load(path.read_text()))}
    assert set(properties(schema)) - present == set()


def test_every_example_is_in_the_list() -> None:
    page = (ROOT / "examples/README.md").read_text()
    listed = set(re.findall(r"^\| \[([\w-]+)\]", page, re.MULTILINE))
    assert listed == {fleets.parent.name for fleets in FLEETS if fleets.parent != ROOT}
