"""What the account holds from the start: networks, an image, roles, parameters."""

from __future__ import annotations

import json
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from moto.iam.models import iam_backends
from moto.ssm.models import Parameter, ssm_backends

from reconciler.sandbox.services.images import SizedImage
from reconciler.sandbox.world import ACCOUNT, World

REGIONS = ("us-east-1", "eu-central-1")
CIDR = "10.20.0.0/16"
ZONES = ("a", "b", "c")
IMAGE_NAME = "golden-gpu-desktop-2026.11.1"
IMAGE_ID = {"us-east-1": "ami-0905e0a11de500001", "eu-central-1": "ami-0905e0a11de500002"}
IMAGE_PARAMETER = "/golden/gpu-desktop"
IMAGE_AGE = timedelta(days=3)
AGENT = "0.1.0"
"""The version of the agent in that image, in its tag `reconciler:agent`."""
ROOT_GIB = 30
AWS_IMAGE_NAME = "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20261113"
AWS_IMAGE_ID = {"us-east-1": "ami-0d1ea51a0de500001", "eu-central-1": "ami-0d1ea51a0de500002"}
AWS_IMAGE_PARAMETER = (
    "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
)
AWS_IMAGE_OWNER = "898082745236"
AWS_ROOT_GIB = 75
PEOPLE = (
    *("alice", "bob", "carol", "dora", "erik", "farid", "grace", "hugo", "inga", "iris", "jun"),
    *("kim", "lena", "mike", "nora", "otto", "pia", "stage"),
)
"""The workstations of the examples: each has a role and an instance profile, `acme-ws-alice`."""


def plant(world: World) -> None:
    """Seed an empty account."""
    _roles()
    for region in REGIONS:
        _network(world.ec2(region), region)
        _golden_image(world, region)
        _aws_image(world, region)


def _network(ec2: Any, region: str) -> None:
    """A VPC, a private subnet in each of three zones, and one public subnet."""
    vpc = ec2.create_vpc(CIDR)
    vpc.add_tags({"Name": "sandbox"})
    blocks = ip_network(CIDR).subnets(new_prefix=20)
    for letter in ZONES:
        _subnet(ec2, vpc.id, next(blocks), region + letter, f"sandbox-private-{letter}", "private")
    public = _subnet(ec2, vpc.id, next(blocks), region + ZONES[0], "sandbox-public-a", "public")
    gateway = ec2.create_internet_gateway()
    ec2.attach_internet_gateway(gateway.id, vpc.id)
    table = ec2.create_route_table(vpc.id)
    ec2.create_route(table.id, "0.0.0.0/0", gateway_id=gateway.id)
    ec2.associate_route_table(table.id, gateway_id=None, subnet_id=public.id)


def _subnet(ec2: Any, vpc: str, block: Any, zone: str, name: str, tier: str) -> Any:
    subnet = ec2.create_subnet(vpc, str(block), availability_zone=zone)
    subnet.default_for_az = False
    subnet.map_public_ip_on_launch = tier == "public"
    subnet.add_tags({"Name": name, "Tier": tier})
    return subnet


def _golden_image(world: World, region: str) -> None:
    """The golden image, three days old, and the SSM parameter that names it."""
    tags = {"Name": IMAGE_NAME, "reconciler:agent": AGENT}
    image = _image(world, region, IMAGE_ID[region], IMAGE_NAME, ROOT_GIB, tags=tags)
    image.description = "GPU desktop: driver, DCV, Lustre client"
    ssm: Any = ssm_backends[ACCOUNT][region]
    ssm.put_parameter(
        name=IMAGE_PARAMETER,
        description="The golden GPU desktop image",
        value=image.id,
        parameter_type="String",
        allowed_pattern="",
        keyid=None,
        overwrite=False,
        tags=[],
        data_type="text",
        tier="Standard",
        policies=None,
    )


def _aws_image(world: World, region: str) -> None:
    """AWS's own GPU image, and the parameter that AWS publishes for it."""
    image = _image(
        world,
        region,
        AWS_IMAGE_ID[region],
        AWS_IMAGE_NAME,
        AWS_ROOT_GIB,
        owner_id=AWS_IMAGE_OWNER,
        owner_alias="amazon",
        public=True,
    )
    ssm: Any = ssm_backends[ACCOUNT][region]
    parameter: Any = Parameter  # nobody may put one of this name, so it is made as moto makes them
    ssm._parameters[AWS_IMAGE_PARAMETER].append(
        parameter(
            account_id=ACCOUNT,
            name=AWS_IMAGE_PARAMETER,
            value=image.id,
            parameter_type="String",
            description="",
            allowed_pattern="",
            keyid=None,
            last_modified_date=image.creation_date,
            version=1,
            data_type="aws:ec2:image",
        )
    )


def _image(
    world: World, region: str, image_id: str, name: str, root_gib: int, **words: Any
) -> SizedImage:
    ec2 = world.ec2(region)
    words.setdefault("owner_id", ACCOUNT)
    image = SizedImage(
        ec2,
        image_id,
        name=name,
        virtualization_type="hvm",
        architecture="x86_64",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/sda1",
        image_location=f"{words['owner_id']}/{name}",
        region_name=region + ZONES[0],
        creation_date=(world.now() - IMAGE_AGE).replace(tzinfo=None),  # as moto's
        **words,
    )
    image.root_gib = image.ebs_snapshot.volume.size = root_gib
    ec2.amis[image.id] = image
    return image


def _trust(service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _roles() -> None:
    """The roles that ``bootstrap`` makes in a real account."""
    iam: Any = iam_backends[ACCOUNT]["aws"]

    def role(name: str, service: str) -> None:
        iam.create_role(name, _trust(service), "/", None, "", [], "3600")

    for name in ("workstation", "acme-image", *(f"acme-ws-{person}" for person in PEOPLE)):
        role(name, "ec2.amazonaws.com")
        iam.create_instance_profile(name, "/", [], tags=[])
        iam.add_role_to_instance_profile(name, name)
    for person in PEOPLE:
        tag = {"Key": "reconciler:workstation", "Value": person}
        iam.tag_role(f"acme-ws-{person}", [tag])
    role("workstation-scheduler", "scheduler.amazonaws.com")
    actions = ["autoscaling:SetDesiredCapacity", "sqs:SendMessage"]
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy("workstation-scheduler", "set-desired-capacity", policy)
