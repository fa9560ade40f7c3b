import json
import os
import sqlite3
import subprocess
import sys
import time

import pytest

from cnn import runs
from cnn.jobs import Download, Home, Queue
from cnn.runs import TrainingConfig


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home", tmp_path / "data")


def wait_until(happens, seconds=90.0):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def start_worker(home, *options):
    environment = {**os.environ, "CNN_HOME": str(home.path), "CNN_DATA_DIR": str(home.data_dir)}
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard", "worker", *options], env=environment
    )


def test_messages_are_a_name_and_an_id_in_json(home):
    run = Queue(home).submit_training(TrainingConfig("digits", epochs=1))
    with sqlite3.connect(home.path / "queue.db") as database:
        (message,) = (row[0] for row in database.execute("select data from task"))
    database.close()
    fields = json.loads(message)
    assert fields[1].endswith("train")
    assert fields[6] == [run.id]


def test_a_worker_does_what_was_queued_before_it_started(home):
    run = Queue(home).submit_training(TrainingConfig("digits", epochs=1, batch_size=128))
    worker = start_worker(home, "--local")
    try:
        wait_until(lambda: run.status.state == "finished")
        assert home.has_worker()
        second = start_worker(home, "--local")
        assert second.wait(60) == 0
        assert worker.poll() is None
    finally:
        worker.terminate()
        worker.wait(20)
    assert not home.has_worker()
    assert runs.find(home.runs_dir) == [run]


def test_a_killed_worker_leaves_an_interrupted_run(home):
    run = Queue(home).submit_training(TrainingConfig("digits", epochs=900, batch_size=8))
    worker = start_worker(home, "--local")
    try:
        wait_until(lambda: run.status.batch > 0)
    finally:
        worker.kill()
        worker.wait(20)
    assert run.status.state == "interrupted"


def test_a_local_worker_ends_when_no_server_is_left(home):
    worker = start_worker(home, "--local")
    lock = home.server_lock()
    with lock:
        wait_until(home.has_worker)
        assert home.has_servers()
    assert worker.wait(60) == 0
    assert not home.has_servers()


def test_a_failed_download_is_remembered_with_its_reason(home, monkeypatch):
    import keras

    def refuse(path):
        raise OSError("no route")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    queue = Queue(home)
    queue.submit_download()
    assert home.download() == Download("running")
    queue._fetch()
    assert home.download().state == "failed"
    assert "no route" in home.download().message


def test_nothing_is_known_of_a_download_that_nobody_asked_for(home):
    assert home.download() is None
    home.write_download(Download("finished"))
    assert home.download() == Download("finished")
