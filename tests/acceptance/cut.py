"""Cut the report and the answers that every kind's find needs out of a run, to be committed.

python -m tests.acceptance.cut aws .acceptance "make acceptance in eu-central-1, 1 December 2026"

`make golden`, twice, then writes what the replay finds and the tables of docs/tested-on-aws.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from acceptance import SITE
from reconciler.kinds import KINDS
from tests.acceptance import replay


def main() -> None:
    """NAME FOLDER SOURCE."""
    name, source = sys.argv[1], sys.argv[3]
    folder = Path(sys.argv[2])
    replay.write(name, source, replay.cut(folder / "recorded.jsonl", KINDS, SITE))
    document = json.loads((folder / "acceptance.json").read_text())
    (replay.DATA / f"{name}.report.json").write_text(replay.report_text(document))


if __name__ == "__main__":
    main()
