"""The probes, by what they are about. Importing this registers all of them."""

from acceptance.probes import (
    attributes,
    events,
    groups,
    health,
    launches,
    lustre,
    roles,
    schedules,
    sessions,
)

__all__ = [
    "attributes",
    "events",
    "groups",
    "health",
    "launches",
    "lustre",
    "roles",
    "schedules",
    "sessions",
]
