"""Every method that goes by gradients, held to differences of the number that it explains.

The differences are central ones of a twin in float64, 2·10⁻⁵ wide. What they leave out is their width
squared times a third derivative, about 10⁻¹⁰ here, and what they round is 10⁻¹⁶ of the number by their
width, 10⁻¹¹: so the tolerance of 10⁻⁵ of the largest number is that of the map's own float32.
"""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray

import cnn
from cnn.models.loading import as_functional

Array = NDArray[np.float64]
SHAPE = (6, 7, 2)
SCENE = np.random.default_rng(1).integers(20, 236, SHAPE, dtype=np.uint8)
OTHERS = np.random.default_rng(2).integers(0, 256, (3, *SHAPE), dtype=np.uint8)
_HALF_WIDTH = 1e-5


def network(activation: str, dtype: str = "float32") -> keras.Model:
    """Two convolutions, a pooling and a softmax of three classes, with kinks or without.

    The pooling comes before the activation, so that no two of its numbers are both 0.
    """
    picture = keras.Input(SHAPE, dtype=dtype)
    x = layers.Conv2D(4, 3, activation=activation, dtype=dtype, name="maps")(picture)
    x = layers.MaxPooling2D((1, 2), dtype=dtype)(layers.Conv2D(5, 2, dtype=dtype)(x))
    x = layers.Activation(activation, dtype=dtype, name="late")(x)
    x = layers.Flatten(dtype=dtype)(x)
    return keras.Model(picture, layers.Dense(3, "softmax", dtype=dtype, name="scores")(x))


class Exact:
    """A network, and in float64 its numbers and the slopes of its second logit."""

    def __init__(self, activation: str) -> None:
        self.model = as_functional(network(activation))
        random = np.random.default_rng(8)
        drawn = [random.normal(0.05, 0.4, one.shape) for one in self.model.get_weights()]
        # Turned round at the end, the second logit has evidence for it in both networks.
        self.model.set_weights([*drawn[:-2], -drawn[-2], drawn[-1]])
        twin = network(activation, "float64")
        twin.set_weights(self.model.get_weights())
        twin.get_layer("scores").activation = keras.activations.linear
        self._whole = twin
        self._first = keras.Model(twin.input, twin.get_layer("maps").output)
        self._rest = keras.Model(twin.get_layer("maps").output, twin.output)
        self.x: Array = cnn.prepare(SCENE, self.model)[0].astype(np.float64)
        self.maps: Array = self._first(self.x[None]).numpy()[0]
        self.logit = float(self._whole(self.x[None])[0, 1])

    def slopes(self, x: Array) -> Array:
        """By each number of the input, at x."""
        return differences(self._whole, x)

    @property
    def slopes_by_maps(self) -> Array:
        """By each number of the maps of the first convolution."""
        return differences(self._rest, self.maps)


def differences(function: Callable, x: Array) -> Array:
    """Central differences of the second number that a float64 network gives, by each number of x."""
    moved = _HALF_WIDTH * np.eye(x.size).reshape(-1, *x.shape)
    after, before = (function(x + by).numpy()[:, 1] for by in (moved, -moved))
    return ((after - before) / (2 * _HALF_WIDTH)).reshape(x.shape)


@pytest.fixture(scope="module", params=["tanh", "relu"])
def exact(request) -> Exact:
    return Exact(request.param)


def saliency(exact: Exact) -> Array:
    return abs(exact.slopes(exact.x)).max(-1)


def input_x_gradient(exact: Exact) -> Array:
    return exact.x * exact.slopes(exact.x)


def smoothgrad(exact: Exact) -> Array:
    """At the places that the seed 3 gives, 20 percent of the picture's range away."""
    noise = np.random.default_rng(3).standard_normal((6, *SHAPE), np.float32)
    by = 0.2 * (exact.x.max() - exact.x.min())
    return np.mean([exact.slopes(exact.x + by * one) for one in noise], axis=0)


def integrated_gradients(exact: Exact) -> Array:
    """In the middle of each of five steps from black."""
    places = [exact.x * share for share in (0.1, 0.3, 0.5, 0.7, 0.9)]
    return exact.x * np.mean([exact.slopes(one) for one in places], axis=0)


