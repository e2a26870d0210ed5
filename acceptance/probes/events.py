"""How events come from AWS to a queue, and how an interruption goes."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from acceptance import MADE, SITE, bootstrap, lab
from acceptance.answer import Answer, NotRun
from acceptance.money import Cost, micro
from acceptance.probe import probe
from acceptance.stage import Stage

SOURCE = "reconciler.acceptance"
FILTERS: dict[str, dict[str, str]] = {
    "no filter": {},
    "exists:false": {"FilterPolicy": json.dumps({"event": [{"exists": False}]})},
    "on the body": {
        "FilterPolicyScope": "MessageBody",
        "FilterPolicy": json.dumps({"source": [SOURCE]}),
    },
}
ROUNDS = 16
"""Minutes: a filter takes up to 15 until it holds (SNS developer guide, subscription filters)."""


@probe(
    "P1",
    "Does an event pass a policy that asks for aws:SourceArn, at a topic and at a queue?",
    {
        "not through the condition": "a topic's policy must have no condition; a queue's may",
        "all of them": "a condition on a topic's policy does no harm",
        "nothing arrives": "the way rule → topic → queue does not work as it is made here",
        "only the topic": "a rule must go through a topic: a queue cannot be its target",
    },
    minutes=18,
)
def condition(stage: Stage) -> Answer:
    events, sns, sqs = (stage.client(each) for each in ("events", "sns", "sqs"))
    rule = f"{SITE}-p1"
    pattern = json.dumps({"source": [SOURCE]})
    rule_arn = events.put_rule(Name=rule, EventPattern=pattern, Tags=bootstrap.TAGS)["RuleArn"]
    topics = {"topic": {}, "topic with aws:SourceArn": {"ArnEquals": {"aws:SourceArn": rule_arn}}}
    targets: list[dict[str, str]] = []
    urls: dict[str, str] = {}
    with ExitStack() as stack:

        def listener(name: str, service: str, source: str) -> tuple[str, str]:
            url, arn = stack.enter_context(lab.queue(stage, f"p1-{len(urls)}"))
            allowed = _statement(service, "sqs:SendMessage", arn, source)
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowed})
            urls[name] = url
            return url, arn

        for number, (name, when) in enumerate(topics.items()):
            topic = sns.create_topic(Name=f"{SITE}-p1-{number}", Tags=bootstrap.TAGS)["TopicArn"]
            stack.callback(sns.delete_topic, TopicArn=topic)
            document = json.loads(_statement("events.amazonaws.com", "sns:Publish", topic, ""))
            if when:
                document["Statement"][0]["Condition"] = when
            text = json.dumps(document)
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)
            targets.append({"Id": f"t{number}", "Arn": topic})
            for kind, attributes in FILTERS.items() if not when else [("no filter", {})]:
                _, arn = listener(f"{name}, {kind}", "sns.amazonaws.com", topic)
                more = {"Attributes": attributes} if attributes else {}
                sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, **more)
        _, direct = listener("queue with aws:SourceArn", "events.amazonaws.com", rule_arn)
        targets.append({"Id": "queue", "Arn": direct})
        events.put_targets(Rule=rule, Targets=targets)
        seen = _listen(stage, urls)
        events.remove_targets(Rule=rule, Ids=[each["Id"] for each in targets])
        events.delete_rule(Name=rule)
    plain = seen["topic, no filter"]
    if not any(seen.values()):
        return Answer("nothing arrives", {"arrived": seen})
    if not seen["queue with aws:SourceArn"]:
        return Answer("only the topic", {"arrived": seen})
    passed = seen["topic with aws:SourceArn, no filter"] and plain
    return Answer("all of them" if passed else "not through the condition", {"arrived": seen})


def _listen(stage: Stage, urls: dict[str, str]) -> dict[str, bool]:
    """Send an event every three minutes; which queues received one."""
    seen = dict.fromkeys(urls, False)

    def one() -> bool:
        entry = {"Source": SOURCE, "DetailType": "probe", "Detail": "{}"}
        stage.client("events").put_events(Entries=[entry])
        for name, url in urls.items():
            seen[name] = seen[name] or bool(lab.received(stage, url))
        return all(seen.values())

    stage.happens(one, ROUNDS * 60, every=180)
    for name, url in urls.items():
        seen[name] = seen[name] or bool(lab.received(stage, url))
    return seen


def _statement(service: str, action: str, resource: str, source: str) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
    }
    if source:
        statement["Condition"] = {"ArnEquals": {"aws:SourceArn": source}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@probe(
    "P18",
    "How long after a Spot interruption warning is the event at a queue, and a new machine there?",
    {
        "replaced": "the times are in the evidence; docs/notices.md and docs/power.md quote them",
        "not replaced": "a group does not make up for an interruption: a run has to",
    },
    cost=Cost(micro(30).micro_hours, fault_minutes=3),
    minutes=15,
)
def interruption(stage: Stage) -> Answer:
    fis, events = stage.client("fis"), stage.client("events")
    trust = bootstrap.service_trust("fis.amazonaws.com")
    rights = bootstrap.allow("ec2:SendSpotInstanceInterruptions", "ec2:DescribeInstances")
    rule, warning = f"{SITE}-p18", "EC2 Spot Instance Interruption Warning"
    pattern = json.dumps({"source": ["aws.ec2"], "detail-type": [warning]})
    with ExitStack() as stack:
        url, arn = stack.enter_context(lab.queue(stage, "p18"))
        source = events.put_rule(Name=rule, EventPattern=pattern, Tags=bootstrap.TAGS)["RuleArn"]
        stack.callback(events.delete_rule, Name=rule)
        allowed = _statement("events.amazonaws.com", "sqs:SendMessage", arn, source)
        stage.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowed})
        events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
        stack.callback(events.remove_targets, Rule=rule, Ids=["queue"])
        group = stack.enter_context(lab.plain_group(stage, "p18", share=0))
        role = bootstrap.make_role(stage, "p18", trust, rights)
        instance = lab.started(stage, group)
        partition, region = stage.account.partition, stage.account.region
        made = fis.create_experiment_template(
            clientToken=f"{SITE}-{instance}",
            description=SITE,
            roleArn=role,
            stopConditions=[{"source": "none"}],
            tags={MADE: "yes"},
            targets={
                "one": {
                    "resourceType": "aws:ec2:spot-instance",
                    "resourceArns": [
                        f"arn:{partition}:ec2:{region}:{stage.account.id}:instance/{instance}"
                    ],
                    "selectionMode": "ALL",
                }
            },
            actions={
                "interrupt": {
                    "actionId": "aws:ec2:send-spot-instance-interruptions",
                    "parameters": {"durationBeforeInterruption": "PT2M"},
                    "targets": {"SpotInstances": "one"},
                }
            },
        )["experimentTemplate"]["id"]
        stack.callback(fis.delete_experiment_template, id=made)
        begun = stage.now()
        fis.start_experiment(clientToken=f"{SITE}-{instance}", experimentTemplateId=made)
        times: dict[str, int] = {}

        def reach(step: str, now: object) -> bool:
            if now and step not in times:
                times[step] = int((stage.now() - begun).total_seconds())
            return step in times

        def both() -> bool:
            states = lab.instances(stage, group).items()
            next_one = [i for i, state in states if i != instance and state == "InService"]
            at_queue = reach("event at the queue", lab.received(stage, url))
            return reach("next in service", next_one) and at_queue

        stage.happens(both, 900)
        if stage.backend.emulated and not times:
            raise NotRun(f"{stage.backend.name} takes the order, and interrupts nothing")
    replaced = "next in service" in times
    return Answer("replaced" if replaced else "not replaced", {"seconds after the order": times})
