"""One site on the strict AWS, and short ways to run it and to do things by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.engine.environment import Environment
from reconciler.engine.run import apply, make_report
from reconciler.errors import ReconcilerError
from reconciler.plan.model import Outcome, Report
from reconciler.plan.selection import Selection
from tests.strict import ec2_network, iam_ssm_sts
from tests.strict.aws import ACCOUNT, StrictAws
from tests.strict.cache import Memo
from tests.strict.door import OPEN, Door, Gate
from tests.strict.faults import Crash, Faults
from tests.strict.tables import Record
from tests.support.environment import environment
from tests.support.inline import Inline

REGION = "us-east-1"
PAUSE = 600.0
"""Seconds between two runs: a file system takes less to be made."""


def new_aws(seed: int = 0, **options: Any) -> StrictAws:
    """An account with a network, an image and roles."""
    aws = StrictAws(seed, **options)
    for region in ec2_network.IMAGE_ID:
        ec2_network.plant(aws.here("ec2", region))
        image = ec2_network.IMAGE_ID[region]
        iam_ssm_sts.plant(aws.here("iam", region), aws.here("ssm", region), image)
    aws.settled()
    return aws


def _selection(approve: str) -> Selection:
    return Selection((), frozenset(approve.split()))


@dataclass
class StrictWorld:
    """A site, an account, and what stands between them."""

    aws: StrictAws
    site: Site
    gate: Gate = OPEN
    actor: str = "run"
    errors: list[str] = field(default_factory=list)  # runs that ended early, and why
    memo: Memo | None = None
    runs: int = 0

    def door(self, region: str) -> Door:
        """Return the client of a region."""
        return Door(self.aws, region, self.actor, self.gate)

    def environment(self) -> Environment:
        """Everything a run is handed."""
        return environment(self.door, account=ACCOUNT, pool=Inline, now=self.aws.now)

    def look(self, approve: str = "") -> Report:
        """Make a dry run."""
        return make_report(self.site, self.environment(), _selection(approve))

    def run(self, approve: str = "") -> Report | None:
        """A run, whole: None when it crashed or ended with an error."""
        self.runs += 1
        return self.memo.run(self, approve) if self.memo else self.play(approve)

    def play(self, approve: str = "", memo: Memo | None = None) -> Report | None:
        """The product's own code runs; its first half only if the memo does not know it."""
        environment = self.environment()

        def see() -> Report:
            return make_report(self.site, environment, _selection(approve))

        try:
            report = memo.look(self, approve, see) if memo else see()
            return apply(report, self.site, environment, lambda change: None, lambda: False)
        except Crash as crash:
            self.errors.append(f"crash {crash}")
        except ReconcilerError as error:
            self.errors.append(str(error))
        if isinstance(self.gate, Faults):
            self.gate.lasting = None
        return None

    def shuffle(self, half: str) -> str:
        """With a memo AWS's randomness begins anew with each half of a run; how, is told."""
        begin = f"{self.aws.seed} {self.actor} {self.runs}"
        self.aws.random.seed(f"{begin} {half}")
        return begin

    def alone(self) -> StrictWorld:
        """The same run in a copy of the account, where nothing goes wrong."""
        return StrictWorld(self.aws.fork(), self.site, actor=self.actor, runs=self.runs)

    def settle(self, most: int) -> int:
        """Run until nothing is left to do: how many runs that took, the last, empty one aside."""
        for count in range(most + 1):
            report = self.run()
            self.aws.rest(PAUSE)
            if report is not None and not report.plan.changes and not report.plan.unknown:
                return count
        last = report and rows(report)
        raise AssertionError(f"not settled after {most} runs: {last or self.errors}")

    def hand(self, service: str, operation: str, **parameters: Any) -> Record:
        """What somebody does in the console."""
        return Door(self.aws, REGION, "hand").call(service, operation, **parameters)

    def start(self, workstation: str, capacity: int = 1) -> None:
        """Somebody begins to work, or ends."""
        self.hand(
            "autoscaling",
            "set_desired_capacity",
            AutoScalingGroupName=f"{self.site.name}-{workstation}",
            DesiredCapacity=capacity,
        )


def rows(report: Report) -> list[str]:
    """Every row in one line."""
    return [
        f"{c.op} {c.key} {c.outcome} {sorted({f.field for f in c.fields})} {c.reason}"
        for c in report.plan.changes
    ]


def failed(report: Report) -> list[str]:
    """List the rows that failed."""
    return [str(c.key) for c in report.plan.changes if c.outcome is Outcome.FAILED]
