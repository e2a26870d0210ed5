"""What the YAML says about the machine itself: its image, SSH keys, idle stops, metrics."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import pytest

from reconciler.declare.fleet import Idle, Image
from reconciler.declare.layers import SIGNALS
from tests.declare.helpers import DEFAULTS, GPU, Folder

AWS = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"


def key(of_type: str, *fields: bytes, comment: str = "alice@laptop") -> str:
    """A public key as OpenSSH writes it, of a type and the fields after it."""
    encoded = b"".join(len(each).to_bytes(4, "big") + each for each in (of_type.encode(), *fields))
    return f"{of_type} {base64.b64encode(encoded).decode()} {comment}".strip()


ED25519 = key("ssh-ed25519", bytes(range(32)))
GOOD = {
    "ed25519": ED25519,
    "without a comment": key("ssh-ed25519", bytes(32), comment=""),
    "a comment of several words": key("ssh-ed25519", bytes(32), comment="alice's laptop (2026)"),
    "rsa": key("ssh-rsa", b"\x01\x00\x01", bytes(513)),
    "ecdsa": key("ecdsa-sha2-nistp256", b"nistp256", bytes(65)),
    "a security key": key("sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"),
    "another one": key("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", bytes(65), b"ssh:"),
}
_BLOB = ED25519.split()[1]
LINE = "must be an OpenSSH public key on one line, such as the content of ~/.ssh/id_ed25519.pub"
WHOLE = "the public key is not whole (copy the whole line again)"
BAD = {
    "options before it": (f'command=\\"id\\" {ED25519}', LINE),
    "an option without a value": (f"cert-authority {ED25519}", LINE),
    "two lines in one": (f"{ED25519} {ED25519}", LINE),
    "a path": ("~/.ssh/id_ed25519.pub", LINE),
    "no key": ("ssh-ed25519", LINE),
    "an unknown type": (
        key("ssh-dss", b"x"),
        "there is no type of public key `ssh-dss` (use ssh-ed25519, ssh-rsa or "
        "ecdsa-sha2-nistp256)",
    ),
    "a certificate": (
        key("ssh-ed25519-cert-v01@openssh.com", b"x"),
        "there is no type of public key `ssh-ed25519-cert-v01@openssh.com`",
    ),
    "another type in the base64": (
        f"ssh-rsa {_BLOB}",
        "the public key is not of the type ssh-rsa (copy the whole line again)",
    ),
    "cut off": (f"ssh-ed25519 {_BLOB[:36]}", WHOLE),
    "cut off in a group": (f"ssh-ed25519 {_BLOB[:37]}", WHOLE),
    "a field too many": (key("ssh-ed25519", bytes(32), b"x"), WHOLE),
    "a field too few": (key("ssh-rsa", b"\x01\x00\x01"), WHOLE),
    "an empty field": (key("ssh-ed25519", b""), WHOLE),
}


def keys(*lines: str) -> str:
    quoted = ", ".join(f'"{line}"' for line in lines)
    return f"{GPU}, ssh_keys: [{quoted}]"


@pytest.mark.parametrize("name", GOOD)
def test_a_public_key_is_taken_as_it_is(folder: Folder, name: str) -> None:
    assert folder.workstation(keys(GOOD[name])).ssh_keys == (GOOD[name],)


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_public_key_is_refused(folder: Folder, name: str) -> None:
    line, message = BAD[name]
    [problem] = folder.settings_say(keys(line))
    assert message in problem


def test_a_private_key_is_refused_and_not_repeated(folder: Folder) -> None:
    [problem] = folder.settings_say(keys("-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXk"))
    assert "private key" in problem
    assert "b3BlbnNzaC1rZXk" not in problem


def test_the_keys_of_a_workstation_replace_those_of_the_defaults(folder: Folder) -> None:
    other = GOOD["without a comment"]
    assert folder.workstation(GPU, f'ssh_keys: ["{other}"]').ssh_keys == (other,)
    assert folder.workstation(keys(ED25519), f'ssh_keys: ["{other}"]').ssh_keys == (ED25519,)
    assert folder.workstation(f"{GPU}, ssh_keys: null", f'ssh_keys: ["{other}"]').ssh_keys == ()


BUILT_IN = Idle(45 * 60, 15 * 60, SIGNALS, "active")


@pytest.mark.parametrize(
    ("settings", "defaults", "idle"),
    [
        ("", "", BUILT_IN),
        ("idle: {after: 2h}", "", Idle(7200, 900, SIGNALS, "active")),
        (
            "idle: {signals: [gpu], unknown: idle}",
            "idle: {after: 1h, warn: 5m}",
            Idle(3600, 300, ("gpu",), "idle"),
        ),
        ('idle: "off"', "idle: {after: 1h}", None),
        ("", 'idle: "off"', None),
        ("idle: {after: 30m}", 'idle: "off"', Idle(1800, 900, SIGNALS, "active")),
        ("idle: null", 'idle: "off"', BUILT_IN),
        ("idle: {}", "", BUILT_IN),
    ],
)
def test_a_machine_that_nobody_uses_stops_unless_it_is_off(
    folder: Folder, settings: str, defaults: str, idle: Idle | None
) -> None:
    assert folder.workstation(f"{GPU}, {settings}".rstrip(", "), defaults).idle == idle


@pytest.mark.parametrize(
    ("idle", "problem"),
    [
        ("{after: 9m}", "`after` must be from 10m to 7d"),
        ("{after: 8d}", "`after` must be from 10m to 7d"),
        (
            "{after: 15m}",
            "`warn` must be from 1m to less than `after`, 15m (it says how long after the "
            "warning the machine stops)",
        ),
        (
            "{warn: 45m}",
            "`warn` must be from 1m to less than `after`, 45m (it says how long after the "
            "warning the machine stops)",
        ),
        (
            "{warn: 30s}",
            "`warn` must be from 1m to less than `after`, 45m (it says how long after the "
            "warning the machine stops)",
        ),
        ("{signals: []}", "`signals` is empty"),
        ("{signals: [gpus]}", "(did you mean `gpu`?)"),
        ("{unknown: ignore}", "`unknown` must be "),
        ("never", 'must be "off", or say when: {after, warn}'),
        ("off", 'write "off"'),
        ("45m", 'must be "off", or say when: {after, warn}'),
        ("{timeout: 45m}", "(did you mean `after`?)"),
    ],
)
def test_an_idle_section_that_makes_no_sense_is_refused(
    folder: Folder, idle: str, problem: str
) -> None:
    [found] = folder.settings_say(f"{GPU}, idle: {idle}")
    assert problem in found


def test_metrics_are_off_unless_they_have_a_namespace(folder: Folder) -> None:
    assert folder.workstation(GPU).metrics_namespace == ""
    named = folder.workstation(f"{GPU}, metrics: {{namespace: Acme/Workstations}}")
    assert named.metrics_namespace == "Acme/Workstations"
    none = folder.workstation(f"{GPU}, metrics: null", "metrics: {namespace: A}")
    assert none.metrics_namespace == ""
    for bad in ("AWS/EC2", '":x"', '"a b"'):
        [problem] = folder.settings_say(f"{GPU}, metrics: {{namespace: {bad}}}")
        assert "must be a CloudWatch namespace" in problem


def without_image(folder: Folder) -> None:
    kept: Iterable[str] = (line for line in DEFAULTS.splitlines() if "image:" not in line)
    folder.write("_defaults.yaml", "\n".join(kept) + "\n")


def test_without_an_image_it_is_the_one_of_aws(folder: Folder) -> None:
    without_image(folder)
    assert folder.workstation(GPU).image == Image(ssm_parameter=AWS)
    assert folder.workstation(f"{GPU}, image: {{name: x}}").image == Image(name="x", owner="self")
    assert folder.workstation(f"{GPU}, image: null", "image: {name: x}").image == (
        Image(ssm_parameter=AWS)
    )
