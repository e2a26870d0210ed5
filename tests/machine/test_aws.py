"""Calls of the machine to AWS: signed as botocore signs them, and honest about what failed."""

from __future__ import annotations

import datetime as dt
import io
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import Any

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.machine import START, FakeImds, down
from ws.aws import Aws, AwsError
from ws.imds import Unknown

KEYS = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret/+", "Token": "token/+=="}
ROLE = "meta-data/iam/security-credentials/"

Answer = bytes | Exception | Callable[[urllib.request.Request], bytes]


class Wire:
    """What goes over the wire: each request, and the answers in order; the last one stays."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.requests = list(answers), list[urllib.request.Request]()

    def __call__(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
        """Answer as urlopen does."""
        assert timeout <= 30
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer(request) if callable(answer) else answer)


def refusal(code: int = 400, body: bytes = b"") -> urllib.error.HTTPError:
    """Make an answer that urllib raises."""
    return urllib.error.HTTPError("https://x/", code, "Bad", Message(), io.BytesIO(body))


@pytest.fixture
def imds() -> FakeImds:
    found = FakeImds()
    found.paths |= {ROLE: "acme-ws-alice\n", f"{ROLE}acme-ws-alice": KEYS}
    found.paths["meta-data/services/domain"] = "amazonaws.com"
    return found


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Wire]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def lay(*answers: Answer) -> Wire:
        wire = Wire(*answers)
        monkeypatch.setattr("urllib.request.urlopen", wire)
        return wire

    return lay


def make(imds: FakeImds, now: float = START) -> Aws:
    return Aws("eu-central-1", imds, lambda: now)


def signed_by_botocore(request: urllib.request.Request, service: str, now: float) -> str:
    """Sign the same request with botocore; the header that it writes."""
    headers = {"Content-Type": request.get_header("Content-type")}
    reference = AWSRequest("POST", request.full_url, data=request.data, headers=headers)
    keys = Credentials(KEYS["AccessKeyId"], KEYS["SecretAccessKey"], KEYS["Token"])
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        SigV4Auth(keys, service, "eu-central-1").add_auth(reference)
    return str(reference.headers["Authorization"])


@pytest.mark.parametrize(
    ("service", "action", "given"),
    [
        ("ec2", "DescribeVolumes", {"VolumeId_1": "vol-0a"}),
        ("ec2", "CreateTags", {"ResourceId_1": "i-0a", "Tag_1_Value": "attaching: ü & ~ = +*%"}),
        ("autoscaling", "SetDesiredCapacity", {"AutoScalingGroupName": "a b/ü"}),
    ],
)
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:4566", "http://127.0.0.1:4566/a/"])
def test_the_signature_is_the_one_of_botocore(
    imds: FakeImds,
    wired: Callable[..., Wire],
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    action: str,
    given: dict[str, str],
    endpoint: str,
) -> None:
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    wire = wired(b"<a/>")
    make(imds).call(service, action, **given)
    (request,) = wire.requests
    assert request.full_url == (endpoint or f"https://{service}.eu-central-1.amazonaws.com/")
    assert request.get_header("X-amz-security-token") == KEYS["Token"]
    assert request.get_header("Authorization") == signed_by_botocore(request, service, START)


def test_other_partitions_have_their_own_domain(imds: FakeImds, wired: Callable[..., Wire]) -> None:
    imds.paths["meta-data/services/domain"] = "amazonaws.com.cn"
    wire = wired(b"<a/>")
    make(imds).call("ec2", "DescribeVolumes")
    assert wire.requests[0].host == "ec2.eu-central-1.amazonaws.com.cn"


@pytest.mark.parametrize("domain", ["evil.example/", "a b", "", None])
def test_a_hostile_domain_gets_no_request(
    imds: FakeImds, wired: Callable[..., Wire], domain: str | None
) -> None:
    imds.paths["meta-data/services/domain"] = domain
    wire = wired(b"<a/>")
    with pytest.raises(Unknown):
        make(imds).call("ec2", "DescribeVolumes")
    assert not wire.requests


def test_names_with_underscores_are_dotted_and_name_spaces_are_gone(
    imds: FakeImds, wired: Callable[..., Wire]
) -> None:
    wire = wired(b'<a xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><b><c>1</c></b></a>')
    found = make(imds).call("ec2", "DescribeVolumes", Filter_1_Name="x", Filter_1_Value_1="y")
    assert found.findtext("b/c") == "1"
    body = b"Action=DescribeVolumes&Version=2016-11-15&Filter.1.Name=x&Filter.1.Value.1=y"
    assert wire.requests[0].data == body


def test_a_refusal_has_the_code_of_aws(imds: FakeImds, wired: Callable[..., Wire]) -> None:
    error = b"<Error><Code>VolumeInUse</Code><Message>held</Message></Error>"
    body = b"<Response><Errors>" + error + b"</Errors></Response>"
    wired(refusal(400, body))
    with pytest.raises(AwsError, match="AttachVolume: VolumeInUse: held") as caught:
        make(imds).call("ec2", "AttachVolume")
    assert caught.value.code == "VolumeInUse"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"<a/>"])
def test_a_refusal_that_is_no_xml_has_the_code_of_http(
    imds: FakeImds, wired: Callable[..., Wire], body: bytes
) -> None:
    wired(refusal(503, body))
    with pytest.raises(AwsError) as caught:
        make(imds).call("ec2", "AttachVolume")
    assert caught.value.code == "HTTP503"


@pytest.mark.parametrize("answer", [OSError("no route"), TimeoutError("slow"), b"", b"<a>", b"{}"])
def test_an_answer_that_does_not_come_is_unreachable(
    imds: FakeImds, wired: Callable[..., Wire], answer: Answer
) -> None:
    wired(answer)
    with pytest.raises(AwsError) as caught:
        make(imds).call("ec2", "AttachVolume")
    assert caught.value.code == "Unreachable"


@pytest.mark.parametrize("keys", [None, {}, {"Code": "Failed"}, [], "no", down()])
@pytest.mark.parametrize("role", ["acme-ws-alice", None, ""])
def test_an_instance_without_a_role_is_unknown_and_says_so(
    imds: FakeImds, wired: Callable[..., Wire], role: str | None, keys: Any
) -> None:
    imds.paths |= {ROLE: role, f"{ROLE}acme-ws-alice": keys}
    wire = wired(b"<a/>")
    with pytest.raises(Unknown):
        make(imds).call("ec2", "DescribeVolumes")
    assert not wire.requests


def test_no_secret_is_in_an_error(imds: FakeImds, wired: Callable[..., Wire]) -> None:
    wired(refusal(403, b"<a/>"))
    with pytest.raises(AwsError) as caught:
        make(imds).call("ec2", "DescribeVolumes")
    assert not any(value in str(caught.value) for value in KEYS.values())
