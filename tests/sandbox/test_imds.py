"""The metadata service of an instance, as the agent and cloud-init ask it."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.utils import InstanceMetadataFetcher

from reconciler.sandbox import Sandbox
from reconciler.sandbox.server.imds import Service
from tests.sandbox.helpers import Aws, moved, order
from ws.aws import Aws as AgentAws
from ws.imds import Imds

PROFILE = "arn:aws:iam::123456789012:instance-profile/acme-ws-alice"
USER_DATA = gzip.compress(b"#cloud-config\n{}")
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"


class Machine:
    """An instance of the group acme-alice, and its metadata service."""

    def __init__(self, aws: Aws, **data: Any) -> None:
        aws.template(
            **{
                "IamInstanceProfile": {"Arn": PROFILE},
                "MetadataOptions": {"HttpTokens": "required"},
                "UserData": base64.b64encode(USER_DATA).decode(),
                **data,
            }
        )
        aws.group(DesiredCapacity=1)
        self.aws = aws
        self.id = str(aws.described()["Instances"][0]["InstanceId"])
        self.service: Service = aws.sandbox.metadata_service(self.id)

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, bytes]:
        """Send one request with these headers, `_` for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def token(self, seconds: str = "60") -> str:
        """Get a token."""
        status, body = self.ask("PUT", "/latest/api/token", **{TTL: seconds})
        assert status == 200
        return body.decode()

    def order(self, verb: str, words: dict[str, Any]) -> None:
        """Order something of the sandbox by its control."""
        connection = http.client.HTTPConnection("127.0.0.1", self.aws.sandbox.port, timeout=10)
        connection.request("POST", f"/_sandbox/{verb}", json.dumps(words), order(self.aws))
        assert connection.getresponse().status == 200
        connection.close()

    def get(self, path: str) -> tuple[int, str]:
        """Read an item with a token."""
        status, body = self.ask("GET", f"/latest/{path}", **{TOKEN: self.token()})
        return status, body.decode()


@pytest.fixture
def machine(still: Aws) -> Iterator[Machine]:
    found = Machine(still)
    with found.service:
        yield found


def test_an_answer_needs_a_token_and_a_token_ends(machine: Machine) -> None:
    path = "/latest/meta-data/instance-id"
    assert machine.ask("GET", path)[0] == 401
    assert machine.ask("GET", path, **{TOKEN: "guessed"})[0] == 401
    token = machine.token("60")
    assert machine.ask("GET", path, **{TOKEN: token}) == (200, machine.id.encode())
    moved(machine.aws, timedelta(seconds=60))
    assert machine.ask("GET", path, **{TOKEN: token})[0] == 401


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/latest/api/token", {}, 400),
        ("/latest/api/token", {TTL: "0"}, 400),
        ("/latest/api/token", {TTL: "21601"}, 400),
        ("/latest/api/token", {TTL: "soon"}, 400),
        ("/latest/api/token", {TTL: "60", "X-Forwarded-For": "10.0.0.1"}, 403),
        ("/2021-03-23/api/token", {TTL: "60"}, 403),
    ],
)
def test_no_token_for_a_wrong_request(
    machine: Machine, path: str, headers: dict[str, str], status: int
) -> None:
    assert machine.ask("PUT", path, **headers)[0] == status


def test_a_template_may_allow_requests_without_a_token_or_forbid_all(still: Aws) -> None:
    old = Machine(still, MetadataOptions={"HttpTokens": "optional"})
    with old.service:
        assert old.ask("GET", "/latest/meta-data/instance-id")[0] == 200
        assert old.ask("GET", "/latest/meta-data/instance-id", **{TOKEN: "guessed"})[0] == 401
    still.sandbox.reset()
    off = Machine(still, MetadataOptions={"HttpEndpoint": "disabled"})
    with off.service:
        assert off.ask("PUT", "/latest/api/token", **{TTL: "60"})[0] == 403


def test_paths_and_directories(machine: Machine) -> None:
    status, names = machine.get("meta-data/")
    assert status == 200
    assert {"ami-id", "iam/", "placement/"} <= set(names.split("\n"))
    assert machine.get("meta-data/placement/")[1] == "availability-zone\nregion"
    assert machine.get("meta-data/iam/security-credentials/") == (200, "acme-ws-alice")
    assert machine.get("meta-data/nothing")[0] == 404
    assert machine.get("meta-data/tags/instance/")[0] == 404, "tags are off"
    assert machine.get("meta-data/public-keys/")[0] == 404
    identity = json.loads(machine.get("dynamic/instance-identity/document")[1])
    assert (identity["instanceId"], identity["region"]) == (machine.id, "us-east-1")


def test_user_data_is_the_bytes_of_the_template(machine: Machine) -> None:
    token = machine.token()
    assert machine.ask("GET", "/latest/user-data", **{TOKEN: token}) == (200, USER_DATA)
    assert machine.ask("GET", "/2021-03-23/user-data", **{TOKEN: token}) == (200, USER_DATA)


