"""`workstation status` and `workstation why`: read only."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING

from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.progress import Progress
from reconciler.cli.workstation.context import Context, find, make_context, price

if TYPE_CHECKING:
    from reconciler.aws_api import Aws
    from reconciler.commands.model import Status
    from reconciler.errors import AwsError
    from reconciler.workstation.model import Group

AT_ONCE = 8
"""Regions, and workstations of one, that are read side by side."""


def status(name: str, everybody: bool, console: Console) -> int:
    """Show one, or all of the caller's, or everybody's in every region; return the exit code."""
    from reconciler.commands import find as finder
    from reconciler.render import status as words

    finder.checked(name)
    failed: dict[str, AwsError] = {}
    with console.stop.interruptible(), Progress(console, "looking"):
        context = make_context(console)
        now = context.now()
        if everybody:
            found, failed = _everywhere(context)
        else:
            found = _read(context, context.aws, finder.some(context.aws, name, context.caller))
    closed = _tell_unread(failed, console)
    if console.output == "json":
        console.json(words.statuses_document(found, sorted(failed)))
    elif everybody:
        console.result(console.style.finish(words.statuses(found, now, console.style)))
    else:
        lines = [
            line for workstation in found for line in words.status(workstation, now, console.style)
        ]
        console.result(console.style.finish(lines))
    return exit_codes.DONE if len(closed) == len(failed) else exit_codes.FAILED


def _everywhere(context: Context) -> tuple[list[Status], dict[str, AwsError]]:
    """Everybody's in every region, and why some regions could not be read.

    Raises: AwsError when the caller's own region cannot be read.
    """
    from reconciler.commands import find as finder
    from reconciler.errors import AwsError
    from reconciler.workstation import read

    def one(region: str) -> list[Status] | AwsError:
        aws = context.session.reader(region)
        try:
            return _read(context, aws, read.all_groups(aws))
        except AwsError as error:
            if region == context.aws.region:
                raise
            return error

    names = finder.regions(context.aws)
    found: list[Status] = []
    failed: dict[str, AwsError] = {}
    with ThreadPoolExecutor(AT_ONCE) as workers:
        for region, answer in zip(names, workers.map(one, names), strict=True):
            if isinstance(answer, AwsError):
                failed[region] = answer
            else:
                found += answer
    return found, failed


def _read(context: Context, aws: Aws, groups: Sequence[Group]) -> list[Status]:
    from reconciler.commands import status as power
    from reconciler.schedule.hours import read

    ordered = sorted(groups, key=lambda group: (group.site, group.workstation))
    with ThreadPoolExecutor(AT_ONCE) as workers:
        hours = list(workers.map(partial(read, aws), ordered))
    known = cache(partial(price, context, aws))
    return power.many(
        aws,
        list(zip(ordered, hours, strict=True)),
        context.now(),
        lambda its: known(its.type, its.zone, its.market),
    )


def _tell_unread(failed: dict[str, AwsError], console: Console) -> list[str]:
    """Say which regions are not in the answer; those of them that a policy closes."""
    from reconciler.errors import Denied, RegionRefused

    closed = [name for name, each in failed.items() if isinstance(each, (Denied, RegionRefused))]
    if closed:
        names = ", ".join(closed)
        console.log.info("not read, because your role may not read there: %s", names)
    for name in sorted(failed.keys() - set(closed)):
        console.log.warning("%s could not be read, and is left out: %s", name, failed[name])
    return closed


def why(name: str, console: Console) -> int:
    """Show the one cause, and the next step."""
    from reconciler.commands.find import checked
    from reconciler.commands.why import explain
    from reconciler.render import power as words

    checked(name)
    with console.stop.interruptible(), Progress(console, "looking"):
        context = make_context(console)
        group, hours = find(context, name, console)
        found = explain(context.aws, group, hours, context.now())
    if console.output == "json":
        console.json(words.reason_document(group, found))
    else:
        console.result(console.style.finish(words.reason(group, found, console.style)))
    return exit_codes.DONE
