"""Several runs at once, of which only one moves at a time: who goes next is decided here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.strict.door import Request, Send
from tests.strict.tables import Record


@dataclass
class Turns:
    """Runs in threads that hand each other a baton, only ever before a call.

    `switch` names the call (of all runs together, from 1) before which the baton goes to the
    next run that is not done; or, as a function, is asked before each call.
    """

    switch: Mapping[int, int] | Callable[[int, int], int]  # call, run → the run that goes on
    calls: int = 0
    current: int = 0
    handed: int = 0  # how often the baton went on
    done: set[int] = field(default_factory=set)
    batons: list[threading.Semaphore] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def play(self, runs: Sequence[Callable[[Seat], object]]) -> None:
        """All runs to their ends; raises what any of them raised."""
        self.batons = [threading.Semaphore(0) for _ in runs]
        threads = [
            threading.Thread(target=self._one, args=(index, run)) for index, run in enumerate(runs)
        ]
        for thread in threads:
            thread.start()
        self.batons[0].release()
        for thread in threads:
            thread.join()
        for failure in self.failures:
            raise failure

    def _one(self, index: int, run: Callable[[Seat], object]) -> None:
        self.batons[index].acquire()
        try:
            run(Seat(self, index))
        except BaseException as failure:  # noqa: BLE001  # told by `play`, in the test's thread
            self.failures.append(failure)
        finally:
            self.done.add(index)
            left = [baton for baton in range(len(self.batons)) if baton not in self.done]
            if left:
                self.current = left[0]
                self.batons[left[0]].release()

    def turn(self, index: int) -> None:
        """Before a call of a run: perhaps another one goes first."""
        self.calls += 1
        switch = self.switch
        chosen = (
            switch(self.calls, index) if callable(switch) else switch.get(self.calls, index)
        ) % len(self.batons)
        if chosen != index and chosen not in self.done:
            self.current = chosen
            self.handed += 1
            self.batons[chosen].release()
            self.batons[index].acquire()

    def free(self, index: int, calls: int) -> bool:
        """Whether a run keeps its turn for so many calls; if so, it has made them."""
        switch = self.switch
        if callable(switch):
            return False
        ahead = range(self.calls + 1, self.calls + calls + 1)
        if any(switch.get(call, index) != index for call in ahead):
            return False
        self.calls += calls
        return True


@dataclass
class Seat:
    """The gate of one run among several."""

    turns: Turns
    index: int

    @property
    def calls(self) -> int:
        """The number of calls of all runs."""
        return self.turns.calls

    def begin(self, request: Request) -> None:
        """Wait for the turn before a call begins."""
        self.turns.turn(self.index)

    def attempt(self, request: Request, number: int, send: Send) -> Record:
        """Let every attempt through."""
        return send()

    def end(self, request: Request) -> None:
        """Let every call end."""

    def mark(self) -> object:
        """How often another run went first."""
        return self.turns.handed

    def passes(self, calls: int) -> bool:
        """Tell whether no other run goes first."""
        return self.turns.free(self.index, calls)
