"""Quotas: what is allowed against what is needed, in numbers; what is not known is not fine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.declare.fleet import Fallback
from reconciler.doctor.check import Level
from reconciler.doctor.quotas import groups, lustre, vcpus
from reconciler.errors import AwsError
from reconciler.plan.quotas import ON_DEMAND, SPOT
from reconciler.plan.resolve import Missing
from tests.doctor.views import absent, denied, door, found, lines_of, only, quotas, unmatched, view
from tests.plan.declared import lustre as file_system

G_SPOT, G_PAID, P5_SPOT = "L-3819A6DF", "L-DB2E81BA", "L-C4BD4855"
FALLBACK: dict[str, Any] = {"on_demand_fallback": Fallback(600, 28800)}
SPOT_ONLY: dict[str, Any] = {"spot_policy": "spot"}
PAID: dict[str, Any] = {"spot_policy": "on-demand"}


def allowing(**values: float) -> Any:
    return door(list_service_quotas=quotas(**{k.replace("-", "_"): v for k, v in values.items()}))


def test_room_for_all_is_ok_in_both_markets() -> None:
    assert lines_of(vcpus, view(alice=FALLBACK)) == [
        "ok: All G and VT Spot Instance Requests: 64 vCPUs, at most 16 needed by 1",
        "ok: Running On-Demand G and VT instances: 64 vCPUs, at most 16 needed by 1",
    ]


def test_spot_asks_for_no_on_demand_and_on_demand_for_no_spot() -> None:
    assert [text[:14] for text in lines_of(vcpus, view(alice=SPOT_ONLY))] == ["ok: All G and "]
    assert [text[:11] for text in lines_of(vcpus, view(alice=PAID))] == ["ok: Running"]


def test_less_than_the_sum_is_a_warning_with_the_numbers_and_the_way_to_more() -> None:
    finding = only(vcpus, view(allowing(**{G_SPOT: 20}), alice=SPOT_ONLY, bob=SPOT_ONLY))
    assert finding.level is Level.WARNING
    assert "20 vCPUs, at most 32 needed by 2" in finding.message
    assert finding.workstations == ("alice", "bob")
    assert finding.fix == (
        "raise All G and VT Spot Instance Requests (L-3819A6DF) in us-east-1 to 32 vCPUs or more: "
        "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-3819A6DF"
    )


@pytest.mark.parametrize("limit", [0, 3])
def test_less_than_the_smallest_type_of_one_is_an_error(limit: float) -> None:
    finding = only(vcpus, view(allowing(**{G_SPOT: limit}), alice=SPOT_ONLY))
    assert finding.level is Level.ERROR
    assert f"{limit} vCPUs, 4 needed: can never start (alice)" in finding.message


def test_exactly_enough_is_enough() -> None:
    assert only(vcpus, view(allowing(**{G_SPOT: 16}), alice=SPOT_ONLY)).level is Level.OK
    assert only(vcpus, view(allowing(**{G_SPOT: 15}), alice=SPOT_ONLY)).level is Level.WARNING
    assert only(vcpus, view(allowing(**{G_SPOT: 4}), alice=SPOT_ONLY)).level is Level.WARNING


def test_a_fallback_without_a_quota_can_never_work() -> None:
    spot, fallback, paid = found(
        vcpus, view(allowing(**{G_SPOT: 64, G_PAID: 0}), alice=FALLBACK, bob=PAID)
    )
    assert spot.level is Level.OK
    levels = {fallback.message.split(": ")[-1], paid.message.split(": ")[-1]}
    assert levels == {"can never start (bob)", "the fallback can never work (alice)"}
    assert {fallback.level, paid.level} == {Level.ERROR}
    assert "L-DB2E81BA" in fallback.fix


def test_one_family_with_room_is_enough_to_start() -> None:
    """p4d has none, but g5 has: fewer pools, no error."""
    pools = {"alice": ("g5.xlarge", "p4d.24xlarge")}
    some = allowing(**{G_SPOT: 64, "L-7212CCBC": 0})
    levels = [finding.level for finding in found(vcpus, view(some, pools, alice=SPOT_ONLY))]
    assert levels == [Level.OK, Level.WARNING]


def test_p5_on_spot_has_a_quota_of_its_own() -> None:
    pools = {"alice": ("p4d.24xlarge", "p5.48xlarge")}
    some = allowing(**{"L-7212CCBC": 96, P5_SPOT: 192})
    assert [finding.level for finding in found(vcpus, view(some, pools, alice=SPOT_ONLY))] == [
        Level.OK
    ] * 2


def test_a_quota_that_was_never_applied_is_the_default() -> None:
    asked: dict[str, str] = {}

    def default(**parameters: str) -> dict[str, Any]:
        asked.update(parameters)
        return {"Quota": {"Value": 0.0}}

    aws = door(list_service_quotas=quotas(), get_aws_default_service_quota=default)
    finding = only(vcpus, view(aws, alice=SPOT_ONLY))
    assert (finding.level, asked) == (Level.ERROR, {"ServiceCode": "ec2", "QuotaCode": G_SPOT})


def test_a_quota_that_cannot_be_read_is_unknown_and_the_others_are_told() -> None:
    pools = {"alice": ("g5.xlarge", "p5.48xlarge")}
    answer = denied("servicequotas:GetAWSDefaultServiceQuota")
    aws = door(list_service_quotas=quotas(L_3819A6DF=64), get_aws_default_service_quota=answer)
    p5, g = found(vcpus, view(aws, pools, alice=SPOT_ONLY))
    assert (p5.level, g.level) == (Level.UNKNOWN, Level.OK)
    assert p5.fix.startswith("allow servicequotas:GetAWSDefaultServiceQuota on *")


def test_a_quota_that_cannot_be_read_holds_nobody_back_for_certain() -> None:
    pools = {"alice": ("g5.xlarge", "p5.48xlarge")}

    def failing(**_: Any) -> Any:
        raise AwsError("servicequotas:X", "NoSuchResourceException", "no")

    aws = door(list_service_quotas=quotas(L_3819A6DF=0), get_aws_default_service_quota=failing)
    levels = [finding.level for finding in found(vcpus, view(aws, pools, alice=SPOT_ONLY))]
    assert levels == [Level.UNKNOWN, Level.WARNING]


def test_denied_quotas_are_unknown_with_the_right_to_ask_for() -> None:
    finding = only(vcpus, view(door(list_service_quotas=denied("servicequotas:ListServiceQuotas"))))
    assert finding.level is Level.UNKNOWN
    assert "allow servicequotas:ListServiceQuotas on *" in finding.fix


def test_types_that_are_not_known_are_not_counted_in_silence() -> None:
    uncounted, rest = found(vcpus, unmatched(view(alice=SPOT_ONLY, bob=SPOT_ONLY), "bob"))
    assert (uncounted.level, uncounted.workstations) == (Level.UNKNOWN, ("bob",))
    assert "needed by 1" in rest.message
    gone = replace(view(), types=Missing("ec2:DescribeInstanceTypes was denied", "denied"))
    assert only(vcpus, gone).level is Level.UNKNOWN


def test_a_family_without_a_known_quota_is_unknown() -> None:
    finding = only(vcpus, view(pools={"alice": ("p6-b200.48xlarge",)}, alice=SPOT_ONLY))
    assert finding.level is Level.UNKNOWN
    assert "p6-b200.48xlarge" in finding.message


def test_each_type_is_counted_once_a_market() -> None:
    for table in (SPOT, ON_DEMAND):
        assert len({quota.code for quota in table}) == len(table)
    assert not {q.code for q in SPOT} & {q.code for q in ON_DEMAND}


# -- Auto Scaling groups -----------------------------------------------------------------------


def there(*names: str) -> Any:
    return lambda: {"AutoScalingGroups": [{"AutoScalingGroupName": name} for name in names]}


@pytest.mark.parametrize(("most", "level"), [(3, Level.OK), (2, Level.ERROR)])
def test_groups_still_to_be_made_need_room(most: int, level: Level) -> None:
    aws = door(
        describe_auto_scaling_groups=there("acme-alice", "web"),
        describe_account_limits=lambda: {"MaxNumberOfAutoScalingGroups": most},
    )
    finding = only(groups, view(aws, alice={}, bob={}))
    assert finding.level is level
    assert f"{most} allowed, 2 there, 1 to be made" in finding.message
    assert ("to 3 or more" in finding.fix) == (level is Level.ERROR)


def test_a_limit_that_cannot_be_read_is_unknown() -> None:
    aws = door(describe_account_limits=denied("autoscaling:DescribeAccountLimits"))
    assert only(groups, view(aws)).level is Level.UNKNOWN


# -- Lustre ------------------------------------------------------------------------------------

HOME = {"home": file_system()}
P2 = {"L_FD6F2F22": 2.0, "L_8F1B9C74": 3600.0}


def made(workstation: str, site: str = "acme", size: int = 1200) -> dict[str, Any]:
    words = ("site", "fleet", "workstation", "file-system")
    tags = dict(zip(words, (site, "vision", workstation, "home"), strict=True))
    return {
        "FileSystemType": "LUSTRE",
        "StorageCapacity": size,
        "LustreConfiguration": {"DeploymentType": "PERSISTENT_2"},
        "Tags": [{"Key": f"reconciler:{k}", "Value": v} for k, v in tags.items()],
    }


def test_without_lustre_nothing_is_asked() -> None:
    aws = door()
    assert found(lustre, view(aws)) == []
    assert aws.calls == []


def test_file_systems_still_to_be_made_need_room_in_number_and_in_size() -> None:
    standing = [made("alice"), made("alice", "beta"), {"FileSystemType": "WINDOWS"}]
    aws = door(
        list_service_quotas=quotas(**P2), describe_file_systems=lambda: {"FileSystems": standing}
    )
    assert [finding.level for finding in found(lustre, view(aws, alice=HOME))] == [
        Level.OK,
        Level.OK,
    ]
    bob = {"home": file_system(workstation="bob", storage_capacity=1201)}
    count, size = found(lustre, view(aws, alice=HOME, bob=bob))
    assert (
        count.message
        == "Lustre Persistent_2 file systems: 2 allowed, 3 needed with those to be made"
    )
    assert size.message.startswith(
        "Lustre Persistent_2 storage capacity: 3600 GiB allowed, 3601 GiB needed"
    )
    assert {count.level, size.level} == {Level.ERROR}
    assert "to 3601 GiB or more" in size.fix


def test_unread_file_systems_are_unknown() -> None:
    aws = door(list_service_quotas=quotas(**P2), describe_file_systems=absent)
    assert only(lustre, view(aws, alice=HOME)).level is Level.UNKNOWN
