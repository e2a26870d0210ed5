"""Read the run and the commit from the variables of a CI environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SHA = re.compile(r"[0-9a-f]{7,64}")
_LARGEST = 25 * 2**20  # GitHub sends no larger event


def commit(env: Mapping[str, str]) -> str:
    """Return the commit that was checked out, in hex; "" if it is not known.

    Of a pull request GITHUB_SHA is a merge commit that nobody knows; its head is in the event
    (GitHub Docs, "Events that trigger workflows": pull_request).
    """
    found = _head(env.get("GITHUB_EVENT_PATH", "")) or env.get("GITHUB_SHA", "")
    return found if _SHA.fullmatch(found) else ""


def _head(path: str) -> str:
    try:
        file = Path(path)
        event: Any = json.loads(file.read_bytes()) if file.stat().st_size <= _LARGEST else {}
        return str(event["pull_request"]["head"]["sha"])
    # No such file, no JSON, or an event of another kind.
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
