"""How often something is done beside a training, so that it costs the training next to nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LEAST_SECONDS = 0.25
_MOST_SECONDS = 2.0
_SHARE = 0.005


class Pace:
    """Says when something may be done again.

    That is four times a second, and seldomer where it takes more than a two-hundredth of the time,
    but within two seconds.
    """

    def __init__(self) -> None:
        self._next = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._next

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Do it inside: how long it takes decides when it is due again."""
        began = time.monotonic()
        try:
            yield
        finally:
            ended = time.monotonic()
            pause = (ended - began) / _SHARE
            self._next = ended + min(max(pause, _LEAST_SECONDS), _MOST_SECONDS)
