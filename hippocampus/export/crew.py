"""Jobs done by several processes, in turn where they must be: each knows what came before it.

A job does what it can alone, says once what it adds (its share), is told what all jobs before it
have added, and goes on with that. So what is numbered through all of it comes out as if one
process had done it. Jobs are begun in their order; so the first that is unfinished never waits.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Final, TypeVar

Job = TypeVar("Job")
Share = TypeVar("Share")
Before = TypeVar("Before")
Result = TypeVar("Result")

Turn = Callable[[Share], Before]
Work = Callable[[Job, Callable[[Share], Before]], Result]
"""Calls its second argument at most once. To be sent to another process it must be picklable."""

_ADDS: Final = "adds"
_DONE: Final = "done"
_FAILED: Final = "failed"


def in_order(
    work: Work[Job, Share, Before, Result],
    jobs: Sequence[Job],
    first: Before,
    follow: Callable[[Before, Share], Before],
    processes: int,
) -> Iterator[Result]:
    """Results in the order of the jobs.

    ``first`` is what came before the first job; ``follow`` adds a share. With one process, or few
    jobs, all is done in this one. Raises the ``OSError`` of a job, and ``RuntimeError`` where a
    process has died, whose stderr tells why.
    """
    if processes <= 1 or len(jobs) < 2 * processes:
        yield from _alone(work, jobs, first, follow)
        return
    yield from _Crew(work, jobs, first, follow, processes).results()


def _alone(
    work: Work[Job, Share, Before, Result],
    jobs: Sequence[Job],
    first: Before,
    follow: Callable[[Before, Share], Before],
) -> Iterator[Result]:
    before = first

    def turn(share: Share) -> Before:
        nonlocal before
        mine, before = before, follow(before, share)
        return mine

    for job in jobs:
        yield work(job, turn)


class _Crew:
    """The processes, and what each is at."""

    def __init__(
        self,
        work: Work[Any, Any, Any, Any],
        jobs: Sequence[Any],
        first: Any,
        follow: Callable[[Any, Any], Any],
        processes: int,
    ) -> None:
        context: SpawnContext = multiprocessing.get_context("spawn")
        self._jobs = jobs
        self._before = first
        self._follow = follow
        self._next = 0
        self._turn = 0
        self._at: dict[Connection, int] = {}
        self._waiting: dict[int, tuple[Connection, Any]] = {}
        self._passed: set[int] = set()
        self._found: dict[int, Any] = {}
        self._processes: list[SpawnProcess] = []
        for _ in range(processes):
            own, its = context.Pipe()
            process = context.Process(target=_serve, args=(its, work), daemon=True)
            process.start()
            its.close()
            self._processes.append(process)
            self._at[own] = -1

    def results(self) -> Iterator[Any]:
        """One after the other; the processes end with the last, or when nobody asks any more."""
        try:
            for connection in self._at:
                self._give(connection)
            for number in range(len(self._jobs)):
                while number not in self._found:
                    ready = wait(list(self._at))
                    for connection in [one for one in self._at if one in ready]:
                        self._hear(connection)
                yield self._found.pop(number)
        finally:
            for connection in self._at:
                connection.close()
            for process in self._processes:
                process.terminate()
                process.join()

    def _give(self, connection: Connection) -> None:
        if self._next < len(self._jobs):
            self._at[connection] = self._next
            connection.send(self._jobs[self._next])
            self._next += 1

    def _hear(self, connection: Connection) -> None:
        try:
            what, content = connection.recv()
        except EOFError as error:
            raise RuntimeError("a process that reads the log has died") from error
        number = self._at[connection]
        if what == _FAILED:
            raise content
        if what == _ADDS:
            self._waiting[number] = (connection, content)
            self._take_turns()
            return
        self._passed.add(number)
        self._take_turns()
        self._found[number] = content
        self._give(connection)

    def _take_turns(self) -> None:
        """Tell what came before to those whose turn it is; jobs that add nothing are passed."""
        while self._turn in self._waiting or self._turn in self._passed:
            if self._turn in self._waiting:
                whose, share = self._waiting.pop(self._turn)
                whose.send(self._before)
                self._before = self._follow(self._before, share)
            self._passed.discard(self._turn)
            self._turn += 1


def _serve(connection: Connection, work: Work[Any, Any, Any, Any]) -> None:
    """What a process does: job after job, until nobody is there to give one."""

    def turn(share: Any) -> Any:
        connection.send((_ADDS, share))
        return connection.recv()

    while True:
        try:
            job = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            connection.send((_DONE, work(job, turn)))
        except OSError as error:
            connection.send((_FAILED, error))
        except (EOFError, KeyboardInterrupt):
            return
