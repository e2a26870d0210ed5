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
    InvalidTemplate,
    NotFound,
    NotReady,
    RegionRefused,
    Throttled,
    Unreachable,
    UsageError,
)

NOT_FOUND = frozenset({
    "AWS.SimpleQueueService.NonExistentQueue",  # sqs, as it was before JSON
    "AccessPointNotFound",  # efs
    "FileSystemNotFound",
    "InvalidAMIID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidKeyPair.NotFound",
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.VersionNotFound",
    "InvalidLaunchTemplateName.NotFoundException",
    "InvalidPermission.NotFound",
    "InvalidSnapshot.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidVolume.NotFound",
    "MountTargetNotFound",  # efs
    "NoSuchEntity",  # iam
    "NoSuchResourceException",  # service-quotas
    "NotFound",  # sns
    "NotFoundException",
    "ParameterNotFound",
    "QueueDoesNotExist",  # sqs
    "ResourceNotFound",  # sns
    "ResourceNotFoundException",  # scheduler, events
    "SecurityGroupNotFound",  # efs
    "SubnetNotFound",  # efs
})  # fmt: skip

ALREADY_EXISTS = frozenset({
    "AccessPointAlreadyExists",  # efs
    "AlreadyExists",  # autoscaling
    "ConflictException",  # scheduler
    "FileSystemAlreadyExists",  # efs: its token was used
    "IncompatibleParameterError",  # fsx: the token made something else before
    "IdempotentParameterMismatch",  # ec2: likewise
    "InvalidGroup.Duplicate",
    "InvalidLaunchTemplateName.AlreadyExistsException",
    "InvalidPermission.Duplicate",
    "QueueAlreadyExists",  # sqs: with other attributes
    "QueueNameExists",
    "ResourceAlreadyExistsException",
})  # fmt: skip

NOT_READY = frozenset({
    "AWS.SimpleQueueService.QueueDeletedRecently",
    "ConcurrentAccess",  # sns: the topic's tags are being changed
    "ConcurrentModificationException",  # events
    "ConcurrentTagAccess",  # ec2
    "DependencyViolation",
    "IncorrectFileSystemLifeCycleState",  # efs: it is not available yet
    "IncorrectModificationState",  # ec2: a volume is still being changed
    "IncorrectMountTargetState",  # efs
    "IncorrectState",
    "QueueDeletedRecently",  # sqs: its name is free again after 60 seconds
    "ResourceContention",
    "ResourceInUse",  # autoscaling: the group still has instances
    "ScalingActivityInProgress",
    "ServiceLinkedRoleFailure",  # autoscaling: the role is not ready for use yet
    "StaleTag",  # sns
    "TooManyRequests",  # efs: its throughput mode changes once in 24 hours
    "VolumeInUse",
    "VolumeModificationRateExceeded",  # ec2: a volume is changed a few times a day at most
})  # fmt: skip

THROTTLED = frozenset({
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "KMSThrottling",  # sns
    "KmsThrottled",  # sqs
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",  # sqs
    "RequestThrottledException",
    "SlowDown",
    "Throttled",  # sns
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
})  # fmt: skip

DENIED = frozenset({
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",  # sns
    "KMSAccessDenied",  # sns
    "KmsAccessDenied",  # sqs
    "NotAuthorized",
    "UnauthorizedOperation",
})  # fmt: skip

EXPIRED = frozenset({
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",  # what EC2 says of a session that is over
    "TokenRefreshRequired",
})  # fmt: skip
"""A session that is over: everywhere, so the run ends."""

REFUSED = frozenset({
    "AuthFailure",  # ec2
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "SubscriptionRequiredException",
    "UnrecognizedClientException",
})  # fmt: skip
"""What AWS says of credentials it does not know. A region that the account has not enabled says
the same of good ones (EC2 API error codes, AuthFailure; IAM user guide, "Managing AWS STS in an
AWS Region"), so after the sign-in it is about the region."""

CLOCK = frozenset({"RequestInTheFuture", "RequestTimeTooSkewed"})

_CLOCK_TEXT = re.compile(r"signature (?:expired|not yet current)", re.IGNORECASE)
"""SigV4's way to say it, under the code of a signature that does not match."""

_DENIED_TEXT = re.compile(r"not authorized to perform:? ([\w-]+:\w+)(?: on resource: (\S+))?")
"""The sentence IAM writes for a caller; without it the operation itself names the action."""

_IMAGE_TEXT = re.compile(r"not authorized for images", re.IGNORECASE)
"""EC2's AuthFailure about an image that is not shared: no trouble with credentials."""
_DEAD_LETTERS_TEXT = "Dead letter target does not exist"
"""How SQS says that a queue's dead-letter queue is not there, or not there yet."""

_TAKEN_TEXT = "already exists in this AZ"
"""How EFS says that a zone has its mount target; the same code says that it is in another VPC."""

_ABSENT_TEXT = re.compile(r"does not exist|not found|could not find", re.IGNORECASE)
"""How Auto Scaling says it: its only code for what is not there is ValidationError."""

_TEMPLATE_DENIED = re.compile(
    r"not authorized to use launch template:? *([\w.()/-]*)", re.IGNORECASE
)
"""Auto Scaling asks EC2 whether the caller may launch, and does not tell what EC2 answered (EC2
Auto Scaling user guide, "Troubleshoot issues with launch templates")."""

