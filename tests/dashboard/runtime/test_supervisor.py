"""The local worker, as real processes: one while there is work, never two, and why there is none."""

import os
import signal
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from cnn import TrainingConfig
from cnn.jobs import Home, Queue
from dashboard.runtime.runtime import Runtime
from dashboard.runtime.supervisor import Supervisor
from dashboard.settings import Settings
from dashboard.shell import status
from tests.browser.server import Server, stop_worker
from tests.cnn.jobs.test_jobs import LONG, SHORT, wait_until


def workers(home: Path) -> list[int]:
    """The processes of local workers of that home."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            is_mine = f"CNN_HOME={home}".encode() in (folder / "environ").read_bytes()
        except OSError:
            continue
        if is_mine and b"worker\0--local" in command:
            found.append(int(folder.name))
    return found


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home", tmp_path / "data")
    home.path.mkdir()
    return home


@pytest.fixture
def supervisor(home):
    """Make supervisors that look when they are told to; their workers end with the test."""
    made: list[Supervisor] = []

    def supervisor(**environment: str) -> Supervisor:
        places = {"CNN_HOME": str(home.path), "CNN_DATA_DIR": str(home.data_dir)}
        made.append(Supervisor(home, places | environment))
        return made[-1]

    yield supervisor
    stop_worker(home.path)
    for one in made:
        if one._worker:
            one._worker.wait(20)


def test_nothing_is_started_while_nothing_waits(home, supervisor):
    supervisor()._look()
    assert workers(home.path) == []


def test_a_worker_holds_its_lock_from_before_its_first_moment(home, supervisor):
    Queue(home).submit_training(LONG)
    supervised = [supervisor() for _ in range(3)]
    for one in supervised:
        one._look()
    assert home.has_worker()
    assert len(workers(home.path)) == 1
    stop_worker(home.path)
    wait_until(lambda: not home.has_worker())


def test_a_worker_that_does_not_stay_is_started_later_and_later_and_its_reason_told(
    home, supervisor
):
    Queue(home).submit_training(SHORT)
    broken = supervisor(PORT="none")
    pauses = []
    for _ in range(3):
        broken._not_before = 0.0
        broken._look()
        assert broken._worker.wait(60) != 0
        broken._look()
        broken._look()
        assert broken._worker is None
        pauses.append(broken._pause)
    assert pauses == [1, 2, 4]
    assert "the worker process does not stay" in home.worker_problem
    assert "PORT is 'none'" in home.worker_problem
    assert str(home.path) not in home.worker_problem


def test_the_reason_goes_when_nothing_waits_any_more(home, supervisor):
    home.write_worker_problem("It does not stay.")
    supervisor()._look()
    assert home.worker_problem == ""


def test_why_there_is_no_worker_is_told_on_every_page(home):
    runtime = Runtime(Settings(home=home.path, data_dir=home.data_dir, download=False))
    home.write_worker_problem("It does not stay.")
    assert "It does not stay. " in status._status(runtime, runtime.statuses())


def test_paths_of_the_server_are_not_told(home, supervisor, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(home.path / "no-python"))
    Queue(home).submit_training(SHORT)
    supervised = supervisor()
    with pytest.raises(FileNotFoundError) as error:
        supervised._look()
    supervised._wait_longer(str(error.value))
    assert "no-python" in home.worker_problem
    assert str(home.path) not in home.worker_problem


def test_however_many_look_and_train_there_is_one_worker_and_a_killed_one_comes_back(tmp_path):
    (tmp_path / "home").mkdir()
    server = Server(tmp_path / "home", tmp_path / "data").start()
    home, most, ended = Home(server.home, server.data_dir), [0], threading.Event()

    def look() -> None:
        while not ended.is_set():
            with urllib.request.urlopen(f"{server.url}/news/runs", timeout=60) as answer:
                assert answer.status == 200
            most[0] = max(most[0], len(workers(home.path)))

    try:
        runs = [Queue(home).submit_training(TrainingConfig("digits", epochs=900)) for _ in range(3)]
        readers = [threading.Thread(target=look) for _ in range(30)]
        for reader in readers:
            reader.start()
        wait_until(lambda: runs[0].status.state == "running")
        (first,) = workers(home.path)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: runs[1].status.state == "running")
        (second,) = workers(home.path)
        ended.set()
        for reader in readers:
            reader.join()
        assert (most, first != second) == ([1], True)
        assert runs[0].status.state == "interrupted"
    finally:
        ended.set()
        server.stop()
        stop_worker(home.path)
