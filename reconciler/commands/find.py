"""Find a workstation by its tags: by name, or the caller's own. Neither YAML nor a file is read."""

from __future__ import annotations

from reconciler.aws_api import Aws
from reconciler.declare.suggest import suggest
from reconciler.errors import UsageError
from reconciler.workstation import read
from reconciler.workstation.model import Group


def caller(arn: str) -> str:
    """Return the name in an ARN of STS: a role's session (the login), or the user."""
    return arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2]


def checked(name: str) -> str:
    """Check a name. Raises: UsageError for one that no workstation can have."""
    if name and not read.NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a workstation: a name is 2 to 32 lower-case letters, digits and "
            "hyphens, beginning with a letter (`workstation status` lists yours)"
        )
    return name


def one(aws: Aws, name: str, login: str) -> Group:
    """Find the workstation of this name, or without a name the only one of the caller.

    Raises: UsageError when there is none, or more than one.
    """
    found = some(aws, name, login)
    if len(found) > 1 and name:
        owned = [group for group in found if is_owner(login, group.owner)]
        found = owned if len(owned) == 1 else found
    if len(found) > 1:
        sites = {group.site for group in found}
        names = [f"{g.site}/{g.workstation}" if len(sites) > 1 else g.workstation for g in found]
        matches = f"have the name {name}" if name else f"of {login}"
        raise UsageError(f"several workstations {matches}: name one of {', '.join(sorted(names))}")
    return found[0]


def some(aws: Aws, name: str, login: str) -> list[Group]:
    """Find those of this name, or all of the caller's. Raises: UsageError for none."""
    found = read.by_name(aws, name) if name else own(aws, login)
    where = f"in {aws.region}, account {aws.account}"
    if not found and name:
        near = suggest(
            name.rpartition("/")[2], [group.workstation for group in read.all_groups(aws)]
        )
        meant = f"did you mean {near}? " if near else ""
        raise UsageError(
            f"no workstation {name} {where}: {meant}`workstation status --all` lists all there "
            "are; AWS_REGION and AWS_PROFILE choose region and account"
        )
    if not found:
        raise UsageError(
            f"no workstation {where} is yours: you are {login}, and none has the owner {login} (or "
            f"{login}@…), exactly. Name one, or ask the platform team to set "
            f"`owner: {login}`"
        )
    return found


def own(aws: Aws, login: str) -> list[Group]:
    """Find the workstations of the caller."""
    found = read.by_owner(aws, login)
    # AWS documents no patterns for tag filters: `alice` of alice@example.com takes the whole list.
    return found or [group for group in read.all_groups(aws) if is_owner(login, group.owner)]


def regions(aws: Aws) -> list[str]:
    """List the regions that are enabled in the account. Raises: AwsError."""
    return sorted(each["RegionName"] for each in aws.call("ec2", "describe_regions")["Regions"])


def is_owner(login: str, owner: str) -> bool:
    """Tell whether a login is the owner, with case, as IAM does: whole, or before the @."""
    return bool(login) and login in (owner, owner.partition("@")[0])
