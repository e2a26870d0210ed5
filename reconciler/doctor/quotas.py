"""What the account may have: vCPUs by family and market, Auto Scaling groups, file systems.

Codes and names of file systems: AWS General Reference, "Amazon FSx endpoints and quotas".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.aws_api import Aws
from reconciler.declare.fleet import FileSystem, Workstation, of_type
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from reconciler.doctor.check import Found, Level, View, lacking, names, unread
from reconciler.errors import AwsError
from reconciler.plan.names import group_name
from reconciler.plan.ownership import FILE_SYSTEM, FLEET, SITE, WORKSTATION, read_tags
from reconciler.plan.quotas import ON_DEMAND, SPOT, Quota, counts
from reconciler.plan.resolve import Missing
from reconciler.workstation import describe

CONSOLE = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


LUSTRE = {
    "PERSISTENT_1": (
        Quota("L-9AFA1F09", "Lustre Persistent_1 file systems"),
        Quota("L-C8640C82", "Lustre Persistent_1 storage capacity"),
    ),
    "PERSISTENT_2": (
        Quota("L-FD6F2F22", "Lustre Persistent_2 file systems"),
        Quota("L-8F1B9C74", "Lustre Persistent_2 storage capacity"),
    ),
    "SCRATCH": (
        Quota("L-C48231E5", "Lustre Scratch file systems"),
        Quota("L-AD2FC696", "Lustre Scratch storage capacity"),
    ),
}


def vcpus(view: View) -> Iterator[Found]:
    """Check whether each market has room for each workstation alone, and for all together."""
    if isinstance(view.types, Missing):
        yield lacking(view.types, "")
        return
    yield from _uncounted(view)
    limits = _Limits(view.aws, "ec2")
    spot = [w for w in view.workstations if w.spot_policy != "on-demand"]
    paid = [w for w in view.workstations if w.spot_policy == "on-demand" or w.on_demand_fallback]
    for table, stations in ((SPOT, spot), (ON_DEMAND, paid)):
        yield from _market(view, table, stations, limits)


def _uncounted(view: View) -> Iterator[Found]:
    out = sorted(w.name for w in view.workstations if not view.matching(w.name))
    if out:
        text = f"not counted, as the types that match are not known: {names(out)}"
        yield Found(Level.UNKNOWN, text, "repair what the other checks say of them", tuple(out))


def _market(
    view: View,
    table: tuple[Quota, ...],
    stations: list[Workstation],
    limits: _Limits,
) -> Iterator[Found]:
    assert not isinstance(view.types, Missing)
    needs: dict[str, dict[Quota, list[int]]] = {}  # workstation → quota → vCPUs of each type
    strange: set[str] = set()
    for workstation in stations:
        for name in view.matching(workstation.name):
            quota = counts(table, name)
            if quota is None:
                strange.add(name)
                continue
            sizes = needs.setdefault(workstation.name, {}).setdefault(quota, [])
            sizes.append(view.types[name].vcpus)
    if strange:
        market = "Spot" if table is SPOT else "On-Demand"
        yield Found(
            Level.UNKNOWN,
            f"no {market} quota is known for {names(sorted(strange))}",
            f"look it up: {_console(view.aws, 'ec2')}",
        )
    allowed: dict[Quota, float] = {}
    for quota in table:
        users = {name: by[quota] for name, by in needs.items() if quota in by}
        if users:
            try:
                allowed[quota] = limits(quota)
            except AwsError as error:  # of one quota: the others can be read
                yield unread(error, f"{quota.name} ({quota.code})")
    # None of the families it may start in has room for even the smallest type.
    stuck = {
        name
        for name, by in needs.items()
        if all(quota in allowed and allowed[quota] < min(sizes) for quota, sizes in by.items())
    }
    back = (
        {w.name for w in stations if w.spot_policy != "on-demand"} if table is ON_DEMAND else set()
    )
    for quota, limit in allowed.items():
        users = {name: by[quota] for name, by in needs.items() if quota in by}
        yield from _verdict(view.aws, quota, limit, users, stuck, back)


def _verdict(
    aws: Aws,
    quota: Quota,
    limit: float,
    users: Mapping[str, list[int]],
    stuck: set[str],
    fall_back: set[str],
) -> Iterator[Found]:
    need = sum(max(sizes) for sizes in users.values())
    fix = _raise(aws, "ec2", quota, need, "vCPUs")
    never = sorted(users.keys() & stuck)
    for held, verdict in (
        ([name for name in never if name not in fall_back], "can never start"),
        ([name for name in never if name in fall_back], "the fallback can never work"),
    ):
        if held:
            least = max(min(users[name]) for name in held)
            text = f"{quota.name}: {limit:g} vCPUs, {least} needed: {verdict} ({names(held)})"
            yield Found(Level.ERROR, text, fix, tuple(held))
    if never:
        return
    text = f"{quota.name}: {limit:g} vCPUs, at most {need} needed by {len(users)}"
    if limit < need:
        yield Found(Level.WARNING, f"{text}: not all can run at once", fix, tuple(sorted(users)))
    else:
        yield Found(Level.OK, text)


def groups(view: View) -> Iterator[Found]:
    """Check whether there is room for the Auto Scaling groups still to be made."""
    there = {group["AutoScalingGroupName"] for group in describe.groups(view.aws)}
    # The API's text says 200, the quota page 500: the account's own figure is here.
    limit = view.aws.call("autoscaling", "describe_account_limits")["MaxNumberOfAutoScalingGroups"]
    new = [w.name for w in view.workstations if group_name(view.site.name, w.name) not in there]
    text = f"Auto Scaling groups: {limit} allowed, {len(there)} there, {len(new)} to be made"
    if len(there) + len(new) > limit:
        quota = Quota("L-CDE20ADC", "Auto Scaling groups per region")
        fix = _raise(view.aws, "autoscaling", quota, len(there) + len(new), "")
        yield Found(Level.ERROR, text, fix, tuple(new))
    else:
        yield Found(Level.OK, text)


def lustre(view: View) -> Iterator[Found]:
    """Check whether there is room for the file systems still to be made: in number and in GiB."""
    declared = tuple(of_type(LustreFileSystem, view.file_systems))
    if not declared:
        return
    limits = _Limits(view.aws, "fsx")
    sizes: dict[str, list[int]] = {}  # of those there and to be made, by deployment
    existing: set[tuple[str, ...]] = set()
    for item in view.aws.pages("fsx", "describe_file_systems", "FileSystems", 100):
        if item["FileSystemType"] == "LUSTRE":
            deployment = _deployment(item["LustreConfiguration"]["DeploymentType"])
            sizes.setdefault(deployment, []).append(item.get("StorageCapacity", 0))
            tags = read_tags(item.get("Tags", ()))
            existing.add(
                tuple(tags.get(key, "") for key in (SITE, FLEET, WORKSTATION, FILE_SYSTEM))
            )
    new = [
        file_system
        for file_system in declared
        if _identity(view.site.name, file_system) not in existing
    ]
    for file_system in new:
        deployment = _deployment(file_system.deployment_type)
        sizes.setdefault(deployment, []).append(file_system.storage_capacity)
    for deployment in sorted(
        {_deployment(file_system.deployment_type) for file_system in declared}
    ):
        count, storage = LUSTRE[deployment]
        some = sizes.get(deployment, [])
        for quota, need, unit in ((count, len(some), ""), (storage, sum(some), "GiB")):
            limit = limits(quota)
            of = f" {unit}" if unit else ""
            text = f"{quota.name}: {limit:g}{of} allowed, {need}{of} needed with those to be made"
            if need > limit:
                yield Found(Level.ERROR, text, _raise(view.aws, "fsx", quota, need, unit))
            else:
                yield Found(Level.OK, text)


def _deployment(text: str) -> str:
    return "SCRATCH" if text.startswith("SCRATCH") else text


def _identity(site: str, file_system: FileSystem) -> tuple[str, ...]:
    return (site, file_system.fleet, file_system.workstation, file_system.name)


class _Limits:
    """The quotas of one service: as applied to the account, else AWS's default."""

    def __init__(self, aws: Aws, service: str) -> None:
        self._aws = aws
        self._service = service
        found = aws.pages(
            "service-quotas", "list_service_quotas", "Quotas", 100, ServiceCode=service
        )
        self._values = {item["QuotaCode"]: float(item["Value"]) for item in found}

    def __call__(self, quota: Quota) -> float:
        if quota.code not in self._values:  # never applied: the list leaves it out
            answer = self._aws.call(
                "service-quotas",
                "get_aws_default_service_quota",
                ServiceCode=self._service,
                QuotaCode=quota.code,
            )
            self._values[quota.code] = float(answer["Quota"]["Value"])
        return self._values[quota.code]


def _raise(aws: Aws, service: str, quota: Quota, need: int, unit: str) -> str:
    much = f"{need} {unit}".strip()
    link = _console(aws, service, quota.code)
    return f"raise {quota.name} ({quota.code}) in {aws.region} to {much} or more: {link}"


def _console(aws: Aws, service: str, code: str = "") -> str:
    host = CONSOLE.get(aws.partition, "console.aws.amazon.com")
    path = f"servicequotas/home/services/{service}/quotas" + (f"/{code}" if code else "")
    return f"https://{aws.region}.{host}/{path}"
