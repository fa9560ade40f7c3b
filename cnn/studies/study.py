"""A study: a folder that says what was asked of a network, how far it is, and what it came to.

`question.json` · `status.json` · `so_far.json`, what there is of the answer while it is found, where that
can be shown · `answer.json`, once it is finished · `cancel`, if somebody asked for it ·
`heartbeat.json` and `worker.lock` of whoever works on it. The folder's name is the hash of
the question: what is asked twice is found out once. Each file is replaced whole, and has the check sum of
its content: numbers that somebody else has put there are told as damage, not as an answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock
from pydantic import Field, TypeAdapter

from cnn.errors import StudyError
from cnn.files import read_json, why_not_written, write_json
from cnn.inspection.diagnosis.findings import Diagnosis
from cnn.inspection.top_pictures import TopPictures
from cnn.runs.files import State
from cnn.runs.worked import Worked
from cnn.studies.answers import Answer, Evaluation, Maps, Raised, Ranking, Trust, Turned
from cnn.studies.question import (
    DIAGNOSE,
    EVALUATE,
    MAPS,
    RANK,
    STRICT,
    SYNTHESISE,
    TOPS,
    TRUST,
    TURN,
    Kind,
    Question,
)

ID = "[0-9a-f]{16}"
ACTIVE: tuple[State, ...] = ("queued", "running")
_MOST_KEPT = 200
_SO_FAR = "so_far.json"
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Status:
    """How far a study is: `done` of `all` pictures. `seconds_left` is an estimate.

    While it waits, `by` says who asked for it.
    """

    __pydantic_config__ = STRICT

    state: State = "queued"
    done: Count = 0
    all: Count = 0
    seconds_left: float | None = None
    message: str = ""
    by: str = ""


_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
_STATUS: TypeAdapter[Status] = TypeAdapter(Status)
_ANSWERS: dict[Kind, TypeAdapter[Any]] = {
    EVALUATE: TypeAdapter(Evaluation),
    RANK: TypeAdapter(Ranking),
    DIAGNOSE: TypeAdapter(Diagnosis),
    TRUST: TypeAdapter(Trust),
    TOPS: TypeAdapter(TopPictures),
    SYNTHESISE: TypeAdapter(Raised),
    MAPS: TypeAdapter(Maps),
    TURN: TypeAdapter(Turned),
}


@dataclass(frozen=True)
class Study(Worked):
    """A study's folder. What cannot be read of it is a `StudyError` where it is asked for."""

    @property
    def exists(self) -> bool:
        """Whether the study is there: it may be removed at any time."""
        return os.access(f"{self.path}/question.json", os.F_OK)

    @property
    def question(self) -> Question:
        """What was asked."""
        question: Question = self._read("question.json", _QUESTION)
        return question

    @property
    def status(self) -> Status:
        """How far it is; one whose worker is gone is "interrupted"."""
        status: Status = self._read("status.json", _STATUS)
        if status.state == "running" and not self.is_worked_on():
            # It may have ended between the two looks.
            status = self._read("status.json", _STATUS)
        if status.state == "running" and not self.is_worked_on():
            if self.is_handed_back:
                message = "Its worker was stopped: the next one does it."
                return replace(status, state="queued", seconds_left=None, message=message)
            message = "The worker ended in the middle of it: start it again."
            return replace(status, state="interrupted", seconds_left=None, message=message)
        return status

    @property
    def is_due(self) -> bool:
        """Whether it is to be done, or done anew: it neither has an answer nor is in hand."""
        try:
            state = self.status.state
            return state not in ACTIVE and not (state == "finished" and self.answer)
        except StudyError:
            return True

    @property
    def answer(self) -> Answer:
        """What it came to, once it is finished."""
        answer: Answer = self._read("answer.json", _ANSWERS[self.question.kind])
        return answer

    @property
    def so_far(self) -> Answer | None:
        """What it has come to so far, while it is worked on; None where there is nothing to show yet.

        One that is damaged is nothing to show: the worker soon writes the next.
        """
        made: Answer | None = None
        with suppress(StudyError):
            made = self._read(_SO_FAR, _ANSWERS[self.question.kind])
        return made

    def _read(self, name: str, kind: TypeAdapter[Any]) -> Any:
        try:
            return _opened(read_json(self.path / name), kind)
        except FileNotFoundError as error:
            raise StudyError(f"There is no study {self.id} (any more): start it again.") from error
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise StudyError(
                f"{name} of the study {self.id} is damaged: start it again."
            ) from error

    def _write(self, name: str, what: Question | Status | Answer) -> None:
        write_json(self.path / name, _sealed(what))

    def write_question(self, question: Question) -> None:
        """Write what is asked."""
        self._write("question.json", question)

    def write_status(self, status: Status) -> None:
        """Replace the status."""
        self._write("status.json", status)

    def write_so_far(self, made: Answer) -> None:
        """Replace what it has come to so far."""
        self._write(_SO_FAR, made)

    def finish(self, answer: Answer) -> None:
        """Write the answer, and that there is one."""
        self._write("answer.json", answer)
        self.write_status(Status("finished", done=answer.pictures, all=answer.pictures))

    def ask_to_cancel(self) -> None:
        """Ask the worker to stop at the next batch; one that waits is cancelled at once.

        Raises `StudyError` where that cannot be written.
        """
        is_queued = self.status.state == "queued"
        with _written("That the study is cancelled"):
            (self.path / "cancel").touch()
            if is_queued:
                self.write_status(Status("cancelled", message="Cancelled before it began."))


