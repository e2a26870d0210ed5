"""Which runs of GitHub Actions may take a role: the conditions of its trust policy.

AWS STS compares these claims of GitHub's tokens since January 2026 ("AWS STS now supports
validation of select identity provider specific claims", all commercial regions; IAM user guide,
"Available keys for AWS OIDC federation"): `repository_id` outlives a rename, `job_workflow_ref` is
the file that runs and the ref it is of. The claim `environment` is not asked for: GitHub puts it
into the token of the job that waits for the reviewers, and a job that waits would hold the queue
that it shares with cron.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from reconciler.errors import UsageError

ISSUER = "token.actions.githubusercontent.com"

_NAMED = re.compile(r"([\w.-]+)(?:@\d+)?/([\w.-]+)(?:@(\d+))?", re.ASCII)
_PREFIX = re.compile(r"[\w.-]+", re.ASCII)
_MAIN = "refs/heads/main"
# The ref of a pull request's run (GitHub, "Events that trigger workflows", pull_request).
_PULL_REQUEST = "refs/pull/*/merge"


@dataclass(frozen=True)
class Repository:
    """The repository with the workflows.

    `subject` is as the subject of its tokens says it, perhaps with ids; `id` is GitHub's number;
    `workflows` is what the names of its workflow files begin with.
    """

    subject: str
    id: str = ""
    workflows: str = "reconcile"

    def conditions(self, role: str) -> dict[str, dict[str, Any]]:
        """Give the `Condition` of the plan, the apply or the image role.

        Raises: UsageError for a repository that is not named whole.
        """
        found = _NAMED.fullmatch(self.subject)
        if not found:
            raise UsageError(
                f"--repository {self.subject}: write owner/name, as the subject of GitHub's tokens "
                "does, without a pattern"
            )
        number = self.id or found[3] or ""
        if not number.isdecimal():
            raise UsageError(
                "a name can change hands, so the trust is of a number too: --repository-id "
                "$(gh api repos/OWNER/NAME --jq .id)"
            )
        if self.id and found[3] and self.id != found[3]:
            raise UsageError(f"--repository says that its id is {found[3]}, not {self.id}")
        if not _PREFIX.fullmatch(self.workflows):
            raise UsageError(
                f"--workflows {self.workflows}: write how the names of the files begin"
            )
        plans = role == "plan"
        subjects = [f"ref:{_MAIN}", *(["pull_request"] if plans else [])]
        files = [("plan", _PULL_REQUEST), ("apply", _MAIN)] if plans else []
        files = [("ami", _MAIN)] if role == "image" else files
        files = files or [("apply", _MAIN), ("cron", _MAIN)]
        folder = f"{found[1]}/{found[2]}/.github/workflows"
        refs = [f"{folder}/{self.workflows}-{name}.yml@{ref}" for name, ref in files]
        exact = {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            # Never a pattern: it would let in what pull requests run.
            f"{ISSUER}:sub": [f"repo:{self.subject}:{subject}" for subject in subjects],
            f"{ISSUER}:repository_id": number,
        }
        if plans:  # the number of a pull request is nobody's to know
            return {"StringEquals": exact, "StringLike": {f"{ISSUER}:job_workflow_ref": refs}}
        return {"StringEquals": {**exact, f"{ISSUER}:job_workflow_ref": refs}}
