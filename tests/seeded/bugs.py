"""Every bug to plant, one at a time: `python -m tests.seeded` plants each in a copy of the tree."""

from __future__ import annotations

from tests.seeded.baking import BAKING
from tests.seeded.booting import BOOTING
from tests.seeded.idling import IDLING
from tests.seeded.leaving import LEAVING
from tests.seeded.planning import PLANNING
from tests.seeded.powering import POWERING
from tests.seeded.reaching import REACHING
from tests.seeded.reporting import REPORTING
from tests.seeded.resources import RESOURCES

BUGS = (
    *BAKING,
    *BOOTING,
    *IDLING,
    *LEAVING,
    *PLANNING,
    *POWERING,
    *REACHING,
    *REPORTING,
    *RESOURCES,
)
