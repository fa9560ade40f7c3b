import platform

import pytest

from cnn import Status, TrainingConfig, runs
from cnn.files import read_json, write_json
from cnn.runs import heartbeat
from cnn.runs.heartbeat import Watch, beating, machine_of


class Clock:
    """The watch of a process, set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def beat(path, count, machine="another machine"):
    write_json(path, {"machine": machine, "process": 1, "count": count})


def test_a_number_that_stays_for_twenty_seconds_is_still(tmp_path, clock):
    path, watch = tmp_path / "heartbeat.json", Watch(clock)
    beat(path, 1)
    assert not watch.is_still(path)
    clock.now += 19.9
    assert not watch.is_still(path)
    clock.now += 0.1
    assert watch.is_still(path)


def test_a_number_that_grows_begins_the_wait_anew(tmp_path, clock):
    path, watch = tmp_path / "heartbeat.json", Watch(clock)
    beat(path, 1)
    watch.is_still(path)
    clock.now += 19
    beat(path, 2)
    assert not watch.is_still(path)
    clock.now += 19
    assert not watch.is_still(path)
    clock.now += 1
    assert watch.is_still(path)
    beat(path, 3)
    assert not watch.is_still(path)


def test_each_heartbeat_is_watched_for_itself(tmp_path, clock):
    dead, living, watch = tmp_path / "dead.json", tmp_path / "living.json", Watch(clock)
    for count in range(30):
        beat(dead, 1)
        beat(living, count)
        still = watch.is_still(dead), watch.is_still(living)
        clock.now += 1
    assert still == (True, False)


def test_neither_clocks_nor_times_of_files_matter(tmp_path, clock, monkeypatch):
    import os
    import time

    path, watch = tmp_path / "heartbeat.json", Watch(clock)
    for count, hours in enumerate((0, -5, 3, 1000)):
        beat(path, count)
        os.utime(path, (3600 * hours + 1e6,) * 2)
        monkeypatch.setattr(time, "time", lambda hours=hours: 1e9 + 3600 * hours)
        assert not watch.is_still(path)
    clock.now += heartbeat.PATIENCE_SECONDS
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert watch.is_still(path)


@pytest.mark.parametrize("content", [None, "", "{", "[1"])
def test_a_heartbeat_that_cannot_be_read_is_of_no_machine_and_still_in_the_end(
    tmp_path, clock, content
):
    path, watch = tmp_path / "heartbeat.json", Watch(clock)
    if content is not None:
        path.write_text(content)
    assert machine_of(path) is None
    assert not watch.is_still(path)
    clock.now += heartbeat.PATIENCE_SECONDS
    assert watch.is_still(path)


def test_it_beats_while_the_block_runs_and_says_who(tmp_path, monkeypatch):
    import os
    import time

    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    path = tmp_path / "heartbeat.json"
    with beating(path):
        while not path.exists() or read_json(path)["count"] < 3:
            time.sleep(0.01)
    last = read_json(path)
    assert (last["machine"], last["process"]) == (platform.node(), os.getpid())
    assert machine_of(path) == platform.node()
    time.sleep(0.05)
    assert read_json(path) == last


def test_the_heart_of_a_deleted_run_stops_and_leaves_nothing(tmp_path, monkeypatch):
    import shutil
    import threading

    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    folder = tmp_path / "run"
    folder.mkdir()
    with beating(folder / "heartbeat.json"):
        (heart,) = (t for t in threading.enumerate() if t.name == "heartbeat")
        folder.rename(tmp_path / "deleted")
        shutil.rmtree(tmp_path / "deleted")
        heart.join(60)
        assert not heart.is_alive()
    assert not folder.exists()


def test_a_run_of_another_machine_is_running_while_its_number_grows(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("cnn.runs.worked._watch", Watch(clock))
    run = runs.create(tmp_path, TrainingConfig("digits"))
    run.write_status(Status("running", epoch=2))
    for count in range(1, 40):
        beat(run.heartbeat_path, count)
        assert run.status.state == "running"
        clock.now += 2
    for _ in range(9):
        assert run.status.state == "running"
        clock.now += 2
    clock.now += 2
    assert (run.status.state, run.status.epoch) == ("interrupted", 2)
    beat(run.heartbeat_path, 40)
    assert run.status.state == "running"


def test_a_run_of_this_machine_is_running_while_its_lock_is_held(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("cnn.runs.worked._watch", Watch(clock))
    run = runs.create(tmp_path, TrainingConfig("digits"))
    run.write_status(Status("running"))
    beat(run.heartbeat_path, 1, machine=platform.node())
    assert run.status.state == "interrupted"
    with run.hold():
        clock.now += 1000
        assert run.status.state == "running"
