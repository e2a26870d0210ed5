"""AWS's error codes in our words: every code of every set, and what a person is told."""

from __future__ import annotations

from pathlib import Path

import botocore.exceptions as botocore
import pytest
import yaml
from botocore.parsers import ResponseParserError

from reconciler import errors as product_errors
from reconciler.aws import errors
from reconciler.aws.errors import translated
from reconciler.errors import (
    AlreadyExists,
    AwsError,
    Denied,
    InvalidTemplate,
    NotFound,
    NotReady,
    ReconcilerError,
    RegionRefused,
    Throttled,
    Unreachable,
    UsageError,
)
from tests.aws.conftest import Wire
from tests.support.answers import failure

OPERATION = "autoscaling:CreateAutoScalingGroup"
ANSWERS: list[dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "answers.yaml").read_text()
)
SETS: list[tuple[frozenset[str], type[ReconcilerError]]] = [
    (errors.NOT_FOUND, NotFound),
    (errors.ALREADY_EXISTS, AlreadyExists),
    (errors.NOT_READY, NotReady),
    (errors.THROTTLED, Throttled),
    (errors.DENIED, Denied),
    (errors.EXPIRED, UsageError),
    (errors.REFUSED, UsageError),
    (errors.CLOCK, UsageError),
]
CODES = [(code, kind) for codes, kind in SETS for code in sorted(codes)]


def translate(
    error: Exception, operation: str = OPERATION, signed_in: bool = False
) -> ReconcilerError:
    with (
        pytest.raises(ReconcilerError) as caught,
        translated(operation, "us-east-1", signed_in),
    ):
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
    else:
        assert code in str(error)


def test_no_code_means_two_things() -> None:
    assert len({code for code, _ in CODES}) == len(CODES)


def test_any_other_code_is_a_plain_failure() -> None:
    error = translate(client_error("ValidationError", "MaxSize is too large"))
    assert (type(error), str(error)) == (
        AwsError,
        f"{OPERATION}: ValidationError: MaxSize is too large",
    )


@pytest.mark.parametrize("code", ["InvalidParameterValue", "InvalidAttributeValue"])
def test_a_dead_letter_queue_that_is_not_there_yet_is_waited_for(code: str) -> None:
    """The same codes mean anything else with any other text."""
    reason = "for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
    assert type(translate(client_error(code, f"Value {{}} {reason}"))) is NotFound
    assert type(translate(client_error(code, "Value 7 is out of range"))) is AwsError


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
    raised = translate(error)
    assert (type(raised), raised.exit_code) == (UsageError, 2)
    assert str(raised).startswith("no usable AWS credentials: ")


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_refused_credentials_say_how_to_sign_in(code: str) -> None:
    raised = translate(client_error(code, "The security token is expired"))
    assert raised.exit_code == 2
    assert "aws sso login" in str(raised)
    assert code in str(raised)


@pytest.mark.parametrize("code", sorted(errors.REFUSED))
def test_a_region_that_refuses_good_credentials_is_one_broken_region(code: str) -> None:
    raised = translate(client_error(code, "not valid"), signed_in=True)
    assert type(raised) is RegionRefused
    assert (raised.exit_code, raised.region) == (1, "us-east-1")
    assert "us-east-1 refuses credentials" in str(raised)
    assert "is this region enabled in this account?" in str(raised)


@pytest.mark.parametrize("code", sorted(errors.EXPIRED))
def test_a_session_that_ends_meanwhile_ends_the_run(code: str) -> None:
    raised = translate(client_error(code, "Request has expired."), signed_in=True)
    assert (type(raised), raised.exit_code) == (UsageError, 2)
    assert "enabled" not in str(raised), "every region says the same of it"


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("RequestTimeTooSkewed", "The difference is too large"),
        ("InvalidSignatureException", "Signature expired: 20261123T100000Z is now earlier than"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20261123T100000Z is still later"),
    ],
)
def test_a_wrong_clock_is_no_wrong_key(code: str, text: str, signed_in: bool) -> None:
    raised = translate(client_error(code, text), signed_in=signed_in)
    assert type(raised) is UsageError
    assert str(raised).endswith("; set the clock")
    assert "sign in" not in str(raised)


