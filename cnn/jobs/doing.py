"""The job that a thread does, which the log of its worker names in each line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ID: ContextVar[str] = ContextVar("job", default="")


@contextmanager
def doing(job_id: str) -> Iterator[None]:
    """Be at work on the run or study with that id until the block ends."""
    before = _ID.set(job_id)
    try:
        yield
    finally:
        _ID.reset(before)


def job_id() -> str:
    """Return the id of the run or study that this thread works on; "" for none."""
    return _ID.get()
