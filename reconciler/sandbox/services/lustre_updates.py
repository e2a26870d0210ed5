"""Updates of Lustre file systems: one at a time, on the clock, and with what AWS gives up.

Sources: Lustre user guide, "Managing storage capacity", "Managing provisioned throughput capacity",
"Managing Lustre versions" and "Monitoring storage capacity increases"; [M fsx.UpdateFileSystem].
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.sandbox.operations import Call, Wire
from reconciler.sandbox.services import lustre

BETWEEN = timedelta(hours=6)
"""Between two increases of storage, and between two changes of throughput."""

KEPT = 10
"""The administrative actions of a type that AWS shows, the newest first."""

MOUNTED = (
    "The Lustre version upgrade failed because clients are connected to the file system. Unmount "
    "the file system from all clients, and try again."
)


@dataclass
class Update:
    """One update: its target, and when it is done, and optimized."""

    asked: datetime
    done: datetime
    optimized: datetime
    target: Wire
    fields: Wire
    lustre: Wire
    failure: str = ""  # found out when it is done
    applied: bool = False

    def actions(self, now: datetime) -> list[Wire]:
        """Show the update as DescribeFileSystems does."""
        grows = "StorageCapacity" in self.target and not self.failure
        status = "COMPLETED"
        if now < self.done:
            status = "IN_PROGRESS"
        elif self.failure:
            status = "FAILED"
        elif grows and now < self.optimized:
            status = "UPDATED_OPTIMIZING"
        action = {
            "AdministrativeActionType": "FILE_SYSTEM_UPDATE",
            "RequestTime": self.asked,
            "Status": status,
            "TargetFileSystemValues": self.target,
        }
        if status == "FAILED":
            action["FailureDetails"] = {"Message": self.failure}
        if not grows or status == "COMPLETED":
            return [action]
        whole = (self.optimized - self.done).total_seconds()
        part = max(0.0, (now - self.done).total_seconds())
        optimization = {
            "AdministrativeActionType": "STORAGE_OPTIMIZATION",
            "RequestTime": self.asked,
            "Status": "IN_PROGRESS" if part else "PENDING",
            "ProgressPercent": int(100 * part / whole) if whole else 0,
        }
        return [action, optimization]


@dataclass
class Updates:
    """All updates of one file system, the newest first."""

    made: list[Update] = field(default_factory=list)

    def under_way(self, now: datetime) -> bool:
        """Tell whether an update is not done yet."""
        return any(now < update.done for update in self.made)

    def actions(self, now: datetime) -> list[Wire]:
        """List the administrative actions of all updates."""
        return [action for update in self.made[:KEPT] for action in update.actions(now)]

    def refuse_too_soon(self, now: datetime, wanted: Wire) -> None:
        """Raise AWS's refusal of an increase, or of another throughput, that comes too soon."""
        throughput = "PerUnitStorageThroughput"
        for update in self.made:
            if update.failure:
                continue
            soon = now < update.asked + BETWEEN
            grows = "StorageCapacity" in wanted and "StorageCapacity" in update.target
            if grows and (soon or now < update.optimized):
                raise lustre.bad(
                    "Unable to perform the storage capacity update. There is an update already in "
                    "progress, or one was requested less than 6 hours ago."
                )
            given, before = wanted.get("LustreConfiguration", {}), update.target
            if throughput in given and throughput in before.get("LustreConfiguration", {}) and soon:
                raise lustre.bad(
                    "Unable to perform the throughput update: one was requested less than 6 hours "
                    "ago."
                )


def clients(call: Call, dns_name: str) -> list[str]:
    """List the running instances whose user data names a file system: they have it mounted."""
    return [
        instance.id
        for reservation in call.ec2.reservations.values()
        for instance in reservation.instances
        if instance.state == "running" and dns_name in _text(instance.user_data)
    ]


def _text(user_data: object) -> str:
    raw = user_data if isinstance(user_data, bytes) else str(user_data or "").encode()
    with suppress(binascii.Error):  # moto keeps some of it decoded
        raw = base64.b64decode(raw, validate=True)
    with suppress(OSError, EOFError, zlib.error):  # as cloud-init takes it
        raw = gzip.decompress(raw)
    return raw.decode(errors="replace")
