"""`--every`: run in a loop; with `--listen`, handle events of the site's queues in each pause."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli.reconcile.run import Request, run
from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.error_boundary import attempt
from reconciler.cli.terminal.garbage_collection import collect_after_round
from reconciler.engine.loop import loop
from reconciler.errors import Interrupted

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.aws.client import Session
    from reconciler.aws_api import Aws
    from reconciler.declare.fleet import Site
    from reconciler.engine.polling import Poll, Polling, Received
    from reconciler.engine.queue import Message, Queue
    from reconciler.plan.model import Report

    SentNotices = dict[tuple[str, ...], datetime]


def repeat(request: Request, console: Console, interval: int, *, listens: bool) -> int:
    """Run about every `interval` seconds, until a signal; with `listens`, listen in the pauses."""
    console.compact = True
    last: tuple[Site, Session] | None = None
    polling: Polling | None = None
    sent: SentNotices = {}

    def remember(site: Site, session: Session) -> None:
        nonlocal last
        last = site, session

    def once(only: tuple[str, ...] = ()) -> Report | None:
        asked = replace(request, only=only) if only else request
        before = last[1] if last else None
        report, _ = attempt(console, lambda: run(asked, console, remember, before))
        collect_after_round(new_session=last is not None and last[1] is not before)
        return report

    def pause(seconds: float) -> None:
        nonlocal polling
        from reconciler.engine.polling import Polling

        until = time.monotonic() + seconds
        if last:
            polling = polling or Polling(time.monotonic)
            hear = partial(_listen, polling, *last, request.only, sent, once, console, seconds)
            attempt(console, hear)
        console.stop.pause(until - time.monotonic())  # whatever broke off the listening

    loop(
        once=once,
        interval=interval,
        stopped=console.stop,
        pause=pause if listens else console.stop.pause,
        clock=time.monotonic,
        random=random.random,
    )
    return exit_codes.DONE  # not reached but by a signal, which has its own code


def _listen(
    polling: Polling,
    site: Site,
    session: Session,
    only: tuple[str, ...],
    sent: SentNotices,
    once: Callable[[tuple[str, ...]], Report | None],
    console: Console,
    seconds: float,
) -> None:
    """Hear the queues for so long, with what the last round was connected to."""
    from reconciler.engine import listen, queue
    from reconciler.plan.selection import Selection

    place = listen.ListenContext(site, session.region, session.now, Selection(only))
    regions = sorted({each.region for each in site.workstations})
    polls = {name: _poll(site.name, session.region(name)) for name in regions}

    def hear(left: float) -> Received | None:
        try:
            with console.stop.interruptible():  # or a signal would wait for the polls
                return polling.next(polls, left)
        except Interrupted:
            return None

    listen.listen(
        seconds,
        receive=hear,
        act=partial(
            listen.act,
            context=place,
            sent=sent,
            publish=lambda region, notice: queue.publish(site.name, session.region(region), notice),
            run=once,
        ),
        stopped=console.stop,
        clock=time.monotonic,
    )


def _poll(site: str, door: Aws) -> Poll:
    """Poll a region's queue, which is searched once a pause: a round may have made it since."""
    from reconciler.engine import queue

    found: list[Queue] = []

    def poll(seconds: float) -> tuple[Queue, Sequence[Message]]:
        if not found:
            found.append(queue.queue_of(site, door))
        return found[0], queue.receive(found[0], seconds)

    return poll
