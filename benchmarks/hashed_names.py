"""Print the names of all schedules of a declaration: `python -m benchmarks.hashed_names`.

ListSchedules tells names only, and a name holds a hash of what the schedule does. So copies of
a recorded schedule need the product's own names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reconciler.aws.client import connect
from reconciler.declare.load import load
from reconciler.engine.environment import environment_of
from reconciler.engine.read import read


def main(fleets: Path) -> None:
    """Print them as JSON."""
    site = load([fleets])
    environment = environment_of(connect(site))
    seen = read(site, environment, {region: environment.reader(region) for region in site.regions})
    print(json.dumps([each.hashed_name for each in seen.desired if each.hashed_name]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
