"""Whether whoever works on a run is alive, on this machine or another, without comparing clocks.

A worker writes a number that grows. Whoever sees it grow knows that the worker lives; whoever has
seen the same number for long, by the watch of its own process, knows that it does not.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cnn.files import read_json, write_json

BEAT_SECONDS = 2.0
PATIENCE_SECONDS = 20.0


def this_machine() -> str:
    """Return the name by which machines that share a folder are told apart."""
    return platform.node()


@contextmanager
def beating(path: Path) -> Iterator[None]:
    """Write a growing number to `path` every two seconds while the block runs."""
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while path.parent.is_dir():
            count += 1
            with suppress(OSError):
                write_json(
                    path, {"machine": this_machine(), "process": os.getpid(), "count": count}
                )
            if ended.wait(BEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Watch:
    """What one process has seen of heartbeats so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Path, tuple[object, float]] = {}

    def is_still(self, path: Path) -> bool:
        """Whether the heartbeat in `path` has been the same for 20 seconds of this process."""
        try:
            beat = read_json(path)
        except (OSError, ValueError, RecursionError):
            beat = None
        before = self._seen.get(path)
        if before is None or before[0] != beat:
            self._seen[path] = (beat, self._clock())
            return False
        return self._clock() - before[1] >= PATIENCE_SECONDS


def machine_of(path: Path) -> str | None:
    """Return the machine whose worker wrote the heartbeat in `path`, None if none did."""
    try:
        machine = read_json(path)["machine"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return machine if isinstance(machine, str) else None
