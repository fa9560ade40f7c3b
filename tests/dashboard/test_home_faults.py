"""A real server whose folder cannot be written, is full, or goes away, says so and goes on."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from cnn import Run, RunError
from cnn.jobs import Queue
from tests.browser.server import stop_worker
from tests.cnn.jobs.test_jobs import SHORT, wait_until
from tests.cnn.training.test_faults import can_mount
from tests.dashboard.runtime.test_supervisor import workers
from tests.dashboard.test_faults import LAYER, Faulty

needs_mounts = pytest.mark.skipif(
    not can_mount(), reason="no file system may be mounted here (a container without that right)"
)
ROOM = 40_000_000
ROOT = Path(__file__).parent.parent.parent
# SQLite follows the links of a path by itself, and would not get to the disk from outside.
SUBMIT = """
import sys
from pathlib import Path
from cnn.jobs import Home, Queue
from tests.cnn.jobs.test_jobs import SHORT

print(Queue(Home(*map(Path, sys.argv[1:]))).submit_training(SHORT).id)
"""


class OnADisk(Faulty):
    """A server that has its folder on a small disk of its own, which no other process sees."""

    within = ("unshare", "--mount", "sh", "-c",
              f'mount -t tmpfs -o size={ROOM} none "$CNN_HOME" && exec "$@"', "sh")  # fmt: skip

    @property
    def disk(self) -> Path:
        """The folder as the server sees it."""
        return Path(f"/proc/{self._process.pid}/root{self.home}")

    def become_read_only(self) -> None:
        """Cover the folder by itself, read-only: files that are open are not in the way."""
        self._there("mount", "--bind", str(self.home), str(self.home))
        self._there("mount", "-o", "remount,bind,ro", str(self.home))

    def become_writable(self) -> None:
        self._there("umount", str(self.home))

    def _there(self, *command: str) -> None:
        subprocess.run(["nsenter", "-m", "-t", str(self._process.pid), *command], check=True)

    def submit(self) -> Run:
        """Queue a short training in the folder; `RunError` with what was said if that fails."""
        done = subprocess.run(
            ["nsenter", "-m", "-t", str(self._process.pid), sys.executable, "-c", SUBMIT,
             str(self.home), str(self.data_dir)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RunError(done.stderr)
        return Run(self.disk / "runs" / done.stdout.split()[-1])

    def study(self) -> tuple[int, str]:
        """Ask for a study, as a page does: the status, and how far it is or why not."""
        request = urllib.request.Request(
            f"{self.url}/studies?data=digits", b'{"kind": "rank", "layer": "conv2d"}',
            {"Content-Type": "application/json"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)["state"]
        except HTTPError as error:
            return error.code, json.load(error)["problem"]

    def fill(self) -> Path:
        """Leave no room on the disk, and return what takes it."""
        ballast = self.disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return ballast


@pytest.fixture(scope="module")
def on_a_disk(tmp_path_factory):
    base = tmp_path_factory.mktemp("disk")
    server = OnADisk(base / "home", base / "data").begin()
    wait_until(server.is_ready)
    yield server
    server.end()
    stop_worker(server.home)


def answers_as_ever(server, index: int) -> None:
    assert server.get("/health")[0] == 200
    assert server.get(f"{LAYER}{index}")[0] == 200
    for address in ("/", "/training", "/news", "/news/runs"):
        assert server.get(address)[0] == 200, address


@needs_mounts
def test_a_folder_that_becomes_read_only_is_told_and_pictures_are_shown_as_ever(on_a_disk):
    server = on_a_disk
    server.become_read_only()
    try:
        answers_as_ever(server, 11)
        with pytest.raises(RunError, match="Read-only file system"):
            server.submit()
        status, problem = server.study()
        assert (status, "Read-only file system" in problem) == (400, True)
        assert "The server's folder cannot be written: nothing can be" in server.told()
    finally:
        server.become_writable()
    wait_until(lambda: "cannot be written" not in server.told())
    run = server.submit()
    wait_until(lambda: run.status.state == "finished")
    assert "Traceback" not in server.log.read_text()


@needs_mounts
def test_a_folder_that_is_full_is_told_and_pictures_are_shown_as_ever(on_a_disk):
    server = on_a_disk
    ballast = server.fill()
    try:
        answers_as_ever(server, 12)
        assert "The server's disk is full" in server.told()
        with pytest.raises(RunError, match="there is no room on the disk"):
            server.submit()
        status, problem = server.study()
        assert (status, "there is no room on the disk" in problem) == (400, True)
    finally:
        ballast.unlink()
    wait_until(lambda: "disk is full" not in server.told())
    assert server.study() == (200, "queued")
    run = server.submit()
    wait_until(lambda: run.status.state == "finished")
    assert "Traceback" not in server.log.read_text()


@needs_mounts
def test_a_server_does_not_start_in_a_folder_that_is_read_only_and_says_why(tmp_path):
    class ReadOnly(Faulty):
        within = ("unshare", "--mount", "sh", "-c",
                  'mount -t tmpfs -o ro none "$CNN_HOME" && exec "$@"', "sh")  # fmt: skip

    server = ReadOnly(tmp_path / "home", tmp_path / "data")
    with pytest.raises(AssertionError, match="no server"):
        server.begin()
    said = server.log.read_text()
    assert "cannot be made or written (Read-only file system): choose another" in " ".join(
        said.split()
    )
    assert "Traceback" not in said


def test_a_folder_that_vanishes_is_made_anew_and_what_is_queued_then_is_done(tmp_path):
    server = Faulty(tmp_path / "home", tmp_path / "data", CNN_WORKER_GRACE="1").begin()
    try:
        wait_until(server.is_ready)
        before = Queue(server.jobs).submit_training(SHORT)
        wait_until(lambda: before.status.state == "finished")
        gone = server.home.rename(tmp_path / "gone")
        shutil.rmtree(gone, ignore_errors=True)
        answers_as_ever(server, 13)
        wait_until(server.jobs.has_servers)
        run = Queue(server.jobs).submit_training(SHORT)
        wait_until(lambda: run.status.state == "finished")
        assert len(workers(server.home)) == 1
        assert "Traceback" not in server.log.read_text()
    finally:
        server.end()
        stop_worker(server.home)


def test_a_worker_that_cannot_be_started_is_told_on_the_page_and_started_when_it_can_be(tmp_path):
    server = Faulty(tmp_path / "home", tmp_path / "data")
    log = server.home / "worker.log"
    log.mkdir(parents=True)
    server.begin()
    try:
        run = Queue(server.jobs).submit_training(SHORT)
        wait_until(lambda: "the worker process does not stay" in server.told())
        assert "Is a directory" in server.told()
        assert workers(server.home) == []
        assert run.status.state == "queued"
        log.rmdir()
        wait_until(lambda: run.status.state == "finished")
        wait_until(lambda: "does not stay" not in server.told())
    finally:
        server.end()
        stop_worker(server.home)
