"""`workstation status`: what will really happen, and everybody's in every region."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.client import RegionClient
from reconciler.cli.reconcile.command import main as reconcile
from reconciler.cli.workstation.command import main as workstation
from reconciler.commands.model import Ahead
from reconciler.commands.next_change import next_changes
from reconciler.errors import AwsError, Denied
from reconciler.kinds.override_end import end
from reconciler.schedule.human_time import format_local
from tests.power.days import BERLIN
from tests.power.hand import Hand
from tests.power.test_two_commands import HOURS, NIGHT, NOON
from tests.power.test_why import OFF, WANTED

Make = Callable[..., Hand]
DAY = timedelta(days=1)
EVENING = NOON.replace(hour=19)


def _override_text(state: str, until: datetime) -> str:
    return f"{state} until {until:%Y-%m-%dT%H:%M:%SZ} ann"


@pytest.mark.parametrize(
    ("settings", "now", "expected"),
    [
        ({}, NOON, Ahead(NOON.replace(hour=9) + DAY, EVENING, "schedule")),
        (
            {"override": _override_text("on", NOON + timedelta(hours=10))},
            NOON,
            Ahead(NOON.replace(hour=9) + DAY, NOON + timedelta(hours=10), "override"),
        ),
        (
            {"override": _override_text("on", NOON + DAY)},
            NOON,
            Ahead(NOON.replace(hour=9) + 2 * DAY, EVENING + DAY, "schedule"),
        ),
        (
            {"max_runtime": 7200},
            NOON,
            Ahead(NOON.replace(hour=9) + DAY, NOON + timedelta(hours=2), "max_runtime"),
        ),
        (
            {"desired": 0, "override": _override_text("off", NOON + 2 * DAY)},
            NOON,
            Ahead(NOON.replace(hour=9) + 3 * DAY, EVENING + 3 * DAY, "schedule"),
        ),
        ({"desired": 0}, NIGHT, Ahead(NOON.replace(hour=9) + DAY, EVENING + DAY, "schedule")),
    ],
)
def test_the_next_start_and_stop_are_those_that_happen(
    settings: dict[str, Any], now: datetime, expected: Ahead
) -> None:
    base = replace(WANTED if settings.get("desired", 1) else OFF, override="", max_runtime=None)
    assert next_changes(replace(base, **settings), HOURS, None, now, now) == expected


def test_an_end_that_turns_it_off_is_believed() -> None:
    group = replace(WANTED, override=_override_text("on", NOON + DAY), max_runtime=None)
    turns_off = end(NOON + DAY, turns_off=True)
    assert next_changes(group, HOURS, turns_off, NOON).stop == NOON + DAY


def test_a_time_of_another_year_says_which() -> None:
    later = datetime(2027, 1, 4, 8, tzinfo=UTC)
    assert format_local(later, BERLIN, NOON) == "Mon 04 Jan 2027 09:00 CET"
    assert format_local(later, BERLIN, later) == "Mon 04 Jan 09:00 CET"


def test_one_that_is_kept_off_starts_after_it(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    cli("off alice until 2027-01-04")
    out = cli("status alice").out
    assert "kept off until Mon 04 Jan 2027 08:55 CET" in out
    assert "next start Mon 04 Jan 2027 09:00 CET" in out
    assert out.index("next start") < out.index("next stop")
    [document] = cli("status alice -o json").json["workstations"]
    assert document["next_start"] == "2027-01-04T08:00:00Z"
    assert document["dollars_per_hour"] == 0


@pytest.fixture
def everywhere(
    sandbox: object, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`everywhere()`: `status --all` of people in two regions, of whom all are on."""
    fleets = Path(__file__).parents[2] / "examples/two-regions/fleets"
    assert reconcile(["-f", str(fleets), "--wait"]) == 0
    capsys.readouterr()

    def run(*more: str) -> tuple[int, str, str]:
        code = workstation(["status", "--all", *more])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


def test_all_shows_every_region_and_what_it_costs(
    everywhere: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = everywhere("-o", "json")
    document = json.loads(out)
    assert code == 0
    found = {each["workstation"]: each for each in document["workstations"]}
    assert len({each["region"] for each in found.values()}) == 2
    [first, *_] = found.values()
    monkeypatch.setenv("AWS_REGION", first["region"])
    assert workstation(["start", first["workstation"], "--no-wait"]) == 0
    document = json.loads(everywhere("-o", "json")[1].partition("\n{")[2].join(["{", ""]))
    [on] = [each for each in document["workstations"] if each["state"] != "off"]
    assert on["machine"]["market"] == "spot"
    assert on["dollars_per_hour"] == document["dollars_per_hour"] > 0
    text = everywhere()[1]
    assert f"1 of {len(found)} on, about ${on['dollars_per_hour']:.2f}/h together" in text


@pytest.mark.parametrize(("closed", "code"), [(True, 0), (False, 1)])
def test_a_region_that_cannot_be_read_is_named(
    everywhere: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    closed: bool,
    code: int,
) -> None:
    """A failed read is unknown, never empty (promise 4)."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    pages = RegionClient.pages
    name = "autoscaling:DescribeAutoScalingGroups"

    def refused(self: RegionClient, *words: Any, **parameters: Any) -> Any:
        if self.region == "eu-central-1":
            if closed:
                raise Denied(name, "AccessDenied", "explicit deny", self.region, name, "*")
            raise AwsError(name, "InternalFailure", "sorry", self.region)
        return pages(self, *words, **parameters)

    monkeypatch.setattr(RegionClient, "pages", refused)
    found, out, err = everywhere("-o", "json")
    assert found == code
    assert "eu-central-1" in err
    assert json.loads(out)["unread_regions"] == ["eu-central-1"]
