"""AWS calls end soon after the command is asked to stop, even when a server does not answer.

botocore waits for a server until a socket times out, and then tries again: six minutes in the worst
case, and nothing can end that from outside. So a thread of its own makes each call, and the caller
leaves that thread behind when the time is up. Such a thread ends with the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from reconciler.errors import Stopped, Unanswered

T = TypeVar("T")

Asked = Callable[[], float | None]
"""Seconds since somebody asked the command to stop; None while nobody has."""

_POLL = 0.1
"""Seconds between two questions whether to stop, for the threads that no signal reaches."""


class _Job:
    """One call, and what came of it. A Future of the library costs three times as much."""

    def __init__(self, action: Callable[[], Any]) -> None:
        self.action = action
        self.result: Any = None
        self.error: BaseException | None = None
        self.failed: Exception | None = None  # the last attempt's, in the pause before the next one
        self.ended = threading.Lock()
        self.ended.acquire()


class _Here(threading.local):
    """The call that the current thread makes; None in a thread that is not ours."""

    job: _Job | None = None


class Cancellation:
    """Makes calls, and abandons them when the command is asked to stop. Thread-safe.

    Without `asked` nobody can ask: the caller's own thread makes each call.
    """

    def __init__(self, asked: Asked | None = None) -> None:
        self._asked = asked
        self._idle: list[SimpleQueue[_Job | None]] = []
        self._closed = False
        self._lock = threading.Lock()
        self._here = _Here()

    def watch(self, events: Any) -> None:
        """Begin no further attempt of a call after the request; `events` are of a boto session."""
        if self._asked is not None:
            events.register_first("needs-retry", self._attempt_ends)
            events.register_first("request-created", self._attempt_begins)

    def run(self, action: Callable[[], T], operation: str, region: str, grace: float) -> T:
        """Make one call. `grace`: seconds after the request that the call may still begin and take.

        Raises: Stopped for a call that was not begun, Unanswered for one that was; what the last
        attempt raised when only the next one was left; and what `action` raises.
        """
        if self._asked is None:
            return action()
        since = self._asked()
        if since is not None and since >= grace:
            raise Stopped(operation, region)
        job = self._begin(action)
        while not job.ended.acquire(timeout=_POLL):
            since = self._asked()
            if since is not None and job.failed is not None:
                raise job.failed
            if since is not None and since >= grace:
                raise Unanswered(operation, region)
        if job.error is not None:
            try:
                raise job.error
            finally:
                del job  # which the error's traceback would keep, and the other way round
        result: T = job.result
        return result

    def close(self) -> None:
        """End each thread, at once or after its call."""
        with self._lock:
            self._closed = True
            for jobs in self._idle:
                jobs.put(None)
            self._idle.clear()

    def _begin(self, action: Callable[[], Any]) -> _Job:
        job = _Job(action)
        with self._lock:
            jobs = self._idle.pop() if self._idle else None
        if jobs is None:
            jobs = SimpleQueue()
            threading.Thread(target=self._work, args=(jobs,), name="aws-call", daemon=True).start()
        jobs.put(job)
        return job

    def _work(self, jobs: SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            self._here.job = job
            try:
                job.result = job.action()
            except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
                job.error = error
            self._here.job = None
            self._rest(jobs)
            job.ended.release()
            del job  # nothing of a call stays in memory until the next one

    def _rest(self, jobs: SimpleQueue[_Job | None]) -> None:
        """Before the answer is given: who gets it may make the next call at once."""
        with self._lock:
            if self._closed:
                jobs.put(None)
            else:
                self._idle.append(jobs)

    def _attempt_ends(
        self, response: Any, caught_exception: Exception | None, operation: Any, **_context: Any
    ) -> None:
        """Remember what the attempt failed with: botocore decides now whether to try again."""
        job = self._here.job
        if job is None:
            return
        job.failed = caught_exception
        if response is not None and response[0].status_code >= 300:
            job.failed = ClientError(response[1], operation.name)

    def _attempt_begins(self, **_context: Any) -> None:
        """Raise what the attempt before this one failed with, if this one must not be."""
        job = self._here.job
        if job is None or job.failed is None:
            return
        assert self._asked is not None
        if self._asked() is not None:
            raise job.failed
        job.failed = None
