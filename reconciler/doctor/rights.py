"""What must be able to act: the machine's profile, the schedules' role, keys, AWS's own roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from reconciler.declare.fleet import Workstation, iam_name
from reconciler.declare.units import duration
from reconciler.declare.zonedata import in_use
from reconciler.doctor.check import Found, Level, View, lacking, unread
from reconciler.errors import AwsError, NotFound, Where
from reconciler.plan.names import group_name
from reconciler.plan.ownership import SITE
from reconciler.plan.resolve import Missing

SCHEDULER = "scheduler.amazonaws.com"
STARTS = "autoscaling:SetDesiredCapacity"
SKEW = timedelta(minutes=5)
"""AWS refuses a signature that is older (IAM user guide, "Signing AWS API requests")."""


def profiles(view: View) -> Iterator[Found]:
    """Check whether each instance profile is there and has a role: without one, no agent signs
    in."""
    users = _users(view, lambda w: w.instance_profile)
    arns = view.lookups.instance_profiles(view.aws, users)
    found = profiles_by_name(view, arns)
    for name, arn in arns.items():
        where = users[name][0].places["instance_profile"]
        if isinstance(arn, Missing):
            yield lacking(arn, "create it", [w.name for w in users[name]], where)
            continue
        affected = tuple(w.name for w in users[name])
        short = iam_name(name)
        roles = found[short]["Roles"]
        if not roles:
            text = f"instance profile {name} has no role: instances could not even reach SSM"
            fix = f"aws iam add-role-to-instance-profile --instance-profile-name {short} …"
            yield Found(Level.ERROR, text, fix, affected, where)
        elif _path(arn) != _declared(name):
            yield _elsewhere("instance profile", name, arn, "instance_profile", affected, where)
        elif _path(roles[0]["Arn"]) != _declared(name):
            text = (
                f"instance profile {name} holds the role {_path(roles[0]['Arn'])}: the printed "
                f"apply policy names {_declared(name)} in PassProfile"
            )
            fix = "name the role as the profile, or correct PassProfile in the policy"
            yield Found(Level.WARNING, text, fix, affected, where)
        else:
            yield Found(Level.OK, f"instance profile {name}")


def profiles_by_name(view: View, arns: Mapping[str, str | Missing]) -> dict[str, Mapping[str, Any]]:
    """Read AWS's records of all instance profiles, by name without path; none where no ARN could
    be read. One list, which the lookup has read already."""
    if all(isinstance(arn, Missing) for arn in arns.values()):
        return {}
    return {
        str(item.get("InstanceProfileName")): item
        for item in view.aws.pages("iam", "list_instance_profiles", "InstanceProfiles", 1000)
    }


def scheduler_roles(view: View) -> Iterator[Found]:
    """Check whether EventBridge Scheduler may take each role for the site's schedule group."""
    users = _users(view, lambda w: w.scheduler_role)
    for name, arn in view.lookups.roles(view.aws, users).items():
        where = users[name][0].places["scheduler_role"]
        affected = tuple(w.name for w in users[name])
        if isinstance(arn, Missing):
            yield lacking(arn, "create it", affected, where)
            continue
        if _path(arn) != _declared(name):
            yield _elsewhere("role", name, arn, "scheduler_role", affected, where)
        role = view.aws.call("iam", "get_role", RoleName=iam_name(name))["Role"]
        groups = [_group(view, region) for region in sorted({w.region for w in users[name]})]
        verdicts = [
            _trusted(role["AssumeRolePolicyDocument"], view.site.account, g) for g in groups
        ]
        level, text = next(
            (verdict for verdict in verdicts if verdict[0] is not Level.OK), verdicts[0]
        )
        fix = (
            ""
            if level is Level.OK
            else "give it the trust policy that `reconcile iam --role scheduler --trust` prints"
        )
        yield Found(level, f"role {name} {text}", fix, affected if fix else (), where)


