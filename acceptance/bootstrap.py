"""Make what a run expects to be there: a network of its own, and the roles with their policies.

The policies are those that `reconcile iam --role …` prints. The trust of people's roles is this
account instead of GitHub or Identity Center.
"""

from __future__ import annotations

import json
from typing import Any

from acceptance import MADE, SITE, fleets
from acceptance.answer import Answer
from acceptance.stage import Stage, attempt
from reconciler.aws import policies
from reconciler.declare.load import load

PEOPLE = ("plan", "apply", "developer")
SERVICES = ("instance", "scheduler")
TAGS = [{"Key": MADE, "Value": "yes"}, {"Key": "Name", "Value": SITE}]
NETWORK = "10.83.0.0/16"
PRIVATE = ("10.83.0.0/24", "10.83.1.0/24")
PUBLIC = "10.83.2.0/24"
"""For machines that Session Manager has to reach. The product's own stand in the private ones."""
PROPAGATION_SECONDS = 30
"""IAM is eventually consistent; a policy that is not seen yet would look like one that is wrong."""
SMALL = "10.83.3.0/28"
"""Eleven addresses, which a probe uses up."""


def tagged(kind: str, *more: tuple[str, str]) -> list[dict[str, Any]]:
    """TagSpecifications of a create of EC2."""
    return [
        {"ResourceType": kind, "Tags": TAGS + [{"Key": k, "Value": v} for k, v in more]},
    ]


def network(stage: Stage) -> Answer:
    """A VPC with two private subnets in two zones, a public one, and a very small one."""
    ec2 = stage.client("ec2")
    zones = sorted(
        each["ZoneName"]
        for each in ec2.describe_availability_zones(
            Filters=[{"Name": "opt-in-status", "Values": ["opt-in-not-required"]}]
        )["AvailabilityZones"]
    )
    vpc = ec2.create_vpc(CidrBlock=NETWORK, TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]

    def subnet(block: str, zone: str, tier: str) -> str:
        made = ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=block,
            AvailabilityZone=zone,
            TagSpecifications=tagged("subnet", (SITE, tier)),
        )
        return str(made["Subnet"]["SubnetId"])

    private = [subnet(block, zone, "private") for block, zone in zip(PRIVATE, zones, strict=False)]
    public = subnet(PUBLIC, zones[0], "public")
    small = subnet(SMALL, zones[0], "small")
    ec2.modify_subnet_attribute(SubnetId=public, MapPublicIpOnLaunch={"Value": True})
    gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))
    gateway_id = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))
    table_id = table["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)
    ec2.associate_route_table(RouteTableId=table_id, SubnetId=public)
    facts = {"vpc": vpc, "private": private, "public": public, "small": small, "zones": zones[:2]}
    stage.facts |= facts
    return Answer("made", facts)


def roles(stage: Stage) -> Answer:
    """The five roles under their printed policies, and the instance profile."""
    fleets.write(stage.fleets, stage.account.id, stage.account.region)
    site = load([stage.fleets])
    iam = stage.client("iam")
    sizes = {}
    for role in (*PEOPLE, *SERVICES):
        printed = policies.policy(site, role)
        trust = people_trust(stage) if role in PEOPLE else policies.trust(site, role)
        make_role(stage, role, trust, printed)
        sizes[role] = policies.size(printed)
    name = f"{SITE}-instance"  # the role's, as the policies say
    iam.create_instance_profile(InstanceProfileName=name, Tags=TAGS)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    stage.pause(PROPAGATION_SECONDS)
    image = stage.client("ssm").get_parameter(Name=fleets.IMAGE)["Parameter"]["Value"]
    stage.facts["image"] = image
    return Answer("made", {"characters": sizes, "image": image})


def make_role(stage: Stage, role: str, trust: dict[str, Any], policy: dict[str, Any]) -> str:
    """A role with one inline policy; its ARN."""
    iam, name = stage.client("iam"), f"{SITE}-{role}"
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=TAGS)
    # A managed policy has room for 6,144 characters, an inline one for 10,240.
    iam.put_role_policy(RoleName=name, PolicyName="printed", PolicyDocument=json.dumps(policy))
    return str(made["Role"]["Arn"])


def replace_policy(stage: Stage, role: str, statements: list[dict[str, Any]]) -> dict[str, str]:
    """Give a role other rights; whether IAM took them."""
    return attempt(
        stage.client("iam").put_role_policy,
        RoleName=f"{SITE}-{role}",
        PolicyName="printed",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )


def service_trust(service: str) -> dict[str, Any]:
    """A trust policy for one AWS service."""
    return _document({"Service": service}, "sts:AssumeRole")


def people_trust(stage: Stage) -> dict[str, Any]:
    """A trust policy for everybody of this account who may take roles; sessions carry tags."""
    actions = ["sts:AssumeRole", "sts:TagSession"]
    return _document({"AWS": stage.account.root}, actions)


def _document(principal: dict[str, str], actions: str | list[str]) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions}
    return {"Version": "2012-10-17", "Statement": [statement]}


def allow(*actions: str) -> dict[str, Any]:
    """A policy that allows these actions on everything."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
