from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.services import quotas
from tests.sandbox.helpers import IMAGE, Aws, policy, refused

G_ON_DEMAND, G_SPOT, P_SPOT = "L-DB2E81BA", "L-3819A6DF", "L-7212CCBC"
REGION = "us-east-1"


def asked(aws: Aws) -> Any:
    return aws.client("service-quotas")


def test_a_quota_is_the_account_s_and_its_default_aws_s(aws: Aws) -> None:
    words = {"ServiceCode": "ec2", "QuotaCode": G_SPOT}
    quotas.change(aws.sandbox.world, REGION, G_SPOT, 16)
    shown = asked(aws).get_service_quota(**words)["Quota"]
    assert (shown["QuotaName"], shown["Value"]) == ("All G and VT Spot Instance Requests", 16.0)
    assert shown["QuotaArn"] == f"arn:aws:servicequotas:{REGION}:123456789012:ec2/{G_SPOT}"
    assert asked(aws).get_aws_default_service_quota(**words)["Quota"]["Value"] == 0.0
    elsewhere = aws.client("service-quotas", "eu-central-1").get_service_quota(**words)["Quota"]
    assert elsewhere["Value"] > 16


def test_quotas_are_paged(aws: Aws) -> None:
    for call in ("list_service_quotas", "list_aws_default_service_quotas"):
        pages = (
            asked(aws)
            .get_paginator(call)
            .paginate(ServiceCode="ec2", PaginationConfig={"PageSize": 10})
        )
        sizes = [[quota["QuotaCode"] for quota in page["Quotas"]] for page in pages]
        assert [len(codes) for codes in sizes] == [10, 8]
        assert {G_ON_DEMAND, G_SPOT, P_SPOT} < {code for codes in sizes for code in codes}
    one = asked(aws).list_service_quotas(ServiceCode="ec2", QuotaCode=P_SPOT)["Quotas"]
    assert [quota["QuotaCode"] for quota in one] == [P_SPOT]


def test_what_is_not_there(aws: Aws) -> None:
    with refused("NoSuchResourceException"):
        asked(aws).get_service_quota(ServiceCode="ec2", QuotaCode="L-00000000")
    with refused("NoSuchResourceException"):
        asked(aws).get_aws_default_service_quota(ServiceCode="fsx", QuotaCode=G_SPOT)
    lustre = {"ServiceCode": "fsx", "QuotaCode": "L-8F1B9C74"}
    assert asked(aws).get_service_quota(**lustre)["Quota"]["Value"] == 100_800.0
    with refused("NoSuchResourceException"):
        asked(aws).list_service_quotas(ServiceCode="nothing")
    with pytest.raises(ValueError, match=r"L-00000000.*L-DB2E81BA"):
        quotas.change(aws.sandbox.world, REGION, "L-00000000", 1)
    with pytest.raises(ValueError, match="not -1"):
        quotas.change(aws.sandbox.world, REGION, G_SPOT, -1)


def test_a_quota_that_was_never_applied_is_aws_s_default(aws: Aws) -> None:
    quotas.change(aws.sandbox.world, REGION, G_ON_DEMAND, None)
    with refused("NoSuchResourceException"):
        asked(aws).get_service_quota(ServiceCode="ec2", QuotaCode=G_ON_DEMAND)
    codes = [q["QuotaCode"] for q in asked(aws).list_service_quotas(ServiceCode="ec2")["Quotas"]]
    assert G_ON_DEMAND not in codes
    with refused("VcpuLimitExceeded", "limit of 0 allows"):
        aws.ec2.run_instances(ImageId=IMAGE, InstanceType="g5.xlarge", MinCount=1, MaxCount=1)


@pytest.mark.parametrize(
    ("code", "on_demand", "message"),
    [
        (
            G_SPOT,
            0,
            "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance "
            "count exceeded. Launching EC2 instance failed.",
        ),
        (
            G_ON_DEMAND,
            100,
            "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more "
            "vCPU capacity than your current vCPU limit of 4 allows for the instance bucket that "
            "the specified instance type belongs to.",
        ),
    ],
)
def test_the_vcpus_of_a_market_are_counted(
    aws: Aws, code: str, on_demand: int, message: str
) -> None:
    aws.template()
    quotas.change(aws.sandbox.world, REGION, code, 4)
    words = policy({"InstanceType": "g5.xlarge"}, on_demand=on_demand)
    for name in ("first", "second"):
        aws.group(name, DesiredCapacity=1, MixedInstancesPolicy=words)
    other = policy({"InstanceType": "g5.xlarge"}, on_demand=100 - on_demand)
    aws.group("other", DesiredCapacity=1, MixedInstancesPolicy=other)
    assert [len(aws.described(name)["Instances"]) for name in ("first", "second", "other")] == [
        1,
        0,
        1,
    ]
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="second")
    (failed,) = found["Activities"]
    assert failed["StatusMessage"].startswith(message)
    assert failed["StatusCode"] == "Failed"
    quotas.change(aws.sandbox.world, REGION, code, 8)
    assert len(aws.described("second")["Instances"]) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("g6f.large", G_SPOT),
        ("gr6.4xlarge", G_SPOT),
        ("vt1.3xlarge", G_SPOT),
        ("p4d.24xlarge", P_SPOT),
        ("p5en.48xlarge", "L-C4BD4855"),
        ("p6-b200.48xlarge", None),
        ("im4gn.large", "L-34B43A08"),
        ("t3.micro", "L-34B43A08"),
        ("trn1.2xlarge", "L-6B0D517C"),
        ("inf2.xlarge", "L-B5D1601B"),
        ("hpc7a.12xlarge", None),
    ],
)
def test_which_quota_counts_a_type(name: str, code: str | None) -> None:
    quota = quotas.quota_of(name, "spot")
    assert (quota.code if quota else None) == code
