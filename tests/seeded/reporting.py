"""Bugs in what the developer sees of a machine: its phases, its starts, its idle stop; and in the
machine that the sandbox plays."""

from __future__ import annotations

from tests.seeded.bug import Bug

READY = ("tests/promises/test_promise_17_ready.py",)
TAGS = ("tests/workstation/test_runtime_tags.py",)
TIMES = ("tests/workstation/test_start_times.py",)
START = ("tests/power/test_start.py",)
CONNECT = ("tests/power/test_connect.py",)
MACHINE = ("tests/sandbox/test_machine.py",)
VOLUMES = ("tests/sandbox/test_volumes.py",)
IMDS = ("tests/sandbox/test_imds.py",)

REPORTING = (
    Bug(
        "a machine that reports nothing is ready",
        "reconciler/workstation/model.py",
        'self.phase.step == "ready"',
        'self.phase.step in ("", "ready")',
        READY,
    ),
    Bug(
        "a machine is ready that does not answer",
        "reconciler/workstation/model.py",
        'self.state == "running" and self.online and',
        'self.state == "running" and',
        READY,
    ),
    Bug(
        "a phase is whatever begins with its word",
        "reconciler/workstation/runtime_tags.py",
        "    found = _PHASE.fullmatch(text)\n",
        "    found = _PHASE.match(text)\n",
        READY,
    ),
    Bug(
        "escapes of a phase reach the terminal",
        "reconciler/workstation/runtime_tags.py",
        '"".join(c if c.isprintable() else "?" for c in detail[:_LONGEST_VALUE])',
        "detail[:_LONGEST_VALUE]",
        TAGS,
    ),
    Bug(
        "a person named idle, or an idle start, counts as an idle stop",
        "reconciler/workstation/runtime_tags.py",
        'return (self.state, self.by) == ("off", IDLE)',
        "return self.by.startswith(IDLE)",
        TAGS,
    ),
    Bug(
        "nine of ten are eight of ten",
        "reconciler/workstation/start_times.py",
        "ordered[-(-count * 9 // 10) - 1]",
        "ordered[count * 9 // 10 - 1]",
        TIMES,
    ),
    Bug(
        "a start waits on for a machine that has failed",
        "reconciler/cli/workstation/start.py",
        'ENDS = ("ready", "failed", "stopped")',
        'ENDS = ("ready", "stopped")',
        START,
    ),
    Bug(
        "who holds the home is not told after the phase was",
        "reconciler/cli/workstation/start.py",
        "        if known and (not detail or detail == self.details[phase]):",
        "        if known:",
        START,
    ),
    Bug(
        "an idle stop explains every stop after it",
        "reconciler/commands/overrides.py",
        "    if over and not idle and state.end is None",
        "    if over and state.end is None",
        START,
    ),
    Bug(
        "an idle stop is told after the schedule started it again",
        "reconciler/commands/machine.py",
        "    return None if fires(starts, max(turned.at, now - REMEMBERED), now) else turned.at",
        "    return turned.at",
        START,
    ),
    Bug(
        "the login is the owner",
        "reconciler/cli/workstation/connect.py",
        "    user = wish.user or group.workstation",
        '    user = wish.user or group.owner.partition("@")[0]',
        CONNECT,
    ),
    Bug(
        "the sandbox plays a machine beside its own agent",
        "reconciler/sandbox/services/machine.py",
        "        if self.id in self.world.state(Metadata, self.region).asked:\n"
        "            return False\n",
        "",
        MACHINE,
    ),
    Bug(
        "the sandbox plays a machine without an agent",
        "reconciler/sandbox/services/machine.py",
        "(baked or carried)",
        "(baked or not carried or carried)",
        MACHINE,
    ),
    Bug(
        "a volume is free before its instance is terminated",
        "reconciler/sandbox/services/instances.py",
        "    if not seconds:\n        terminated()\n",
        "    if seconds >= 0:\n        terminated()\n",
        VOLUMES,
    ),
    Bug(
        "a token of the metadata service never ends",
        "reconciler/sandbox/server/imds.py",
        "if end is not None and end > now else None",
        "if end is not None else None",
        IMDS,
    ),
    Bug(
        "a web page gets a token of the metadata service",
        "reconciler/sandbox/server/imds.py",
        '            or "origin" in headers\n',
        "",
        IMDS,
    ),
)
