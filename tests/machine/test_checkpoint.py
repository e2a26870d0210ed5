"""The example of a checkpoint: whatever ends the training, it continues to the same result."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/checkpoint"
STEPS, EVERY, BATCH = 60, 10, 200


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train", EXAMPLE / "train.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def uninterrupted(example: ModuleType) -> str:
    """The result of a training that nothing disturbs."""
    state = example.first_state(1)
    for _ in range(STEPS):
        state = example.train(state, BATCH)
    slope, offset = state["weights"]
    return f"result: y = {slope!r} x + {offset!r}"


class Training:
    """The program of the example, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "checkpoints/line"
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> subprocess.Popen[str]:
        numbers = f"--steps={STEPS}", f"--every={EVERY}", f"--batch={BATCH}"
        process = subprocess.Popen(
            [sys.executable, EXAMPLE / "train.py", f"--folder={self.folder}", *numbers, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Leave no process behind when a test fails."""
        for process in self.started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def finish(self, *options: str) -> list[str]:
        output, _ = self.start(*options).communicate(timeout=60)
        return output.splitlines()

    def until(self, line: str, *options: str) -> subprocess.Popen[str]:
        """Start it, and return when it has printed a line."""
        process = self.start(*options)
        assert process.stdout
        while line not in (text := process.stdout.readline()):
            assert text, f"it ended without {line!r}"
        return process

    def hook(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [EXAMPLE / "50-checkpoint.sh"],
            env={"HOME": str(self.home), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Training]:
    made = Training(tmp_path)
    yield made
    made.end()


def test_a_training_that_is_killed_in_the_middle_ends_with_the_same_result(
    training: Training, uninterrupted: str
) -> None:
    """Without any warning: AWS sends it by best effort."""
    process = training.until("saved step 20")
    process.kill()
    process.communicate()
    begin, *_, result = training.finish()
    assert begin not in ("begin at step 0", f"begin at step {STEPS}")
    assert result == uninterrupted


def test_the_hook_returns_when_the_state_is_written(training: Training, uninterrupted: str) -> None:
    process = training.until("saved step 10", "--steps=1000000")
    training.hook()
    assert (training.folder / "checkpoint").exists()
    assert not (training.folder / "pid").exists()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    (stopped,) = [line for line in output.splitlines() if line.startswith("stopped")]
    step = int(stopped.rpartition(" ")[2])
    begin, *_ = training.finish(f"--steps={step}")
    assert begin == f"begin at step {step}"


def test_a_training_that_the_hook_stops_ends_with_the_same_result(
    training: Training, uninterrupted: str
) -> None:
    process = training.until("begin", "--every=1000000")
    training.hook()
    process.communicate(timeout=60)
    assert training.finish()[-1] == uninterrupted


def test_a_half_written_checkpoint_costs_only_the_steps_since_the_one_before(
    training: Training, uninterrupted: str
) -> None:
    process = training.until("saved step 30")
    process.kill()
    process.communicate()
    newest = training.folder / "checkpoint"
    newest.write_bytes(newest.read_bytes()[:1000])
    (training.folder / "checkpoint.new").write_text("half")
    begin, *_, result = training.finish()
    assert begin != "begin at step 0"
    assert result == uninterrupted


def test_no_cut_of_a_checkpoint_is_taken_for_a_whole_one(
    example: ModuleType, tmp_path: Path
) -> None:
    older: dict[str, Any] = example.train(example.first_state(1), 1)
    newer: dict[str, Any] = example.train(older, 1)
    example.save(older, tmp_path)
    example.save(newer, tmp_path)
    whole = (tmp_path / "checkpoint").read_bytes()
    assert example.restore(tmp_path)["step"] == 2
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        (tmp_path / "checkpoint").write_bytes(whole[:length])
        assert example.restore(tmp_path)["step"] == 1, length
    damaged = whole.replace(b'"step": 2', b'"step": 3')
    assert damaged != whole
    (tmp_path / "checkpoint").write_bytes(damaged)
    assert example.restore(tmp_path)["step"] == 1


def test_a_save_that_ends_anywhere_leaves_a_whole_checkpoint(
    example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each step on the disk: the write, both renames, both flushes."""
    states = [example.first_state(1)]
    for _ in range(3):
        states.append(example.train(states[-1], 1))

    class Killed(Exception):
        """The process ends here."""

    def kill_at(place: int) -> None:
        count = 0

        def wrap(real: Any) -> Any:
            def step(*given: Any) -> Any:
                nonlocal count
                count += 1
                if count == place:
                    raise Killed
                return real(*given)

            return step

        monkeypatch.setattr(os, "fsync", wrap(os.fsync))
        monkeypatch.setattr(Path, "replace", wrap(Path.replace))

    for place in range(1, 5):
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        example.save(states[1], tmp_path / "run")
        example.save(states[2], tmp_path / "run")
        with monkeypatch.context():
            kill_at(place)
            with pytest.raises(Killed):
                example.save(states[3], tmp_path / "run")
        monkeypatch.undo()
        assert example.restore(tmp_path / "run")["step"] in (2, 3), place


def test_the_hook_signals_no_other_program_that_has_the_number_now(training: Training) -> None:
    other = subprocess.Popen(["sleep", "60"])
    training.folder.mkdir(parents=True)
    (training.folder / "pid").write_text(f"{other.pid}\n")
    training.hook()
    assert other.poll() is None
    assert not (training.folder / "pid").exists()
    other.kill()
    other.wait()


def test_the_hook_does_nothing_where_no_training_runs(training: Training) -> None:
    assert training.hook().stdout == ""
