"""Every notice is seen once, whatever the metadata service does; what is unknown says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine.watch_world import LEAVE, Watched, time
from tests.support.imds_server import (
    REBALANCE,
    SPOT_ACTION,
    TARGET_STATE,
    ImdsServer,
    serve_imds,
)
from tests.support.machine import START
from ws import watch
from ws.host import Result
from ws.leave import EVENT, Event


@pytest.fixture
def service() -> Iterator[ImdsServer]:
    with serve_imds() as server:
        yield server


@pytest.fixture
def box(tmp_path: Path, service: ImdsServer) -> Watched:
    return Watched(tmp_path, service)


def test_each_look_asks_all_three_and_every_question_has_a_token(
    box: Watched, service: ImdsServer
) -> None:
    box.look(3)
    issued, *questions = service.requests
    assert issued.path == "api/token"
    assert [each.path for each in questions] == [SPOT_ACTION, TARGET_STATE, REBALANCE] * 3
    assert all(each.token in service.tokens for each in questions)
    assert box.shown == []
    assert box.leaves == 0


def test_a_spot_interruption_begins_the_end_once_and_is_told(
    box: Watched, service: ImdsServer
) -> None:
    service.set_spot_action("terminate", time(120))
    box.look()
    assert box.host.ran("systemd-run") == [LEAVE]
    assert box.event == Event("spot", watch.SPOT, START + 90)
    assert box.shown == [f"within 120 s: {watch.SPOT}"]
    box.look(3)
    assert box.leaves == 1
    assert box.shown == []


def test_the_countdown_shows_60_and_30_seconds(box: Watched, service: ImdsServer) -> None:
    service.set_spot_action("terminate", time(120))
    box.look()
    assert box.shown
    box.look(12)
    assert box.shown == [f"within 60 s: {watch.SPOT}"]
    box.look(6)
    assert box.shown == [f"within 30 s: {watch.SPOT}"]
    box.look(6)
    assert box.shown == []


@pytest.mark.parametrize("action", ["terminate", "stop", "hibernate"])
def test_each_action_is_an_interruption(box: Watched, service: ImdsServer, action: str) -> None:
    service.set_spot_action(action, time(120))
    box.look()
    assert box.event.reason == "spot"


@pytest.mark.parametrize(
    ("at", "deadline"),
    [
        (time(120), 90),
        (time(60), 30),
        (time(20), 15),  # late: half of the reserve is for the hooks
        (time(-3600), 15),  # over, or the clock is ahead: hurry
        (time(+3600), 90),  # the clock is behind: AWS gives two minutes and no more
        ("", 90),
        ("soon", 90),
        ("2026-02-31T00:00:00Z", 90),
    ],
)
def test_the_deadline_leaves_time_to_unmount_whatever_the_clock_says(
    box: Watched, service: ImdsServer, at: str, deadline: float
) -> None:
    service.set_spot_action("terminate", at)
    box.look()
    assert box.event.deadline - START == deadline


def test_a_stop_by_auto_scaling_is_seen_only_in_the_target_state(
    box: Watched, service: ImdsServer
) -> None:
    service.set_target_state("Terminated")
    box.look()
    assert box.host.ran("systemd-run") == [LEAVE]
    assert box.event == Event("auto-scaling", watch.STOP, START + 270)
    box.look(12)
    assert box.leaves == 1
    assert box.shown == [f"within 5 min: {watch.STOP}"]


@pytest.mark.parametrize("state", ["InService", "Standby", "Detached", "Warmed:Stopped", None, ""])
def test_other_target_states_end_nothing(
    box: Watched, service: ImdsServer, state: str | None
) -> None:
    service.set_target_state(state)
    box.look()
    assert box.leaves == 0


def test_a_rebalance_recommendation_is_told_once_and_ends_nothing(
    box: Watched, service: ImdsServer
) -> None:
    service.set_rebalance(time(0))
    box.look()
    assert box.shown == ["AWS may take this Spot instance soon: save often."]
    service.set_rebalance(time(600))
    box.restart()
    box.look(3)
    assert box.shown == []
    assert box.leaves == 0


@pytest.mark.parametrize("status", [0, 401, 403, 500, 503])
@pytest.mark.parametrize("path", ["api/token", SPOT_ACTION, ""])
def test_no_fault_of_the_service_is_an_event_or_loses_one(
    box: Watched, service: ImdsServer, path: str, status: int
) -> None:
    service.set_spot_action("terminate", time(120))
    service.fail(path, status, times=7)
    box.look()
    assert box.leaves == 0
    for _ in range(7):
        box.look()
    assert box.leaves == 1


def test_a_revoked_token_loses_no_event(box: Watched, service: ImdsServer) -> None:
    box.look()
    service.revoke_tokens()
    service.set_spot_action("terminate", time(120))
    box.look()
    assert box.leaves == 1


def test_slow_answers_lose_no_event(
    box: Watched, service: ImdsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.look()
    ask = box.aws.imds.open
    monkeypatch.setattr(box.aws.imds, "open", lambda request, timeout: ask(request, timeout=0.05))
    service.stall(SPOT_ACTION, times=2)
    service.set_spot_action("terminate", time(120))
    box.look(2)
    assert box.leaves == 0
    box.look()
    assert box.leaves == 1


def test_one_path_that_fails_does_not_hide_another(box: Watched, service: ImdsServer) -> None:
    service.fail(SPOT_ACTION, 503, times=99)
    service.set_target_state("Terminated")
    box.look()
    assert box.event.reason == "auto-scaling"


def test_the_journal_has_each_change_once(box: Watched, service: ImdsServer) -> None:
    box.look(2)
    before = len(box.host.lines)
    service.fail(TARGET_STATE, 503, times=3)
    box.look(5)
    assert box.host.lines[before:] == [
        f"{TARGET_STATE}: HTTP 503",
        f"{TARGET_STATE}: InService",
    ]


@pytest.mark.parametrize("text", ["", "soon", "[]", "7", "null", "{}", "<html>"])
def test_an_answer_that_names_no_action_is_no_event(
    box: Watched, service: ImdsServer, text: str
) -> None:
    service.texts[SPOT_ACTION] = text
    box.look(2)
    assert box.leaves == 0


def test_a_restart_of_the_watch_repeats_nothing(box: Watched, service: ImdsServer) -> None:
    service.set_spot_action("terminate", time(120))
    box.look()
    assert box.shown
    box.restart()
    box.look()
    assert box.leaves == 1
    assert box.shown == []


def test_a_watch_that_dies_before_the_end_has_begun_begins_it_after_its_restart(
    box: Watched, service: ImdsServer
) -> None:
    def die(_: object) -> str:
        raise MemoryError

    service.set_spot_action("terminate", time(120))
    box.host.programs["systemd-run"] = die
    with pytest.raises(MemoryError):
        box.look()
    box.host.programs["systemd-run"] = ""
    box.restart()
    box.look()
    assert box.leaves == 2
    assert box.shown == [f"within 120 s: {watch.SPOT}"]


def test_a_spot_interruption_during_a_stop_brings_its_deadline(
    box: Watched, service: ImdsServer
) -> None:
    service.set_target_state("Terminated")
    box.look()
    service.set_spot_action("terminate", time(100))
    box.look()
    assert box.event.reason == "spot"
    assert box.event.deadline == START + 70


def test_a_stop_during_a_spot_interruption_keeps_the_nearer_deadline(
    box: Watched, service: ImdsServer
) -> None:
    service.set_spot_action("terminate", time(120))
    box.look()
    before = box.event
    service.set_target_state("Terminated")
    box.look()
    assert box.event == before
    assert box.leaves == 2  # the second one completes the lifecycle action


def test_both_events_in_one_look_are_both_told(box: Watched, service: ImdsServer) -> None:
    service.set_spot_action("terminate", time(120))
    service.set_target_state("Terminated")
    box.look()
    assert box.event.reason == "spot"
    assert box.leaves == 2


def test_where_systemd_takes_no_unit_the_next_look_tries_again(
    box: Watched, service: ImdsServer
) -> None:
    service.set_target_state("Terminated")
    box.host.programs["systemd-run"] = Result(1, "Failed to connect to bus")
    box.look(2)
    box.host.programs["systemd-run"] = ""
    box.look(2)
    assert box.leaves == 3
    assert "Failed to connect to bus" in box.host.lines


def test_an_end_that_runs_already_is_not_begun_again(box: Watched, service: ImdsServer) -> None:
    service.set_target_state("Terminated")
    box.host.programs["systemd-run"] = Result(1, "Unit ws-leave.service was already loaded")
    box.look(3)
    assert box.leaves == 1


def test_the_watch_looks_every_five_seconds_until_it_is_ended(
    box: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Over(Exception):
        """The end of the test."""

    def stop() -> None:
        if len(box.host.pauses) == 3:
            raise Over

    monkeypatch.setattr(watch, "Imds", lambda: box.aws.imds)
    monkeypatch.setattr(watch, "Aws", lambda region, imds: box.aws)
    box.host.on_sleep = stop
    with pytest.raises(Over):
        watch.main([], box.host)
    assert box.host.pauses == [5, 5, 5]
    assert not box.host.path(EVENT).exists()
