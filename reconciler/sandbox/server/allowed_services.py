"""The services of the sandbox, and the modules that register what it answers itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

RATE = "Rate exceeded"


@dataclass(frozen=True, slots=True)
class Service:
    """What the sandbox has to know of one service.

    `moto` is moto's name of it; "" where no call reaches moto, because the state is not moto's.
    `signed_as` is its name in a signature, where that is not its name here. A service with
    `invalid` has its requests checked against its model, and answers that code to a wrong one.
    `throttled` is how it refuses a call too many: code, text and HTTP status (None: as its model
    has it); None where nothing can be throttled.
    """

    moto: str = ""
    signed_as: str = ""
    invalid: str = ""
    throttled: tuple[str, str, int | None] | None = None


SERVICES: Mapping[str, Service] = {
    "autoscaling": Service(invalid="ValidationError", throttled=("Throttling", RATE, 400)),
    "ec2": Service("ec2", throttled=("RequestLimitExceeded", "Request limit exceeded.", 503)),
    "efs": Service(
        signed_as="elasticfilesystem",
        invalid="BadRequest",
        throttled=("ThrottlingException", RATE, None),
    ),
    "events": Service(
        "events", invalid="ValidationException", throttled=("ThrottlingException", RATE, 400)
    ),
    "fis": Service("fis"),
    "fsx": Service(invalid="BadRequest", throttled=("ThrottlingException", RATE, 400)),
    "iam": Service("iam"),
    "kms": Service("kms"),
    "monitoring": Service("cloudwatch"),
    "pricing": Service(throttled=("ThrottlingException", RATE, 400)),
    "scheduler": Service(
        invalid="ValidationException", throttled=("ThrottlingException", RATE, None)
    ),
    "service-quotas": Service(
        "servicequotas",
        signed_as="servicequotas",
        throttled=("TooManyRequestsException", RATE, 400),
    ),
    "sns": Service("sns"),
    "sqs": Service("sqs"),
    "ssm": Service("ssm", throttled=("ThrottlingException", RATE, 400)),
    "sts": Service("sts"),
}
"""All that the sandbox answers: what the product, its documentation and `make acceptance` call.
Everything else of moto is closed; some of it starts containers. Each service by the name of its
model, or where it has no operation here by its name in a signature. EC2's and Auto Scaling's errors
of throttling are not in their models. [D ec2-api-throttling, autoscaling CommonErrors; M the
others]"""

MODULES = (
    "services.autoscaling",
    "services.ec2",
    "services.efs",
    "services.efs_mount_targets",
    "services.events",
    "services.fsx",
    "services.hooks",
    "services.iam",
    "services.images",
    "services.instance_types",
    "services.instances",
    "services.launch_templates",
    "services.machine",
    "services.pricing",
    "services.quotas",
    "services.scheduled_actions",
    "services.scheduler",
    "services.sns",
    "services.ssm",
    "services.ssm_commands",
    "control.troubles",
    "services.volumes",
)


def load() -> None:
    """Register the operations of all services. Doing it again changes nothing."""
    for module in MODULES:
        import_module(f"reconciler.sandbox.{module}")
