"""Programs that need not import TensorFlow: forks of one process that has done so once.

Its import takes longer than all else that most programs of the suite do. Where the beginning of a
program is the subject, it is started as everybody starts it.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

# What they import before anything of TensorFlow runs: started, it could not be forked.
_IMPORTED = ["keras", "dashboard.app", "dashboard.cli", "pages"]
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(_IMPORTED)


class Fork:
    """`python -m ...` or `python -c ...`, forked, with what is asked of a `subprocess.Popen`.

    What it prints is added to `log`, and what it prints as an error too, or to `errors`.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
    ) -> None:
        self.args, self.log = tuple(command), log
        outputs = (log, errors or log)
        for output in outputs:
            output.touch()
        self._process: BaseProcess = _forks.Process(
            target=_run, args=(self.args, dict(environment), outputs), daemon=True
        )
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return its status, None while it lives."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return its status once it has ended."""
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, what)


def _run(
    command: tuple[str, ...], environment: Mapping[str, str], outputs: tuple[Path, Path]
) -> None:
    os.setsid()  # So that it is killed with the processes that it starts.
    for descriptor, output in enumerate(outputs, start=1):
        with output.open("ab") as told:
            os.dup2(told.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    how, what, *sys.argv[1:] = command
    if how == "-c":
        exec(what, {"__name__": "__main__"})
    else:
        runpy.run_module(what, run_name="__main__", alter_sys=True)


def run(*command: str, log: Path) -> None:
    """Let a fork come to its end, which is a good one."""
    assert Fork(command, os.environ, log).wait(300) == 0, log.read_text()
