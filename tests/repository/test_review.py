"""What a reviewer sees of a change that gives rights away: lines of the table, not of the fold.

Promise 14: what is sensitive was visible to whoever approved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.reconcile.command import main
from tests.promises.conftest import client

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

SITE = """\
site: {site}
account: "123456789012"
ingress: [{ingress}]
defaults:
  region: us-east-1
  network: {{subnets: {{tags: {{Tier: private}}}}}}
  image: {{ssm_parameter: /golden/gpu-desktop}}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
  schedule: {{start: "Mon-Fri 09:00", stop: "Mon-Fri 19:00", timezone: Europe/Berlin}}
"""
ALICE = "  alice: {{owner: {owner}, instance_types: [g6.xlarge, g5.xlarge], {more}}}\n"
DAVE = """\
  dave:
    owner: dave@example.com
    instance_profile: admin
    scheduler_role: other-scheduler
    instance_types: [p5.48xlarge]
    spot_policy: on-demand
    availability_zones: [us-east-1a]
    network: {subnets: {tags: {Tier: public}}, public_addresses: true}
    storage:
      root: {size: 16TiB, kms_key_id: alias/strange}
      home: {ebs: {size: 500GiB, kms_key_id: KEY}}
"""
Plan = Callable[..., str]


@pytest.fixture
def plan(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Plan:
    """`plan(…)`: the visible part of the comment; with `apply` what it says is done."""
    monkeypatch.chdir(tmp_path)
    Path("fleets").mkdir()

    def run(
        workstations: str = "",
        *arguments: str,
        owner: str = "alice@example.com",
        more: str = "",
        site: str = "acme",
        ingress: str = "",
        form: str = "markdown",
        apply: bool = False,
    ) -> str:
        alice = ALICE.format(owner=owner, more=more)
        Path("fleets/_defaults.yaml").write_text(SITE.format(site=site, ingress=ingress))
        Path("fleets/vision.yaml").write_text(
            f"fleet: vision\nworkstations:\n{workstations or alice}"
        )
        main([*([] if apply else ["--dry-run"]), "-o", form, *arguments])
        out = capsys.readouterr().out
        return out.partition("<details>")[0].replace("\\", "").replace("&#8203;", "")

    return run


def row(shown: str, text: str) -> str:
    """The one row of the table that tells of something."""
    (found,) = [line for line in shown.splitlines() if line.startswith("| `") and text in line]
    return found


def finding(shown: str, code: str) -> str:
    (found,) = [line for line in shown.splitlines() if f"`{code}`" in line]
    return found


def test_a_new_workstation_shows_all_that_it_gives_away(plan: Plan) -> None:
    for name in ("admin", "other"):
        client("iam").create_instance_profile(InstanceProfileName=name)
    client("iam").create_role(RoleName="other-scheduler", AssumeRolePolicyDocument="{}")
    key = client("kms").create_key()["KeyMetadata"]
    client("kms").create_alias(AliasName="alias/strange", TargetKeyId=key["KeyId"])
    shown = row(plan(DAVE.replace("KEY", key["Arn"])), "vision/dave")
    for words in (
        "; owner: dave@example.com",
        "; instance_profile: admin;",
        "; scheduler_role: other-scheduler;",
        "; market: On-Demand;",
        "; instance_types: [p5.48xlarge];",
        "; root disk: 16,384 GiB gp3, encrypted with alias/strange;",
        ": home: 500 GiB gp3 in us-east-1a;",
        f"; key of the home: {key['Arn']};",
        " of this account, from /golden/gpu-desktop;",
    ):
        assert words in shown
    assert re.search(r"; subnets: subnet-[0-9a-f]{17} \(PUBLIC addresses\);", shown)


def test_a_hundred_new_workstations_are_one_row_and_the_odd_one_another(plan: Plan) -> None:
    client("iam").create_instance_profile(InstanceProfileName="admin")
    many = "".join(
        f"  dev-{n:03}: {{owner: {'mallory' if n == 55 else f'dev-{n:03}'}@example.com, "
        f"gpu: {{memory: 24GB}}{', instance_profile: admin' if n == 77 else ''}}}\n"
        for n in range(1, 101)
    )
    shown = plan(many)
    assert "instance_profile: workstation;" in row(shown, "`vision: 99 workstations")
    assert "mallory@example.com (dev-055)" in row(shown, "`vision: 99 workstations")
    assert "instance_profile: admin;" in row(shown, "`vision/dev-077")
    assert len(shown) < 12_000


def test_an_owner_who_changes_is_a_finding_and_stands_in_the_rows(plan: Plan) -> None:
    home = "storage: {home: {ebs: {size: 10GiB}}}"
    plan(more=home, apply=True)
    client("autoscaling").set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=1)
    shown = plan(owner="mallory@example.com", more=home)
    assert re.search(
        r"error\*\* `owner-changes` alice: its owner would change from alice@example.com to "
        r"mallory@example.com, who could then sign in and read everything in its home, home_volume "
        r"acme-alice/home \(vol-[0-9a-f]{17}\); now i-[0-9a-f]{17} is running\. ",
        shown,
    )
    for kind in ("home_volume", "launch_template", "auto_scaling_group"):
        assert "owner: alice@example.com → mallory@example.com" in row(shown, f"`{kind} ")


def test_a_kept_home_that_meets_another_owner_is_held_until_it_is_approved(plan: Plan) -> None:
    home = "storage: {home: {ebs: {size: 10GiB}}}"
    bob = "  bob: {owner: bob@example.com, gpu: {memory: 24GB}}\n"
    plan(more=home, apply=True)
    plan(bob, apply=True)
    shown = plan(owner="mallory@example.com", more=home)
    found = finding(shown, "home-adopted")
    assert re.search(
        r"error\*\* `home-adopted` alice: home_volume acme-alice/home \(vol-[0-9a-f]{17}\) was "
        r"retained with its data: it belonged to alice@example.com, and would become the home of "
        r"mallory@example.com\. If that is meant, run again with --approve [0-9a-f]{32} ",
        found,
    )
    assert "waits for approval" in row(shown, "`launch_template acme-alice")
    (token,) = re.findall(r"--approve ([0-9a-f]{32})", found)
    assert "home-adopted" not in plan(
        "", "--approve", token, owner="mallory@example.com", more=home
    )
    assert "home-adopted" not in plan(more=home), "it is their own again"


def test_another_profile_is_a_finding_and_stands_in_the_row(plan: Plan) -> None:
    client("iam").create_instance_profile(InstanceProfileName="admin")
    plan(apply=True)
    shown = plan(more="instance_profile: admin")
    assert "instance_profile: workstation → admin" in row(shown, "`launch_template ")
    assert "alice: instance_profile changes from workstation to admin" in finding(
        shown, "profile-changes"
    )


def test_subnets_that_change_say_whether_they_are_public(plan: Plan) -> None:
    plan(apply=True)
    shown = plan(more="network: {subnets: {tags: {Tier: public}}, public_addresses: true}")
    assert re.search(
        r"subnets: \[subnet-\w+, subnet-\w+, subnet-\w+\] → subnet-\w+ \(PUBLIC addresses\) \|",
        row(shown, "`auto_scaling_group ").replace(" | at next start", " |"),
    )
    assert "`public-address`" in shown


def test_public_space_is_told_whatever_the_length_of_the_prefix(plan: Plan) -> None:
    rule = "{protocol: tcp, port: 1-65535, cidr: %s}"
    created = plan(ingress=rule % "3.0.0.0/8")
    assert "ingress: tcp 1-65535 from 3.0.0.0/8 |" in row(created, "rules acme-workstation")
    assert "ingress lets tcp 1-65535 in from 3.0.0.0/8" in finding(created, "open-to-internet")
    assert "`fleets/_defaults.yaml:3:" in finding(created, "open-to-internet")
    plan(apply=True)
    changed = plan(ingress=rule % "3.0.0.0/8")
    assert "ingress: [] → [tcp 1-65535 from 3.0.0.0/8]" in row(changed, "rules acme-workstation")
    assert "open-to-internet" not in plan(ingress=rule % "10.0.0.0/8")


def test_a_strangers_image_is_told_with_its_owner(plan: Plan, sandbox: Sandbox) -> None:
    images = sandbox.world.ec2("us-east-1").amis
    foreign = copy(next(image for image in images.values() if image.name.startswith("golden")))
    foreign.id, foreign.owner_id = "ami-0bad0bad0bad0bad0", "999999999999"
    images[foreign.id] = foreign
    plan(apply=True)
    shown = plan(more=f"image: {{id: {foreign.id}}}")
    assert (
        f"→ {foreign.id} ({foreign.name}, 3 days old) of account 999999999999, which is not this "
        "one, from "
    ) in row(shown, "`launch_template ")
    assert (
        f"alice: the image {foreign.id} ({foreign.name}) belongs to account 999999999999: not"
        in (finding(shown, "foreign-image"))
    )
    listed = f'image: {{name: {foreign.name}, owner: "999999999999"}}'
    assert "foreign-image" not in plan(more=listed)


def test_a_site_that_is_renamed_is_told_once(plan: Plan) -> None:
    plan(apply=True)
    shown = plan(site="acme2")
    assert (
        "nothing of the site acme2 is here, but workstations that it declares are here under the "
        "site acme: alice (1 in all). Was `site` renamed?"
    ) in finding(shown, "site-renamed")
    assert "site-renamed" not in plan()
    plan(site="acme2", apply=True)
    assert "site-renamed" not in plan(site="acme2")


def test_programs_are_told_the_same(plan: Plan) -> None:
    changes = json.loads(plan(form="json"))["changes"]
    values = {
        sensitive["word"]: sensitive["new"]
        for change in changes
        for sensitive in change["sensitive"]
    }
    assert values["owner"] == "alice@example.com"
    assert values["instance_profile"] == "workstation"


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_public_log_shows_no_account_no_id_and_no_address(
    form: str, plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    home = "storage: {home: {ebs: {size: 10GiB}}}"
    plan(more=home, apply=True)
    plan(owner="mallory@example.com", more=home, form=form)  # for its files
    for arguments in (["--dry-run", "-v"], ["--dry-run", "--log-format", "json"]):
        main([*arguments, "--redact", "-o", form])
        out, err = capsys.readouterr()
        assert "owner-changes" in out
        assert "owner: EMAIL-1 → EMAIL-2" in out or '"EMAIL-1"' in out
        assert re.search(r"acme-alice/home \(VOL-[12]\)", out.replace("\\", ""))
        assert re.search(r"account ACCOUNT-1, us-east-1, as arn:aws:\w+::ACCOUNT-1:", err)
        assert not re.search(r"123456789012|(ami|vol|subnet|i)-[0-9a-f]{8}|@example", out + err)
    assert main(["--dry-run", "--redact", "-o", form, "--only", "bob@example.com"]) == 2
    out, err = capsys.readouterr()
    assert "@example" not in out + err
