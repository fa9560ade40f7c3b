"""Three web processes of one server, and two: what one of them is told all of them know."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

import cnn
from cnn.files import content_hash
from dashboard.runs import dialogs, start
from dashboard.runs.form import FIELDS, OWN
from tests.browser.server import stop_worker
from tests.cnn.jobs.test_jobs import wait_until
from tests.dashboard.test_faults import Faulty
from tests.dashboard.test_server import ask

LAYER = "/values/activations/conv2d"
DIGIT = {"data": "digits", "split": "all", "index": 7}
SHORT = {"dataset": "digits", "epochs": 1, "batch_size": 64, "share": 0.05}
LONG = {"dataset": "digits", "epochs": 900, "batch_size": 64}
_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    status_code: int
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class Process:
    """One web process, asked over a connection that it accepts while the others do nothing."""

    def __init__(self, pid: int, others: list[int], port: int) -> None:
        self.pid, self._others = pid, others
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        self._connection.auto_open = 0

    def get(self, path: str, **query: Any) -> Answer:
        return self._asked("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, data: bytes = b"", json: Any = None) -> Answer:
        if json is None:
            return self._asked("POST", path, data)
        return self._asked("POST", path, _packed(json), {"Content-Type": "application/json"})

    def _asked(self, method: str, path: str, body: bytes = b"", headers: Any = None) -> Answer:
        if self._connection.sock is None:
            with stopped(self._others):
                self._connection.connect()
                assert self._sent("GET", "/health").status_code == 200
        return self._sent(method, path, body or None, headers or {})

    def _sent(self, *request: Any) -> Answer:
        self._connection.request(*request)
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.read())

    def close(self) -> None:
        self._connection.close()


def _packed(value: Any) -> bytes:
    return json.dumps(value).encode()


@contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    """Let these processes do nothing until the block ends."""
    try:
        told(processes, signal.SIGSTOP)
        yield
    finally:
        told(processes, signal.SIGCONT)


def told(processes: list[int], what: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, what)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes")
    # A connection belongs to its process for as long as it is kept.
    more = {"CNN_PROCESSES": "3", "GUNICORN_CMD_ARGS": "--keep-alive 600"}
    server = Faulty(folder / "home", folder / "no-data", **more).begin()
    yield server
    server.end()
    stop_worker(server.home)


@pytest.fixture(scope="module")
def processes(server):
    """All web processes, each with TensorFlow started."""
    wait_until(lambda: len(server.web_processes()) == 3)
    known = set(server.web_processes())
    found = [Process(one, [*known - {one}], server.port) for one in known]
    wait_until(lambda: all(one.get(LAYER, **DIGIT).status_code == 200 for one in found))
    yield found
    assert set(server.web_processes()) <= known
    for one in found:
        one.close()


def shown(processes: list[Process], path: str, **query: Any) -> bytes:
    """Return what all processes answer, which is the same."""
    answers = {one.get(path, **query) for one in processes}
    (answer,) = answers
    assert answer.status_code == 200, answer.data
    return answer.data


def refused(processes: list[Process], path: str, **query: Any) -> str:
    """Return why all processes refuse it."""
    (answer,) = {one.get(path, **query) for one in processes}
    assert answer.status_code == 400
    return answer.data.decode()


def train(process: Process, server: Faulty, **settings: Any) -> cnn.Run:
    """Press the button of the form, with these settings in it."""
    form = [field.in_control(settings.get(field.name, field.default)) for field in FIELDS]
    state = [OWN, {key: str(value) for key, value in DIGIT.items()}, *form]
    answer = ask(process, None, f"{start.ARRIVED}.data", [1], state).json
    return server.jobs.run(answer["response"][start.ARRIVED]["data"])


def delete(process: Process, run: cnn.Run) -> None:
    answer = ask(process, None, f"{dialogs.DELETED}.is_open@", [1], [run.id, {}])
    assert answer.status_code == 200
    assert not run.exists


def as_file(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(buffer, "PNG")
    return buffer.getvalue()


def listed(process: Process) -> set[str]:
    """The runs that wait or are trained, as the browser hears of them."""
    return set(process.get("/news/runs").json["runs"])


def knows_pictures_of_each_other(processes: list[Process]) -> None:
    digits = cnn.load_dataset("digits")
    found = set()
    for label, one in enumerate(processes):
        key = one.post("/upload", as_file(digits.sample(label).pixels)).json["upload"]
        assert json.loads(shown(processes, f"/upload/{key}"))["steps"]
        found.add(shown(processes, LAYER, upload=key))
    assert len(found) == len(processes)


def test_a_picture_that_one_process_took_is_known_to_all(processes):
    knows_pictures_of_each_other(processes)


def test_a_model_that_one_process_opened_is_known_to_all_at_once(processes, second_path):
    key, content = content_hash(second_path), second_path.read_bytes()
    assert "this server does not have" in refused(processes, "/values/network", model=key, **DIGIT)
    opened = processes[0].post("/models?name=mine.keras", content)
    assert opened.status_code == 200, opened.data
    shown(processes[::-1], "/values/network", model=key, **DIGIT)
    for one in processes:
        assert one.post("/models?name=mine.keras", content).json == opened.json
    assert {"label": "mine.keras", "value": key} in opened.json["options"]


def test_a_run_and_its_moments_are_seen_alike_while_it_trains_and_gone_once_it_is_deleted(
    processes, server
):
    first, *_, last = processes
    run = train(first, server, **LONG)
    assert [listed(one) for one in processes] == [{run.id}] * len(processes)
    wait_until(lambda: run.status.state == "running" and len(run.moments) > 1)
    model = {"model": f"run:{run.id}", **DIGIT}
    early, later = (shown(processes, LAYER, epoch=str(m), **model) for m in run.moments[:2])
    assert early != later
    assert run.status.state == "running"
    delete(last, run)
    assert [listed(one) for one in processes] == [set()] * len(processes)
    assert "does not have (any more)" in refused(processes, LAYER, **model)


def test_what_a_training_gave_is_seen_alike_and_gone_once_it_is_deleted(processes, server):
    first, *_, last = processes
    run = train(last, server, **SHORT)
    wait_until(lambda: run.status.state == "finished")
    model = {"model": content_hash(run.model_path), **DIGIT}
    shown(processes, LAYER, **model)
    delete(first, run)
    assert "this server does not have" in refused(processes, LAYER, **model)


def test_a_study_that_is_asked_of_all_processes_is_done_once_and_answered_alike(processes, server):
    asked = {"kind": "rank", "layer": "conv2d"}
    path = f"/studies?{urlencode(DIGIT)}"
    begun = [one.post(path, json=asked).json["id"] for one in processes]
    (study,) = set(begun)
    assert [one.id for one in server.jobs.studies()] == [study]
    wait_until(
        lambda: all(one.get(f"/studies/{study}").json["state"] == "finished" for one in processes)
    )
    found = [one.post(path, json={**asked, "find": True}).json for one in processes]
    assert found == [json.loads(shown(processes, f"/studies/{study}"))] * len(processes)
    log = (server.home / "worker.log").read_text()
    assert log.count(f"Work on {study} begins.") == 1


def test_two_that_are_left_of_three_know_of_each_other(processes, server):
    os.kill(server.master, signal.SIGTTOU)
    wait_until(lambda: len(server.web_processes()) == 2)
    left = first, second = [one for one in processes if one.pid in server.web_processes()]
    knows_pictures_of_each_other(left)
    run = train(first, server, **LONG)
    assert [listed(one) for one in left] == [{run.id}] * 2
    delete(second, run)
    assert [listed(one) for one in left] == [set()] * 2
