"""Systems Manager: moto's parameters, and instances that have agents and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.sandbox.operations import AwsError, Call, Wire, operation, page
from reconciler.sandbox.world import hex_id, request_id

AGENT_AFTER = timedelta(seconds=20)
"""How long after its launch an instance is known to Systems Manager."""
AGENT = "3.3.2299.0"
SESSION_DOCUMENTS = frozenset(
    {
        "AWS-StartInteractiveCommand",
        "AWS-StartNonInteractiveCommand",
        "AWS-StartPortForwardingSession",
        "AWS-StartPortForwardingSessionToRemoteHost",
        "AWS-StartSSHSession",
        "SSM-SessionManagerRunShell",
    }
)


def _since(instance: Any) -> datetime:
    """When its agent came up."""
    launched: datetime = instance.launch_time
    return launched.replace(tzinfo=UTC) + AGENT_AFTER


def _connected(call: Call, instance: Any) -> bool:
    runs = instance is not None and instance.state in ("pending", "running")
    return runs and _since(instance) <= call.world.now()


@operation("ssm", "DescribeInstanceInformation")
def information(call: Call) -> Wire:
    """Answer DescribeInstanceInformation, which moto does not have, with the instances whose
    agent has reported; others are absent, as on AWS."""
    size = int(call.params.get("MaxResults", 10))
    if not 5 <= size <= 50:
        raise AwsError("ValidationException", "MaxResults must be between 5 and 50.")
    wanted = list(_filters(call.params))
    rows = [
        _row(call, instance) for instance in call.ec2.all_instances() if _connected(call, instance)
    ]
    found = [row for row in rows if all(row.get(name) in values for name, values in wanted)]
    shown, token = page(found, size, call.params.get("NextToken"))
    return {"InstanceInformationList": shown, "NextToken": token}


def _filters(params: Wire) -> Iterator[tuple[str, list[str]]]:
    """Both ways to filter as (member, values). [M ssm.DescribeInstanceInformation]"""
    pairs = [
        (item["key"], item["valueSet"]) for item in params.get("InstanceInformationFilterList", [])
    ]
    pairs += [(item["Key"], item["Values"]) for item in params.get("Filters", [])]
    members = {
        "InstanceIds": "InstanceId",
        "AgentVersion": "AgentVersion",
        "PingStatus": "PingStatus",
        "PlatformTypes": "PlatformType",
        "ResourceType": "ResourceType",
    }
    for key, values in pairs:
        if key not in members:
            raise AwsError("InvalidFilterKey", f"The filter key {key} is not valid here.")
        yield members[key], values


def _row(call: Call, instance: Any) -> Wire:
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online",
        "LastPingDateTime": call.world.now(),
        "AgentVersion": AGENT,
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Ubuntu",
        "PlatformVersion": "24.04",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": instance.private_dns_name,
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
    }


@operation("ssm", "GetConnectionStatus")
def connection_status(call: Call) -> Wire:
    """Answer GetConnectionStatus, which moto does not have. An instance that does not exist is
    not connected: no error. [M ssm]"""
    target = call.params["Target"]
    connected = _connected(call, call.ec2.get_instance_by_id(target))
    return {"Target": target, "Status": "connected" if connected else "notconnected"}


@operation("ssm", "StartSession")
def start_session(call: Call) -> Wire:
    """Answer StartSession, which moto does not have, with a session as the CLI's plugin takes
    it; nothing is at its other end."""
    target = call.params["Target"]
    document = call.params.get("DocumentName", "SSM-SessionManagerRunShell")
    if document not in SESSION_DOCUMENTS:
        raise AwsError("InvalidDocument", f"Document with name {document} does not exist.")
    if not _connected(call, call.ec2.get_instance_by_id(target)):
        raise AwsError("TargetNotConnected", f"{target} is not connected.")
    session = hex_id("sandbox-")
    channel = f"wss://ssmmessages.{call.region}.amazonaws.com/v1/data-channel/{session}"
    return {
        "SessionId": session,
        "TokenValue": request_id(),
        "StreamUrl": f"{channel}?role=publish_subscribe",
    }
