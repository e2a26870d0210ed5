"""What AWS would answer on the wire, for hooks that answer in its place (botocore, before-send)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.awsrequest import AWSResponse

QUERY = {"autoscaling", "iam", "sns", "sts"}
REST_JSON = {"scheduler"}


@dataclass(frozen=True)
class _Body:
    content: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.content


def answer(body: str, status: int = 200, **headers: str) -> AWSResponse:
    """A whole HTTP answer."""
    make: Any = AWSResponse  # typed by urllib3's own classes
    made: AWSResponse = make("http://127.0.0.1/", status, headers, _Body(body.encode()))
    return made


def ok(**members: Any) -> AWSResponse:
    """The result of a call to a service that speaks JSON."""
    return answer(json.dumps(members))


def failure(service: str, code: str, message: str = "", status: int = 400) -> AWSResponse:
    """An error, in the words of the service's protocol."""
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    if service == "ec2":
        return answer(f"<Response><Errors>{error}</Errors></Response>", status)
    if service in QUERY:
        return answer(f"<ErrorResponse>{error}</ErrorResponse>", status)
    if service in REST_JSON:
        body = json.dumps({"Message": message})
        return answer(body, status, **{"x-amzn-errortype": code})
    return answer(json.dumps({"__type": code, "message": message}), status)
