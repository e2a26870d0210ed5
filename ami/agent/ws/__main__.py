"""`ws`: the commands of the agent."""

from __future__ import annotations

import sys
from importlib import import_module

from ws.host import Host
from ws.settings import Unusable

COMMANDS = {
    "boot": "attach and mount the home (by systemd)",
    "leave": "run the hooks and unmount (by systemd)",
    "watch": "watch for the end (by systemd)",
    "idle": "stop when nobody uses it (by systemd)",
    "keep-alive": "4h [-- COMMAND]: keep it on",
    "why": "say what keeps it on",
    "status": "say what this workstation is",
    "doctor": "check driver, GPU, mounts, clock and disk",
}


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    name = arguments[0] if arguments else "--help"
    if name not in COMMANDS:
        print("usage: ws COMMAND\n")
        for command, text in COMMANDS.items():
            print(f"  {command:11} {text}")
        return 0 if name in ("-h", "--help") else 2
    try:
        module = import_module(f"ws.{'lease' if name == 'keep-alive' else name}")
        code: int = module.main(arguments[1:], Host())
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