def test_a_door_knows_whether_aws_took_its_credentials(wire: Wire) -> None:
    refused = failure("ec2", "AuthFailure", "AWS was not able to validate the credentials")
    wire.in_turn("ec2", refused, refused)
    with pytest.raises(UsageError, match="sign in again"):
        wire.door.call("ec2", "describe_volumes")
    wire.session.account = "123456789012"  # as after the first call
    with pytest.raises(RegionRefused):
        wire.door.call("ec2", "describe_volumes")


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
    raised = translate(error)
    assert isinstance(raised, Unreachable)
    assert (raised.aws_code, raised.operation) == (type(error).__name__, OPERATION)


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


# -- answers that were seen ------------------------------------------------------------------


@pytest.mark.parametrize(
    "row", ANSWERS, ids=[f"{row['becomes']}-{n}" for n, row in enumerate(ANSWERS)]
)
def test_every_answer_that_was_seen_becomes_its_error(row: dict[str, str]) -> None:
    error = translate(client_error(row["code"], row["text"]), row["call"], signed_in=True)
    assert type(error) is getattr(product_errors, row["becomes"])
    assert row["source"].startswith("https://")
    assert set(row) == {"call", "code", "text", "becomes", "source"}


def test_a_template_that_may_not_be_used_names_every_right_and_how_to_tell() -> None:
    for template, named in (
        ("lt-0b27953098b749950", "LaunchTemplateId=lt-0b27953098b749950"),
        ("acme-alice", "LaunchTemplateName=acme-alice"),
    ):
        text = f"You are not authorized to use launch template: {template}"
        error = translate(client_error("AccessDenied", text))
        assert isinstance(error, Denied)
        message = str(error)
        for right in ("ec2:RunInstances on *", "iam:PassRole", "ec2:CreateTags", "ssm:Get"):
            assert right in message
        assert "service control policy" in message
        assert "aws ec2 run-instances --dry-run --region us-east-1 --launch-template" in message
        assert f"'{named},Version=$Latest'" in message
        assert "allow autoscaling:" not in message, "that is allowed"


def test_a_template_that_names_what_is_gone_is_not_a_group_that_is_gone() -> None:
    text = (
        "You must use a valid fully-formed launch template. The image id '[ami-0a1b]' does not "
        "exist"
    )
    error = translate(client_error("ValidationError", text))
    assert type(error) is InvalidTemplate
    assert error.message == "The image id '[ami-0a1b]' does not exist"
    assert str(error) == (
        f"{OPERATION}: EC2 does not take the launch template: The image id '[ami-0a1b]' does not "
        "exist (correct what the sentence names, in the YAML or in the account)"
    )
    bare = translate(
        client_error("ValidationError", "You must use a valid fully-formed launch template.")
    )
    assert type(bare) is InvalidTemplate
    assert isinstance(bare, AwsError)
    assert bare.message.startswith("You must use")


@pytest.mark.parametrize(
    "row", [row for row in ANSWERS if row["becomes"] == "NotReady"], ids=lambda row: row["code"]
)
def test_what_waits_for_something_new_says_what_to_look_at_where_it_lasts(
    row: dict[str, str],
) -> None:
    error = translate(client_error(row["code"], row["text"]), row["call"])
    assert isinstance(error, NotReady)
    assert error.message.startswith(row["text"].rstrip("."))
    if row["code"] in ("ValidationError", "ValidationException", "InvalidNetworkSettings"):
        assert "the next run tries again. If it says so" in error.message


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        ("fsx:CreateFileSystem", "InvalidNetworkSettings", "The subnet does not exist"),
        ("ec2:CreateVolume", "BadRequest", "an update is already in progress"),
        ("scheduler:CreateSchedule", "ValidationException", "Invalid Schedule Expression"),
        ("iam:GetInstanceProfile", "ValidationError", "Invalid IAM Instance Profile name"),
    ],
)
def test_waiting_is_read_only_where_it_was_seen(call: str, code: str, text: str) -> None:
    assert not isinstance(translate(client_error(code, text), call), NotReady)
