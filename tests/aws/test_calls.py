"""No call of AWS in the product is misspelt: services, operations, parameters, members."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.aws.calls import Found, check

PRODUCT = Path(__file__).parent.parent.parent / "reconciler"
DYNAMIC = {
    ("aws/read_cache.py", "operation"),
    ("kinds/auto_scaling_group.py", "group_settings.write(spec, group_settings.FIELDS)"),
    ("kinds/event_rule.py", "tags"),
    ("kinds/group_hook.py", "settings(seconds)"),
    ("kinds/group_update.py", "settings"),
    ("kinds/home_volume.py", "modified"),
    ("kinds/tagging.py", "'tag_resource'"),
    ("kinds/tagging.py", "'untag_resource'"),
    ("kinds/scaling_processes.py", "operation"),
    ("kinds/schedule.py", "_body(group, name, spec)"),
    ("kinds/security_group_rules.py", "operation"),
}
"""What only a run can tell: a service, an operation or some names of parameters are variables.
botocore refuses a wrong one when the call is made, and tests/kinds makes those of every kind."""


@cache
def modules() -> dict[str, Found]:
    """Read every file of the product; the sandbox answers calls."""
    return {
        str(path.relative_to(PRODUCT)): check(path.read_text())
        for path in sorted(PRODUCT.rglob("*.py"))
        if "sandbox" not in path.parts
    }


def test_every_call_names_what_aws_has() -> None:
    faults = [f"{path}: {fault}" for path, module in modules().items() for fault in module.faults]
    assert faults == []
    assert sum(module.calls for module in modules().values()) > 100, "the calls are found at all"


def test_what_only_a_run_can_tell_is_listed() -> None:
    found = {(path, source) for path, module in modules().items() for source in module.dynamic}
    assert found == DYNAMIC


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('aws.call("ecc", "create_volume")', "ecc has no create_volume"),
        ('aws.call("ec2", "make_volume")', "ec2 has no make_volume"),
        (
            'aws.call("ec2", "create_security_group", GroupName="a", Descriptoin="b")',
            "CreateSecurityGroupRequest has no Descriptoin",
        ),
        ('aws.call("sns", "create_topic")', "create_topic needs Name"),
        (
            'aws.call("ec2", "delete_volume", **({"VolumeID": "a"} if b else {}), VolumeId="a")',
            "DeleteVolumeRequest has no VolumeID",
        ),
        (
            'aws.pages("ec2", "describe_volumes", "Volumes", Filters=[{"Name": "a", "Value": b}])',
            "Filter has no Value",
        ),
        (
            'aws.pages("ec2", "describe_volumes", "Volumes", Filters={"Name": "a"})',
            "{'Name': 'a'} is sent as list",
        ),
        ('aws.pages("ec2", "describe_volumes", "Volume")', "DescribeVolumesResult has no Volume"),
        ('aws.pages("ec2", "describe_volumes", "NextToken")', "NextToken is no list in the answer"),
        ('aws.pages("ec2", "create_volume", "Tags")', "CreateVolume has no pages"),
        ('aws.call("sns", "create_topic", Name="a")["Arn"]', "CreateTopicResponse has no Arn"),
        (
            'def f():\n a = {"VolumeId": 1}\n a["Sise"] = 1\n aws.call("ec2", "modify_volume",**a)',
            "ModifyVolumeRequest has no Sise",
        ),
        (
            'def f():\n return {"Nam": "a"}\naws.call("sns", "create_topic", **f())',
            "CreateTopicInput has no Nam",
        ),
    ],
)
def test_a_misspelt_call_is_seen(source: str, fault: str) -> None:
    assert fault in " ".join(map(str, check(source).faults))


def test_a_right_call_is_let_through() -> None:
    assert check('aws.call("sns", "create_topic", Name="a", Tags=b)["TopicArn"]').faults == ()
