"""Recorded answers become those of more workstations: other names, other ids, the same bytes."""

from __future__ import annotations

import base64
import json

from benchmarks.loopback import Request, whole
from benchmarks.multiply import World, multiply
from benchmarks.record import Answers

FORM = {
    "authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/autoscaling/aws4_request"
}
JSON = {
    "authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/fsx/aws4_request",
    "x-amz-target": "AWSSimbaAPIService_v20180301.DescribeFileSystems",
}


def form(**parameters: str) -> Request:
    body = "&".join(f"{name}={value}" for name, value in parameters.items())
    return Request("POST", "/", FORM, body.encode())


def groups(**parameters: str) -> Request:
    return form(Action="DescribeAutoScalingGroups", MaxRecords="100", **parameters)


def xml(*items: str) -> bytes:
    return whole(f"<R><Groups>{''.join(items)}</Groups><NextToken/></R>".encode(), "text/xml")


def member(name: str, template: str) -> str:
    data = base64.b64encode(f"I am {name}".encode()).decode()
    tags = "<Tags><member>team-0000</member></Tags>"
    return (
        f"<member><Name>bench-{name}</Name><Id>{template}</Id><Vpc>vpc-1</Vpc>{tags}"
        f"<userData>{data}</userData></member>"
    )


def recorded() -> Answers:
    two = xml(member("w00000", "lt-00000000a"), member("w00001", "lt-00000000b"))
    return {groups().key: two}


def body(world: World, request: Request) -> str:
    return world(request).partition(b"\r\n\r\n")[2].decode()


def test_each_workstation_has_its_own_name_fleet_and_id() -> None:
    text = body(multiply(recorded(), 12, []), groups())
    assert text.count("<Name>") == 12
    assert "<Name>bench-w00011</Name><Id>lt-0000000000000000b</Id>" in text
    assert "<member>team-0001</member>" in text
    assert base64.b64encode(b"I am w00011").decode() in text


def test_what_no_workstation_owns_stays_as_it_is() -> None:
    shared = "<member><Name>bench-lustre</Name><Id>sg-00000000c</Id></member>"
    first, second = (member(f"w0000{n}", f"sg-00000000{n}") for n in (0, 1))
    world = multiply({groups().key: xml(shared, first, second)}, 3, [])
    text = body(world, groups())
    assert text.count("<Name>") == 4
    assert shared in text
    assert "<Name>bench-w00002</Name><Id>sg-00000000000000002</Id>" in text


def test_pages_lead_from_one_to_the_next_and_end() -> None:
    world = multiply(recorded(), 150, [])
    first, second = body(world, groups()), body(world, groups(NextToken="100"))
    assert first.count("<Name>") == 100
    assert "</Groups><NextToken>100</NextToken></R>" in first
    assert second.count("<Name>") == 50
    assert "NextToken" not in second


def test_a_list_in_json() -> None:
    items = [{"Name": name, "Id": f"fs-{n:017x}"} for n, name in enumerate(("w00000", "w00001"))]
    answer = whole(json.dumps({"FileSystems": items}).encode(), "application/json")
    asked = Request("POST", "/", JSON, b'{"MaxResults": 2}')
    world = multiply({asked.key: answer}, 3, [])
    document = json.loads(body(world, asked))
    assert [each["Name"] for each in document["FileSystems"]] == ["w00000", "w00001"]
    assert document["NextToken"] == "2"
    more = Request("POST", "/", JSON, b'{"MaxResults": 2, "NextToken": "2"}')
    assert json.loads(body(world, more))["FileSystems"][0]["Name"] == "w00002"


def test_a_schedule_has_the_name_that_proves_its_content() -> None:
    names = ("w00000-stop-11111111", "w00001-stop-22222222")
    answer = whole(json.dumps({"Schedules": [{"Name": n} for n in names]}).encode(), "x")
    asked = Request("GET", "/schedules?MaxResults=100", FORM, b"")
    hashed_names = [*names, "w00002-stop-33333333"]
    document = json.loads(body(multiply({asked.key: answer}, 3, hashed_names), asked))
    assert [each["Name"] for each in document["Schedules"]] == hashed_names


def test_what_was_not_recorded_word_for_word_gets_the_answer_of_its_operation() -> None:
    answer = whole(b"<R/>", "text/xml")
    world = World({form(Action="CreateAutoScalingGroup", Name="w00000").key: answer})
    assert world(form(Action="CreateAutoScalingGroup", Name="w00777")) == answer
