"""Reading both sides at once: what fails is unknown, what ends the run ends it, nothing hangs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler.aws_api import Aws
from reconciler.engine.environment import Environment
from reconciler.engine.read import read as read_both
from reconciler.engine.run import make_report
from reconciler.errors import AwsError, Denied, Throttled, UsageError
from reconciler.plan.kind import Scope
from reconciler.plan.model import Desired, Live, Outcome, Unknown
from reconciler.plan.resolve import ImageFacts, Missing, ResolvedSite, Subnet
from reconciler.plan.selection import Selection
from tests.conftest import NOW
from tests.plan.declared import IMAGE, PROFILE, ROLE, THREE, site, workstation
from tests.plan.fakes import REGION, Fake, there, want
from tests.support.environment import environment
from tests.support.fake_aws import FakeAws

SITE = site(workstation(), workstation("bob"))
EXPIRED = UsageError("the credentials have expired")
THROTTLED = Throttled("x:DescribeAll", "Throttling", "slow down", REGION)
DENIED = Denied("x:DescribeAll", "AccessDenied", "no", REGION, "x:DescribeAll", "*")


class Finding(Fake):
    """A kind that is found by a function of the scope."""

    def __init__(self, name: str, found: Callable[[Scope], list[Live]], *wanted: Desired) -> None:
        super().__init__(name)
        self.found, self.wanted = found, wanted

    def desired(self, site: ResolvedSite) -> Iterable[Desired]:
        return self.wanted

    def find(self, aws: Aws, scope: Scope) -> Iterable[Live]:
        return self.found(scope)


def raising(error: Exception) -> Callable[..., Any]:
    def ask(*asked: Any) -> Any:
        raise error

    return ask


class FakeLookups:
    """Lookups for which all is there."""

    def subnets(self, aws: Aws) -> tuple[Subnet, ...] | Missing:
        return THREE

    def images(self, aws: Aws, wanted: Iterable[Any]) -> Mapping[str, ImageFacts | Missing]:
        return {"/golden": IMAGE}

    def template_image(self, aws: Aws, template_id: str, version: str) -> str | Missing:
        return IMAGE.id

    def instance_profiles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        return {"workstation": PROFILE}

    def roles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        return {"scheduler": ROLE}

    def keys(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        return {}

    def pools(self, aws: Aws, workstations: Iterable[Any]) -> Mapping[str, Any]:
        return {}


def faked(*kinds: Fake, lookups: FakeLookups | None = None) -> Environment:
    return environment(
        FakeAws, kinds=kinds, lookups=lookups or FakeLookups(), now=lambda: NOW, homes=()
    )


def reading(*kinds: Fake, lookups: FakeLookups | None = None) -> Any:
    return read_both(SITE, faked(*kinds, lookups=lookups), {REGION: FakeAws(REGION)})


@pytest.mark.parametrize("error", [THROTTLED, DENIED], ids=["throttled", "denied"])
def test_a_kind_that_cannot_be_read_is_unknown_and_the_others_are_there(error: AwsError) -> None:
    store = there("store")
    seen = reading(Finding("bad", raising(error)), Finding("store", lambda scope: [store]))
    assert seen.readings == {
        ("bad", REGION): Unknown("bad", REGION, str(error), error.code),
        ("store", REGION): (store,),
    }


def test_a_list_that_breaks_off_is_unknown_whole() -> None:
    """Promise 4: what came before the error is not "all there is"."""

    def found(scope: Scope) -> Any:
        yield there("store")
        raise THROTTLED

    assert isinstance(reading(Finding("store", found)).readings["store", REGION], Unknown)


def test_names_that_prove_their_content_wait_for_the_lookups() -> None:
    asked: list[frozenset[str]] = []

    def found(scope: Scope) -> list[Live]:
        asked.append(scope.expected())
        return []

    wanted = Desired(want("timer").key, want("timer").spec, hashed_name="alice-start-1f0c9a2b")
    reading(Finding("timer", found, wanted, want("timer", "unproven")))
    assert asked == [frozenset({"alice-start-1f0c9a2b"})]


@pytest.mark.parametrize("lookup", ["subnets", "images", "roles", "instance_profiles", "keys"])
def test_credentials_that_end_in_a_lookup_end_the_run_and_nobody_waits_for_ever(
    lookup: str,
) -> None:
    """The kind that waits for the lookups must not hang."""
    answers = FakeLookups()
    setattr(answers, lookup, raising(EXPIRED))

    def found(scope: Scope) -> list[Live]:
        scope.expected()
        return []

    with pytest.raises(UsageError, match="expired"):
        reading(Finding("timer", found), lookups=answers)


def test_credentials_that_end_in_a_kind_end_the_run() -> None:
    with pytest.raises(UsageError, match="expired"):
        reading(Finding("store", raising(EXPIRED)))


# -- the selection ---------------------------------------------------------------------------


def empty(region: str) -> FakeAws:
    """A region where nothing stands: each of its lists is empty."""
    return FakeAws(region, before=lambda call: defaultdict(list))


def looked(*only: str) -> list[str]:
    wanted = (want("store", "alice"), want("store", "bob", workstation="bob"))
    shared = want("store", "shared", workstation="")
    kind = Finding("store", lambda scope: [], *wanted, shared)
    parts = replace(faked(kind), reader=empty)
    report = make_report(SITE, parts, Selection(only))
    assert {change.outcome for change in report.plan.changes} == {Outcome.PLANNED}
    return [change.key.name for change in report.plan.changes]


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ((), ["alice", "bob", "shared"]),
        (("alice",), ["alice"]),
        (("vision/bob",), ["bob"]),
        (("*o*",), ["alice", "bob"]),
        (("b*",), ["bob"]),
        (("vision/*",), ["alice", "bob"]),
        (("alice", "bob"), ["alice", "bob"]),
    ],
)
def test_only_takes_workstations_by_name_or_fleet(only: tuple[str, ...], names: list[str]) -> None:
    """Promise 13: what they do not need of the shared things is left as it is."""
    assert looked(*only) == names


@pytest.mark.parametrize("only", ["carol", "other/alice", "ALICE"])
def test_only_that_matches_nothing_is_a_mistake_and_says_what_there_is(only: str) -> None:
    with pytest.raises(UsageError, match=r"there are: vision/alice, vision/bob"):
        looked("alice", only)
