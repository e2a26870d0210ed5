from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from reconciler.sandbox.services.failures import NAMED
from reconciler.sandbox.services.quotas import QUOTAS
from tests.sandbox.helpers import Aws, order, refused

SPOT = "L-3819A6DF"


def ask(aws: Aws, verb: str, **words: Any) -> tuple[int, Any]:
    """Told something, or asked without words."""
    connection = http.client.HTTPConnection("127.0.0.1", aws.sandbox.port)
    body = json.dumps(words) if words else None
    connection.request("POST" if words else "GET", f"/_sandbox/{verb}", body, order(aws))
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, document


def answer_of(aws: Aws, verb: str, **words: Any) -> Any:
    status, document = ask(aws, verb, **words)
    assert status == 200, document
    return document


def test_a_quota_is_changed_and_shown_with_its_use(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    rows = answer_of(aws, "quota", code=SPOT, vcpus=8)["quotas"]
    assert len(rows) == 2 * len([quota for quota in QUOTAS if quota.service == "ec2"])
    here, there = (row for row in rows if row["code"] == SPOT)
    assert (here["region"], here["vcpus"], here["used"]) == ("us-east-1", 8, 4)
    assert (there["region"], there["used"]) == ("eu-central-1", 0)
    assert answer_of(aws, "quota")["quotas"] == rows
    rows = answer_of(aws, "quota", code=SPOT, vcpus=None, region="eu-central-1")["quotas"]
    assert [row["vcpus"] for row in rows if row["code"] == SPOT] == [8, 0]


def test_a_group_or_an_instance_is_interrupted(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    (member,) = aws.described()["Instances"]
    first = member["InstanceId"]
    assert answer_of(aws, "interrupt", instance=first, only_recommend=True) == {
        "recommended": [first]
    }
    (row,) = answer_of(aws, "interrupt", group="acme-alice")["interrupted"]
    assert row["instance"] == first
    assert row["ends"].endswith("Z")
    happened = answer_of(aws, "clock", forward="2m")["happened"]
    assert [event["what"] for event in happened] == [f"{first}: taken back by Spot"]
    (member,) = aws.described()["Instances"]
    second = member["InstanceId"]
    assert second != first
    answer_of(aws, "interrupt", instance=second, now=True)
    assert aws.described()["Instances"][0]["InstanceId"] != second


def test_calls_are_throttled_until_they_are_relieved(aws: Aws) -> None:
    words = {"service": "ec2", "operation": "DescribeVpcs", "lasting": "1h"}
    (row,) = answer_of(aws, "throttle", **words)["throttled"]
    assert (row["region"], row["service"], row["calls"]) == ("us-east-1", "ec2", None)
    assert row["until"]
    assert answer_of(aws, "throttle")["throttled"] == [row]
    with refused("RequestLimitExceeded"):
        aws.ec2.describe_vpcs()
    assert answer_of(aws, "throttle", relieve=True) == {"throttled": []}
    assert aws.ec2.describe_vpcs()["Vpcs"]
    (row,) = answer_of(aws, "throttle", service="autoscaling", calls=1)["throttled"]
    assert (row["operation"], row["calls"], row["until"]) == ("*", 1, None)
    with refused("Throttling"):
        aws.autoscaling.describe_auto_scaling_groups()
    assert answer_of(aws, "throttle") == {"throttled": []}


def test_a_pool_says_what_it_is_told_to_say(aws: Aws) -> None:
    aws.template()
    pools = {"instance_type": "*", "failure": "spot-quota"}
    (row,) = answer_of(aws, "capacity", take=pools)["away"]
    assert row == {
        "instance_type": "*",
        "zone": "*",
        "market": "spot",
        "failure": "spot-quota",
    }
    aws.group(DesiredCapacity=1)
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="acme-alice")
    assert NAMED["spot-quota"].code in found["Activities"][0]["StatusMessage"]
    assert answer_of(aws, "capacity", give={"instance_type": "*"}) == {"away": []}


@pytest.mark.parametrize(
    ("verb", "words", "why"),
    [
        ("quota", {"code": "L-0", "vcpus": 1}, "no quota L-0; there are L-3819A6DF"),
        ("quota", {"code": SPOT}, "vcpus must be given"),
        ("quota", {"code": SPOT, "vcpus": "8"}, "whole number"),
        ("quota", {"code": SPOT, "vcpus": True}, "whole number"),
        ("quota", {"code": SPOT, "vcpus": -1}, "0 or more"),
        ("quota", {"code": SPOT, "vcpus": 1, "region": "mars-1"}, "nothing in 'mars-1'"),
        ("quota", {"colour": 1}, "unknown: colour"),
        ("interrupt", {"now": True}, "one of instance and group"),
        ("interrupt", {"instance": "i-1", "group": "a"}, "one of instance and group"),
        ("interrupt", {"instance": "i-1", "now": True, "only_recommend": True}, "one of now"),
        ("interrupt", {"instance": "i-1", "now": "yes"}, "true or false"),
        ("interrupt", {"instance": "i-1"}, "no instance i-1 in us-east-1"),
        ("interrupt", {"group": "acme-bob"}, "no Auto Scaling group acme-bob"),
        ("interrupt", {"group": "empty"}, "has no Spot instance now"),
        ("throttle", {"service": "ec2"}, "one of both"),
        ("throttle", {"service": "iam", "calls": 1}, "iam cannot be throttled"),
        ("throttle", {"service": "ec2", "lasting": "soon"}, "not a duration"),
        ("capacity", {"take": {"instance_type": "*", "failure": "x"}}, "not a failure; there are"),
        ("capacity", {"give": {"instance_type": "*", "failure": "key"}}, "unknown: failure"),
    ],
)
def test_what_is_asked_wrongly_is_told_with_what_to_do(
    aws: Aws, verb: str, words: Any, why: str
) -> None:
    aws.template()
    aws.group("empty")
    status, document = ask(aws, verb, **words)
    assert status == 400
    assert why in document["error"]
