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
from huey.api import Huey, Task
from huey.consumer import Consumer, Scheduler, Worker
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import RedisStorage, SqliteStorage
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from cnn import runs, studies
from cnn.data.fetching import fetch_mnist
from cnn.errors import CnnError, QueueError, RunError, StudyError, reason
from cnn.jobs.doing import doing
from cnn.jobs.home import Download, Home
from cnn.runs.configuration import TrainingConfig
from cnn.training.loop import work_on

_log = logging.getLogger(__name__)
# What else the worker looks at while it trains, it looks at seldom.
_CHECK_SECONDS = 0.5
_POLL_SECONDS = 0.2
# A message that was taken just before the end is put back within that time.
_PUT_BACK_SECONDS = 3.0
_LONGEST_PAUSE_SECONDS = 30.0
# Who takes a job waits a second for one: that is an answer.
_ANSWER_SECONDS = 3.0
# A connection that Redis has left is made anew.
_MOST_RETRIES = 1
# What was in hand already goes on before all that waits.
_FIRST = 1
_UNREACHED = (RedisError, sqlite3.Error, OSError)

Job = runs.Run | studies.Study


class _JsonSerializer(Serializer):
    """Messages as JSON: whoever can write to the queue can name a job, and no more."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(data))


class _InRedis(RedisStorage):
    """The queue in a list of Redis, of which the end is taken first."""

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        if priority:
            self.conn.rpush(self.queue_key, data)
        else:
            super().enqueue(data)


class _Storage(SqliteStorage):
    """The queue in a file. One that is no queue is put aside, one that is gone left alone: a new one is
    made.

    `renewed` is called then, once there is a new one; the message of what was asked is not lost.
    """

    def __init__(self, name: str, *, filename: str, **options: Any) -> None:
        self.renewed: Callable[[], None] | None = None
        self._path = Path(filename)
        with self._one_at_a_time():
            self.was_renewed = self._put_aside()
            super().__init__(name, filename=filename, **options)
            self._known = _place(self._path)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        self._mended(lambda: super(_Storage, self).enqueue(data, priority))

    def dequeue(self) -> Any:
        return self._mended(super().dequeue)

    def queue_size(self) -> int:
        size: int = self._mended(super().queue_size)
        return size

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        items: list[bytes] = self._mended(lambda: super(_Storage, self).enqueued_items(limit))
        return items

    def _mended(self, action: Callable[[], Any]) -> Any:
        """Do it with the file that is there now, once more where it had to be put aside."""
        if _place(self._path) != self._known:
            self._renew()
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
                raise
            self._renew()
            return action()

    def _renew(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._one_at_a_time():
            self.close()
            is_new = self._put_aside() or not self._path.exists()
            self.initialize_schema()
            self._known = _place(self._path)
        if is_new and self.renewed:
            self.renewed()

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


def _pool(redis_url: str) -> ConnectionPool:
    """Return connections to a Redis that must answer in some seconds, unless its address says else."""
    return ConnectionPool.from_url(
        redis_url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS,
        retry=Retry(NoBackoff(), _MOST_RETRIES),
    )  # fmt: skip


def _place(path: Path) -> tuple[int, int] | None:
    """Return where a file is on its disk, which is another for another file; None if it is gone."""
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_dev, known.st_ino


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


class _Taker(Worker):
    """Takes jobs. Of a queue that does not answer it tells once, and asks it ever more seldom."""

    _pause = 0.0

    def loop(self, now: Any = None) -> None:  # noqa: ARG002
        try:
            task = self.huey.dequeue()
        except _UNREACHED as error:
            self._wait_longer(error)
            return
        except (ValueError, TypeError) as error:
            _log.warning("A message is none of ours (%s): it is passed over.", reason(error))
            self.sleep()
            return
        if self._pause:
            _log.warning("The queue answers again.")
            self._pause = 0.0
        if task is not None:
            self.delay = self.default_delay
            with doing(str(task.args[0]) if task.args else task.name):
                self._do(task)
        elif not self.huey.storage.blocking:
            self.sleep()

    def _do(self, task: Task) -> None:
        try:
            # Not by huey, which asks the queue before and after whether the job was revoked.
            task.execute()
        except Exception:
            _log.exception("The job %s failed.", task.id)

    def _wait_longer(self, error: Exception) -> None:
        if not self._pause:
            _log.warning(
                "The queue does not answer (%s): it is asked again, at least every %d seconds.",
                reason(error), _LONGEST_PAUSE_SECONDS,
            )  # fmt: skip
        self._pause = min(_LONGEST_PAUSE_SECONDS, 2 * self._pause or 1.0)
        self.stop_flag.wait(self._pause)


class _NoScheduler(Scheduler):
    """Does nothing: no job is put off to a later time."""

    def loop(self, now: Any = None) -> None:  # noqa: ARG002
        self.stop_flag.wait()


class _Consumer(Consumer):
    worker_class = _Taker
    scheduler_class = _NoScheduler


class Queue:
    """The jobs that web processes submit and workers do.

    Raises `QueueError`, a `RunError`, if the queue cannot be made or reached.
    """

    def __init__(self, home: Home) -> None:
        options = {"results": False, "serializer": _JsonSerializer()}
        self.home = home
        self._in_hand: Job | None = None
        self._ends = False
        self._taking = threading.Lock()
        with self._reached():
            home.path.mkdir(parents=True, exist_ok=True)
            self._huey: Huey = (
                Huey(
                    "cnn", storage_class=_InRedis, connection_pool=_pool(home.redis_url), **options
                )
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
        """Queue all that waits anew, what was begun and then the oldest first: the old queue is gone."""
        jobs: list[Job] = [*reversed(self.home.runs()), *reversed(self.home.studies())]
        for job in jobs:
            with suppress(CnnError):
                if _waits(job):
                    self._put(job, first=job.is_handed_back)

    def _put(self, job: Job, *, first: bool) -> None:
        put = self._train_job if isinstance(job, runs.Run) else self._study_job
        put(job.id, priority=_FIRST if first else None)

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

    def submit_study(self, question: studies.Question, *, by: str = "") -> studies.Study:
        """Return the study of a question, queued unless it is done or in hand; `by` is who asks.

        Raises `StudyError` if it cannot be written, `RunError` if the queue cannot be reached.
        """
        study, is_due = studies.ask(self.home.studies_dir, question, by=by)
        if is_due or self.is_lost(study):
            with self._reached():
                self._study_job(study.id)
        return study

    def is_lost(self, job: Job) -> bool:
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
        except _UNREACHED as error:
            raise QueueError(
                f"The queue cannot be reached ({reason(error)}): whoever runs this server sees to it "
                "that it is there and can be written; then try again."
            ) from error

    def submit_download(self) -> None:
        """Queue the download of MNIST into the Keras cache."""
        with self._reached():
            self.home.write_download(Download("running"))
            self._fetch_job()

    def work(self, *, grace: float | None = None) -> Job | None:
        """Do jobs until told to stop by SIGINT (after the job) or SIGTERM (at once).

        With a `grace` it also ends by itself, so many seconds after the last server. Returns the job that
        was in hand at the end. It is handed back: the next worker goes on with it before all that waits,
        and the thread that works on it is to end with the process, at once.
        """
        consumer = _Consumer(
            self._huey, workers=1, periodic=False, initial_delay=_POLL_SECONDS,
            max_delay=_POLL_SECONDS,
        )  # fmt: skip
        if grace is not None:
            alone = threading.Thread(target=self._stop_when_alone, args=[consumer, grace])
            alone.daemon = True
            alone.start()
        _log.info("This worker takes jobs.")
        consumer.run()
        with self._taking:
            self._ends = True
        if self._in_hand:
            self._hand_back(self._in_hand)
        else:
            for _, thread in consumer.worker_threads:
                thread.join(_PUT_BACK_SECONDS)
        return self._in_hand

    def _hand_back(self, job: Job) -> None:
        try:
            job.hand_back()
            self._put(job, first=True)
            _log.info("%s was handed back: the next worker goes on with it.", job.id)
        except _UNREACHED as error:
            _log.warning("%s could not be handed back (%s): resume it.", job.id, reason(error))

    def _stop_when_alone(self, consumer: Consumer, grace: float) -> None:
        alone_since = None
        while alone_since is None or time.monotonic() - alone_since < grace:
            time.sleep(_CHECK_SECONDS)
            alone_since = None if self.home.has_servers() else alone_since or time.monotonic()
        consumer.stop()

    @contextmanager
    def _taken(self, job: Job) -> Iterator[bool]:
        """Have a job in hand; False, and it is put back, where the worker ends."""
        with self._taking:
            is_taken = not self._ends
            if is_taken:
                self._in_hand = job
        if is_taken:
            _log.info("Work on %s begins.", job.id)
        else:
            self._put(job, first=True)
        try:
            yield is_taken
        finally:
            if is_taken:
                _tell_end(job)
            with self._taking:
                if not self._ends:
                    self._in_hand = None

    def _train(self, run_id: str) -> None:
        run = self.home.run(run_id)
        try:
            is_due = run.status.state == "queued"
        except RunError as error:
            _log.warning("A job is passed over: %s", error)
            return
        if is_due:
            with self._taken(run) as is_in_hand:
                if is_in_hand:
                    work_on(run, data_dir=self.home.data_dir)

    def _study(self, study_id: str) -> None:
        try:
            study = self.home.study(study_id)
            with self._taken(study) as is_in_hand:
                if is_in_hand:
                    studies.work_on(study, data_dir=self.home.data_dir)
        except StudyError as error:
            _log.warning("A job is passed over: %s", error)

    def _fetch(self) -> None:
        try:
            fetch_mnist()
        except CnnError as error:
            self.home.write_download(Download("failed", str(error)))
        else:
            self.home.write_download(Download("finished"))


def _tell_end(job: Job) -> None:
    """Write into the log how a job ended; one that was deleted meanwhile has no status."""
    with suppress(CnnError):
        status = job.status
        _log.info("Work on %s ends: %s. %s", job.id, status.state, status.message)


@lru_cache(maxsize=4096)
def _job_of(message: bytes) -> str:
    """Return the id of the run or study that a message names, "" if it names none."""
    args = Message(*json.loads(message)).args
    return str(args[0]) if args else ""


def _waits(job: Job) -> bool:
    """Whether a job is queued, and nobody has begun it."""
    return job.status.state == "queued" and not job.is_worked_on()
