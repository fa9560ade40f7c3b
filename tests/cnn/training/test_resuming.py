"""A run that is interrupted and resumed is the run that it would have been."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn import Moment, Run, TrainingConfig, runs
from cnn.jobs import Home, Queue
from cnn.training.loop import work_on
from tests import forked
from tests.cnn.jobs.test_jobs import wait_until, worker

EPOCHS, BATCHES = 4, 7
SETTINGS = {
    "dataset": "digits", "epochs": EPOCHS, "batch_size": 128, "dropout": 0.3, "batch_norm": True,
    "seed": 5, "schedule": "warmup",
}  # fmt: skip
NOT_TIMES = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
# Equal seeds without deterministic operations: on one CPU all bits were the same each time; with
# another number of threads, weights differed by up to 0.015 and losses by up to 0.002.
WEIGHTS_APART, LOSSES_APART = 0.05, 0.01

TRAIN = """
import json, sys
from pathlib import Path
import cnn
from cnn import Run, TrainingConfig
from cnn.training import work_on

for job in json.loads(sys.argv[1]):
    place = Path(job["into"])

    def tell(event):
        place_in_time = [event.status.epoch, event.status.batch]
        if event.kind == "batch" and place_in_time == job.get("cancel_at"):
            Run(place).ask_to_cancel()

    if "settings" in job:
        cnn.train(TrainingConfig.from_flat(job["settings"]), into=place, on_event=tell)
    else:
        Run(place).renew()
        work_on(Run(place))
