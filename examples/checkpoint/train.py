"""Train a small model so that an interruption costs at most some steps.

    python3 train.py --folder ~/checkpoints/line --steps 20000

The state is written into the folder every `--every` steps, and when SIGTERM comes: from the hook of
this example, or from the machine before it unmounts the home. The same command continues from the
newest state that is whole. A run with interruptions ends with the same result as one without.

Only Python's standard library is used. Comments say what a program with PyTorch does there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

State = dict[str, Any]

stopping = False


def first_state(seed: int) -> State:
    """Make the state before the first step: everything that the next step depends on."""
    # PyTorch: model.state_dict(), optimizer.state_dict(), torch.get_rng_state(), and the state of
    # the data loader. A generator that begins anew would train on the same examples twice.
    return {"step": 0, "weights": [0.0, 0.0], "random": random.Random(seed).getstate()}


def train(state: State, batch: int) -> State:
    """Make one step: fit a line through points around y = 3x + 2."""
    generator = random.Random()
    version, numbers, gauss = state["random"]
    generator.setstate((version, tuple(numbers), gauss))
    slope, offset = state["weights"]
    for _ in range(batch):
        x = generator.uniform(-1, 1)
        error = slope * x + offset - (3 * x + 2 + generator.gauss(0, 0.1))
        slope, offset = slope - 0.01 * error * x, offset - 0.01 * error
    return {
        "step": state["step"] + 1,
        "weights": [slope, offset],
        "random": generator.getstate(),
    }


def save(state: State, folder: Path) -> None:
    """Write a checkpoint whole or not at all, and keep the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(state)
    temporary = folder / "checkpoint.new"
    with temporary.open("w") as file:
        # PyTorch: torch.save(state, file), and the hash of the file in a second file.
        file.write(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
        file.flush()
        os.fsync(file.fileno())  # the bytes are on the volume before the name is
    if (folder / "checkpoint").exists():
        (folder / "checkpoint").replace(folder / "checkpoint.before")
    temporary.replace(folder / "checkpoint")
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)  # and so is the name
    finally:
        os.close(directory)


def restore(folder: Path) -> State | None:
    """Read the newest checkpoint that is whole; None where there is none."""
    for name in ("checkpoint", "checkpoint.before"):
        try:
            digest, text = (folder / name).read_text().split("\n", 1)
        except (OSError, ValueError):
            continue
        if hashlib.sha256(text.encode()).hexdigest() == digest:
            state: State = json.loads(text)  # PyTorch: torch.load(path, weights_only=True)
            return state
        print(f"{folder / name} is not whole", file=sys.stderr)
    return None


def stop(*_: object) -> None:
    """Ask the loop to end after this step. A signal can come in the middle of anything."""
    global stopping  # noqa: PLW0603  # a handler of signals has no other place
    stopping = True


def main() -> int:
    """Train until the last step, or until somebody asks to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--every", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=500)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    given.folder.mkdir(parents=True, exist_ok=True)
    # For the hook, which waits until this file is gone.
    (given.folder / "pid").write_text(f"{os.getpid()}\n")
    state = restore(given.folder) or first_state(seed=1)
    print(f"begin at step {state['step']}", flush=True)
    while state["step"] < given.steps and not stopping:
        state = train(state, given.batch)
        if state["step"] % given.every == 0:
            save(state, given.folder)
            print(f"saved step {state['step']}", flush=True)
    save(state, given.folder)
    (given.folder / "pid").unlink(missing_ok=True)
    if stopping:
        print(f"stopped and saved at step {state['step']}", flush=True)
        return 0
    slope, offset = state["weights"]
    print(f"result: y = {slope!r} x + {offset!r}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
