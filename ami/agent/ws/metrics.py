"""Metrics for CloudWatch, in its embedded metric format; off unless the instance file has them.

CloudWatch user guide, "Specification: Embedded metric format", and "Using the CloudWatch agent to
send embedded metric format logs": the CloudWatch agent listens on port 25888. This agent only sends
datagrams to that port, and has no right for CloudWatch.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from ws.sensors import UNKNOWN, Reading, Sample
from ws.status import mounted, places

ADDRESS = ("127.0.0.1", 25888)


def document(sample: Sample, readings: list[Reading], idle: float) -> dict[str, Any]:
    """Make one document; what is unknown is left out."""
    settings = sample.settings
    missing = [at for at in places(settings) if mounted(sample.host, at).code]
    values = {"IdleSeconds": idle, "MountsMissing": len(missing)}
    for name, state, _, number in readings:
        if name == "gpu" and state != UNKNOWN:
            values["GpuUtilization"] = number
    directive = {
        "Namespace": (settings.metrics or {})["namespace"],
        "Dimensions": [["Site", "Workstation"]],
        "Metrics": [{"Name": name} for name in values],
    }
    return {
        "_aws": {
            "Timestamp": int(sample.host.now() * 1000),
            "LogGroupName": "reconciler-workstations",
            "CloudWatchMetrics": [directive],
        },
        "Site": settings.site,
        "Workstation": settings.workstation,
        **values,
    }


def send(sample: Sample, readings: list[Reading], idle: float) -> None:
    """Send one document; it is lost where no CloudWatch agent listens."""
    text = json.dumps(document(sample, readings, idle))
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(text.encode(), ADDRESS)
