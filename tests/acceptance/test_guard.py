"""It runs in the named account alone, and for no more than its ceiling."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import acceptance.probes  # noqa: F401  # registers every probe
from acceptance import account, run
from acceptance.__main__ import main
from acceptance.account import NAMED, Refused
from acceptance.money import CEILING, Cost
from acceptance.probe import PROBES, Probe

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


class Session:
    """Signed in as somebody."""

    region_name = "eu-central-1"

    def __init__(self, arn: str) -> None:
        self.arn = arn

    def client(self, service: str, **_named: Any) -> Session:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.arn.split(":")[4], "Arn": self.arn}


ADMIN = Session("arn:aws:iam::123456789012:user/admin")
ROOT = Session("arn:aws:iam::123456789012:root")


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, "123456789012")


def test_the_named_account_passes() -> None:
    found = account.check(ADMIN, emulated=False)
    assert (found.id, found.region) == ("123456789012", "us-east-1")


def test_no_account_named_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMED)
    with pytest.raises(Refused, match=NAMED):
        account.check(ADMIN, emulated=False)


def test_another_account_is_refused_and_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, "210987654321")
    with pytest.raises(Refused, match=r"123456789012.*210987654321"):
        account.check(ADMIN, emulated=False)


def test_the_root_user_is_refused_on_aws_alone() -> None:
    with pytest.raises(Refused, match="root user"):
        account.check(ROOT, emulated=False)
    assert account.check(ROOT, emulated=True).id == "123456789012"


def test_a_region_whose_prices_are_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    with pytest.raises(Refused, match="prices"):
        account.check(ADMIN, emulated=False)


def test_a_refused_run_makes_no_call_that_writes(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAMED, "210987654321")
    assert main(["--folder", str(tmp_path)]) == 2
    assert list(tmp_path.iterdir()) == []


def test_everything_together_stays_below_the_ceiling() -> None:
    assert 0 < run.at_most(PROBES.values()) <= CEILING == 2
    assert [each.id for each in PROBES.values() if each.paid] == ["P14", "P12"]


def test_above_the_ceiling_it_names_what_to_leave_out() -> None:
    dear = Probe("P99", "?", {}, lambda stage: pytest.fail("asked"), Cost(gpu_hours=Decimal(2)))
    with pytest.raises(Refused, match="P99"):
        run.at_most([*PROBES.values(), dear])


def test_every_probe_of_the_list_is_there_and_says_what_its_answers_mean() -> None:
    assert set(PROBES) == {f"P{number}" for number in range(1, 21)}
    for each in PROBES.values():
        assert each.question.endswith("?")
        assert each.means
        assert all(len(meaning) > 20 for meaning in each.means.values()), each.id
