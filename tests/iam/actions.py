"""Which actions there are: IAM takes a misspelt one without a word, and it allows nothing."""

from __future__ import annotations

from functools import cache

import botocore.session

SERVICES = {"elasticfilesystem": "efs", "servicequotas": "service-quotas"}
"""IAM's prefix → botocore's name, where they differ."""

NO_OPERATION = {
    "iam:PassRole": "asked of whoever hands a role on; there is nothing to call",
    "ssm:UpdateInstanceInformation": "the SSM agent's own call",
    "ssmmessages:CreateControlChannel": "the SSM agent's own protocol",
    "ssmmessages:CreateDataChannel": "the SSM agent's own protocol",
    "ssmmessages:OpenControlChannel": "the SSM agent's own protocol",
    "ssmmessages:OpenDataChannel": "the SSM agent's own protocol",
}
"""Actions that are no operation of an API; all others are, and are spelled as botocore does."""


def exists(action: str) -> bool:
    """Whether it is an action; `fsx:Delete*` is some."""
    service, _, name = action.partition(":")
    if action in NO_OPERATION:
        return True
    if name.endswith("*"):
        return any(operation.startswith(name[:-1]) for operation in _operations(service))
    return name in _operations(service)


@cache
def _operations(service: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(SERVICES.get(service, service))
    return frozenset(model.operation_names)
