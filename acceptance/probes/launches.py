"""What AWS says of a launch that fails."""

from __future__ import annotations

from typing import Any

from acceptance import SITE, bootstrap, lab
from acceptance.answer import Answer, Late
from acceptance.probe import probe
from acceptance.stage import Stage

ADDRESSES = 11
"""Of a /28: AWS keeps five (VPC user guide, subnet sizing)."""
NOT_ASKED = {
    "disabled KMS key": "a key can only be deleted after seven days",
    "quota of 0": "where the quota is not 0 the launch would succeed, and cost",
    "deregistered image": "CreateAutoScalingGroup refuses it before a launch: P17",
    "first launch of an account": "the service-linked role stays; only a new account has none",
}


@probe(
    "P15",
    "With which texts does a launch fail: a full subnet, a Spot price too low, a deleted profile?",
    {"texts": "power/launch_failures.py has to know each text; they are in the evidence"},
    minutes=20,
)
def texts(stage: Stage) -> Answer:
    answers: dict[str, Any] = {
        "full subnet": _full_subnet(stage),
        "Spot price too low": _low_price(stage),
        "profile deleted": _deleted_profile(stage),
    }
    return Answer("texts", answers | {"not asked": NOT_ASKED})


def _full_subnet(stage: Stage) -> dict[str, str]:
    ec2, subnet, made = stage.client("ec2"), lab.need(stage, "small"), []
    try:
        for _ in range(ADDRESSES):
            interface = ec2.create_network_interface(
                SubnetId=subnet, TagSpecifications=bootstrap.tagged("network-interface")
            )
            made.append(interface["NetworkInterface"]["NetworkInterfaceId"])
        with lab.plain_group(stage, "p15-full", subnets=[subnet]) as group:
            return _failed(stage, group)
    finally:
        for each in made:
            ec2.delete_network_interface(NetworkInterfaceId=each)


def _low_price(stage: Stage) -> dict[str, str]:
    with lab.template(stage, "p15-price") as template:
        mixed = lab.policy(template, 0, SpotMaxPrice="0.0001")
        with lab.group(stage, "p15-price", mixed, lab.need(stage, "private")) as group:
            return _failed(stage, group)


def _deleted_profile(stage: Stage) -> dict[str, str]:
    iam, name = stage.client("iam"), f"{SITE}-p15"
    trust = bootstrap.service_trust("ec2.amazonaws.com")
    bootstrap.make_role(stage, "p15", trust, bootstrap.allow("ec2:DescribeTags"))
    iam.create_instance_profile(InstanceProfileName=name, Tags=bootstrap.TAGS)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    profile = {"IamInstanceProfile": {"Name": name}}
    stage.pause(20)  # until it is known everywhere
    with lab.plain_group(stage, "p15-profile", data=profile) as group:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
        iam.delete_instance_profile(InstanceProfileName=name)
        stage.pause(20)
        return _failed(stage, group)


def _failed(stage: Stage, group: str) -> dict[str, str]:
    """The failure, or that there was none."""
    try:
        return lab.failure(stage, group)
    except Late as error:
        return {"none": str(error)}
