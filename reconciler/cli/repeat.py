"""`--every`: the run on a loop; with `--queue`, its pauses listen."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli import exits
from reconciler.cli.console import Console
from reconciler.cli.edge import guarded
from reconciler.cli.garbage import collect_after_round
from reconciler.cli.run import Request, run
from reconciler.cli.stop import Interrupted
from reconciler.engine.loop import loop

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.aws.client import Session
    from reconciler.declare.fleet import Site
    from reconciler.engine.queue import Message

    Told = dict[tuple[str, ...], datetime]


def repeat(request: Request, console: Console, interval: int, queue: str) -> int:
    """Rounds about `interval` seconds apart, until a signal; a `queue` of "" hears nothing."""
    console.compact = True
    last: tuple[Site, Session] | None = None
    told: Told = {}

    def remember(site: Site, session: Session) -> None:
        nonlocal last
        last = site, session

    def once(only: tuple[str, ...] = ()) -> int:
        asked = replace(request, only=only) if only else request
        before = last[1] if last else None
        code = guarded(console, lambda: run(asked, console, remember, before))
        collect_after_round(new_session=last is not None and last[1] is not before)
        return code

    def pause(seconds: float) -> None:
        until = time.monotonic() + seconds
        if queue and last:
            hear = partial(_listen, queue, *last, request.only, told, once, console, seconds)
            guarded(console, hear)
        console.stop.pause(until - time.monotonic())  # whatever broke off the listening

    loop(
        once=once,
        interval=interval,
        stopped=console.stop,
        pause=pause if queue else console.stop.pause,
        clock=time.monotonic,
        random=random.random,
    )
    return exits.DONE  # not reached but by a signal, which has its own code


def _listen(
    given: str,
    site: Site,
    session: Session,
    only: tuple[str, ...],
    told: Told,
    once: Callable[[tuple[str, ...]], int],
    console: Console,
    seconds: float,
) -> int:
    """Hear the queue for so long, with what the last round was connected to."""
    from reconciler.engine import listen, queue
    from reconciler.plan.selection import Selection

    place = listen.Place(site, session.region, session.now, Selection(only))
    ears = queue.queue_of(given, site, session.region)

    def hear(left: float) -> Sequence[Message]:
        try:
            with console.stop.interruptible():  # or a signal would wait for the poll
                return queue.receive(ears, left)
        except Interrupted:
            return ()

    listen.listen(
        seconds,
        hear=hear,
        act=partial(
            listen.act,
            place=place,
            told=told,
            publish=lambda region, it: queue.publish(site.name, session.region(region), it),
            run=lambda names: once(names) == exits.DONE,
        ),
        forget=partial(queue.delete, ears),
        stopped=console.stop,
        pause=console.stop.pause,
        clock=time.monotonic,
    )
    return exits.DONE
