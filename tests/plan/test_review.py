"""What a reviewer is warned of: profiles, open rules, images of strangers; what is sensitive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler import __version__
from reconciler.declare.fleet import FileSystem, Image, IngressRule, Mount
from reconciler.kinds import KINDS, auto_scaling_group, launch_template
from reconciler.plan import review
from reconciler.plan.kind import Reviewed
from reconciler.plan.model import SUMMARY, Change, FieldChange, Finding, Op, Outcome, Plan, Shown
from reconciler.plan.resolve import ImageFacts, ResolvedSite
from reconciler.plan.resolving import resolve
from reconciler.plan.sensitive import with_sensitive
from tests.kinds.cases import SPECS
from tests.plan.declared import HERE, IMAGE, NOW, THREE, facts, lustre, site, workstation
from tests.plan.fakes import key
from tests.support.plan_rows import plan_row, with_op


def findings(found: ResolvedSite, *changes: Change) -> list[Finding]:
    return list(review.findings(Plan(changes), found))


def seen(**settings: Any) -> ResolvedSite:
    return resolve(site(workstation(**settings)), {"us-east-1": facts()}, NOW, {})


# -- addresses -------------------------------------------------------------------------------


def opened(cidr: str, *blocks: str) -> list[Finding]:
    found = seen()
    rule = IngressRule("tcp", 1, 65535, cidr, where=HERE)
    subnets = tuple(replace(each, blocks=blocks) for each in THREE)
    return findings(
        replace(
            found,
            declared=replace(found.declared, ingress=(rule,)),
            workstations=(replace(found.workstations[0], subnets=subnets),),
        )
    )


@pytest.mark.parametrize(
    "cidr",
    [
        "3.0.0.0/8",
        "3.4.5.6/32",
        "8.0.0.0/7",
        "11.0.0.0/8",
        "172.0.0.0/8",
        "172.16.0.0/11",
        "172.32.0.0/16",
        "192.168.0.0/15",
        "100.0.0.0/8",
        "100.128.0.0/10",
        "169.254.0.0/16",
        "2600::/16",
        "2600:1f18::1/128",
        "fe80::/10",
        "::ffff:10.0.0.0/104",
    ],
)
def test_public_space_is_told_whatever_the_prefix(cidr: str) -> None:
    (finding,) = opened(cidr)
    assert (finding.code, finding.where, finding.sensitive) == ("open-to-internet", HERE, True)
    assert f"tcp 1-65535 in from {cidr}" in finding.message


@pytest.mark.parametrize(
    "cidr",
    [
        "10.0.0.0/8",
        "10.1.2.3/32",
        "172.16.0.0/12",
        "172.31.255.0/24",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "fc00::/7",
        "fd12:3456::/48",
    ],
)
def test_private_space_is_not(cidr: str) -> None:
    assert opened(cidr) == []


def test_the_subnets_own_addresses_are_private_whatever_they_are() -> None:
    blocks = ("3.0.0.0/25", "3.0.0.128/25", "2600:1f18::/64")
    for cidr in ("3.0.0.0/24", "3.0.0.7/32", "2600:1f18::/64"):
        assert opened(cidr, *blocks) == []
    for cidr in ("3.0.0.0/23", "2600:1f18::/56"):
        assert opened(cidr, *blocks)


# -- images ----------------------------------------------------------------------------------

FOREIGN_IMAGE = replace(IMAGE, owner="999999999999")


def judged(image: ImageFacts, declared: Image) -> list[Finding]:
    found = seen()
    each = replace(
        found.workstations[0],
        image=image,
        declared=replace(found.workstations[0].declared, image=declared),
    )
    return findings(replace(found, workstations=(each, each)))


@pytest.mark.parametrize(
    ("image", "declared", "is_reported"),
    [
        (IMAGE, Image(id="ami-0123456789abcdef0"), False),
        (FOREIGN_IMAGE, Image(id="ami-0123456789abcdef0"), True),
        (FOREIGN_IMAGE, Image(ssm_parameter="/golden"), True),
        (FOREIGN_IMAGE, Image(name="golden-*", owner="999999999999"), False),
        (FOREIGN_IMAGE, Image(name="golden-*", owner="888888888888"), True),
        (replace(FOREIGN_IMAGE, owner_alias="amazon"), Image(id="ami-0123456789abcdef0"), False),
        (
            replace(FOREIGN_IMAGE, owner_alias="aws-marketplace"),
            Image(id="ami-0123456789abcdef0"),
            True,
        ),
        (
            replace(FOREIGN_IMAGE, owner_alias="aws-marketplace"),
            Image(name="x", owner="aws-marketplace"),
            False,
        ),
        (replace(IMAGE, owner=""), Image(id="ami-0123456789abcdef0"), True),
        (replace(FOREIGN_IMAGE, name="amazon/self"), Image(id="ami-0123456789abcdef0"), True),
    ],
)
def test_an_image_of_somebody_else_is_told_once(
    image: ImageFacts, declared: Image, is_reported: bool
) -> None:
    found = judged(image, declared)
    assert [each.code for each in found] == ["foreign-image"] * is_reported
    assert all("alice, alice: the image ami-0123456789abcdef0" in each.message for each in found)


@pytest.mark.parametrize(
    ("agent", "is_reported"), [("", False), ("0.0.9", True), (__version__, False), ("99.0", False)]
)
def test_an_agent_that_is_older_than_the_product_is_told_once(
    agent: str, is_reported: bool
) -> None:
    found = judged(replace(IMAGE, agent=agent), Image(id="ami-0123456789abcdef0"))
    assert [each.code for each in found] == ["agent-older"] * is_reported
    for each in found:
        assert "alice, alice: the image ami-0123456789abcdef0 (golden-1) has the agent 0.0.9" in (
            each.message
        )


# -- accounts --------------------------------------------------------------------------------

TWINS = ("ws-142", "ws-178")
"""Two workstations of the site `acme` whose user ids are the same number."""


def mounting(*names: str, at: FileSystem) -> list[Finding]:
    stations = [workstation(name, mounts=(Mount(at, "/data"),)) for name in names]
    return findings(resolve(site(*stations), {"us-east-1": facts()}, NOW, {}))


def test_two_accounts_of_one_user_id_on_one_file_system_are_told() -> None:
    shared = lustre("datasets", workstation="")
    (found,) = mounting(*TWINS, "alice", at=shared)
    assert (found.code, found.sensitive) == ("same-uid", True)
    assert found.message.startswith(f"{', '.join(TWINS)}: their accounts have the same user id, ")
    assert "they mount datasets" in found.message
    assert mounting(TWINS[0], "alice", at=shared) == []
    assert findings(seen()) == []


# -- profiles --------------------------------------------------------------------------------


def profile(name: str, old: str, new: str) -> Change:
    fields = (FieldChange("instance_profile", "instance_profile", old, new),)
    return plan_row(Op.UPDATE, key("launch_template", name), fields, workstation=name, where=HERE)


def test_profiles_that_change_alike_are_one_finding() -> None:
    rows = [profile(f"w{n:02}", "a", "admin") for n in range(20)]
    found = findings(seen(), *rows, profile("x", "a", "b"))
    assert [each.code for each in found] == ["profile-changes"] * 2
    assert "w11 and 8 more: instance_profile changes from a to admin" in found[0].message
    assert "x: instance_profile changes from a to b" in found[1].message


def test_a_new_workstation_has_a_profile_and_no_change_of_one() -> None:
    new = with_op(profile("x", "", "admin"), Op.CREATE)
    assert findings(seen(), new) == []


# -- what is sensitive -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in KINDS if isinstance(kind, Reviewed)])
def test_what_is_sensitive_is_a_field_of_its_kind(kind: Any) -> None:
    fields = {path.partition(".")[0] for path in kind.SENSITIVE if path != SUMMARY}
    assert fields <= SPECS[kind.NAME].__dataclass_fields__.keys()


def sensitive_fields(kind: Any, change: Change) -> list[tuple[str, Any, Any]]:
    (row,) = with_sensitive(Plan((change,)), KINDS).changes
    return [(each.word, each.old, each.new) for each in row.sensitive]


def test_a_blocked_row_tells_it_too() -> None:
    """What waits for an approval is what is looked at."""
    (want,) = launch_template.desired(seen(owner="alice@example.com"))
    row = plan_row(Op.CREATE, want.key, desired=want, outcome=Outcome.BLOCKED, reason="held")
    assert ("owner", None, "alice@example.com") in sensitive_fields(launch_template, row)


def test_a_change_tells_what_differs_and_nothing_else() -> None:
    (want,) = launch_template.desired(seen())
    shown = Shown("root.VolumeSize", "100 GiB", "16,384 GiB")
    row = plan_row(
        Op.UPDATE,
        want.key,
        (
            FieldChange("root", "root.VolumeSize", 100, 16384, shown),
            FieldChange("root", "root.Encrypted", True, False),
            FieldChange("metadata_options", "metadata_options.HttpTokens", "x", "required"),
            FieldChange("image_id", "image_id", "ami-0", want.spec.image_id),
        ),
        desired=want,
    )
    assert sensitive_fields(launch_template, row) == [
        ("root.VolumeSize", "100 GiB", "16,384 GiB"),
        ("root.Encrypted", True, False),
        ("image", "ami-0", "ami-0123456789abcdef0 (golden-1) of this account, from /golden"),
    ]


def test_a_subnet_says_whether_it_gives_public_addresses() -> None:
    found = seen()
    for public, ending in ((False, "subnet-c (no public addresses)"), (True, "(PUBLIC addresses)")):
        subnets = tuple(replace(each, public=public) for each in THREE)
        each = replace(found.workstations[0], subnets=subnets)
        (want,) = auto_scaling_group.desired(replace(found, workstations=(each,)))
        assert want.details["subnets"].endswith(ending)
