"""The codes of rows and findings that more than one place names, or that documents explain."""

from __future__ import annotations

IN_USE = "in-use"
"""The error code of rows that wait for a person to stop working."""

LATER = "later"
"""The error code of rows that wait for a time before which AWS takes no such change."""

REFUSED = "refused"
"""The error code of changes that AWS would refuse: what they are of stands as it is."""

NEEDS = "needs"
"""The error code of rows that need something which failed, or is blocked."""

NEW_BEHIND = "new-behind-declaration"
"""The code of findings of what `--drift-only` leaves as it is: it waits for an approved run."""

AGENT_OLDER = "agent-older"
"""The code of findings about an image whose agent is older than this product."""

SAME_UID = "same-uid"
"""The code of findings about accounts with one user id that mount the same file system."""
