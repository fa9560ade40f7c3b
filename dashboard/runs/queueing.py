"""How trainings come into the queue and out of it: by whom, and not more than may wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnn.runs.configuration import TrainingConfig
from cnn.runs.run import Note, Run
from dashboard.access import roles
from dashboard.access.people import Role
from dashboard.runtime.runtime import current


def submit(config: TrainingConfig, note: Note | None) -> Run:
    """Queue a training of who asks; `NotAllowedError` or `TooManyError` if it may not be."""
    who = roles.require(Role.TRAINER)
    with roles.limits().room_for("trainings", who.identity, _waiting()):
        return current().submit_training(config, note=replace(note or Note(), by=who.identity))


def resume(run: Run) -> None:
    """Queue a run again, as `submit` does."""
    who = roles.require_own(run.note.by)
    with roles.limits().room_for("trainings", who.identity, _waiting()):
        current().resume_training(run)


def cancel(run: Run) -> None:
    """Ask a run to end; `NotAllowedError` if it is somebody else's."""
    roles.require_own(run.note.by)
    run.ask_to_cancel()


def write_note(run: Run, name: str, text: str) -> None:
    """Give a run another name and note; `NotAllowedError` if it is somebody else's."""
    roles.require_own(run.note.by)
    run.write_note(name, text)


def delete(run: Run) -> None:
    """Delete a run for good; `NotAllowedError` for all but operators."""
    roles.require(Role.OPERATOR)
    run.delete()


def _waiting() -> Iterator[str]:
    """Say who asked for each training that waits; the queue is looked at when the first is asked for."""
    yield from (run.note.by for run in current().statuses().waiting)
