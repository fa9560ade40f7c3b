import json
import os
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager

import pytest

import cnn
from cnn import Affine, RunError, Status, StudyError, TrainingConfig, runs
from cnn.files import content_hash
from cnn.jobs import Download, Home, Queue
from cnn.models.card import card_path
from cnn.studies import Network, Question
from tests.forked import Fork

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
    log = home.path.with_name("worker.log")
    started = Fork(["-m", "dashboard", "worker", *options], environment, log)
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


def bundled() -> Network:
    path = cnn.pretrained_run() / "model.keras"
    return Network(str(path), content_hash(path), content_hash(card_path(path)))


def evaluation() -> Question:
    return Question.evaluation(bundled(), {"conv2d": {3: Affine()}}, "digits", "test")


def test_a_study_is_queued_once_by_its_id(home):
    queue, run = Queue(home), Queue(home).submit_training(SHORT)
    study = queue.submit_study(evaluation())
    assert queue.submit_study(evaluation()) == study
    assert queue.pending() == [run.id, study.id]
    with sqlite3.connect(home.path / "queue.db") as database:
        messages = [json.loads(row[0]) for row in database.execute("select data from task")]
    database.close()
    assert messages[1][1].endswith("study")
    assert messages[1][6] == [study.id]
    assert home.studies() == [study]


def test_a_study_that_the_queue_has_forgotten_is_queued_again(home):
    queue = Queue(home)
    study = queue.submit_study(evaluation())
    queue._huey.dequeue()
    assert queue.is_lost(study)
    with study.hold():
        assert not queue.is_lost(study)
    assert queue.submit_study(evaluation()) == study
    assert queue.pending() == [study.id]
    queue._huey.storage.close()
    damage_queue(home, "binary")
    assert Queue(home).pending() == [study.id]


def test_a_message_for_no_study_is_passed_over(home):
    queue = Queue(home)
    queue._study("0123456789abcdef")
    queue._study("../runs")
    assert not home.studies_dir.exists()
    with pytest.raises(StudyError, match="No study can have the id"):
        home.study("../runs")


def test_a_study_of_which_the_worker_died_is_done_by_the_next_one(home):
    queue = Queue(home)
    ranking = Question.ranking(bundled(), "conv2d", "digits", "test")
    study = queue.submit_study(ranking)
    with worker(home) as killed:
        wait_until(lambda: study.status.state == "running")
        killed.kill()
        killed.wait(20)
    assert study.status.state == "interrupted"
    with worker(home):
        assert queue.submit_study(ranking) == study
        other = queue.submit_study(evaluation())
        wait_until(lambda: study.status.state == other.status.state == "finished")
    assert study.status.done == study.answer.pictures == len(cnn.load_dataset("digits", "test"))
    assert {one.channel for one in study.answer.channels} == set(range(32))
    assert other.answer.before.accuracy == study.answer.accuracy


def test_a_study_in_a_worker_ends_when_it_is_cancelled(home):
    queue = Queue(home)
    study = queue.submit_study(Question.ranking(bundled(), "conv2d", "digits", "all"))
    with worker(home):
        wait_until(lambda: study.status.done > 0)
        study.ask_to_cancel()
        wait_until(lambda: study.status.state != "running")
    assert study.status.state == "cancelled"


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
