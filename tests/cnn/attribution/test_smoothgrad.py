import numpy as np
import pytest
from saliency import core

import cnn


@pytest.mark.parametrize("noise", [0, 15, 90.5])
def test_of_a_linear_model_it_is_the_weights_whatever_the_noise(linear, scene, weights, noise):
    found = cnn.attribute(linear, scene, method="smoothgrad", target=1, noise=noise, samples=70)
    np.testing.assert_allclose(found.map, weights, rtol=1e-5)


def test_it_agrees_with_that_of_others_for_the_same_noise(smooth, scene, ask_smooth, monkeypatch):
    batch = cnn.prepare(scene, smooth)
    random = np.random.default_rng(5)
    monkeypatch.setattr(
        np.random, "normal", lambda _, by, shape: by * random.standard_normal(shape, np.float32)
    )
    others = core.GradientSaliency().GetSmoothedMask(
        batch[0], ask_smooth, stdev_spread=0.2, nsamples=70, magnitude=False
    )
    found = cnn.attribute(
        smooth, scene, method="smoothgrad", target=1, noise=20, samples=70, seed=5
    )
    np.testing.assert_allclose(found.map, others, rtol=1e-5, atol=1e-6)


def test_the_seed_decides_on_the_noise(smooth, scene):
    options = {"method": "smoothgrad", "samples": 3}
    one, again, other = (cnn.attribute(smooth, scene, seed=seed, **options) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.map, again.map)
    assert not np.allclose(one.map, other.map)
    assert one.settings == {"samples": 3, "noise": 15, "seed": 1}
