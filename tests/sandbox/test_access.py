"""Who gets an answer: the user's own programs. No page, no other user, no other service."""

from __future__ import annotations

import http.client
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import create_backend_app

from reconciler.sandbox import Sandbox
from reconciler.sandbox.operations import OPERATIONS
from reconciler.sandbox.server import application
from reconciler.sandbox.server.access import Access
from reconciler.sandbox.server.allowed_services import SERVICES
from tests.sandbox.helpers import Aws, order, refused, signed

ROOT = Path(__file__).parents[2]
EVIL = "https://evil.example"
GET_CALLER_IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"


class Answered:
    """One answer, by hand: an SDK would not send what a page can send."""

    def __init__(
        self, aws: Aws, method: str, path: str, body: str, headers: dict[str, str]
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", aws.sandbox.port, timeout=10)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.text = answer.read().decode()
        connection.close()

    @property
    def cors(self) -> list[str]:
        return [name for name in self.headers if name.startswith("access-control")]


def page(**more: str) -> dict[str, str]:
    """What a browser adds to whatever a page asks."""
    return {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", **more}


# -- what a page can try ---------------------------------------------------------------------


def test_a_preflight_is_refused_without_any_cors_header(aws: Aws) -> None:
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    for headers in (page(**asks), {**page(**asks), **signed("ec2", aws.key)}):
        found = Answered(aws, "OPTIONS", "/", "", headers)
        assert (found.status, found.cors) == (403, [])


@pytest.mark.parametrize("service", ["cloudformation", "lambda", "batch", "ec2", "sts"])
@pytest.mark.parametrize(
    "given",
    [
        page(),
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this host
        {"Sec-Fetch-Site": "same-origin"},  # after DNS rebinding
    ],
    ids=lambda it: ", ".join(f"{name}: {value}" for name, value in it.items()),
)
def test_a_call_of_a_page_is_refused_even_with_the_key(
    aws: Aws, service: str, given: dict[str, str]
) -> None:
    found = Answered(aws, "POST", "/", GET_CALLER_IDENTITY, {**signed(service, aws.key), **given})
    assert (found.status, found.cors) == (403, [])
    assert "answers no page of a browser" in found.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example",
        "",
    ],
)
def test_another_host_is_refused_whatever_it_resolves_to(aws: Aws, host: str) -> None:
    """DNS rebinding: to the browser it is one origin, so that it sends no Origin header."""
    named = host.format(port=aws.sandbox.port)
    found = Answered(
        aws, "POST", "/", GET_CALLER_IDENTITY, {**signed("sts", aws.key), "Host": named}
    )
    assert (found.status, found.cors) == (403, [])
    assert f"http://127.0.0.1:{aws.sandbox.port}" in found.text


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_both_names_of_this_host_are_answered_without_a_cors_header(aws: Aws, name: str) -> None:
    headers = {**signed("sts", aws.key), "Host": f"{name}:{aws.sandbox.port}"}
    found = Answered(aws, "POST", "/", GET_CALLER_IDENTITY, headers)
    assert (found.status, found.cors) == (200, [])


def test_port_80_needs_no_number() -> None:
    access = Access(80, "key", ["sts"])
    for host in ("localhost", "127.0.0.1:80"):
        assert access.refusal({**_environ("key"), "HTTP_HOST": host}) is None
    assert access.refusal({**_environ("key"), "HTTP_HOST": "evil.example"}) is not None


def _environ(key: str) -> dict[str, Any]:
    return {"PATH_INFO": "/", "HTTP_AUTHORIZATION": signed("sts", key)["Authorization"]}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "text/json"]
)
def test_an_order_has_to_be_json_by_its_content_type(aws: Aws, kind: str) -> None:
    """The three types that a page may send without a preflight are not among it."""
    body = json.dumps({"take": {"instance_type": "*"}})
    found = Answered(aws, "POST", "/_sandbox/capacity", body, {**order(aws), "Content-Type": kind})
    assert (found.status, found.cors) == (415, [])
    assert json.loads(found.text) == {"error": "send Content-Type: application/json"}
    assert aws.sandbox.capacity.taken == {}
    utf = {**order(aws), "Content-Type": "application/json; charset=utf-8"}
    assert Answered(aws, "POST", "/_sandbox/capacity", body, utf).status == 200


def test_an_order_of_a_page_is_refused(aws: Aws) -> None:
    body = json.dumps({"take": {"instance_type": "*"}})
    for headers in (page(**{"Content-Type": "text/plain"}), {**order(aws), **page()}):
        found = Answered(aws, "POST", "/_sandbox/capacity", body, headers)
        assert (found.status, found.cors) == (403, [])
    assert aws.sandbox.capacity.taken == {}


