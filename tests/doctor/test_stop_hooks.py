"""`stop-hook`: the tag of a group against the lifecycle hooks that AWS has."""

from __future__ import annotations

from typing import Any

from reconciler.doctor.check import Level, View
from reconciler.doctor.stop_hooks import hooks
from reconciler.workstation import stop_hook
from tests.doctor.views import Answer, denied, door, found, lines_of, only, view

HOOK = stop_hook.settings("300")
STRANGE = {**HOOK, "LifecycleHookName": "logs", "HeartbeatTimeout": 7200}


def group(name: str, site: str = "acme", hook: str = "300") -> dict[str, Any]:
    tags = {"reconciler:site": site, "reconciler:workstation": name}
    if hook:
        tags["reconciler:stop-hook"] = hook
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"AutoScalingGroupName": f"{site}-{name}", "Tags": listed}


def seen(*groups: dict[str, Any], **hooks_of: Any) -> View:
    """Workstations alice and bob, the groups that stand, and the hooks of each."""

    def described(AutoScalingGroupName: str) -> Any:  # noqa: N803 - AWS's name
        found = hooks_of[AutoScalingGroupName.removeprefix("acme-")]
        return found() if callable(found) else {"LifecycleHooks": found}

    answers: dict[str, Answer] = {
        "describe_auto_scaling_groups": lambda: {"AutoScalingGroups": list(groups)},
        "describe_lifecycle_hooks": described,
    }
    return view(door(**answers), alice={}, bob={})


def test_a_group_with_its_hook_is_fine() -> None:
    assert lines_of(hooks, seen(group("alice"), alice=[HOOK])) == [
        "ok: groups of alice: before AWS ends an instance, its machine can leave"
    ]


def test_a_group_that_a_run_will_put_the_hook_on_is_not_read() -> None:
    assert found(hooks, seen(group("alice", hook=""), group("alice", site="other"))) == []


def test_a_tag_without_its_hook_is_told_with_the_command_that_repairs_it() -> None:
    finding = only(hooks, seen(group("alice"), alice=[]))
    assert (finding.level, finding.workstations) == (Level.WARNING, ("alice",))
    assert "its lifecycle hook reconciler-stop is not there" in finding.message
    assert finding.fix.endswith(
        "aws autoscaling delete-tags --tags ResourceId=acme-alice,"
        "ResourceType=auto-scaling-group,Key=reconciler:stop-hook"
    )


def test_a_hook_that_gives_up_at_once_is_told() -> None:
    other = [{**HOOK, "HeartbeatTimeout": 30}]
    finding = only(hooks, seen(group("alice"), alice=other))
    assert "has other settings than ours" in finding.message


def test_a_hook_of_somebody_else_is_told() -> None:
    finding = only(hooks, seen(group("alice"), alice=[HOOK, STRANGE]))
    assert finding.level is Level.WARNING
    assert "the lifecycle hook logs on the group of alice" in finding.message
    assert "wait 7200 s" in finding.message


def test_one_group_that_cannot_be_read_hides_no_other() -> None:
    refused = denied("autoscaling:DescribeLifecycleHooks")
    looked = seen(group("alice"), group("bob"), alice=refused, bob=[HOOK])
    unknown, fine = found(hooks, looked)
    assert unknown.level is Level.UNKNOWN
    assert "autoscaling:DescribeLifecycleHooks" in unknown.fix
    assert fine.message.startswith("groups of bob: ")
