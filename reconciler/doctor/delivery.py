"""Whether events, schedules and notices arrived lately: what AWS loses, it loses in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from reconciler.doctor.check import Found, Level, View, names
from reconciler.errors import NotFound
from reconciler.plan.names import dead_letters_name, events_name, topic_arn

LATELY = timedelta(days=7)

_EVENTS = ("FailedInvocations", "InvocationsFailedToBeSentToDlq")
"""EventBridge user guide, "Monitoring Amazon EventBridge"; of a rule."""

_SCHEDULES = (
    "TargetErrorCount",
    "TargetErrorThrottledCount",
    "InvocationDroppedCount",
    "InvocationsFailedToBeSentToDeadLetterCount",
)
"""EventBridge Scheduler user guide, "Monitoring with CloudWatch"; of a schedule group."""

PENDING = "PendingConfirmation"


def events(view: View) -> Iterator[Found]:
    """Find events of the last week that reached no queue: nobody got a notice of them."""
    lost = sum(_sums(view)[name] for name in _EVENTS)
    rule = events_name(view.site.name)
    if lost:
        loss = f"{_counted(lost, 'event')} in 7 days: nobody was notified"
        text = f"rule {rule} could not deliver {loss}"
        fix = "`reconcile` restores the policies of its queues; CloudTrail says who changed them"
        yield Found(Level.ERROR, text, fix)
    else:
        yield Found(Level.OK, f"rule {rule} lost no event in 7 days")


def schedules(view: View) -> Iterator[Found]:
    """Find starts and stops of the last week that Scheduler gave up."""
    refused, throttled, dropped, unburied = (_sums(view)[name] for name in _SCHEDULES)
    tries = (
        f"{_counted(refused, 'try', 'tries')} refused in 7 days, {throttled} as too many at once"
    )
    if unburied:
        text = (
            f"no dead-letter queue could take {_counted(unburied, 'call')} of schedules ({tries})"
        )
        fix = "attach to the scheduler role the policy that `reconcile iam --role scheduler` prints"
        yield Found(Level.ERROR, text, fix)
    elif dropped:
        given_up = _counted(dropped, "start or stop", "starts and stops")
        text = f"Scheduler gave up {given_up} ({tries}): held back by an override, or lost"
        yield Found(Level.WARNING, text, f"tell them apart: {_command(view)}")
    else:
        yield Found(Level.OK, f"Scheduler gave up no start and no stop ({tries})")


def dead_letters(view: View) -> Iterator[Found]:
    """Count the messages that nobody could deliver or act on."""
    name, url = _dead(view), _url(view)
    if not url:
        yield Found(Level.OK, f"queue {name} does not exist yet: a run creates it")
        return
    wanted = ["ApproximateNumberOfMessages"]
    answer = view.aws.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=wanted)
    count = int(answer["Attributes"][wanted[0]])
    if count:
        text = f"{_counted(count, 'message')} in queue {name}: not delivered, or given up"
        fix = f"read them: {_command(view)}; then `aws sqs purge-queue --queue-url {url}`"
        yield Found(Level.WARNING, text, fix)
    else:
        yield Found(Level.OK, f"queue {name} is empty")


def notices(view: View) -> Iterator[Found]:
    """Find addresses that should get notices, and have not confirmed their subscription."""
    recipients: dict[str, list[str]] = {}
    for workstation in view.workstations:
        for address in workstation.notices:
            recipients.setdefault(address, []).append(workstation.name)
    if not recipients:
        yield Found(Level.OK, "nobody is notified of interruptions and failed starts (`notices`)")
        return
    standing = _subscribed(view)
    for address, of in sorted(recipients.items()):
        arn = standing.get(address, "")
        if not arn:
            text = f"{address} is not subscribed, and gets no notices of {names(of)}"
            yield Found(Level.WARNING, text, "`reconcile` subscribes it")
        elif arn == PENDING:
            text = f"{address} has not confirmed, and gets no notices of {names(of)}"
            fix = (
                "follow the link in AWS's mail, from no-reply@sns.amazonaws.com; after two days "
                "the next run lets AWS send another"
            )
            yield Found(Level.WARNING, text, fix)
        else:
            yield Found(Level.OK, f"{address} gets notices of {names(of)}")


def _subscribed(view: View) -> dict[str, str]:
    """ARNs by address."""
    aws = view.aws
    arn = topic_arn(aws, view.site.name)
    try:
        found = aws.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
        return {
            subscription["Endpoint"].lower(): subscription["SubscriptionArn"]
            for subscription in found
            if subscription["Protocol"] == "email"
        }
    except NotFound:  # no run yet
        return {}


def _sums(view: View) -> Mapping[str, int]:
    """Each metric's sum over the last week; one call, whichever check asks first."""
    group, rule = view.site.name, events_name(view.site.name)
    found = [
        *(("AWS/Events", name, "RuleName", rule) for name in _EVENTS),
        *(("AWS/Scheduler", name, "ScheduleGroup", group) for name in _SCHEDULES),
    ]
    end = view.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    answer = view.aws.call(
        "cloudwatch",
        "get_metric_data",
        MetricDataQueries=[_query(number, *metric) for number, metric in enumerate(found)],
        StartTime=(end - LATELY).isoformat(),
        EndTime=end.isoformat(),
    )
    sums = dict.fromkeys((name for _, name, _, _ in found), 0)
    for result in answer["MetricDataResults"]:
        name = found[int(result["Id"].removeprefix("m"))][1]
        sums[name] += int(sum(result["Values"]))
    return sums


def _query(number: int, namespace: str, name: str, dimension: str, value: str) -> dict[str, Any]:
    dimensions = [{"Name": dimension, "Value": value}]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    day = timedelta(days=1) // timedelta(seconds=1)
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": day, "Stat": "Sum"}}


def _counted(count: int, one: str, many: str = "") -> str:
    """`1 event`, `2 events`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _dead(view: View) -> str:
    return dead_letters_name(view.site.name)


def _url(view: View) -> str:
    """Of the dead-letter queue; "" where there is none yet."""
    prefix = events_name(view.site.name)
    answer = view.aws.call("sqs", "list_queues", QueueNamePrefix=prefix)
    urls = answer.get("QueueUrls", ())
    return next((url for url in urls if url.endswith(f"/{_dead(view)}")), "")


def _command(view: View) -> str:
    """Return the command that shows the content of a schedule."""
    url = _url(view) or f"$(aws sqs get-queue-url --queue-name {_dead(view)} --output text)"
    return (
        f"aws sqs receive-message --region {view.aws.region} --queue-url {url} "
        "--message-attribute-names All --max-number-of-messages 10"
    )
