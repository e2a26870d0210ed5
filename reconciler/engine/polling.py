"""Poll the queues of several regions in parallel: a silent or broken one delays no other.

Each poll runs in a thread of its own, which a process does not wait for at its end: what it had
received then comes again. One poll a region, and what it brought is handed on before the next
begins, so that no more than one batch a region is hidden from others at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from reconciler.engine.queue import POLL, Message, Queue

Poll = Callable[[float], tuple[Queue, Sequence[Message]]]
"""Find a region's queue and wait for so many seconds. Raises: ReconcilerError."""

SPARE = 1.0
"""Seconds that a poll ends before the pause does, for its answer to arrive in time."""

THREAD = "reconciler-poll"

TICK = 0.5
"""Seconds of one wait: a signal that reached another thread is noticed after it."""


@dataclass(frozen=True)
class Received:
    """What a poll brought, or why it brought nothing."""

    region: str
    queue: Queue | None = None
    messages: Sequence[Message] = ()
    error: Exception | None = None


def spawn(task: Callable[[], None]) -> None:
    """Run a function in a thread that ends with the process."""
    threading.Thread(target=task, name=THREAD, daemon=True).start()


@dataclass
class Polling:
    """Polls in progress; it outlives a pause, so that late messages are not lost."""

    clock: Callable[[], float]
    spawn: Callable[[Callable[[], None]], None] = spawn
    tick: float = TICK
    _busy: set[str] = field(default_factory=set)
    _rests: dict[str, float] = field(default_factory=dict)  # regions that failed, and until when
    _received: SimpleQueue[Received] = field(default_factory=SimpleQueue)

    def next(self, polls: Mapping[str, Poll], left: float) -> Received | None:
        """Poll each region, until at most so many seconds are over; wait a moment for the first.

        None when nothing has come by then: call it again. A region that failed rests for as long
        as a poll takes.
        """
        now = self.clock()
        for region, poll in polls.items():
            rests = region in self._busy or now < self._rests.get(region, now)
            if not rests and left > 2 * SPARE:
                self._busy.add(region)
                self.spawn(partial(self._run, region, poll, left - SPARE))
        ends = [
            until - now for region, until in self._rests.items() if region in polls and until > now
        ]
        try:
            received = self._received.get(timeout=max(0.0, min([left, self.tick, *ends])))
        except Empty:
            return None
        self._busy.discard(received.region)
        if received.error:
            self._rests[received.region] = self.clock() + POLL
        return received

    def _run(self, region: str, poll: Poll, seconds: float) -> None:
        try:
            found, messages = poll(seconds)
        except Exception as error:  # noqa: BLE001 - else no event of the region arrives, and no error
            self._received.put(Received(region, error=error))
        else:
            self._received.put(Received(region, found, messages))
