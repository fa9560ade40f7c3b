"""The folder that web processes and workers share, and who is alive there.

Everything is below it: `queue.db`, `runs/`, `studies/`, `download.json`, `worker.lock`, and `servers/`,
in which every living process of a server holds a lock.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from reprlib import repr as short
from tempfile import TemporaryFile
from typing import Any, Literal

from filelock import FileLock, Timeout, lock_descriptor

from cnn import runs, studies
from cnn.errors import HomeError, RunError, StudyError
from cnn.files import read_json, write_json

# A run of the bundled network takes more.
_LEAST_BYTES = 5_000_000


@dataclass(frozen=True)
class Download:
    """How a download is going."""

    state: Literal["running", "finished", "failed"]
    message: str = ""


@dataclass(frozen=True)
class Home:
    """The folder that web processes and workers share."""

    path: Path
    data_dir: Path
    redis_url: str | None = None

    def require_writable(self) -> None:
        """Make the folder; `HomeError`, with its path for the operator, if nothing can be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise HomeError(
                f"The folder {self.path} cannot be made or written ({error.strerror}): choose "
                "another with --home or CNN_HOME."
            ) from error

    @property
    def problem(self) -> str:
        """Why nothing can be written into the folder, in a sentence; else empty."""
        if self.path.exists() and not os.access(self.path, os.W_OK):
            return (
                "The server's folder cannot be written: nothing can be trained, uploaded or noted until "
                "whoever runs this server has seen to it."
            )
        return self._lacks_room

    @property
    def _lacks_room(self) -> str:
        try:
            free = shutil.disk_usage(self.path).free
        except OSError:
            return ""
        if free >= _LEAST_BYTES:
            return ""
        return (
            f"The server's disk is full ({free / 1e6:.1f} MB are free): nothing can be trained, "
            "uploaded or noted until there is room. Delete runs that are not needed."
        )

    @property
    def runs_dir(self) -> Path:
        """Where the training runs are."""
        return self.path / "runs"

    def download(self) -> Download | None:
        """Return how the download of MNIST is going, or None if none was asked for."""
        try:
            return Download(**read_json(self._download_path))
        except (OSError, ValueError, TypeError):
            return None

    def run(self, run_id: Any) -> runs.Run:
        """Return the run with that id, which may not be there; `RunError` for what is no id."""
        if not isinstance(run_id, str) or not re.fullmatch(runs.ID, run_id):
            raise RunError(f"No run can have the id {short(run_id)}: choose one from the list.")
        return runs.Run(self.runs_dir / run_id)

    def runs(self) -> list[runs.Run]:
        """Return all runs, the newest first."""
        return runs.find(self.runs_dir)

    @property
    def studies_dir(self) -> Path:
        """Where the studies of networks are."""
        return self.path / "studies"

    def study(self, study_id: Any) -> studies.Study:
        """Return the study with that id, which may not be there; `StudyError` for what is no id."""
        if not isinstance(study_id, str) or not re.fullmatch(studies.ID, study_id):
            raise StudyError(f"No study can have the id {short(study_id)}: start it again.")
        return studies.Study(self.studies_dir / study_id)

    def studies(self) -> list[studies.Study]:
        """Return all studies, the newest first."""
        return studies.find(self.studies_dir)

    def worker_lock(self) -> FileLock:
        """Return the lock that the local worker holds for its life."""
        self.path.mkdir(parents=True, exist_ok=True)
        return FileLock(self._worker_lock_path, timeout=0)

    def claim_worker(self) -> int | None:
        """Take the lock of the local worker, and return it as a file descriptor for it to inherit.

        None if a local worker is alive.
        """
        descriptor = os.open(self._worker_lock_path, os.O_RDWR | os.O_CREAT)
        if lock_descriptor(descriptor, blocking=False):
            return descriptor
        os.close(descriptor)
        return None

    @property
    def worker_problem(self) -> str:
        """Why no local worker stays alive, in a sentence; empty if none is missing."""
        try:
            return str(read_json(self._worker_problem_path)["problem"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def write_worker_problem(self, problem: str) -> None:
        """Replace what is known of why no local worker stays alive, as far as there is room."""
        if problem != self.worker_problem:
            with suppress(OSError):
                write_json(self._worker_problem_path, {"problem": problem})

    def has_worker(self) -> bool:
        """Whether a local worker is alive."""
        return _is_held(self.worker_lock())

    def damaged_queues(self) -> set[str]:
        """Return the names of the queue files that were put aside because they were none."""
        return {path.name for path in self.path.glob("queue-damaged-*.db")}

    def server_lock(self) -> FileLock:
        """Return the lock that this process, of a server, is to hold for its life."""
        folder = self.path / "servers"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{os.getpid()}.lock", timeout=0, thread_local=False)

    def supervisor_lock(self) -> FileLock:
        """Return the lock that the one process holds which sees to the local worker."""
        self.path.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path / "supervisor.lock", timeout=0)

    def has_servers(self) -> bool:
        """Whether any server is alive; traces of dead ones are removed."""
        alive = False
        for path in (self.path / "servers").glob("*.lock"):
            if _is_held(FileLock(path, timeout=0)):
                alive = True
            else:
                path.unlink(missing_ok=True)
        return alive

    def write_download(self, download: Download) -> None:
        """Replace what is known of the download of MNIST."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self._download_path, asdict(download))

    @property
    def _download_path(self) -> Path:
        return self.path / "download.json"

    @property
    def _worker_lock_path(self) -> Path:
        return self.path / "worker.lock"

    @property
    def _worker_problem_path(self) -> Path:
        return self.path / "worker.json"


def keep(lock: FileLock) -> bool:
    """Hold the lock, which this process may hold already; return whether it does.

    One whose file is gone, with its folder, is taken anew: nobody else would see it.
    """
    if lock.is_locked and Path(lock.lock_file).exists():
        return True
    lock.release(force=True)
    try:
        lock.acquire()
    except Timeout:
        return False
    return True


def _is_held(lock: FileLock) -> bool:
    try:
        with lock:
            return False
    except Timeout:
        return True
