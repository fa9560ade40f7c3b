"""Sees to it that a local worker process is alive while there is work, and never two.

Requests only put work into the queue. Of several web processes one starts the worker, under a lock;
another takes over when it ends. All of them let workers know that they are alive.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from cnn.errors import reason, without_folders
from cnn.jobs import Home, Queue
from cnn.jobs.home import keep
from cnn.properties import cached_property
from dashboard.watching.logs import message

_POLL_SECONDS = 1.0
_END_SECONDS = 5.0
# A worker that ends sooner was of no use: the next one is started later each time.
_EARLY_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 60.0
_MOST_LETTERS = 200
_MOST_LOG_BYTES = 10_000
# A sentence of the command line stays on one line of the log.
_ONE_LINE = {"COLUMNS": "400"}


class Supervisor:
    """Starts a worker process when something waits in the queue of `home` and none is alive.

    The worker inherits its lock from the supervisor, which takes it before the start: there is no
    moment in which a second one could be started. `environment` has the settings of the server.
    """

    def __init__(self, home: Home, environment: dict[str, str]) -> None:
        self._home = home
        self._alive = home.server_lock()
        self._environment = environment
        self._worker: subprocess.Popen[bytes] | None = None
        self._log_size = 0
        self._began = self._not_before = 0.0
        self._pause = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin, in a thread that ends with this process."""
        keep(self._alive)
        self._thread.start()

    def stop(self) -> None:
        """Start no more workers. One that works ends when no server is alive."""
        self._stopped.set()
        self._thread.join(_END_SECONDS)
        self._alive.release()

    def _run(self) -> None:
        leads = self._home.supervisor_lock()
        while not self._stopped.is_set():
            try:
                keep(self._alive)
                if keep(leads):
                    self._look()
            except Exception as error:
                self._wait_longer(f"{type(error).__name__}: {reason(error)}")
            self._stopped.wait(_POLL_SECONDS)
        leads.release()

    @cached_property
    def _queue(self) -> Queue:
        return Queue(self._home)

    def _look(self) -> None:
        now = time.monotonic()
        if self._worker is not None and self._worker.poll() is not None:
            reason = self._last_line() or f"it ended with status {self._worker.returncode}"
            self._worker = None
            if now - self._began < _EARLY_SECONDS:
                self._wait_longer(reason)
        elif self._worker is not None and now - self._began > _EARLY_SECONDS:
            self._pause = 0.0
            self._home.write_worker_problem("")
        elif not self._queue.has_waiting():
            self._home.write_worker_problem("")
        elif self._worker is None and now >= self._not_before:
            self._start_worker()

    def _start_worker(self) -> None:
        lock = self._home.claim_worker()
        if lock is None:
            return
        try:
            with self._log_path.open("ab") as log:
                self._log_size = log.tell()
                self._worker = subprocess.Popen(
                    [sys.executable, "-m", "dashboard", "worker", "--local", "--lock", str(lock)],
                    env={**os.environ, **self._environment, **_ONE_LINE},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[lock],
                )
        finally:
            os.close(lock)
        self._began = time.monotonic()

    def _wait_longer(self, reason: str) -> None:
        """Say why there is no worker, and start the next one later than the last time."""
        self._pause = min(_LONGEST_PAUSE_SECONDS, 2 * self._pause or 1.0)
        self._not_before = time.monotonic() + self._pause
        self._home.write_worker_problem(
            "What was queued waits: the worker process does not stay "
            f"({without_folders(reason)[:_MOST_LETTERS]}). It is started again from time to time; "
            "worker.log in the server's folder has the details."
        )

    @property
    def _log_path(self) -> Path:
        return self._home.path / "worker.log"

    def _last_line(self) -> str:
        """Return the last line with words that the worker left in the log."""
        with self._log_path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_size, size - _MOST_LOG_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        sentences = (message(line).strip(" │╭╮╰╯─") for line in reversed(lines))
        return next(filter(None, sentences), "")
