"""What EventBridge and its Scheduler count in CloudWatch; moto's CloudWatch keeps and shows it."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from reconciler.sandbox.world import ACCOUNT, World


def count(world: World, region: str, namespace: str, name: str, **dimension: str) -> None:
    """Add one to a metric, now."""
    backend: Any = cloudwatch_backends[ACCOUNT][region]
    datum = {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimension.items()],
        "Value": 1.0,
        "Timestamp": world.now().replace(tzinfo=None),  # moto's are UTC, and do not say so
        "Unit": "Count",
    }
    backend.put_metric_data(namespace, [datum])
