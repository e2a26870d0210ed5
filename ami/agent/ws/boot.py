"""`ws boot`: the account, the home, the shared file systems; then the machine is ready.

It goes on until the home is mounted. Meanwhile the person can log in, and reads why it is not.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from pathlib import Path

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

LOGIN = """\
phase=$(cat /run/ws/phase 2>&1 || :)
case $phase in
ready* | stopping*) ;;
*) printf 'There is no home, and nothing that you write is kept: %s\\n' "$phase" >&2 ;;
esac
unset phase
"""
"""Tells each login why there is no home."""

STARTED = "/var/lib/ws/started"
STARTS = "reconciler:starts"


def main(arguments: list[str], host: Host) -> int:
    """Boot the machine; return the exit code."""
    host.write("/etc/profile.d/ws-home.sh", LOGIN)
    imds = Imds()
    try:
        settings = load(host)
    except Unusable as error:
        region = ""
        with contextlib.suppress(Unknown):
            region = imds.word("meta-data/placement/region")
        say(host, Aws(region, imds), "failed", f"{error}: is it this product's user data?")
        return 1
    boot(host, settings, Aws(settings.region, imds))
    return 0


def boot(host: Host, settings: Settings, aws: Aws) -> None:
    """Bring the machine to `ready`; return when it is."""
    home, at = settings.home, f"/home/{settings.user}"
    # Somebody may have to log in and see why there is no home.
    with contextlib.suppress(Waiting):
        known = account.numbers(host, "/etc/passwd").get(settings.user, settings.uid)
        account.make(host, settings, known)
    notes = []
    for entry in settings.mounts:
        try:
            mounts.share(host, entry)
        except Failed as error:
            notes.append(str(error))

    def attach() -> Path:
        mounts.close(host, at)
        return volume.attach(host, settings, aws, volume_id)

    def mount() -> None:
        if volume_id:
            volume.mount(host, aws, attach(), volume_id, at)
        elif home:
            mounts.close(host, at)
            mounts.mount(host, home)
        settle(host, settings, at)

    volume_id = home.get("volume_id", "") if home else ""
    if volume_id:
        until(host, aws, "attaching", attach)
    until(host, aws, "mounting", mount)
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


def settle(host: Host, settings: Settings, at: str) -> None:
    """Let the person live in the home; its owner decides their user id. Raises: Waiting."""
    path = host.path(at)
    path.mkdir(parents=True, exist_ok=True)
    owner = int(host.do("stat", "-c", "%u", str(path)))
    account.make(host, settings, owner or settings.uid)
    if not owner:  # a fresh one
        host.do("chown", f"{settings.user}:", str(path))
        host.do("chmod", "750", str(path))
        # As the person: root must not follow what a person could put there.
        copy = ("cp", "-rnT", str(host.path("/etc/skel")), str(path))
        host.run("runuser", "-u", settings.user, "--", *copy)
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
