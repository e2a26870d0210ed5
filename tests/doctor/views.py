"""A healthy region behind a pretended door, and the view that the checks get of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from reconciler.aws import lookup
from reconciler.doctor.check import Check, Found, TypeFacts, View
from reconciler.doctor.examine import run
from reconciler.errors import Denied, NotFound
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Missing
from tests.plan.declared import IMAGE, NOW, ROLE, resolved, site
from tests.support.fake_aws import FakeAws

A, B = "us-east-1a", "us-east-1b"
TYPES = {
    "g5.xlarge": TypeFacts(4, ("x86_64",)),
    "g5.4xlarge": TypeFacts(16, ("x86_64",)),
    "g5g.xlarge": TypeFacts(4, ("arm64",)),
    "p4d.24xlarge": TypeFacts(96, ("i386", "x86_64")),
    "p5.48xlarge": TypeFacts(192, ("x86_64",)),
    "p6-b200.48xlarge": TypeFacts(192, ("x86_64",)),
}
TRUST = {
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {
                "aws:SourceAccount": "123456789012",
                "aws:SourceArn": "arn:aws:scheduler:us-east-1:123456789012:schedule-group/acme",
            }
        },
    }
}
QUOTAS = {"L-3819A6DF": 64.0, "L-DB2E81BA": 64.0}

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/acme-events-dead"

Answer = Callable[..., Any]


def door(**answers: Answer) -> FakeAws:
    """A region where all is well, but for what the test says."""
    healthy: dict[str, Answer] = {
        "get_parameters": lambda Names: {  # noqa: N803 - AWS's name
            "Parameters": [{"Name": name, "Value": IMAGE.id} for name in Names]
        },
        "describe_images": lambda **_: {"Images": [image()]},
        "describe_subnets": lambda: {
            "Subnets": [subnet(letter, 100) for letter in "abc"],
        },
        "list_instance_profiles": profiles(workstation="workstation"),
        "get_role": lambda **_: {"Role": {"Arn": ROLE, "AssumeRolePolicyDocument": TRUST}},
        "simulate_principal_policy": lambda **_: {
            "EvaluationResults": [{"EvalDecision": "allowed"}]
        },
        "describe_key": lambda KeyId: {  # noqa: N803 - AWS's name
            "KeyMetadata": {"KeyId": KeyId, "KeyState": "Enabled", "Arn": f"arn:{KeyId}"}
        },
        "list_service_quotas": quotas(**QUOTAS),
        "describe_auto_scaling_groups": lambda: {"AutoScalingGroups": []},
        "describe_account_limits": lambda: {"MaxNumberOfAutoScalingGroups": 500},
        "describe_file_systems": lambda: {"FileSystems": []},
        "get_metric_data": metrics(),
        "list_queues": lambda **_: {"QueueUrls": [URL.removesuffix("-dead"), URL]},
        "get_queue_attributes": lambda **_: {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "list_subscriptions_by_topic": lambda **_: {"Subscriptions": []},
    }
    return FakeAws(**{**healthy, **answers})


def profiles(**roles: str) -> Answer:
    """Instance profiles by name, each with a role; "" for none."""
    account = "arn:aws:iam::123456789012:"
    found = [
        {
            "InstanceProfileName": name,
            "Arn": f"{account}instance-profile/{name}",
            "Roles": [{"RoleName": role.rpartition("/")[2], "Arn": f"{account}role/{role}"}]
            if role
            else [],
        }
        for name, role in roles.items()
    ]
    return lambda: {"InstanceProfiles": found}


def metrics(**values: float) -> Answer:
    """Sums by metric, over several days; CloudWatch has none of what never happened."""

    def answer(MetricDataQueries: Any, StartTime: str, EndTime: str) -> Any:  # noqa: N803 - AWS's
        begin, end = datetime.fromisoformat(StartTime), datetime.fromisoformat(EndTime)
        assert end - begin == timedelta(days=7)
        results = []
        for query in MetricDataQueries:
            metric = query["MetricStat"]["Metric"]
            (dimension,) = metric["Dimensions"]
            known = {
                "AWS/Events": {"Name": "RuleName", "Value": "acme-events"},
                "AWS/Scheduler": {"Name": "ScheduleGroup", "Value": "acme"},
            }
            assert dimension == known[metric["Namespace"]]
            total = values.get(metric["MetricName"], 0)
            days = [1.0, float(total - 1)] if total else []
            results.append({"Id": query["Id"], "Values": days})
        return {"MetricDataResults": results}

    return answer


def image(**more: Any) -> dict[str, Any]:
    made = "2026-11-01T00:00:00.000Z"
    return {"ImageId": IMAGE.id, "Name": "g", "State": "available", "CreationDate": made, **more}


def subnet(letter: str, free: int) -> dict[str, Any]:
    return {
        "SubnetId": f"subnet-{letter}",
        "VpcId": "vpc-1",
        "AvailabilityZone": f"us-east-1{letter}",
        "AvailableIpAddressCount": free,
    }


def quotas(**values: float) -> Answer:
    def answer(ServiceCode: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        assert ServiceCode in ("ec2", "fsx")
        return {
            "Quotas": [{"QuotaCode": c.replace("_", "-"), "Value": v} for c, v in values.items()]
        }

    return answer


def view(
    aws: FakeAws | None = None,
    pools: Mapping[str, tuple[str, ...]] | None = None,
    **more: dict[str, Any],
) -> View:
    """Workstations by name, each with what it overrides; `pools` are the types of each.

    Without any there is alice, who may start as a g5.xlarge or g5.4xlarge in two zones.
    """
    stations = [resolved(name, **how) for name, how in (more or {"alice": {}}).items()]
    declared = tuple(station.declared for station in stations)
    types = pools or dict.fromkeys((w.name for w in declared), ("g5.xlarge", "g5.4xlarge"))
    return View(
        site=site(*declared),
        aws=aws or door(),
        lookups=lookup,
        workstations=declared,
        file_systems=tuple(own for workstation in declared if (own := workstation.own_file_system)),
        resolved=tuple(stations),
        findings=(),
        blocked=(),
        pools={name: Pools({A: some, B: some}) for name, some in types.items()},
        types=TYPES,
        now=NOW,
        ahead=timedelta(),
    )


def unmatched(seen: View, name: str) -> View:
    """The same, where the types of one could not be read."""
    gone = Missing("ec2:DescribeInstanceTypeOfferings: Throttling: slow down", "throttled")
    return replace(seen, pools={**seen.pools, name: gone})


def lines_of(check: Check, seen: View) -> list[str]:
    """`level: message` of all a check finds, as whoever runs it tells it."""
    return [f"{finding.level}: {finding.message}" for finding in found(check, seen)]


def found(check: Check, seen: View) -> list[Found]:
    return list(run(check, seen))


def only(check: Check, seen: View) -> Found:
    """The one thing a check finds."""
    (one,) = found(check, seen)
    return one


def denied(action: str, resource: str = "*") -> Answer:
    def answer(**_: Any) -> Any:
        raise Denied(action, "AccessDenied", "no", "us-east-1", action, resource)

    return answer


def absent(**_: Any) -> Any:
    raise NotFound("iam:GetRole", "NoSuchEntity", "cannot be found", "us-east-1")
