"""Whom the calls reach, by what is set and by what the clients have; and that both agree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.session import get_session

from reconciler.aws.client import connect, connect_here
from reconciler.aws.endpoints import (
    DOMAINS,
    Endpoints,
    Profile,
    Setting,
    Target,
    configured,
    is_aws,
    is_local,
)
from reconciler.aws.services import SERVICES, iam_prefix
from reconciler.errors import UsageError
from tests.plan.declared import site, workstation

ROOT = Path(__file__).parents[2]
HERE, AWS = "http://127.0.0.1:5566", "https://{}.us-east-1.amazonaws.com"
CORP = "https://aws.corp.example"
ALL = dict.fromkeys(SERVICES, Setting(HERE, "AWS_ENDPOINT_URL"))


def called() -> Iterator[str]:
    """The services that the product's own code calls."""
    for path in (ROOT / "reconciler").rglob("*.py"):
        if "sandbox" in path.relative_to(ROOT / "reconciler").parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                first = node.args[0] if node.args else None
                if node.func.attr in ("call", "pages") and isinstance(first, ast.Constant):
                    yield str(first.value)


def test_the_table_has_the_services_that_are_called() -> None:
    assert set(called()) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_the_variable_of_a_service_is_the_one_that_botocore_reads(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{SERVICES[service].endpoint}", HERE)
    make: Any = boto3.Session().client
    assert make(service, region_name="us-east-1").meta.endpoint_url == HERE


@pytest.mark.parametrize("service", SERVICES)
def test_the_names_of_a_service_are_those_of_botocore_and_of_iam(service: str) -> None:
    model = get_session().get_service_model(service)
    assert SERVICES[service].event == model.service_id.hyphenize()
    assert iam_prefix(service) == iam_prefix(SERVICES[service].event) == model.signing_name or (
        service == "cloudwatch"  # signed as `monitoring`, as its endpoint is
    )


def test_aws_s_domains_are_those_that_botocore_knows() -> None:
    found = get_session().get_component("data_loader").load_data("partitions")["partitions"]
    outputs = [partition["outputs"] for partition in found]
    names = {output[name] for output in outputs for name in ("dnsSuffix", "dualStackDnsSuffix")}
    assert set(DOMAINS) == names


@pytest.mark.parametrize(
    ("url", "local", "aws"),
    [
        ("http://127.0.0.1:5566", True, False),
        ("http://127.9.9.9", True, False),
        ("http://localhost:4566", True, False),
        ("http://aws.localhost", True, False),
        ("http://[::1]:5566", True, False),
        ("http://0.0.0.0:5566", True, False),
        ("https://sts.us-east-1.amazonaws.com", False, True),
        ("https://sts.cn-north-1.amazonaws.com.cn", False, True),
        ("https://sts-fips.us-east-1.api.aws", False, True),
        ("https://vpce-1-2.sts.us-east-1.vpce.amazonaws.com", False, True),
        ("https://amazonaws.com.evil.example", False, False),
        ("https://evilamazonaws.com", False, False),
        ("https://localhost.evil.example", False, False),
        ("https://127.0.0.1.evil.example", False, False),
        ("https://10.0.0.1", False, False),
        ("", False, False),
        ("127.0.0.1:5566", False, False),
        ("http://[::1", False, False),
    ],
)
def test_which_host_is_this_one_and_which_is_aws(url: str, local: bool, aws: bool) -> None:
    assert (is_local(url), is_aws(url)) == (local, aws)


PROFILE = Profile(
    "dev",
    "~/.aws/config",
    {"services": "here", "endpoint_url": "http://profile"},
    {"sts": {"endpoint_url": "http://section"}},
)


@pytest.mark.parametrize(
    ("env", "profile", "sts", "ec2"),
    [
        ({}, Profile(), None, None),
        ({"AWS_ENDPOINT_URL": ""}, Profile(), None, None),
        ({"AWS_ENDPOINT_URL": "http://all"}, PROFILE, "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL"),
        (
            {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_STS": "http://one"},
            PROFILE,
            "AWS_ENDPOINT_URL_STS",
            "AWS_ENDPOINT_URL",
        ),
        (
            {},
            PROFILE,
            "the services section here of profile dev in ~/.aws/config",
            "endpoint_url of profile dev in ~/.aws/config",
        ),
        ({"AWS_ENDPOINT_URL_EC2": "http://one"}, Profile(), None, "AWS_ENDPOINT_URL_EC2"),
        ({}, Profile(services={"sts": "text"}), None, None),
    ],
)
def test_the_first_place_that_sets_an_endpoint_counts(
    env: dict[str, str], profile: Profile, sts: str | None, ec2: str | None
) -> None:
    found = configured(env, profile, ignored=False)
    sources = [found[name].source if name in found else None for name in ("sts", "ec2")]
    assert sources == [sts, ec2]
    assert configured(env, profile, ignored=True) == {}


NOTHING = Endpoints()
SANDBOX = f"endpoint {HERE} (AWS_ENDPOINT_URL): a sandbox on this machine, not AWS"


@pytest.mark.parametrize(
    ("endpoints", "made", "note", "local"),
    [
        (NOTHING, {}, "", False),
        (NOTHING, {"sts": AWS.format("sts"), "ec2": AWS.format("ec2")}, "", False),
        (Endpoints(ALL), {}, SANDBOX, True),
        (Endpoints(ALL), {"sts": HERE}, SANDBOX, True),
        (
            NOTHING,
            {"sts": HERE, "ec2": HERE},
            f"endpoint {HERE} (the AWS configuration): a sandbox on this machine, not AWS",
            True,
        ),
        (
            Endpoints({"ec2": Setting(CORP, "AWS_ENDPOINT_URL_EC2")}),
            {"sts": AWS.format("sts")},
            f"endpoint {CORP} (AWS_ENDPOINT_URL_EC2): not AWS's own",
            False,
        ),
        (
            Endpoints(ignored=HERE),
            {"sts": AWS.format("sts")},
            "AWS itself answers: AWS_IGNORE_CONFIGURED_ENDPOINT_URLS ignores AWS_ENDPOINT_URL, "
            f"which is {HERE}",
            False,
        ),
    ],
)
def test_what_is_not_aws_is_named(
    endpoints: Endpoints, made: dict[str, str], note: str, local: bool
) -> None:
    found = endpoints.target(made)
    assert (found.note, found.local) == (note, local)
    assert (found == Target()) == (not note)


@pytest.mark.parametrize(
    ("endpoints", "made", "words"),
    [
        (Endpoints({"sts": Setting(HERE, "AWS_ENDPOINT_URL_STS")}), {}, "by AWS_ENDPOINT_URL_STS"),
        (
            Endpoints({**ALL, "ec2": Setting(CORP, "AWS_ENDPOINT_URL_EC2")}),
            {},
            f"ec2 to {CORP}, by AWS_ENDPOINT_URL_EC2",
        ),
        (Endpoints(ALL), {"ec2": AWS.format("ec2")}, f"; ec2 to {AWS.format('ec2')}: nothing"),
        (NOTHING, {"sts": HERE, "ec2": AWS.format("ec2")}, f"sts to {HERE}"),
    ],
)
def test_this_machine_and_elsewhere_do_not_mix(
    endpoints: Endpoints, made: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        endpoints.target(made)
    assert words in str(caught.value)
    assert "set AWS_ENDPOINT_URL alone for all services" in str(caught.value)


# -- the real clients ------------------------------------------------------------------------

SITE = site(workstation())


def _no_call(*_arguments: object, **_words: object) -> None:
    raise AssertionError("a call was made")


def test_a_variable_for_sts_alone_is_refused_before_the_first_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reconciler.aws.client.RegionClient.call", _no_call)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", HERE)
    for begin in (lambda: connect(SITE), connect_here):
        with pytest.raises(UsageError, match=r"sts to http://127\.0\.0\.1:5566, by AWS_ENDPOINT_U"):
            begin()


def test_a_file_that_mixes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.aws.client.RegionClient.call", _no_call)
    file = tmp_path / "config"
    file.write_text(
        "[default]\nservices = here\n[services here]\nsts =\n  endpoint_url = http://localhost:1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    with pytest.raises(UsageError) as caught:
        connect(SITE)
    assert f"by the services section here of profile default in {file}" in str(caught.value)


def test_an_endpoint_that_is_no_url_is_refused_in_botocore_s_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://[::1")
    with pytest.raises(UsageError, match="cannot use sts in us-east-1"):
        connect_here()


def test_what_a_file_sets_is_named(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text(f"[default]\nendpoint_url = {sandbox.endpoint}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    session, _ = connect_here()
    assert session.target.local
    assert session.target.url == sandbox.endpoint
    assert f"(endpoint_url of profile default in {file})" in session.target.note


def test_an_endpoint_that_is_ignored_is_not_named_as_the_one_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No call: AWS itself would be asked."""
    monkeypatch.setattr(
        "reconciler.aws.client.RegionClient.call",
        lambda door, *_: {"Account": SITE.account, "Arn": "arn:aws:iam::1:user/ann"},
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", HERE)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    session = connect(SITE)
    session.client("sts", "us-east-1")
    assert (session.target.url, session.target.local) == ("", False)
    assert "AWS itself answers" in session.target.note


def test_a_client_that_goes_elsewhere_is_refused_before_its_first_call(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever botocore reads that is not known here: what a client has is the truth."""
    session, _ = connect_here()
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "https://ec2.us-east-1.amazonaws.com")
    with pytest.raises(UsageError, match="ec2 to https://ec2"):
        session.client("ec2", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL_EC2")
    assert session.client("ec2", "us-east-1").meta.endpoint_url == sandbox.endpoint


def test_a_key_of_another_start_names_the_endpoint(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox-" + "0" * 32)
    with pytest.raises(UsageError) as caught:
        connect_here()
    assert str(caught.value) == (
        f"{sandbox.endpoint} (AWS_ENDPOINT_URL) refuses the credentials (InvalidClientTokenId: "
        "AWS_ACCESS_KEY_ID is not the key of this sandbox: paste the two lines that `reconcile "
        "sandbox` printed when it started)"
    )
