"""Walk the product's whole life on an AWS account, answer the open questions, leave nothing behind.

RECONCILER_ACCEPTANCE_ACCOUNT=… make acceptance
python -m acceptance --list             # the questions, with their prices
python -m acceptance --only P1 P8       # some of them, after the walk
python -m acceptance --sweep            # only remove what an earlier run left
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session

import acceptance.probes  # noqa: F401  # registers every probe
from acceptance import account, backend, run, sweep
from acceptance.account import Refused
from acceptance.mask import Mask
from acceptance.probe import PROBES, Probe
from acceptance.record import Recorder
from acceptance.report import Report
from acceptance.stage import Stage

DONE, FAILED, USAGE = 0, 1, 2
INTERRUPTED = {"SIGINT": 130, "SIGTERM": 143}


class Stopped(BaseException):
    """A signal came: what was made is removed, then the program ends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code: 0 nothing failed and nothing is left, 1 not so, 2 refused."""
    chosen = _options(arguments)
    if chosen.list:
        _list()
        return DONE
    try:
        return _main(chosen)
    except Refused as error:
        print(f"acceptance: {error}", file=sys.stderr)
        return USAGE


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m acceptance", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--list", action="store_true", help="print the questions, ask nothing")
    parser.add_argument("--sweep", action="store_true", help="only remove what is left")
    parser.add_argument("--only", nargs="*", metavar="P1", help="these questions; none: the walk")
    parser.add_argument("--without", nargs="*", default=[], metavar="P12", help="all but these")
    parser.add_argument("--folder", type=Path, default=Path(".acceptance"), help="to write to")
    return parser.parse_args(arguments)


def _main(chosen: argparse.Namespace) -> int:
    probes = _chosen(chosen)
    key = os.environ.get("AWS_ACCESS_KEY_ID", "")
    where = backend.find(os.environ.get("AWS_ENDPOINT_URL", ""), key)
    core = botocore.session.get_session()
    session: Any = boto3.Session(botocore_session=core)
    identity = account.check(session, emulated=where.emulated)
    mask = Mask(identity.id, identity.words)
    cost = run.at_most(probes)
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(folder / "recorded.jsonl", mask)
    report = Report(
        where.name,
        where.version,
        identity.region,
        datetime.now(UTC).isoformat(timespec="seconds"),
        "0.00" if where.emulated else str(cost),
    )
    stage = Stage(where, identity, folder, recorder, _log)
    if not chosen.sweep:
        _refuse_leftovers(stage)
        recorder.file.unlink(missing_ok=True)
        _log(f"{where.name} {where.version}, {identity.region}: at most ${report.at_most}")
    begun = recorder.here()
    before = {each: signal.signal(each, _stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        if not chosen.sweep:
            run.go(stage, report, probes)
    except Stopped as error:
        report.stopped = str(error)
    finally:
        _log("sweep: a signal from now on ends it at once; `make acceptance-sweep` goes on")
        for each, handler in before.items():
            signal.signal(each, handler)
        report.swept = sweep.sweep(stage.client, where, _log)
        report.calls = sum(1 for _ in recorder.read(begun))
        if not chosen.sweep:
            _log(f"written: {report.write(folder, mask)}")
    print(mask.text(report.text()), end="")
    if report.stopped:
        return INTERRUPTED[report.stopped]
    return DONE if report.good else FAILED


def _stop(number: int, _frame: object) -> None:
    raise Stopped(signal.Signals(number).name)


def _refuse_leftovers(stage: Stage) -> None:
    seen = sweep.search(stage.client, stage.backend)
    if seen.unknown:
        reasons = "; ".join(f"{family}: {why}" for family, why in seen.unknown.items())
        raise Refused(f"what an earlier run left cannot be seen ({reasons})")
    if seen.found:
        names = ", ".join(f"{len(ids)} {family}" for family, ids in seen.found.items())
        raise Refused(
            f"an earlier run left {names}, or one is running now: `make acceptance-sweep` first"
        )


def _chosen(chosen: argparse.Namespace) -> list[Probe]:
    for name in (*(chosen.only or ()), *chosen.without):
        if name not in PROBES:
            raise Refused(f"there is no probe {name}; there are {', '.join(PROBES)}")
    wanted = PROBES if chosen.only is None else chosen.only
    return [PROBES[name] for name in PROBES if name in wanted and name not in chosen.without]


def _list() -> None:
    for each in PROBES.values():
        price = f"${each.cost.dollars}" + (" (more than t3.micro)" if each.paid else "")
        print(f"{each.id:4}{each.question}  [{each.minutes} min, at most {price}]")
        for answer, meaning in each.means.items():
            print(f"      {answer}: {meaning}")


def _log(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
