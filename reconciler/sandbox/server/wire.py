"""Answers as bytes: results through the service model, errors in the shape of each protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from moto.core.model import OperationModel, ServiceModel
from moto.core.serialize import DefaultAttributePicker, get_serializer_class

from reconciler.sandbox.operations import AwsError, MotoResult
from reconciler.sandbox.server import xml
from reconciler.sandbox.server.plain import plain
from reconciler.sandbox.world import request_id

XML = frozenset({"query", "ec2"})
REST_XML = frozenset({"cloudfront", "route53", "s3"})


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def result_answer(
    operation: OperationModel, protocol: str, result: Mapping[str, Any] | MotoResult | None
) -> Answer:
    """Write a result in the operation's output shape."""
    request = request_id()
    if isinstance(result, MotoResult):
        result = plain(operation, result.value, result.response.RESPONSE_KEY_PATH_TO_TRANSFORMER)
    if protocol in XML:
        text = xml.document(operation, result, request)
        return Answer(200, text.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request})
    serializer = get_serializer_class(operation.service_model.service_name, protocol)
    picker: Any = DefaultAttributePicker()  # moto annotates no type for it
    written = serializer(operation_model=operation, value_picker=picker).serialize(result)
    body = written["body"]
    headers = {**written["headers"], "x-amzn-RequestId": request}
    return Answer(written["status_code"], body.encode() if isinstance(body, str) else body, headers)


def protocol_of(service: str, content_type: str) -> str:
    """Find the protocol in which a caller reads errors, from the request alone: no model is
    read."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return "ec2" if service == "ec2" else "query"
    return "rest-xml" if service in REST_XML else "json"


def error_answer(model: ServiceModel | None, protocol: str, error: AwsError) -> Answer:
    """Write an error as the protocol does, with the model's HTTP status for its code."""
    status = error.status or _modelled_status(model, error.code)
    request = request_id()
    code, message = escape(error.code), escape(error.message)
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            f"</Errors><RequestID>{request}</RequestID></Response>"
        )
    elif protocol in ("query", "rest-xml"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
            f"<Message>{message}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
        )
    else:
        body = json.dumps({"__type": error.code, "message": error.message})
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        return Answer(status, body.encode(), {**headers, "x-amzn-RequestId": request})
    return Answer(status, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request})


def _modelled_status(model: ServiceModel | None, code: str) -> int:
    for shape in model.error_shapes if model else ():
        error = shape.metadata.get("error", {})
        if code in (shape.name, error.get("code")):
            return int(error.get("httpStatusCode", 400))
    return 400
