"""Which field takes which payload: most take none, and those that do are listed here."""

from __future__ import annotations

from pathlib import Path

from reconciler.declare.schema import inlined
from tests.hostile import fields
from tests.hostile.payloads import PAYLOADS

GOOD = {
    "owner": "alice", "region": "us-east-1", "availability_zones.[]": "us-east-1a",
    "network.subnets.[]": "subnet-0123456789abcdef0",
    "notices.email": "alice@example.com",
    "storage.mounts.[].file_system": "data", "instance_types.[]": "g6.xlarge",
    "image.owner": "self", "image.name": "golden-*", "type": "fsx_lustre",
}  # fmt: skip

FREE_TEXT = {
    "workstations: tags.*",
    "workstations: tags (key)",
    "workstations: network.subnets.tags.*",
    "workstations: network.subnets.tags (key)",
    "file_systems: tags.*",
    "file_systems: network.subnets.tags.*",
    "ingress: description",
    "ignore_tags[]",
}
"""Fields that people write prose into; what they let through is followed into every sink."""

WORD = {"option -rf", "www"}
KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUcSwExy5Rv6yK1XUEuVBbtHsDBqfuWeZ4g5nhgD alice@laptop"
)
PATTERNS = {
    "workstations: image.name": WORD | {"glob", "list", "mention", "path", "team"},
    "workstations: instance_requirements.allowed_instance_types.[]": {"glob"},
    "workstations: instance_requirements.excluded_instance_types.[]": {"glob"},
    "workstations: image.ssm_parameter": WORD | {"long", "path"},
    "workstations: instance_profile": WORD | {"mention"},
    "workstations: scheduler_role": WORD | {"mention"},
    "workstations: owner": {"www"},
    "workstations: metrics.namespace": {"www"},
    "file_systems: owner": {"www"},
}
"""What else is let through: words of AWS's own alphabet, none of them with a special sign."""


def test_each_field_is_good_but_for_its_payload(tmp_path: Path) -> None:
    """Else a refusal would prove nothing."""
    tested = fields.items()
    assert len(tested) > 60
    wanted = {f"{section}: {name}" for section, name, _ in tested}
    some: set[str] = set()
    for word in (*GOOD.values(), "tcp", "10.0.0.0/8", "8443", "x", "24GB", "16GiB", "Mon 10:00",
                 "UTC", "10m", "8h", "l4", "nvidia", "intel", "current", "excluded", "ssd", "gpu",
                 "g5.*", "c6i", "alias/x", "PERSISTENT_2", "SSD", "NONE", "LZ4", "2.15", "/fsx",
                 "1:05:00", "AFTER_30_DAYS", "manual", "2026-12-24", "it.ics", "report", "spot",
                 "auto", "1200GiB", "ami-0123456789abcdef0", "vpc-0123456789abcdef0", "/a/b", "t4",
                 "off", "active", KEY,
                 ):  # fmt: skip
        some |= fields.let_through(tmp_path, word)
    assert wanted - some == set()


def test_most_payloads_are_refused_by_most_fields(accepted: dict[str, set[str]]) -> None:
    everywhere = len(fields.items()) + len(fields.WHOLE)
    through = sum(len(found) for found in accepted.values())
    assert everywhere * len(PAYLOADS) > 5_000
    assert through < everywhere * len(PAYLOADS) / 10


def test_only_these_fields_let_anything_through(accepted: dict[str, set[str]]) -> None:
    strict = {name: found for name, found in accepted.items() if name not in FREE_TEXT}
    assert strict == PATTERNS


def test_no_field_takes_a_control_or_what_cannot_be_seen(accepted: dict[str, set[str]]) -> None:
    unseen = {n for n, text in PAYLOADS.items() if not text.isprintable()} | {"filler", "homoglyph"}
    for name, found in accepted.items():
        assert not found & unseen, name


def test_every_text_of_the_schema_is_tried() -> None:
    """`defaults` has the fields of a workstation, and is checked by the same definitions."""
    top = inlined()["properties"]
    tried = {
        name.split(": ")[-1] for name in ("site", "account", "fleet", "regions", "ignore_tags")
    }
    assert set(top) - tried == {
        "defaults", "file_systems", "workstations", "ingress", "calendars"
    }  # fmt: skip
    of_defaults = set(fields.texts(top["defaults"]))
    of_workstations = set(fields.texts(top["workstations"]["additionalProperties"]))
    assert of_defaults == of_workstations
