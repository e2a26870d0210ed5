"""The two doors: a list is whole or an error, and what is asked twice is sent once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError

from reconciler.aws.read_cache import ReadCache
from reconciler.errors import AwsError, Denied, Throttled, Unreachable
from tests.aws.conftest import Wire
from tests.support.answers import answer, failure, ok
from tests.support.fake_aws import FakeAws


def rules(wire: Wire) -> list[str]:
    return [rule["Name"] for rule in wire.door.pages("events", "list_rules", "Rules")]


def page(*names: str, token: str = "") -> AWSResponse:
    more = {"NextToken": token} if token else {}
    return ok(Rules=[{"Name": name} for name in names], **more)


@pytest.mark.parametrize(
    ("pages", "names"),
    [
        ([page("a", "b")], ["a", "b"]),
        ([page()], []),
        ([page("a", token="1"), page("b", token="2"), page("c")], ["a", "b", "c"]),
        ([page("a", token="1"), page(token="2"), page("c")], ["a", "c"]),
        ([page(token="1"), page("b")], ["b"]),
    ],
    ids=["one", "empty", "three", "an-empty-one-between", "an-empty-one-first"],
)
def test_every_item_of_every_page_in_order(
    wire: Wire, pages: list[AWSResponse], names: list[str]
) -> None:
    wire.in_turn("events", *pages)
    assert rules(wire) == names


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (failure("events", "ThrottlingException"), Throttled),
        (failure("events", "AccessDeniedException"), Denied),
        (failure("events", "InternalException", status=500), AwsError),
        (ConnectionClosedError(endpoint_url="http://x"), Unreachable),
        (page("b", token="1"), Unreachable),
        (answer("<html>sign in to the hotel's network</html>"), Unreachable),
        (answer('{"Rules": [{"Name": "b'), Unreachable),
    ],
    ids=["throttled", "denied", "broken", "cut", "token-again", "not-aws", "half-a-body"],
)
@pytest.mark.parametrize("first", [[], [page("a", token="1")]], ids=["page-1", "page-2"])
def test_trouble_on_any_page_is_an_error_and_never_part_of_a_list(
    wire: Wire,
    first: list[AWSResponse],
    second: AWSResponse | Exception,
    error: type[Exception],
) -> None:
    """Promise 4: half a list would read as "the rest is gone"."""
    last = page("c", token="1")  # only asked for where the first page was no trouble
    wire.in_turn("events", *first, second, last)
    with pytest.raises(error):
        rules(wire)


def test_calls_are_counted_by_what_iam_calls_them(wire: Wire) -> None:
    wire.in_turn("events", page("a", token="1"), page("b"))
    wire.in_turn("autoscaling", failure("autoscaling", "ValidationError"))
    rules(wire)
    with pytest.raises(AwsError):
        wire.door.call("autoscaling", "describe_auto_scaling_groups")
    assert wire.session.calls() == {
        "autoscaling:DescribeAutoScalingGroups": 1,
        "events:ListRules": 2,
    }


# -- once ------------------------------------------------------------------------------------


SUBNETS = {"Subnets": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}]}


def waiting(trouble: AwsError | None = None) -> tuple[FakeAws, threading.Event]:
    """A region that answers once the event is set; the first answer may be an error."""
    go_on, troubles = threading.Event(), [trouble] if trouble else []

    def answer(**parameters: Any) -> dict[str, Any]:
        assert go_on.wait(20)
        if troubles:
            raise troubles.pop()
        return SUBNETS

    return FakeAws(describe_subnets=answer), go_on


def failing_once() -> FakeAws:
    """A region whose first answer is an error."""
    aws, go_on = waiting(THROTTLED)
    go_on.set()
    return aws


THROTTLED = Throttled("ec2:DescribeSubnets", "RequestLimitExceeded", "slow down", "us-east-1")


def test_concurrent_askers_share_one_request() -> None:
    aws, go_on = waiting()
    once = ReadCache(aws)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(once.call, "ec2", "describe_subnets", Size=1) for _ in range(8)]
        go_on.set()
        answers = [future.result() for future in asked]
    assert answers == [SUBNETS] * 8
    assert len(aws.calls) == 1


def test_a_list_that_one_kind_asks_for_is_not_kept() -> None:
    fetched = []

    def items() -> Iterator[dict[str, Any]]:
        for number in (1, 2):
            fetched.append(number)
            yield {"number": number}

    found = ReadCache(FakeAws(describe_volumes={"Volumes": items()})).pages(
        "ec2", "describe_volumes", "Volumes"
    )
    assert next(found) == {"number": 1}
    assert fetched == [1]  # the second item is fetched once the first was taken
    assert next(found) == {"number": 2}


def test_pages_are_shared_whole() -> None:
    aws = FakeAws(describe_subnets=SUBNETS)
    once = ReadCache(aws)
    for _ in range(2):
        assert list(once.pages("ec2", "describe_subnets", "Subnets", 1000)) == SUBNETS["Subnets"]
    assert len(aws.calls) == 1


def test_pages_that_fail_midway_give_nothing_at_all() -> None:
    def items() -> Iterator[dict[str, Any]]:
        yield {"SubnetId": "subnet-1"}
        raise THROTTLED

    once = ReadCache(FakeAws(describe_subnets={"Subnets": items()}))
    found = once.pages("ec2", "describe_subnets", "Subnets")
    with pytest.raises(Throttled):
        next(found)


@pytest.mark.parametrize(
    "other",
    [
        ("ec2", "describe_volumes", {"Size": 1}),
        ("fsx", "describe_subnets", {"Size": 1}),
        ("ec2", "describe_subnets", {"Size": 2}),
        ("ec2", "describe_subnets", {}),
    ],
    ids=["operation", "service", "parameters", "none"],
)
def test_what_differs_in_anything_is_another_request(
    other: tuple[str, str, dict[str, Any]],
) -> None:
    aws = FakeAws(describe_subnets=SUBNETS, describe_volumes={})
    once = ReadCache(aws)
    once.call("ec2", "describe_subnets", Size=1)
    service, operation, parameters = other
    once.call(service, operation, **parameters)
    assert len(aws.calls) == 2


def test_the_order_of_parameters_is_no_difference() -> None:
    aws = FakeAws(describe_subnets=SUBNETS)
    once = ReadCache(aws)
    once.call("ec2", "describe_subnets", A=1, B=2)
    once.call("ec2", "describe_subnets", B=2, A=1)
    assert len(aws.calls) == 1


def test_a_failure_is_not_remembered() -> None:
    aws = failing_once()
    once = ReadCache(aws)
    with pytest.raises(Throttled):
        once.call("ec2", "describe_subnets")
    assert once.call("ec2", "describe_subnets") == SUBNETS
    assert len(aws.calls) == 2


def test_one_asker_waiting_for_a_failure_asks_again_itself() -> None:
    aws, go_on = waiting(THROTTLED)
    once = ReadCache(aws)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(once.call, "ec2", "describe_subnets") for _ in range(2)]
        go_on.set()
        failed = [future.exception() is not None for future in asked]
    assert sorted(failed) == [False, True]


def test_it_is_the_same_place() -> None:
    once = ReadCache(FakeAws())
    assert (once.region, once.account, once.partition) == ("us-east-1", "123456789012", "aws")
