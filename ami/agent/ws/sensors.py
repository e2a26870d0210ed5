"""The sensors: each says active, idle or unknown, why, and a number.

None compares a time with the clock of the machine: `memory` has what the last look saw, and what
differs is activity. So neither a clock that jumps nor a restart of sshd changes an answer. A sensor
of something that this machine does not have returns None: it is not asked.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, NamedTuple, Optional

from ws import group
from ws.aws import Aws, AwsError
from ws.host import Host, Result
from ws.imds import Unknown
from ws.lease import leases
from ws.settings import Settings
from ws.tell import clean

ACTIVE, IDLE, UNKNOWN = "active", "idle", "unknown"
GPU_PERCENT = 5
LOAD_PER_CPU = 0.25
DISK_RATE = 1024 * 1024  # bytes per second
NETWORK_RATE = 128 * 1024
OVERRIDE_SECONDS = 300

Answer = Optional[tuple[str, str, float]]


class Sample(NamedTuple):
    """One look at the machine, `up` seconds after its boot. `memory` is updated."""

    host: Host
    settings: Settings
    aws: Aws
    up: float
    memory: dict[str, Any]


class Reading(NamedTuple):
    """What one sensor says."""

    sensor: str
    state: str
    text: str
    number: float


def ask(sample: Sample, names: list[str]) -> list[Reading]:
    """Ask the sensors; an answer that makes no sense is unknown."""
    found = []
    for name in names:
        try:
            answer = SENSORS[name](sample)
        except ERRORS as error:
            answer = UNKNOWN, f"{type(error).__name__}: {error}", 0
        if answer:
            found.append(Reading(name, answer[0], clean(answer[1]), answer[2]))
    return found


def has_gpu(host: Host) -> bool:
    """Tell whether there is a device of NVIDIA, by its PCI vendor id. Raises: OSError."""
    devices = host.path("/sys/bus/pci/devices").iterdir()
    return any((each / "vendor").read_text() == "0x10de\n" for each in devices)


def gpu(sample: Sample) -> Answer:
    """Ask the driver how busy the GPUs are; memory in use alone is no activity."""
    if not has_gpu(sample.host):
        return None
    query = "--query-gpu=utilization.gpu,memory.used"
    asked = sample.host.run("nvidia-smi", query, "--format=csv,noheader,nounits", timeout=15)
    rows = [[int(value) for value in line.split(",")] for line in good(asked).splitlines()]
    busy = max(row[0] for row in rows)
    return _above(busy, GPU_PERCENT), f"{busy} % busy, {sum(row[1] for row in rows)} MiB used", busy


def cpu(sample: Sample) -> Answer:
    """Read the load of 15 minutes for each vCPU; the load of this agent is too small to matter."""
    load = float(sample.host.path("/proc/loadavg").read_text().split()[2])
    cpus = len(re.findall(r"(?m)^cpu\d", sample.host.path("/proc/stat").read_text()))
    return _above(load / cpus, LOAD_PER_CPU), f"load {load} on {cpus} vCPUs", load / cpus


def disk(sample: Sample) -> Answer:
    """Measure the busiest disk: sectors of 512 bytes, read and written (kernel, iostats.rst)."""
    rows = [row.split() for row in sample.host.path("/proc/diskstats").read_text().splitlines()]
    real = [row for row in rows if re.fullmatch(r"nvme\d+n\d+|(xv|s|v)d[a-z]+", row[2])]
    return _rate(
        sample, "disk", {row[2]: 512 * (int(row[5]) + int(row[9])) for row in real}, DISK_RATE
    )


def network(sample: Sample) -> Answer:
    """Measure the busiest network interface: bytes received and sent, without loopback."""
    lines = sample.host.path("/proc/net/dev").read_text().splitlines()[2:]
    rows = [line.replace(":", " ").split() for line in lines]
    real = {row[0]: int(row[1]) + int(row[9]) for row in rows if row[0] != "lo"}
    return _rate(sample, "network", real, NETWORK_RATE)


def ssh(sample: Sample) -> Answer:
    """Look for input on terminals, of SSH, Session Manager and the desktop alike.

    Linux sets the access time of a terminal when a program reads what a person typed; presence
    alone is no activity.
    """
    terminals = [each for each in sample.host.path("/dev/pts").iterdir() if each.name.isdigit()]
    return _changed(sample, "ssh", {each.name: each.stat().st_atime_ns for each in terminals})


def dcv(sample: Sample) -> Answer:
    """Look for input in DCV sessions: a client that is connected and untouched is idle."""
    asked = sample.host.run("dcv", "list-sessions", "-j", timeout=10)
    if asked.code == 127:
        return None
    # The agent in user data is without that module, so a desktop is unknown there.
    seen = import_module("ws.dcv").interactions(sample.host, good(asked))
    return _changed(sample, "dcv", seen)


def lease(sample: Sample) -> Answer:
    """Count the leases that have not ended (ws.lease)."""
    left = max(leases(sample.host, sample.up), default=0)
    return _above(left, 1), f"{left / 60:.0f} min left", left


def override(sample: Sample) -> Answer:
    """Read the override of the group, every OVERRIDE_SECONDS. Raises: AwsError, Unknown."""
    at, text = sample.memory.pop("override", (0, ""))
    if not at or sample.up - at >= OVERRIDE_SECONDS:
        tags = group.read(sample.aws, sample.settings.group)[1]
        at, text = sample.up, group.kept_on(tags, sample.host.now())
    sample.memory["override"] = at, text
    return ACTIVE if text and group.IDLE not in text else IDLE, text or "none", 0


SENSORS = {f.__name__: f for f in (gpu, cpu, disk, network, ssh, dcv, lease, override)}
ERRORS = (
    OSError,
    ImportError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    AwsError,
    Unknown,
)


def good(asked: Result) -> str:
    """Return what a program printed. Raises: ValueError where it failed."""
    if asked.code:
        raise ValueError(f"exit code {asked.code}: {asked.output}")
    return asked.output


def _above(number: float, limit: float) -> str:
    return ACTIVE if number >= limit else IDLE


def _changed(sample: Sample, name: str, seen: dict[str, Any]) -> Answer:
    before = sample.memory.get(name, {})
    sample.memory[name] = seen
    new = [key for key in seen if before.get(key) != seen[key]]
    return _above(len(new), 1), f"input on {', '.join(new) or 'none'} of {len(seen)}", len(new)


def _rate(sample: Sample, name: str, seen: dict[str, int], limit: float) -> Answer:
    before = sample.memory.get(name, {})
    sample.memory[name] = {**seen, "": sample.up}
    seconds = sample.up - before.get("", sample.up)
    if not seconds:
        return UNKNOWN, "first look", 0
    rates = [(seen[key] - before[key]) / seconds for key in seen if key in before]
    if min(rates, default=0) < 0:
        raise ValueError("a counter went back")
    rate = max(rates, default=0)
    return _above(rate, limit), f"{rate / 1024:.0f} KiB/s", rate
