"""The policies people copy say what the promises say; tests/iam holds them to the calls made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.aws import policies
from reconciler.declare.fleet import Site

ROOT = Path(__file__).parents[2]
IAM = ROOT / "examples/github/iam"


def actions(role: str, effect: str) -> set[str]:
    return _actions(json.loads((IAM / f"{role}-policy.json").read_text()), effect)


def _actions(policy: dict[str, Any], effect: str) -> set[str]:
    named = [s["Action"] for s in policy["Statement"] if s["Effect"] == effect and "Action" in s]
    return {action for one in named for action in ([one] if isinstance(one, str) else one)}


def allowed(*roles: str) -> set[str]:
    """The actions of all these roles together."""
    return {action for role in roles for action in actions(role, "Allow")}


def allowed_of(site: Site, *roles: str) -> set[str]:
    """The actions that the printed policies of a site allow these roles together."""
    printed = (json.loads(json.dumps(policies.policy(site, role))) for role in roles)
    return {action for policy in printed for action in _actions(policy, "Allow")}


def test_the_plan_role_can_only_look() -> None:
    """Promise 5, held by AWS too."""
    verbs = {action.partition(":")[2] for action in allowed("plan")}
    reads = ("Describe", "Get", "List", "Simulate")
    assert {verb for verb in verbs if not verb.startswith(reads)} == set()


def test_the_apply_role_cannot_delete_data() -> None:
    """Promise 1, held by AWS too: not allowed, and denied besides."""
    assert actions("apply", "Deny") >= {"ec2:DeleteVolume", "ec2:DeleteSnapshot", "fsx:Delete*"}
    data = ("FileSystem", "Volume", "Snapshot", "Backup")
    assert [a for a in allowed("apply") if "Delete" in a and a.endswith(data)] == []


def test_no_action_is_a_pattern() -> None:
    """Promise 10: `ec2:*` would be the end of it."""
    assert [action for action in allowed("plan", "apply") if "*" in action] == []


def statements() -> list[dict[str, Any]]:
    return list(json.loads((IAM / "apply-policy.json").read_text())["Statement"])


def test_what_is_changed_is_named_or_tagged() -> None:
    """Promise 6, held by AWS too: what is free of both only reads, or launches our templates."""
    free = [
        statement["Sid"]
        for statement in statements()
        if statement["Effect"] == "Allow"
        and statement["Resource"] in ("*", ["*"])
        and "Condition" not in statement
    ]
    assert free == ["Look"]
