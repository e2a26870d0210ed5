"""What a group does with a machine that somebody breaks from inside."""

from __future__ import annotations

from contextlib import ExitStack

from acceptance import SITE, lab
from acceptance.answer import Answer, NotRun
from acceptance.money import micro
from acceptance.probe import probe
from acceptance.stage import Stage

WAYS = {
    "poweroff": "systemctl poweroff",
    "out of memory": "tail /dev/zero",
    "network down": "ip link set $(ip -o route get 1.1.1.1 | awk '{print $5}') down",
}
WATCH_SECONDS = 1200


@probe(
    "P16",
    "Is a machine replaced that is powered off, out of memory, or without network?",
    {
        "all replaced": "what a person breaks ends the session and the root disk; docs say so",
        "some replaced": "docs/power.md names those that are; the evidence has the seconds",
        "none replaced": "a broken machine stays until its owner stops it",
    },
    cost=micro(40, 3),
    minutes=30,
)
def broken(stage: Stage) -> Answer:
    profile = {"IamInstanceProfile": {"Name": f"{SITE}-instance"}}
    running, ways = dict[str, str](), dict[str, str]()
    with lab.template(stage, "p16", **profile) as template, ExitStack() as stack:
        mixed, public = lab.policy(template, 100), [lab.need(stage, "public")]
        for number, (way, line) in enumerate(WAYS.items()):
            group = stack.enter_context(lab.group(stage, f"p16-{number}", mixed, public))
            ways[group], running[group] = way, lab.started(stage, group)
            lab.reachable(stage, running[group])
            stage.client("ssm").send_command(
                InstanceIds=[running[group]],
                DocumentName="AWS-RunShellScript",
                Parameters={"commands": [line]},
            )
        if stage.backend.emulated:
            raise NotRun(f"{stage.backend.name} runs no command on a machine")
        seconds = lab.ended(stage, running, WATCH_SECONDS)
    evidence = {ways[group]: each for group, each in seconds.items()}
    replaced = [each for each in seconds.values() if each is not None]
    answer = {0: "none replaced", len(WAYS): "all replaced"}.get(len(replaced), "some replaced")
    return Answer(answer, {"seconds until it was not in service": evidence})
