"""How often, and how much at a time, a reader and all of them may ask for what is expensive.

Rates are counted in this process, or in Redis where there is one, so that all processes count as
one. How many trainings and studies wait is counted in the queue itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Literal, cast

from filelock import FileLock
from limits import RateLimitItem
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from cnn.errors import RunError
from cnn.files import why_not_written
from cnn.words import counted
from dashboard.access.refusals import TooManyError
from dashboard.settings import Settings, rates

_ALL = "all"
_REDIS_SECONDS = 2
# When there may be room again nobody knows.
_QUEUE_SECONDS = 60
Jobs = Literal["trainings", "studies"]
_ONE: dict[Jobs, str] = {"trainings": "training", "studies": "study"}


class Limits:
    """What is counted for one application."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._here = FixedWindowRateLimiter(MemoryStorage())
        shared = _redis(settings.redis_url) if settings.redis_url else None
        self._shared = FixedWindowRateLimiter(shared) if shared else self._here

    def spend(self, what: str, who: str) -> None:
        """Count one more of what the setting `limit_<what>` limits; `TooManyError` above the limit.

        Nothing is counted of what is refused.
        """
        self.require(what, who)
        for item, key in self._due(what, who):
            if not self._asked("hit", item, key):
                self._refuse(item, key)

    def require(self, what: str, who: str) -> None:
        """Raise `TooManyError` where one more would be too many; nothing is counted."""
        for item, key in self._due(what, who):
            if not self._asked("test", item, key):
                self._refuse(item, key)

    @contextmanager
    def room_for(self, what: Jobs, who: str, waiting: Iterable[str]) -> Iterator[None]:
        """Let one more of these be queued, no other beside it; `TooManyError` if enough wait.

        `waiting` says by whom each was asked for that waits; it is looked at when it is this one's turn.
        """
        with _held(FileLock(self._settings.jobs.path / f"{what}.lock")):
            of_whom = list(waiting)
            in_all, own = (getattr(self._settings, f"most_{what}{end}") for end in ("", "_each"))
            _require_room(what, len(of_whom), in_all, "")
            _require_room(what, of_whom.count(who), own, " of one reader")
            yield

    def _due(self, what: str, who: str) -> list[tuple[RateLimitItem, tuple[str, str]]]:
        given = getattr(self._settings, f"limit_{what}")
        return [(item, (what, _ALL if of_all else who)) for item, of_all in rates(given)]

    def _asked(self, how: str, item: RateLimitItem, key: tuple[str, str]) -> bool:
        try:
            return bool(getattr(self._shared, how)(item, *key))
        except (RedisError, StorageError):
            return bool(getattr(self._here, how)(item, *key))

    def _refuse(self, item: RateLimitItem, key: tuple[str, str]) -> None:
        try:
            window = self._shared.get_window_stats(item, *key)
        except (RedisError, StorageError):
            window = self._here.get_window_stats(item, *key)
        seconds = max(1, ceil(window.reset_time - time.time()))
        whose = "all readers together" if key[1] == _ALL else "one reader"
        raise TooManyError(
            f"That was asked too often: {whose} may do it {item.amount} times in "
            f"{_duration(item.get_expiry())}. Try again in {_duration(seconds)}.", seconds,
        )  # fmt: skip


def _redis(url: str) -> Storage | None:
    """Return the counters in Redis; None for an address that is none of theirs."""
    patience = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
    try:
        return cast(Storage, storage_from_string(url, **patience))
    except ConfigurationError:
        return None


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Hold a lock; `RunError` where it cannot be written."""
    try:
        lock.acquire()
    except OSError as error:
        raise RunError(f"The queue could not be written: {why_not_written(error)}.") from error
    with lock:
        lock.release()
        yield


def _require_room(what: Jobs, waiting: int, most: int, whose: str) -> None:
    if waiting >= most:
        wait = f"{_ONE[what]} waits" if waiting == 1 else f"{what} wait"
        raise TooManyError(
            f"{waiting} {wait} already{whose}, and at most {most} may: wait until one "
            "has ended, or cancel one.", _QUEUE_SECONDS,
        )  # fmt: skip


def _duration(seconds: int) -> str:
    for length, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            return counted(ceil(seconds / length), name)
    return counted(seconds, "second")
