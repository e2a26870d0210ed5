"""Bugs to plant, one at a time: each is one edit that a tired person could make.

`tests` names where it must be caught; `python -m tests.seeded` plants each in a copy of the
tree and runs those.
"""

from __future__ import annotations

from dataclasses import dataclass

PLAN = ("tests/plan",)
AWS = ("tests/aws",)
KINDS = ("tests/kinds/test_desired.py", "tests/kinds/test_contract.py")
STRICT = ("tests/strict/test_crash.py",)
TOLD = ("tests/strict/test_told.py",)
DECLARE = ("tests/declare",)
POWER = ("tests/strict/test_power_crash.py",)
POWER_RACES = ("tests/strict/test_power_found.py", "tests/strict/test_power_two_writers.py")


@dataclass(frozen=True)
class Bug:
    """Replace `old`, which stands exactly once in `file`, with `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _promise(*numbers: int) -> tuple[str, ...]:
    return tuple(f"tests/promises/test_promise_{number:02}_*.py" for number in numbers)


BUGS = (
    Bug(
        "a random creation token",
        "reconciler/kinds/identity.py",
        "return hashlib.sha256(identity.encode()).hexdigest()[:40]",
        'return __import__("uuid").uuid4().hex + identity[:0]',
        STRICT,
    ),
    Bug(
        "a list that ends with its first page",
        "reconciler/aws/client.py",
        "                yield from page[items]",
        "                yield from page[items]\n                return",
        AWS,
    ),
    Bug(
        "a failed read taken for nothing there",
        "reconciler/plan/read.py",
        "return Unknown(kind.NAME, aws.region, str(error), error.code)",
        "return () if error else ()",
        _promise(4),
    ),
    Bug(
        "no guard against a mass removal",
        "reconciler/plan/guard.py",
        "        if len(touched) <= limit:",
        "        if len(touched) <= 10_000:",
        PLAN,
    ),
    Bug(
        "any token approves",
        "reconciler/plan/guard.py",
        "    limit = max(1, live_workstations // 10)",
        "    limit = max(1, live_workstations // 10) if not approve else 10_000",
        PLAN,
    ),
    Bug(
        "lost data made anew in silence",
        "reconciler/plan/guard.py",
        "    plan = _recreations(plan, approve, findings)\n",
        "",
        PLAN,
    ),
    Bug(
        "a group's tags are compared and never written",
        "reconciler/kinds/auto_scaling_group.py",
        '    if "tags" in fields:\n        tag_auto_scaling_group',
        '    if "Tags" in fields:\n        tag_auto_scaling_group',
        KINDS,
    ),
    Bug(
        "a topic's policy is not compared",
        "reconciler/kinds/topic.py",
        'RULES = {"policy": IN_PLACE, "tags": IN_PLACE}',
        'RULES = {"tags": IN_PLACE}',
        KINDS,
    ),
    Bug(
        "a dry run that writes",
        "reconciler/cli/run.py",
        "    if request.dry_run:\n",
        "    if request.dry_run and request.exit_code:\n",
        _promise(5),
    ),
    Bug(
        "a stranger's thing is taken over",
        "reconciler/plan/plan.py",
        "    if live and not live.owned:",
        "    if live and live.spec is None and not live.owned and not live.key:",
        PLAN,
    ),
    Bug(
        "another site's things are ours",
        "reconciler/plan/kind.py",
        "return tags.get(SITE) == self.site",
        "return SITE in tags",
        _promise(6),
    ),
    Bug(
        "an update writes the desired capacity",
        "reconciler/kinds/auto_scaling_group.py",
        '        settings["MixedInstancesPolicy"] = mixed_instances.write(spec)\n',
        '        settings["MixedInstancesPolicy"] = mixed_instances.write(spec)\n'
        '        settings["DesiredCapacity"] = 0\n',
        _promise(8),
    ),
    Bug(
        "what waits for off is written while somebody works",
        "reconciler/plan/plan.py",
        "return bool(live.in_use)",
        "return not live.in_use",
        PLAN,
    ),
    Bug(
        "a fixed field is sent to AWS",
        "reconciler/plan/plan.py",
        "        case When.NEVER:\n            return False",
        "        case When.NEVER:\n            return True",
        PLAN,
    ),
    Bug(
        "storage may shrink",
        "reconciler/plan/plan.py",
        "return bool(change.new > change.old)",
        "return bool(change.new != change.old)",
        PLAN,
    ),
    Bug(
        "the stop schedule of a leaving workstation goes at once",
        "reconciler/kinds/schedule.py",
        "Removal.WHEN_OFF if edge",
        "Removal.AT_ONCE if edge",
        _promise(1, 8),
    ),
    Bug(
        "a group that runs is deleted",
        "reconciler/plan/plan.py",
        "        elif in_use:",
        "        elif in_use and not place:",
        PLAN,
    ),
    Bug(
        "the group follows $Latest",
        "reconciler/kinds/mixed_instances.py",
        '"Version": spec.launch_template_version,',
        '"Version": "$Latest",',
        KINDS,
    ),
    Bug(
        "IMDSv1 is allowed",
        "reconciler/kinds/launch_template.py",
        '"HttpTokens": "required"',
        '"HttpTokens": "optional"',
        KINDS,
    ),
    Bug(
        "a root disk in the clear",
        "reconciler/kinds/launch_template.py",
        '        "Encrypted": True,',
        '        "Encrypted": False,',
        KINDS,
    ),
    Bug(
        "a port opened by hand stays open",
        "reconciler/kinds/security_group_rules.py",
        '("revoke_security_group_ingress", before - spec.ingress - reworded)',
        '("revoke_security_group_ingress", frozenset())',
        KINDS,
    ),
    Bug(
        "an edited schedule is believed",
        "reconciler/kinds/schedule.py",
        'summary["LastModificationDate"] != summary["CreationDate"]',
        'summary["LastModificationDate"] < summary["CreationDate"]',
        KINDS,
    ),
    Bug(
        "On-Demand only, AWS's default",
        "reconciler/kinds/auto_scaling_group.py",
        'return 100 if declared.spot_policy == "on-demand" else 0',
        'return 0 if declared.spot_policy == "on-demand" else 100',
        KINDS,
    ),
    Bug(
        "templates read by their default version",
        "reconciler/kinds/launch_template.py",
        'Versions=["$Latest"],',
        'Versions=["$Default"],',
        KINDS,
    ),
    Bug(
        "AZRebalance left on",
        "reconciler/kinds/auto_scaling_group.py",
        "        _suspend(aws, name, (), spec.suspended_processes)\n",
        "",
        _promise(2),
    ),
    Bug(
        "homes are ordinary things",
        "reconciler/kinds/home_volume.py",
        "            removal=Removal.DATA,",
        "            removal=Removal.WHEN_OFF,",
        _promise(1),
    ),
    Bug(
        "two file systems of one name hide each other",
        "reconciler/kinds/file_system.py",
        "        if target in seen:",
        "        if target in seen and not seen:",
        TOLD,
    ),
    Bug(
        "the group keeps the old template version in the same run",
        "reconciler/plan/plan.py",
        "    draft.moving.add(key)\n    for attr in kind.MOVES:",
        "    draft.moving.add(key)\n    for attr in ():",
        PLAN,
    ),
    Bug(
        "an unread target reads as a change",
        "reconciler/plan/refs.py",
        "    return replace(spec, **as_is) if as_is else spec",
        "    return spec",
        PLAN,
    ),
    Bug(
        "a stopped run goes on",
        "reconciler/plan/apply.py",
        "        if self.stopped():",
        "        if self.stopped() and not self.kinds:",
        PLAN,
    ),
    Bug(
        "a create that finds its own earlier try fails",
        "reconciler/plan/apply.py",
        "            if change.op is Op.DELETE:  # a conflict of another kind",
        "            if change.op is Op.DELETE or kind:",
        PLAN,
    ),
    Bug(
        "another account's credentials will do",
        "reconciler/aws/client.py",
        "    if session.account != site.account:",
        "    if not session.account:",
        AWS,
    ),
    Bug(
        "a failed entry in a good answer is overlooked",
        "reconciler/kinds/event_rule.py",
        'for entry in answer.get("FailedEntries", ()):',
        'for entry in answer.get("Failed", ()):',
        TOLD,
    ),
    Bug(
        "a workstation without its image is a workstation removed",
        "reconciler/plan/plan.py",
        "        if (key.region, live.workstation or key.name) not in spared",
        "        if key not in spared",
        PLAN,
    ),
    Bug(
        "a secret in user data",
        "reconciler/kinds/launch_template.py",
        '        "version": 1,\n        "site": site.name,',
        '        "version": 1,\n        "key": __import__("os").environ["AWS_SECRET_ACCESS_KEY"],\n'
        '        "site": site.name,',
        _promise(11),
    ),
    Bug(
        "twice as many calls at once",
        "reconciler/plan/apply.py",
        "AT_ONCE = 10",
        "AT_ONCE = 20",
        (*PLAN, *_promise(12)),
    ),
    Bug(
        "a 24 GB GPU must report 24 GiB",
        "reconciler/declare/abis.py",
        "SLACK = 0.98",
        "SLACK = 1.06",
        DECLARE,
    ),
    Bug(
        "AWS's own price protection",
        "reconciler/declare/abis.py",
        '    need["OnDemandMaxPricePercentageOverLowestPrice"] = PRICE_PROTECTION\n',
        "",
        DECLARE,
    ),
    Bug(
        "one bad workstation ends the run",
        "reconciler/plan/apply.py",
        "            return replace(change, outcome=Outcome.FAILED, reason=str(error), "
        "error=error.code)",
        "            raise",
        PLAN,
    ),
    Bug(
        "a session for every round of a loop",
        "reconciler/aws/client.py",
        "    if session.is_current():",
        "    if not session:",
        AWS,
    ),
    Bug(
        "a loop that never reads its credentials again",
        "reconciler/aws/client.py",
        "_stamp(name) == then",
        "bool(name or then)",
        AWS,
    ),
    Bug(
        "a stopped command tries its calls again",
        "reconciler/aws/cancellation.py",
        "        if self._asked() is not None:\n            raise job.failed",
        "        if self._asked() == 0.5:\n            raise job.failed",
        AWS,
    ),
    Bug(
        "a stopped command waits for a server that hangs",
        "reconciler/aws/cancellation.py",
        "                raise Unanswered(operation, region)",
        "                continue",
        AWS,
    ),
    Bug(
        "a call without an answer is told as not done",
        "reconciler/plan/apply.py",
        "        except (NotReady, Stopped) as error:",
        "        except NotReady as error:",
        PLAN,
    ),
    Bug(
        "a fallback without suspending launches",
        "reconciler/kinds/auto_scaling_group.py",
        "with mixed_instances.empty(aws, name) if fields & mixed_instances.SPLIT else "
        "nullcontext():",
        "with nullcontext():",
        POWER_RACES,
    ),
    Bug(
        "a fallback trusts a look that is older than the suspension",
        "reconciler/kinds/mixed_instances.py",
        "if suspended.issuperset(LAUNCH):",
        "if suspended is not None:",
        POWER_RACES,
    ),
    Bug(
        "a fallback without waiting",
        "reconciler/power/market.py",
        "return now - since >= timedelta(seconds=fallback.after)",
        "return True",
        POWER,
    ),
    Bug(
        "a fallback for the On-Demand quota",
        "reconciler/power/failures.py",
        "lacking=min(helped) if decides.cause.on_demand_helps else None",
        "lacking=within[-1].at",
        POWER,
    ),
    Bug(
        "the way back of a fallback is taken while it runs",
        "reconciler/power/market.py",
        "    if state.running:\n        return _running",
        "    if state.running and not ended:\n        return _running",
        POWER,
    ),
    Bug(
        "an override is ignored by a run",
        "reconciler/power/ruling.py",
        "    override = active(group.runtime.override, now)\n",
        "    override = None\n",
        POWER,
    ),
    Bug(
        "an override's end leaves it on",
        "reconciler/power/keep.py",
        "    if end.desired is not None:\n",
        "    if end.desired:\n",
        POWER,
    ),
    Bug(
        "an override does not save from the backstop",
        "reconciler/power/ruling.py",
        "if g.runtime.desired and active(g.runtime.override, now) is None",
        "if g.runtime.desired",
        POWER,
    ),
    Bug(
        "an override that came meanwhile is not looked for",
        "reconciler/kinds/auto_scaling_group.py",
        "if fields & last_look.FIELDS and old.runtime:",
        "if not fields and old.runtime:",
        POWER_RACES,
    ),
    Bug(
        "an override outlives a stop",
        "reconciler/power/stop.py",
        "taken_back = keep.take_back(aws, group, 0, now)",
        "taken_back = False",
        POWER,
    ),
    Bug(
        "no override for a start outside the hours",
        "reconciler/power/start.py",
        "if until is None and hours.outside(now):",
        "if until is None and not hours.rules:",
        POWER,
    ),
)
