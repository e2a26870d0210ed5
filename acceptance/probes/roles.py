"""What the printed policies allow, and how AWS says no."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from acceptance import SITE, bootstrap, fleets, lab, run, walk
from acceptance.answer import Answer
from acceptance.money import micro
from acceptance.probe import probe
from acceptance.stage import Stage, attempt

NO_SUCH_IMAGE = "ami-0123456789abcdef0"


@probe(
    "P4",
    "Is the printed apply policy enough where nothing is, and is the plan after that empty?",
    {
        "enough": "the policies hold, and every kind reads back what it wrote",
        "denied": "a printed policy lacks what the evidence names",
        "not empty": "a kind reads something back otherwise than it was written",
    },
)
def enough(stage: Stage) -> Answer:
    second = lab.need(stage, "second plan")
    refused = run.denied(stage)
    if refused:
        return Answer("denied", {"denied": refused})
    if second["exit"]:
        return Answer("not empty", second)
    checked = "" if not stage.backend.emulated else f"{stage.backend.name} checks no permission"
    return Answer("enough", {"note": checked} if checked else {})


@probe(
    "P5",
    "Do size changes alone pass the developer policy, and only on the own workstation?",
    {
        "own alone": "the developer policy holds",
        "not even own": "a condition of the policy never holds; the evidence has AWS's text",
        "another's too": "the policy allows too much, or permissions are not checked here",
    },
    cost=micro(20),
    minutes=8,
)
def sizes(stage: Stage) -> Answer:
    name = walk.group(stage)["AutoScalingGroupName"]
    started = stage.workstation("developer", "start", fleets.WALK, "--for", "1h", "--no-wait")
    foreign = stage.workstation("developer", "start", fleets.OTHER, "--for", "1h", "--no-wait")
    stopped = stage.workstation("developer", "stop", fleets.WALK)
    if not foreign.code:
        stage.workstation("developer", "stop", fleets.OTHER)
    template = lab.see(stage, name)["MixedInstancesPolicy"]
    specification = template["LaunchTemplate"]["LaunchTemplateSpecification"]
    specification.pop("LaunchTemplateName", None)
    shape = attempt(
        stage.client("autoscaling", "developer").update_auto_scaling_group,
        AutoScalingGroupName=name,
        MixedInstancesPolicy=template,
    )
    evidence = {
        "own": [started.evidence, stopped.evidence],
        "another's": foreign.evidence,
        "another shape of the own": shape,
    }
    if started.code or stopped.code:
        return Answer("not even own", evidence)
    allowed = not foreign.code or shape["code"] == "accepted"
    return Answer("another's too" if allowed else "own alone", evidence)


@probe(
    "P13",
    "Can an instance be allowed to tag itself, and no other?",
    {
        "by condition": "aws:ARN equal to ec2:SourceInstanceARN narrows ec2:CreateTags",
        "by resource": "ec2:SourceInstanceARN as the resource narrows ec2:CreateTags",
        "by both": "either way narrows ec2:CreateTags to the instance itself",
        "by neither": "an instance that may tag itself may tag others of the site",
    },
    cost=micro(20, 2),
    minutes=10,
)
def itself(stage: Stage) -> Answer:
    source = "${ec2:SourceInstanceARN}"
    arn = {"StringEquals": {"aws:ARN": source}}
    ways: dict[str, dict[str, Any]] = {
        "condition": {"Resource": "*", "Condition": arn},
        "resource": {"Resource": source},
    }
    iam, name, results = stage.client("iam"), f"{SITE}-p13", {}
    agent = bootstrap.allow("ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*")
    trust = bootstrap.service_trust("ec2.amazonaws.com")
    with ExitStack() as stack:
        bootstrap.make_role(stage, "p13", trust, agent)
        iam.create_instance_profile(InstanceProfileName=name, Tags=bootstrap.TAGS)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        own = stack.enter_context(lab.machine(stage, "p13", name))
        other = stack.enter_context(lab.machine(stage, "p13-other"))
        for way, statement in ways.items():
            tagging = {"Effect": "Allow", "Action": "ec2:CreateTags", **statement}
            taken = bootstrap.replace_policy(stage, "p13", agent["Statement"] + [tagging])
            if taken["code"] != "accepted":  # IAM itself may refuse the policy
                results[way] = taken
                continue
            stage.pause(60)  # until the policy holds everywhere
            results[way] = {
                which: lab.shell(stage, instance, _tag(stage, target))["status"]
                for which, (instance, target) in {
                    "itself": (own, own),
                    "another": (own, other),
                }.items()
            }
    narrow = [
        way
        for way, each in results.items()
        if each.get("itself") == "Success" and each["another"] != "Success"
    ]
    answer = {0: "by neither", 1: f"by {narrow[0]}" if narrow else "", 2: "by both"}[len(narrow)]
    return Answer(answer, results)


def _tag(stage: Stage, instance: str) -> str:
    where = f"--region {stage.account.region}"
    return f"aws ec2 create-tags {where} --resources {instance} --tags Key=reconciler:phase,Value=x"


@probe(
    "P17",
    "How does AWS refuse a group whose template names what is gone, or may not be used?",
    {
        "texts": "the codes and messages are in the evidence: aws/errors.py has to know them",
    },
    minutes=5,
)
def refusals(stage: Stage) -> Answer:
    ec2, iam = stage.client("ec2"), stage.client("iam")
    gone = ec2.create_security_group(
        GroupName=f"{SITE}-p17", Description=SITE, VpcId=lab.need(stage, "vpc")
    )["GroupId"]
    ec2.delete_security_group(GroupId=gone)
    empty = f"{SITE}-p17-empty"
    iam.create_instance_profile(InstanceProfileName=empty, Tags=bootstrap.TAGS)
    profile = {"IamInstanceProfile": {"Name": f"{SITE}-instance"}}
    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "image that is gone": ("", {"ImageId": NO_SUCH_IMAGE}),
        "security group that is gone": ("", {"SecurityGroupIds": [gone]}),
        "profile without a role": ("", {"IamInstanceProfile": {"Name": empty}}),
        "profile that is not there": ("", {"IamInstanceProfile": {"Name": f"{SITE}-nobody"}}),
        "without iam:PassRole": ("p17-pass", profile),
        "without ec2:RunInstances": ("p17-run", {}),
    }
    rights = {
        "p17-pass": ("autoscaling:*", "ec2:RunInstances", "ec2:CreateTags", "ec2:Describe*"),
        "p17-run": ("autoscaling:*", "iam:PassRole", "ec2:CreateTags", "ec2:Describe*"),
    }
    for role, actions in rights.items():
        bootstrap.make_role(stage, role, bootstrap.people_trust(stage), bootstrap.allow(*actions))
    answers = {}
    for number, (case, (role, data)) in enumerate(cases.items()):
        with lab.template(stage, f"p17-{number}", **data) as template:
            name = f"{SITE}-p17-{number}"
            answers[case] = attempt(
                stage.client("autoscaling", role).create_auto_scaling_group,
                AutoScalingGroupName=name,
                MinSize=0,
                MaxSize=1,
                VPCZoneIdentifier=lab.need(stage, "private")[0],
                MixedInstancesPolicy=lab.policy(template, 100),
                Tags=[{"ResourceId": name, "ResourceType": "auto-scaling-group",
                       "PropagateAtLaunch": False, **tag} for tag in bootstrap.TAGS],
            )  # fmt: skip
            if answers[case]["code"] == "accepted":
                stage.client("autoscaling").delete_auto_scaling_group(
                    AutoScalingGroupName=name, ForceDelete=True
                )
    answers["service control policy"] = {"code": "not asked: it needs an organization"}
    return Answer("texts", answers)