@pytest.mark.parametrize("path", ["upload-recording", "replay-recording", "start-recording"])
def test_the_recorder_is_closed(
    aws: Aws, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes a file into the working directory, and calls the sandbox itself."""
    monkeypatch.chdir(tmp_path)
    at = f"/moto-api/recorder/{path}"
    assert Answered(aws, "POST", at, "{}", {"Content-Type": "text/plain"}).status == 403
    assert Answered(aws, "POST", at, "{}", page()).status == 403
    for service in ("sts", "ec2", "kms"):
        assert Answered(aws, "POST", at, "{}", signed(service, aws.key)).status in (404, 501)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    ["/moto-api/config", "/moto-api/reset", "/favicon.ico", "/latest/meta-data/", "/lambda_x/"],
)
def test_what_moto_chooses_by_the_path_is_closed_too(aws: Aws, path: str) -> None:
    for key in ("", aws.key):
        found = Answered(aws, "GET", path, "", signed("kms", key) if key else {})
        assert found.status in ((404, 501) if key else (403,))


# -- the key ---------------------------------------------------------------------------------


def test_another_user_of_the_machine_gets_no_answer(aws: Aws) -> None:
    """Without the key, with the one that everybody knew, and with that of another start."""
    other = "sandbox-" + "0" * 32
    for key in ("sandbox", "testing", other, aws.key[:-1], aws.key + "0", aws.key.upper()):
        found = Answered(aws, "POST", "/", GET_CALLER_IDENTITY, signed("sts", key))
        assert found.status == 403
        assert "<Code>InvalidClientTokenId</Code>" in found.text
        assert "paste the two lines that `reconcile sandbox` printed" in found.text


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer {key}",
        "AWS {key}:signature",
        "Credential={key}/20261120/us-east-1/sts/aws4_request",
        "AWS4-HMAC-SHA256 Credential=x, Credential={key}/20261120/us-east-1/sts/aws4_request",
    ],
)
def test_a_call_that_is_not_signed_is_refused(aws: Aws, authorization: str | None) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if authorization is not None:
        headers["Authorization"] = authorization.format(key=aws.key)
    found = Answered(aws, "POST", "/", GET_CALLER_IDENTITY, headers)
    assert found.status == 403
    assert "is not signed with the key of this sandbox" in found.text


def test_an_order_needs_the_key(aws: Aws) -> None:
    for bearer in ("", "Bearer ", "Bearer sandbox", f"Basic {aws.key}", aws.key):
        headers = {"Authorization": bearer, "Content-Type": "application/json"}
        for method in ("GET", "POST"):
            found = Answered(aws, method, "/_sandbox/clock", "{}", headers)
            assert found.status == 403
            assert "paste the two lines" in json.loads(found.text)["error"]
            assert found.headers["server"] == "reconcile-sandbox", "by which the command knows it"


def test_each_start_has_a_key_of_its_own(aws: Aws) -> None:
    keys = {aws.key}
    other = Sandbox()
    for _ in range(2):
        with other:
            keys.add(other.environment["AWS_ACCESS_KEY_ID"])
    aws.sandbox.reset()
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("ec2", "describe_vpcs"),
        ("iam", "list_roles"),
        ("sts", "get_caller_identity"),
        ("ssm", "describe_parameters"),
        ("sqs", "list_queues"),
        ("scheduler", "list_schedules"),
    ],
)
def test_every_protocol_says_what_to_do_about_a_wrong_key(
    aws: Aws, service: str, operation: str
) -> None:
    make: Any = boto3.client
    client = make(
        service,
        region_name="us-east-1",
        endpoint_url=aws.sandbox.endpoint,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="x",
    )
    with refused("InvalidClientTokenId", "paste the two lines that `reconcile sandbox` printed"):
        getattr(client, operation)()


def test_a_role_that_is_assumed_here_may_call(aws: Aws) -> None:
    given = aws.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/workstation", RoleSessionName="alice"
    )["Credentials"]
    session = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "us-east-1"
    )
    sts = session.client("sts", endpoint_url=aws.sandbox.endpoint)
    assert sts.get_caller_identity()["Arn"].endswith("assumed-role/workstation/alice")
    aws.sandbox.reset()
    with refused("InvalidClientTokenId"):
        sts.get_caller_identity()


# -- the services ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "service", ["batch", "lambda", "cloudformation", "s3", "dynamodb", "codebuild"]
)
def test_a_service_that_the_product_does_not_call_is_closed(aws: Aws, service: str) -> None:
    found = Answered(aws, "POST", "/", GET_CALLER_IDENTITY, signed(service, aws.key))
    assert found.status == 501
    assert f"The sandbox does not answer {service}; AWS may well do." in found.text
    assert "autoscaling, ec2, efs, events" in found.text


def test_an_sdk_can_read_which_service_is_not_there(aws: Aws) -> None:
    with refused("NotImplemented", "does not answer lambda"):
        aws.client("lambda").list_functions()
    with refused("NotImplemented", "does not answer s3"):
        aws.client("s3").list_buckets()
    with refused("NotImplemented", "does not answer cloudformation"):
        aws.client("cloudformation").list_stacks()


def test_moto_s_own_choice_is_a_second_wall() -> None:
    """Moto chooses a service by path, body and header besides: what is made is on the list."""
    for name in ("moto_api", "batch", "lambda", "instance_metadata", "s3"):
        with pytest.raises(NotImplementedError, match=name):
            application._backend_app(name)
    assert create_backend_app("sts").extensions.get("cors") is None


def test_the_table_has_every_service_that_is_answered_here(aws: Aws) -> None:
    assert {service for service, _ in OPERATIONS} <= set(SERVICES)
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_the_page_names_the_services_that_are_answered() -> None:
    text = (ROOT / "docs/sandbox.md").read_text()
    [row] = [line for line in text.splitlines() if line.startswith("| its service is ")]
    named = re.findall(r"`([a-z0-9]+)`", row.split("|")[1])
    assert set(named) == {name.replace("-", "") for name in SERVICES}


def test_no_container_is_started_in_any_case(aws: Aws) -> None:
    assert default_user_config["batch"]["use_docker"] is False
    assert default_user_config["lambda"]["use_docker"] is False
