"""The sandbox's own answers to AWS calls: one function per operation, found by service and name.

A call that has a function here never reaches moto unless the function asks for it
(:meth:`Call.moto`); every other call goes straight to moto. So what the sandbox mends
can be read off :data:`OPERATIONS`, and each function says in its docstring what moto does
and what AWS does instead. Where from: ``[M service.Name]`` is that operation or shape in
botocore's service model, ``[D page]`` a page of AWS's documentation.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores

from reconciler.sandbox.world import ACCOUNT, World

State = TypeVar("State")
Handler = Callable[["Call"], "Mapping[str, Any] | MotoResult | None"]
SomeHandler = TypeVar("SomeHandler", bound=Handler)
Wire = dict[str, Any]
"""A request or an answer in AWS's own shape: JSON-like, and typed by botocore's models alone."""


class AwsError(Exception):
    """An error as AWS answers it. Without a status, the service model's one for that code."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass
class MotoResult:
    """What moto answered, as its own objects, and the response class that can write them."""

    value: Any
    response: BaseResponse

    def __getitem__(self, key: str) -> Any:
        return self.value[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.value[key] = value


@dataclass
class Call:
    """One request: the operation, its parameters, and the world it acts on."""

    world: World
    service: str
    operation: str
    region: str
    params: Wire

    def state(self, kind: type[State]) -> State:
        """Return the region's part of the world that one service module keeps for itself."""
        return self.world.state(kind, self.region)

    @property
    def ec2(self) -> Any:
        """Moto's EC2 of this region, where instances, networks and volumes live."""
        return self.world.ec2(self.region)

    def arn(self, service: str, resource: str) -> str:
        """Build the ARN of a resource in this account and region."""
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{resource}"

    def into(self, operation: str, params: Wire, service: str = "") -> Call:
        """Make another call from inside this one, as AWS's services call each other."""
        return Call(self.world, service or self.service, operation, self.region, params)

    def moto(self, params: Wire | None = None) -> MotoResult:
        """Ask moto itself, with these parameters instead of the caller's. Raises: AwsError for
        moto's error."""
        response = moto_response(self.service)
        response.current_account, response.region, response.partition = ACCOUNT, self.region, "aws"
        response.automated_parameter_parsing = True  # the parameters are parsed already
        response.params, response.uri_match, response.data = params or self.params, {}, {}
        response.querystring, response.body, response.response_headers = {}, None, {}
        try:
            result = getattr(response, camelcase_to_underscores(self.operation))()
        except ServiceException as error:
            raise AwsError(error.code, error.message) from error
        return MotoResult(result.result, response)


def moto_response(service: str) -> BaseResponse:
    """Make moto's response object of a service whose calls are wrapped here."""
    from moto.ec2.responses import EC2Response
    from moto.ssm.responses import SimpleSystemManagerResponse

    return {"ec2": EC2Response, "ssm": SimpleSystemManagerResponse}[service]()


OPERATIONS: dict[tuple[str, str], Handler] = {}


def operation(service: str, *names: str) -> Callable[[SomeHandler], SomeHandler]:
    """Register the function as the sandbox's answer to these operations. It raises AwsError
    where AWS refuses the request."""

    def register(handler: SomeHandler) -> SomeHandler:
        for name in names:
            if (service, name) in OPERATIONS:
                raise ValueError(f"{service}:{name} is answered twice")
            OPERATIONS[service, name] = handler
        return handler

    return register


def dry_run(call: Call) -> None:
    """Answer EC2's DryRun. Raises: AwsError, which says that the call would have succeeded."""
    if call.params.get("DryRun"):
        message = "Request would have succeeded, but DryRun flag is set."
        raise AwsError("DryRunOperation", message, 412)


@dataclass
class Tokens:
    """The client tokens of earlier requests: their parameters, and their answers."""

    seen: dict[tuple[str, str, str], tuple[Wire, Wire]] = field(default_factory=dict)


def once(call: Call, make: Callable[[], Wire], mismatch: str, token: str = "ClientToken") -> Wire:
    """Make a resource only once for the same client token, which moto ignores.

    Raises: AwsError for the token with other parameters; each service names its code itself.
    """
    words = {name: value for name, value in call.params.items() if name != token}
    key = (call.service, call.operation, call.params.get(token, ""))
    seen = call.state(Tokens).seen
    if key[2] and key in seen:
        before, answer = seen[key]
        if before != words:
            raise AwsError(mismatch, f"{token} {key[2]} was used before with other parameters.")
        return answer
    words = copy.deepcopy(words)
    answer = make()
    if key[2]:
        seen[key] = (words, answer)
    return answer


def forget(call: Call, member: str, value: str) -> None:
    """Free the tokens whose answer names this: what they made is gone."""
    seen = call.state(Tokens).seen
    for key in [key for key, (_, answer) in seen.items() if answer.get(member) == value]:
        del seen[key]


def page(items: Iterable[Any], size: int, token: str | None) -> tuple[list[Any], str | None]:
    """Cut one page, and make the token of the next; tokens are offsets, opaque to the client as
    on AWS. Raises: AwsError for an unknown token."""
    everything = list(items)
    start = 0
    if token:
        try:
            start = int(base64.b64decode(token, validate=True))
        except ValueError as error:
            raise AwsError("InvalidNextToken", "The token is not valid.") from error
    following = start + size
    more = base64.b64encode(str(following).encode()).decode()
    return everything[start:following], more if following < len(everything) else None


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Convert a map of tags to the list that most of AWS writes."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Convert the list of tags that most of AWS writes to a map."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}