def test_tags_are_there_where_the_template_says_so(still: Aws) -> None:
    options = {"HttpTokens": "required", "InstanceMetadataTags": "enabled"}
    machine = Machine(still, MetadataOptions=options)
    with machine.service:
        names = machine.get("meta-data/tags/instance/")[1].split("\n")
        assert "aws:autoscaling:groupName" in names
        assert machine.get("meta-data/tags/instance/aws:autoscaling:groupName")[1] == "acme-alice"


def test_what_comes_is_told(machine: Machine) -> None:
    paths = (
        "meta-data/spot/instance-action",
        "meta-data/events/recommendations/rebalance",
        "meta-data/autoscaling/target-lifecycle-state",
    )
    assert [machine.get(path)[0] for path in paths] == [404, 404, 200]
    assert machine.get(paths[2])[1] == "InService"
    machine.order("interrupt", {"instance": machine.id, "only_recommend": True})
    machine.order("interrupt", {"instance": machine.id})
    assert json.loads(machine.get(paths[0])[1]) == {
        "action": "terminate",
        "time": "2026-11-20T09:32:00Z",
    }
    assert json.loads(machine.get(paths[1])[1]) == {"noticeTime": "2026-11-20T09:30:00Z"}
    moved(machine.aws, timedelta(minutes=2))
    assert machine.ask("PUT", "/latest/api/token", **{TTL: "60"})[0] == 503, "it is gone"


def test_an_instance_that_waits_in_a_hook_is_told_to_leave(machine: Machine) -> None:
    words = {"AutoScalingGroupName": "acme-alice", "LifecycleHookName": "save"}
    transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    machine.aws.autoscaling.put_lifecycle_hook(**words, LifecycleTransition=transition)
    machine.aws.autoscaling.set_desired_capacity(
        AutoScalingGroupName="acme-alice", DesiredCapacity=0
    )
    assert machine.get("meta-data/autoscaling/target-lifecycle-state") == (200, "Terminated")
    machine.aws.autoscaling.complete_lifecycle_action(
        **words, InstanceId=machine.id, LifecycleActionResult="CONTINUE"
    )
    assert machine.ask("PUT", "/latest/api/token", **{TTL: "60"})[0] == 503, "it is gone"


def test_the_keys_of_the_role_are_accepted_until_their_end(machine: Machine) -> None:
    first = json.loads(machine.get("meta-data/iam/security-credentials/acme-ws-alice")[1])
    client = boto3.client(
        "autoscaling",
        region_name="us-east-1",
        endpoint_url=machine.aws.sandbox.endpoint,
        aws_access_key_id=first["AccessKeyId"],
        aws_secret_access_key=first["SecretAccessKey"],
        aws_session_token=first["Token"],
    )
    assert len(client.describe_auto_scaling_groups()["AutoScalingGroups"]) == 1
    moved(machine.aws, timedelta(hours=5, minutes=56))
    second = json.loads(machine.get("meta-data/iam/security-credentials/acme-ws-alice")[1])
    assert second["AccessKeyId"] != first["AccessKeyId"]
    assert len(client.describe_auto_scaling_groups()["AutoScalingGroups"]) == 1
    moved(machine.aws, timedelta(minutes=5))
    with pytest.raises(client.exceptions.ClientError, match="InvalidClientTokenId"):
        client.describe_auto_scaling_groups()


def test_without_a_role_there_are_no_keys(still: Aws) -> None:
    iam = still.client("iam")
    iam.remove_role_from_instance_profile(
        InstanceProfileName="acme-ws-alice", RoleName="acme-ws-alice"
    )
    machine = Machine(still)
    with machine.service:
        assert machine.get("meta-data/iam/security-credentials/")[0] == 404


def test_the_agent_and_botocore_read_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = Imds(f"{machine.service.url}/latest/")
    assert metadata.instance_id() == machine.id
    monkeypatch.setenv("AWS_ENDPOINT_URL", machine.aws.sandbox.endpoint)
    found = AgentAws("us-east-1", metadata).call("ec2", "DescribeVolumes")
    assert found.findtext(".//volumeId")
    fetcher: Any = InstanceMetadataFetcher(base_url=f"{machine.service.url}/", env={})
    assert fetcher.retrieve_iam_role_credentials()["role_name"] == "acme-ws-alice"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example.com"},
        {"Origin": "http://evil.example.com"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_no_page_of_a_browser_gets_a_token(machine: Machine, headers: dict[str, str]) -> None:
    assert machine.ask("PUT", "/latest/api/token", **{TTL: "60"}, **headers)[0] == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "name"])
def test_it_listens_only_where_no_other_machine_reaches_it(sandbox: Sandbox, host: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        sandbox.metadata_service("i-0123456789abcdef0", host)
