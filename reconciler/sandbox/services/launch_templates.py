"""EC2 launch templates, kept here whole: moto's lose versions, tags, pages and most errors."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from reconciler.sandbox.operations import (
    AwsError,
    Call,
    Wire,
    dry_run,
    forget,
    once,
    operation,
    page,
    tag_list,
    tag_map,
)
from reconciler.sandbox.world import ACCOUNT, hex_id

LARGEST_PAGE = 200


@dataclass
class Version:
    """One version: its number, its words, its data."""

    number: int
    description: str | None
    data: Wire
    created: datetime


@dataclass
class Template:
    """One template. A deleted version leaves a hole, so numbers are never used again."""

    id: str
    name: str
    created: datetime
    versions: dict[int, Version] = field(default_factory=dict)
    default: int = 1
    latest: int = 0

    def version(self, wanted: str) -> Version:
        """Find the version ``$Latest``, ``$Default`` or of a number. Raises: AwsError if it is
        not there."""
        number = {"$Latest": str(self.latest), "$Default": str(self.default)}.get(wanted, wanted)
        if not number.isdigit():
            raise AwsError("InvalidLaunchTemplateId.VersionNotFound", f"No version '{wanted}'.")
        if int(number) not in self.versions:
            raise AwsError(
                "InvalidLaunchTemplateId.VersionNotFound",
                f"Could not find the specified version {number} for the launch template with ID "
                f"{self.id}.",
            )
        return self.versions[int(number)]


@dataclass
class Templates:
    """The templates of a region."""

    by_id: dict[str, Template] = field(default_factory=dict)


def find(call: Call, template_id: str | None, name: str | None) -> Template:
    """Find a template by its id or its name. Raises: AwsError for neither, both or none."""
    if bool(template_id) == bool(name):
        raise AwsError(
            "InvalidParameterCombination" if name else "MissingParameter",
            "Specify either the launch template ID or the launch template name, not both.",
        )
    templates = call.state(Templates).by_id
    if template_id:
        if template_id not in templates:
            raise AwsError(
                "InvalidLaunchTemplateId.NotFound",
                f"The specified launch template, with template ID {template_id}, does not exist.",
            )
        return templates[template_id]
    for template in templates.values():
        if template.name == name:
            return template
    raise AwsError(
        "InvalidLaunchTemplateName.NotFoundException",
        f"The specified launch template, with template name {name}, does not exist.",
    )


def resolve(call: Call, specification: Wire) -> tuple[Template, Version]:
    """Find the version that a group or RunInstances names; none named means the default one."""
    template = find(
        call, specification.get("LaunchTemplateId"), specification.get("LaunchTemplateName")
    )
    return template, template.version(specification.get("Version") or "$Default")


@operation("ec2", "CreateLaunchTemplate")
def create(call: Call) -> Wire:
    """Answer CreateLaunchTemplate. Moto ignores ClientToken and leaks the template's own tags
    into its data."""

    def make() -> Wire:
        templates = call.state(Templates).by_id
        name = call.params["LaunchTemplateName"]
        if any(template.name == name for template in templates.values()):
            raise AwsError(
                "InvalidLaunchTemplateName.AlreadyExistsException",
                "Launch template name already in use.",
            )
        _check_data(call.params["LaunchTemplateData"])
        template = Template(hex_id("lt-"), name, call.world.now())
        templates[template.id] = template
        for specification in call.params.get("TagSpecifications", []):
            if specification.get("ResourceType") != "launch-template":
                raise AwsError(
                    "InvalidParameterValue",
                    f"'{specification.get('ResourceType')}' is not a valid taggable resource type "
                    "for this operation.",
                )
            call.ec2.create_tags([template.id], tag_map(specification.get("Tags")))
        _add_version(call, template, copy.deepcopy(call.params["LaunchTemplateData"]))
        return {"LaunchTemplateId": template.id}

    dry_run(call)
    made = once(call, make, "IdempotentParameterMismatch")
    template = find(call, made["LaunchTemplateId"], None)
    return {"LaunchTemplate": template_view(call, template)}


@operation("ec2", "CreateLaunchTemplateVersion")
def create_version(call: Call) -> Wire:
    """Answer CreateLaunchTemplateVersion. Moto ignores SourceVersion, even one that does not
    exist; AWS merges over it."""

    def make() -> Wire:
        template = find(
            call, call.params.get("LaunchTemplateId"), call.params.get("LaunchTemplateName")
        )
        given = copy.deepcopy(call.params["LaunchTemplateData"])
        source = call.params.get("SourceVersion")
        data = {**copy.deepcopy(template.version(source).data), **given} if source else given
        _check_data(data)
        return {
            "LaunchTemplateId": template.id,
            "Number": _add_version(call, template, data).number,
        }

    dry_run(call)
    made = once(call, make, "IdempotentParameterMismatch")
    template = find(call, made["LaunchTemplateId"], None)
    return {"LaunchTemplateVersion": version_view(template, template.version(str(made["Number"])))}


def _check_data(data: Wire) -> None:
    if data.get("InstanceType") and data.get("InstanceRequirements"):
        raise AwsError(
            "InvalidParameterCombination",
            "InstanceType and InstanceRequirements cannot be used together.",
        )
    if not data:
        raise AwsError(
            "MissingParameter", "The request must contain the parameter LaunchTemplateData"
        )


def _add_version(call: Call, template: Template, data: Wire) -> Version:
    template.latest += 1
    version = Version(
        template.latest, call.params.get("VersionDescription"), data, call.world.now()
    )
    template.versions[version.number] = version
    return version


@operation("ec2", "DescribeLaunchTemplates")
def describe(call: Call) -> Wire:
    """Answer DescribeLaunchTemplates. Moto stops at 15 without a token, and shows the tags of
    creation for ever."""
    dry_run(call)
    ids, names = (
        call.params.get("LaunchTemplateIds", []),
        call.params.get("LaunchTemplateNames", []),
    )
    found = [find(call, template_id, None) for template_id in ids]
    found += [find(call, None, name) for name in names]
    if not ids and not names:
        found = list(call.state(Templates).by_id.values())
    shown, token = page(
        (template for template in found if _passes(call, template)),
        min(call.params.get("MaxResults", LARGEST_PAGE), LARGEST_PAGE),
        call.params.get("NextToken"),
    )
    return {
        "LaunchTemplates": [template_view(call, template) for template in shown],
        "NextToken": token,
    }


def _passes(call: Call, template: Template) -> bool:
    tags = call.ec2.tags.get(template.id, {})
    for item in call.params.get("Filters", []):
        name, globs = item["Name"], item.get("Values", [])
        if name == "launch-template-name":
            values = [template.name]
        elif name == "create-time":
            values = [template.created.strftime("%Y-%m-%dT%H:%M:%S.000Z")]
        elif name == "tag-key":
            values = list(tags)
        elif name.startswith("tag:"):
            values = [tags[name[4:]]] if name[4:] in tags else []
        else:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid.")
        if not any(fnmatchcase(value, glob) for value in values for glob in globs):
            return False
    return True


@operation("ec2", "DescribeLaunchTemplateVersions")
def describe_versions(call: Call) -> Wire:
    """Answer DescribeLaunchTemplateVersions. Moto stops at 15 without a token and ignores filters.

    AWS sweeps all templates with ``$Latest`` or ``$Default``. [M ec2]
    """
    dry_run(call)
    shown, token = page(
        _versions(call),
        min(call.params.get("MaxResults", LARGEST_PAGE), LARGEST_PAGE),
        call.params.get("NextToken"),
    )
    views = [version_view(template, version) for template, version in shown]
    return {"LaunchTemplateVersions": views, "NextToken": token}


def _versions(call: Call) -> Iterator[tuple[Template, Version]]:
    wanted = call.params.get("Versions", [])
    template_id, name = call.params.get("LaunchTemplateId"), call.params.get("LaunchTemplateName")
    if not template_id and not name:
        if not wanted or set(wanted) - {"$Latest", "$Default"}:
            raise AwsError(
                "InvalidParameterValue" if wanted else "MissingParameter",
                "Without a launch template ID or name, Versions must be $Latest, $Default or both.",
            )
        for template in call.state(Templates).by_id.values():
            numbers = {template.version(version).number for version in wanted}
            yield from ((template, template.versions[number]) for number in sorted(numbers))
        return
    template = find(call, template_id, name)
    if wanted:
        yield from ((template, template.version(version)) for version in wanted)
        return
    least = int(call.params.get("MinVersion", 1))
    most = int(call.params.get("MaxVersion", template.latest))
    for number in sorted(template.versions, reverse=True):
        if least <= number <= most:
            yield template, template.versions[number]


@operation("ec2", "ModifyLaunchTemplate")
def modify(call: Call) -> Wire:
    """Answer ModifyLaunchTemplate. Only the default version can change."""
    dry_run(call)
    template = find(
        call, call.params.get("LaunchTemplateId"), call.params.get("LaunchTemplateName")
    )
    if "DefaultVersion" in call.params:
        template.default = template.version(call.params["DefaultVersion"]).number
    return {"LaunchTemplate": template_view(call, template)}


@operation("ec2", "DeleteLaunchTemplate")
def delete(call: Call) -> Wire:
    """Answer DeleteLaunchTemplate: the template and all its versions. A group that uses it keeps
    a dangling name, as on AWS."""
    dry_run(call)
    template = find(
        call, call.params.get("LaunchTemplateId"), call.params.get("LaunchTemplateName")
    )
    view = template_view(call, template)
    del call.state(Templates).by_id[template.id]
    forget(call, "LaunchTemplateId", template.id)
    call.ec2.tags.pop(template.id, None)
    return {"LaunchTemplate": view}


@operation("ec2", "DeleteLaunchTemplateVersions")
def delete_versions(call: Call) -> Wire:
    """Answer DeleteLaunchTemplateVersions. Moto has no such call. The default version stays,
    with an error in the answer."""
    dry_run(call)
    template = find(
        call, call.params.get("LaunchTemplateId"), call.params.get("LaunchTemplateName")
    )
    done, failed = [], []
    for wanted in call.params["Versions"]:
        item = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        number = int(wanted)
        if number in template.versions and number != template.default:
            del template.versions[number]
            done.append({**item, "VersionNumber": number})
            continue
        code = (
            "launchTemplateVersionDoesNotExist"
            if number not in template.versions
            else "unexpectedError"
        )
        error = {"Code": code, "Message": f"Version {number} cannot be deleted."}
        failed.append({**item, "VersionNumber": number, "ResponseError": error})
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": done,
        "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
    }


def template_view(call: Call, template: Template) -> Wire:
    """Show a template as AWS does, with the tags it has now."""
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.created,
        "CreatedBy": f"arn:aws:iam::{ACCOUNT}:root",
        "DefaultVersionNumber": template.default,
        "LatestVersionNumber": template.latest,
        "Tags": tag_list(call.ec2.tags.get(template.id, {})),
    }


def version_view(template: Template, version: Version) -> Wire:
    """Show a version as AWS does."""
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "VersionDescription": version.description,
        "CreateTime": version.created,
        "CreatedBy": f"arn:aws:iam::{ACCOUNT}:root",
        "DefaultVersion": version.number == template.default,
        "LaunchTemplateData": version.data,
    }
