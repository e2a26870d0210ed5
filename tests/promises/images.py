"""The image that the parameter of the fleets names, and another one."""

from __future__ import annotations

from reconciler import __version__
from tests.promises.conftest import client

PARAMETER = "/golden/gpu-desktop"


def image() -> str:
    """Another image of the account, with an agent as the first one."""
    made = client("ec2").register_image(
        Name="another", Architecture="x86_64", RootDeviceName="/dev/sda1",
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8}}],
    )  # fmt: skip
    agent = [{"Key": "reconciler:agent", "Value": __version__}]
    client("ec2").create_tags(Resources=[made["ImageId"]], Tags=agent)
    return str(made["ImageId"])


def point_parameter_at(ami: str) -> None:
    client("ssm").put_parameter(Name=PARAMETER, Value=ami, Type="String", Overwrite=True)
