"""`ws boot`: the account, the home, the shared file systems; then the machine is ready.

It goes on until the home is mounted. Meanwhile the person can log in, and reads why it is not.
"""

from __future__ import annotations

import contextlib
import time
from calendar import timegm
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ws import account, group, mounts, volume
from ws.aws import Aws, AwsError
from ws.host import Host
from ws.imds import Imds, Unknown
from ws.phase import Failed, Waiting, say
from ws.settings import Settings, Unusable, load

REFUSED = ("Unauthorized", "Auth", "Invalid")
"""What codes begin with that waiting does not change (EC2 API, "Error codes")."""

PATIENCE = 900
"""Seconds for which it tries often: an instance may need 10 minutes to let a volume go."""

LOGIN = """\
case $(cat /run/ws/phase 2>&1) in
ready* | stopping*) ;;
*) echo "There is no home, and nothing that you write is kept: $(cat /run/ws/phase 2>&1)" >&2 ;;
esac
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
    volume_id = home.get("volume_id", "") if home else ""
    notes = []

    def disk() -> Path:
        mounts.close(host, at)
        return volume.attach(host, settings, aws, volume_id)

    def mount() -> None:
        if volume_id:
            volume.mount(host, aws, disk(), volume_id, at)
        elif home and not mounts.mounted(host, at):
            mounts.mount(host, home)
        settle(host, settings, at)

    # Somebody may have to log in and see why there is no home.
    with contextlib.suppress(OSError):
        account.make(host, settings, 0)
    for entry in settings.mounts:
        try:
            mounts.mount(host, entry, "automount")
        except (Failed, OSError, LookupError) as error:
            notes.append(str(error))
    if volume_id:
        until(host, aws, "attaching", disk)
    until(host, aws, "mounting", mount)
    if host.path("/usr/bin/dcv").exists():
        with contextlib.suppress(ImportError):  # the agent in user data is without it
            import_module("ws.dcv").own(host, settings.user)
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
        except AwsError as error:
            if error.code.startswith(REFUSED):
                say(host, aws, "failed", f"{str(error)[:200]}: run `reconcile`, then start again")
            else:
                say(host, aws, name, str(error))
        except (Waiting, Unknown, OSError) as error:
            say(host, aws, name, str(error))
        except (Failed, LookupError) as error:
            say(host, aws, "failed", str(error))
        host.sleep(pause)
        pause = min(pause * 1.5, 20 if host.now() - begin < PATIENCE else 120)


def settle(host: Host, settings: Settings, at: str) -> None:
    """Let the person live in the home; its owner decides their user id. Raises: OSError."""
    path = host.path(at)
    path.mkdir(parents=True, exist_ok=True)
    owner = int(host.do("stat", "-c", "%u", str(path)))
    account.make(host, settings, owner)
    if not owner:  # a fresh one
        host.do("chown", f"{settings.user}:", str(path))
        host.do("chmod", "750", str(path))
        # As the person: root must not follow what a person could put there.
        copy = ("cp", "-rnT", str(host.path("/etc/skel")), str(path))
        host.run("runuser", "-u", settings.user, "--", *copy)
    try:
        account.keep_host_keys(host, at)
    except OSError as error:
        host.log(f"the host keys of ssh are not kept: {error}")


def remember(host: Host, settings: Settings, aws: Aws) -> None:
    """Add the seconds of this start to those of the group, once for an instance.

    The launch is `pendingTime` of the identity document (EC2 user guide, "Instance identity
    documents"). Nothing depends on it, so an error is only a line in the journal.
    """
    try:
        if not account.put(host, STARTED, aws.imds.instance_id()):
            return
        launch = aws.imds.json("dynamic/instance-identity/document")["pendingTime"]
        seconds = int(host.now() - timegm(time.strptime(launch, group.FORM)))
        if 0 < seconds < 86400:
            known = group.read(aws, settings.group)[1].get(STARTS, "").split()
            kept = [word for word in known if word.isdigit()][-19:]
            group.write(aws, settings.group, STARTS, " ".join([*kept, str(seconds)]))
    except (AwsError, Unknown, TypeError, LookupError, ValueError) as error:
        host.log(f"the time of this start is not kept: {error}")
