"""The account of the person: its user id, its groups, the keys that open it."""

from __future__ import annotations

from ws.host import Host
from ws.settings import Settings

GROUPS = ("video", "render", "docker")


def make(host: Host, settings: Settings, uid: int) -> None:
    """Make the account, or give it this user id. Raises: Waiting while processes have the old one.

    The person is root by sudo: the machine is theirs alone, and what the machine may do in AWS,
    each of its processes may do.
    """
    user, accounts = settings.user, numbers(host, "/etc/passwd")
    also = [] if uid not in accounts.values() else ["-o"]
    if user not in accounts:
        own = ("-g", user) if user in numbers(host, "/etc/group") else ("-U",)
        host.do("useradd", "-M", *own, "-u", str(uid), *also, "-d", f"/home/{user}", "-s",
            "/bin/bash", "-p", "*", user)  # fmt: skip
    elif accounts[user] != uid:
        host.do("usermod", "-u", str(uid), *also, user)
    groups = [name for name in GROUPS if name in numbers(host, "/etc/group")]
    if groups:
        host.do("usermod", "-aG", ",".join(groups), user)
    host.write("/etc/sudoers.d/ws", f"{user} ALL=(ALL) NOPASSWD:ALL\n", 0o440)
    host.write(f"/etc/ssh/authorized_keys.d/{user}", "".join(f"{k}\n" for k in settings.ssh_keys))
    files = "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n"
    if put(host, "/etc/ssh/sshd_config.d/10-ws.conf", files):
        reload_ssh(host)


def numbers(host: Host, name: str) -> dict[str, int]:
    """Return the numbers in /etc/passwd or /etc/group by name."""
    rows = [line.split(":") for line in host.path(name).read_text().splitlines()]
    return {row[0]: int(row[2]) for row in rows if len(row) > 2}


def put(host: Host, name: str, text: str, mode: int = 0o644) -> bool:
    """Write a file if it differs; tell whether it did."""
    path = host.path(name)
    if path.exists() and path.read_text() == text:
        return False
    host.write(name, text, mode)
    return True


def reload_ssh(host: Host) -> None:
    """Let sshd read its files again, under either of its names."""
    for unit in ("ssh.service", "sshd.service"):
        host.run("systemctl", "try-reload-or-restart", "--no-block", unit)
