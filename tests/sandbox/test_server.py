from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import pytest

from reconciler.sandbox import Sandbox, SandboxError, patches
from tests.sandbox.helpers import IMAGE, Aws, refused, signed


def test_the_patches_are_for_this_moto_alone() -> None:
    assert version("moto") == "5.2.5"


def test_a_call_that_nobody_answers_is_an_error_by_its_name(aws: Aws) -> None:
    with refused("NotImplemented", "ec2:GetSpotPlacementScores"):
        aws.ec2.get_spot_placement_scores(TargetCapacity=1)
    with refused("NotImplemented", "compute-optimizer"):
        aws.client("compute-optimizer").get_enrollment_status()
    with refused("NotImplemented", "autoscaling:DescribePolicies"):
        aws.autoscaling.describe_policies()


def test_a_filter_that_moto_does_not_have_is_named(aws: Aws) -> None:
    aws.ec2.run_instances(ImageId=IMAGE, InstanceType="g5.xlarge", MinCount=1, MaxCount=1)
    with refused("NotImplemented", "bogus"):
        aws.ec2.describe_instances(Filters=[{"Name": "bogus", "Values": ["x"]}])


def test_a_fault_inside_moto_is_an_error_that_can_be_read(aws: Aws) -> None:
    with refused("InternalFailure", "ec2:DescribeImageAttribute"):
        aws.ec2.describe_image_attribute(ImageId="ami-00000000000000000", Attribute="description")


def test_connections_are_kept(aws: Aws) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", aws.sandbox.port)
    for _ in range(3):
        body, headers = "Action=GetCallerIdentity&Version=2011-06-15", signed("sts", aws.key)
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        assert b"123456789012" in answer.read()
        assert answer.version == 11
        assert not answer.will_close
    connection.close()


def test_services_that_are_all_moto_work_through_the_same_door(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x" * 1000)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x" * 1000
    with refused("NotFoundException"):
        kms.describe_key(KeyId="alias/none")


def test_ten_clients_at_once_lose_nothing(aws: Aws) -> None:
    def make(number: int) -> None:
        aws.template(f"template-{number}")
        volume = aws.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, VolumeType="gp3")
        aws.ec2.create_tags(Resources=[volume["VolumeId"]], Tags=[{"Key": "n", "Value": "x"}])

    assert aws.ec2.describe_volumes()["Volumes"] == []
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(make, range(60)))
    assert len(aws.ec2.describe_launch_templates()["LaunchTemplates"]) == 60
    tagged = aws.ec2.describe_volumes(Filters=[{"Name": "tag:n", "Values": ["x"]}])
    assert len(tagged["Volumes"]) == 60


def test_a_port_in_use_is_said_so(aws: Aws) -> None:
    with pytest.raises(SandboxError, match=rf"127\.0\.0\.1:{aws.sandbox.port}.*choose another"):
        Sandbox(aws.sandbox.port).start()


def test_patches_are_applied_once(aws: Aws) -> None:
    patches.apply()
    names = [patch.__name__ for patch in patches.PATCHES]
    assert names == patches.APPLIED
    assert len(names) == 8


def test_a_sandbox_that_does_not_run_says_so() -> None:
    with pytest.raises(SandboxError, match="not running"):
        _ = Sandbox().endpoint


SERVE = """
from reconciler.sandbox import serve
serve(0, lambda sandbox: print(sandbox.environment, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_foreground_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    served = subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert served.stdout is not None
    ready = served.stdout.readline()
    match = re.search(r"http://127\.0\.0\.1:(\d+)", ready)
    assert match
    assert "'AWS_REGION': 'us-east-1'" in ready
    kept = socket.create_connection(("127.0.0.1", int(match[1])))
    os.kill(served.pid, number)
    out, errors = served.communicate(timeout=10)
    kept.close()
    assert (served.returncode, out, errors) == (0, "", "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(match[1])))
