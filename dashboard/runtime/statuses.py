"""How far runs are, seen at one time: the queue is asked once, however many of them wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cnn.errors import DamagedRunError, RunError
from cnn.jobs import Queue
from cnn.properties import cached_property
from cnn.runs.run import Run, Status

_LOST = "Its worker ended before it began: resume it."
_UNKNOWN = Status("failed")


class Statuses:
    """The statuses of some runs; those that are gone are left out.

    One question of the browser looks at the runs once, and carries what it saw.
    """

    def __init__(self, runs: Iterable[Run], queue: Callable[[], Queue]) -> None:
        self._queue = queue
        self._read: dict[Run, Status] = {}
        for run in runs:
            try:
                self._read[run] = run.status
            except DamagedRunError:
                self._read[run] = _UNKNOWN
            except RunError:
                continue

    def of(self, run: Run) -> Status | None:
        """Return how far a run is, "interrupted" if the queue has lost it; None if it is gone."""
        status = self._read.get(run)
        if status is None or status.state != "queued":
            return status
        if self._problem:
            return replace(status, message=self._problem)
        if run.id in self._pending or run.is_worked_on():
            return status
        return replace(status, state="interrupted", message=_LOST)

    @property
    def runs(self) -> list[Run]:
        """The runs, in the order in which they were given."""
        return list(self._read)

    @property
    def running(self) -> list[Run]:
        """The runs that are trained, in the order in which they were given."""
        return [run for run, status in self._read.items() if status.state == "running"]

    @property
    def waiting(self) -> list[Run]:
        """The runs that the queue holds, the next one first."""
        queued = {run.id: run for run, status in self._read.items() if status.state == "queued"}
        if not queued:
            return []
        return [queued[run_id] for run_id in self._pending if run_id in queued]

    # The queue is asked after the runs: a run that was made meanwhile is in neither.
    @cached_property
    def _of_queue(self) -> tuple[dict[str, None], str]:
        try:
            return dict.fromkeys(self._queue().pending()), ""
        except RunError as error:
            return {}, str(error)

    @property
    def _pending(self) -> dict[str, None]:
        return self._of_queue[0]

    @property
    def _problem(self) -> str:
        return self._of_queue[1]
