"""Names, paths and files that lead elsewhere, and files that contradict each other."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.declare.helpers import DEFAULTS
from tests.hostile.case import Case, Cases, Make, field, fleet

NAME = "must be 2 to 32"
OUT = "a link that leads out of its folder"
NO_FILE = "not a regular file"
SHARED = "storage_capacity: 1200GiB, type: fsx_lustre"


def case_twins() -> Cases:
    yield Case("upper case", fleet(ws="Dev1"), NAME)
    yield Case("a fleet in upper case", fleet(name="Vision"), NAME)
    a, b = fleet(name="aa", ws="dev1"), fleet(name="bb", ws="Dev1")
    yield Case("twins in two files", {"a.yaml": a, "b.yaml": b}, NAME)
    yield Case("twins in one file", a + "  DEV1: {gpu: {}}\n", NAME)
    yield Case("file names that are twins", {"a.yaml": a, "A.yaml": a}, "is declared in")
    yield Case("fleets that are twins", {"a.yaml": a, "b.yaml": fleet(name="AA", ws="x1")}, NAME)
    for one, other in (("dev0", "devo"), ("dev1", "devl"), ("l0l", "101l")):
        files = {"a.yaml": fleet(name="aa", ws=one), "b.yaml": fleet(name="bb", ws=other)}
        message = "looks like" if other[0].isalpha() else NAME
        yield Case(f"{one} and {other}", files, message)
    yield Case("fields that are twins", fleet("gpu: {}, Gpu: {}"), "is not a field")
    yield Case("tags that are twins of ours", field("tags: {Reconciler:Site: x}"), "is reserved")


def names() -> Cases:
    for name in (
        "a", "9lives", "-a", "a-", "a_b", "a.b", "a b", "a/b", "..", "a" * 33, "a" * 64, "z" * 300,
        "a:b", "a*", "a?", "$(id)", "`id`", "a;b", "a|b", "a&b", "a>b", "a'b", "%41b", "a%00b",
        "-rf", "--help", "${HOME}", "{{ x }}", "caf\u00e9", "\U0001f600x",
    ):  # fmt: skip
        quoted = "'" + name.replace("'", "''") + "'"
        yield Case(f"workstation {name[:70]}", fleet(ws=quoted), NAME)
    for name in ("a", "Vision", "x" * 33, "../x", "a b", "$(id)"):
        yield Case(f"fleet {name[:40]}", fleet(name=f"'{name}'"), NAME)
    for name in ("default", "a", "x" * 33, "Acme", "a/b", "*"):
        yield Case(f"site {name[:40]}", fleet(), defaults=DEFAULTS.replace("acme", f"'{name}'"))
    for name in ("home", "a/b", "..", "x" * 33):
        text = f"fleet: vision\nfile_systems: {{'{name}': {{{SHARED}}}}}\n"
        yield Case(f"file system {name[:40]}", text)


def traversal() -> Cases:
    for path in (
        "/../etc", "/fsx/../etc", "/fsx/..", "/fsx/.", "/.", "//", "/", "fsx", "./fsx", "~/fsx",
        "/etc", "/etc/ws", "/home", "/home/x", "/proc/self", "/dev/shm", "/usr/bin", "/root",
        "/fsx//x", "/fsx/", "/fsx x", "/fsx/$(id)", "/fsx/`id`", "\\\\server\\share", "C:\\fsx",
        "/fsx\\..", "/%2e%2e/etc", "/-o", "/fsx/*",
    ):  # fmt: skip
        text = f"fleet: vision\nfile_systems: {{data: {{{SHARED}}}}}\nworkstations:\n  ws: {{gpu: "
        mounts = f"{{}}, storage: {{mounts: [{{file_system: data, at: '{path}'}}]}}}}\n"
        yield Case(f"mount at {path}", text + mounts)
    for setting in (
        "schedule: {start: daily 09:00, timezone: ../../etc/passwd}",
        "schedule: {start: daily 09:00, timezone: /etc/localtime}",
        "schedule: {start: daily 09:00, timezone: Europe}",
        "image: {ssm_parameter: '/golden/../../x y'}",
        "image: {ssm_parameter: '//golden'}",
        "image: {ssm_parameter: 'arn:aws:ssm:us-east-1:123456789012:parameter/x'}",
        "instance_profile: ../admin",
        "scheduler_role: path/to/role",
        "scheduler_role: arn:aws:iam::999999999999:role/admin",
        "storage: {root: {size: 100GiB, kms_key_id: alias/../x}}",
        "storage: {root: {size: 100GiB, kms_key_id: 'arn:aws:kms:us-east-1:*:key/*'}}",
    ):
        yield Case(setting, field(setting))
    yield Case("a file system by path", fleet("storage: {mounts: [{file_system: ../a, at: /a}]}"))


def _link(target: str) -> Make:
    return lambda folder: (folder / "bad.yaml").symlink_to(target)


def _chain(folder: Path) -> None:
    (folder / "bad.yaml").symlink_to("one")
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("/etc/hostname")


def _socket(folder: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)  # an address has at most 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("bad.yaml")
    finally:
        os.chdir(here)
        os.close(here)


def _sibling(folder: Path) -> None:
    twin = folder.with_name(folder.name + "-twin")
    twin.mkdir()
    (twin / "a.yaml").write_text(fleet())
    (folder / "bad.yaml").symlink_to(twin / "a.yaml")


def _named(name: str | bytes) -> Make:
    return lambda folder: (folder / os.fsdecode(name)).write_text("fleet: [\n")


def special_files() -> Cases:
    yield Case("a link out", _link("/etc/passwd"), OUT)
    yield Case("a link up", _link("../../../../etc/passwd"), OUT)
    yield Case("a link to a device", _link("/dev/zero"), OUT)
    yield Case("a link to a terminal", _link("/dev/tty"), OUT)
    yield Case("a link to stdin", _link("/dev/stdin"), OUT)
    yield Case("a link to the environment", _link("/proc/self/environ"), OUT)
    yield Case("a link to a sibling of the same beginning", _sibling, OUT)
    yield Case("a chain of links", _chain, OUT)
    yield Case("a dangling link", _link("nowhere"), "cannot be read")
    yield Case("a link to itself", _link("bad.yaml"), "cannot be read")
    yield Case("a link to the folder", _link("."))
    yield Case("a FIFO", lambda folder: os.mkfifo(folder / "bad.yaml"), NO_FILE)
    yield Case("a FIFO for defaults", lambda folder: os.mkfifo(folder / "_a.yaml"), NO_FILE)
    yield Case("a socket", _socket, "cannot be read")
    yield Case("a folder", lambda folder: (folder / "bad.yaml").mkdir(), "a directory")
    for path in ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/proc/self/mem"):
        yield Case(f"{path} given", {}, given=path)
    for path in ("nowhere", "nowhere/at/all", "x" * 300, "a\x1b[31mb", "a\nb", "_defaults.yaml/x"):
        yield Case(f"{path[:40]!a} given", {}, "cannot be read", given=path)
    yield Case("capitals in the ending", _named("Vision.YAML"), "rename it to Vision.yaml")
    yield Case("a name with ESC", _named("a\x1b[2J.yaml"))
    yield Case("a name with a new line", _named("a\n::error::x.yaml"))
    yield Case("a name with bidi", _named("a\u202elmay.yaml"))
    yield Case("a name that is no UTF-8", _named(b"\xff\xfe.yaml"))
    yield Case("a name like an option", _named("--help.yaml"))
    yield Case("a name like a command", _named("$(touch canary).yaml"))
    yield Case("a name with colons", _named("a:1:1.yaml"))
    if os.geteuid():  # root may read everything
        secret: Make = lambda folder: (folder / "bad.yaml").touch(0)  # noqa: E731
        yield Case("without permission", secret, "cannot be read")


def conflicts() -> Cases:
    a, b = fleet(name="aa", ws="w1"), fleet(name="bb", ws="w2")
    other = DEFAULTS.replace("acme", "other")
    yield Case("two sites", {"a.yaml": a, "_more.yaml": "site: other\n"}, "another site")
    yield Case("two accounts", {"a.yaml": a + 'account: "999999999999"\n'}, "another account")
    yield Case("three sites", {"a.yaml": a + "site: s2\n", "b.yaml": b + "site: s3\n"}, "another")
    yield Case(
        "no site", a, "no file gives the `site`", defaults=DEFAULTS.replace("site: acme", "")
    )
    yield Case("no defaults at all", a, "no file gives the `account`", defaults=None)
    yield Case(
        "a fleet twice", {"a.yaml": a, "b.yaml": fleet(name="aa", ws="w2")}, "is declared in"
    )
    yield Case("a workstation twice", {"a.yaml": a, "b.yaml": fleet(name="bb", ws="w1")}, "too")
    yield Case("the same file twice", {"a.yaml": a, "a.yml": a}, "is declared in")
    yield Case("a fleet in defaults", {"a.yaml": a, "_b.yaml": b}, "in a file that begins with _")
    yield Case("fields in two ways", {"a.yaml": a, "_b.yaml": "sites: x\n"}, "is not a field")
    mount = "gpu: {}, storage: {mounts: [{file_system: data, at: /fsx}]}"
    owner = f"fleet: bb\nfile_systems: {{data: {{{SHARED}}}}}\n"
    shared = {"a.yaml": fleet(mount, "aa"), "b.yaml": owner}
    yield Case("another fleet's file system", shared, "has no file system")
    away = fleet(mount) + f"file_systems: {{data: {{{SHARED}, region: eu-west-1}}}}\n"
    yield Case("a file system of another region", away, "in eu-west-1")
    many = "".join(f"\n    t{n}: x" for n in range(30))
    both = f"fleet: aa\ndefaults:\n  tags:{many}\nworkstations: {{w1: {{gpu: {{}}}}}}\n"
    more = f"{DEFAULTS}  tags:{many.replace('t', 'u')}\n"
    yield Case("60 tags in two layers", both, "at most 40", defaults=more)
    yield Case("a good file beside a bad one", {"a.yaml": a, "b.yaml": "fleet: [\n"})
    yield Case("a good file beside bad defaults", a, defaults="site: [\n")
    yield Case("defaults that contradict", {"a.yaml": a, "_b.yaml": other}, "another site")
    region = DEFAULTS.replace("us-east-1", "eu-west-1")
    yield Case("defaults that disagree", {"a.yaml": a, "_b.yaml": region}, "gives another `region`")
    zone = f"{a.replace('{gpu', '{availability_zones: [eu-west-1a], gpu')}"
    yield Case("a zone of no region given", zone, "is not a zone of")
    nulls = fleet("gpu: {}, network: {subnets: {tags: {Tier: null}}}")
    yield Case("the last subnet tag taken back", nulls, "has no `network.subnets`")


CATEGORIES = {
    "case twins": case_twins,
    "names": names,
    "path traversal": traversal,
    "special files": special_files,
    "conflicts between files": conflicts,
}
