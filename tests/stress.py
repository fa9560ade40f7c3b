"""`python -m tests.stress ARGS`: chosen tests ten times beside two busy processes.

A test that waits for a time instead of a state fails here.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys

_TIMES = 10
_BUSY = 2


def busy() -> None:
    while True:
        pass


def main(arguments: list[str]) -> int:
    """Return how many of the runs failed, as the exit code."""
    if not arguments:
        sys.exit('Name the tests: make stress ARGS="tests/browser/test_drawing.py -k undo"')
    others = [multiprocessing.Process(target=busy, daemon=True) for _ in range(_BUSY)]
    for other in others:
        other.start()
    failed = 0
    for time in range(1, _TIMES + 1):
        print(f"== {time} of {_TIMES}", flush=True)
        failed += subprocess.call([sys.executable, "-m", "pytest", "-q", *arguments]) != 0
    print(f"{failed} of {_TIMES} runs failed.")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
