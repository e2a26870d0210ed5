"""The services of the sandbox, and the modules that register what it answers itself."""

from __future__ import annotations

from importlib import import_module

SERVICES = {
    "autoscaling": "",
    "ec2": "ec2",
    "efs": "",
    "events": "events",
    "fis": "fis",
    "fsx": "",
    "iam": "iam",
    "kms": "kms",
    "monitoring": "cloudwatch",
    "pricing": "",
    "scheduler": "",
    "service-quotas": "servicequotas",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
}
"""All that the sandbox answers: what the product, its documentation and `make acceptance` call.
Everything else of moto is closed; some of it starts containers. Each service by its name in a
signature (efs and service-quotas by their model's), with moto's name of it; "" where no call
reaches moto, because the state is not moto's."""

MODULES = (
    "services.autoscaling",
    "services.ec2",
    "services.efs",
    "services.efs_mount_targets",
    "services.events",
    "services.fsx",
    "services.hooks",
    "services.iam",
    "services.instance_types",
    "services.instances",
    "services.launch_templates",
    "services.pricing",
    "services.quotas",
    "services.scheduled_actions",
    "services.scheduler",
    "services.sns",
    "services.ssm",
    "control.troubles",
    "services.volumes",
)


def load() -> None:
    """Register the operations of all services. Doing it again changes nothing."""
    for module in MODULES:
        import_module(f"reconciler.sandbox.{module}")
