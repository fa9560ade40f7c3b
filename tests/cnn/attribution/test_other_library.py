"""The package `saliency` as an oracle, of a real network: the bundled classifier with its ReLUs."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from saliency import core

import cnn

CLASS = 7


@pytest.fixture(scope="module")
def ask(classifier):
    """What `saliency` asks of a logit: the number, and its gradients by pixels and by the last maps."""
    *_, last = classifier.layers
    inside = [classifier.get_layer("conv2d_1").output, last.input]
    before = keras.Model(classifier.inputs, inside)

    def asked(pictures: Any, call_model_args: Any = None, expected_keys: Any = None) -> Any:
        batch = tf.convert_to_tensor(np.asarray(pictures, np.float32))
        with tf.GradientTape() as tape:
            tape.watch(batch)
            _, units = before(batch)
            logits = (units @ last.kernel + last.bias)[:, CLASS]
        return {
            core.OUTPUT_LAYER_VALUES: logits.numpy(),
            core.INPUT_OUTPUT_GRADIENTS: tape.gradient(logits, batch).numpy(),
        }

    return asked


def agrees(found: np.ndarray, others: np.ndarray) -> None:
    largest = abs(others).max()
    assert largest > 0
    np.testing.assert_allclose(found, others, rtol=0, atol=1e-5 * largest)


@pytest.fixture
def x(classifier, seven) -> np.ndarray:
    return cnn.prepare(seven, classifier)[0]


def attributed(classifier, seven, method: str, **options: Any) -> np.ndarray:
    return cnn.attribute(classifier, seven, method=method, target=CLASS, **options).map


def test_gradients(classifier, seven, x, ask):
    others = core.GradientSaliency().GetMask(x, ask)
    agrees(attributed(classifier, seven, "saliency"), abs(others).max(-1))
    agrees(attributed(classifier, seven, "input_x_gradient"), x * others)


def test_smoothgrad(classifier, seven, x, ask, monkeypatch):
    random = np.random.default_rng(3)
    monkeypatch.setattr(
        np.random, "normal", lambda _, by, shape: by * random.standard_normal(shape, np.float32)
    )
    others = core.GradientSaliency().GetSmoothedMask(
        x, ask, stdev_spread=0.15, nsamples=16, magnitude=False
    )
    agrees(attributed(classifier, seven, "smoothgrad", samples=16, noise=15, seed=3), others)


def test_integrated_gradients(classifier, seven, x, ask):
    """The others add up n places, both ends among them, and divide by n.

    Of the 17 places on the way 9 are those of half as many steps; the other 8 are in the middle of these.
    """
    sums = [
        count * core.IntegratedGradients().GetMask(x, ask, x_steps=count).astype(float)
        for count in (9, 17)
    ]
    others = (sums[1] - sums[0]) / 8
    agrees(attributed(classifier, seven, "integrated_gradients", steps=8), others)


def test_occlusion(classifier, seven, x, ask):
    others = core.Occlusion().GetMask(x, ask, size=5)[..., 0]
    starts = np.arange(28)[:, None] - np.arange(24)
    times = ((starts >= 0) & (starts < 5)).sum(1)
    found = attributed(classifier, seven, "occlusion", patch=5, stride=1)
    agrees(found, others / np.outer(times, times))
