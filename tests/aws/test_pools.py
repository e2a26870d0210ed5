"""Spot pools: which instance types match, and in which of a workstation's zones they are sold."""

from __future__ import annotations

from typing import Any

from reconciler.aws.pools import PRICE_MEMBERS, pools
from reconciler.errors import Throttled
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Missing
from tests.plan.declared import resolved
from tests.support.fake_aws import FakeAws

A, B = "us-east-1a", "us-east-1b"
SOLD = {("g5.xlarge", A), ("g5.xlarge", B), ("g6.xlarge", B), ("g4dn.xlarge", "us-east-1c")}
THROTTLED = Throttled("ec2:X", "RequestLimitExceeded", "slow down", "us-east-1")


def offerings(LocationType: str, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
    assert LocationType == "availability-zone"
    (wanted,) = (item["Values"] for item in Filters)
    assert len(wanted) <= 200, "EC2 takes no more values in one filter"
    sold = sorted(pair for pair in SOLD if pair[0] in wanted)
    return {"InstanceTypeOfferings": [{"InstanceType": t, "Location": z} for t, z in sold]}


def matching(**parameters: Any) -> dict[str, Any]:
    return {"InstanceTypes": [{"InstanceType": "g6.xlarge"}, {"InstanceType": "g5.xlarge"}]}


def market(**answers: Any) -> FakeAws:
    return FakeAws(
        **{
            "describe_instance_type_offerings": offerings,
            "get_instance_types_from_instance_requirements": matching,
            **answers,
        }
    )


def test_pools_are_types_by_the_zones_of_the_workstation() -> None:
    found = pools(market(), [resolved(zones="ab"), resolved("bob", zones="a")])
    assert found == {
        "alice": Pools({A: ("g5.xlarge",), B: ("g5.xlarge", "g6.xlarge")}),
        "bob": Pools({A: ("g5.xlarge",)}),
    }
    assert [answer.count for answer in found.values() if isinstance(answer, Pools)] == [3, 1]


def test_listed_types_keep_their_order_and_are_not_matched() -> None:
    aws = market()
    listed = resolved(instance_types=("g6.xlarge", "g5.xlarge"), instance_requirements=None)
    assert pools(aws, [listed]) == {
        "alice": Pools({A: ("g5.xlarge",), B: ("g6.xlarge", "g5.xlarge")})
    }
    assert aws.operations == ["describe_instance_type_offerings"]


def test_a_listed_type_that_no_zone_of_the_region_has_is_named() -> None:
    """One that only other zones have is not: it is offered here."""
    listed = resolved(zones="a", instance_types=("g7e.3xlarge", "g4dn.xlarge", "g5.xlarge"))
    assert pools(market(), [listed]) == {"alice": Pools({A: ("g5.xlarge",)}, ("g7e.3xlarge",))}


def test_the_same_need_is_asked_once() -> None:
    aws = market()
    needs: list[dict[str, Any]] = [{"VCpuCount": {"Min": 4}}] * 5 + [{"VCpuCount": {"Min": 8}}]
    pools(aws, [resolved(f"w{i}", instance_requirements=need) for i, need in enumerate(needs)])
    assert len(aws.calls) == 2 + 1


def test_what_the_preview_does_not_know_is_left_out_of_the_question() -> None:
    aws = market()
    need = {"VCpuCount": {"Min": 4}, **dict.fromkeys(PRICE_MEMBERS, 200)}
    pools(aws, [resolved(instance_requirements=need)])
    asked = aws.calls[0].parameters
    assert asked["InstanceRequirements"] == {"VCpuCount": {"Min": 4}}
    assert asked["ArchitectureTypes"] == ["x86_64"]


def test_many_types_are_asked_for_by_two_hundred() -> None:
    types = tuple(f"t{i}.large" for i in range(201))
    aws = market()
    found = pools(aws, [resolved(instance_types=types)])["alice"]
    assert len(aws.calls) == 2
    assert isinstance(found, Pools)
    assert found == Pools({A: (), B: ()}, types)


def test_types_that_cannot_be_matched_are_unknown_for_that_workstation_alone() -> None:
    """Promise 4."""
    aws = market(get_instance_types_from_instance_requirements=THROTTLED)
    found = pools(aws, [resolved(), resolved("bob", instance_types=("g5.xlarge",))])
    assert found["alice"] == Missing(str(THROTTLED), "throttled")
    assert found["bob"] == Pools({A: ("g5.xlarge",), B: ("g5.xlarge",)})


def test_offerings_that_cannot_be_read_are_unknown_for_all() -> None:
    aws = market(describe_instance_type_offerings=THROTTLED)
    found = pools(aws, [resolved(), resolved("bob")])
    assert set(found.values()) == {Missing(str(THROTTLED), "throttled")}
