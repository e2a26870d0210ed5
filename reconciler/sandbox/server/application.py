"""The HTTP side: one request in, found in the operations or passed to moto, one answer out."""

from __future__ import annotations

import functools
import io
import logging
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from botocore.utils import parse_timestamp
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import (
    BackendRequest,
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.sts.models import sts_backends
from werkzeug.exceptions import NotFound

from reconciler.sandbox.control import orders
from reconciler.sandbox.control.seed import REGIONS
from reconciler.sandbox.operations import OPERATIONS, AwsError, Call
from reconciler.sandbox.server import long_poll, throttling
from reconciler.sandbox.server.access import Access, Refusal, scope_of
from reconciler.sandbox.server.allowed_services import SERVICES
from reconciler.sandbox.server.constraints import violations
from reconciler.sandbox.server.wire import Answer, error_answer, protocol_of, result_answer
from reconciler.sandbox.services.metadata import issued
from reconciler.sandbox.world import ACCOUNT, World

log = logging.getLogger("reconciler.sandbox")
_MOTO = {service.moto for service in SERVICES.values() if service.moto}


@dataclass
class _Request:
    """What is known of a request so far, for the error if it ends in one."""

    service: str
    region: str
    name: str
    protocol: str = ""


class FrontDoor:
    """The WSGI application: our operations first, moto's for the rest, and AWS's errors for
    both."""

    def __init__(self, world: World, access: Access) -> None:
        self.world = world
        self._access = access
        self._moto = DomainDispatcherApplication(_backend_app)

    def answer(self, environ: dict[str, Any]) -> Answer:
        """Answer one request, at once unless it is a long poll."""
        refusal = self._access.refusal(environ)
        if refusal is not None:
            return _refused(environ, refusal)
        until = time.monotonic() + long_poll.take_wait(environ)
        while True:
            answer = self._one(environ)
            if time.monotonic() >= until or long_poll.has_message(answer):
                return answer
            time.sleep(long_poll.PAUSE_SECONDS)

    def _one(self, environ: dict[str, Any]) -> Answer:
        """One at a time: neither moto nor the world is thread safe."""
        is_control = environ.get("PATH_INFO", "").startswith(orders.PREFIX)
        with self.world.lock:
            answer = self._controlled(environ) if is_control else self._called(environ)
            answer.headers["Date"] = format_datetime(self.world.now(), usegmt=True)
            return answer

    def _controlled(self, environ: dict[str, Any]) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        try:
            self.world.clock.catch_up()
            return orders.answer(self.world, method, path, environ["wsgi.input"].read())
        except Exception as fault:  # moto's, in something that was due
            log.debug("%s %s failed", method, path, exc_info=True)
            return orders.refusal(501, f"the sandbox failed at {method} {path}: {fault!r}")

    def _called(self, environ: dict[str, Any]) -> Answer:
        scope = scope_of(environ)
        assert scope is not None, "access lets no unsigned call through"
        service = scope.service
        target = _Request(service, scope.region, environ.get("PATH_INFO", ""))
        try:
            self.world.clock.catch_up()
            return self._answer(environ, target)
        except AwsError as error:
            return error_answer(_model(service), target.protocol, error)
        except ServiceException as error:
            refusal = AwsError(error.code, error.message)
            return error_answer(_model(service), target.protocol, refusal)
        except NotImplementedError as error:
            refusal = _not_implemented(target, str(error))
            return error_answer(_model(service), target.protocol, refusal)
        # Moto raises KeyError and the like where AWS has an error code. 501, since botocore
        # does not try it again and a fault of the emulator never heals.
        except Exception as fault:
            log.debug("%s:%s failed", service, target.name, exc_info=True)
            text = f"The sandbox failed at {service}:{target.name}: {fault!r}"
            refusal = AwsError("InternalFailure", text, 501)
            return error_answer(_model(service), target.protocol, refusal)

    def _answer(self, environ: dict[str, Any], target: _Request) -> Answer:
        model = _model(target.service)
        if model is None:
            return self._moto_answer(environ, target)
        request = BackendRequest(environ)
        target.protocol = determine_request_protocol(model, request.content_type)
        operation, uri_params = _operation(model, request)
        if operation is None:
            text = f"{target.service} has no such operation."
            raise AwsError("UnknownOperationException", text, 404)
        target.name = operation.name
        throttling.check(self.world, target.region, target.service, target.name)
        handler = OPERATIONS.get((target.service, target.name))
        if handler is None and not SERVICES[target.service].moto:
            raise _not_implemented(target)
        if handler is None:
            return self._moto_answer(environ, target)
        params = _parse(operation, target.protocol, request, uri_params)
        _check(target.service, operation, params)
        call = Call(self.world, target.service, target.name, target.region, params)
        return result_answer(operation, target.protocol, handler(call))

    def _moto_answer(self, environ: dict[str, Any], target: _Request) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            started[:] = [int(status.split()[0]), dict(headers)]
            return started.append

        environ["wsgi.input"].seek(0)
        body = b"".join(self._moto(environ, start_response))
        return Answer(started[0], body, started[1])


def _refused(environ: Mapping[str, Any], refusal: Refusal) -> Answer:
    """Write a refusal as the caller can read it: a program that speaks AWS, or the control."""
    if environ.get("PATH_INFO", "").startswith(orders.PREFIX):
        return orders.refusal(refusal.status, refusal.message)
    scope = scope_of(environ)
    protocol = protocol_of(scope.service if scope else "", environ.get("CONTENT_TYPE", ""))
    error = AwsError(refusal.code, refusal.message, refusal.status)
    return error_answer(None, protocol, error)


def _temporary_keys(world: World) -> list[str]:
    """The keys of the roles that were assumed here, which moto keeps, and those of instances."""
    backend: Any = sts_backends[ACCOUNT]["aws"]
    assumed = [role.access_key_id for role in backend.assumed_roles]
    return [*assumed, *issued(world, REGIONS)]


def _backend_app(backend: Any) -> Any:
    """Moto's part of one service, of those that the sandbox has.

    Moto chooses it by path and body too: `/moto-api`, for one, which records requests into files.
    """
    if backend not in _MOTO:
        raise NotImplementedError(f"{backend} is no service of the sandbox")
    return create_backend_app(backend)


def _not_implemented(target: _Request, detail: str = "") -> AwsError:
    why = f" ({detail})" if detail else ""
    text = f"The sandbox cannot answer {target.service}:{target.name}{why}; AWS may well do."
    return AwsError("NotImplemented", text, 501)


@functools.cache
def _model(service: str) -> ServiceModel | None:
    """The service model of the services that have operations here, where moto's routing is ours."""
    if service in {name for name, _ in OPERATIONS}:
        return get_service_model(service)
    return None


def _operation(
    model: ServiceModel, request: BackendRequest
) -> tuple[OperationModel | None, dict[str, Any]]:
    """Which operation a request names: in the form, in a header, or by its path."""
    name = request.form.get("Action") or request.headers.get("X-Amz-Target", "").split(".")[-1]
    if name:
        return (model.operation_model(name), {}) if name in model.operation_names else (None, {})
    try:
        operation, uri_params = get_service_router(model.service_name).match(request)
    except NotFound:
        return None, {}
    return operation, dict(uri_params)


def _parse(
    operation: OperationModel, protocol: str, request: BackendRequest, uri_params: dict[str, Any]
) -> dict[str, Any]:
    parser = PROTOCOL_PARSERS[protocol](operation, parse_timestamp, map_type=dict)
    parsed = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": uri_params,
        }
    )
    return dict(parsed or {})


