import keras
import numpy as np
import pytest
from keras import layers

from cnn.attribution.objective import objective_of
from cnn.models.loading import as_functional
from cnn.models.preparing import prepare

PATCH = np.s_[1:4, 8:11]


def linear(kernel: np.ndarray) -> keras.Model:
    """A softmax of sums of pixels: the kernel is (height, width, classes)."""
    keras.utils.set_random_seed(3)
    picture = keras.Input((*kernel.shape[:2], 1), name="picture")
    sums = layers.Dense(kernel.shape[-1], activation="softmax", name="sums")
    model = keras.Model(picture, sums(layers.Flatten(name="row")(picture)))
    sums.set_weights([kernel.reshape(-1, kernel.shape[-1]), np.zeros(kernel.shape[-1])])
    return as_functional(model)


@pytest.fixture(scope="package")
def picture() -> np.ndarray:
    """Grey at random, and bright in the patch: uint8 (12, 12, 1)."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (12, 12, 1), dtype=np.uint8)
    pixels[PATCH] = random.integers(170, 256, (3, 3, 1))
    return pixels


@pytest.fixture(scope="package")
def patch_model() -> keras.Model:
    """Class 0 is the sum over the patch, class 1 is always 0."""
    kernel = np.zeros((12, 12, 2), np.float32)
    kernel[(*PATCH, 0)] = 1
    return linear(kernel)


@pytest.fixture(scope="package")
def patch(patch_model, picture):
    """The sum over the patch, and the picture that it is of."""
    batch = prepare(picture, patch_model)
    return objective_of(patch_model, batch, 0), batch
