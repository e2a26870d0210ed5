"""A list is read whole or not at all: promise 4, for every paged read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.strict.aws import Refusal, StrictAws
from tests.strict.conftest import Check
from tests.strict.door import Request, Send, api
from tests.strict.faults import Faults
from tests.strict.invariants import by_run
from tests.strict.scenario import Scenario, start, verdict
from tests.strict.tables import Record
from tests.strict.world import StrictWorld

HARMLESS = ("empty", "short")
HARMFUL = ("repeated", "error", "expired")

UNREAD = {
    "fsx:describe_file_systems": "fsx:create_file_system",
    "efs:describe_file_systems": "efs:create_file_system",
    "ec2:describe_volumes": "ec2:create_volume",
    "autoscaling:describe_auto_scaling_groups": r"(?!scheduler:)\w+:delete_",
}
"""What must not follow from a list that could not be read: patterns of calls."""


@dataclass
class Pages(Faults):
    """A gate where one list comes in pages, and something is wrong with them."""

    aws: StrictAws = field(default_factory=StrictAws)
    read: str = ""
    trouble: str = ""
    times: int = 1

    def attempt(self, request: Request, number: int, send: Send) -> Record:
        """The first page is short; what comes then is the trouble's."""
        if str(request) != self.read:
            return send()
        paging = api(request.service, request.operation).paging
        assert paging is not None
        asked = request.parameters.get(paging["input_token"])
        if not asked:
            if self.times == 0:
                return send()
            self.times -= number == 1
            answer = send()
            keep = 0 if self.trouble == "empty" else 1
            items = list(answer.get(paging["result_key"], ()))
            token = f"trouble-{len(self.aws.cursors)}"
            self.aws.cursors[token] = items[keep:]
            return {paging["result_key"]: items[:keep], paging["output_token"]: token}
        if not str(asked).startswith("trouble") or self.trouble in HARMLESS:
            return send()
        self.fired += number == 1
        if self.trouble == "repeated":
            return {**send(), paging["output_token"]: asked}
        if self.trouble == "expired":
            raise Refusal("InvalidNextToken", "The token has expired")
        raise Refusal("InternalFailure", "on page two", 500)

    def mark(self) -> object:
        """How many lists were troubled, and how many calls went wrong."""
        return self.times, self.fired

    def passes(self, calls: int) -> bool:
        """Whether the trouble is over."""
        return self.times == 0 and super().passes(calls)


def reads(edit: str, count: int) -> list[str]:
    """Every paged read of an edit."""
    return sorted(
        {str(r) for r in start(edit, count).log if api(r.service, r.operation).paging is not None}
        - {"ec2:describe_images"}  # asked by id, one page
    )


def problems(edit: str, count: int, read: str, trouble: str, times: int) -> Iterator[str]:
    """One trouble with one read."""
    begin = start(edit, count)
    aws = begin.aws.fork()
    gate = Pages(aws=aws, read=read, trouble=trouble, times=times)
    world = StrictWorld(aws, begin.site, gate)
    forbidden = UNREAD.get(read)
    if trouble in HARMFUL and forbidden:
        twin = StrictWorld(begin.aws.fork(), begin.site, Pages())
        twin.gate = Pages(aws=twin.aws, read=read, trouble=trouble, times=times)
        twin.run()
        for sent in by_run(twin.aws):
            if re.match(forbidden, f"{sent.service}:{sent.operation}"):
                yield f"{sent} follows from a list that could not be read"
    yield from verdict(world, begin)


CASES = [
    (edit, count, read)
    for edit, count in (("create", 3), ("remove", 3), ("retag", 3), ("add", 1))
    for read in reads(edit, count)
]


@pytest.mark.parametrize(
    ("edit", "count", "read"), CASES, ids=[f"{e}-{n}-{r.split(':')[1]}" for e, n, r in CASES]
)
def test_trouble_with_pages(edit: str, count: int, read: str, check: Check) -> None:
    check(
        [
            (f"{trouble} × {times}", problems(edit, count, read, trouble, times))
            for trouble in (*HARMLESS, *HARMFUL)
            for times in (1, 2)
        ]
    )


@pytest.mark.parametrize("count", [1, 3, 10])
def test_short_and_empty_pages_everywhere(count: int, check: Check) -> None:
    check(
        [
            (str(scenario), iter(scenario.problems()))
            for edit in ("create", "retag", "remove")
            for seed in range(5)
            for scenario in [Scenario(edit, count, seed=seed, options=("short_pages",))]
        ]
    )
