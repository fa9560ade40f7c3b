"""When TensorFlow starts: soon, but not beside what can be answered without it.

Its import takes the processor, and Python's lock, from every other thread for seconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class Start:
    """Does something once, in a thread of its own."""

    def __init__(self, do: Callable[[], None]) -> None:
        self._do = do
        self._changed = threading.Condition()
        self._begun = self._awaited = False
        self._due, self._not_before = math.inf, 0.0

    def now(self) -> None:
        """Do it now."""
        with self._changed:
            if self._begun:
                return
            self._begun = True
        threading.Thread(target=self._do, name="start-tensorflow", daemon=True).start()

    def within(self, seconds: float) -> None:
        """Do it in so many seconds, or sooner if that was said before."""
        with self._changed:
            self._due = min(self._due, time.monotonic() + seconds)
            self._changed.notify()
            if self._awaited or self._begun:
                return
            self._awaited = True
        threading.Thread(target=self._wait, name="await-start", daemon=True).start()

    def not_within(self, seconds: float) -> None:
        """Put off what is due in so many seconds until they are over."""
        with self._changed:
            self._not_before = time.monotonic() + seconds

    def _wait(self) -> None:
        with self._changed:
            while (left := max(self._due, self._not_before) - time.monotonic()) > 0:
                self._changed.wait(left)
        self.now()
