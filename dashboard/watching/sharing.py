"""The folder in which several web processes count.

The client library of Prometheus looks for it once, when it is imported: it must be there by then.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share() -> None:
    """Have all processes that this one starts count in one folder, a new one."""
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None  # nosec B108
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="cnn-metrics-", dir=place)


def leave_out(process: int) -> None:
    """Take the memory of a process that has ended out of what is told; what it counted stays."""
    if os.environ.get(FOLDER):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(process)


def unshare() -> None:
    """Remove the folder."""
    if folder := os.environ.pop(FOLDER, ""):
        shutil.rmtree(folder, ignore_errors=True)
