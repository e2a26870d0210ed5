"""The fast face of the strict AWS: `reconciler.plan.kind.Aws` without HTTP.

What botocore would do is done here with its own parts: parameters are validated against the
service model, tokens are filled in, pages follow the model's paginators, answers that botocore
retries are retried (on the virtual clock), and errors go through the product's translation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError, PaginationError
from botocore.session import Session, get_session
from botocore.validate import ParamValidator

from reconciler.aws.errors import translated
from reconciler.aws.retries import MAX_ATTEMPTS
from tests.strict.aws import ACCOUNT, Refusal, StrictAws
from tests.strict.tables import Record

RETRIED_CODES = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
RETRIED_STATUS = frozenset({500, 502, 503, 504})
"""What botocore's standard mode sends again (botocore/retries/standard.py)."""


@dataclass(frozen=True)
class Request:
    """One call of a run, before it is sent."""

    actor: str
    region: str
    service: str
    operation: str
    parameters: Record

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


Send = Callable[[], Record]


class Gate(Protocol):
    """What stands between a run and AWS: it may fail a call, or let another run go first."""

    @property
    def calls(self) -> int:
        """The number of calls so far."""

    def begin(self, request: Request) -> None:
        """Decide what happens when a call begins."""

    def attempt(self, request: Request, number: int, send: Send) -> Record:
        """One attempt of it, from 1; `send` lets it reach AWS."""

    def end(self, request: Request) -> None:
        """A call has ended well."""

    def mark(self) -> object:
        """Another one whenever something has gone wrong since."""

    def passes(self, calls: int) -> bool:
        """Whether nothing would go wrong in the next calls; if so, they count as made."""


class Open:
    """A gate that lets everything through, and does not count."""

    calls = 0

    def begin(self, request: Request) -> None:
        """Let every call begin."""

    def attempt(self, request: Request, number: int, send: Send) -> Record:
        """Let every attempt through."""
        return send()

    def end(self, request: Request) -> None:
        """Let every call end."""

    def mark(self) -> object:
        """Mark nothing: no call goes wrong."""
        return None

    def passes(self, calls: int) -> bool:
        """Tell that every gate passes."""
        return True


OPEN = Open()


@dataclass(frozen=True)
class Api:
    """What the service model says of one operation."""

    name: str
    shape: Any
    tokens: tuple[str, ...]
    paging: Record | None
    valid: set[str]  # parameters that were validated before


@cache
def _session() -> Session:
    return get_session()


@cache
def _apis(service: str) -> dict[str, str]:
    names = _session().get_service_model(service).operation_names
    return {xform_name(name): name for name in names}


@cache
def api(service: str, operation: str) -> Api:
    """The model of an operation, by botocore's method name."""
    name = _apis(service)[operation]
    model = _session().get_service_model(service).operation_model(name)
    loader = _session().get_component("data_loader")
    paginators = (
        loader.load_service_model(service, "paginators-1")["pagination"]
        if loader.list_available_services("paginators-1").count(service)
        else {}
    )
    return Api(
        name, model.input_shape, tuple(model.idempotent_members), paginators.get(name), set()
    )


class Door:
    """One account in one region, as `actor` reaches it."""

    account = ACCOUNT
    partition = "aws"

    def __init__(self, aws: StrictAws, region: str, actor: str = "run", gate: Gate = OPEN) -> None:
        self.aws = aws
        self.region = region
        self.actor = actor
        self.gate = gate

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call, as the product's client does."""
        model = api(service, operation)
        with translated(f"{service}:{model.name}", self.region):
            return self._send(service, operation, model, parameters)

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """As the product's door: page after page, until there is no token."""
        model = api(service, operation)
        paging = model.paging
        assert paging is not None, f"botocore has no paginator for {service}:{operation}"
        if page_size:
            parameters = {**parameters, paging["limit_key"]: page_size}
        token: str | None = None
        with translated(f"{service}:{model.name}", self.region):
            while True:
                asked = {**parameters, paging["input_token"]: token} if token else parameters
                answer = self._send(service, operation, model, asked)
                yield from answer[items]
                before, token = token, answer.get(paging["output_token"])
                if not token:
                    return
                if token == before:
                    raise PaginationError(message=f"next token received twice: {token}")

    def _send(self, service: str, operation: str, model: Api, parameters: Record) -> Record:
        key = repr(parameters)
        if key not in model.valid:
            report = ParamValidator().validate(parameters, model.shape)
            assert not report.has_errors(), report.generate_report()
            model.valid.add(key)
        if missing := [name for name in model.tokens if name not in parameters]:
            # One token for all attempts of a call, another for the next call.
            token = f"auto-{self.aws.calls}-{self.actor}"
            parameters = {**parameters, **dict.fromkeys(missing, token)}
        request = Request(self.actor, self.region, service, operation, parameters)
        self.gate.begin(request)
        answer = self._attempts(request, model)
        self.gate.end(request)
        return answer

    def _attempts(self, request: Request, model: Api) -> Record:
        def send() -> Record:
            return self.aws.answer(
                request.actor,
                request.region,
                request.service,
                request.operation,
                request.parameters,
            )

        for number in range(1, MAX_ATTEMPTS + 1):
            try:
                return self.gate.attempt(request, number, send)
            except Refusal as refusal:
                again = refusal.code in RETRIED_CODES or refusal.status in RETRIED_STATUS
                if number == MAX_ATTEMPTS or not again:
                    raise client_error(refusal, model.name) from refusal
            except HTTPClientError:
                if number == MAX_ATTEMPTS:
                    raise
            self.aws.pause(min(2.0 ** (number - 1), 20.0))
        raise AssertionError("not reached")


def client_error(refusal: Refusal, operation: str) -> ClientError:
    """Botocore's error for an error answer."""
    response: Any = {
        "Error": {"Code": refusal.code, "Message": refusal.message},
        "ResponseMetadata": {"HTTPStatusCode": refusal.status},
    }
    return ClientError(response, operation)
