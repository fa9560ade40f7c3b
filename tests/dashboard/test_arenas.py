"""The threads of a web process share memory that they do not need at once."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

_THREADS = """
import ctypes
from threading import Barrier, Thread
from dashboard import arenas
{first}
together = Barrier(12)
def use():
    together.wait()
    kept = [bytearray(2_000) for _ in range(100)]
    together.wait()
threads = [Thread(target=use) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def _arenas(first: str) -> int:
    """Return how many arenas twelve threads have in a new process that does something first."""
    told = subprocess.run(
        [sys.executable, "-c", _THREADS.format(first=first)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return told.stderr.count("Arena ")


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="the C library is not glibc"
)
def test_threads_share_two_arenas():
    assert _arenas("") > 2
    assert _arenas("arenas.use_few()") == 2
