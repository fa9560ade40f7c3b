"""A worker that is told to end, or has no server any more, hands back what it does."""

import json
import os

import pytest

import cnn
from cnn import Status, TrainingConfig, runs
from cnn.jobs import Home, Queue
from cnn.studies import Question
from tests.cnn.jobs.test_jobs import (
    LONG,
    SHORT,
    bundled,
    damage_queue,
    evaluation,
    wait_until,
    worker,
)

EPOCHS = 4


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home", tmp_path / "data")


def is_in_second_epoch(run) -> bool:
    return run.status.epoch >= 2 and run.resume_path.is_file()


def learned(run, epochs: int):
    """What the first epochs came to; the last one may have been done twice, in another time."""
    return run.history.iloc[:epochs].drop(columns="seconds")


def test_a_training_whose_worker_is_told_to_end_is_gone_on_with_by_the_next_one(home):
    queue = Queue(home)
    run = queue.submit_training(TrainingConfig("digits", epochs=EPOCHS, batch_size=4))
    with worker(home) as first:
        wait_until(lambda: is_in_second_epoch(run))
        first.terminate()
        assert first.wait(60) == 0
    assert run.status.state == "queued"
    assert "it goes on from the end of its last epoch" in run.status.message
    assert queue.pending() == [run.id]
    before = run.history
    assert 1 <= len(before) < EPOCHS
    with worker(home):
        wait_until(lambda: run.status.state == "finished")
    assert not run.is_handed_back
    assert run.history["epoch"].tolist() == list(range(1, EPOCHS + 1))
    assert learned(run, len(before)).equals(before.drop(columns="seconds"))


def test_a_local_worker_ends_soon_after_its_server_whatever_it_does(home):
    queue = Queue(home)
    first, second = (queue.submit_training(LONG) for _ in range(2))
    server = home.server_lock()
    server.acquire()
    with worker(home, "--local", "--worker-grace", "0.1") as started:
        wait_until(lambda: first.status.batch > 0)
        server.release()
        assert started.wait(60) == 0
    assert not home.has_worker()
    assert [run.status.state for run in (first, second)] == ["queued", "queued"]
    assert queue.pending() == [first.id, second.id]


def test_a_study_whose_worker_is_told_to_end_is_done_by_the_next_one(home):
    queue = Queue(home)
    study = queue.submit_study(Question.ranking(bundled(), "conv2d", "digits", "test"))
    with worker(home) as first:
        wait_until(lambda: study.status.state == "running")
        first.terminate()
        assert first.wait(60) == 0
    assert (study.status.state, queue.pending()) == ("queued", [study.id])
    with worker(home):
        wait_until(lambda: study.status.state == "finished")
    assert study.answer.pictures == len(cnn.load_dataset("digits", "test"))


def handed_back(home, status) -> runs.Run:
    run = runs.create(home.runs_dir, SHORT)
    run.write_status(status)
    run.hand_back()
    return run


def test_what_a_worker_takes_while_it_ends_it_puts_back(home):
    queue = Queue(home)
    run, study = queue.submit_training(SHORT), queue.submit_study(evaluation())
    taken = [queue._huey.dequeue() for _ in range(2)]
    assert queue.pending() == []
    queue._ends = True
    for task in taken:
        queue._huey.execute(task)
    assert queue.pending() == [run.id, study.id]
    assert [run.status.state, study.status.state] == ["queued", "queued"]


def test_what_was_handed_back_is_first_in_a_queue_that_was_lost(home):
    queue = Queue(home)
    waits, begun = queue.submit_training(SHORT), handed_back(home, Status("running", epoch=3))
    queue._huey.storage.close()
    damage_queue(home, "binary")
    assert Queue(home).pending() == [begun.id, waits.id]


def test_a_run_that_ended_while_it_was_handed_back_has_ended(home):
    run = handed_back(home, Status("finished", epoch=1))
    Queue(home)._train(run.id)
    assert run.status == Status("finished", epoch=1)


def test_a_run_that_was_handed_back_on_another_machine_waits_at_once(home):
    run = handed_back(home, Status("running", epoch=3, batch=2))
    beat = {"machine": "elsewhere", "process": os.getpid(), "count": 7}
    run.heartbeat_path.write_text(json.dumps(beat))
    assert (run.status.state, run.status.epoch) == ("queued", 3)


def test_a_run_that_was_handed_back_can_be_cancelled_and_keeps_how_far_it_is(home):
    run = handed_back(home, Status("running", epoch=3, batch=2, loss=0.5))
    run.ask_to_cancel()
    assert run.status == Status("cancelled", epoch=3, batch=2, loss=0.5, message="Cancelled.")
    run.renew()
    assert (run.status.state, run.status.message) == ("queued", "")


def test_a_run_that_was_handed_back_to_a_queue_that_lost_it_can_be_resumed(home):
    queue, run = Queue(home), handed_back(home, Status("running", epoch=3))
    assert queue.is_lost(run)
    queue.resume(run)
    assert (queue.pending(), queue.is_lost(run)) == ([run.id], False)


def test_a_worker_that_dies_later_leaves_an_interrupted_run(home):
    run = handed_back(home, Status("running"))
    with run.hold():
        run.take_up()
        assert run.status.state == "running"
    assert run.status.state == "interrupted"
