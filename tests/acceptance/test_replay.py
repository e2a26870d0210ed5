"""Every kind's find, over answers that were recorded or published: no emulator stands between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acceptance import SITE
from acceptance.mask import ACCOUNT, Mask
from reconciler.errors import AwsError
from reconciler.kinds import KINDS
from reconciler.plan.model import Live
from tests.acceptance import replay
from tests.conftest import Golden

RECORDINGS = sorted(
    file.stem for file in replay.DATA.glob("*.json") if not file.stem.endswith(".report")
)


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_kind_finds_in_a_recording_what_is_in_it(name: str, golden: Golden) -> None:
    document, recording = replay.load(name)
    assert len(document["source"]) > 20, "where it came from is written beside it"
    lines = [line for kind in KINDS for line in _found(kind, recording)]
    golden(replay.DATA / f"{name}.found.txt", "\n".join(lines) + "\n")


def test_every_kind_is_found_in_some_recording() -> None:
    met: set[str] = set()
    for name in RECORDINGS:
        _, recording = replay.load(name)
        met |= {line.split(": ")[0] for kind in KINDS for line in _found(kind, recording)}
    assert {kind.NAME for kind in KINDS} <= met


@pytest.mark.parametrize("name", RECORDINGS)
def test_no_recording_names_anybody(name: str) -> None:
    """Masking it again changes nothing."""
    document, _ = replay.load(name)
    mask = Mask(ACCOUNT)
    for call in document["calls"]:
        for part in ("parameters", "answer"):
            assert mask(call[part]) == call[part], call["operation"]


def _found(kind: Any, recording: replay.Replay) -> list[str]:
    """A line for each thing found; for an error or a call that was not recorded, its name."""
    try:
        found = replay.found(kind, recording, SITE)
    except AwsError as error:
        return [f"{kind.NAME}: not readable: {error.operation} {error.aws_code}"]
    except replay.Unanswered as error:
        return [f"not recorded {kind.NAME}: {str(error).split()[0]}"]
    return [f"{kind.NAME}: {_line(each)}" for each in found]


def _line(live: Live) -> str:
    """What matters of it, on one line."""
    state = live.busy or live.broken or live.in_use or ("ready" if live.ready else "not ready")
    owner = "ours" if live.owned else "a stranger's"
    return f"{live.key.name}, {owner}, {state}, {_spec(live.spec)}"


def _spec(spec: Any) -> str:
    if spec is None:
        return "not read"
    fields = {name: getattr(spec, name) for name in spec.__dataclass_fields__}
    return json.dumps(fields, default=_plain, sort_keys=True)


def _plain(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, frozenset) else str(value)


def test_data_is_small() -> None:
    for file in Path(replay.DATA).iterdir():
        assert file.stat().st_size < 80_000, file.name