def _check(service: str, operation: OperationModel, params: dict[str, Any]) -> None:
    """Enums, patterns and maximums, for the services that are checked."""
    code = SERVICES[service].invalid
    if code and operation.input_shape is not None:
        found = list(violations(operation.input_shape, params))
        if found:
            count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
            raise AwsError(code, count + "; ".join(found))


class _Handler(MotoRequestHandler):
    """Keeps connections open, and is quiet. Werkzeug's own closes each after one answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a kept connection waits 40 ms for a delayed ACK
    server: Any  # a _Listener; werkzeug says BaseWSGIServer, of which it reads three attributes

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def run_wsgi(self) -> None:
        """Answer in one write. The body is read whole, or the next request would begin in it."""
        environ = self.make_environ()
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        answer = self.server.door.answer(environ)
        headers = {name.title(): value for name, value in answer.headers.items()}
        headers.setdefault("Content-Length", str(len(answer.body)))
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()] + ["", ""]
        content = b"" if self.command == "HEAD" else answer.body
        self.wfile.write("\r\n".join(lines).encode("latin-1") + content)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        log.debug(message, *args)


class _Listener(ThreadingHTTPServer):
    """The listening socket, with what werkzeug's handler reads of its own server."""

    request_queue_size = 128
    ssl_context = None
    multithread, multiprocess = True, False
    _server_version = "sandbox"
    door: FrontDoor

    def __init__(self, port: int) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which may ask a name server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class Server:
    """A running server. An address that is taken raises OSError."""

    def __init__(self, world: World, port: int, key: str) -> None:
        self._listener = _Listener(port)
        self.port = self._listener.server_port
        access = Access(self.port, key, SERVICES, functools.partial(_temporary_keys, world))
        self._listener.door = FrontDoor(world, access)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and cut the connections that clients keep open."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        for connection in list(self._listener.connections):
            with suppress(OSError):  # the client was quicker
                connection.shutdown(socket.SHUT_RDWR)
