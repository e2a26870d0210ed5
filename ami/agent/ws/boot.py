"""`ws boot`: the account, the home, the shared file systems; then the machine is ready.

It goes on until the home is mounted. Meanwhile the person can log in, and reads why it is not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ws import account, dcv, hostkeys, mounts, volume
from ws.aws import Aws, AwsError
from ws.host import Host
from ws.imds import Imds, Unknown
from ws.phase import Failed, Waiting, say
from ws.settings import Settings, Unusable, load

REFUSED = ("UnauthorizedOperation", "AccessDenied", "AuthFailure", "InvalidVolume.ZoneMismatch")
"""Codes that waiting does not change (EC2 API, "Error codes")."""

PATIENCE = 900
"""Seconds for which it tries often: an instance may need 10 minutes to let a volume go."""

STARTED = "/var/lib/ws/started"
STARTS = "reconciler:starts"


def main(arguments: list[str], host: Host) -> int:
    """Boot the machine; return the exit code."""
    account.explain(host)
    imds = Imds()
    try:
        settings = load(host)
    except Unusable as error:
        try:
            region = imds.word("meta-data/placement/region")
        except Unknown:
            region = ""
        sentence = f"{error}: look at the user data, or start again with `workstation start`"
        say(host, Aws(region, imds), "failed", sentence)
        return 1
    boot(host, settings, Aws(settings.region, imds))
    return 0


def boot(host: Host, settings: Settings, aws: Aws) -> None:
    """Bring the machine to `ready`; return when it is."""
    home, at = settings.home, f"/home/{settings.user}"
    open_login(host, settings)
    notes = [note for entry in settings.mounts if (note := share(host, entry))]
    if home and home["type"] == "ebs":
        until(host, aws, "attaching", lambda: attach(host, settings, aws))
        until(host, aws, "mounting", lambda: mount_volume(host, settings, aws))
    elif home:
        until(host, aws, "mounting", lambda: mount_network(host, settings))
    until(host, aws, "mounting", lambda: settle(host, settings, at))
    dcv.own(host, settings.user)
    say(host, aws, "ready", "; ".join(notes))
    remember(host, settings, aws)


def until(host: Host, aws: Aws, name: str, step: Callable[[], object]) -> None:
    """Try a step until it is done; say what it waits for, or what somebody has to do."""
    begin, pause = host.now(), 2.0
    say(host, aws, name)
    while True:
        try:
            step()
            return
        except (Waiting, Failed, AwsError, Unknown, OSError) as error:
            over = isinstance(error, Failed) or getattr(error, "code", "") in REFUSED
            say(host, aws, "failed" if over else name, str(error))
        host.sleep(pause)
        pause = min(pause * 1.5, 20 if host.now() - begin < PATIENCE else 120)


def open_login(host: Host, settings: Settings) -> None:
    """Make the account before the home is there: somebody may have to look why it is not."""
    known = account.numbers(host, "/etc/passwd").get(settings.user, settings.uid)
    try:
        account.make(host, settings, known)
    except Waiting as error:
        host.log(str(error))


def share(host: Host, entry: dict[str, Any]) -> str:
    """Prepare a shared file system; return why it cannot be used. It stops no boot."""
    try:
        mounts.automount(host, entry)
    except Failed as error:
        return str(error)
    return ""


def attach(host: Host, settings: Settings, aws: Aws) -> Path:
    """Have the disk of the home on this machine, and its mount point closed until then."""
    assert settings.home
    mounts.close(host, settings.home["at"])
    return volume.attach(host, settings, aws, settings.home["volume_id"])


def mount_volume(host: Host, settings: Settings, aws: Aws) -> None:
    """Mount the disk of the home, and grow it."""
    assert settings.home
    device, at = attach(host, settings, aws), settings.home["at"]
    volume.mount(host, aws, device, settings.home["volume_id"], at)
    volume.grow(host, device, at)


def mount_network(host: Host, settings: Settings) -> None:
    """Mount a home of the network."""
    assert settings.home
    mounts.close(host, settings.home["at"])
    mounts.mount_network(host, settings.home)


def settle(host: Host, settings: Settings, at: str) -> None:
    """Let the person live in the home; its owner decides their user id."""
    host.path(at).mkdir(parents=True, exist_ok=True)
    owner = account.owner_of(host, at)
    account.make(host, settings, owner or settings.uid)
    if not owner:
        account.move_in(host, settings.user, at)
    hostkeys.keep(host, at)


def remember(host: Host, settings: Settings, aws: Aws) -> None:
    """Add the seconds of this start to those of the group, once for an instance.

    The launch is `pendingTime` of the identity document (EC2 user guide, "Instance identity
    documents"). Nothing depends on it, so an error is only a line in the journal.
    """
    try:
        if not account.put(host, STARTED, aws.imds.instance_id()):
            return
        launch = aws.imds.json("dynamic/instance-identity/document")["pendingTime"]
        since = dt.datetime.fromisoformat(launch.replace("Z", "+00:00"))
        seconds = int(host.now() - since.timestamp())
        if not 0 < seconds < 86400:
            return
        group = {"AutoScalingGroupNames_member_1": settings.group}
        tags = aws.call("autoscaling", "DescribeAutoScalingGroups", **group).iter("member")
        known = {tag.findtext("Key"): tag.findtext("Value", "") for tag in tags}.get(STARTS, "")
        kept = [word for word in known.split() if word.isdigit()][-19:]
        tag = {
            "ResourceId": settings.group,
            "ResourceType": "auto-scaling-group",
            "Key": STARTS,
            "Value": " ".join([*kept, str(seconds)]),
            "PropagateAtLaunch": "false",
        }
        given = {f"Tags_member_1_{key}": value for key, value in tag.items()}
        aws.call("autoscaling", "CreateOrUpdateTags", **given)
    except (AwsError, Unknown, TypeError, LookupError, AttributeError, ValueError) as error:
        host.log(f"the time of this start is not kept: {error}")
