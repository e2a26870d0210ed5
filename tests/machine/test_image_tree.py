"""The stages for real: twice in a tree of Ubuntu 24.04, then the checks (`make ami-test`).

Real: the archive of Ubuntu with its kernels, NVIDIA's driver and its modules, GNOME, Docker,
systemd, cloud-init, OpenSSH, snapd. Dummies (tests/machine/vendors.py): Amazon DCV, the Lustre
client, the SSM Agent, the CloudWatch agent, NVIDIA's container toolkit. Not there: a boot, a GPU,
AWS.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import vendors
from tests.machine.stages import AMI, environment, image

PROGRAMS = ("mmdebstrap", "systemd-nspawn", "dpkg-deb", "dpkg-scanpackages", "gpg")
MIRROR = "http://archive.ubuntu.com/ubuntu"
# What Canonical's image has and the stages change, or rely on.
PARENT = (
    "systemd,systemd-sysv,dbus,udev,cloud-init,openssh-server,python3,sudo,unattended-upgrades,apport,"
    "ca-certificates,initramfs-tools,zstd,netplan.io,cron,kmod,snapd,linux-aws"
)
REASON = (
    "make ami-test runs it"
    if os.environ.get("AMI_TEST") != "1"
    else "it needs root"
    if os.geteuid() != 0
    else "it needs " + ", ".join(name for name in PROGRAMS if not shutil.which(name))
    if not all(map(shutil.which, PROGRAMS))
    else ""
)
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)

FOLDER = "usr/share/ws/ami"
WORKING = {"etc/resolv.conf", "var/cache/ldconfig/aux-cache", "var/log", "var/lib/systemd", "srv"}
"""What the container or the tools write at any time."""

NSPAWN = re.compile(
    r'^Attempted to remove disk file system under "/run/systemd/nspawn.*\n', re.MULTILINE
)
"""A harmless message of systemd-nspawn itself."""


class Tree:
    """A tree of Ubuntu in which programs run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.variables: dict[str, str] = {}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program as root, with the network and without systemd."""
        given = (f"--setenv={name}={text}" for name, text in self.variables.items())
        options = ("--quiet", "--register=no", "--keep-unit", "--pipe", "--as-pid2")
        name = f"--machine=ws-image-{os.getpid()}"
        done = subprocess.run(
            ["systemd-nspawn", *options, name, f"--directory={self.root}", *given, *command],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=3600,
        )
        done.stderr = NSPAWN.sub("", done.stderr)
        return done

    def stages(self, digits: str = "0-9") -> str:
        """Run the stages whose names begin with these digits; return what they print."""
        printed = ""
        for path in sorted((self.root / FOLDER / "stages").glob(f"[{digits}]*.sh")):
            run = self.run("bash", f"/{FOLDER}/stages/{path.name}")
            assert (run.returncode, run.stderr) == (0, ""), f"{path.name}: {run.stdout}{run.stderr}"
            printed += run.stdout
        return printed

    def files(self) -> dict[str, str]:
        """Describe every file: what it is, its rights, its owner and its content."""
        return dict(self._files())

    def _files(self) -> Iterator[tuple[str, str]]:
        for folder, inner, names in os.walk(self.root):
            place = Path(folder)
            inner[:] = [x for x in inner if str((place / x).relative_to(self.root)) not in WORKING]
            for path in (place / name for name in (*inner, *names)):
                name = str(path.relative_to(self.root))
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                else:
                    content = str(path.readlink()) if path.is_symlink() else ""
                if name not in WORKING:
                    yield name, f"{found.st_mode:o} {found.st_uid}:{found.st_gid} {content}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder = tmp_path_factory.mktemp("image")
    root = folder / "tree"
    made = os.environ.get("AMI_BASE", "")
    if made and Path(made).exists():
        root.mkdir()
        vendors.run("tar", "-xf", made, "-C", str(root), "--numeric-owner")
    else:
        parts = "main universe restricted multiverse"
        vendors.run(
            *("mmdebstrap", "--variant=apt", "--aptopt=APT::Install-Recommends false"),
            *(f"--include={PARENT}", "noble", made or str(root)),
            *(
                f"deb [trusted=yes] {MIRROR} {suite} {parts}"
                for suite in ("noble", "noble-updates")
            ),
        )
        if made:
            root.mkdir()
            vendors.run("tar", "-xf", made, "-C", str(root), "--numeric-owner")
    shutil.copytree(AMI, root / FOLDER, ignore=shutil.ignore_patterns("__pycache__"))
    tree = Tree(root)
    yield tree
    shutil.rmtree(folder, ignore_errors=True)


def kernels(tree: Tree, branch: str) -> list[str]:
    """List the kernels with modules of NVIDIA in the archive, oldest first."""
    prefix = f"linux-modules-nvidia-{branch}-server-open-"
    run = tree.run("sh", "-c", f"apt-get -qq update && apt-cache pkgnames {prefix}6.8.0-")
    found = [name.removeprefix(prefix) for name in run.stdout.split() if name.endswith("-aws")]
    return sorted(found, key=lambda name: int(name.split("-")[1]))


SNAP = """#!/bin/sh
case "$*" in
*is-active*snap.amazon-ssm-agent* | daemon-reload) exit 0 ;;
esac
SYSTEMD_OFFLINE=1 exec /usr/bin/systemctl "$@"
"""
"""Says that the SSM Agent runs as a snap, as on Canonical's image; nothing else runs."""

