"""Servers that TensorFlow does not have to be imported for: forks of one process that did it once.

Its import takes longer than all else that most servers of the suite do. Where the beginning of a
server is the subject, `Server` starts it as everybody does.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.browser.server import Server

# What they import before anything of TensorFlow runs: started, it could not be forked.
_IMPORTED = ["keras", "dashboard.app", "dashboard.cli", "pages"]
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(_IMPORTED)


class ForkedServer(Server):
    """`cnn-dashboard serve` in a fork of a process that has imported TensorFlow."""

    def _begin(self) -> Fork:
        return Fork(self.log, self.environment)


class Fork:
    """A process that serves, with what is asked of a `subprocess.Popen`."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        self._process: BaseProcess = _forks.Process(
            target=_serve, args=(log, dict(environment)), daemon=True
        )
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return its status, None while it lives."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has ended."""
        self._process.join(timeout)
        assert self._process.exitcode is not None


def _serve(log: Path, environment: Mapping[str, str]) -> None:
    os.setsid()  # So that it is killed with its web processes.
    with log.open("ab") as told:
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    from dashboard.cli import main

    sys.argv = ["cnn-dashboard", "serve"]
    main()
