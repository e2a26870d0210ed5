"""AWS's error codes in our words: every code of every set, and what a person is told."""

from __future__ import annotations

import botocore.exceptions as botocore
import pytest
from botocore.parsers import ResponseParserError

from reconciler.aws import errors
from reconciler.aws.errors import translated
from reconciler.errors import (
    AlreadyExists,
    AwsError,
    Denied,
    NotFound,
    NotReady,
    ReconcilerError,
    Throttled,
    Unreachable,
    UsageError,
)
from tests.aws.conftest import Wire
from tests.support.answers import failure

OPERATION = "autoscaling:CreateAutoScalingGroup"
SETS: list[tuple[frozenset[str], type[ReconcilerError]]] = [
    (errors.NOT_FOUND, NotFound),
    (errors.ALREADY_EXISTS, AlreadyExists),
    (errors.NOT_READY, NotReady),
    (errors.THROTTLED, Throttled),
    (errors.DENIED, Denied),
    (errors.CREDENTIALS, UsageError),
]
CODES = [(code, kind) for codes, kind in SETS for code in sorted(codes)]


def translate(error: Exception) -> ReconcilerError:
    with pytest.raises(ReconcilerError) as caught, translated(OPERATION, "us-east-1"):
        raise error
    assert caught.value.__cause__ is error, "the trace still shows what botocore said"
    return caught.value


def client_error(code: str, message: str = "because") -> botocore.ClientError:
    return botocore.ClientError({"Error": {"Code": code, "Message": message}}, "CreateGroup")


@pytest.mark.parametrize(("code", "kind"), CODES, ids=[code for code, _ in CODES])
def test_every_named_code_becomes_its_error(code: str, kind: type[ReconcilerError]) -> None:
    error = translate(client_error(code))
    assert type(error) is kind
    if isinstance(error, AwsError):
        assert (error.operation, error.aws_code, error.region) == (OPERATION, code, "us-east-1")
        assert str(error) == f"{OPERATION}: {code}: because"


def test_no_code_means_two_things() -> None:
    assert len({code for code, _ in CODES}) == len(CODES)


def test_any_other_code_is_a_plain_failure() -> None:
    error = translate(client_error("ValidationError", "MaxSize is too large"))
    assert (type(error), str(error)) == (
        AwsError,
        f"{OPERATION}: ValidationError: MaxSize is too large",
    )


def test_an_error_without_a_code_is_one_too() -> None:
    assert type(translate(botocore.ClientError({"Error": {}}, "X"))) is AwsError


# -- denied ----------------------------------------------------------------------------------

ARN = "arn:aws:sts::123456789012:assumed-role/ci/run"
GROUP = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/x"


@pytest.mark.parametrize(
    ("message", "action", "resource"),
    [
        (
            f"User: {ARN} is not authorized to perform: autoscaling:UpdateAutoScalingGroup on "
            f"resource: {GROUP} because no identity-based policy allows the "
            "autoscaling:UpdateAutoScalingGroup action",
            "autoscaling:UpdateAutoScalingGroup",
            GROUP,
        ),
        (
            "You are not authorized to perform this operation. User: "
            f"{ARN} is not authorized to perform: ec2:CreateTags on resource: "
            "arn:aws:ec2:us-east-1:123456789012:volume/* with an explicit deny in a service "
            "control policy. Encoded authorization failure message: 3vJ-x_",
            "ec2:CreateTags",
            "arn:aws:ec2:us-east-1:123456789012:volume/*",
        ),
        (
            f"User: {ARN} is not authorized to perform: iam:PassRole on resource: "
            "arn:aws:iam::123456789012:role/workstation",
            "iam:PassRole",
            "arn:aws:iam::123456789012:role/workstation",
        ),
        (
            f"User: {ARN} is not authorized to perform: elasticfilesystem:Describe because",
            "elasticfilesystem:Describe",
            "*",
        ),
        (f"User {ARN} is not authorized to perform fsx:TagResource", "fsx:TagResource", "*"),
        ("You are not authorized to perform this operation.", OPERATION, "*"),
        ("", OPERATION, "*"),
    ],
    ids=[
        "identity-policy",
        "ec2-and-scp",
        "pass-role",
        "no-resource",
        "no-colon",
        "says-nothing",
        "empty",
    ],
)
def test_denied_names_the_action_to_allow_and_on_what(
    message: str, action: str, resource: str
) -> None:
    error = translate(client_error("AccessDenied", message))
    assert isinstance(error, Denied)
    assert (error.action, error.resource) == (action, resource)
    assert error.operation == OPERATION, "what was called is told beside it"


