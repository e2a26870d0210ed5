"""The time of the sandbox: real time plus what it was moved ahead, and what is due when."""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

Happen = Callable[[], str]
"""What happens at its time; it tells what it did in one line, or nothing if it is not worth one."""
REMEMBERED = 200


def _real() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Happened:
    """Something that happened by itself, and when."""

    at: datetime
    text: str


@dataclass
class Clock:
    """The clock of the sandbox, which never goes back. What is due happens one after the other,
    each at its own instant.

    Nothing happens between two calls by itself: whoever answers a call catches up first.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    real: Callable[[], datetime] = _real
    ahead: timedelta = timedelta()
    recent: deque[Happened] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _instant: datetime | None = None
    _due: list[tuple[datetime, int, Happen]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def now(self) -> datetime:
        """Return the world's time, in UTC; it stands still while something happens."""
        return self._instant or self.real() + self.ahead

    def at(self, moment: datetime, happen: Happen) -> None:
        """Schedule a function for an instant; of two at one instant the one that was put first is
        first.

        There is no taking back: what is no longer wanted checks that itself, and does nothing.
        """
        heapq.heappush(self._due, (moment, next(self._numbers), happen))

    def forward(self, by: timedelta) -> list[Happened]:
        """Move time on by this much. Raises: ValueError for less than nothing."""
        with self.lock:
            if by < timedelta():
                raise ValueError(f"{by} is less than nothing, and time does not go back")
            return self._move(self.now() + by)

    def to(self, moment: datetime) -> list[Happened]:
        """Move time on to an instant, and tell what happened on the way.

        Raises: ValueError for an instant that has passed, or one without a zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no zone")
        with self.lock:
            if moment < self.now():
                raise ValueError(
                    f"{moment.isoformat()} has passed: it is {self.now().isoformat()} in the "
                    "sandbox, and time does not go back"
                )
            return self._move(moment.astimezone(UTC))

    def catch_up(self) -> list[Happened]:
        """Run what is due by now."""
        with self.lock:
            return self._run(self.now())

    def clear(self) -> None:
        """Go back to real time, with nothing to come: a new world."""
        self._due.clear()
        self.recent.clear()
        self.ahead = timedelta()

    def _move(self, until: datetime) -> list[Happened]:
        found = self._run(until)
        self.ahead = max(self.ahead, until - self.real())
        return found

    def _run(self, until: datetime) -> list[Happened]:
        found: list[Happened] = []
        if self._instant is not None:  # something that happens asks: it is all in order already
            return found
        try:
            while self._due and self._due[0][0] <= until:
                moment, _, happen = heapq.heappop(self._due)
                # Something may put what is due in the past of the thing before it.
                self._instant = max(moment, self._instant or moment)
                text = happen()
                if text:
                    found.append(Happened(self._instant, text))
        finally:
            self._instant = None
        self.recent.extend(found)
        return found
