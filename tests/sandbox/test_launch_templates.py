from __future__ import annotations

from typing import Any

from tests.sandbox.helpers import IMAGE, Aws, refused


def own_tags(**tags: str) -> list[dict[str, Any]]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": "launch-template", "Tags": pairs}]


def test_all_pages_come(aws: Aws) -> None:
    for number in range(210):
        aws.template(f"template-{number:03}")
    pages = aws.ec2.get_paginator("describe_launch_templates").paginate()
    assert [len(page["LaunchTemplates"]) for page in pages] == [200, 10]
    newest = aws.ec2.get_paginator("describe_launch_template_versions").paginate(
        Versions=["$Latest", "$Default"]
    )
    assert [len(page["LaunchTemplateVersions"]) for page in newest] == [200, 10]


def test_a_sweep_shows_latest_and_default_once_each(aws: Aws) -> None:
    template = aws.template()
    aws.ec2.create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"ImageId": IMAGE, "KeyName": "k"}
    )
    found = aws.ec2.describe_launch_template_versions(Versions=["$Latest", "$Default"])
    rows = [
        (version["VersionNumber"], version["DefaultVersion"])
        for version in found["LaunchTemplateVersions"]
    ]
    assert rows == [(1, True), (2, False)]
    with refused("InvalidParameterValue"):
        aws.ec2.describe_launch_template_versions(Versions=["1"])


def test_the_tags_of_the_template_are_not_in_its_data(aws: Aws) -> None:
    data = {"ImageId": IMAGE, "TagSpecifications": [{"ResourceType": "instance", "Tags": []}]}
    aws.ec2.create_launch_template(
        LaunchTemplateName="acme-alice",
        LaunchTemplateData=data,
        TagSpecifications=own_tags(a="1"),
    )
    (version,) = aws.ec2.describe_launch_template_versions(LaunchTemplateName="acme-alice")[
        "LaunchTemplateVersions"
    ]
    kinds = [item["ResourceType"] for item in version["LaunchTemplateData"]["TagSpecifications"]]
    assert kinds == ["instance"]


def test_tags_that_change_show_and_filter(aws: Aws) -> None:
    template = aws.template()
    aws.ec2.create_tags(Resources=[template], Tags=[{"Key": "a", "Value": "2"}])
    wanted = [{"Name": "tag:a", "Values": ["2"]}]
    (found,) = aws.ec2.describe_launch_templates(Filters=wanted)["LaunchTemplates"]
    assert found["Tags"] == [{"Key": "a", "Value": "2"}]
    aws.ec2.delete_tags(Resources=[template], Tags=[{"Key": "a"}])
    assert aws.ec2.describe_launch_templates(Filters=wanted)["LaunchTemplates"] == []
    with refused("InvalidLaunchTemplateId.NotFound"):
        aws.ec2.create_tags(Resources=["lt-0123456789abcdef0"], Tags=[{"Key": "a", "Value": ""}])


def test_a_source_version_is_merged_and_must_exist(aws: Aws) -> None:
    template = aws.template(KeyName="first", InstanceType="g5.xlarge")
    made = aws.ec2.create_launch_template_version(
        LaunchTemplateId=template,
        SourceVersion="1",
        LaunchTemplateData={"InstanceType": "g6.xlarge"},
    )["LaunchTemplateVersion"]
    assert made["LaunchTemplateData"] == {
        "ImageId": IMAGE,
        "KeyName": "first",
        "InstanceType": "g6.xlarge",
    }
    with refused("InvalidLaunchTemplateId.VersionNotFound"):
        aws.ec2.create_launch_template_version(
            LaunchTemplateId=template,
            SourceVersion="9",
            LaunchTemplateData={"InstanceType": "g6.xlarge"},
        )


def test_a_client_token_makes_one(aws: Aws) -> None:
    words: dict[str, Any] = {
        "LaunchTemplateName": "acme-alice",
        "LaunchTemplateData": {"ImageId": IMAGE},
        "ClientToken": "one",
    }
    first = aws.ec2.create_launch_template(**words)["LaunchTemplate"]
    assert aws.ec2.create_launch_template(**words)["LaunchTemplate"] == first
    with refused("IdempotentParameterMismatch"):
        aws.ec2.create_launch_template(**{**words, "LaunchTemplateName": "acme-bob"})
    version = {**words, "LaunchTemplateData": {"ImageId": IMAGE, "KeyName": "k"}}
    numbers = [
        aws.ec2.create_launch_template_version(**version)["LaunchTemplateVersion"]["VersionNumber"]
        for _ in range(2)
    ]
    assert numbers == [2, 2]


def test_what_is_wrong_has_its_code(aws: Aws) -> None:
    aws.template()
    with refused("InvalidLaunchTemplateName.AlreadyExistsException"):
        aws.template()
    with refused("InvalidLaunchTemplateId.NotFound"):
        aws.ec2.describe_launch_templates(LaunchTemplateIds=["lt-0123456789abcdef0"])
    with refused("InvalidLaunchTemplateName.NotFoundException"):
        aws.ec2.describe_launch_templates(LaunchTemplateNames=["nobody"])
    with refused("InvalidLaunchTemplateId.VersionNotFound"):
        aws.ec2.modify_launch_template(LaunchTemplateName="acme-alice", DefaultVersion="7")
    with refused("InvalidParameterCombination"):
        aws.template(
            "both",
            InstanceType="g5.xlarge",
            InstanceRequirements={"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}},
        )
    with refused("DryRunOperation"):
        aws.ec2.create_launch_template(
            LaunchTemplateName="dry", LaunchTemplateData={"ImageId": IMAGE}, DryRun=True
        )


def test_the_default_moves_and_other_versions_can_go(aws: Aws) -> None:
    template = aws.template()
    for _ in range(2):
        aws.ec2.create_launch_template_version(
            LaunchTemplateId=template, LaunchTemplateData={"ImageId": IMAGE}
        )
    aws.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    gone = aws.ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1", "2"])
    assert len(gone["SuccessfullyDeletedLaunchTemplateVersions"]) == 1
    assert len(gone["UnsuccessfullyDeletedLaunchTemplateVersions"]) == 1
    aws.ec2.delete_launch_template(LaunchTemplateId=template)
    assert aws.ec2.describe_launch_templates()["LaunchTemplates"] == []
