import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from cnn import RunError, Status, TrainingConfig, runs
from cnn.jobs import Download, Home, Queue

# One step and an end: 41 pictures.
SHORT = TrainingConfig("digits", epochs=1, batch_size=64, share=0.05)
LONG = TrainingConfig("digits", epochs=900, batch_size=64)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home", tmp_path / "data")


def wait_until(happens, seconds=120.0):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@contextmanager
def worker(home, *options):
    """A worker process of the home, which ends with the block if it has not ended before."""
    environment = {**os.environ, "CNN_HOME": str(home.path), "CNN_DATA_DIR": str(home.data_dir)}
    started = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "worker", *options], env=environment
    )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(20)


def test_messages_are_a_name_and_an_id_in_json(home):
    run = Queue(home).submit_training(SHORT)
    with sqlite3.connect(home.path / "queue.db") as database:
        (message,) = (row[0] for row in database.execute("select data from task"))
    database.close()
    fields = json.loads(message)
    assert fields[1].endswith("train")
    assert fields[6] == [run.id]


def test_what_was_queued_waits_until_it_is_taken(home):
    queue = Queue(home)
    first, second = queue.submit_training(SHORT), queue.submit_training(SHORT)
    assert [run.status.state for run in (first, second)] == ["queued", "queued"]
    assert not queue.is_lost(first)
    assert not queue.is_lost(second)
    with pytest.raises(RunError, match="is queued: it cannot be resumed"):
        queue.resume(first)
    assert not home.has_worker()


def test_a_queued_run_whose_message_is_gone_is_lost_until_it_is_resumed(home):
    queue = Queue(home)
    run = runs.create(home.runs_dir, SHORT)
    assert queue.is_lost(run)
    with run.hold():
        assert not queue.is_lost(run)
    queue.resume(run)
    assert run.status.state == "queued"
    assert not queue.is_lost(run)


def test_a_queue_that_does_not_answer_is_named_and_leaves_no_run_behind(home):
    queue = Queue(home)
    queue._huey.storage.close()
    (home.path / "queue.db").unlink()
    (home.path / "queue.db").mkdir()
    with pytest.raises(RunError, match="The queue cannot be reached"):
        queue.submit_training(SHORT)
    assert home.runs() == []


FOREIGN = {"binary": b"no database" * 100, "empty": b""}


def damage_queue(home, way):
    """Make the queue's file one that is none."""
    path = home.path / "queue.db"
    for end in ("-wal", "-shm"):
        path.with_name(f"queue.db{end}").unlink(missing_ok=True)
    if way == "another database":
        path.unlink()
        with closing(sqlite3.connect(path)) as database:
            database.execute("create table other (id)")
    else:
        path.write_bytes(FOREIGN[way])


@pytest.mark.parametrize("way", [*FOREIGN, "another database"])
def test_a_queue_file_that_is_none_is_put_aside_and_what_waited_is_queued_again(home, way):
    queue = Queue(home)
    first, second = queue.submit_training(SHORT), queue.submit_training(SHORT)
    ended = queue.submit_training(SHORT)
    ended.write_status(Status("finished"))
    queue._huey.storage.close()
    damage_queue(home, way)
    assert Queue(home).pending() == [run.id for run in reversed(home.runs()) if run != ended]
    assert {first.id, second.id} == set(queue.pending())
    (aside,) = home.damaged_queues()
    assert aside != "queue.db"
    assert Queue(home).home.damaged_queues() == {aside}


def test_a_queue_that_is_damaged_while_it_is_open_is_made_anew(home):
    queue = Queue(home)
    run = queue.submit_training(SHORT)
    queue._huey.storage.close()
    damage_queue(home, "binary")
    later = queue.submit_training(SHORT)
    assert set(queue.pending()) == {run.id, later.id}
    damage_queue(home, "another database")
    queue._huey.storage.close()
    assert queue._huey.dequeue().args[0] in (run.id, later.id)
    assert len(home.damaged_queues()) == 2


def test_one_local_worker_does_what_was_queued_and_ends_when_no_server_is_left(home):
    run = Queue(home).submit_training(SHORT)
    with worker(home, "--local") as first:
        with home.server_lock():
            assert home.has_servers()
            wait_until(lambda: run.status.state == "finished")
            assert home.has_worker()
            with worker(home, "--local") as second:
                assert second.wait(60) == 0
            assert first.poll() is None
        assert first.wait(60) == 0
    assert not home.has_worker()
    assert not home.has_servers()
    assert home.runs() == [run]


@pytest.mark.parametrize("state", ["running", "finished", "cancelled", "failed", "interrupted"])
def test_a_message_for_a_run_that_is_not_queued_is_passed_over(home, state):
    run = runs.create(home.runs_dir, SHORT)
    run.write_status(Status(state))
    before = sorted(run.path.iterdir())
    Queue(home)._train(run.id)
    assert sorted(run.path.iterdir()) == before


def test_a_message_for_a_deleted_run_does_not_bring_it_back(home):
    queue = Queue(home)
    run = queue.submit_training(SHORT)
    run.delete()
    queue._train(run.id)
    assert list(home.runs_dir.glob("[!.]*")) == []


def test_a_run_that_is_deleted_in_between_does_not_keep_a_worker_from_ending(home, monkeypatch):
    class Consumer:
        stopped = False

        def stop(self, *, graceful):
            self.stopped = graceful

    run = runs.create(home.runs_dir, SHORT)
    (run.path / "status.json").unlink()
    monkeypatch.setattr("cnn.jobs.queue._IDLE_SECONDS", 0.0)
    consumer = Consumer()
    Queue(home)._stop_when_alone(consumer)
    assert consumer.stopped


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
