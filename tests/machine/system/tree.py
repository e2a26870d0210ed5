"""A tree of Ubuntu 24.04 to boot machines from: `python -m tests.machine.system.tree DIRECTORY`.

It needs root, mmdebstrap and Ubuntu's archive. Where one of them is missing it says so and makes
nothing, and the tests that boot skip with the same words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ARCHIVE = "http://archive.ubuntu.com/ubuntu"
PACKAGES = (
    "systemd systemd-sysv dbus udev libpam-systemd kmod util-linux procps psmisc attr passwd "
    "login sudo iproute2 e2fsprogs xfsprogs python3 cloud-init openssh-server"
)
CLOUD_INIT = """\
# A container has no firmware by which cloud-init could tell that it is on EC2.
datasource_list: [Ec2]
datasource: {Ec2: {strict_id: false}}
network: {config: disabled}
# What needs udev or the archive is left out; both are not there.
locale: false
cloud_final_modules: [write_files_deferred, scripts_per_boot, scripts_per_instance, scripts_user]
"""
POLICY = "policy: enabled\n"
MASKED = ("systemd-networkd-wait-online.service", "run-rpc_pipefs.mount", "console-getty.service")
WRITTEN = {
    "etc/cloud/cloud.cfg.d/90_test.cfg": CLOUD_INIT,
    "etc/cloud/ds-identify.cfg": POLICY,
    "etc/machine-id": "",
}


def obstacle() -> str:
    """Say why this machine cannot boot another one; "" where it can."""
    if os.geteuid() != 0:
        return "booting a machine needs root"
    missing = [name for name in ("systemd-nspawn", "ip", "losetup") if not shutil.which(name)]
    if missing:
        return f"booting a machine needs {', '.join(missing)}"
    allowed = subprocess.run(
        ["unshare", "--net", "--mount", "losetup", "--find"], check=False, capture_output=True
    )
    return "booting a machine needs namespaces and loop devices" if allowed.returncode else ""


def make(tree: Path) -> str:
    """Make the tree; return why it cannot be made, or ""."""
    if problem := obstacle():
        return problem
    if not shutil.which("mmdebstrap"):
        return "the tree of Ubuntu needs mmdebstrap"
    # The archive's keys are not in Debian; nothing that is tested here leaves this machine.
    sources = [
        f"deb [trusted=yes] {ARCHIVE} {suite} main universe" for suite in ("noble", "noble-updates")
    ]
    partial = tree.with_name(tree.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    include = ",".join(PACKAGES.split())
    # With mounts of its own, which go with it: what is left of a tree is safe to remove.
    command = ("unshare", "--mount", "mmdebstrap", "--quiet", "--variant=minbase")
    done = subprocess.run(
        [*command, f"--include={include}", "noble", partial, *sources],
        check=False,
        capture_output=True,
    )
    if done.returncode:
        shutil.rmtree(partial, ignore_errors=True)
        return f"mmdebstrap failed: {done.stderr.decode()[-300:].strip()}"
    for name, content in WRITTEN.items():
        (partial / name).write_text(content)
    for unit in MASKED:
        (partial / "etc/systemd/system" / unit).symlink_to("/dev/null")
    partial.rename(tree)
    return ""


if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if reason := make(Path(sys.argv[1])):
        sys.stderr.write(f"the tests boot no machine: {reason}\n")
