"""Decide which requests the sandbox answers: those of its own user's programs, and no other.

Every program and every user of the machine reaches the port, and so does every page in a browser.
So a request has to name this host (a page whose name is made to resolve to 127.0.0.1 names another
one), must not come from a page, and carries the key of this start. Pure: it reads headers only.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.control.orders import PREFIX
from reconciler.sandbox.server.allowed_services import SERVICES

PASTE = "paste the two lines that `reconcile sandbox` printed when it started"
JSON = "application/json"
HTTP_PORT = 80
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)/\d+/([^/,\s]+)/([^/,\s]+)/aws4_request(?:,|$)"
)
_SIGNED_AS = {service.signed_as: name for name, service in SERVICES.items() if service.signed_as}


@dataclass(frozen=True)
class Scope:
    """What a signature says of a request: whose key, which region and which service."""

    key: str
    region: str
    service: str


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered: the HTTP status, AWS's error code, and what to do."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Access:
    """The keys and services that one running sandbox accepts.

    `temporary` gives the keys of the roles that were assumed in it, or that its instances have;
    `services` are those that it answers, as signatures name them.
    """

    port: int
    key: str
    services: Collection[str]
    temporary: Callable[[], Iterable[str]] = tuple

    def refusal(self, environ: Mapping[str, Any]) -> Refusal | None:
        """Return why this WSGI request is refused; None for one that is answered."""
        refused = self._of_a_page(environ)
        if refused is None and environ.get("PATH_INFO", "").startswith(PREFIX):
            return self._of_an_order(environ)
        return refused or self._of_a_call(environ)

    def _of_a_page(self, environ: Mapping[str, Any]) -> Refusal | None:
        host = environ.get("HTTP_HOST", "").lower()
        hosts = [f"{name}:{self.port}" for name in ("127.0.0.1", "localhost")]
        if self.port == HTTP_PORT:  # clients leave this one out
            hosts += ["127.0.0.1", "localhost"]
        if host not in hosts:
            return _denied(f"the sandbox is http://{hosts[0]}, and the request is to another host")
        # Browsers send Origin with what a page asks of another site, and Sec-Fetch-Site with
        # everything; no page can change either (Fetch, "forbidden request-header"). "none" is
        # what a person typed.
        site = environ.get("HTTP_SEC_FETCH_SITE", "none")
        if "HTTP_ORIGIN" in environ or site != "none":
            return _denied("the sandbox answers no page of a browser: use the AWS CLI or an SDK")
        return None

    def _of_an_order(self, environ: Mapping[str, Any]) -> Refusal | None:
        scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme != "Bearer" or not _same(key, (self.key,)):
            return _denied(
                "AWS_ACCESS_KEY_ID is not the key of this sandbox, as `Authorization: Bearer KEY` "
                f"carries it: {PASTE}"
            )
        given = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if environ.get("REQUEST_METHOD") != "GET" and given != JSON:
            return Refusal(415, "UnsupportedMediaType", f"send Content-Type: {JSON}")
        return None

    def _of_a_call(self, environ: Mapping[str, Any]) -> Refusal | None:
        scope = scope_of(environ)
        if scope is None:
            text = f"the request is not signed with the key of this sandbox: {PASTE}"
            return Refusal(403, "MissingAuthenticationToken", text)
        if not _same(scope.key, (self.key, *self.temporary())):
            text = f"AWS_ACCESS_KEY_ID is not the key of this sandbox: {PASTE}"
            return Refusal(403, "InvalidClientTokenId", text)
        if scope.service not in self.services:
            return not_answered(scope.service, self.services)
        return None


def scope_of(environ: Mapping[str, Any]) -> Scope | None:
    """Return what a request is signed for; None for one without a signature."""
    found = _SCOPE.match(environ.get("HTTP_AUTHORIZATION", ""))
    if found is None:
        return None
    key, region, service = found.groups()
    return Scope(key, region, _SIGNED_AS.get(service, service))


def not_answered(service: str, services: Iterable[str]) -> Refusal:
    """Return the refusal of a service that the sandbox does not have."""
    known = ", ".join(sorted(services))
    text = f"The sandbox does not answer {service}; AWS may well do. It answers {known}."
    return Refusal(501, "NotImplemented", text)


def _denied(message: str) -> Refusal:
    return Refusal(403, "AccessDenied", message)


def _same(given: str, known: Iterable[str]) -> bool:
    """Whether it is one of the known keys; the time of a comparison says nothing of a key."""
    return any(hmac.compare_digest(given.encode(), key.encode()) for key in known)
