"""`reconcile sandbox quota`, `interrupt` and `throttle`: simulate troubles of AWS."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.sandbox.control import ask, show

REGION = "us-east-1"


def in_region(function: options.F) -> options.F:
    """Add the option for the region."""
    return click.option(
        "--region",
        cls=options.Option,
        metavar="REGION",
        default=REGION,
        show_default=True,
        help="The region; the sandbox has us-east-1 and eu-central-1.",
    )(function)


@click.command(
    cls=options.Command,
    examples=(
        "reconcile sandbox quota                   # all, and what is used of them",
        "reconcile sandbox quota L-3819A6DF 0      # no Spot of the G families any more",
        "reconcile sandbox quota L-DB2E81BA none   # never applied: AWS's default counts",
    ),
    short_help="Show or change vCPU quotas.",
)
@click.argument(
    "code",
    cls=options.Argument,
    about="The quota, such as L-3819A6DF; without it, show all.",
    required=False,
    metavar="CODE",
)
@click.argument(
    "vcpus",
    cls=options.Argument,
    about="Its new value, or none.",
    required=False,
    metavar="VCPUS",
)
@in_region
@options.manners("text", "json")
@click.pass_context
def quota(
    ctx: click.Context, /, code: str | None, vcpus: str | None, region: str, **_manners: Any
) -> int:
    """Show the sandbox's EC2 quotas, or set one to a number of vCPUs, or to `none`.

    Spot and On-Demand have separate quotas. Running instances stay; launches above the quota
    are refused with AWS's message.
    """
    words = None
    if code is not None:
        if vcpus is None or not (vcpus == "none" or vcpus.isdecimal()):
            raise click.UsageError(f"{code} to what? Give a number of vCPUs, or none.", ctx)
        value = None if vcpus == "none" else int(vcpus)
        words = {"code": code, "vcpus": value, "region": region}
    document = ask("quota", words)
    lines = [
        f"{each['region']}  {each['code']}  {each['used']} of {each['vcpus']} vCPUs  "
        f"{each['name']}\n"
        for each in document["quotas"]
    ]
    return show(options.console(ctx), document, "".join(lines))


@click.command(
    cls=options.Command,
    examples=(
        "reconcile sandbox machine silent     # as an image without an agent",
        "reconcile sandbox machine works      # machines report that they are ready",
        "reconcile sandbox machine            # show what they do",
    ),
    short_help="Let machines be late, fail or say nothing.",
)
@click.argument(
    "mode",
    cls=options.Argument,
    about="works, late, fails or silent; without it, show it.",
    required=False,
    type=click.Choice(["works", "late", "fails", "silent"]),
)
@in_region
@options.manners("text", "json")
@click.pass_context
def machine(ctx: click.Context, /, mode: str | None, region: str, **_manners: Any) -> int:
    """Choose how the sandbox plays machines that are launched from now on.

    The sandbox boots no operating system and mounts nothing. It plays the machine: it attaches
    the EBS home, and writes the tags that the agent of a workstation writes.
    """
    document = ask("machine", {"mode": mode, "region": region} if mode else None)
    lines = [f"{each['region']}  {each['mode']}\n" for each in document["machines"]]
    return show(options.console(ctx), document, "".join(lines))


@click.command(
    cls=options.Command,
    examples=(
        "reconcile sandbox interrupt acme-vision-alice        # warning now, end in two minutes",
        "reconcile sandbox interrupt i-0123456789abcdef0 --now",
        "reconcile sandbox interrupt acme-vision-alice --only-recommend",
    ),
    short_help="Take a Spot instance back.",
)
@click.argument(
    "target", cls=options.Argument, about="The group or the instance.", metavar="GROUP|INSTANCE"
)
@click.option(
    "--now", cls=options.Option, is_flag=True, help="End it at once, together with the warning."
)
@click.option(
    "--only-recommend",
    cls=options.Option,
    is_flag=True,
    help="Only send the rebalance recommendation; the instance stays.",
)
@in_region
@options.manners("text", "json")
@click.pass_context
def interrupt(
    ctx: click.Context,
    /,
    target: str,
    now: bool,
    only_recommend: bool,
    region: str,
    **_manners: Any,
) -> int:
    """Interrupt a Spot instance, or those of an Auto Scaling group, as EC2 does.

    The warning is sent as an event. Two minutes of the sandbox's time later the instance ends.
    The group replaces it if it still wants one and there is capacity; take the capacity away
    first to see a shortage. Move the time with `reconcile sandbox clock +2m`.
    """
    kind = "instance" if target.startswith("i-") else "group"
    words = {kind: target, "region": region, "now": now, "only_recommend": only_recommend}
    document = ask("interrupt", words)
    lines = [f"{each}: rebalance recommendation sent\n" for each in document.get("recommended", [])]
    lines += [
        f"{each['instance']}: interruption warning sent, ends {each['ends']}\n"
        for each in document.get("interrupted", [])
    ]
    return show(options.console(ctx), document, "".join(lines))


@click.command(
    cls=options.Command,
    examples=(
        "reconcile sandbox throttle ec2 --calls 5                 # throttle the next five",
        "reconcile sandbox throttle autoscaling 'Describe*' --for 30s",
        "reconcile sandbox throttle off                           # end all throttling",
        "reconcile sandbox throttle                               # show what is throttled",
    ),
    short_help="Throttle AWS calls.",
)
@click.argument(
    "service",
    cls=options.Argument,
    about="The AWS service, or off; without it, show what is throttled.",
    required=False,
    metavar="SERVICE|off",
)
@click.argument(
    "operation",
    cls=options.Argument,
    about="Its operations; globs allowed.",
    required=False,
    metavar="OPERATION",
)
@click.option(
    "--calls", cls=options.Option, type=click.IntRange(min=1), help="Throttle this many calls."
)
@click.option(
    "--for",
    "lasting",
    cls=options.Option,
    metavar="TIME",
    help="Throttle for this time: 30s, 5m, 2h.",
)
@in_region
@options.manners("text", "json")
@click.pass_context
def throttle(
    ctx: click.Context,
    /,
    service: str | None,
    operation: str | None,
    calls: int | None,
    lasting: str | None,
    region: str,
    **_manners: Any,
) -> int:
    """Refuse AWS calls with the service's own throttling error.

    OPERATION is as AWS writes it (DescribeInstances), or a glob; without it, every operation of
    the service.
    """
    words: dict[str, Any] | None = None
    if service == "off":
        words = {"relieve": True, "region": region}
    elif service is not None:
        given = {"operation": operation, "calls": calls, "lasting": lasting}
        words = {"service": service, "region": region}
        words |= {name: value for name, value in given.items() if value is not None}
    document = ask("throttle", words)
    lines = [
        f"{each['region']}  {each['service']}:{each['operation']}  "
        + (f"{each['calls']} calls" if each["calls"] else f"until {each['until']}")
        + "\n"
        for each in document["throttled"]
    ]
    return show(options.console(ctx), document, "".join(lines) or "nothing is throttled\n")
