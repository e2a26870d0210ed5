"""Bugs of the end of a machine: notices, hooks, the unmount, the word to Auto Scaling."""

from __future__ import annotations

from tests.seeded.bug import Bug

WATCH = ("tests/machine/test_watch.py", "tests/machine/test_hours.py")
LEAVE = ("tests/machine/test_leave.py",)
RUN_HOOKS = ("tests/machine/test_hooks.py",)
RELEASE = ("tests/machine/test_release.py",)

LEAVING = (
    Bug(
        "a wrong clock puts the end of a Spot instance off",
        "ami/agent/ws/watch.py",
        "at = min((found and seconds(found[1])) or inf, now + NOTICE)",
        "at = (found and seconds(found[1])) or now + NOTICE",
        WATCH,
    ),
    Bug(
        "an interruption counts as handled before it is",
        "ami/agent/ws/watch.py",
        "    before = read_event(host)",
        '    host.write(TOLD + event.reason, "")\n    before = read_event(host)',
        WATCH,
    ),
    Bug(
        "a later event puts the deadline of an earlier one off",
        "ami/agent/ws/watch.py",
        "event.deadline < before.deadline",
        "event.deadline > before.deadline",
        WATCH,
    ),
    Bug(
        "a stop that has become unknown is told as it was",
        "ami/agent/ws/watch.py",
        "            read_at, stop_at = now, 0",
        "            read_at = now",
        WATCH,
    ),
    Bug(
        "root runs a hook that others may write",
        "ami/agent/ws/hooks.py",
        '"-executable", "!", "-perm", "/022"',
        '"-executable"',
        RUN_HOOKS,
    ),
    Bug(
        "root follows links to hooks",
        "ami/agent/ws/hooks.py",
        '((), "-P",',
        '((), "-L",',
        RUN_HOOKS,
    ),
    Bug(
        "a hook may run beyond the deadline",
        "ami/agent/ws/hooks.py",
        "        limit = min(LIMIT, deadline() - host.now())",
        "        limit = LIMIT",
        RUN_HOOKS,
    ),
    Bug(
        "a login shell keeps the home mounted",
        "ami/agent/ws/release.py",
        '("TERM", "HUP")',
        '("TERM", "TERM")',
        RELEASE,
    ),
    Bug(
        "an unmount that looks done, with files still written",
        "ami/agent/ws/release.py",
        '"umount", "--recursive"',
        '"umount", "--lazy"',
        RELEASE,
    ),
    Bug(
        "a stop waits until the deadline though its hooks have ended",
        "ami/agent/ws/leave.py",
        '        while event.reason == "spot" and host.now() < deadline():',
        "        while host.now() < deadline():",
        LEAVE,
    ),
    Bug(
        "Auto Scaling goes on before the home is unmounted",
        "ami/agent/ws/leave.py",
        "            last.callback(complete)\n        last.callback(unmount)",
        "            last.callback(unmount)\n        last.callback(complete)",
        LEAVE,
    ),
    Bug(
        "an unknown target state keeps Auto Scaling waiting",
        "ami/agent/ws/leave.py",
        "        with suppress(Unknown):\n            if",
        "        if True:\n            if",
        LEAVE,
    ),
)
