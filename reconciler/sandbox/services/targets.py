"""Calls that a schedule makes: any operation of this sandbox, as a universal target."""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator
from moto.core.exceptions import ServiceException
from moto.core.utils import get_service_model

from reconciler.sandbox.operations import OPERATIONS, AwsError, Call
from reconciler.sandbox.server import throttling
from reconciler.sandbox.world import World

UNIVERSAL = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9]+):([a-z]\w*)")


def invoke(world: World, region: str, arn: str, text: str) -> None:
    """Make the call of a universal target with its input, a JSON object in the API's own case.

    Raises: AwsError for whatever the called service refuses, and for what is not here.
    """
    found = UNIVERSAL.fullmatch(arn)
    service, name = (found[1], found[2][0].upper() + found[2][1:]) if found else ("", "")
    handler = OPERATIONS.get((service, name))
    if handler is None:
        raise AwsError("NotImplemented", f"The sandbox cannot call {arn}.", 501)
    throttling.check(world, region, service, name)
    shape = get_service_model(service).operation_model(name).input_shape
    params = _params(shape, text)
    try:
        handler(Call(world, service, name, region, params))
    except ServiceException as error:
        raise AwsError(error.code, error.message) from error
    except NotImplementedError as error:
        raise AwsError("NotImplemented", str(error), 501) from error


def _params(shape: StructureShape | None, text: str) -> dict[str, Any]:
    try:
        params = json.loads(text)
    except ValueError as error:
        raise AwsError("ValidationException", f"The input is no JSON: {error}") from error
    if shape is None or not isinstance(params, dict):
        raise AwsError("ValidationException", "The input must be a JSON object.")
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise AwsError("ValidationException", report.generate_report())
    return {name: _typed(shape.members[name], value) for name, value in params.items()}


def _typed(shape: Shape, value: Any) -> Any:
    """As a request of the service's own protocol would have come out: times as times."""
    if isinstance(shape, StructureShape):
        return {name: _typed(shape.members[name], item) for name, item in value.items()}
    if isinstance(shape, ListShape):
        return [_typed(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {name: _typed(shape.value, item) for name, item in value.items()}
    return parse_timestamp(value) if shape.type_name == "timestamp" else value
