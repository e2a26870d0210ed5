from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import IMAGE, Aws, refused

FORWARD = {
    "DocumentName": "AWS-StartPortForwardingSession",
    "Parameters": {"portNumber": ["8443"], "localPortNumber": ["8443"]},
}


@pytest.fixture
def instance(aws: Aws) -> str:
    made = aws.ec2.run_instances(ImageId=IMAGE, InstanceType="g5.xlarge", MinCount=1, MaxCount=1)
    return str(made["Instances"][0]["InstanceId"])


def informed(aws: Aws, **words: Any) -> list[str]:
    found = aws.client("ssm").describe_instance_information(**words)["InstanceInformationList"]
    return [row["InstanceId"] for row in found]


def test_the_agent_is_up_a_little_after_the_launch_until_the_end(aws: Aws, instance: str) -> None:
    ssm = aws.client("ssm")

    def status() -> Any:
        return ssm.get_connection_status(Target=instance)["Status"]

    assert (status(), informed(aws)) == ("notconnected", [])
    with refused("TargetNotConnected", f"{instance} is not connected"):
        ssm.start_session(Target=instance, **FORWARD)
    aws.sandbox.clock.forward(timedelta(seconds=21))
    assert (status(), informed(aws)) == ("connected", [instance])
    session = ssm.start_session(Target=instance, **FORWARD)
    assert session["StreamUrl"].startswith("wss://ssmmessages.us-east-1.amazonaws.com/")
    assert session["SessionId"] in session["StreamUrl"]
    assert session["TokenValue"]
    aws.ec2.terminate_instances(InstanceIds=[instance])
    assert (status(), informed(aws)) == ("notconnected", [])


def test_what_is_not_there(aws: Aws, instance: str) -> None:
    ssm = aws.client("ssm")
    nobody = "i-00000000000000000"
    assert ssm.get_connection_status(Target=nobody)["Status"] == "notconnected"
    with refused("TargetNotConnected"):
        ssm.start_session(Target=nobody)
    with refused("InvalidDocument"):
        ssm.start_session(Target=instance, DocumentName="acme-none")
    with refused("InvalidFilterKey"):
        informed(aws, Filters=[{"Key": "Colour", "Values": ["red"]}])


def test_what_is_known_is_filtered_and_paged(aws: Aws) -> None:
    made = aws.ec2.run_instances(ImageId=IMAGE, InstanceType="g5.xlarge", MinCount=7, MaxCount=7)
    ids = [instance["InstanceId"] for instance in made["Instances"]]
    aws.sandbox.clock.forward(timedelta(minutes=1))
    assert informed(aws, Filters=[{"Key": "InstanceIds", "Values": ids[:2]}]) == ids[:2]
    old = [{"key": "PingStatus", "valueSet": ["ConnectionLost"]}]
    assert informed(aws, InstanceInformationFilterList=old) == []
    pages = (
        aws.client("ssm")
        .get_paginator("describe_instance_information")
        .paginate(PaginationConfig={"PageSize": 5})
    )
    assert [len(page["InstanceInformationList"]) for page in pages] == [5, 2]
    with refused("ValidationException"):
        informed(aws, MaxResults=51)
