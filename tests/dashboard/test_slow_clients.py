"""Clients that send or read slowly, or not at all: the others are answered meanwhile."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager
from importlib.metadata import version

import pytest

from tests.browser.server import ForkedServer, stop_worker
from tests.dashboard.nginx import needs_nginx, shipped

SLOW = 20
MANY = 80
_PATIENCE_SECONDS = 60


@contextmanager
def running(tmp_path_factory, **settings):
    folder = tmp_path_factory.mktemp("slow")
    server = ForkedServer(folder / "home", folder / "no-data", **settings)
    try:
        yield server.start()
    finally:
        server.end()
        stop_worker(server.home)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """As many threads as there are by default."""
    with running(tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """A server of few threads behind the site that operators get, for more slow clients than threads."""
    with running(tmp_path_factory, CNN_THREADS="8", CNN_PROXIES="1") as server:
        folder = tmp_path_factory.mktemp("nginx")
        nginx = shipped(folder, "cnn-dashboard.conf", server.port).start()
        yield nginx
        nginx.stop()


class Trickle(threading.Thread):
    """Sends bytes one by one, one a second, until it is stopped."""

    def __init__(self, connection: socket.socket, rest: bytes) -> None:
        super().__init__(daemon=True)
        self._connection, self._rest, self._stopped = connection, rest, threading.Event()

    def run(self) -> None:
        for byte in self._rest:
            if self._stopped.wait(1):
                return
            try:
                self._connection.sendall(bytes([byte]))
            except OSError:
                return

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def headers_slowly(stack: ExitStack, connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    trickle(stack, connection, b"a" * 600)


def nothing(_stack: ExitStack, _connection: socket.socket) -> None:
    """Connected, and silent: as after a cable was pulled."""


def upload_slowly(stack: ExitStack, connection: socket.socket) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600\r\n\r\n"
    connection.sendall(head)
    trickle(stack, connection, b"a" * 600)


def half_an_upload(_stack: ExitStack, connection: socket.socket) -> None:
    """Half of a file, and silence: the other side is gone without a word."""
    head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600\r\n\r\n"
    connection.sendall(head + b"a" * 300)


def drawing_slowly(stack: ExitStack, connection: socket.socket) -> None:
    head = b"POST /values/panel HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12544\r\n\r\n"
    connection.sendall(head)
    trickle(stack, connection, b"a" * 12544)


def read_nothing(_stack: ExitStack, connection: socket.socket) -> None:
    """Ask for the largest file, and read none of it."""
    path = f"/package/plotly-{version('plotly')}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def trickle(stack: ExitStack, connection: socket.socket, rest: bytes) -> None:
    sender = Trickle(connection, rest)
    sender.start()
    stack.callback(sender.stop)


@contextmanager
def slow_clients(port: int, behave, count: int):
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.socket())
            # What a client does not read soon fills the buffers on the way.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(_PATIENCE_SECONDS)
            connection.connect(("127.0.0.1", port))
            behave(stack, connection)
        yield


def status(port: int, path: str, body: bytes = b"") -> int:
    """Return the status of the answer to somebody who does not dawdle."""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as connection:
        method = "POST" if body else "GET"
        head = f"{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        return int(connection.makefile("rb").readline().split()[1])


KINDS = (
    headers_slowly, nothing, upload_slowly, half_an_upload, drawing_slowly, read_nothing
)  # fmt: skip


def answers(port: int) -> set[int]:
    """The statuses of a page, the watcher, and a drawing, several times."""
    return {
        found
        for _ in range(3)
        for found in (
            status(port, "/health"),
            status(port, "/"),
            ready(port, "/values/panel?centre=on", bytes(112 * 112)),
        )
    }


def ready(port: int, path: str, body: bytes) -> int:
    """Ask until TensorFlow is there."""
    pause = threading.Event()
    for _ in range(_PATIENCE_SECONDS):
        if (found := status(port, path, body)) != 503:
            return found
        pause.wait(1)
    return 503


@pytest.mark.parametrize("behave", KINDS)
def test_twenty_slow_clients_take_nothing_from_the_others(server, behave):
    with slow_clients(server.port, behave, SLOW):
        assert answers(server.port) == {200}


@needs_nginx
@pytest.mark.parametrize("behave", KINDS)
def test_behind_nginx_ten_times_as_many_as_threads_take_nothing(proxied, behave):
    with slow_clients(proxied.port, behave, MANY):
        assert answers(proxied.port) == {200}
