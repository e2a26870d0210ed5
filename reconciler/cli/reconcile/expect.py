"""`--expect`: read the approved plan from the value of the option."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.plan.approval import Approved

_DIGEST = re.compile(r"[0-9a-f]{64}")
_LARGEST = 64 * 2**20  # bytes; a plan of a thousand workstations has ten


def read(value: str) -> Approved | None:
    """Read the value of `--expect`: a digest, or the path of a JSON plan; None for "".

    Raises: UsageError for a file that cannot be read, or holds no plan.
    """
    from reconciler.errors import UsageError
    from reconciler.plan.approval import Approved, no_plan

    if not value or _DIGEST.fullmatch(value):
        return Approved(value) if value else None
    try:
        file = Path(value)
        if file.stat().st_size > _LARGEST:
            raise UsageError(f"--expect {value}: the file is too large for a plan")
        document = json.loads(file.read_bytes())
        return Approved(str(document["digest"]), document)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(
            f"--expect {value} is neither a digest (64 hex digits) nor a file: {why}"
        ) from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise no_plan(value) from error
