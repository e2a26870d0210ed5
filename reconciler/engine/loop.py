"""Run in a loop, until a signal stops it.

One run at a time in one process: the next begins only after the last has ended, so runs of one
loop cannot overlap. A run reports its own failures and never raises, so none ends the loop.
"""

from __future__ import annotations

from collections.abc import Callable

JITTER = 0.1  # each way: many loops started together must not stay together
BREATH = 0.1  # share of the interval that stays free when runs take longer than it


def loop(
    once: Callable[[], object],
    interval: float,
    stopped: Callable[[], bool],
    pause: Callable[[float], None],
    clock: Callable[[], float],
    random: Callable[[], float],
) -> None:
    """Run, wait for the interval, run again. `random` gives [0, 1); `pause` ends early on stop.

    The interval counts from start to start. A pause may listen meanwhile (engine/listen.py), and
    run what it hears of by itself: the next round is a whole one again.
    """
    while not stopped():
        started = clock()
        once()
        if stopped():
            return
        wait = interval * (1 + JITTER * (2 * random() - 1)) - (clock() - started)
        pause(max(wait, interval * BREATH))
