"""A real server process, and real browsers that look at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.forked import Fork


def _first(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


CHROMIUM = _first("chromium", "chromium-browser", "google-chrome")
# The same engine without the windows around it loads a page in three quarters of the time.
HEADLESS = _first("chromium-headless-shell") or CHROMIUM
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 180


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Server:
    """`cnn-dashboard serve` with a home of its own; what it printed is told when it dies early."""

    command: tuple[str, ...] = ("-m", "dashboard", "serve")
    # A program that the server is started by, which sets limits.
    within: tuple[str, ...] = ()

    def __init__(self, home: Path, data_dir: Path, **settings: str) -> None:
        self.home, self.data_dir, self.port = home, data_dir, free_port()
        self.log = home.with_name(f"{home.name}.log")
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "CNN_HOME": str(home),
            "CNN_DATA_DIR": str(data_dir),
            "CNN_DOWNLOAD": "false",
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            **settings,
        }
        self._process: Any = None

    def start(self) -> Server:
        self._process = self._begin()
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            died = self._process.poll() is not None
            assert not died and time.monotonic() < end, f"no server:\n{self.log.read_text()}"
            time.sleep(0.05)
        return self

    def _begin(self) -> Any:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.within, sys.executable, *self.command],
                env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}{self._prefix}/health", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def _prefix(self) -> str:
        return self.environment.get("CNN_PREFIX", "").rstrip("/")

    def kill(self) -> None:
        """End the web process at once, as a crash would; a worker lives on."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """End it without letting it answer what still waits, which takes it some seconds."""
        if self._process and self._process.poll() is None:
            self.kill()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(20)


class ForkedServer(Server):
    """A server that finds TensorFlow imported, where no program with limits is to start it."""

    def _begin(self) -> Any:
        return super()._begin() if self.within else Fork(self.command, self.environment, self.log)


def stop_worker(home: Path) -> None:
    """End the local worker of a home, which outlives its server."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            mine = f"CNN_HOME={home}".encode() in (folder / "environ").read_bytes()
        except OSError:
            continue
        if mine and re.search(rb"worker\0--local", command):
            os.kill(int(folder.name), signal.SIGKILL)