_TEMPLATE = re.compile(
    r"(?:you must use a valid fully-formed launch template\.|invalid launch template:)\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
"""What EC2 says of the template follows (the same page)."""

_TOO_NEW = (
    (
        "autoscaling",
        re.compile(r"invalid IAM instance profile", re.IGNORECASE),
        "IAM shows a new instance profile to EC2 after some seconds; the next run tries again. If "
        "it says so for longer than ten minutes, correct instance_profile in the YAML, or make it",
    ),
    (
        "fsx",
        re.compile(r"do not permit Lustre", re.IGNORECASE),
        "FSx sees new rules of a security group after some seconds; the next run tries again. If "
        "it says so again, look whether somebody changed the rules of the file system's group",
    ),
    (
        "scheduler",
        re.compile(r"must allow AWS EventBridge Scheduler to assume the role", re.IGNORECASE),
        "IAM shows a new role to Scheduler after some minutes; the next run tries again. If it "
        "says so for longer than ten minutes, correct the role's trust policy: "
        "`reconcile iam --role scheduler --trust` prints it",
    ),
)
"""By service and text: right, of resources that were created shortly before. Nothing says how old
one is, so the reason says what to check where it lasts."""

_BUSY_TEXT = re.compile(
    r"already in progress|being (?:updated|optimized)|storage optimization|\b(?:6|six) hours\b",
    re.IGNORECASE,
)
"""FSx has no code for a change that has to wait for another, or for six hours (FSx for Lustre user
guide, "Managing storage capacity")."""


@contextmanager
def translated(operation: str, region: str, signed_in: bool = False) -> Iterator[None]:
    """Raise our errors for botocore's. `operation` reads `autoscaling:CreateAutoScalingGroup`.

    `signed_in`: AWS took the same credentials before, so that they are good is known.
    """
    try:
        yield
    except botocore.ClientError as error:
        code = error.response["Error"].get("Code", "Unknown")
        text = error.response["Error"].get("Message") or ""  # some answers have none
        raise _translation(operation, code, text, region, signed_in) from error
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


def _translation(
    operation: str, code: str, text: str, region: str, signed_in: bool
) -> AwsError | UsageError:
    """Translate by trouble with the credentials, then by words of the text, then by the code."""
    return (
        _credentials(operation, code, text, region, signed_in)
        or _denied(operation, code, text, region)
        or _by_text(operation, code, text, region)
        or _by_code(code)(operation, code, text, region)
    )


def _credentials(
    operation: str, code: str, text: str, region: str, signed_in: bool
) -> AwsError | UsageError | None:
    """Trouble with who asks, or with when; None for any other."""
    if code in CLOCK or (code in REFUSED and _CLOCK_TEXT.search(text)):
        return UsageError(f"AWS refused the time of the request ({code}: {text}); set the clock")
    if code in EXPIRED or (code in REFUSED and not signed_in):
        elsewhere = "" if code in EXPIRED else f"; or is {region} not enabled in this account?"
        return UsageError(
            f"AWS refused the credentials ({code}: {text}); sign in again, e.g. "
            f"`aws sso login`{elsewhere}"
        )
    if code in REFUSED and not _IMAGE_TEXT.search(text):
        return RegionRefused(operation, code, text, region)
    return None


def _denied(operation: str, code: str, text: str, region: str) -> Denied | None:
    if code not in DENIED:
        return None
    template = _TEMPLATE_DENIED.search(text)
    if template:
        advice = _rights(template.group(1), region)
        return Denied(operation, code, text, region, "ec2:RunInstances", "*", advice)
    named = _DENIED_TEXT.search(text)
    action = named.group(1) if named else operation
    resource = (named.group(2) if named else None) or "*"
    return Denied(operation, code, text, region, action, resource)


def _by_text(operation: str, code: str, text: str, region: str) -> AwsError | None:
    """What has no code of its own; None for any other."""
    service = operation.partition(":")[0]
    for of, found, advice in _TOO_NEW:
        if service == of and found.search(text):
            return NotReady(operation, code, f"{text.rstrip('.')}; {advice}", region)
    if (service, code) == ("fsx", "BadRequest") and _BUSY_TEXT.search(text):
        return NotReady(operation, code, f"{text.rstrip('.')}; a later run changes it", region)
    if code == "MountTargetConflict" and _TAKEN_TEXT in text:
        return AlreadyExists(operation, code, text, region)
    invalid = _TEMPLATE.match(text)
    if invalid:
        return InvalidTemplate(operation, code, invalid.group(1) or text, region)
    absent = code == "ValidationError" and _ABSENT_TEXT.search(text)
    dead_letters = ("InvalidParameterValue", "InvalidAttributeValue")
    if absent or (code in dead_letters and _DEAD_LETTERS_TEXT in text):
        return NotFound(operation, code, text, region)
    return None


def _by_code(code: str) -> type[AwsError]:
    kinds: tuple[tuple[frozenset[str], type[AwsError]], ...] = (
        (NOT_FOUND, NotFound),
        (ALREADY_EXISTS, AlreadyExists),
        (NOT_READY, NotReady),
        (THROTTLED, Throttled),
    )
    return next((kind for codes, kind in kinds if code in codes), AwsError)


def _rights(template: str, region: str) -> str:
    """What may be missing behind a launch template that may not be used, and how to tell."""
    kind = "LaunchTemplateId" if template.startswith("lt-") else "LaunchTemplateName"
    name = f"{kind}={template or 'NAME'}"
    return (
        "one of these is missing, or a service control policy denies it: ec2:RunInstances on *, "
        "iam:PassRole on the instance profile's role, ec2:CreateTags, ssm:GetParameters where the "
        "image is a parameter; or the image is not shared with this account. EC2 says which: aws "
        f"ec2 run-instances --dry-run --region {region} --launch-template '{name},Version=$Latest' "
        "--instance-type TYPE --subnet-id SUBNET"
    )
