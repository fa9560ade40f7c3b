"""The queue: jobs that web processes submit and a worker does, one after the other.

It is huey, in a SQLite file or in Redis. A message is a name and an id as JSON; what a job is to do,
how far it is and what came of it stands in the folder of its run or study, which outlives the message.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock
from huey import RedisHuey
from huey.api import Huey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import SqliteStorage
from redis.exceptions import RedisError

from cnn import runs, studies
from cnn.data.fetching import fetch_mnist
from cnn.errors import CnnError, RunError, StudyError, reason
from cnn.jobs.home import Download, Home
from cnn.runs.configuration import TrainingConfig
from cnn.training.loop import work_on

_log = logging.getLogger(__name__)
_IDLE_SECONDS = 15.0
# What else the worker looks at while it trains, it looks at seldom.
_CHECK_SECONDS = 3.0
_SCHEDULE_SECONDS = 60
_POLL_SECONDS = 0.2


class _JsonSerializer(Serializer):
    """Messages as JSON: whoever can write to the queue can name a job, and no more."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(data))


class _Storage(SqliteStorage):
    """The queue in a file. One that is no queue is put aside, and a new one made.

    `renewed` is called then, once there is a new one; the message of what was asked is not lost.
    """

    def __init__(self, name: str, *, filename: str, **options: Any) -> None:
        self.renewed: Callable[[], None] | None = None
        self._path = Path(filename)
        with self._one_at_a_time():
            self.was_renewed = self._put_aside()
            super().__init__(name, filename=filename, **options)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        self._mended(lambda: super(_Storage, self).enqueue(data, priority))

    def dequeue(self) -> Any:
        return self._mended(super().dequeue)

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        items: list[bytes] = self._mended(lambda: super(_Storage, self).enqueued_items(limit))
        return items

    def _mended(self, action: Callable[[], Any]) -> Any:
        """Do it, once more where the file had to be put aside."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
                raise
            with self._one_at_a_time():
                self.close()
                is_other = self._put_aside()
                self.initialize_schema()
            if is_other and self.renewed:
                self.renewed()
            return action()

    def _one_at_a_time(self) -> FileLock:
        return FileLock(self._path.with_suffix(".lock"))

    def _put_aside(self) -> bool:
        """Rename the file if it is no queue; return whether it was none."""
        if not self._path.exists() or _is_queue(self._path):
            return False
        aside = f"{self._path.stem}-damaged-{secrets.token_hex(2)}{self._path.suffix}"
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{end}").rename(self._path.with_name(f"{aside}{end}"))
        _log.warning("%s is damaged: it is now %s, and a new one was made.", self._path, aside)
        return True


def _is_queue(path: Path) -> bool:
    """Whether the file is a database with a table of tasks; True if that cannot be known now."""
    try:
        with closing(sqlite3.connect(path)) as database:
            (verdict,) = database.execute("pragma quick_check(1)").fetchone()
            tables = {name for (name,) in database.execute("select name from sqlite_master")}
            return verdict == "ok" and "task" in tables
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False


class Queue:
    """The jobs that web processes submit and workers do.

    Raises `RunError` if the queue cannot be made or reached.
    """

    def __init__(self, home: Home) -> None:
        options = {"results": False, "serializer": _JsonSerializer()}
        self.home = home
        with self._reached():
            home.path.mkdir(parents=True, exist_ok=True)
            self._huey: Huey = (
                RedisHuey("cnn", url=home.redis_url, **options)
                if home.redis_url
                else Huey(
                    "cnn", storage_class=_Storage, filename=str(home.path / "queue.db"), **options
                )
            )
        self._train_job = self._huey.task(name="train")(self._train)
        self._fetch_job = self._huey.task(name="fetch")(self._fetch)
        self._study_job = self._huey.task(name="study")(self._study)
        if isinstance(self._huey.storage, _Storage):
            self._huey.storage.renewed = self._queue_again
            if self._huey.storage.was_renewed:
                self._queue_again()

    def _queue_again(self) -> None:
        """Queue all that waits, the oldest first: the queue that knew it is gone."""
        for run in reversed(self.home.runs()):
            with suppress(RunError):
                if _waits(run):
                    self._train_job(run.id)
        for study in reversed(self.home.studies()):
            with suppress(StudyError):
                if _waits(study):
                    self._study_job(study.id)

    def submit_training(self, config: TrainingConfig, *, note: runs.Note | None = None) -> runs.Run:
        """Make a run for `config`, called as the note says or after its settings, and queue it.

        Raises `RunError`, and leaves nothing behind, if the queue cannot be reached.
        """
        run = runs.create(self.home.runs_dir, config, note=note)
        try:
            with self._reached():
                self._train_job(run.id)
        except RunError:
            run.delete()
            raise
        return run

    def resume(self, run: runs.Run) -> None:
        """Queue an ended, interrupted or lost run again, to go on from its last resume point.

        Raises `RunError` if it is finished, somebody works on it or it waits already.
        """
        if not self.is_lost(run):
            run.renew()
        with self._reached():
            self._train_job(run.id)

    def submit_study(self, question: studies.Question) -> studies.Study:
        """Return the study of a question, queued unless it is done or in hand already.

        Raises `StudyError` if it cannot be written, `RunError` if the queue cannot be reached.
        """
        study, is_due = studies.ask(self.home.studies_dir, question)
        if is_due or self.is_lost(study):
            with self._reached():
                self._study_job(study.id)
        return study

    def is_lost(self, job: runs.Run | studies.Study) -> bool:
        """Whether a run or a study is queued and the queue has forgotten it.

        A message is gone from the queue when a worker takes it: if that worker then dies at once,
        nobody knows of the job. Raises `RunError` if the queue cannot be reached.
        """
        return _waits(job) and job.id not in self.pending()

    def pending(self) -> list[str]:
        """Return the ids of the runs and studies that wait, the next one first; `RunError` as
        `is_lost`.
        """
        with self._reached():
            return [
                job_id for job_id in map(_job_of, self._huey.storage.enqueued_items()) if job_id
            ]

    def has_waiting(self) -> bool:
        """Whether something waits for a worker; `RunError` if the queue cannot be reached."""
        with self._reached():
            return bool(self._huey.pending_count())

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Tell of a queue that does not answer in a sentence."""
        try:
            yield
        except (RedisError, sqlite3.Error, OSError) as error:
            raise RunError(
                f"The queue cannot be reached ({reason(error)}): whoever runs this server sees to it "
                "that it is there and can be written; then try again."
            ) from error

    def submit_download(self) -> None:
        """Queue the download of MNIST into the Keras cache."""
        with self._reached():
            self.home.write_download(Download("running"))
            self._fetch_job()

    def work(self, *, while_servers: bool) -> None:
        """Do jobs until told to stop by SIGINT (after the job) or SIGTERM (at once).

        With `while_servers` it also ends by itself, some seconds after the last web process.
        """
        consumer = self._huey.create_consumer(
            workers=1, periodic=False, initial_delay=_POLL_SECONDS, max_delay=_POLL_SECONDS,
            scheduler_interval=_SCHEDULE_SECONDS,
        )  # fmt: skip
        if while_servers:
            threading.Thread(target=self._stop_when_alone, args=[consumer], daemon=True).start()
        consumer.run()

    def _stop_when_alone(self, consumer: Consumer) -> None:
        alone = 0.0
        while alone < _IDLE_SECONDS or any(map(_is_running, self._jobs())):
            time.sleep(_CHECK_SECONDS)
            alone = 0.0 if self.home.has_servers() else alone + _CHECK_SECONDS
        consumer.stop(graceful=True)

    def _jobs(self) -> list[runs.Run | studies.Study]:
        return [*self.home.runs(), *self.home.studies()]

    def _train(self, run_id: str) -> None:
        run = self.home.run(run_id)
        try:
            is_due = run.status.state == "queued"
        except RunError as error:
            _log.warning("A job is passed over: %s", error)
            return
        if is_due:
            work_on(run, data_dir=self.home.data_dir)

    def _study(self, study_id: str) -> None:
        try:
            studies.work_on(self.home.study(study_id), data_dir=self.home.data_dir)
        except StudyError as error:
            _log.warning("A job is passed over: %s", error)

    def _fetch(self) -> None:
        try:
            fetch_mnist()
        except CnnError as error:
            self.home.write_download(Download("failed", str(error)))
        else:
            self.home.write_download(Download("finished"))


@lru_cache(maxsize=4096)
def _job_of(message: bytes) -> str:
    """Return the id of the run or study that a message names, "" if it names none."""
    args = Message(*json.loads(message)).args
    return str(args[0]) if args else ""


def _waits(job: runs.Run | studies.Study) -> bool:
    """Whether a job is queued, and nobody has begun it."""
    return job.status.state == "queued" and not job.is_worked_on()


def _is_running(job: runs.Run | studies.Study) -> bool:
    try:
        return job.status.state == "running"
    except CnnError:
        return False
