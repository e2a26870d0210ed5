"""`workstation status` and `workstation why`: they only read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli import exits
from reconciler.cli.console import Console
from reconciler.cli.progress import Progress
from reconciler.cli.workstation_desk import Desk, find, sit

if TYPE_CHECKING:
    from reconciler.power.model import Machine
    from reconciler.power.status import Price


def status(name: str, everybody: bool, console: Console) -> int:
    """How one stands, or all of the caller's, or everybody's."""
    from reconciler.power import find as finder
    from reconciler.power import status as power
    from reconciler.power.hours import Hours, read
    from reconciler.render import power as words

    finder.checked(name)
    with console.stop.interruptible(), Progress(console, "looking"):
        desk = sit(console)
        now = desk.now()
        groups = finder.every(desk.aws) if everybody else finder.some(desk.aws, name, desk.who)
        groups.sort(key=lambda group: (group.site, group.workstation))
        hours = [Hours() if everybody else read(desk.aws, group) for group in groups]
        prices = None if everybody else partial(_price, desk)
        found = power.many(desk.aws, list(zip(groups, hours, strict=True)), now, prices)
    if console.output == "json":
        console.json({"version": 1, "workstations": [words.status_document(it) for it in found]})
    elif everybody:
        console.result(console.look.finish(words.statuses(found, None, console.look)))
    else:
        lines = [
            line
            for it, its in zip(found, hours, strict=True)
            for line in words.status(it, its.zone, now, console.look)
        ]
        console.result(console.look.finish(lines))
    return exits.DONE


def _price(desk: Desk, its: Machine) -> Price | None:
    from reconciler.aws.hourly import hourly

    return hourly(desk.aws, its.type, its.zone, its.market or "on-demand", desk.now)


def why(name: str, console: Console) -> int:
    """The one cause, and the next step."""
    from reconciler.power.find import checked
    from reconciler.power.why import explain
    from reconciler.render import power as words

    checked(name)
    with console.stop.interruptible(), Progress(console, "looking"):
        desk = sit(console)
        group, hours = find(desk, name, console)
        found = explain(desk.aws, group, hours, desk.now())
    if console.output == "json":
        console.json(words.reason_document(group, found))
    else:
        console.result(console.look.finish(words.reason(group, found, console.look)))
    return exits.DONE
