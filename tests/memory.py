"""How much memory something takes, whatever the process had before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWN = Path("/proc/self")
_FORGET_THE_PEAK = "5"  # proc(5), of `clear_refs`.


@contextmanager
def memory_at_most(count: int) -> Iterator[None]:
    """Fail where what is done within makes the process larger, at its peak, by more than so many bytes.

    The peak that `getrusage` tells is that of the whole life of the process, which nothing that needs
    less than an earlier test can raise. This one is begun anew.
    """
    (_OWN / "clear_refs").write_text(_FORGET_THE_PEAK)
    before = _peak()
    yield
    taken = _peak() - before
    assert taken <= count, f"{taken / 1e6:.0f} MB were taken, at most {count / 1e6:.0f} MB expected"


def _peak() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", (_OWN / "status").read_text())
    assert found
    return 1024 * int(found[1])
