"""What goes wrong around a training leaves whole files, a reason, and something to go on from."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn import Run, RunError, TrainingConfig, runs
from cnn.files import read_json
from cnn.jobs import Home, Queue
from cnn.training.loop import work_on
from tests.cnn.jobs.test_jobs import LONG, SHORT, wait_until, worker


def damaged_files(run: Run) -> list[str]:
    """The files of a run that are not whole."""
    damaged = []
    for path in run.path.rglob("*.json"):
        try:
            read_json(path)
        except ValueError:
            damaged.append(path.name)
    for path in run.path.rglob("*.npz"):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                assert all(np.isfinite(archive[name]).all() for name in archive.files)
        except Exception:
            damaged.append(path.name)
    for path in run.path.rglob("*.keras"):
        try:
            cnn.load_model(path)
        except cnn.ModelError:
            damaged.append(path.name)
    return damaged


def test_a_cancel_in_an_epoch_stops_before_the_next_batch(tmp_path):
    place, batches = tmp_path / "run", []

    def cancel(event: cnn.Event) -> None:
        if event.kind == "batch":
            batches.append(event.status.batch)
            if len(batches) == 3:
                Run(place).ask_to_cancel()

    run = cnn.train(TrainingConfig("digits", batch_size=64), into=place, on_event=cancel)
    assert batches == [1, 2, 3]
    assert (run.status.state, run.status.message) == ("cancelled", "Cancelled.")
    assert damaged_files(run) == []


FULL_DISK = """
import json, resource, subprocess, sys
from pathlib import Path
from cnn import Run, TrainingConfig, runs
from cnn.training import work_on

kind, home = sys.argv[1], Path(sys.argv[2])
sys.path.insert(0, sys.argv[3])
from tests.cnn.training.test_faults import damaged_files

if kind == "a small disk":
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(home)], check=True)
ballast = home / "ballast"
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)

def fill():
    if kind != "a small disk":
        return resource.setrlimit(resource.RLIMIT_FSIZE, (2000, most))
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass

