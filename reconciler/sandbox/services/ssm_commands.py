"""Run Command of Systems Manager: commands take time, and have the results that a test orders.

Nothing runs here. A command succeeds without output, unless an order matches its text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from reconciler.sandbox.operations import AwsError, Call, MotoResult, Wire, operation
from reconciler.sandbox.world import World

TAKES = timedelta(seconds=2)
REBOOTS = timedelta(seconds=60)
"""A script that ends with 194 is started again after a restart of the machine. [D
systems-manager send-commands-reboot]"""
REBOOT = 194
LARGEST = {"StandardOutputContent": 24_000, "StandardErrorContent": 8_000}
"""[M ssm.GetCommandInvocation]"""
LARGEST_DOCUMENT = 64 * 1024
"""[M ssm.MaxDocumentSizeExceeded]: the document with its parameters filled in, as the sandbox reads
it."""

BUILD_FACTS = {
    "version": "1",
    "os": "ubuntu-24.04",
    "arch": "x86_64",
    "flavour": "open",
    "kernel": "6.8.0-1069-aws",
    "driver": "580.178.04",
    "dcv": "2025.0-20103",
    "lustre": "",
}


@dataclass
class Result:
    """What the commands print and end with whose text contains `match`, so many times."""

    match: str
    exit: int = 0
    stdout: str = ""
    stderr: str = ""
    times: int | None = None  # None: always


@dataclass
class Sent:
    """One command on one instance, and its result when it is due."""

    instance_id: str
    script: str
    due: datetime
    status: str = "InProgress"
    result: Result = field(default_factory=lambda: Result(""))


@dataclass
class Commands:
    """The commands of a region, and the results that were ordered for them."""

    sent: dict[str, Sent] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)


def order(world: World, region: str, result: Result) -> None:
    """Let the next commands that match have this result; the newest order is asked first."""
    world.state(Commands, region).results.insert(0, result)


@operation("ssm", "SendCommand")
def send_command(call: Call) -> MotoResult:
    """Answer SendCommand. Moto believes every instance id; AWS answers InvalidInstanceId for one
    that is not there, does not run, or has no agent. [M ssm.SendCommand]"""
    for instance_id in call.params.get("InstanceIds", []):
        instance = call.ec2.get_instance_by_id(instance_id)
        if instance is None or instance.state != "running":
            raise AwsError("InvalidInstanceId", f"Instance {instance_id} is not in a valid state.")
    script = "\n".join(call.params.get("Parameters", {}).get("commands", []))
    if len(script) > LARGEST_DOCUMENT:
        raise AwsError("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    answer = call.moto()
    command_id = str(answer["Command"]["CommandId"])
    for instance_id in call.params.get("InstanceIds", []):
        sent = Sent(instance_id, script, call.world.now() + TAKES)
        call.state(Commands).sent[command_id] = sent
        call.world.clock.at(sent.due, partial(_finish, call, sent))
    return answer


def _finish(call: Call, sent: Sent) -> str:
    instance = call.ec2.get_instance_by_id(sent.instance_id)
    if instance is None or instance.state != "running":
        sent.status = "Failed"
        sent.result = Result("", -1)
        return ""
    sent.result = _result(call.state(Commands), sent.script)
    if sent.result.exit == REBOOT:
        call.world.clock.at(call.world.now() + REBOOTS, partial(_finish, call, sent))
    else:
        sent.status = "Failed" if sent.result.exit else "Success"
    return ""


def _result(commands: Commands, script: str) -> Result:
    for result in commands.results:
        if result.match in script and result.times != 0:
            if result.times is not None:
                result.times -= 1
            return result
    if "cat /etc/ws/build.json" in script:
        return Result("", stdout=json.dumps(BUILD_FACTS))
    return Result("")


@operation("ssm", "GetCommandInvocation")
def invocation(call: Call) -> Wire:
    """Answer GetCommandInvocation. Moto has a result at once, always the same.

    Output is shown when the command has ended, and only its beginning. [M
    ssm.GetCommandInvocation]
    """
    sent = call.state(Commands).sent.get(call.params["CommandId"])
    if sent is None or sent.instance_id != call.params["InstanceId"]:
        raise AwsError("InvocationDoesNotExist", "")
    ended = sent.status != "InProgress"
    output: dict[str, Any] = {
        "StandardOutputContent": sent.result.stdout,
        "StandardErrorContent": sent.result.stderr,
    }
    return {
        "CommandId": call.params["CommandId"],
        "InstanceId": sent.instance_id,
        "DocumentName": "AWS-RunShellScript",
        "PluginName": "aws:runShellScript",
        "Status": sent.status,
        "StatusDetails": sent.status,
        "ResponseCode": sent.result.exit if ended else -1,
        **{name: text[: LARGEST[name]] if ended else "" for name, text in output.items()},
    }
