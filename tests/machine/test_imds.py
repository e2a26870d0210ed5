"""The metadata service: a token with every question, and "unknown" for every failed answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.imds_server import INSTANCE, TARGET_STATE, ImdsServer, serve_imds
from ws.imds import Imds, Unknown


@pytest.fixture
def service() -> Iterator[ImdsServer]:
    with serve_imds() as server:
        yield server


@pytest.fixture
def imds(service: ImdsServer) -> Imds:
    return Imds(service.url)


def test_every_question_carries_a_token_that_the_service_issued(
    service: ImdsServer, imds: Imds
) -> None:
    assert imds.instance_id() == INSTANCE
    assert imds.get(TARGET_STATE) == "InService"
    issue, *questions = service.requests
    assert (issue.method, issue.path, issue.token) == ("PUT", "api/token", None)
    assert [(each.method, each.token in service.tokens) for each in questions] == [
        ("GET", True)
    ] * 2


def test_a_revoked_token_is_replaced_within_the_same_question(
    service: ImdsServer, imds: Imds
) -> None:
    imds.instance_id()
    service.revoke_tokens()
    assert imds.instance_id() == INSTANCE
    assert [each.status for each in service.requests] == [200, 200, 401, 200, 200]


def test_a_token_is_renewed_before_it_ends(service: ImdsServer) -> None:
    times = [0.0]
    imds = Imds(service.url, clock=lambda: times[-1])
    for times[-1] in (0, 3539, 3541):
        imds.instance_id()
    assert [each.path for each in service.requests].count("api/token") == 2


def test_nothing_there_is_none(imds: Imds) -> None:
    assert imds.get("meta-data/spot/instance-action") is None


@pytest.mark.parametrize("status", [0, 302, 400, 403, 500, 503])
@pytest.mark.parametrize("path", ["api/token", TARGET_STATE])
def test_a_failed_answer_is_unknown(
    service: ImdsServer, imds: Imds, path: str, status: int
) -> None:
    service.fail(path, status)
    with pytest.raises(Unknown):
        imds.get(TARGET_STATE)
    assert imds.get(TARGET_STATE) == "InService"


def test_a_missing_token_service_is_unknown_and_not_nothing(
    service: ImdsServer, imds: Imds
) -> None:
    """404 of the token's own path says nothing about the question."""
    service.fail("api/token", 404)
    with pytest.raises(Unknown):
        imds.get(TARGET_STATE)


def test_a_slow_answer_is_unknown(service: ImdsServer, imds: Imds) -> None:
    imds.instance_id()
    imds.timeout = 0.05
    service.stall(TARGET_STATE)
    with pytest.raises(Unknown):
        imds.get(TARGET_STATE)


def test_two_refused_tokens_are_unknown(service: ImdsServer, imds: Imds) -> None:
    service.fail(TARGET_STATE, 401, times=2)
    with pytest.raises(Unknown):
        imds.get(TARGET_STATE)


def test_text_that_is_no_json_is_unknown(service: ImdsServer, imds: Imds) -> None:
    service.texts["dynamic/instance-identity/document"] = "<html>"
    with pytest.raises(Unknown):
        imds.json("dynamic/instance-identity/document")


def test_the_service_lists_the_role_and_the_tags(service: ImdsServer, imds: Imds) -> None:
    service.set_tags({"reconciler:agent": "1.0.0"})
    assert imds.get("meta-data/iam/security-credentials/") == "workstation"
    assert imds.get("meta-data/tags/instance") == "reconciler:agent"
    service.set_credentials(None)
    assert imds.get("meta-data/iam/security-credentials/") is None


def test_a_proxy_of_the_environment_sees_no_token(
    service: ImdsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert Imds(service.url).instance_id() == INSTANCE
