"""A stranger's file is opened by a process of its own, which has limits and no secrets."""

import sys

import pytest

import cnn
from cnn.inspection.opening import OpeningLimits, open_apart


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
        ("exit 3", "m.keras needed more than 2 GB of memory to be opened, which is all"),
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
