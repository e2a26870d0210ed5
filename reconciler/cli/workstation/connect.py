"""`workstation connect`: the commands, the block in ssh's configuration, and the forwarded port."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.progress import Progress
from reconciler.cli.workstation import ssh_files
from reconciler.cli.workstation.context import Context, find, make_context

if TYPE_CHECKING:
    from reconciler.commands.connect import Way
    from reconciler.workstation.model import Group, Instance

TOOLS = {
    "aws": "the AWS CLI, https://docs.aws.amazon.com/cli/latest/userguide/install-cliv2.html",
    "session-manager-plugin": "AWS's Session Manager plugin, https://docs.aws.amazon.com/"
    "systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
}


@dataclass(frozen=True)
class ConnectOptions:
    """The values of the options."""

    name: str
    run: bool
    port: int
    user: str
    ssh_config: bool


def run(wish: ConnectOptions, console: Console) -> int:
    """Prepare the connection, and print or open it; return the exit code."""
    from reconciler.commands import connect
    from reconciler.commands.find import checked

    checked(wish.name)
    with console.stop.interruptible(), Progress(console, "looking"):
        context = make_context(console)
        group, _ = find(context, wish.name, console)
        instance = _machine(context, group)
    if wish.run:
        _tools()
    way = _way(wish, context, group, instance)
    # A machine of a sandbox is nowhere, and a real one may have the same name in ssh's files.
    in_sandbox = context.session.target.local
    before = "" if in_sandbox else ssh_files.machine_of(group)
    wish = replace(wish, ssh_config=wish.ssh_config and not in_sandbox)
    if wish.ssh_config:
        ssh_files.prepare(way, console.stop.pause)
    command = connect.forward(way, wish.port)
    _tell(wish, console, way, instance, command, before, in_sandbox)
    if not wish.run:
        return exit_codes.DONE
    console.log.info("DCV is on https://localhost:%s until Ctrl-C", wish.port)
    done = subprocess.run(command, check=False)
    return exit_codes.DONE if done.returncode == 0 else exit_codes.FAILED


def ssh(wish: ConnectOptions, command: tuple[str, ...], console: Console) -> int:
    """Prepare ssh, and run it; return the exit code."""
    from reconciler.commands import connect
    from reconciler.commands.find import checked
    from reconciler.errors import UsageError

    checked(wish.name)
    with console.stop.interruptible(), Progress(console, "looking"):
        context = make_context(console)
        _refuse_in_sandbox(context)
        group, _ = find(context, wish.name, console)
        instance = _machine(context, group)
    _tools()
    if shutil.which("ssh") is None:
        raise UsageError("ssh is not installed: it is OpenSSH's client, of every system's packages")
    way = _way(wish, context, group, instance)
    ssh_files.prepare(way, console.stop.pause)
    done = subprocess.run(["ssh", "--", connect.host(group), *command], check=False)
    return exit_codes.DONE if done.returncode == 0 else exit_codes.FAILED


def proxy(name: str, port: int, region: str, profile: str, console: Console) -> int:
    """Connect ssh with the present instance of a workstation; return the exit code.

    The AWS configuration for ssh is written in ssh's own: the environment may be another.
    """
    from reconciler.commands.connect import proxied
    from reconciler.commands.find import checked, one

    checked(name)
    os.environ["AWS_REGION"] = region
    if profile:
        os.environ["AWS_PROFILE"] = profile
    with console.stop.interruptible():
        context = make_context(console)
        _refuse_in_sandbox(context)
        group = one(context.aws, name, context.caller)
        instance = _machine(context, group)
    way = _way(ConnectOptions(name, False, 0, "proxy", False), context, group, instance)
    _tools()
    ssh_files.forget_other_keys(way, console.stop.pause)
    done = subprocess.run(proxied(way, str(port)), check=False)
    return exit_codes.DONE if done.returncode == 0 else exit_codes.FAILED


def _refuse_in_sandbox(context: Context) -> None:
    """Raises: Refused where a sandbox answers: no machine is behind it that ssh could reach."""
    from reconciler.errors import Refused

    target = context.session.target
    if target.local:
        raise Refused(
            f"{target.named} is a sandbox, whose machines nobody can reach; ssh's files were left "
            "alone: call this from a shell whose AWS configuration names no endpoint"
        )


def _machine(context: Context, group: Group) -> Instance:
    """One that answers. Raises: Refused while there is none."""
    from reconciler.errors import Refused
    from reconciler.workstation import read

    name = group.workstation
    if group.state in ("off", "stopping"):
        raise Refused(f"{name} is off: `workstation start {name}` turns it on")
    instance = read.instance(context.aws, group.member)
    if instance is None or not instance.online:
        raise Refused(
            f"{name} is not up yet: `workstation start {name}` waits for it, `workstation why "
            f"{name}` says what holds it back"
        )
    return instance


def _way(wish: ConnectOptions, context: Context, group: Group, instance: Instance) -> Way:
    from reconciler.commands.connect import USER, Way
    from reconciler.errors import UsageError

    user = wish.user or group.workstation
    if not USER.fullmatch(user):  # it becomes a line of a configuration file
        raise UsageError(f"{user!r} is no login: name one with --user")
    profile = context.session.profile
    return Way(group, instance.id, "" if profile == "default" else profile, user)


def _tools() -> None:
    """Raises: UsageError for what is not installed, with where it is from."""
    from reconciler.errors import UsageError

    missing = [text for tool, text in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        raise UsageError(f"not installed: {'; '.join(missing)}")


def _tell(
    wish: ConnectOptions,
    console: Console,
    way: Way,
    instance: Instance,
    command: list[str],
    before: str,
    in_sandbox: bool,
) -> None:
    from reconciler.commands import connect
    from reconciler.render import power as words

    new = before not in ("", way.instance)
    host = connect.host(way.group)
    if console.output == "json":
        document = {
            **words.head(way.group),
            "machine": words.machine_document(instance),
            "dcv": {"command": command, "url": f"https://localhost:{wish.port}"},
            "ssh": {"command": ["ssh", host]} if wish.ssh_config else None,
            "new_machine": new,
        }
        console.json(document)
        return
    lines = [f"{way.group.workstation}: {words.machine(instance)}, {instance.id}"]
    if not wish.run:
        lines.append(f"  DCV  {shlex.join(command)}")
        lines.append(f"       then https://localhost:{wish.port} (or --run does the first)")
    if wish.ssh_config:
        lines.append(f"  ssh  ssh {host}")
    if in_sandbox:
        lines.append("  ssh  not prepared: it is a sandbox, and ~/.ssh is as it was")
    if new:
        lines += console.style.wrap(
            f"It is a new machine since you last connected ({before} is gone): {way.group.lost}.",
            "  ",
            "  ",
        )
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        lines.append(f"  needed and not installed: {', '.join(TOOLS[tool] for tool in missing)}")
    console.result(console.style.finish(lines))
