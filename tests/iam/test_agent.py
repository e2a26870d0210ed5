"""Promise 10, for the machine: its rights are the calls of its agent and of known programs."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import botocore.session

from reconciler.aws import policies
from tests.iam.evaluator import as_list
from tests.iam.test_denied import SITE

AGENT = Path(__file__).parent.parent.parent / "ami/agent/ws"

OTHERS = {
    "s3:GetObject": "the DCV server reads its licence",
    "ssm:GetParameter": "programs of the site on the machine read their settings",
    "ssm:GetParameters": "likewise",
    "ssm:GetParametersByPath": "likewise",
    "ssm:UpdateInstanceInformation": "the SSM agent",
    "ssmmessages:CreateControlChannel": "the SSM agent",
    "ssmmessages:CreateDataChannel": "the SSM agent",
    "ssmmessages:OpenControlChannel": "the SSM agent",
    "ssmmessages:OpenDataChannel": "the SSM agent",
}
"""What is allowed and not called by the agent, and who calls it."""


@cache
def operations(service: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(service)
    return frozenset(model.operation_names)


def calls(tree: ast.AST) -> set[str]:
    """The services that a module of the agent calls, by the first argument of `.call(…)`."""
    return {
        ast.unparse(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "call"
        and node.args
    }


def used() -> set[str]:
    """The actions that the agent asks IAM for: the names of operations in its code."""
    found = set()
    for path in AGENT.glob("*.py"):
        tree = ast.parse(path.read_text())
        services = {ast.literal_eval(text) for text in calls(tree)}  # a variable would raise here
        words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        found |= {f"{s}:{word}" for s in services for word in words if word in operations(s)}
    return found


def allowed() -> set[str]:
    statements = policies.policy(SITE, "instance")["Statement"]
    return {action for each in statements for action in as_list(each["Action"])}


def test_the_agent_calls_nothing_that_its_role_may_not() -> None:
    assert used() - allowed() == set()


def test_a_machine_may_do_nothing_that_neither_its_agent_nor_a_known_program_does() -> None:
    assert allowed() - used() == OTHERS.keys()
