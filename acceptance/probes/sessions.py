"""Sessions of Session Manager under the developer policy."""

from __future__ import annotations

from acceptance import SITE, lab
from acceptance.answer import Answer
from acceptance.money import micro
from acceptance.probe import probe
from acceptance.stage import OWNER, Stage, attempt
from reconciler.plan.ownership import OWNER as OWNER_TAG
from reconciler.plan.ownership import SITE as SITE_TAG


@probe(
    "P7",
    "May the owner resume and end the session that the owner opened, as an assumed role?",
    {
        "allowed": "the developer policy names sessions as AWS does",
        "denied": "the policy has to find sessions by their tag, not by their name",
    },
    cost=micro(15),
    minutes=8,
)
def own_session(stage: Stage) -> Answer:
    developer = stage.client("ssm", "developer")
    with lab.machine(stage, "p7", **{SITE_TAG: SITE, OWNER_TAG: OWNER}) as instance:
        session = developer.start_session(Target=instance)["SessionId"]
        listed = stage.client("ssm").describe_sessions(
            State="Active", Filters=[{"key": "Target", "value": instance}]
        )["Sessions"]
        resumed = attempt(developer.resume_session, SessionId=session)
        ended = attempt(developer.terminate_session, SessionId=session)
        if ended["code"] != "accepted":
            attempt(stage.client("ssm").terminate_session, SessionId=session)
    evidence = {
        "session id begins with the session name": session.startswith(OWNER),
        "listed": len(listed),
        "resume": resumed,
        "terminate": ended,
        "not asked": "a session of IAM Identity Center: a person has to sign in for it",
    }
    allowed = resumed["code"] == ended["code"] == "accepted"
    return Answer("allowed" if allowed else "denied", evidence)
