"""Which runs of GitHub Actions may take the plan and the apply role, decided as STS would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.aws import policies
from reconciler.aws.github import ISSUER, Repository
from reconciler.declare.load import load
from reconciler.errors import UsageError
from tests.iam.evaluator import Request, allowed

SITE = load([Path(__file__).parents[2] / "fleets"])
FOLDER = "acme/gpu-fleets/.github/workflows"
MAIN = "ref:refs/heads/main"

# Subject behind the repository, and the file that runs, with its ref.
MERGED = (MAIN, f"{FOLDER}/reconcile-apply.yml@refs/heads/main")
BY_THE_CLOCK = (MAIN, f"{FOLDER}/reconcile-cron.yml@refs/heads/main")
PROPOSED = ("pull_request", f"{FOLDER}/reconcile-plan.yml@refs/pull/5/merge")


def takes(role: str, repository: Repository, subject: str, file: str, **claims: str) -> bool:
    """Whether STS lets a token with these claims take the role."""
    token = {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{repository.subject}:{subject}",
        "repository_id": "7654321",
        "job_workflow_ref": file,
        **claims,
    }
    context = {f"{ISSUER}:{name}": value for name, value in token.items() if value}
    document: dict[str, Any] = policies.trust(SITE, role, repository)
    statements = [{**statement, "Resource": "*"} for statement in document["Statement"]]
    request = Request("sts:AssumeRoleWithWebIdentity", "*", context)
    return allowed({"Statement": statements}, request)


NUMBERED = Repository("acme@1234567/gpu-fleets@7654321")
OLD = Repository("acme/gpu-fleets", "7654321")


@pytest.mark.parametrize("repository", [NUMBERED, OLD], ids=["numbered", "old"])
def test_the_shipped_workflows_take_their_roles_and_no_others(repository: Repository) -> None:
    may = {
        (role, name)
        for role in ("plan", "apply")
        for name, run in (("merged", MERGED), ("clock", BY_THE_CLOCK), ("proposed", PROPOSED))
        if takes(role, repository, *run)
    }
    assert may == {
        ("plan", "merged"),
        ("plan", "proposed"),
        ("apply", "merged"),
        ("apply", "clock"),
    }


@pytest.mark.parametrize(
    ("subject", "file", "claims"),
    [
        (MAIN, f"{FOLDER}/comments.yml@refs/heads/main", {}),
        (MAIN, f"{FOLDER}/reconcile-apply.yml@refs/heads/feature", {}),
        ("ref:refs/heads/feature", f"{FOLDER}/reconcile-apply.yml@refs/heads/feature", {}),
        ("ref:refs/tags/main", f"{FOLDER}/reconcile-apply.yml@refs/tags/main", {}),
        ("environment:production", f"{FOLDER}/reconcile-apply.yml@refs/heads/main", {}),
        ("pull_request", f"{FOLDER}/reconcile-apply.yml@refs/pull/5/merge", {}),
        (MAIN, "mallory/gpu-fleets/.github/workflows/reconcile-apply.yml@refs/heads/main", {}),
        (*MERGED, {"repository_id": "1"}),
        (*MERGED, {"job_workflow_ref": ""}),
        (*MERGED, {"repository_id": ""}),
        (*MERGED, {"aud": "https://github.com/acme"}),
        (*MERGED, {"sub": f"repo:mallory@1/gpu-fleets@2:{MAIN}"}),
    ],
    ids=[
        "another-workflow-on-main", "a-file-of-a-branch", "a-branch", "a-tag-named-main",
        "a-job-with-an-environment", "the-apply-file-of-a-pull-request", "a-called-workflow",
        "a-repository-that-took-the-name", "no-workflow", "no-id", "another-audience",
        "another-repository",
    ],
)  # fmt: skip
def test_what_else_runs_takes_the_apply_role_not(
    subject: str, file: str, claims: dict[str, str]
) -> None:
    assert not takes("apply", NUMBERED, subject, file, **claims)


def test_a_pull_request_takes_the_plan_role_with_the_plan_workflow_alone() -> None:
    assert not takes("plan", NUMBERED, "pull_request", f"{FOLDER}/other.yml@refs/pull/5/merge")
    assert not takes("plan", NUMBERED, "ref:refs/heads/feature", PROPOSED[1])
    assert not takes("plan", NUMBERED, *PROPOSED, repository_id="1")


def test_other_names_of_the_files_are_an_option() -> None:
    site = Repository(NUMBERED.subject, workflows="vision")
    assert takes("apply", site, MAIN, f"{FOLDER}/vision-cron.yml@refs/heads/main")
    assert not takes("apply", site, *MERGED)


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        (Repository("acme/*", "1"), "without a pattern"),
        (Repository("acme/gpu-fleets:*", "1"), "without a pattern"),
        (Repository("gpu-fleets", "1"), "write owner/name"),
        (Repository("acme/gpu-fleets"), "--repository-id"),
        (Repository("acme/gpu-fleets", "*"), "--repository-id"),
        (Repository("acme@1/gpu-fleets@2", "3"), "its id is 2, not 3"),
        (Repository("acme/gpu-fleets", "1", "*"), "--workflows *"),
    ],
    ids=["any", "suffix", "no-owner", "no-id", "any-id", "two-ids", "any-workflow"],
)
def test_a_repository_that_is_not_named_whole_is_refused(
    repository: Repository, message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        policies.trust(SITE, "apply", repository)
    assert message in str(refused.value)
