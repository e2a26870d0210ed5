"""Which stage a steady look spends its CPU on: `python -m benchmarks.stages FLEETS`.

The run that the command makes, in this process, with a clock around each stage. Reading runs
in threads of one process, so its share is the process's CPU meanwhile, less what the threads
that made the desired side used.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BEGUN = time.process_time()
"""The interpreter itself, and this module's few imports."""

STAGES = ("start", "load", "schema", "credentials", "find", "desired", "plan", "render")


class Clock:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def during(self, stage: str, now: Callable[[], float] = time.process_time) -> Iterator[None]:
        """Add what passes meanwhile to a stage."""
        before = now()
        yield
        self.seconds[stage] += now() - before

    def around(self, owner: Any, name: str, stage: str, inside: str) -> None:
        """Count a function of a module as a stage, which is part of another one.

        Its own thread's CPU only: others run beside it.
        """
        plain = getattr(owner, name)

        def timed(*given: Any) -> Any:
            before = time.thread_time()
            try:
                return plain(*given)
            finally:
                spent = time.thread_time() - before
                self.seconds[stage] += spent
                self.seconds[inside] -= spent

        setattr(owner, name, timed)


def main(fleets: Path) -> None:
    """One steady look; print CPU seconds by stage as JSON."""
    clock = Clock()
    clock.seconds["start"] = BEGUN
    with clock.during("start"):
        from reconciler.aws.client import connect
        from reconciler.cli.terminal.garbage_collection import collect_rarely
        from reconciler.declare import schema
        from reconciler.declare.load import load
        from reconciler.engine import read, run
        from reconciler.engine.environment import environment_of
        from reconciler.plan.selection import Selection
        from reconciler.render.style import Style
        from reconciler.render.text import text
    collect_rarely()
    clock.around(schema, "check", "schema", inside="load")
    clock.around(read, "_wanted", "desired", inside="find")
    clock.around(run, "make_plan", "plan", inside="find")
    with clock.during("load"):
        site = load([fleets])
    with clock.during("credentials"):
        session = connect(site)
    with clock.during("find"):
        report = run.make_report(site, environment_of(session), Selection())
    with clock.during("render"):
        text(report, Style())
    print(json.dumps({"stages": clock.seconds, "total": time.process_time()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
