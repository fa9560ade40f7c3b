"""How fast this machine is, and how much of its processors the processes of a measurement took."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks.browsing import real_browser
from benchmarks.row import milliseconds

_SIDE = 512
_LOOP = """() => {
  const times = [];
  for (let round = 0; round < 9; round++) {
    const began = performance.now();
    let sum = 0;
    for (let i = 0; i < 2e7; i++) sum = (sum * 31 + i) % 1000003;
    times.push(performance.now() - began + 0 * sum);
  }
  return times.sort((a, b) => a - b)[4];
}"""


def speed() -> str:
    """Return, in a sentence, what a fixed piece of numpy and a fixed piece of JavaScript take."""
    square = np.random.default_rng(0).standard_normal((_SIDE, _SIDE))
    product = milliseconds(lambda: square @ square, times=50)
    with real_browser() as browser:
        loop = browser.new_page().evaluate(_LOOP)
    return (
        f"This machine: a product of two {_SIDE}×{_SIDE} matrices in numpy takes {product:.3g} ms, "
        f"20 million steps of a loop in JavaScript {loop:.3g} ms."
    )


def processor_seconds() -> float:
    """Return the processor time that the processes below this one have had: server and browser.

    That of a process that ended counts for the one that started it.
    """
    below, parents = {os.getpid()}, _parents()
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    ended = os.times()
    alive = sum(map(_seconds, below - {os.getpid()}))
    return alive + ended.children_user + ended.children_system


def _parents() -> dict[int, int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if fields := _fields(folder):
            parents[int(folder.name)] = int(fields[1])
    return parents


def _seconds(pid: int) -> float:
    fields = _fields(Path("/proc") / str(pid))
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _fields(folder: Path) -> list[str]:
    """Return what the kernel says of a process, from its state on; nothing of one that is gone."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
