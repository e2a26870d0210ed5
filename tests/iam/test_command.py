"""`reconcile iam`, and what it has written: examples/github/iam, docs/permissions.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.aws import policies
from reconciler.cli.reconcile.command import main
from reconciler.cli.reconcile.iam import ROLES
from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from reconciler.errors import UsageError
from tests.iam.actions import NO_OPERATION, exists
from tests.iam.evaluator import TESTS, as_list

if TYPE_CHECKING:
    from tests.conftest import Golden

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples/github/iam"
PAGE = ROOT / "docs/permissions.md"
REPOSITORY = "acme@1234567/gpu-fleets@7654321"
FLEETS = [ROOT / "fleets", *sorted((ROOT / "examples").glob("*/fleets"))]

TRUSTED = {
    "plan": ["--repository", REPOSITORY],
    "apply": ["--repository", REPOSITORY],
    "image": ["--repository", REPOSITORY],
    "instance": [],
    "scheduler": [],
}

Iam = Callable[..., str]


@pytest.fixture
def iam(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iam:
    """Run `iam("--role", "plan", …)` and return its stdout."""
    monkeypatch.chdir(ROOT)

    def run(*options: str, code: int = 0) -> str:
        assert main(["iam", *options]) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    return run


def all_policies() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{fleets.parent.name} {role}", policies.policy(load([fleets]), role))
        for fleets in FLEETS
        for role in ROLES
    ]


@pytest.mark.parametrize("role", ROLES)
def test_the_shipped_policies_are_what_the_command_prints(
    role: str, iam: Iam, golden: Golden
) -> None:
    golden(SHIPPED / f"{role}-policy.json", iam("--role", role, "-o", "json"))


@pytest.mark.parametrize(("role", "options"), TRUSTED.items())
def test_the_shipped_trusts_are_what_the_command_prints(
    role: str, options: list[str], iam: Iam, golden: Golden
) -> None:
    out = iam("--role", role, "--trust", "-o", "json", *options)
    golden(SHIPPED / f"{role}-trust.json", out)


def test_nothing_else_is_shipped() -> None:
    wanted = {f"{role}-policy.json" for role in ROLES} | {f"{role}-trust.json" for role in TRUSTED}
    assert {path.name for path in SHIPPED.glob("*.json")} == wanted


def test_the_page_gives_the_reason_of_every_statement(golden: Golden) -> None:
    """`make golden` rewrites its tables."""
    site = load([ROOT / "fleets"])
    page = PAGE.read_text()
    for role in ROLES:
        rows = [
            f"| {'' if row.document['Effect'] == 'Allow' else 'never '}`{row.document['Sid']}` "
            f"| {row.why} |"
            for row in policies.statements(site, role)
        ]
        table = "\n".join(["| statement | why |", "| --- | --- |", *rows, ""])
        page = re.sub(
            rf"(<!-- {role} -->\n).*?(<!-- end -->)",
            lambda found, table=table: found[1] + table + found[2],  # type: ignore[misc]
            page,
            flags=re.DOTALL,
        )
    golden(PAGE, page)
    numbers = {
        n
        for role in ROLES
        for s in policies.statements(site, role)
        for n in re.findall(r"\[(\d+)\]", s.why)
    }
    numbers |= set(re.findall(r"\[(\d+)\]", policies.APPLY))  # keys, where none is declared
    assert numbers == set(re.findall(r"^(\d+)\. ", page, re.MULTILINE))


def test_text_is_for_people_and_has_all_of_it(iam: Iam) -> None:
    text = iam("--role", "apply")
    assert text.startswith("The apply role of acme, account 123456789012: ")
    assert "aws iam put-role-policy" in text, "a managed policy has no room for it"
    assert "put-role-policy" not in iam("--role", "scheduler")
    for statement in json.loads(iam("--role", "apply", "-o", "json"))["Statement"]:
        assert f"{statement['Effect']} {statement['Sid']}: " in text
    assert (
        "    all but iam:*, pricing:*\n    on *\n    when StringNotEquals aws:RequestedRegion"
        in text
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--role", "plan", "--trust"], "the plan role trusts one repository"),
        (["--role", "developer", "--trust"], "people come by IAM Identity Center"),
        (["--role", "plan", "--repository", "acme/x"], "--repository is for --trust"),
        (["--role", "root"], "'root' is not one of"),
        ([], "Missing option '--role'"),
    ],
)
def test_what_cannot_be_printed_is_said(options: list[str], says: str, iam: Iam) -> None:
    assert says in iam(*options, code=2)


# -- what IAM would refuse ------------------------------------------------------------------


def test_every_policy_is_one_that_iam_takes() -> None:
    for name, policy in all_policies():
        assert policies.size(policy) <= policies.LIMIT, name
        # A policy that is too long with names has none: they are for people.
        sids = [statement["Sid"] for statement in policy["Statement"] if "Sid" in statement]
        assert len(sids) == len(set(sids)), name
        assert all(sid.isalnum() for sid in sids), "letters and digits alone"
        for statement in policy["Statement"]:
            for arn in as_list(statement["Resource"]):
                assert arn == "*" or re.fullmatch(
                    r"arn:aws:[a-z0-9]+:[*a-z0-9-]*:(\d{12})?:\S+", arn
                )
            for operator in statement.get("Condition", {}):
                assert (
                    operator.rpartition(":")[2].removesuffix("IfExists").replace("Not", "") in TESTS
                )


def test_every_action_exists() -> None:
    found = {
        action
        for _, policy in all_policies()
        for statement in policy["Statement"]
        for action in as_list(statement.get("Action", ()))
    }
    assert {action for action in found if not exists(action)} == set()
    assert set(NO_OPERATION) <= found
    assert len(found) > 80


def test_only_a_deny_has_wildcards() -> None:
    for name, policy in all_policies():
        for statement in policy["Statement"]:
            if statement["Effect"] == "Allow":
                assert not any("*" in action for action in as_list(statement["Action"])), name
                assert "NotAction" not in statement


def test_a_site_that_names_too_much_is_told(tmp_path: Path) -> None:
    lines = (ROOT / "examples/minimal/fleets/_defaults.yaml").read_text()
    (tmp_path / "_defaults.yaml").write_text(lines)
    many = [
        f"  w{n}: {{owner: a@example.com, gpu: {{memory: 24GB}}, instance_profile: profile-{n}}}"
        for n in range(99)
    ]
    (tmp_path / "many.yaml").write_text("\n".join(["fleet: many", "workstations:", *many, ""]))
    assert main(["iam", "-f", str(tmp_path), "--role", "apply"]) == 2


@pytest.mark.parametrize("document", [policies.policy, policies.trust])
def test_no_region_is_told(document: Callable[..., object]) -> None:
    nowhere = replace(load([ROOT / "fleets"]), regions=())
    with pytest.raises(UsageError, match="no region is in use: declare a workstation first"):
        document(nowhere, "scheduler")


def named(site: Site) -> set[str]:
    return {statement.document["Sid"] for statement in policies.statements(site, "apply")}


def test_statements_about_what_is_not_declared_are_left_out(tmp_path: Path) -> None:
    """IAM takes no statement without a resource."""
    site = load([ROOT / "fleets"])
    bare = replace(site, workstations=(), file_systems=())
    sids = named(bare)
    gone = named(site) - sids
    assert gone == {"LookAtImages", "LookAtRoles", "PassProfile", "PassSchedulerRole"}
    keyed = load([ROOT / "examples/full/fleets"])
    more = named(keyed) - sids - gone
    efs = {"ChangeEfs", "EfsInterfaces", "MakeEfs", "TagEfsAsMade"}
    assert more == {"LookAtKeys", "UseKeys"} | efs


def test_other_partitions_have_their_own_names(tmp_path: Path) -> None:
    defaults = (ROOT / "examples/minimal/fleets/_defaults.yaml").read_text()
    (tmp_path / "_defaults.yaml").write_text(re.sub(r"region: \S+", "region: cn-north-1", defaults))
    (tmp_path / "x.yaml").write_text(
        "fleet: research\nworkstations:\n  ada: {owner: a@example.com, gpu: {memory: 24GB}}\n"
    )
    text = json.dumps(policies.policy(load([tmp_path]), "apply"))
    assert "arn:aws:" not in text
    assert "arn:aws-cn:iam::123456789012:role/workstation" in text
    assert '"ec2.amazonaws.com.cn"' in text


@pytest.mark.parametrize("role", ROLES)
def test_the_terminal_has_no_footnotes_of_the_page(role: str, iam: Iam) -> None:
    out = iam("--role", role)
    assert not re.search(r"\[\d+\]", out)
    assert any(
        re.search(r"\[\d\]", s.why)
        for r in ROLES
        for s in policies.statements(load([ROOT / "fleets"]), r)
    )
