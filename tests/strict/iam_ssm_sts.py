"""IAM, SSM and STS, as far as a run asks them: read only."""

from __future__ import annotations

from tests.strict.aws import ACCOUNT, START, Here, Refusal
from tests.strict.tables import Record


def get_caller_identity(here: Here, p: Record) -> Record:
    """Tell the identity of the caller."""
    return {
        "UserId": "AIDAEXAMPLE",
        "Account": ACCOUNT,
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/reconciler/{here.sent.actor}",
    }


def list_instance_profiles(here: Here, p: Record) -> Record:
    """All of the account, without their tags (M). A page may be short: only `IsTruncated` says
    whether there is more (IAM API, ListInstanceProfiles, MaxItems)."""
    asked = {**p, "NextToken": p.get("Marker")}
    page = here.page(
        asked, "InstanceProfiles", lambda: list(here.seen("profiles").values()), "MaxItems"
    )
    marker = page.pop("NextToken", "")
    return {**page, "IsTruncated": bool(marker), **({"Marker": marker} if marker else {})}


def get_role(here: Here, p: Record) -> Record:
    """NoSuchEntity (404) for an unknown name (M)."""
    return {"Role": _named(here, "roles", "role", p["RoleName"])}


def _named(here: Here, table: str, noun: str, name: str) -> Record:
    found = here.seen(table).get(name)
    if found is None:
        raise Refusal("NoSuchEntity", f"The {noun} {name} cannot be found.", 404)
    return found


def get_parameters(here: Here, p: Record) -> Record:
    """At most ten names; unknown ones are listed, not refused (M)."""
    if len(p["Names"]) > 10:
        raise Refusal("ValidationException", "at most 10 names")
    known = here.seen("parameters")
    return {
        "Parameters": [known[name] for name in p["Names"] if name in known],
        "InvalidParameters": [name for name in p["Names"] if name not in known],
    }


def describe_instance_information(here: Here, p: Record) -> Record:
    """Every instance that runs has an agent that answers."""
    wanted = {value for item in p["Filters"] for value in item["Values"]}
    running = here.of("ec2").seen("instances").items()
    return {
        "InstanceInformationList": [
            {"InstanceId": name, "PingStatus": "Online"}
            for name, instance in running
            if name in wanted and instance["State"]["Name"] == "running"
        ]
    }


def plant(here: Here, ssm: Here, image: str) -> None:
    """What `bootstrap` and an image pipeline leave behind."""
    path = f"arn:aws:iam::{ACCOUNT}:"
    common = {"Path": "/", "CreateDate": START}
    here.put(
        "profiles",
        "workstation",
        {
            "InstanceProfileName": "workstation",
            "InstanceProfileId": "AIPAEXAMPLE",
            "Arn": f"{path}instance-profile/workstation",
            "Roles": [],
            **common,
        },
    )
    for name in ("workstation", "workstation-scheduler"):
        here.put(
            "roles",
            name,
            {"RoleName": name, "RoleId": "AROAEXAMPLE", "Arn": f"{path}role/{name}", **common},
        )
    parameter = {"Name": "/golden/gpu-desktop", "Type": "String", "Value": image, "Version": 1}
    ssm.put("parameters", "/golden/gpu-desktop", parameter)