def make_room():
    ballast.unlink(missing_ok=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

def in_the_second_epoch(event):
    return event.kind == "batch" and (event.status.epoch, event.status.batch) == (2, 3)

def at_the_end(event):
    return event.status.message.startswith("Scoring")

run = runs.create(home / "runs", TrainingConfig("digits", epochs=3, batch_size=64))
told = []
for when in (in_the_second_epoch, at_the_end, lambda event: False):
    def tell(event):
        if when(event):
            fill()
    last = work_on(run, on_event=tell)
    make_room()
    told.append([last.state, last.message, run.status.state, damaged_files(run)])
    if run.status.state != "finished":
        run.renew()
left = [path.name for path in run.path.rglob(".*")]
print(json.dumps({
    "told": told, "epochs": run.history["epoch"].tolist(), "left": left,
    "steps": run.batches[["epoch", "batch"]].to_numpy().tolist(),
}))
"""

UNSHARED = ["unshare", "--mount"]


def can_mount() -> bool:
    try:
        tried = [*UNSHARED, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        return subprocess.run(tried, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# Where no file system may be mounted, the limit of a file's size stands for the full disk alone.
KINDS = ["a limit of size", *(["a small disk"] if can_mount() else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_ends_a_run_that_goes_on_when_there_is_room(tmp_path, kind):
    within = UNSHARED if kind == "a small disk" else []
    folder = str(Path(__file__).parents[3])
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [*within, sys.executable, "-c", FULL_DISK, kind, str(home), folder],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    *full, last = said["told"]
    for state, message, written, damaged in full:
        assert state == "failed"
        assert message.startswith("There is no room on the disk of the runs (")
        assert message.endswith("free some, for example by deleting runs, then resume this one.")
        assert written in ("failed", "interrupted")
        assert damaged == []
    assert last == ["finished", "", "finished", []]
    assert said["epochs"] == [1, 2, 3]
    assert said["steps"] == [[epoch, batch] for epoch in (1, 2, 3) for batch in range(1, 14)]
    assert said["left"] == []


def test_a_worker_does_jobs_one_after_the_other_and_passes_over_deleted_runs(tmp_path):
    home = Home(tmp_path / "home", tmp_path / "data")
    queue = Queue(home)
    never_begun = queue.submit_training(SHORT)
    deleted = queue.submit_training(LONG)
    first, second = queue.submit_training(SHORT), queue.submit_training(SHORT)
    never_begun.delete()
    with home.server_lock(), worker(home, "--local") as process:
        wait_until(lambda: deleted.status.batch > 0)
        deleted.delete()
        wait_until(lambda: second.status.state == "finished")
        assert process.poll() is None
    assert first.status.state == "finished"
    ended = (first.path / "status.json").stat().st_mtime_ns
    assert ended <= second.initial_path.stat().st_mtime_ns
    assert set(home.runs()) == {first, second}


@pytest.mark.parametrize(
    "when",
    [
        lambda event: event.kind == "batch" and event.status.batch == 4,
        lambda event: event.kind == "batch" and event.status.batch == 13,
        lambda event: event.kind == "epoch",
        lambda event: event.status.message.startswith("Reading"),
        lambda event: event.status.message.startswith("Scoring"),
    ],
    ids=["within an epoch", "in its last step", "at its end", "at the start", "at the end"],
)
def test_a_run_that_is_deleted_while_it_trains_ends_and_stays_away(tmp_path, when):
    place, events = tmp_path / "runs" / "run", []

    def delete(event: cnn.Event) -> None:
        events.append(event)
        if when(event) and Run(place).exists:
            Run(place).delete()

    run = cnn.train(TrainingConfig("digits", epochs=1, batch_size=64), into=place, on_event=delete)
    assert events[-1].status.state == "failed"
    assert events[-1].status.message == "The run run was deleted: its training ends."
    assert not run.exists
    assert list(place.parent.iterdir()) == []


def test_a_run_is_not_worked_on_twice(tmp_path):
    place, refused = tmp_path / "run", []

    def work_too(event: cnn.Event) -> None:
        if event.kind == "batch" and not refused:
            with pytest.raises(RunError, match="is being trained by another process"):
                work_on(Run(place))
            refused.append(Run(place).status)

    run = cnn.train(TrainingConfig("digits", epochs=1), into=place, on_event=work_too)
    assert [status.state for status in refused] == ["running"]
    assert run.status.state == "finished"
    assert len(run.batches) == run.status.batches


def test_a_clock_that_is_set_back_changes_no_duration(tmp_path, monkeypatch):
    real = time.time

    def set_back(event: cnn.Event) -> None:
        if event.kind == "batch" and event.status.batch == 3:
            monkeypatch.setattr(time, "time", lambda: real() - 3600)

    left = []

    def tell(event: cnn.Event) -> None:
        set_back(event)
        if event.kind == "batch":
            left.append(event.status.seconds_left)

    config = TrainingConfig("digits", epochs=2, batch_size=64)
    run = cnn.train(config, into=tmp_path / "run", on_event=tell)
    assert run.status.state == "finished"
    assert (run.history["seconds"] > 0).all()
    assert (run.batches["pictures_per_second"] > 0).all()
    assert all(0 <= seconds < 3000 for seconds in left)


def test_runs_that_are_made_while_the_clock_goes_back_are_all_there(tmp_path, monkeypatch):
    class Clock(datetime):
        hours = 0

        @classmethod
        def now(cls, tz=None):
            cls.hours -= 1
            return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=cls.hours)

    monkeypatch.setattr("cnn.runs.run.datetime", Clock)
    made = [runs.create(tmp_path, TrainingConfig("digits", seed=seed)) for seed in range(5)]
    assert set(runs.find(tmp_path)) == set(made)
    assert [run.config.seed for run in made] == [*range(5)]


@pytest.mark.parametrize(
    ("batch_size", "learning_rate"),
    [(64, 100.0), (275, 100.0)],
    ids=["in a step", "in an epoch's score"],
)
def test_what_is_no_number_ends_the_run_and_says_how_it_was_trained(
    tmp_path, batch_size, learning_rate
):
    config = TrainingConfig.from_flat(
        {"dataset": "digits", "batch_size": batch_size, "optimizer": "sgd",
         "learning_rate": learning_rate, "schedule": "constant", "activation": "leaky_relu"}
    )  # fmt: skip
    run = cnn.train(config, into=tmp_path / "run")
    assert run.status.state == "failed"
    assert "was no number any more in epoch 1, step " in run.status.message
    for words in (f"rate {learning_rate:g}", "optimiser sgd", f"batches of {batch_size}"):
        assert words in run.status.message
    assert run.moments
    assert damaged_files(run) == []
    assert not run.resume_path.exists()
    assert np.isfinite(run.batches[["loss", "accuracy"]].to_numpy()).all()
    assert run.history.empty
