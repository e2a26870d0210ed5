"""Control Python's garbage collection: hardly within a run, always between two rounds."""

from __future__ import annotations

import gc

RARELY = (1_000_000, 10, 10)
"""Almost all that a run makes lives to its end, and searching it for garbage took a third of
the CPU at 1,000 workstations. A run over 5,000 leaves a million objects."""


def collect_rarely() -> None:
    """Collect garbage rarely. Call this before a run."""
    gc.set_threshold(*RARELY)


def collect_after_round(*, new_session: bool) -> None:
    """Free what the round left behind. Call when nothing of the round is under way.

    What stays for the whole process (modules, AWS's service models, clients) is frozen, so that
    this costs some milliseconds. A session that is closed takes its share out of that again.
    """
    gc.collect()
    if new_session:
        gc.freeze()