def scheduler_rights(view: View) -> Iterator[Found]:
    """Check whether each role of the schedules may start and stop; nothing tells when it may not.

    Boundaries and service control policies count too (IAM API, SimulatePrincipalPolicy).
    """
    users = _users(view, lambda w: w.scheduler_role)
    for name, arn in view.lookups.roles(view.aws, users).items():
        if isinstance(arn, Missing):
            continue  # `scheduler_roles` reports it
        for region, workstations in sorted(_by_region(users[name]).items()):
            try:
                yield _may_act(view, name, arn, region, workstations)
            except AwsError as error:  # of one role: the others can be read
                yield unread(error)


def _may_act(view: View, name: str, arn: str, region: str, users: list[Workstation]) -> Found:
    aws, site = view.aws, view.site.name
    group = (
        f"arn:{aws.partition}:autoscaling:{region}:{aws.account}:autoScalingGroup:*:"
        f"autoScalingGroupName/{group_name(site, users[0].name)}"
    )
    context = {f"aws:ResourceTag/{SITE}": site, "aws:RequestedRegion": region}
    answer = aws.call(
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=arn,
        ActionNames=[STARTS],
        ResourceArns=[group],
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in context.items()
        ],
    )
    [result] = answer["EvaluationResults"]
    if result["EvalDecision"] == "allowed":
        return Found(Level.OK, f"role {name} may start and stop in {region}")
    text = f"role {name} may not call {STARTS} in {region}: {_why(result)}, so no schedule acts"
    fix = "attach the policy that `reconcile iam --role scheduler` prints, or remove the Deny"
    where = users[0].places["scheduler_role"]
    return Found(Level.ERROR, text, fix, tuple(w.name for w in users), where)


def _why(result: Mapping[str, Any]) -> str:
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return "a service control policy denies it"
    boundary = result.get("PermissionsBoundaryDecisionDetail", {})
    if not boundary.get("AllowedByPermissionsBoundary", True):
        return "its permissions boundary does not allow it"
    if result["EvalDecision"] == "explicitDeny":
        return "one of its policies denies it"
    return "none of its policies allows it"


def _by_region(users: list[Workstation]) -> dict[str, list[Workstation]]:
    regions: dict[str, list[Workstation]] = {}
    for workstation in users:
        regions.setdefault(workstation.region, []).append(workstation)
    return regions


def _path(arn: str) -> str:
    """`platform/ws` of `arn:aws:iam::123456789012:role/platform/ws`."""
    return arn.partition("/")[2]


def _declared(name: str) -> str:
    return name.lstrip("/")


def _elsewhere(
    kind: str, name: str, arn: str, field: str, affected: tuple[str, ...], where: Where
) -> Found:
    """A policy names an ARN, and an ARN has the path."""
    text = f"{kind} {name} is {arn}: the printed policies name another ARN, without that path"
    fix = f"write {field}: /{_path(arn)}, and print the policies again"
    return Found(Level.ERROR, text, fix, affected, where)


def keys(view: View) -> Iterator[Found]:
    """Check whether each declared KMS key can be used."""
    homes = ((home.kms_key_id, home.workstation, home.where) for home in view.file_systems)
    volumes = (
        (key, w.name, w.where)
        for w in view.workstations
        for key in {w.root.kms_key_id, w.home.kms_key_id if w.home else None}
    )
    declared = {key: (name, where) for key, name, where in (*homes, *volumes) if key}
    for key, (name, where) in sorted(declared.items()):
        try:
            facts = view.aws.call("kms", "describe_key", KeyId=key)["KeyMetadata"]
        except NotFound:
            absent = Missing(f"KMS key {key} does not exist in {view.aws.region}")
            yield lacking(absent, "create it, or correct `kms_key_id`", [name], where)
            continue
        except AwsError as error:  # of one key: the others can be read
            yield unread(error)
            continue
        if facts["KeyState"] == "Enabled":
            yield Found(Level.OK, f"KMS key {key}")
        else:
            text = f"KMS key {key} is {facts['KeyState']}: nothing it encrypts can be attached"
            fix = f"aws kms enable-key --key-id {facts['KeyId']} (cancel its deletion before)"
            yield Found(Level.ERROR, text, fix, (name,) if name else (), where)


