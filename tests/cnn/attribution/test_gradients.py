"""Saliency and input × gradient."""

import numpy as np
import pytest
from saliency import core

import cnn
from cnn.attribution.objective import objective_of
from tests import differences


def test_of_a_linear_model_they_are_its_weights(linear, scene, weights):
    found = cnn.attribute(linear, scene, method="saliency", target=1)
    np.testing.assert_allclose(found.map, abs(weights).max(-1), rtol=1e-5)
    found = cnn.attribute(linear, scene, method="input_x_gradient", target=1)
    np.testing.assert_allclose(found.map, weights * scene / np.float32(255), rtol=1e-5)
    assert found.law is None and found.residual is None


def test_they_are_the_slopes_of_the_logit(smooth, scene):
    expected = differences.by_pixels(lambda moved: cnn.predict(smooth, moved).logits[1], scene)
    found = cnn.attribute(smooth, scene, target=1)
    tolerance = 0.02 * abs(expected).max()
    np.testing.assert_allclose(found.map, abs(expected).max(-1), atol=tolerance)
    assert found.value == pytest.approx(cnn.predict(smooth, scene).logits[1], rel=1e-5)


def test_they_agree_with_the_gradients_of_others(smooth, scene, ask_smooth):
    batch = cnn.prepare(scene, smooth)
    others = core.GradientSaliency().GetMask(batch[0], ask_smooth)
    found = cnn.attribute(smooth, scene, method="input_x_gradient", target=1)
    np.testing.assert_allclose(found.map, batch[0] * others, rtol=1e-5, atol=1e-7)
    _, many = objective_of(smooth, batch, 1).gradients(np.repeat(batch, 3, axis=0))
    np.testing.assert_allclose(many, [others] * 3, rtol=1e-5, atol=1e-7)
