"""Recorded answers in AWS's place: a session that never sends, and a cutter that picks them.

A recording is a JSON file: `source` says where the answers came from, `calls` are
`acceptance.record.Recorded` as objects. Times and bytes are marked as the recorder marks them.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
from boto3 import Session as Boto

from acceptance.mask import ACCOUNT
from acceptance.record import Recorded
from reconciler.aws.client import RegionClient, Session
from reconciler.plan.kind import Scope
from reconciler.plan.model import Live

DATA = Path(__file__).parent / "data"
REGION = "us-east-1"
"""Where replays act; which region was recorded is no part of an answer."""


class Unanswered(Exception):
    """The recording has no such call."""


@dataclass
class Replay:
    """The recorded calls of one region. `any_parameters`: published answers fit every question."""

    calls: list[Recorded]
    any_parameters: bool = False
    used: list[Recorded] = field(default_factory=list)

    def answer(self, service: str, operation: str, parameters: Any) -> Recorded:
        """The recorded call.

        Raises: Unanswered.
        """
        asked = _plain(parameters)
        for each in self.calls:
            same = self.any_parameters or _plain(each.parameters) == asked
            if (each.service, each.operation) == (service, operation) and same:
                self.used.append(each)
                return each
        raise Unanswered(f"{service}:{operation} {asked}")


class Wire:
    """One session for all replays, since making clients costs more than all they do."""

    def __init__(self) -> None:
        core: Any = botocore.session.get_session()  # its stubs know no handler of ours
        core.register("before-parameter-build", _remember)
        core.register("before-call", self._answer)
        self.session = Session(Boto(botocore_session=core))
        self.session.account = ACCOUNT
        self.replay = Replay([])

    def door(self, replay: Replay) -> RegionClient:
        """The product's own door; from now on this replay answers."""
        self.replay = replay
        return self.session.region(REGION)

    def _answer(self, model: Any, context: dict[str, Any], **_more: Any) -> Any:
        found = self.replay.answer(model.service_model.service_name, model.name, context["asked"])
        return _Http(found.status), {**revived(found.answer), "ResponseMetadata": {}}


@functools.cache
def wire() -> Wire:
    """The one."""
    return Wire()


@dataclass(frozen=True)
class _Http:
    status_code: int


def _remember(params: Any, context: dict[str, Any], **_more: Any) -> None:
    context["asked"] = dict(params)


def _plain(parameters: Any) -> Any:
    """Page sizes are no part of a question."""
    return {key: value for key, value in parameters.items() if not key.startswith("Max")}


def revived(value: Any) -> Any:
    """What was recorded, as botocore gives it."""
    match value:
        case {"$time": str(text)}:
            return datetime.fromisoformat(text)
        case {"$bytes": str(text)}:
            return base64.b64decode(text)
        case dict():
            return {key: revived(each) for key, each in value.items()}
        case list():
            return [revived(each) for each in value]
    return value


RECORDED = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When `find` is asked; the recordings are not of one moment."""


def found(kind: ModuleType | Any, replay: Replay, site: str) -> list[Live]:
    """What a kind finds in a recording."""
    scope = Scope(site, RECORDED, expected=lambda: _hashed_names(replay.calls))
    return list(kind.find(wire().door(replay), scope))


def _hashed_names(calls: Iterable[Recorded]) -> frozenset[str]:
    """Names of schedules prove what they hold, as in a run whose YAML declares them all.

    Subscriptions are read where somebody is told.
    """
    found = set()
    for call in calls:
        if call.operation == "ListSchedules":
            found |= {schedule["Name"] for schedule in call.answer.get("Schedules", ())}
        if call.operation == "ListSubscriptionsByTopic":
            found.add(f"subscription {REGION} x@example.com")
    return frozenset(found)


def load(name: str) -> tuple[dict[str, Any], Replay]:
    """A committed recording."""
    document = json.loads((DATA / f"{name}.json").read_text())
    calls = [Recorded(**call) for call in document["calls"]]
    return document, Replay(calls, bool(document.get("published")))


def cut(file: Path, kinds: Iterable[Any], site: str) -> list[Recorded]:
    """The calls of the plan role that each kind's find needs, where it finds the most."""
    runs = list(_runs(file))
    chosen: dict[tuple[str, str, str], Recorded] = {}
    for kind in kinds:
        best: tuple[tuple[int, int], list[Recorded]] = ((-1, 0), [])
        for calls in runs:
            replay = Replay(calls)
            try:
                number = len(found(kind, replay, site))
            except Exception:  # noqa: BLE001  # an error that was recorded is worth keeping too
                number = 0
            best = max(best, ((number, len(replay.used)), replay.used), key=lambda it: it[0])
        for call in best[1]:
            key = (call.service, call.operation, json.dumps(call.parameters, sort_keys=True))
            chosen.setdefault(key, call)
    return list(chosen.values())


def _runs(file: Path) -> Iterator[list[Recorded]]:
    """The calls of each command that ran under the plan role."""
    runs: dict[int, list[Recorded]] = {}
    for line in file.read_text().splitlines():
        call = Recorded(**json.loads(line))
        if call.actor == "plan":
            runs.setdefault(call.process, []).append(call)
    yield from runs.values()


def write(name: str, source: str, calls: Iterable[Recorded]) -> None:
    """Commit a cut; calls in a stable order, without what says nothing."""
    objects = [{**asdict(each), "process": 0} for each in calls]
    objects.sort(key=lambda each: (each["service"], each["operation"], json.dumps(each)))
    document = {"source": source, "calls": objects}
    (DATA / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def stable(document: dict[str, Any]) -> dict[str, Any]:
    """What of a report does not change from run to run."""
    kept = ("id", "question", "verdict", "answer", "means", "because", "price")
    evidence = {each["id"]: each.get("evidence", {}) for each in document["walk"]}
    return {
        "where": document["where"]["name"],
        **{
            part: [{name: each[name] for name in kept if name in each} for each in document[part]]
            for part in ("walk", "probes")
        },
        "unsupported": sorted(document["unsupported"]),
        "not looked for": document["sweep"]["lacking"],
        "kinds made": evidence["apply"]["kinds made"],
        "kinds unchanged": evidence["second plan"]["kinds unchanged"],
    }


def report_text(document: dict[str, Any]) -> str:
    """A report as it is committed."""
    return json.dumps(stable(document), indent=1, ensure_ascii=False) + "\n"
