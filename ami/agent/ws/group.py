"""The Auto Scaling group of this workstation, as the workstation itself reads and turns it off.

The forms of the tags are in reconciler/workstation/runtime_tags.py. Whoever may tag the group can
write any text into them.
"""

from __future__ import annotations

import re
import time
from calendar import timegm

from ws.aws import Aws
from ws.imds import Unknown

OVERRIDE = "reconciler:override"
NEXT_STOP = "reconciler:next-stop"
FORM = "%Y-%m-%dT%H:%M:%SZ"
LONGEST_ON = 31 * 86400
IDLE = " unless idle"


def read(aws: Aws, name: str) -> tuple[int, dict[str, str]]:
    """Read its desired capacity and its tags. Raises: AwsError, Unknown, ValueError."""
    answer = aws.call(
        "autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames_member_1=name
    )
    found = answer.find(".//AutoScalingGroups/member")
    if found is None:
        raise Unknown(f"no group {name}")
    tags = {
        tag.findtext("Key", ""): tag.findtext("Value", "") for tag in found.iterfind("Tags/member")
    }
    return int(found.findtext("DesiredCapacity", "")), tags


def write(aws: Aws, name: str, key: str, value: str) -> None:
    """Write one tag. Raises: AwsError, Unknown."""
    aws.call(
        "autoscaling",
        "CreateOrUpdateTags",
        Tags_member_1_ResourceId=name,
        Tags_member_1_ResourceType="auto-scaling-group",
        Tags_member_1_Key=key,
        Tags_member_1_Value=value,
        Tags_member_1_PropagateAtLaunch="false",
    )


def kept_on(tags: dict[str, str], now: float) -> str:
    """Return the override that keeps it on now, as its tag has it; "" for none.

    One that has IDLE in it keeps it on only while somebody uses it.
    """
    text = tags.get(OVERRIDE, "")
    found = re.fullmatch(r"on until (\S+)( .+)?", text)
    try:
        until = timegm(time.strptime(found[1], FORM)) if found else 0
    except ValueError:  # 31 February: edited by hand
        return ""
    return text if now < until <= now + LONGEST_ON else ""


def turn_off(aws: Aws, name: str, now: float) -> None:
    """Write why, then set the desired capacity to 0. Raises: AwsError, Unknown.

    A shutdown from inside would make Auto Scaling replace the instance.
    """
    write(aws, name, OVERRIDE, time.strftime(f"turned off {FORM} idle", time.gmtime(now)))
    # With its sizes: those of an override would refuse 0.
    sizes = {"MinSize": "0", "MaxSize": "1", "DesiredCapacity": "0"}
    aws.call("autoscaling", "UpdateAutoScalingGroup", AutoScalingGroupName=name, **sizes)