def _sealed(what: Question | Status | Answer) -> dict[str, Any]:
    """Return what a file holds, as JSON takes it, with its check sum."""
    content = asdict(what)
    return {"sum": _sum(json.dumps(content)), "content": content}


def _opened(sealed: Any, kind: TypeAdapter[Any]) -> Any:
    """Return the content of a file; `ValueError`, `TypeError` or `KeyError` where it is another's."""
    text = json.dumps(sealed["content"])
    if sealed["sum"] != _sum(text):
        raise ValueError("The check sum is that of another content.")
    return kind.validate_json(text)


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _written(what: str) -> Iterator[None]:
    """Tell of a file that cannot be written in a sentence."""
    try:
        yield
    except OSError as error:
        raise StudyError(
            f"{what} could not be written: {why_not_written(error)}. Ask whoever runs this server, "
            "then try again."
        ) from error


def find(folder: Path) -> list[Study]:
    """Return all studies below a folder, those with the newest status first."""
    try:
        with os.scandir(folder) as entries:
            studies = [Study(Path(one.path)) for one in entries if not one.name.startswith(".")]
    except OSError:
        return []
    return sorted((study for study in studies if study.exists), key=_age)


def ask(folder: Path, question: Question, *, by: str = "") -> tuple[Study, bool]:
    """Return the study of a question below a folder, and whether it is due: not done, nor in hand.

    One that is due is queued, with who asks (`by`) in its status. One that says it is queued already may
    be lost, which only the queue knows. Old ones are removed beyond a limit. Raises `StudyError` where
    nothing can be written.
    """
    study = Study(folder / question.id)
    with _written("The study"):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".asking.lock"):
            if not study.is_due:
                return study, False
            _write_new(study, question, by)
            _remove_old(folder)
    return study, True


def _write_new(study: Study, question: Question, by: str) -> None:
    study.path.mkdir(exist_ok=True)
    for name in ("cancel", "answer.json", _SO_FAR):
        (study.path / name).unlink(missing_ok=True)
    study.write_status(Status(by=by))
    study.write_question(question)


def _remove_old(folder: Path) -> None:
    """Remove the oldest studies beyond the limit, but none that waits or is worked on."""
    for study in find(folder)[_MOST_KEPT:]:
        if not _is_active(study):
            aside = study.path.with_name(f".removed-{study.id}-{secrets.token_hex(2)}")
            study.path.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


def _is_active(study: Study) -> bool:
    try:
        return study.status.state in ACTIVE
    except StudyError:
        return False


def _age(study: Study) -> float:
    try:
        return -(study.path / "status.json").stat().st_mtime
    except OSError:
        return 0.0
