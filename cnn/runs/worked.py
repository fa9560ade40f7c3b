"""A folder that a worker works on: its lock, its heartbeat, the wish that it ends, and its return."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from cnn.runs import heartbeat

_watch = heartbeat.Watch()


@dataclass(frozen=True)
class Worked:
    """A folder that at most one process works on."""

    path: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def is_cancelled(self) -> bool:
        """Whether someone asked to cancel."""
        # Asked after every batch: this takes a third of the time of `Path.exists`.
        return os.access(f"{self.path}/cancel", os.F_OK)

    def hand_back(self) -> None:
        """Say that the process that works here ends now, and that another is to go on.

        Said of work that has ended meanwhile, it means nothing.
        """
        self._handed_back_path.touch()

    @property
    def is_handed_back(self) -> bool:
        """Whether whoever worked here gave it back before the end."""
        return os.access(self._handed_back_path, os.F_OK)

    def take_up(self) -> None:
        """Work here, as who holds the lock: what was handed back is in hand again."""
        self._handed_back_path.unlink(missing_ok=True)

    @property
    def _handed_back_path(self) -> Path:
        return self.path / "handed-back"

    def hold(self) -> FileLock:
        """Return the lock that the working process holds while it works; it falls with it."""
        return FileLock(self.path / "worker.lock", timeout=0)

    @property
    def heartbeat_path(self) -> Path:
        """Where the number is that grows while somebody works here."""
        return self.path / "heartbeat.json"

    def is_worked_on(self) -> bool:
        """Whether a living process works here: by its lock on this machine, by its beat elsewhere."""
        machine = heartbeat.machine_of(self.heartbeat_path)
        if machine in (None, heartbeat.this_machine()) or self.is_handed_back:
            return self._is_held()
        return not _watch.is_still(self.heartbeat_path)

    def _is_held(self) -> bool:
        if not (self.path / "worker.lock").exists():
            return False
        try:
            with self.hold():
                return False
        except Timeout:
            return True
