"""What it costs a training to be recorded, and to be watched in a browser."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.browsing import open_page, real_browser, wait_until_refined
from benchmarks.row import Row
from cnn.jobs import Home
from cnn.runs.configuration import TrainingConfig
from tests.browser.server import Server, stop_worker

_PICTURES = 24_000
_TRAINED_ON = _PICTURES - _PICTURES // 12
_ROUNDS = 5
_SETTLING = 2
_COUNTED = 8
_CONFIG = TrainingConfig(epochs=2 * (_SETTLING + _COUNTED), augment=False)


def training() -> list[Row]:
    """Pictures per second: bare `fit`, the same recorded as a run, and that watched in a browser.

    They take turns, since a machine is not equally fast for minutes. A training is watched for half
    of its epochs, since two of the same kind are not equally fast either.
    """
    seconds: dict[str, list[float]] = {"bare": [], "recorded": [], "watched": []}
    with tempfile.TemporaryDirectory() as folder:
        data, home = Path(folder) / "data", Path(folder) / "home"
        _write_pictures(data)
        server = Server(home, data)
        try:
            server.start()
            with real_browser() as browser:
                open_page(browser, server, "/training").close()
                wait_until_refined(server)
                for number in range(_ROUNDS):
                    seconds["bare"] += _bare(data)
                    kinds = ("watched", "recorded") if number % 2 else ("recorded", "watched")
                    for kind, known in _run(browser, server, kinds).items():
                        seconds[kind] += known
        finally:
            server.stop()
            stop_worker(home)
    speed = {kind: _TRAINED_ON / statistics.median(known) for kind, known in seconds.items()}
    return [
        Row(
            f"training, {what}",
            speed[kind],
            "pictures/s",
            "bare `model.fit`",
            speed["bare"],
            budget,
        )
        for kind, what, budget in (
            ("recorded", "recorded", "-"),
            ("watched", "watched in a browser", "ratio ≥ 0.95"),
        )
    ]


def recording() -> list[Row]:
    """Pictures per second: bare `fit`, and with `RunRecorder`, without norms of gradients and with them.

    The order changes from round to round, since a machine is not equally fast for minutes.
    """
    seconds: dict[str, list[float]] = {"bare": [], "recorded": [], "gradients": []}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        _write_pictures(data)
        for number in range(_ROUNDS):
            own, also = f"{folder}/runs/{number}", f"{folder}/runs/also-{number}"
            kinds = [("bare", ()), ("recorded", (own,)), ("gradients", (also, "gradients"))]
            for kind, run in kinds if number % 2 else reversed(kinds):
                seconds[kind] += _bare(data, *run)
    speed = {kind: _TRAINED_ON / statistics.median(known) for kind, known in seconds.items()}
    what = "one's own `fit` with `RunRecorder`"
    named = {"recorded": what, "gradients": f"{what}, `gradients=True`"}
    return [
        Row(name, speed[kind], "pictures/s", "bare `model.fit`", speed["bare"], "ratio ≥ 0.95")
        for kind, name in named.items()
    ]


def _write_pictures(folder: Path) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (_PICTURES, 28, 28), np.uint8)
    labels = random.integers(0, 10, _PICTURES).astype(np.uint8)
    few = slice(0, 500)
    np.savez(
        folder / "mnist.npz", x_train=images, y_train=labels, x_test=images[few], y_test=labels[few]
    )


def _bare(data: Path, *run: str) -> list[float]:
    """Return the seconds of each epoch but the first of a bare `fit`, or of one recorded in a run."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare_fit", str(data), *run],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    measured = json.loads(done.stdout.splitlines()[-1])
    assert measured["pictures"] == _TRAINED_ON
    seconds: list[float] = measured["seconds"]
    return seconds[1:]


def _run(browser: Browser, server: Server, kinds: tuple[str, str]) -> dict[str, list[float]]:
    """Train by the form of the page; return the seconds of each counted epoch of each kind.

    The page is there while the training is watched. Epochs in which it opens do not count.
    """
    jobs = Home(server.home, server.data_dir)
    page = _start(browser, server)
    run = jobs.runs()[0]
    seconds = {}
    ended = 0
    for kind in kinds:
        if kind == "recorded":
            page.close()
        elif page.is_closed():
            page = open_page(browser, server, "/training")
        if kind == "watched":
            page.locator("#training-loss").scroll_into_view_if_needed()
        first, ended = ended + _SETTLING, ended + _SETTLING + _COUNTED
        while len(run.history) < ended:
            assert run.status.state in ("queued", "running"), run.status
            time.sleep(0.5)
        seconds[kind] = run.history["seconds"].tolist()[first:ended]
    page.close()
    while run.status.state == "running":
        time.sleep(0.5)
    return seconds


def _start(browser: Browser, server: Server) -> Page:
    """Start a training by the form; return its page when the run is there."""
    jobs = Home(server.home, server.data_dir)
    before = len(jobs.runs())
    page = open_page(browser, server, "/training")
    page.get_by_label("Epochs", exact=True).fill(str(_CONFIG.epochs))
    page.get_by_label("Vary the pictures").uncheck()
    page.get_by_role("button", name="Train", exact=True).click()
    while len(jobs.runs()) == before:
        time.sleep(0.2)
    return page