BREAK = """
mkdir -p /lib/modules/7.0.0-1-aws /root/.ssh /var/lib/cloud/instances/i-1
dpkg-query -W -f '${Package} install\\n' 'linux-image-6*' | dpkg --set-selections
sed -i 's/"driver": .*/"driver": "1.2.3",/' /etc/ws/build.json
systemctl -q unmask apt-daily.timer
systemctl -q disable ws-boot.service
echo 'Nonsense=1' >>/etc/systemd/system/ws-boot.service
sed -i s/WaylandEnable=false/WaylandEnable=true/ /etc/gdm3/custom.conf
echo key >/etc/ssh/ssh_host_rsa_key
echo key >/root/.ssh/authorized_keys
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
echo {} >/etc/ws/instance.json
echo AKIA"0123456789ABCDEF" >/root/notes
"""
BROKEN = (
    "exactly one kernel",
    "the module and the libraries of NVIDIA have one version",
    "kernel and modules are held",
    "nothing upgrades packages on its own",
    "its units are enabled",
    "systemd finds nothing wrong",
    "DCV has a console session",
    "no host keys",
    "no authorized keys",
    "the machine id is empty",
    "cloud-init starts anew",
    "no file of one machine",
    "no private key and no access key",
)


def replace_ssm_agent(tree: Tree) -> None:
    """The stage asks for a restart while the snap runs, and removes it only after that."""
    stub = tree.root / "usr/local/bin/systemctl"
    stub.write_text(SNAP)
    stub.chmod(0o755)
    run = tree.run("sh", "-c", f"mkdir -p /run/systemd/system; bash /{FOLDER}/stages/60-agents.sh")
    stub.unlink()
    assert (run.returncode, run.stderr) == (194, ""), run.stdout
    assert run.stdout.endswith("[60-agents] restart the machine\n")
    place = tree.root / "etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service.d"
    assert "ConditionPathExists=/nonexistent" in (place / "ws.conf").read_text()
    assert (tree.root / "usr/bin/snap").exists()


def test_stages_make_an_image_twice_and_the_checks_find_what_is_wrong(tree: Tree) -> None:
    declared = image()
    *_, wanted, newest = kernels(tree, declared["nvidia"]["branch"])
    # Lustre has no modules for the newest kernel, as happens in life.
    dummies = vendors.values(vendors.Vendors(tree.root / "srv/vendors", "/srv/vendors"), [wanted])
    tree.variables = environment(declared | dummies) | {
        "WS_AGENT_VERSION": "1.2.3",
        "WS_CONTENT_HASH": "0" * 64,
    }
    printed = tree.stages("0-5")
    replace_ssm_agent(tree)
    printed += tree.stages("6-9")
    assert f"[10-kernel] kernel {wanted}\n" in printed
    assert newest not in printed
    assert len(printed) < 24_000  # what Run Command keeps

    checks = tree.run("bash", f"/{FOLDER}/validate/bake.sh")
    assert (checks.returncode, checks.stderr) == (0, ""), checks.stdout
    assert "not ok" not in checks.stdout
    assert not (tree.root / "usr/bin/snap").exists()

    first = tree.files()
    assert "download" not in tree.stages()
    second = tree.files()
    changed = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    assert changed == set()

    tree.run("bash", "-c", BREAK)
    checks = tree.run("bash", f"/{FOLDER}/validate/bake.sh")
    failed = re.findall(r"^not ok [0-9]+ - (.*)", checks.stdout, re.MULTILINE)
    assert checks.returncode == 1
    assert [text[: len(start)] for text, start in zip(failed, BROKEN, strict=True)] == [*BROKEN]
