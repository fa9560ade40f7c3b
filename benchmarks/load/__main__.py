"""`python -m benchmarks.load` measures readers against servers and writes `docs/load.md`."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.browsing import children, resident, running_server
from benchmarks.load.readers import DIGITS, MIXED, PAUSE_SECONDS, Answers, read, script
from benchmarks.load.recording import Actions, Asked, record
from benchmarks.row import percentile
from tests.browser.server import Server

_PLACE = Path(__file__).parents[2] / "docs" / "load.md"
_SECONDS = 12.0
_READERS = (1, 10, 50, 100, 200)
_PROCESSES = (1, 2)
_MIXES = {"digits": DIGITS, "mixed": MIXED}
_IN_PROCESS_REQUESTS = 150
_RUSHING = 200
_RUSH_PAUSE_SECONDS = 0.05
# The embedded digits.
_PICTURES = 1797
_COLUMNS = (
    "processes", "readers", "what they do", "answers a second", "p50 ms", "p95 ms", "p99 ms", "shed",
    "errors", "memory GB", "in process p50 ms", "in process p95 ms",
)  # fmt: skip
_PAGE = """# How many readers a server bears

Written by `make load`, which takes some eight minutes. A real browser's requests are recorded once
and sent by simulated readers over loopback, each on a connection of its own, to `cnn-dashboard serve`
with {threads} threads a process. Every reader does something each {pause:g} seconds, for {seconds:g}
seconds: *digits* is another digit on the page of a layer; of ten things that *mixed* readers do, six
are digits, two another layer, one a stroke of the pen and one a move through the epochs. *Rush* is
digits without a pause, which no server bears: what it cannot take in time it refuses with 503 and
`Retry-After` (*shed*), and the readers ask again as pages do, which their times include.

A time counts from the moment at which the request was due, until the last byte of the answer. Memory
is that of all web processes. *In process* is the same sequence of requests, one at a time and without
a network or other readers, measured just before: what the machine itself takes for them. The readers
take their share of the {cores} processors too.

{table}

{speed}
"""


@dataclass(frozen=True)
class _Measured:
    processes: int
    readers: int
    what: str
    answers: Answers
    seconds: float
    gigabytes: float
    alone: list[float]

    def __str__(self) -> str:
        given = self.answers
        times = [f"{given.milliseconds(percent):.0f}" for percent in (50, 95, 99)]
        alone = [f"{1000 * percentile(self.alone, percent):.1f}" for percent in (50, 95)]
        wrong = Counter(given.errors)
        errors = ", ".join(f"{count} {name}" for name, count in wrong.items()) or "0"
        rate = f"{len(given.seconds) / self.seconds:.0f}"
        cells = [self.processes, self.readers, self.what, rate, *times, given.shed, errors]
        return _joined([*cells, f"{self.gigabytes:.2f}", *alone])


def _joined(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main(chosen: list[str]) -> None:
    """Measure all rows and write the page; of chosen numbers of readers only the table is printed."""
    numbers = tuple(map(int, chosen)) or _READERS
    actions = record()
    with tempfile.TemporaryDirectory() as folder:
        alone = _Alone(Path(folder))
        rows = [
            row for processes in _PROCESSES for row in _rows(processes, numbers, actions, alone)
        ]
    columns = [_joined(_COLUMNS), _joined(["---"] * len(_COLUMNS))]
    table = "\n".join([*columns, *map(str, rows)])
    print(table)
    if not chosen:
        page = _PAGE.format(
            table=table, seconds=_SECONDS, pause=PAUSE_SECONDS, threads=alone.threads,
            cores=os.cpu_count(), speed=machine.speed(),
        )  # fmt: skip
        _PLACE.write_text(page)


def _rows(
    processes: int, numbers: Sequence[int], actions: Actions, alone: _Alone
) -> Iterator[_Measured]:
    with running_server(CNN_PROCESSES=str(processes)) as server:
        server.start()
        _wait_until_ready(server, processes, actions["digit"][0])
        loads = [(what, mix, readers) for what, mix in _MIXES.items() for readers in numbers]
        for what, mix, readers in [*loads, ("rush", DIGITS, _RUSHING)]:
            pause = _RUSH_PAUSE_SECONDS if what == "rush" else PAUSE_SECONDS
            times = alone.seconds(actions, mix)
            scripts = [script(actions, mix, _PICTURES) for _ in range(readers)]
            began = time.monotonic()
            answers = read(server.port, scripts, seconds=_SECONDS, pause=pause)
            took = time.monotonic() - began
            memory = sum(resident(pid) for pid in children(server))
            row = _Measured(processes, readers, what, answers, took, memory, times)
            print(row, file=sys.stderr, flush=True)
            yield row


class _Alone:
    """The same application in this process, without a network."""

    def __init__(self, home: Path) -> None:
        from dashboard.app import create_app, runtime_of
        from dashboard.settings import Settings

        settings = Settings(home=home, data_dir=home, download=False)
        app = create_app(settings)
        runtime_of(app).wait()
        self.threads = settings.threads
        self._client: Any = app.server.test_client()

    def seconds(self, actions: Actions, mix: tuple[str, ...]) -> list[float]:
        """Return how long each of a number of requests takes."""
        requests = (one for doing in script(actions, mix, _PICTURES) for one in doing)
        return [self._took(one) for one in islice(requests, _IN_PROCESS_REQUESTS)]

    def _took(self, one: Asked) -> float:
        began = time.perf_counter()
        answer = self._client.open(
            one.address, method=one.method, data=one.body, headers=one.headers
        )
        took = time.perf_counter() - began
        assert answer.status_code < 400, (one.address, answer.status_code)
        return took


def _wait_until_ready(server: Server, processes: int, one: Asked) -> None:
    """Wait until TensorFlow is there in every process: whoever asks, of many at a time, is answered."""
    together = 8 * processes
    end = time.monotonic() + 180
    with ThreadPoolExecutor(together) as pool:
        good = 0
        while good < 5:
            assert time.monotonic() < end, f"the server is not ready:\n{server.log.read_text()}"
            asking = [pool.submit(_asked_alone, server.port, one) for _ in range(together)]
            good = good + 1 if not sum(answers.result() for answers in asking) else 0
            if not good:
                time.sleep(0.5)


def _asked_alone(port: int, one: Asked) -> int:
    """Return how many of one new reader's requests were not answered."""
    answers = read(port, [iter([[one]])], seconds=1)
    return answers.shed + len(answers.errors)


main(sys.argv[1:])
