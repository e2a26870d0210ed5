"""What AWS makes of instance requirements."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from acceptance import lab
from acceptance.answer import Answer, Late
from acceptance.money import Cost
from acceptance.probe import probe
from acceptance.stage import Stage, attempt
from reconciler.declare.load import load

ACCELERATORS = ("a10g", "h100", "l4", "l40s")
MINUTES = 15


@probe(
    "P14",
    "Do instance requirements read back as they were sent, and what does one L4 launch?",
    {
        "equal": "what is read may be compared with what is declared",
        "reordered": "lists have to be sorted before they are compared",
        "changed": "AWS adds or drops members, which must not be compared; see the evidence",
    },
    cost=Cost(gpu_hours=Decimal(MINUTES) / 60),
    minutes=MINUTES,
    paid=True,
)
def requirements(stage: Stage) -> Answer:
    sent = _declared(stage)
    ec2 = stage.client("ec2")
    accepted = {
        name: attempt(
            ec2.get_instance_types_from_instance_requirements,
            ArchitectureTypes=["x86_64"],
            VirtualizationTypes=["hvm"],
            InstanceRequirements={
                "VCpuCount": {"Min": 1},
                "MemoryMiB": {"Min": 1},
                "AcceleratorNames": [name],
            },
        )
        for name in ACCELERATORS
    }
    with lab.template(stage, "p14") as template:
        mixed = lab.policy(template, 100)
        mixed["LaunchTemplate"]["Overrides"] = [{"InstanceRequirements": sent}]
        with lab.group(stage, "p14", mixed, lab.need(stage, "private")) as group:
            overrides = lab.see(stage, group)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
            read = overrides[0]["InstanceRequirements"]
            launched = _launched(stage, group)
    evidence = {"sent": sent, "read": read, "names": accepted, "launched": launched}
    if read == sent:
        return Answer("equal", evidence)
    same = _sorted(read) == _sorted(sent)
    return Answer("reordered" if same else "changed", evidence)


def _launched(stage: Stage, group: str) -> str:
    """The type that came, or why none did: a new account's quota is 0."""
    try:
        lab.started(stage, group)
    except Late:
        answer = stage.client("autoscaling").describe_scaling_activities(AutoScalingGroupName=group)
        texts = [each.get("StatusMessage", "") for each in answer["Activities"]]
        return f"nothing: {texts[0] if texts else 'no activity'}"
    return ", ".join(each.get("InstanceType", "") for each in lab.see(stage, group)["Instances"])


def _declared(stage: Stage) -> dict[str, Any]:
    """As the product sends them for `gpu: {name: l4}`."""
    folder = stage.folder / "l4"
    folder.mkdir(exist_ok=True)
    defaults = json.loads((stage.fleets / "_defaults.yaml").read_text())
    del defaults["defaults"]["instance_types"]
    (folder / "_defaults.yaml").write_text(json.dumps(defaults))
    fleet = {"fleet": "l4", "workstations": {"one": {"gpu": {"name": "l4"}, "vcpus": {"max": 8}}}}
    (folder / "l4.yaml").write_text(json.dumps(fleet))
    return dict(load([folder]).workstations[0].instance_requirements or {})


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return {key: _sorted(each) for key, each in value.items()}
        case list() | tuple():
            return sorted(map(str, value))
    return value
