"""A real server goes on when its processes are killed, its clients leave, or it is told to end."""

import json
import os
import shutil
import signal
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

import pytest

import cnn
from cnn.files import content_hash
from cnn.jobs import Home, Queue
from dashboard import ids, shedding
from tests.browser.server import ForkedServer, stop_worker
from tests.cnn.jobs.test_handing_back import learned
from tests.cnn.jobs.test_jobs import LONG, wait_until
from tests.dashboard.runtime.test_supervisor import workers
from tests.forked import Fork

LABELS, SLOW_LABELS = "/labels/digits/all", "/labels/digits/slow"
SILENT_SECONDS = 2
LAYER = "/values/activations/conv2d?data=digits&split=all&index="


class Faulty(ForkedServer):
    """A server of which processes are killed one by one."""

    def begin(self) -> "Faulty":
        self.home.mkdir(exist_ok=True)
        self.start()
        return self

    @property
    def jobs(self) -> Home:
        return Home(self.home, self.data_dir)

    @property
    def master(self) -> int:
        return self._process.pid

    def web_processes(self) -> list[int]:
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        return [int(child) for child in children if int(child) not in workers(self.home)]

    def told_to_end(self) -> Fork:
        """SIGTERM to the one process that an operator started."""
        self._process.terminate()
        return self._process

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body; the status is 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def told(self) -> str:
        """Return what the line of the status says, as the page asks for it."""
        callbacks = json.loads(self.get("/_dash-dependencies")[1])
        (asked,) = (
            one for one in callbacks
            if f"{ids.STATUS}.children" in one["output"] and one["inputs"][0]["id"] == ids.NEWS
        )  # fmt: skip
        names = [
            name.split("@")[0].rsplit(".", 1) for name in asked["output"].strip(".").split("...")
        ]
        body = {
            "output": asked["output"],
            "outputs": [{"id": name, "property": property_} for name, property_ in names],
            "inputs": [one | {"value": None} for one in asked["inputs"]],
            "state": [one | {"value": None} for one in asked["state"]],
            "changedPropIds": [f"{ids.NEWS}.data"],
        }
        request = urllib.request.Request(
            f"{self.url}/_dash-update-component",
            json.dumps(body).encode(), {"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(json.load(answer)["response"].get(ids.STATUS))

    def is_ready(self) -> bool:
        return self.get(f"{LAYER}0")[0] == 200


@pytest.fixture
def server(tmp_path):
    server = Faulty(tmp_path / "home", tmp_path / "data", CNN_WORKER_GRACE="0.5")
    yield server
    server.end()
    stop_worker(server.home)


def test_sigterm_ends_all_that_the_server_started_and_its_training_goes_on_at_the_next_start(
    server,
):
    server.begin()
    run = Queue(server.jobs).submit_training(LONG)
    wait_until(lambda: run.status.epoch >= 2 and run.resume_path.is_file())
    (worker,) = workers(server.home)
    assert server.told_to_end().wait(30) == 0
    wait_until(lambda: not Path(f"/proc/{worker}").exists(), 30)
    assert not server.jobs.has_servers()
    assert run.status.state == "queued"
    before = run.history
    server.start()
    wait_until(lambda: len(run.history) > len(before) + 1)
    assert run.status.state == "running"
    assert learned(run, len(before)).equals(before.drop(columns="seconds"))


def test_a_web_process_that_is_killed_under_load_comes_back_and_its_training_goes_on(server):
    server.begin()
    run = Queue(server.jobs).submit_training(LONG)
    wait_until(lambda: server.is_ready() and run.status.state == "running")
    (worker,), (killed,) = workers(server.home), server.web_processes()
    ended, seen = threading.Event(), []

    def read(reader: int) -> None:
        for index in range(reader, 100_000, 8):
            if ended.is_set():
                return
            seen.append(server.get(f"{LAYER}{index % 800}")[0])

    with ThreadPoolExecutor(8) as readers:
        for reader in range(8):
            readers.submit(read, reader)
        try:
            wait_until(lambda: seen.count(200) > 50)
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: 0 in seen)
            lost = len(seen)
            wait_until(lambda: seen[lost:].count(200) > 50)
        finally:
            ended.set()
    assert killed not in server.web_processes()
    assert set(seen) <= {0, 200, 503}
    assert workers(server.home) == [worker]
    assert run.status.state == "running"


def test_clients_that_leave_in_the_middle_take_nothing_from_those_that_stay(server):
    server.begin()
    wait_until(server.is_ready)
    expected = server.get(f"{LAYER}7")
    asked = f"GET {LAYER}7 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    upload = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf"
    for number in range(60):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            # Nothing waits to be sent or read: the server finds a connection that was reset.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall((asked, asked[:20], upload)[number % 3])
    assert server.get(f"{LAYER}7") == expected
    (process,) = server.web_processes()
    sockets = Path(f"/proc/{process}/fd")
    is_connected = lambda: sum("socket:" in str(_target(fd)) for fd in sockets.iterdir())  # noqa: E731
    few = 20
    wait_until(lambda: is_connected() < few)
    log = server.log.read_text()
    assert "Traceback" not in log
    # TensorFlow has run; that this machine may have no graphics processor is no error.
    assert "cuInit" not in log


def _target(descriptor: Path) -> Path | None:
    try:
        return descriptor.readlink()
    except OSError:
        return None


class Slow(Faulty):
    """A server with an address of which the answer takes as long as the test wants.

    Two requests compute at one time, and its process may be silent for two seconds.
    """

    command = (
        "-m",
        "gunicorn",
        "-c",
        "python:dashboard.serving",
        "tests.dashboard.slow_wsgi:server",
    )

    def __init__(self, folder: Path) -> None:
        self._until = folder / "until"
        super().__init__(
            folder / "home", folder / "data", CNN_THREADS="8", CNN_AT_ONCE="2",
            SLOW_UNTIL=str(self._until),
            GUNICORN_CMD_ARGS=f"--timeout {SILENT_SECONDS} --graceful-timeout 1",
        )  # fmt: skip

    def begun(self) -> int:
        """How many slow requests are answered."""
        begun = self._until.with_suffix(".begun")
        return len(begun.read_text()) if begun.exists() else 0

    def go_on(self) -> None:
        self._until.touch()


@pytest.fixture
def slow(tmp_path):
    server = Slow(tmp_path)
    yield server.begin()
    server.end()


@pytest.fixture
def readers():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_a_request_may_take_longer_than_a_web_process_may_be_silent_and_keeps_its_place_alone(
    readers, slow
):
    (process,) = slow.web_processes()
    labels = slow.get(LABELS)
    answers = [readers.submit(slow.get, SLOW_LABELS)]
    wait_until(lambda: slow.begun() == 1)
    assert [slow.get(path) for path in (LABELS, LABELS)] == [labels, labels]
    answers.append(readers.submit(slow.get, SLOW_LABELS))
    wait_until(lambda: slow.begun() == 2)
    # Who finds no place is refused after a wait that is longer than the process may be silent.
    assert shedding._LONGEST_WAIT_SECONDS > 2 * SILENT_SECONDS
    assert slow.get(LABELS) == (503, shedding.SENTENCE.encode())
    assert [slow.get(path)[0] for path in ("/health", "/")] == [200, 200]
    assert not any(answer.done() for answer in answers)
    slow.go_on()
    assert [answer.result() for answer in answers] == [(200, b"slow, and whole")] * 2
    assert slow.get(LABELS) == labels
    assert slow.web_processes() == [process]
    assert "WORKER TIMEOUT" not in slow.log.read_text()


def test_a_request_without_an_end_does_not_keep_the_server_from_ending(readers, slow):
    answer = readers.submit(slow.get, SLOW_LABELS)
    wait_until(lambda: slow.begun() == 1)
    assert slow.told_to_end().wait(60) == 0
    assert answer.result()[0] == 0


def test_a_model_file_that_is_cut_or_replaced_in_use_is_told_and_a_whole_one_shown_again(
    tmp_path, second_path
):
    path = tmp_path / "mine.keras"
    whole = (cnn.pretrained_run() / "model.keras").read_bytes()
    path.write_bytes(whole)
    server = Faulty(tmp_path / "home", tmp_path / "data", CNN_MODEL=str(path)).begin()
    mine = f"&model={content_hash(path)}"
    try:
        wait_until(server.is_ready)
        path.write_bytes(b"")
        # The bundled one is the same network.
        assert server.get(f"{LAYER}1{mine}")[0] == 200
        shutil.copy(second_path, path)
        other = f"&model={content_hash(path)}"
        status, body = server.get(f"/values/all-layers?data=digits&split=all&index=1{other}")
        assert (status, b"Traceback" in body) == (200, False)
        path.write_bytes(path.read_bytes()[:5000])
        status, body = server.get(f"/values/all-layers?data=digits&split=all&index=2{other}")
        assert (status, str(path.parent).encode() in body) == (400, False)
        assert b"which this server does not have" in body
        path.write_bytes(whole)
        assert server.get(f"{LAYER}3{mine}")[0] == 200
        assert "Traceback" not in server.log.read_text()
    finally:
        server.end()