def service_roles(view: View) -> Iterator[Found]:
    """Check whether AWS has made the roles that Auto Scaling and Spot act under."""
    needed = {"AWSServiceRoleForAutoScaling": "autoscaling.amazonaws.com"}
    if any(w.spot_policy != "on-demand" for w in view.workstations):
        needed["AWSServiceRoleForEC2Spot"] = "spot.amazonaws.com"
    for name, service in needed.items():
        try:
            view.aws.call("iam", "get_role", RoleName=name)
        except NotFound:
            text = (
                f"role {name} does not exist: AWS creates it at its first use, which may fail once"
            )
            fix = f"aws iam create-service-linked-role --aws-service-name {service}"
            yield Found(Level.WARNING, text, fix)
        else:
            yield Found(Level.OK, f"role {name}")


def clock(view: View) -> Iterator[Found]:
    """Check whether this machine's clock is near AWS's: signatures carry the time."""
    off = abs(view.ahead)
    text = f"this machine's clock is {duration(off.total_seconds())} off AWS's"
    if off > SKEW:
        yield Found(Level.WARNING, f"{text}: signatures fail", "set it by NTP, e.g. chronyd")
    else:
        yield Found(Level.OK, text)


def zone_data(_view: View) -> Iterator[Found]:
    """Report the time zone data by which this machine reads local times: AWS has its own, always
    new."""
    yield Found(Level.OK, f"time zone data {in_use()}")


def _users(view: View, named: Callable[[Workstation], str]) -> dict[str, list[Workstation]]:
    users: dict[str, list[Workstation]] = {}
    for workstation in view.workstations:
        users.setdefault(named(workstation), []).append(workstation)
    return users


def _group(view: View, region: str) -> str:
    aws = view.aws
    return f"arn:{aws.partition}:scheduler:{region}:{aws.account}:schedule-group/{view.site.name}"


def _trusted(document: Mapping[str, Any], account: str, group: str) -> tuple[Level, str]:
    """How a trust policy stands to Scheduler, which says for which account and group it comes."""
    source = {"aws:SourceAccount": account, "aws:SourceArn": group}
    verdict = (Level.ERROR, f"does not trust {SCHEDULER}: no schedule starts anything")
    for statement in _as_list(document.get("Statement", ())):
        principal = statement.get("Principal", {})
        services = _as_list(principal.get("Service", ())) if isinstance(principal, Mapping) else ()
        if SCHEDULER not in services or "sts:AssumeRole" not in _as_list(statement["Action"]):
            continue
        conditions = [
            (operator, key, _as_list(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        ]
        if statement["Effect"] == "Deny" or any(
            operator not in _OPERATORS or key not in source for operator, key, _ in conditions
        ):
            return (
                Level.UNKNOWN,
                f"trusts {SCHEDULER} on conditions that this check does not evaluate",
            )
        if all(
            any(_OPERATORS[operator](source[key], value) for value in allowed)
            for operator, key, allowed in conditions
        ):
            if conditions:
                return Level.OK, f"trusts {SCHEDULER} for the site's schedule group"
            # The confused deputy (EventBridge Scheduler user guide, same title).
            return Level.WARNING, f"trusts {SCHEDULER} for the schedules of any account"
        verdict = (Level.ERROR, f"does not trust {SCHEDULER} for {group}: nothing starts")
    return verdict


def _equal(value: str, wanted: str) -> bool:
    return value == wanted


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
}


def _as_list(value: Any) -> Iterable[Any]:
    """IAM takes one or a list everywhere."""
    return [value] if isinstance(value, str | Mapping) else value
