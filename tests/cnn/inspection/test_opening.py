"""A stranger's file is opened by a process of its own, which has limits and no secrets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnn
from cnn.inspection.opening import OpeningLimits, open_apart
from tests.cnn.jobs.test_jobs import wait_until


@pytest.fixture
def instead(monkeypatch, tmp_path):
    """Let a shell script be run in place of Python; `$5` is where it writes its verdict."""

    def instead(script):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return instead


def sentence(path, **limits):
    with pytest.raises(cnn.ModelError) as refused:
        open_apart(path, limits=OpeningLimits(**limits))
    return str(refused.value)


def test_the_process_inherits_no_secret_and_works_in_a_folder_that_goes(
    instead, monkeypatch, tmp_path
):
    monkeypatch.setenv("CNN_REDIS_URL", "redis://:password@queue")
    monkeypatch.setenv("SOME_TOKEN", "secret")
    instead('{ env; ls -d "$PWD"; } > "$5"')
    seen = dict(line.partition("=")[::2] for line in sentence(tmp_path / "m.keras").splitlines())
    assert not {"CNN_REDIS_URL", "SOME_TOKEN", "CNN_HOME"} & set(seen)
    assert seen["HOME"] == seen["TMPDIR"] in seen
    assert not tmp_path.parent.joinpath(seen["HOME"]).exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exec sleep 600", "m.keras needed more than 0.2 s to be opened"),
        ("kill -XCPU $$", "m.keras needed more than 0.2 s to be opened"),
        ("exit 3", "m.keras needed more than 2 GB of memory to be opened, which is the limit here"),
        ("kill -ABRT $$", "2 GB of memory to be opened, or broke the library that opens it"),
    ],
)
def test_what_ends_the_process_is_a_sentence(instead, tmp_path, script, said):
    instead(script)
    assert said in sentence(tmp_path / "m.keras", gigabytes=2, seconds=0.2)


def test_a_file_that_needs_more_memory_than_there_is_does_not_open(second_path):
    assert "second.keras needed more than 0.05 GB of memory" in sentence(
        second_path, gigabytes=0.05
    )


def test_the_process_ends_with_the_one_that_waits_for_it(second_path, tmp_path):
    # In place of a library that takes for ever.
    told = tmp_path / "told"
    (tmp_path / "keras.py").write_text(
        "import os, pathlib, threading\n"
        f"pathlib.Path({str(told)!r}).write_text(str(os.getpid()))\n"
        "threading.Event().wait()\n"
    )
    script = "import pathlib, sys; from cnn.inspection.opening import open_apart; "
    places = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", ""), str(Path.cwd())])
    waiting = subprocess.Popen(
        [sys.executable, "-c", f"{script} open_apart(pathlib.Path(sys.argv[1]))", str(second_path)],
        env={**os.environ, "PYTHONPATH": places},
    )
    try:
        wait_until(lambda: told.exists() and told.read_text() != "")
        opening = Path(f"/proc/{told.read_text()}")
        assert opening.exists()
    finally:
        waiting.kill()
        waiting.wait(20)
    wait_until(lambda: not opening.exists(), 20)
