"""Bugs in the agent that make it stop a workstation that is used, or never stop one."""

from __future__ import annotations

from tests.seeded.bug import Bug

IDLE = ("tests/machine/test_idle.py",)
LEASES = ("tests/machine/test_lease.py",)
TERMINALS = ("tests/machine/test_sensors.py",)
SENSORS = "ami/agent/ws/sensors.py"
SERVICE = "ami/agent/ws/idle.py"
LEASE = "ami/agent/ws/lease.py"

IDLING = (
    Bug(
        "a dead sensor counts as idle",
        SERVICE,
        'quiet = (IDLE, UNKNOWN) if rule.get("unknown") == IDLE else (IDLE,)',
        "quiet = (IDLE, UNKNOWN)",
        IDLE,
    ),
    Bug(
        "a failed nvidia-smi is believed",
        SENSORS,
        "    if asked.code:\n        raise ValueError",
        "    if asked.code == 127:\n        raise ValueError",
        TERMINALS,
    ),
    Bug(
        "memory of the GPU counts as work",
        SENSORS,
        "busy = max(row[0] for row in rows)",
        "busy = max(max(row) for row in rows)",
        IDLE,
    ),
    Bug(
        "an open terminal counts as use",
        SENSORS,
        "new = [key for key in seen if before.get(key) != seen[key]]",
        "new = list(seen)",
        IDLE,
    ),
    Bug(
        "a second GPU is overlooked",
        SENSORS,
        "busy = max(row[0] for row in rows)",
        "busy = rows[0][0]",
        IDLE,
    ),
    Bug(
        "time that nobody watched counts as idle",
        SERVICE,
        "if not state.seen <= up <= state.seen + GAP:",
        "if not state.seen <= up:",
        IDLE,
    ),
    Bug(
        "use during the warning stops nothing",
        SERVICE,
        "        return State(up), cancelled\n",
        "        return State(up, state.since, state.warned), cancelled\n",
        IDLE,
    ),
    Bug(
        "a restart of the service forgets the warning",
        SERVICE,
        "memory.update(state=state, readings=rows)",
        "memory.update(state=state._replace(warned=None), readings=rows)",
        IDLE,
    ),
    Bug(
        "an override that comes with the stop is overwritten",
        SERVICE,
        "if kept_on and group.IDLE not in kept_on:",
        'if "reconciler:override" in memory:',
        IDLE,
    ),
    Bug(
        "it stops without saying why",
        "ami/agent/ws/group.py",
        'f"turned off {FORM} idle"',
        'f"turned off {FORM}"',
        IDLE,
    ),
    Bug(
        "a link in the folder of leases is followed",
        LEASE,
        "each.lstat()\n        left",
        "each.stat()\n        left",
        LEASES,
    ),
    Bug(
        "a lease outlives its command",
        LEASE,
        '(pid == "0" or host.path(f"/proc/{pid}").exists())',
        "pid",
        LEASES,
    ),
    Bug(
        "a lease may last for ever",
        LEASE,
        "if 0 < left <= LONGEST and",
        "if left > 0 and",
        LEASES,
    ),
)
