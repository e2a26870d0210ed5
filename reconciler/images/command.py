"""Run shell scripts on a builder, by Run Command of Systems Manager, and wait for them.

A script carries all that it needs: no bucket is used. The limits are Systems Manager's: a document
with its parameters has 64 KB (SSM API, MaxDocumentSizeExceeded), and an answer shows the first
24,000 characters of the output (GetCommandInvocation).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from reconciler.errors import AwsError
from reconciler.images.model import Context, Lost
from reconciler.workstation import describe

DOCUMENT = "AWS-RunShellScript"
POLL = 2.0  # seconds
ONLINE_LIMIT = timedelta(minutes=15)
COMMAND_LIMIT = timedelta(minutes=15)
"""The longest command is a restart; what takes longer runs beside it (stage.py)."""

ENDED = frozenset({"Success", "Failed", "Cancelled", "TimedOut"})
GONE = frozenset({"shutting-down", "terminated"})

_REJECTED = "InvalidInstanceId"  # not running, or its agent does not report (SSM API, SendCommand)


@dataclass(frozen=True)
class Output:
    """What a script ended with, and what it printed, as far as Systems Manager shows it."""

    code: int  # -1: the agent has not run it to its end
    stdout: str
    stderr: str


def wait_online(context: Context, instance_id: str) -> None:
    """Wait until Systems Manager can send commands to an instance.

    Raises: Lost when the instance is gone, or does not report in time.
    """
    end = context.now() + ONLINE_LIMIT
    while context.now() < end:
        found = describe.managed_instances(context.aws, [instance_id])
        if any(each.get("PingStatus") == "Online" for each in found):
            return
        if state(context, instance_id) in GONE:
            raise Lost(f"{instance_id} was terminated while it started")
        context.pause(5)
    raise Lost(
        f"{instance_id} did not report to Systems Manager within {ONLINE_LIMIT.seconds // 60} "
        "minutes: check the permissions of its instance profile and its way to the internet"
    )


def state(context: Context, instance_id: str) -> str:
    """Read the state of an instance; `pending` while EC2 does not show it yet."""
    by_id = [{"Name": "instance-id", "Values": [instance_id]}]
    found = describe.instances_where(context.aws, by_id)
    return next((str(item["State"]["Name"]) for item in found), "pending")


def run(context: Context, instance_id: str, script: str, comment: str) -> Output:
    """Run a script as root and return its result.

    Raises: Lost when the instance takes no commands any more.
    """
    try:
        sent = context.aws.call(
            "ssm",
            "send_command",
            InstanceIds=[instance_id],
            DocumentName=DOCUMENT,
            Comment=comment[:100],
            TimeoutSeconds=600,
            Parameters={"commands": [script], "executionTimeout": ["900"]},
        )
    except AwsError as error:
        if error.aws_code == _REJECTED:
            raise Lost(f"{instance_id} takes no commands: {error.message}") from error
        raise
    command, end = sent["Command"]["CommandId"], context.now() + COMMAND_LIMIT
    while context.now() < end:
        context.pause(POLL)
        found = _invocation(context, command, instance_id)
        if found is not None:
            return found
    return Output(-1, "", f"no result of {comment} within {COMMAND_LIMIT.seconds // 60} minutes")


def _invocation(context: Context, command: str, instance_id: str) -> Output | None:
    try:
        found = context.aws.call(
            "ssm", "get_command_invocation", CommandId=command, InstanceId=instance_id
        )
    except AwsError as error:
        if error.aws_code == "InvocationDoesNotExist":  # not visible yet
            return None
        raise
    if found["Status"] not in ENDED:
        return None
    code = int(found.get("ResponseCode", -1))
    if found["Status"] != "Success" and code == 0:
        code = -1
    return Output(
        code,
        str(found.get("StandardOutputContent", "")),
        str(found.get("StandardErrorContent", "")),
    )
