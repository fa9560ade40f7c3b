"""Simulated readers: each does something every two seconds and waits for its answers."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from benchmarks.load.recording import Actions, Asked
from benchmarks.row import percentile
from dashboard.shedding import RETRY_AFTER_SECONDS

PAUSE_SECONDS = 2.0
# A reader who waits longer has gone.
_PATIENCE_SECONDS = 30
_SHED = 503
_FRAME_SECONDS = 0.03
DIGITS = ("digit",)
MIXED = ("digit",) * 6 + ("layer", "layer", "stroke", "scrubbing")


@dataclass
class Answers:
    """What readers were answered: how long each took, in seconds, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    shed: int = 0
    errors: list[str] = field(default_factory=list)

    def milliseconds(self, percent: int) -> float:
        return 1000 * percentile(self.seconds, percent)


class _Reader(threading.Thread):
    """One reader, on one connection that is opened anew where the server has closed it."""

    def __init__(
        self, port: int, script: Iterator[list[Asked]], *, first: float, pause: float, end: float
    ) -> None:
        super().__init__(daemon=True)
        self.answers = Answers()
        self._script, self._pause, self._end, self._due = script, pause, end, first
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)

    def run(self) -> None:
        for requests in self._script:
            if self._due > self._end:
                break
            time.sleep(max(0.0, self._due - time.monotonic()))
            self._do(requests)
            # What came late does not make the next later: a class does not slow down with the server.
            self._due = max(self._due + self._pause, time.monotonic())
        self._connection.close()

    def _do(self, requests: Sequence[Asked]) -> None:
        due = self._due
        for one in requests:
            self._ask(one, due)
            due = max(time.monotonic(), due + _FRAME_SECONDS)
            time.sleep(max(0.0, due - time.monotonic()))

    def _ask(self, one: Asked, due: float) -> None:
        """Ask until it is not refused, as pages do; the time counts from when it was due."""
        try:
            while (status := self._status(one)) == _SHED:
                self.answers.shed += 1
                if time.monotonic() > self._end:
                    return
                time.sleep(RETRY_AFTER_SECONDS * (1 + random.random()))
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.answers.errors.append(type(error).__name__)
            return
        if status >= 400:
            self.answers.errors.append(f"status {status}")
        else:
            self.answers.seconds.append(time.monotonic() - due)

    def _status(self, one: Asked) -> int:
        try:
            return self._answered(one)
        except (ConnectionError, http.client.BadStatusLine):
            # As a browser does where a connection that was kept has been closed meanwhile.
            self._connection.close()
            return self._answered(one)

    def _answered(self, one: Asked) -> int:
        self._connection.request(one.method, one.address, one.body, one.headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def script(actions: Actions, mix: Sequence[str], pictures: int) -> Iterator[list[Asked]]:
    """Return, without an end, the requests of what one reader does, each of another picture."""
    order = list(mix)
    random.shuffle(order)
    for name in cycle(order):
        yield [one.of_another_picture(pictures) for one in actions[name]]


def read(
    port: int,
    scripts: Sequence[Iterator[list[Asked]]],
    *,
    seconds: float,
    pause: float = PAUSE_SECONDS,
) -> Answers:
    """Let as many readers as there are scripts read for some seconds; return all their answers."""
    began = time.monotonic()
    readers = [
        _Reader(port, one, first=began + i * pause / len(scripts), pause=pause, end=began + seconds)
        for i, one in enumerate(scripts)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return Answers(
        [took for reader in readers for took in reader.answers.seconds],
        sum(reader.answers.shed for reader in readers),
        [error for reader in readers for error in reader.answers.errors],
    )
