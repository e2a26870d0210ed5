"""The wire face of the strict AWS: the product's own session and real botocore clients, answered
in process with bytes, so that validation, paginators, retries and parsers are the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import boto3
import botocore.endpoint
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.parsers import ResponseParserError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict

from reconciler.aws.client import Session
from tests.strict.aws import ACCOUNT, Refusal
from tests.strict.door import Request
from tests.strict.tables import Record
from tests.strict.world import StrictWorld

SIGNED = re.compile(r"Credential=\w+/\d+/(?P<region>[\w-]+)/(?P<service>\w+)/")
ATTEMPT = re.compile(r"attempt=(\d+)")
SERVICES = {"auto-scaling": "autoscaling", "eventbridge": "events"}

XML_ERROR = {
    "ec2": "<Response><Errors><Error><Code>{0}</Code><Message>{1}</Message></Error></Errors>"
    "<RequestID>r</RequestID></Response>",
    "query": "<ErrorResponse><Error><Type>Sender</Type><Code>{0}</Code><Message>{1}</Message>"
    "</Error><RequestId>r</RequestId></ErrorResponse>",
}


class Body(BytesIO):
    """What urllib3 would hand over."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield the bytes, at once."""
        yield self.read()


class Line:
    """One session, whose requests the world in hand answers: clients take a second to make."""

    def __init__(self) -> None:
        boto = boto3.Session()
        self.session = Session(boto)
        self.session.account = ACCOUNT
        self.world: WireWorld | None = None
        events: Any = boto.events  # its types know no handler that answers
        events.register("before-send", self._answer)

    def _answer(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        assert self.world is not None
        return self.world.answer(request, event_name)


@dataclass
class WireWorld(StrictWorld):
    """A world whose runs go through botocore."""

    line: Line = field(default_factory=Line)

    def door(self, region: str) -> Any:
        """Return the product's own client."""
        self.line.world = self
        return self.line.session.region(region)

    def answer(self, request: AWSPreparedRequest, event_name: str) -> AWSResponse:
        """One HTTP request: parsed, asked behind the gate, and serialized."""
        _, name, operation = event_name.split(".")
        service = SERVICES.get(name, name)
        headers = {key: _text(value) for key, value in request.headers.items()}
        signed = SIGNED.search(headers["Authorization"])
        attempt = ATTEMPT.search(headers.get("amz-sdk-request", "attempt=1"))
        assert signed
        assert attempt
        model = get_service_model(service).operation_model(operation)
        parameters = _parsed(model, request, headers)
        asked = Request(self.actor, signed["region"], service, xform_name(operation), parameters)
        number = int(attempt[1])
        if number == 1:
            self.gate.begin(asked)

        def send() -> Record:
            return self.aws.answer(
                asked.actor, asked.region, service, asked.operation, asked.parameters
            )

        protocol = model.service_model.metadata["protocol"]
        try:
            answer = self.gate.attempt(asked, number, send)
        except Refusal as refusal:
            return _response(request, refusal.status, _error(protocol, refusal), protocol)
        except ResponseParserError:  # half of an answer
            half = '{"Half": ' if "json" in protocol else "<Half><Answer>"
            return _response(request, 200, half, protocol)
        self.gate.end(asked)
        serializer = get_serializer_class(service, protocol)(model)
        return _response(request, 200, serializer.serialize(answer)["body"], protocol)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _parsed(model: Any, request: AWSPreparedRequest, headers: dict[str, str]) -> Record:
    """The parameters of a request, from its bytes."""
    url = urlsplit(request.url)
    body = _text(request.body or b"") if isinstance(request.body, str | bytes) else ""
    protocol = model.service_model.metadata["protocol"]
    form = body if protocol in ("query", "ec2") else ""
    path = model.http.get("requestUri", "/").split("?")[0]
    names = re.match(re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", path) + "$", url.path)
    parser: Any = PROTOCOL_PARSERS[protocol](model)
    parsed = parser.parse(
        {
            "method": request.method,
            "values": MultiDict([*parse_qsl(url.query), *parse_qsl(form, keep_blank_values=True)]),
            "headers": headers,
            "body": body,
            "url_path": url.path,
            "url_params": {k: unquote(v) for k, v in (names.groupdict() if names else {}).items()},
        }
    )
    return {key: value for key, value in parsed.items() if value is not None}


def _error(protocol: str, refusal: Refusal) -> str:
    if protocol in XML_ERROR:
        return XML_ERROR[protocol].format(refusal.code, refusal.message)
    return json.dumps({"__type": refusal.code, "message": refusal.message})


def _response(request: AWSPreparedRequest, status: int, body: Any, protocol: str) -> AWSResponse:
    content = body.encode() if isinstance(body, str) else body
    kind = "application/json" if "json" in protocol else "text/xml"
    headers: Any = HTTPHeaders()
    headers["content-type"] = kind
    return AWSResponse(request.url, status, headers, Body(content))


def without_sleep(world: StrictWorld, patch: pytest.MonkeyPatch) -> None:
    """Botocore waits between attempts on the virtual clock."""
    patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=world.aws.pause))
