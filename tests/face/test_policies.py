"""Promise 10: what the shipped policies allow is what the code calls, and nothing else."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).parents[2]
IAM = ROOT / "examples/github/iam"
SERVICES = ("autoscaling", "ec2", "events", "fsx", "iam", "scheduler", "sns", "ssm")
# AWS asks for these when others are called: a group launches, hands on roles, makes its own.
IMPLIED = {"ec2:RunInstances", "iam:PassRole", "iam:CreateServiceLinkedRole"}
READING = ("Describe", "Get", "List")


def statements(role: str) -> list[dict[str, Any]]:
    return list(json.loads((IAM / f"{role}-policy.json").read_text())["Statement"])


def allowed(*roles: str) -> set[str]:
    """The actions of all these roles together."""
    actions = [statement["Action"] for role in roles for statement in statements(role)]
    return {a for one in actions for a in ([one] if isinstance(one, str) else one)}


def operations() -> dict[str, dict[str, str]]:
    """By service: the method's name → the action's."""
    session = botocore.session.get_session()
    models = {service: session.get_service_model(service) for service in SERVICES}
    return {
        service: {xform_name(name): name for name in model.operation_names}
        for service, model in models.items()
    }


def called() -> Iterator[str]:
    """Every operation whose name stands in the code, with the services named beside it."""
    known = operations()
    for path in [
        *(ROOT / "reconciler/kinds").glob("*.py"),
        *(ROOT / "reconciler/aws").glob("*.py"),
    ]:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        words = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        for service in words & set(SERVICES):
            yield from (f"{service}:{name}" for op, name in known[service].items() if op in words)
        for node in nodes:
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tag_arn":
                service = ast.literal_eval(node.args[1])
                yield from (f"{service}:TagResource", f"{service}:UntagResource")


def test_each_role_may_do_what_the_code_calls_and_nothing_else() -> None:
    made = set(called())
    reads = {action for action in made if action.split(":")[1].startswith(READING)}
    assert len(made) > 40, "the calls are not found any more"
    assert allowed("plan") == reads
    assert allowed("apply") == (made - reads) | IMPLIED


def test_the_apply_role_cannot_delete_data() -> None:
    """Promise 1, held by AWS too."""
    data = ("FileSystem", "Volume", "Snapshot", "Backup")
    assert [a for a in allowed("apply") if "Delete" in a and a.endswith(data)] == []
    assert [a for a in allowed("plan", "apply") if "*" in a] == []


def test_what_is_changed_is_named_or_tagged() -> None:
    """Promise 6, held by AWS too: only RunInstances, which every launch asks for, is free."""
    free = [s["Sid"] for s in statements("apply") if s["Resource"] == "*" and "Condition" not in s]
    assert free == ["WhatAGroupLaunches"]