# -- credentials and the way there -----------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        botocore.NoCredentialsError(),
        botocore.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        botocore.CredentialRetrievalError(provider="process", error_msg="exit 1"),
        botocore.TokenRetrievalError(provider="sso", error_msg="expired"),
        botocore.UnauthorizedSSOTokenError(),
        botocore.SSOTokenLoadError(error_msg="no token"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_with_credentials_is_the_callers_to_mend(error: Exception) -> None:
    said = translate(error)
    assert (type(said), said.exit_code) == (UsageError, 2)
    assert str(said).startswith("no usable AWS credentials: ")


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_refused_credentials_say_how_to_sign_in(code: str) -> None:
    said = translate(client_error(code, "The security token is expired"))
    assert said.exit_code == 2
    assert "aws sso login" in str(said)
    assert code in str(said)


@pytest.mark.parametrize(
    "error",
    [
        botocore.EndpointConnectionError(endpoint_url="http://x"),
        botocore.ConnectTimeoutError(endpoint_url="http://x"),
        botocore.ReadTimeoutError(endpoint_url="http://x"),
        botocore.ConnectionClosedError(endpoint_url="http://x"),
        botocore.SSLError(endpoint_url="http://x", error=OSError("bad")),
        botocore.ProxyConnectionError(proxy_url="http://x", error="bad"),
        botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        botocore.PaginationError(message="the same token twice"),
        ResponseParserError("Unable to parse response"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_usable_answer_is_unreachable(error: Exception) -> None:
    said = translate(error)
    assert isinstance(said, Unreachable)
    assert (said.aws_code, said.operation) == (type(error).__name__, OPERATION)


def test_a_mistake_of_ours_in_a_request_is_a_failure_and_not_a_crash() -> None:
    assert type(translate(botocore.ParamValidationError(report="x"))) is AwsError


@pytest.mark.parametrize("error", [KeyError("x"), UsageError("mine")], ids=["bug", "ours"])
def test_what_is_not_botocores_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translated(OPERATION, "us-east-1"):
        raise error
    assert caught.value is error


# -- on the wire -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "called"),
    [
        ("autoscaling", "describe_auto_scaling_groups", {}, "DescribeAutoScalingGroups"),
        ("ec2", "describe_volumes", {}, "DescribeVolumes"),
        ("fsx", "describe_file_systems", {}, "DescribeFileSystems"),
        ("events", "list_rules", {}, "ListRules"),
        ("scheduler", "get_schedule_group", {"Name": "acme"}, "GetScheduleGroup"),
        ("sns", "get_topic_attributes", {"TopicArn": "arn"}, "GetTopicAttributes"),
        ("iam", "get_role", {"RoleName": "x"}, "GetRole"),
        ("ssm", "get_parameters", {"Names": ["x"]}, "GetParameters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_code_is_found_in_every_services_own_way_to_say_it(
    wire: Wire, service: str, operation: str, parameters: dict[str, object], called: str
) -> None:
    wire.in_turn(service, failure(service, "AccessDeniedException", "no"))
    with pytest.raises(Denied) as caught:
        wire.door.call(service, operation, **parameters)
    assert caught.value.action == f"{service}:{called}"
    assert caught.value.message == "no"
