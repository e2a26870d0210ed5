"""`ws`: the commands of the agent."""

from __future__ import annotations

import sys
from importlib import import_module

from ws.host import Host
from ws.settings import Unusable

COMMANDS = {
    "boot": ("ws.boot", "attach and mount the home, make the account (by systemd)"),
    "leave": ("ws.leave", "run the hooks and unmount (by systemd, when the machine ends)"),
    "watch": ("ws.watch", "watch for an interruption and for the end of the hours (by systemd)"),
    "idle": ("ws.idle", "stop the workstation when nobody uses it (by systemd)"),
    "keep-alive": ("ws.lease", "4h [-- COMMAND]: keep it on for that time, or while COMMAND runs"),
    "why": ("ws.why", "say what keeps this workstation on"),
    "status": ("ws.status", "say what this workstation is, and how its home is mounted"),
    "doctor": ("ws.doctor", "check driver, GPU, mounts, clock and disk"),
}


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    name = arguments[0] if arguments else "--help"
    if name not in COMMANDS:
        print("usage: ws COMMAND\n")
        for command, (_, text) in COMMANDS.items():
            print(f"  {command:11} {text}")
        return 0 if name in ("-h", "--help") else 2
    try:
        code: int = import_module(COMMANDS[name][0]).main(arguments[1:], Host())
        return code
    except Unusable as error:
        print(f"ws: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"ws {name}: {error.name} is only in images with the agent", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
