"""Packages in place of those of AWS and NVIDIA, whose hosts no test reaches: with `dpkg-deb`.

They have the names, the units, the accounts and the files that the stages and the checks look
for, and nothing else. tests/machine/test_image_tree.py says what is real there.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

UNIT = """\
[Unit]
Description=Dummy of {name}

[Service]
ExecStart=/bin/true

[Install]
WantedBy=multi-user.target
"""

MODULE = """\
#!/bin/sh
set -e
# Any module of this kernel: the checks read for which kernel it was built.
mkdir -p /lib/modules/{kernel}/updates
cp "$(find /lib/modules/{kernel}/kernel/fs -name '*.ko*' | sort | head -n 1)" \\
    /lib/modules/{kernel}/updates/lustre.ko.zst
depmod {kernel}
"""

DCV = """\
#!/bin/sh
set -e
id dcv >/dev/null 2>&1 || useradd --system --home-dir /var/lib/dcv --shell /usr/sbin/nologin dcv
"""


class Package(NamedTuple):
    """A dummy: its files by path, and what it runs when it is installed."""

    name: str
    version: str = "1.0-1"
    files: dict[str, str] | None = None
    after: str = ""
    architecture: str = "amd64"

    def build(self, folder: Path) -> Path:
        """Write the .deb into a folder."""
        tree = folder / f"{self.name}.tree"
        control = tree / "DEBIAN"
        control.mkdir(parents=True)
        (control / "control").write_text(
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {self.architecture}\n"
            f"Maintainer: Nobody <nobody@example.com>\nDescription: dummy of {self.name}\n"
        )
        for path, text in (self.files or {}).items():
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        if self.after:
            (control / "postinst").write_text(self.after)
            (control / "postinst").chmod(0o755)
        deb = folder / f"{self.name}_{self.version}_{self.architecture}.deb"
        run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb))
        run("rm", "-r", str(tree))
        return deb


def service(name: str, unit: str, **files: str) -> Package:
    """Make a dummy with a service."""
    text = {f"usr/lib/systemd/system/{unit}": UNIT.format(name=name)}
    return Package(name, files=text | files)


class Vendors:
    """A folder with repositories, archives and their key, as `file:` URLs below `seen`."""

    def __init__(self, folder: Path, seen: str) -> None:
        self.folder, self.seen = folder, seen
        # A short path: the socket of gpg-agent lies there, and its name has at most 107 bytes.
        self.home = Path(tempfile.mkdtemp(prefix="ws-"))
        identity = "Test <test@example.com>"
        self.gpg("--passphrase", "", "--quick-generate-key", identity, "ed25519", "sign", "never")
        listed = self.gpg("--list-keys", "--with-colons")
        self.fingerprint = next(x for x in listed.splitlines() if x.startswith("fpr")).split(":")[9]
        folder.mkdir(parents=True)
        self.gpg("--armor", "--output", str(folder / "key.asc"), "--export", self.fingerprint)

    def gpg(self, *arguments: str) -> str:
        """Run gpg with the key."""
        return run("gpg", "--homedir", str(self.home), "--batch", "--yes", *arguments)

    def url(self, name: str) -> str:
        """Name a file as the tree sees it."""
        return f"file://{self.seen}/{name}"

    def repository(self, name: str, packages: Iterable[Package], suite: str = "") -> str:
        """Make a signed repository: flat, or with one suite and the component main."""
        root = self.folder / name
        pool = root / "pool"
        pool.mkdir(parents=True)
        for each in packages:
            each.build(pool)
        index = root / f"dists/{suite}/main/binary-amd64/Packages" if suite else root / "Packages"
        index.parent.mkdir(parents=True, exist_ok=True)
        index.write_text(run("dpkg-scanpackages", "--multiversion", "pool", folder=root))
        top = root / f"dists/{suite}" if suite else root
        content = index.read_bytes()
        release = top / "Release"
        release.write_text(
            f"Origin: test\nSuite: {suite or '/'}\nArchitectures: amd64\nComponents: main\n"
            "Date: Sun, 01 Nov 2026 00:00:00 UTC\nSHA256:\n"
            f" {hashlib.sha256(content).hexdigest()} {len(content)} {index.relative_to(top)}\n"
        )
        self.gpg("--clearsign", "--output", str(top / "InRelease"), str(release))
        return self.url(name)

    def signed(self, package: Package) -> str:
        """Build a .deb with a signature beside it."""
        deb = package.build(self.folder)
        self.gpg("--detach-sign", "--output", f"{deb}.sig", str(deb))
        return self.url(deb.name)

    def plain(self, package: Package) -> dict[str, str]:
        """Build a .deb; return its URL and checksum."""
        return self._described(package.build(self.folder))

    def archive(self, name: str, packages: Iterable[Package]) -> dict[str, str]:
        """Build a .tgz with packages in one folder; return its URL and checksum."""
        inner = self.folder / name
        inner.mkdir()
        for each in packages:
            each.build(inner)
        run("tar", "-czf", f"{name}.tgz", name, folder=self.folder)
        return self._described(self.folder / f"{name}.tgz")

    def _described(self, path: Path) -> dict[str, str]:
        return {
            "url": self.url(path.name),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }


def run(*command: str, folder: Path | None = None) -> str:
    """Run a program that has to succeed; return what it prints."""
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
    return done.stdout


def values(vendors: Vendors, kernels: Iterable[str]) -> dict[str, dict[str, str]]:
    """Make every package of a vendor; return what image.yaml says in place of its own values."""
    key = {"key_url": vendors.url("key.asc"), "key_fingerprint": vendors.fingerprint}
    toolkit = "1.20.0-1"
    containers = ("libnvidia-container1", "libnvidia-container-tools")
    toolkits = ("nvidia-container-toolkit-base", "nvidia-container-toolkit")
    modules = [
        Package(f"lustre-client-modules-{kernel}", "2.15.6-1", None, MODULE.format(kernel=kernel))
        for kernel in kernels
    ]
    dcv = service("nice-dcv-server", "dcvserver.service")._replace(after=DCV)
    dcv = dcv._replace(files=(dcv.files or {}) | {"etc/dcv/dcv.conf": "[security]\n"})
    archive = vendors.archive(
        "nice-dcv-2025.0-20103-ubuntu2404-x86_64",
        [dcv, Package("nice-dcv-web-viewer"), Package("nice-dcv-gl"), Package("nice-xdcv")],
    )
    cloudwatch = service("amazon-cloudwatch-agent", "amazon-cloudwatch-agent.service")
    return {
        "lustre": {
            "repository": vendors.repository(
                "lustre", [*modules, Package("lustre-client-utils", "2.15.6-1")], "noble"
            ),
            "suite": "noble",
            **key,
        },
        "container_toolkit": {
            "version": toolkit,
            "repository": vendors.repository(
                "toolkit", [Package(name, toolkit) for name in (*containers, *toolkits)]
            ),
            **key,
        },
        "dcv": {"version": "2025.0-20103", **archive},
        "ssm_agent": vendors.plain(service("amazon-ssm-agent", "amazon-ssm-agent.service")),
        "efs_utils": vendors.plain(Package("amazon-efs-utils")),
        "dcgm_exporter": {"image": f"example.com/dcgm-exporter@sha256:{'0' * 64}"},
        "cloudwatch_agent": {"url": vendors.signed(cloudwatch), **key},
    }
