"""IAM: moto's, and what SimulatePrincipalPolicy says of a role's own policies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends

from reconciler.sandbox.operations import AwsError, Call, Wire, operation
from reconciler.sandbox.world import ACCOUNT


@operation("iam", "SimulatePrincipalPolicy")
def simulate(call: Call) -> Wire:
    """Answer SimulatePrincipalPolicy, which moto does not have: inline and attached policies of a
    role; no boundary, no SCP.

    Conditions: StringEquals alone, any other one does not hold. [M iam.SimulatePrincipalPolicy]
    """
    source = call.params["PolicySourceArn"]
    iam: Any = iam_backends[ACCOUNT]["aws"]
    role = next((role for role in iam.roles.values() if role.arn == source), None)
    if role is None:
        raise AwsError("NoSuchEntity", f"Role {source} does not exist.", 404)
    statements = [statement for text in _documents(role) for statement in _statements(text)]
    context = {
        entry["ContextKeyName"].lower(): entry["ContextKeyValues"]
        for entry in call.params.get("ContextEntries", ())
    }
    return {
        "EvaluationResults": [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": _decision(statements, action, resource, context),
                "MatchedStatements": [],
                "MissingContextValues": [],
            }
            for action in call.params["ActionNames"]
            for resource in call.params.get("ResourceArns", ["*"])
        ],
        "IsTruncated": False,
    }


def _documents(role: Any) -> Iterator[str]:
    yield from role.policies.values()
    yield from (policy.document for policy in role.managed_policies.values())


def _statements(document: str) -> Iterable[Mapping[str, Any]]:
    found = json.loads(document)["Statement"]
    return [found] if isinstance(found, dict) else found


def _decision(
    statements: Iterable[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, list[str]],
) -> str:
    effects = {
        statement["Effect"]
        for statement in statements
        if any(
            fnmatchcase(action.lower(), pattern.lower())
            for pattern in _as_list(statement["Action"])
        )
        and any(fnmatchcase(resource, pattern) for pattern in _as_list(statement["Resource"]))
        and _holds(statement.get("Condition", {}), context)
    }
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if effects else "implicitDeny"


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, list[str]]) -> bool:
    return all(
        operator == "StringEquals" and set(_as_list(wanted)) & set(context.get(key.lower(), ()))
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
