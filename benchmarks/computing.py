"""Figures measured inside one process."""

from __future__ import annotations

import keras
import tensorflow as tf

import cnn
from benchmarks.row import Row, milliseconds

_VIEWS = ("conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "dense", "dense_1")


def passes() -> list[Row]:
    """All layers' activations of one digit, against the bare model and against `predict` per view."""
    model = cnn.load_model()
    picture = cnn.load_dataset("digits")[0].pixels
    batch = cnn.prepare(picture, model)
    bare = tf.function(lambda x: model(x, training=False), jit_compile=True)
    views = [keras.Model(model.inputs[0], model.get_layer(name).output) for name in _VIEWS]
    ours = milliseconds(lambda: cnn.activations(model, picture))
    one = milliseconds(lambda: bare(batch).numpy())
    seed = milliseconds(lambda: [v.predict(batch, verbose=0) for v in views], times=10, warm_up=2)
    what = "all layers' activations of one digit"
    return [
        Row(what, ours, "ms", "one bare compiled pass", one, "ratio ≤ 1.2"),
        Row(what, ours, "ms", "`predict` per view, 6 views", seed, "-"),
    ]
