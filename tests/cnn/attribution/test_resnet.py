"""Every method on ResNet50 at 224×224: it finishes, says how far it is, and can be given up.

Its weights are random, and there are fewer samples and patches than by default, so that it takes seconds.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import cnn
from cnn.attribution.methods import METHODS

FEWER = {
    "smoothgrad": {"samples": 3},
    "integrated_gradients": {"steps": 3},
    "expected_gradients": {"samples": 8},
    "occlusion": {"patch": 112, "stride": 112},
}


class GivenUpError(Exception):
    """What a reader who cancels makes the progress raise."""


@pytest.fixture(scope="module")
def resnet() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.applications.ResNet50(weights=None, classes=10)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)


@pytest.fixture(scope="module")
def given(photo):
    return {"expected_gradients": {"baselines": [photo[::-1], photo[:, ::-1]]}}


@pytest.mark.parametrize("method", METHODS)
def test_it_finishes_and_says_how_far_it_is(resnet, photo, given, method):
    told: list[float] = []
    options = FEWER.get(method, {}) | given.get(method, {})
    try:
        made = cnn.attribute(
            resnet, photo, method=method, target=3, progress=told.append, **options
        )
    except cnn.AttributionError as error:
        assert "breaks its own law" in str(error)
        assert METHODS[method].is_slow
    else:
        side = 7 if method.startswith("grad_cam") else 224
        assert made.map.shape[:2] == (side, side)
        assert np.isfinite(made.map).all()
    assert (told[-1:] == [1.0]) == METHODS[method].is_slow
    assert told == sorted(told)


@pytest.mark.parametrize("method", [name for name, one in METHODS.items() if one.is_slow])
def test_it_can_be_given_up(resnet, photo, given, method):
    def give_up(share: float) -> None:
        raise GivenUpError(share)

    options = FEWER.get(method, {}) | given.get(method, {})
    with pytest.raises(GivenUpError):
        cnn.attribute(resnet, photo, method=method, target=3, progress=give_up, **options)
