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

from benchmarks.browsing import open_page, real_browser, wait_until_refined
from benchmarks.row import Row
from cnn.configuration import TrainingConfig
from cnn.jobs import Home, Queue
from tests.browser.server import Server, stop_worker

_PICTURES = 24_000
_CONFIG = TrainingConfig(epochs=6, augment=False)
_BARE = """
import json, sys, time
from pathlib import Path
import keras
from cnn import configuration, feeding, load_dataset, build_classifier, TrainingConfig
config = TrainingConfig(epochs=6, augment=False)
data = load_dataset("mnist", "train", data_dir=Path(sys.argv[1]))
pictures, _ = feeding.split(data, config)
steps = feeding.steps_per_epoch(pictures, config)
model = build_classifier(seed=0)
model.compile(configuration.optimizer(config, steps), loss="sparse_categorical_crossentropy",
              metrics=["accuracy"])
seconds = []
class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None): self.began = time.monotonic()
    def on_epoch_end(self, epoch, logs=None): seconds.append(time.monotonic() - self.began)
model.fit(feeding.batches(pictures, config, 0), epochs=6, steps_per_epoch=steps, shuffle=False,
          verbose=0, callbacks=[Clock()])
print(json.dumps([len(pictures), seconds]))
"""


def training() -> list[Row]:
    """Pictures per second: bare `fit`, the same recorded as a run, and that watched in a browser."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        _write_pictures(data)
        bare = [_bare(data)]
        recorded = _recorded(Path(folder) / "alone", data)
        bare.append(_bare(data))
        watched = _watched(Path(folder) / "watched", data)
        bare.append(_bare(data))
    yardstick, fast = "bare `model.fit`", statistics.median(bare)
    return [
        Row("training, recorded", recorded, "pictures/s", yardstick, fast, "-"),
        Row(
            "training, watched in a browser", watched, "pictures/s", yardstick, fast, "ratio ≥ 0.95"
        ),
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


def _bare(data: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _BARE, str(data)], check=True, capture_output=True, text=True
    )
    count, seconds = json.loads(done.stdout.splitlines()[-1])
    return float(count / statistics.median(seconds[1:]))


def _recorded(home: Path, data: Path) -> float:
    with_worker = Server(home, data)
    run = Queue(Home(home, data)).submit_training(_CONFIG)
    worker = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "worker", "--local"], env=with_worker.environment,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return _speed_of(run)
    finally:
        worker.terminate()
        worker.wait()


def _watched(home: Path, data: Path) -> float:
    server = Server(home, data)
    try:
        server.start()
        with real_browser() as browser:
            page = open_page(browser, server, "/training")
            wait_until_refined(server)
            page.get_by_label("Epochs", exact=True).fill(str(_CONFIG.epochs))
            page.get_by_label("Vary the pictures").uncheck()
            page.get_by_role("button", name="Train", exact=True).click()
            runs = Home(home, data)
            while not runs.runs():
                time.sleep(0.2)
            return _speed_of(runs.runs()[0])
    finally:
        server.stop()
        stop_worker(home)


def _speed_of(run: object) -> float:
    while run.status.state != "finished":  # type: ignore[attr-defined]
        assert run.status.state in ("queued", "running"), run.status  # type: ignore[attr-defined]
        time.sleep(0.5)
    seconds = run.history["seconds"].tolist()  # type: ignore[attr-defined]
    return (_PICTURES - _PICTURES // 12) / statistics.median(seconds[1:])
