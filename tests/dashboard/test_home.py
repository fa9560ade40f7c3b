"""A folder in which nothing can be written, or whose disk is full, is told in a sentence."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import brotli
import numpy as np
import pytest

from cnn import HomeError, ImageError, RunError, StudyError, TrainingConfig, runs, studies
from cnn.jobs import Home, Queue
from dashboard.app import create_app, runtime_of
from dashboard.routes.compression import StaticCache
from dashboard.settings import Settings
from dashboard.state.uploads import Uploads

PICTURE = np.zeros((4, 4, 1), np.uint8)


@pytest.fixture
def nowhere(tmp_path) -> Path:
    """A folder that cannot be made: a file is in its place."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "home"


@pytest.fixture
def full(monkeypatch):
    """Let the disk be full for what is written from now on."""

    def fill() -> None:
        def no_room(self, *args, **kwargs):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

        monkeypatch.setattr(Path, "write_text", no_room)
        monkeypatch.setattr(Path, "write_bytes", no_room)

    return fill


def test_gunicorn_ends_with_the_reason_where_the_home_cannot_be_made(nowhere):
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:0", "dashboard.wsgi:server"],
        env={**os.environ, "CNN_HOME": str(nowhere)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 4
    assert f"The folder {nowhere} cannot be made or written (Not a directory)" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_application_for_such_a_home_can_be_made_but_not_opened(nowhere):
    app = create_app(Settings(home=nowhere, download=False))
    with pytest.raises(HomeError, match="choose another with --home or CNN_HOME"):
        runtime_of(app).open()


def test_an_upload_that_cannot_be_kept_is_explained(nowhere, tmp_path, full):
    with pytest.raises(ImageError, match=r"the folder cannot be written \(Not a dir") as error:
        Uploads(nowhere, most_bytes=1000, most_days=1).put(PICTURE)
    assert str(nowhere) not in str(error.value)
    full()
    with pytest.raises(ImageError, match="there is no room on the disk") as error:
        Uploads(tmp_path / "uploads", most_bytes=1000, most_days=1).put(PICTURE)
    assert str(tmp_path) not in str(error.value)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_training_that_cannot_be_written_is_explained_and_leaves_no_folder(tmp_path, full):
    home = Home(tmp_path / "home", tmp_path / "data")
    queue = Queue(home)
    full()
    with pytest.raises(RunError, match="there is no room on the disk") as error:
        queue.submit_training(TrainingConfig("digits"))
    assert str(tmp_path) not in str(error.value)
    assert list(home.runs_dir.glob("[!.]*")) == []
    assert not queue.has_waiting()


def test_a_queue_that_cannot_be_made_is_explained(nowhere):
    with pytest.raises(RunError, match="The queue cannot be reached") as error:
        Queue(Home(nowhere, nowhere))
    assert str(nowhere) not in str(error.value)


def test_what_a_reader_does_to_a_run_is_explained_where_it_cannot_be_written(tmp_path, full):
    run = runs.create(tmp_path, TrainingConfig("digits"))
    full()
    with pytest.raises(RunError, match="there is no room on the disk") as error:
        run.write_note("mine", "")
    assert str(tmp_path) not in str(error.value)
    with pytest.raises(RunError, match="there is no room on the disk"):
        run.ask_to_cancel()
    run.delete()
    assert not run.exists


def test_a_study_that_cannot_be_asked_for_or_cancelled_is_explained(nowhere, tmp_path, full):
    network = studies.Network("model.keras", "0" * 12)
    question = studies.Question.ranking(network, "conv2d", "digits", "test")
    study, _ = studies.ask(tmp_path, question)
    with pytest.raises(StudyError, match=r"the folder cannot be written \(Not a dir"):
        studies.ask(nowhere, question)
    full()
    with pytest.raises(StudyError, match="there is no room on the disk") as error:
        studies.ask(tmp_path, studies.Question.ranking(network, "dense", "digits", "test"))
    assert str(tmp_path) not in str(error.value)
    with pytest.raises(StudyError, match="there is no room on the disk") as error:
        study.ask_to_cancel()
    assert str(tmp_path) not in str(error.value)
    assert studies.find(tmp_path) == [study]
    assert study.status.state == "queued"


def test_a_full_disk_is_told_to_everybody_while_it_is_full(tmp_path, monkeypatch):
    runtime = runtime_of(create_app(Settings(home=tmp_path / "home", download=False)))
    runtime.settings.jobs.require_writable()
    assert runtime.problem == ""
    monkeypatch.setattr("cnn.jobs.home._LEAST_BYTES", 1 << 62)
    assert runtime.problem.startswith("The server's disk is full (")
    assert str(tmp_path) not in runtime.problem


def test_a_file_is_made_smaller_even_where_the_result_cannot_be_kept_on_the_disk(nowhere):
    text = b"".join(b"const value%d = Math.sqrt(%d);" % (i, i * i) for i in range(2_000))
    quick = brotli.compress(text, quality=3)
    cache = StaticCache(nowhere)
    cache.set("br;/file?v=1", quick)
    cache.refine("br;/file?v=1")
    assert len(cache.get("br;/file?v=1")) < len(quick)
