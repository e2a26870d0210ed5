"""Import every service module, so that its operations are registered."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "autoscaling",
    "ec2",
    "events",
    "fsx",
    "hooks",
    "iam",
    "instance_types",
    "instances",
    "launch_templates",
    "pricing",
    "quotas",
    "scheduled_actions",
    "scheduler",
    "sns",
    "ssm",
    "troubles",
    "volumes",
)


def load() -> None:
    """Register the operations of all services. Doing it again changes nothing."""
    for module in MODULES:
        import_module(f"reconciler.sandbox.{module}")