"""


def in_a_process(*jobs) -> list[Run]:
    """The runs that a process of its own worked on, one after the other."""
    places = [Path(job["into"]) for job in jobs]
    forked.run("-c", TRAIN, json.dumps(jobs), log=places[0].with_name("log"))
    return [Run(place) for place in places]


def weights(run: Run):
    return cnn.load_model(run.model_path).get_weights()


def furthest(one, other) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def without_interruption(tmp_path_factory):
    """Two trainings by one process: as usual, and deterministic."""
    home = tmp_path_factory.mktemp("whole")
    return in_a_process(
        {"into": str(home / "usual"), "settings": SETTINGS},
        {"into": str(home / "deterministic"), "settings": {**SETTINGS, "deterministic": True}},
    )


@pytest.fixture(scope="module")
def usual(without_interruption):
    return without_interruption[0]


@pytest.fixture(scope="module")
def whole(without_interruption):
    return without_interruption[1]


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """The deterministic one, begun by another process, cancelled, and finished by a third."""
    job = {"into": str(tmp_path_factory.mktemp("resumed") / "run")}
    settings = {**SETTINGS, "deterministic": True}
    (cut,) = in_a_process({**job, "settings": settings, "cancel_at": [3, 5]})
    assert cut.status.state == "cancelled"
    assert cut.history["epoch"].tolist() == [1, 2]
    return in_a_process(job)[0]


def test_a_deterministic_run_that_was_resumed_has_the_same_bits(whole, resumed):
    assert (whole.status.state, resumed.status.state) == ("finished", "finished")
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_array_equal(one, other)


def test_its_tables_are_the_same_but_for_the_times(whole, resumed):
    assert resumed.history["epoch"].tolist() == [*range(1, EPOCHS + 1)]
    assert len(resumed.batches) == EPOCHS * BATCHES
    steps = whole.batches.drop(columns="pictures_per_second")
    assert resumed.batches.drop(columns="pictures_per_second").equals(steps)
    assert resumed.classes.equals(whole.classes)
    np.testing.assert_array_equal(resumed.history[NOT_TIMES], whole.history[NOT_TIMES])


def test_its_moments_are_the_same(whole, resumed):
    assert resumed.moments == whole.moments
    for moment in whole.moments:
        for one, other in zip(whole.weights(moment), resumed.weights(moment), strict=True):
            np.testing.assert_array_equal(one, other)


def test_another_process_with_the_seed_comes_close_without_deterministic_operations(
    tmp_path, usual, whole
):
    here = cnn.train(TrainingConfig.from_flat(SETTINGS), into=tmp_path / "here")
    assert furthest(weights(here), weights(usual)) < WEIGHTS_APART
    for run in (usual, whole):
        np.testing.assert_allclose(run.history["loss"], here.history["loss"], atol=LOSSES_APART)
    assert [run.config.deterministic for run in (here, usual, whole)] == [False, False, True]


def test_a_killed_worker_leaves_a_run_that_another_finishes(tmp_path):
    home = Home(tmp_path / "home", tmp_path / "data")
    queue = Queue(home)
    run = queue.submit_training(TrainingConfig("digits", epochs=10, batch_size=16, augment=False))
    with home.server_lock(), worker(home, "--local") as process:
        wait_until(lambda: run.status.epoch >= 3)
        process.kill()
        process.wait(20)
    status = run.status
    assert status.state == "interrupted"
    assert "resume it to go on" in status.message
    done = len(run.history)
    assert 2 <= done < 10
    before = run.history
    queue.resume(run)
    assert run.status.state == "queued"
    with home.server_lock(), worker(home, "--local"):
        wait_until(lambda: run.status.state not in ("queued", "running"))
    assert run.status.state == "finished"
    assert run.history["epoch"].tolist() == [*range(1, 11)]
    assert run.history[:2].equals(before[:2])
    steps = run.batches[["epoch", "batch"]].to_numpy().tolist()
    assert steps == [[epoch, batch] for epoch in range(1, 11) for batch in range(1, 53)]
    assert run.classes["epoch"].tolist() == [*range(1, 11)]
    assert run.moments[-1] == Moment(10)
    assert not run.resume_path.exists()


@pytest.fixture(scope="module")
def cut_once(tmp_path_factory) -> Run:
    place = tmp_path_factory.mktemp("cut") / "cut"

    def cancel(event: cnn.Event) -> None:
        if event.kind == "batch" and (event.status.epoch, event.status.batch) == (2, 3):
            Run(place).ask_to_cancel()

    return cnn.train(
        TrainingConfig("digits", epochs=2, batch_size=128), into=place, on_event=cancel
    )


@pytest.fixture
def cut(cut_once, tmp_path) -> Run:
    """A run of two epochs of seven steps, cancelled within the second one."""
    return Run(Path(shutil.copytree(cut_once.path, tmp_path / "cut")))


def resume(run: Run) -> None:
    run.renew()
    work_on(run)


def test_rows_that_were_half_written_are_made_again(cut):
    for name in ("history", "classes", "batches"):
        with (cut.path / f"{name}.csv").open("a") as file:
            file.write("1")  # of a twelfth epoch, for example
    resume(cut)
    assert cut.status.state == "finished"
    assert cut.history["epoch"].tolist() == cut.classes["epoch"].tolist() == [1, 2]
    steps = cut.batches[["epoch", "batch"]].to_numpy().tolist()
    assert steps == [[epoch, batch] for epoch in (1, 2) for batch in range(1, BATCHES + 1)]
    assert not cut.batches.isna().any(axis=None)


def test_without_a_resume_point_all_is_made_again(cut):
    cut.resume_path.unlink()
    (cut.path / "batches.csv").write_text("")
    resume(cut)
    assert cut.status.state == "finished"
    assert cut.history["epoch"].tolist() == [1, 2]
    assert len(cut.batches) == 2 * BATCHES


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"x" + data[1:]],
    ids=["cut short", "empty", "of another kind"],
)
def test_a_damaged_resume_point_is_refused_with_what_to_do(cut, damage):
    cut.resume_path.write_bytes(damage(cut.resume_path.read_bytes()))
    resume(cut)
    assert cut.status.state == "failed"
    assert f"The resume point of the run {cut.id} cannot be read" in cut.status.message
    assert cut.status.message.endswith(f"train it anew with {cut.config.command()}")
    assert cut.history["epoch"].tolist() == [1]


def test_a_run_that_ended_all_its_epochs_but_not_its_score_is_only_scored(tmp_path):
    place = tmp_path / "run"

    def stumble(event: cnn.Event) -> None:
        if event.status.message.startswith("Scoring"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cnn.train(TrainingConfig("digits", epochs=1, batch_size=128), into=place, on_event=stumble)
    run = Run(place)
    assert run.status.state == "interrupted"
    before = run.batches
    resume(run)
    assert run.status.state == "finished"
    assert run.batches.equals(before)
    assert run.model_path.exists()
    assert runs.facts(run)["scores"]
