"""AWS's error codes, named once, in sets; everybody else speaks our errors.

Sources: the service models of botocore, and the EC2 API's list of error codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import botocore.exceptions as botocore
from botocore.parsers import ResponseParserError

from reconciler.errors import (
    AlreadyExists,
    AwsError,
    Denied,
    NotFound,
    NotReady,
    Throttled,
    Unreachable,
    UsageError,
)

NOT_FOUND = frozenset({
    "NotFound",  # sns
    "NotFoundException",
    "ResourceNotFoundException",  # scheduler, events
    "FileSystemNotFound",
    "NoSuchEntity",  # iam
    "ParameterNotFound",
    "InvalidAMIID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.VersionNotFound",
    "InvalidLaunchTemplateName.NotFoundException",
    "InvalidPermission.NotFound",
    "InvalidVolume.NotFound",
})  # fmt: skip

ALREADY_EXISTS = frozenset({
    "AlreadyExists",  # autoscaling
    "ConflictException",  # scheduler
    "IncompatibleParameterError",  # fsx: the token made something else before
    "IdempotentParameterMismatch",  # ec2: likewise
    "InvalidGroup.Duplicate",
    "InvalidLaunchTemplateName.AlreadyExistsException",
    "InvalidPermission.Duplicate",
    "ResourceAlreadyExistsException",
})  # fmt: skip

NOT_READY = frozenset({
    "ConcurrentModificationException",  # events
    "DependencyViolation",
    "IncorrectState",
    "IncorrectModificationState",
    "ResourceContention",
    "ResourceInUse",  # autoscaling: the group still has instances
    "ScalingActivityInProgress",
    "VolumeInUse",
})  # fmt: skip

THROTTLED = frozenset({
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "EC2ThrottledException",
})  # fmt: skip

DENIED = frozenset({
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",  # sns
    "NotAuthorized",
    "UnauthorizedOperation",
})  # fmt: skip

CREDENTIALS = frozenset({
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
})  # fmt: skip

_DENIED_TEXT = re.compile(r"not authorized to perform:? ([\w-]+:\w+)(?: on resource: (\S+))?")
"""The sentence IAM writes for a caller; without it the operation itself names the action."""

_ABSENT_TEXT = re.compile(r"does not exist|not found|could not find", re.IGNORECASE)
"""How Auto Scaling says it: its only code for what is not there is ValidationError."""


@contextmanager
def translated(operation: str, region: str) -> Iterator[None]:
    """Raise our errors for botocore's. `operation` reads `autoscaling:CreateAutoScalingGroup`."""
    try:
        yield
    except botocore.ClientError as error:
        raise _ours(error, operation, region) from error
    except (
        botocore.NoCredentialsError,
        botocore.PartialCredentialsError,
        botocore.CredentialRetrievalError,
        botocore.TokenRetrievalError,
        botocore.UnauthorizedSSOTokenError,
        botocore.SSOTokenLoadError,
    ) as error:
        raise UsageError(f"no usable AWS credentials: {error}") from error
    except (
        botocore.ConnectionError,
        botocore.HTTPClientError,
        ResponseParserError,
        botocore.PaginationError,
        botocore.IncompleteReadError,
    ) as error:
        raise Unreachable(operation, type(error).__name__, str(error), region) from error
    except botocore.BotoCoreError as error:
        raise AwsError(operation, type(error).__name__, str(error), region) from error


def _ours(error: botocore.ClientError, operation: str, region: str) -> AwsError | UsageError:
    code = error.response["Error"].get("Code", "Unknown")
    text = error.response["Error"].get("Message") or ""  # some answers have none
    if code in CREDENTIALS:
        return UsageError(
            f"AWS refused the credentials ({code}: {text}); sign in again, e.g. `aws sso login`"
        )
    if code in DENIED:
        said = _DENIED_TEXT.search(text)
        action = said.group(1) if said else operation
        resource = (said.group(2) if said else None) or "*"
        return Denied(operation, code, text, region, action, resource)
    if code == "ValidationError" and _ABSENT_TEXT.search(text):
        return NotFound(operation, code, text, region)
    for codes, kind in (
        (NOT_FOUND, NotFound),
        (ALREADY_EXISTS, AlreadyExists),
        (NOT_READY, NotReady),
        (THROTTLED, Throttled),
    ):
        if code in codes:
            return kind(operation, code, text, region)
    return AwsError(operation, code, text, region)
