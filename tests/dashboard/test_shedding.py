"""More is asked than can be answered: some wait, the rest is told so, and nothing waits for ever."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from dashboard.settings import Settings
from dashboard.shedding import SENTENCE, Gate, Places, shed


class Slow:
    """A server in whose route requests stay until they are let go."""

    def __init__(self, places: Places) -> None:
        self.go, self.arrived = threading.Event(), threading.Semaphore(0)
        app = Flask("slow")
        shed(app, places)
        app.add_url_rule("/values", "values", self._values, methods=["GET", "POST"])
        app.add_url_rule("/upload", "upload", self._values, methods=["POST"])
        app.add_url_rule("/broken", "broken", self._broken)
        app.add_url_rule("/health", "health", lambda: "OK")
        self.client = app.test_client

    def _values(self) -> str:
        self.arrived.release()
        assert self.go.wait(30)
        return f"{len(request.get_data())}"

    def _broken(self) -> str:
        raise ValueError("broken")


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def waiting(gate_of: Slow, pool, count: int, path: str = "/values") -> list:
    return [pool.submit(gate_of.client().post, path) for _ in range(count)]


def test_beyond_the_places_is_told_so_at_once_and_the_others_are_answered(pool):
    slow = Slow(Places(computing=2, waiting=1, uploading=1))
    inside = waiting(slow, pool, 2)
    assert slow.arrived.acquire(timeout=20)
    assert slow.arrived.acquire(timeout=20)
    asked = waiting(slow, pool, 3)
    refused = []
    while len(refused) < 2:
        refused = [one for one in asked if one.done()]
    for one in refused:
        answer = one.result()
        assert (answer.status_code, answer.text) == (503, SENTENCE)
        assert answer.headers["Retry-After"] == "1"
    assert slow.client().get("/health").text == "OK"
    slow.go.set()
    answers = [one.result(30) for one in [*inside, *asked] if one not in refused]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_uploads_have_places_of_their_own(pool):
    slow = Slow(Places(computing=1, waiting=0, uploading=1))
    first = pool.submit(slow.client().post, "/upload")
    assert slow.arrived.acquire(timeout=20)
    second = slow.client().post("/upload")
    assert second.status_code == 503
    assert second.json == {"problem": SENTENCE}
    other = pool.submit(slow.client().get, "/values")
    assert slow.arrived.acquire(timeout=20)
    slow.go.set()
    assert [one.result(30).status_code for one in (first, other)] == [200, 200]


def test_a_place_is_given_back_after_an_error_and_after_a_refusal():
    slow = Slow(Places(computing=1, waiting=0, uploading=1))
    slow.go.set()
    for _ in range(5):
        assert slow.client().get("/broken").status_code == 500
        assert slow.client().get("/values").status_code == 200


def test_nobody_waits_longer_than_a_gate_says():
    gate = Gate(1, 1, seconds=0.01)
    assert gate.enter()
    assert not gate.enter()
    gate.leave()
    assert gate.enter()


def test_who_sends_slowly_takes_no_place(pool):
    slow = Slow(Places(computing=1, waiting=0, uploading=1))
    slow.go.set()
    server = make_server("127.0.0.1", 0, slow.client().application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as sender:
        sender.sendall(b"POST /values HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as other:
                other.sendall(b"GET /values HTTP/1.0\r\n\r\n")
                assert b" 200 " in other.makefile("rb").readline()
        sender.sendall(b"cd")
        assert b" 200 " in sender.makefile("rb").readline()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("threads", [1, 2, 3, 8, 64, 500])
def test_some_threads_are_always_free_for_what_needs_no_place(threads):
    places = Places.of(Settings(threads=threads))
    assert places.computing >= 1
    assert places.uploading >= 1
    assert sum((places.computing, places.waiting, places.uploading)) <= max(2, 0.75 * threads)
