"""Every error that a service may answer to our calls has its place, by botocore's own models."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

import reconciler
from reconciler.aws import errors
from reconciler.aws.errors import translated
from reconciler.errors import (
    AlreadyExists,
    AwsError,
    Denied,
    NotFound,
    NotReady,
    ReconcilerError,
    RegionRefused,
    Throttled,
    UsageError,
)

PLAIN = {
    # A value of ours that the service does not take, or a limit: in AWS's own words.
    "BadRequest", "IllegalArgumentException", "InvalidArnException",
    "InvalidEventPatternException",
    "InvalidFilterKey", "InvalidInstanceInformationFilterValue", "InvalidKeyId",
    "InvalidNetworkSettings", "InvalidParameter", "InvalidParameterException",
    "InvalidPerUnitStorageThroughput", "InvalidExportPath", "InvalidImportPath", "InvalidSecurity",
    "InvalidAddress", "InvalidAttributeName", "InvalidAttributeValue",
    "InvalidIdFormat", "InvalidInput", "InvalidInstanceId", "MissingFileSystemConfiguration",
    "NotServiceResourceError", "PolicyEvaluation",
    "ResourceDoesNotSupportTagging",
    "ParameterValueInvalid", "ReceiptHandleIsInvalid", "TagPolicy", "UnsupportedOperation",
    "ValidationException", "LimitExceeded", "LimitExceededException", "OverLimit",
    "ServiceLimitExceeded", "ServiceQuotaExceededException", "TagLimitExceeded",
    "FilterPolicyLimitExceeded", "ReplayLimitExceeded", "SubscriptionLimitExceeded",
    "TopicLimitExceeded",
    # EFS: a limit, no room, or a zone or a VPC that does not fit.
    "AccessPointLimitExceeded", "AvailabilityZonesMismatch", "FileSystemLimitExceeded",
    "InsufficientThroughputCapacity", "IpAddressInUse", "MountTargetConflict",
    "NetworkInterfaceLimitExceeded", "NoFreeAddressesInSubnet", "SecurityGroupLimitExceeded",
    "ThroughputLimitExceeded", "UnsupportedAvailabilityZone",
    # Systems Manager: a command, a document or a parameter that does not fit, or a limit.
    "DuplicateInstanceId", "HierarchyLevelLimitExceededException",
    "HierarchyTypeMismatchException", "IncompatiblePolicyException",
    "InvalidAllowedPatternException", "InvalidCommandId", "InvalidDocument",
    "InvalidDocumentVersion", "InvalidNotificationConfig", "InvalidOutputFolder",
    "InvalidParameters", "InvalidPluginName", "InvalidPolicyAttributeException",
    "InvalidPolicyTypeException", "InvalidRole", "InvocationDoesNotExist",
    "MaxDocumentSizeExceeded", "ParameterAlreadyExists", "ParameterLimitExceeded",
    "ParameterMaxVersionLimitExceeded", "ParameterPatternMismatchException",
    "PoliciesLimitExceededException", "TooManyUpdates", "UnsupportedParameterType",
    "UnsupportedPlatformType",
    # Paging that broke off.
    "ExpiredNextTokenException", "InvalidNextToken", "InvalidNextTokenException",
    "InvalidPaginationTokenException",
    # What we never ask for: Active Directory, mobile push, rules of other services.
    "ActiveDirectoryError", "EndpointDisabled", "ManagedRuleException",
    "PlatformApplicationDisabled",
    # Trouble with somebody's key, which the text names.
    "KMSDisabled", "KMSInvalidState", "KMSNotFound", "KMSOptInRequired", "KmsDisabled",
    "KmsInvalidKeyUsage", "KmsInvalidState", "KmsNotFound", "KmsOptInRequired",
    # AWS's own, after all tries.
    "DependencyTimeoutException", "InternalError", "InternalErrorException", "InternalException",
    "InternalServerError", "InternalServerException", "KMSInternalException", "ServiceException",
    "ServiceFailure",
}  # fmt: skip
"""Modelled errors that stay a plain AwsError, and why."""

COMMON = {
    # General reference of each API, "Common Errors": every service may answer them.
    "AccessDeniedException": Denied, "ExpiredTokenException": UsageError,
    "IncompleteSignature": RegionRefused, "InvalidClientTokenId": RegionRefused,
    "MissingAuthenticationToken": RegionRefused, "NotAuthorized": Denied,
    "OptInRequired": RegionRefused, "RequestExpired": UsageError, "ThrottlingException": Throttled,
    "Throttling": Throttled, "UnrecognizedClientException": RegionRefused,
    "InvalidSignatureException": RegionRefused, "SignatureDoesNotMatch": RegionRefused,
    "InternalFailure": AwsError, "MalformedQueryString": AwsError, "ServiceUnavailable": AwsError,
    "RequestAbortedException": AwsError, "RequestEntityTooLargeException": AwsError,
    "RequestTimeoutException": AwsError, "UnknownOperationException": AwsError,
    "ValidationError": AwsError,
    # EC2 API error codes: of all actions, and of those that are called here. EC2 models none.
    "Blocked": AwsError, "PendingVerification": AwsError, "UnauthorizedOperation": Denied,
    "AuthFailure": RegionRefused, "RequestLimitExceeded": Throttled,
    "DependencyViolation": NotReady,
    "IdempotentParameterMismatch": AlreadyExists, "IncorrectModificationState": NotReady,
    "VolumeModificationRateExceeded": NotReady, "VolumeModificationSizeLimitExceeded": AwsError,
    "VolumeLimitExceeded": AwsError, "InvalidVolume.NotFound": NotFound,
    "InvalidSubnetID.NotFound": NotFound, "InvalidGroup.Duplicate": AlreadyExists,
    "InvalidLaunchTemplateName.AlreadyExistsException": AlreadyExists,
    "ConcurrentTagAccess": NotReady, "TagLimitExceeded": AwsError,
    # On the wire under another name than the model's.
    "AWS.SimpleQueueService.NonExistentQueue": NotFound, "Throttled": Throttled,
}  # fmt: skip

DYNAMIC = {
    ("autoscaling", "suspend_processes"), ("autoscaling", "resume_processes"),
    ("ec2", "authorize_security_group_ingress"), ("ec2", "revoke_security_group_ingress"),
    ("efs", "tag_resource"), ("efs", "untag_resource"),
    ("events", "tag_resource"), ("events", "untag_resource"),
    ("fsx", "tag_resource"), ("fsx", "untag_resource"),
    ("scheduler", "tag_resource"), ("scheduler", "untag_resource"),
    ("sns", "tag_resource"), ("sns", "untag_resource"),
}  # fmt: skip
"""Calls whose operation or service is a variable."""


def calls() -> Iterator[tuple[str, str]]:
    """Service and operation of every call that the product makes."""
    yield from DYNAMIC
    root = Path(str(reconciler.__file__)).parent
    for path in sorted(root.rglob("*.py")):
        if path.is_relative_to(root / "sandbox"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            named = [
                argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant)
            ]
            if node.func.attr in ("call", "pages") and len(named) == 2:
                yield str(named[0]), str(named[1])


def modelled() -> set[tuple[str, str]]:
    """Service and code of every error that botocore's models have for these calls."""
    session = get_session()
    found = set()
    for service, operation in set(calls()):
        model = session.get_service_model(service)
        names = {xform_name(name): name for name in model.operation_names}
        for shape in model.operation_model(names[operation]).error_shapes:
            error = shape.metadata.get("error", {})
            found.add((service, str(error.get("code") or shape.name)))
    return found


NAMED = frozenset().union(
    errors.NOT_FOUND, errors.ALREADY_EXISTS, errors.NOT_READY, errors.THROTTLED, errors.DENIED,
    errors.EXPIRED, errors.REFUSED, errors.CLOCK,
)  # fmt: skip


def translated_(code: str) -> ReconcilerError:
    """What a code becomes after the sign-in."""
    with pytest.raises(ReconcilerError) as caught, translated("x:Y", "us-east-1", signed_in=True):
        raise ClientError({"Error": {"Code": code, "Message": "because"}}, "Y")
    return caught.value


def test_every_error_of_every_call_has_its_place() -> None:
    codes = {code for _, code in modelled()}
    assert len(codes) > 60
    assert not {code for code in codes if code not in NAMED | PLAIN}
    assert not PLAIN & NAMED, "one that is named is not plain"
    assert not PLAIN - codes, "no call has these any more"


@pytest.mark.parametrize(("code", "kind"), COMMON.items(), ids=list(COMMON))
def test_every_documented_common_error_has_its_place(
    code: str, kind: type[ReconcilerError]
) -> None:
    assert type(translated_(code)) is kind
