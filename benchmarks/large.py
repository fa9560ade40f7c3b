"""How soon a layer of a large network is shown."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import cnn
from benchmarks.row import Row, milliseconds
from dashboard.app import create_app, runtime_of
from dashboard.screens.request import Request
from dashboard.settings import Settings
from dashboard.state.view import parse
from pages import activations

_NETWORKS = (
    "MobileNetV2", "EfficientNetB0", "ResNet50", "DenseNet121", "InceptionV3", "VGG16",
    "ConvNeXtTiny",
)  # fmt: skip
_MOST_LAYERS = 30


def large() -> list[Row]:
    """A layer opened with another picture, against a bare compiled pass of its network."""
    rows = []
    for name in _NETWORKS:
        opened, bare = _measured(getattr(keras.applications, name)(weights=None))
        what, yardstick = f"a layer of {name} opened", "its bare compiled pass"
        for part, figure in (("median", statistics.median(opened)), ("slowest", max(opened))):
            rows.append(
                Row(f"{what}: {part}", figure, "ms", yardstick, bare, f"≤ {bare + 300:.0f} ms")
            )
    return rows


def _measured(model: keras.Model) -> tuple[list[float], float]:
    """Return the milliseconds of each layer that was opened, and of a bare pass."""
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
            batch = cnn.prepare(request.look.seen, request.model)
            once = _of_a_pass(request.model, batch)
            names = [info.name for info in cnn.layer_infos(request.model)]
            step = max(1, len(names) // _MOST_LAYERS)
            return list(_opened(query, names[::step])), once


def _of_a_pass(model: keras.Model, batch: NDArray[np.float32]) -> float:
    """Return the milliseconds of a bare pass, compiled by XLA or as a graph: the faster of them."""

    def timed(*, by_xla: bool) -> float:
        bare = tf.function(lambda x: model(x, training=False), jit_compile=by_xla, autograph=False)
        return milliseconds(lambda: bare(batch).numpy(), times=20, warm_up=3)

    return min(timed(by_xla=True), timed(by_xla=False))


def _opened(query: dict[str, str], names: list[str]) -> Iterator[float]:
    """Yield the milliseconds until the figures of each layer are made, each of another picture."""
    for number, name in enumerate(names):
        began = time.perf_counter()
        shown = activations.show(Request(parse({**query, "index": str(number + 1)})[0], name))
        for chart in shown.charts.values():
            chart.figure().to_json()
        yield 1000 * (time.perf_counter() - began)
