"""What a run must tell, although the next one would mend it or nobody would miss it."""

from __future__ import annotations

import pytest

from reconciler.plan.model import Outcome
from tests.strict import sites
from tests.strict.manual_edits import owned_records
from tests.strict.scenario import Scenario, start
from tests.strict.world import PAUSE, StrictWorld, new_aws

REFUSED = "ConcurrentModificationException"


@pytest.mark.parametrize("count", [1, 3])
def test_a_failure_inside_a_good_answer_fails_its_row(count: int) -> None:
    log = start("create", count).log
    k = 1 + next(n for n, request in enumerate(log) if request.operation == "put_targets")
    report = Scenario("create", count, ((k, "partly"),)).world().run()
    assert report is not None
    rows = {c.key.kind: c for c in report.plan.changes if c.outcome is Outcome.FAILED}
    assert list(rows) == ["event_rule"]
    assert REFUSED in rows["event_rule"].reason


@pytest.mark.parametrize("seed", range(8))
def test_two_file_systems_of_one_identity_are_both_told(seed: int) -> None:
    world = StrictWorld(new_aws(seed), sites.fleet(1).site())
    world.settle(3)
    [(first, system)] = owned_records(world.aws, "fsx", "systems").items()
    world.aws.pause(1)
    asked = next(s.parameters for s in world.aws.sent if s.operation == "create_file_system")
    asked = {**asked, "ClientRequestToken": "by-hand", "Tags": system["Tags"]}
    second = world.hand("fsx", "create_file_system", **asked)["FileSystem"]["FileSystemId"]
    world.aws.rest(PAUSE)
    report = world.run()
    assert report is not None
    assert not report.plan.changes, "the older one is in use, and stays so"
    retained = [live for live in report.plan.retained if live.key.kind == "file_system"]
    assert [live.attrs["id"] for live in retained] == [second]
    assert second in retained[0].key.name
    assert set(owned_records(world.aws, "fsx", "systems")) == {first, second}
