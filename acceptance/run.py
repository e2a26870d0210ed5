"""One run: the walk, the probes, the sweep; each with its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import botocore.exceptions

from acceptance import walk
from acceptance.account import Refused
from acceptance.answer import Answer, Failed, NotRun
from acceptance.money import CEILING, micro
from acceptance.probe import Probe
from acceptance.report import ANSWERED, FAILED, NOT_RUN, PASSED, Line, Report
from acceptance.stage import Stage

WALK_COST = micro(90)
LAST = "removal"
AT_ONCE = 2
"""Probes side by side on AWS: new accounts have a quota of few vCPUs."""


def at_most(probes: Iterable[Probe]) -> Decimal:
    """What a run with these probes costs at most, in dollars.

    Raises: Refused above the ceiling.
    """
    probes = list(probes)
    total = WALK_COST.dollars + sum((each.cost.dollars for each in probes), Decimal(0))
    if total > CEILING:
        dearest = max(probes, key=lambda each: each.cost.dollars)
        raise Refused(
            f"this may cost ${total}, the ceiling is ${CEILING}: leave out {dearest.id} "
            f"(${dearest.cost.dollars})"
        )
    return total


def go(stage: Stage, report: Report, probes: Iterable[Probe]) -> None:
    """Everything but the sweep, into the report as it goes."""
    for name, step in walk.STEPS.items():
        if name == LAST:
            # In an emulator, one moves the time of all.
            with ThreadPoolExecutor(1 if stage.backend.emulated else AT_ONCE) as pool:
                asked = [pool.submit(_asked, stage, report, each) for each in probes]
                try:
                    report.probes += [each.result() for each in asked]
                except BaseException:  # Ctrl-C too: what was answered belongs into the report
                    stage.stopped.set()
                    pool.shutdown(cancel_futures=True)
                    report.probes += [e.result() for e in asked if not e.cancelled()]
                    raise
        stage.log(f"step: {name}")
        title = " ".join((step.__doc__ or "").split())
        report.walk.append(_line(stage, report, Line(name, title, PASSED), step))


def _asked(stage: Stage, report: Report, probe: Probe) -> Line:
    stage.log(f"{probe.id}  {probe.question}")
    price = str(probe.cost.dollars) if probe.cost.dollars else ""
    line = _line(stage, report, Line(probe.id, probe.question, ANSWERED, price=price), probe.ask)
    meaning = probe.means.get(line.answer, "") if line.verdict == ANSWERED else ""
    return Line(**{**line.__dict__, "means": meaning})


def _line(stage: Stage, report: Report, line: Line, ask: Callable[[Stage], Answer]) -> Line:
    """Ask, and find the verdict. What an emulator does not have is a reason, not a failure."""
    before, answer = stage.recorder.here(), Answer("")
    verdict, because = line.verdict, ""
    try:
        answer = ask(stage)
    except NotRun as error:
        verdict, because = NOT_RUN, str(error)
    except Failed as error:
        verdict, because, answer = FAILED, str(error), Answer("", error.evidence)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        verdict, because = FAILED, str(error)
    except LookupError as error:  # an answer without what AWS documents
        verdict = NOT_RUN if stage.backend.emulated else FAILED
        because = f"an answer of {stage.backend.name} lacks {error}"
        report.unsupported[f"{line.id}: an answer lacks {error}"] += 1
    except Exception as error:  # noqa: BLE001  # one broken question is one line, not the end
        verdict, because = FAILED, f"the program failed: {error!r}"
    lacking: Counter[str] = Counter()
    for call in stage.recorder.read(before):
        if call.error and stage.backend.lacks(call.call, call.status, call.error):
            lacking[f"{call.call}: {call.error}"] += 1
    report.unsupported.update(lacking)
    if lacking and verdict in (FAILED, NOT_RUN):
        names = ", ".join(sorted(name.partition(": ")[0] for name in lacking))
        because = f"{stage.backend.name} does not have {names}" + (
            f"; {because}" if because else ""
        )
        verdict = NOT_RUN
    return Line(
        line.id,
        line.question,
        verdict,
        answer=answer.text,
        because=because,
        price=line.price,
        evidence=answer.evidence,
    )


def denied(stage: Stage) -> list[str]:
    """Calls of the plan and apply role that AWS refused for want of a permission."""
    codes = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized")
    return sorted(
        {
            f"{call.actor}: {call.call}"
            for call in stage.recorder.read()
            if call.actor in ("plan", "apply") and call.error.startswith(codes)
        }
    )
