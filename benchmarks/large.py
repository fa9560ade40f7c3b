"""How soon a layer of a large network is shown."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import cnn
from benchmarks.row import Row, milliseconds
from dashboard.app import create_app, runtime_of
from dashboard.screens.request import Request
from dashboard.screens.screen import drawn
from dashboard.settings import Settings
from dashboard.state.view import parse
from pages import activations

_NETWORKS = (
    "MobileNetV2", "EfficientNetB0", "ResNet50", "DenseNet121", "InceptionV3", "VGG16",
    "ConvNeXtTiny",
)  # fmt: skip
_MOST_LAYERS = 30


def large() -> list[Row]:
    """A layer opened with another picture, against bare compiled passes of its network around that."""
    rows = []
    for name in _NETWORKS:
        measured = _measured(getattr(keras.applications, name)(weights=None))
        what, yardstick = f"a layer of {name} opened", "its bare compiled pass"
        middle = [statistics.median(times) for times in zip(*measured, strict=True)]
        slowest = max(measured, key=lambda times: times[0] - times[1])
        for part, (figure, bare) in (("median", middle), ("slowest against its passes", slowest)):
            rows.append(
                Row(f"{what}: {part}", figure, "ms", yardstick, bare, f"≤ {bare + 300:.0f} ms")
            )
    return rows


def _measured(model: keras.Model) -> list[tuple[float, float]]:
    """Return the milliseconds of each layer that was opened, and of bare passes around that.

    What other networks left in this process is not looked through again for garbage: with five of them
    that took a second, in the middle of a layer.
    """
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        app = create_app(
            Settings(home=Path(folder), data_dir=Path(folder), model=path, download=False)
        )
        runtime_of(app).wait()
        with app.server.test_request_context():
            query = runtime_of(app).default_view().to_query()
            request = Request(parse(query)[0])
            bare = _fastest_pass(request.model, cnn.prepare(request.look.seen, request.model))
            names = [info.name for info in cnn.layer_infos(request.model)]
            step = max(1, len(names) // _MOST_LAYERS)
            return list(_opened(query, names[::step], bare))


def _fastest_pass(model: keras.Model, batch: NDArray[np.float32]) -> Callable[[], object]:
    """Return a bare pass, compiled by XLA or as a graph: the faster of them."""

    def compiled(*, by_xla: bool) -> Callable[[], object]:
        bare = tf.function(lambda x: model(x, training=False), jit_compile=by_xla, autograph=False)
        return lambda: bare(batch).numpy()

    passes = [compiled(by_xla=True), compiled(by_xla=False)]
    return min(passes, key=lambda bare: milliseconds(bare, times=20, warm_up=3))


def _opened(
    query: dict[str, str], names: list[str], bare: Callable[[], object]
) -> Iterator[tuple[float, float]]:
    """Yield the milliseconds until the figures of a layer are made, and those of bare passes around that.

    Each layer is opened with another picture.
    """
    before = milliseconds(bare, times=3, warm_up=0)
    for number, name in enumerate(names):
        began = time.perf_counter()
        shown = activations.show(Request(parse({**query, "index": str(number + 1)})[0], name))
        for chart in shown.charts.values():
            drawn(chart)["figure"].to_json()
        opened = 1000 * (time.perf_counter() - began)
        after = milliseconds(bare, times=3, warm_up=0)
        yield opened, (before + after) / 2
        before = after