def expected_gradients(exact: Exact) -> Array:
    """On the ways from the pictures, and at the shares of them, that the seed 4 gives."""
    random = np.random.default_rng(4)
    starts = OTHERS[random.integers(3, size=9)] / 255
    shares = random.random(9, np.float32)
    pairs = zip(starts, shares, strict=True)
    made = [(exact.x - one) * exact.slopes(one + by * (exact.x - one)) for one, by in pairs]
    return np.mean(made, axis=0)


def grad_cam(exact: Exact) -> Array:
    return np.maximum(exact.maps @ exact.slopes_by_maps.mean((0, 1)), 0)


def grad_cam_plus_plus(exact: Exact) -> Array:
    slopes = exact.slopes_by_maps
    divisors = 2 * slopes**2 + slopes**3 * exact.maps.sum((0, 1))
    # What is 0 but for the rounding of the difference has no weight.
    parts = np.where(abs(slopes) > 1e-8, slopes**2 / np.where(divisors == 0, 1, divisors), 0)
    weights = (parts * np.maximum(np.exp(exact.logit) * slopes, 0)).sum((0, 1))
    return np.maximum(exact.maps @ weights, 0)


BY_HAND = {
    saliency: {},
    input_x_gradient: {},
    smoothgrad: {"samples": 6, "noise": 20, "seed": 3},
    integrated_gradients: {"steps": 5},
    expected_gradients: {"samples": 9, "seed": 4, "baselines": OTHERS},
    grad_cam: {"layer": "maps"},
    grad_cam_plus_plus: {"layer": "maps"},
}


def is_close(found: NDArray[np.float32], expected: Array) -> None:
    largest = abs(expected).max()
    assert largest > 1e-2
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize("method", BY_HAND)
def test_a_map_is_made_of_the_slopes_of_the_logit(exact: Exact, method: Callable):
    found = cnn.attribute(exact.model, SCENE, method=method.__name__, target=1, **BY_HAND[method])
    is_close(found.map, method(exact))
    assert found.value == pytest.approx(exact.logit, rel=1e-5)


def test_without_a_relu_guided_backpropagation_is_the_slopes():
    exact = Exact("tanh")
    found = cnn.attribute(exact.model, SCENE, method="guided_backprop", target=1)
    is_close(found.map, exact.slopes(exact.x))


def test_the_difference_of_two_logits_has_the_difference_of_their_slopes(exact: Exact):
    maps = [
        cnn.attribute(exact.model, SCENE, method="input_x_gradient", target=target).map
        for target in (cnn.Target(1, against=0), 0)
    ]
    is_close(sum(maps), input_x_gradient(exact))


class OfUnit(Exact):
    """As a network, but of the second channel of its last maps: of a cell of it, or of its mean."""

    def __init__(self, activation: str, cell: tuple[int, int] | None) -> None:
        super().__init__(activation)
        place = np.s_[:, :, :] if cell is None else np.s_[:, cell[0], cell[1], None, None]
        late = self._whole.get_layer("late").output
        maps = self._first.output
        numbers = keras.ops.mean(late[place], (1, 2))
        self._whole = keras.Model(self._whole.input, numbers)
        self._rest = keras.Model(maps, numbers)
        self.logit = float(self._whole(self.x[None])[0, 1])


@pytest.fixture(scope="module", params=[None, (0, 1)], ids=["mean", "cell"])
def place(request) -> tuple[int, int] | None:
    return request.param


@pytest.fixture(scope="module", params=["tanh", "relu"])
def of_unit(request, place) -> OfUnit:
    return OfUnit(request.param, place)


@pytest.mark.parametrize("method", BY_HAND)
def test_a_map_of_a_unit_is_made_of_the_slopes_of_the_unit(
    of_unit: OfUnit, place: tuple[int, int] | None, method: Callable
):
    target = cnn.Target(1, layer="late", cell=place)
    options = {"method": method.__name__, **BY_HAND[method]}
    found = cnn.attribute(of_unit.model, SCENE, target=target, **options)
    is_close(found.map, method(of_unit))
    assert found.value == pytest.approx(of_unit.logit, rel=1e-5)
