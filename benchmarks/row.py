"""A measured figure beside its yardstick."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, the figure, the yardstick of the same run, and what the budget is."""

    what: str
    figure: float
    unit: str
    yardstick: str
    yardstick_figure: float
    budget: str

    def __str__(self) -> str:
        ratio = self.figure / self.yardstick_figure
        return (
            f"| {self.what} | {_number(self.figure)} {self.unit} | {self.yardstick}: "
            f"{_number(self.yardstick_figure)} {self.unit} | {ratio:.3g} | {self.budget} |"
        )


def table(rows: Sequence[Row]) -> str:
    head = "| what | measured | yardstick, same run | ratio | budget |\n|---|---|---|---|---|"
    return "\n".join([head, *map(str, rows)])


def milliseconds(work: Callable[[], object], *, times: int = 200, warm_up: int = 20) -> float:
    """Return the median duration of a call, after some that do not count."""
    for _ in range(warm_up):
        work()
    durations = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        durations.append(1000 * (time.perf_counter() - began))
    return statistics.median(durations)


def milliseconds_beside(
    work: Callable[[], object], yardstick: Callable[[], object], *, times: int, warm_up: int
) -> tuple[float, float]:
    """Return the median durations of two calls that take turns.

    A machine has faster and slower seconds, and both have their share of them.
    """
    ours: list[float] = []
    its: list[float] = []
    for turn in range(warm_up + times):
        for call, durations in ((work, ours), (yardstick, its)):
            duration = milliseconds(call, times=1, warm_up=0)
            if turn >= warm_up:
                durations.append(duration)
    return statistics.median(ours), statistics.median(its)


def percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
