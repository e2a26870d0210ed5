"""The process that is killed: the command, in a child of a process that has imported everything.

Imports are more than half of what a short run costs, and no kill falls into them.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from unittest.mock import patch

import reconciler.aws.client
import reconciler.aws.lookup
import reconciler.cli.reconcile.run
import reconciler.declare.load
import reconciler.kinds
import reconciler.render.text  # noqa: F401 - so that children need not
from reconciler.cli.reconcile.command import main

ROOT = Path(__file__).parents[2]


def start(environment: Mapping[str, str], fleets: Path) -> ForkServerProcess:
    """Begin a run of these fleets, with these variables more."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with patch.dict(os.environ, PYTHONPATH=str(ROOT)):  # where it finds this module
        forkserver.ensure_running()
    process = context.Process(target=_run, args=(dict(environment), str(fleets)))
    process.start()
    return process


def _run(environment: dict[str, str], fleets: str) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.environ.update(environment)
    sys.exit(main(["--fleets", fleets]))
