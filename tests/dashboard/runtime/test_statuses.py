"""Which run is trained, which ones wait, and what the line at the side says of them."""

from contextlib import ExitStack

import pytest

import cnn
from cnn.models.surgery import Affine
from cnn.runs.run import Status
from cnn.studies import Question
from cnn.studies import Status as StudyStatus
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from dashboard.shell import status


@pytest.fixture
def runtime(tmp_path):
    return runtime_of(create_app(Settings(home=tmp_path / "home", data_dir=tmp_path)))


@pytest.fixture
def held():
    """Let a run look as if somebody worked on it."""
    with ExitStack() as stack:

        def hold(run):
            run.write_status(Status("running"))
            stack.enter_context(run.hold())

        yield hold


def submit(runtime, *names):
    notes = [cnn.runs.Note(name) for name in names]
    return [runtime.queue.submit_training(cnn.TrainingConfig("digits"), note=n) for n in notes]


def take(runtime):
    """Take the next message from the queue, as a worker does."""
    return runtime.settings.jobs.run(runtime.queue._huey.dequeue().args[0])


def told(runtime):
    return "".join(
        part for part in status._trainings(runtime, runtime.statuses()) if isinstance(part, str)
    )


def test_nothing_is_said_when_nothing_is_trained(runtime):
    run = cnn.runs.create(runtime.settings.jobs.runs_dir, cnn.TrainingConfig("digits"))
    run.write_status(Status("finished"))
    assert told(runtime) == ""


def test_the_run_that_is_trained_is_named_and_not_the_newest_one(runtime, held):
    submit(runtime, "first", "second", "third")
    held(take(runtime))
    assert told(runtime) == "first is being trained (2 more wait): . "
    held(take(runtime))
    assert told(runtime) in (
        "first and second are being trained (1 more waits): . ",
        "second and first are being trained (1 more waits): . ",
    )
    held(take(runtime))
    assert told(runtime).endswith(" and 1 more are being trained: . ")


def test_what_waits_first_is_named_while_nothing_is_trained(runtime):
    first, *_ = submit(runtime, "first", "second", "third")
    assert told(runtime) == "first waits to be trained (2 more behind it): . "
    first.ask_to_cancel()
    assert told(runtime) == "second waits to be trained (1 more behind it): . "


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (
            lambda network: Question.ranking(network, "conv2d_1", "digits", "test"),
            "the ranking of the channels of conv2d_1",
        ),
        (
            lambda network: Question.evaluation(
                network, {"dense": {1: Affine()}, "conv2d": {2: Affine()}}, "digits", "test"
            ),
            "the evaluation of changes in dense and conv2d",
        ),
    ],
)
def test_a_study_that_a_training_waits_for_is_named(runtime, held, asked, what):
    study = runtime.queue.submit_study(asked(runtime.catalogue.network("", "")))
    submit(runtime, "first")
    assert told(runtime) == "first waits to be trained: . "
    runtime.queue._huey.dequeue()
    study.write_status(StudyStatus("running"))
    assert told(runtime) == "first waits to be trained: . ", "its worker is gone"
    with study.hold():
        assert told(runtime) == f"first waits to be trained; the worker does {what} first: . "


def test_a_run_that_the_queue_has_lost_does_not_wait(runtime):
    cnn.runs.create(runtime.settings.jobs.runs_dir, cnn.TrainingConfig("digits"))
    assert told(runtime) == ""


def test_the_training_of_the_operators_model_has_its_name(tmp_path):
    path = tmp_path / "mine.keras"
    settings = Settings(home=tmp_path / "home", data_dir=tmp_path, model=path)
    runtime = runtime_of(create_app(settings))
    assert runtime.training_of(path) is None
    config = cnn.TrainingConfig("digits", save_to=str(path))
    run = runtime.queue.submit_training(config)
    text, link, _ = status._trainings(runtime, runtime.statuses())
    assert text == "mine.keras waits to be trained: "
    assert link.href == "/training"
    assert runtime.training_of(path) == run
    take(runtime)
    assert runtime.training_of(path) is None


def test_the_queue_is_asked_once_however_many_runs_wait(runtime, monkeypatch):
    runs = submit(runtime, *map(str, range(5)))
    asked = []
    pending = type(runtime.queue).pending
    monkeypatch.setattr(
        type(runtime.queue), "pending", lambda queue: asked.append(1) or pending(queue)
    )
    statuses = runtime.statuses(runs)
    assert [statuses.of(run).state for run in runs] == ["queued"] * 5
    assert statuses.waiting == runs
    assert len(asked) == 1


def test_a_queue_that_was_put_aside_is_told_until_the_server_is_started_anew(runtime):
    submit(runtime, "first")
    runtime.queue._huey.storage.close()
    (runtime.settings.jobs.path / "queue.db").write_bytes(b"no database" * 100)
    assert told(runtime) == "first waits to be trained: . "
    (name,) = runtime.settings.jobs.damaged_queues()
    (said,) = status._queue_status(runtime)
    assert said.startswith(f"The queue was damaged: it was put aside as {name}")
    again = runtime_of(create_app(runtime.settings))
    assert status._queue_status(again) == []
