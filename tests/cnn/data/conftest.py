"""Pictures and labels to be read, and no cache of Keras to be found."""

import numpy as np
import pytest


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)


@pytest.fixture
def labels():
    return np.array([3, 1, 3, 0, 9, 1], np.uint8)


@pytest.fixture(autouse=True)
def no_keras_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "no-keras"))
