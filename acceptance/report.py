"""What a run found, as `acceptance.json` and as text."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acceptance.mask import Mask
from acceptance.sweep import Swept

PASSED, ANSWERED, FAILED, NOT_RUN = "passed", "answered", "failed", "not run"


@dataclass(frozen=True)
class Line:
    """A step of the walk (`step`), or a probe (`P7`)."""

    id: str
    question: str
    verdict: str
    answer: str = ""
    means: str = ""
    because: str = ""  # why it was not run, or what failed
    price: str = ""  # dollars at most
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass
class Report:
    """Everything. `unsupported` counts what an emulator does not have, by call and its answer."""

    backend: str
    version: str
    region: str
    begun: str
    at_most: str
    walk: list[Line] = field(default_factory=list)
    probes: list[Line] = field(default_factory=list)
    calls: int = 0
    unsupported: Counter[str] = field(default_factory=Counter)
    stopped: str = ""  # by what, when it did not come to its end
    swept: Swept | None = None

    @property
    def good(self) -> bool:
        """Whether nothing failed and nothing is left."""
        failed = [each for each in (*self.walk, *self.probes) if each.verdict == FAILED]
        return not failed and not self.stopped and bool(self.swept and self.swept.clean)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        swept = self.swept
        return {
            "version": 1,
            "where": {"name": self.backend, "version": self.version, "region": self.region},
            "begun": self.begun,
            "dollars_at_most": self.at_most,
            "calls": self.calls,
            "walk": [_line(each) for each in self.walk],
            "probes": [_line(each) for each in self.probes],
            "unsupported": dict(sorted(self.unsupported.items())),
            "stopped": self.stopped,
            "sweep": swept
            and {
                "removed": {name: len(ids) for name, ids in sorted(swept.removed.items())},
                "left": swept.left,
                "lacking": swept.lacking,
            },
        }

    def write(self, folder: Path, mask: Mask) -> Path:
        """Write it down, masked; the file."""
        file = folder / "acceptance.json"
        document = mask(self.document())
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        return file

    def text(self) -> str:
        """For people."""
        where = " ".join(filter(None, (self.backend, self.version, self.region)))
        lines = [f"On {where}: {self.calls} AWS calls, at most ${self.at_most}", ""]
        lines += [f"{each.id:18}{_outcome(each)}" for each in self.walk]
        for each in self.probes:
            lines += ["", f"{each.id:5}{each.question}", f"     {_outcome(each)}"]
            if each.means:
                lines.append(f"     → {each.means}")
        if self.unsupported:
            lines += ["", f"{self.backend} does not have:"]
            lines += [f"  {call}" for call in sorted(self.unsupported)]
        if self.stopped:
            lines += ["", f"stopped by {self.stopped}"]
        if self.swept:
            lines += ["", *_swept(self.swept)]
        return "\n".join(lines) + "\n"


def _line(line: Line) -> dict[str, Any]:
    return {key: value for key, value in line.__dict__.items() if value or key == "verdict"}


def _outcome(line: Line) -> str:
    detail = line.answer or line.because
    return f"{line.verdict}: {detail}" if detail else line.verdict


def _swept(swept: Swept) -> list[str]:
    removed = ", ".join(f"{len(ids)} {name}" for name, ids in swept.removed.items())
    lines = [f"removed: {removed or 'nothing'}"]
    lines += [f"not looked for: {name}: {why}" for name, why in swept.lacking.items()]
    lines += [
        f"STILL THERE: {family} {name}: {why}"
        for family, ids in swept.left.items()
        for name, why in ids.items()
    ]
    if swept.clean:
        lines.append("nothing is left")
    return lines
