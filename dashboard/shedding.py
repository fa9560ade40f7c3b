"""What is done when more is asked than can be answered: a bounded number waits, the rest is told so.

A thread that answers must always be free, for that a server is alive is asked when it is busy.
So of the threads a process has, a share may compute, and a share may wait for that, for some seconds;
who comes when all these places are taken is refused at once, with 503, `Retry-After` and a sentence.
The pages then ask again by themselves. Files, pages without numbers and `/health` need no place.

A body is read before a place is taken: a client that sends slowly keeps its own thread, and no more.
What is too large to be read before, uploads, has places of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from flask import Flask, Response, g, jsonify, request

from dashboard import bodies
from dashboard.settings import Settings

SENTENCE = (
    "This server has more to do than it can do at once: ask again in a second, as its pages do."
)
RETRY_AFTER_SECONDS = 1
_LONGEST_WAIT_SECONDS = 5.0
_UPLOADS = ("upload", "open_model")
# What asks for no computation: by the beginning of its address, and the pages, whose numbers come later.
_FREE = (
    "/health", "/ready", "/metrics", "/assets/", "/package/", "/static/", "/_dash-component-suites/",
    "/_dash-layout", "/_dash-dependencies", "/_favicon.ico",
)  # fmt: skip
_PAGES = ("/", "/<path:path>")


@dataclass(frozen=True)
class Places:
    """How many requests of a process may compute at a time, wait for that, and send files."""

    computing: int
    waiting: int
    uploading: int

    @classmethod
    def of(cls, settings: Settings) -> Places:
        """Return the places for so many threads; at least a quarter of several stays free."""
        threads = settings.threads
        computing = max(1, min(settings.at_once, threads // 2))
        return cls(computing, max(0, threads // 2 - computing), max(1, threads // 4))


class Gate:
    """Lets a bounded number in at a time, and lets a bounded number wait for some seconds."""

    def __init__(self, inside: int, waiting: int = 0, *, seconds: float = 0.0) -> None:
        self._free = threading.BoundedSemaphore(inside)
        self._may_wait = threading.BoundedSemaphore(waiting) if waiting else None
        self._seconds = seconds

    def enter(self) -> bool:
        """Take a place, or wait for one; whether there was one."""
        if self._free.acquire(blocking=False):
            return True
        if self._may_wait is None or not self._may_wait.acquire(blocking=False):
            return False
        try:
            return self._free.acquire(timeout=self._seconds)
        finally:
            self._may_wait.release()

    def leave(self) -> None:
        """Give the place back."""
        self._free.release()


def shed(server: Flask, places: Places) -> None:
    """Refuse what is asked beyond the places; to be called before all that takes time is registered."""
    computing = Gate(places.computing, places.waiting, seconds=_LONGEST_WAIT_SECONDS)
    uploading = Gate(places.uploading)

    def enter() -> Response | None:
        if _is_free():
            return None
        gate = uploading if request.endpoint in _UPLOADS else computing
        if gate is computing:
            bodies.whole()
        if not gate.enter():
            return _refusal(as_json=gate is uploading)
        g.place = gate
        return None

    def leave(_: BaseException | None) -> None:
        gate: Gate | None = g.pop("place", None)
        if gate:
            gate.leave()

    server.before_request(enter)
    server.teardown_request(leave)


def _is_free() -> bool:
    """Whether the request needs no place."""
    rule = request.url_rule.rule if request.url_rule else ""
    return not rule or rule in _PAGES or rule.startswith(_FREE)


def _refusal(*, as_json: bool) -> Response:
    """Return the sentence, as what sends files reads it or as text."""
    response = jsonify(problem=SENTENCE) if as_json else Response(SENTENCE, mimetype="text/plain")
    response.status_code = 503
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
