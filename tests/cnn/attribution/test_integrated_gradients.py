import keras
import numpy as np
import pytest
from keras import layers
from saliency import core

import cnn
from cnn.attribution.attribution import Law
from cnn.attribution.baselines import BASELINES, baseline
from cnn.attribution.integrated_gradients import integrated_gradients
from cnn.attribution.objective import objective_of
from cnn.errors import AttributionError
from cnn.models.loading import as_functional
from tests.cnn.attribution.conftest import asked


@pytest.fixture(scope="module")
def square() -> keras.Model:
    """The square of each of two weighted sums: its gradient grows evenly on the way from black."""
    keras.utils.set_random_seed(6)
    picture = keras.Input((6, 7, 2))
    sums = layers.Dense(2, name="sums")(layers.Flatten()(picture))
    return as_functional(keras.Model(picture, layers.Multiply(name="squares")([sums, sums])))


@pytest.mark.parametrize("steps", [1, 7, 70])
@pytest.mark.parametrize("name", BASELINES)
def test_of_a_linear_model_it_is_weights_times_differences(linear, scene, weights, steps, name):
    batch = cnn.prepare(scene, linear)
    found = cnn.attribute(
        linear, scene, method="integrated_gradients", target=1, steps=steps, baseline=name
    )
    start = baseline(linear, batch, name)
    assert abs(batch - start).max() > 0.1
    np.testing.assert_allclose(found.map, weights * (batch - start)[0], rtol=1e-5, atol=1e-6)
    assert found.residual < 1e-5


def test_of_a_square_it_is_as_worked_out_by_hand_and_as_that_of_others(square, scene):
    x = cnn.prepare(scene, square)[0]
    weights = square.get_layer("sums").get_weights()[0][:, 1].reshape(x.shape)
    found = cnn.attribute(square, scene, method="integrated_gradients", target=1, steps=9)
    np.testing.assert_allclose(found.map, x * weights * (x * weights).sum(), rtol=1e-5)
    others = core.IntegratedGradients().GetMask(x, asked(square, "squares", 1), x_steps=11)
    np.testing.assert_allclose(found.map, others, rtol=1e-5)


def test_of_a_curved_one_it_is_that_of_others(smooth, scene, ask_smooth):
    """The others divide the sum over n places, both ends among them, by n: the trapezoidal rule of
    n − 1 steps comes of it without half of each end.
    """
    x, count = cnn.prepare(scene, smooth)[0], 1501
    divided = core.IntegratedGradients().GetMask(x, ask_smooth, x_steps=count, batch_size=500)
    ends = [core.GradientSaliency().GetMask(one, ask_smooth) for one in (x, 0 * x)]
    others = (count * divided.astype(float) - x * sum(ends) / 2) / (count - 1)
    found = cnn.attribute(smooth, scene, method="integrated_gradients", target=1, steps=1000)
    largest = abs(others).max()
    np.testing.assert_allclose(found.map, others, rtol=0, atol=1e-5 * largest)
    assert found.residual < 1e-5


def test_it_is_the_more_complete_the_more_steps_it_takes(classifier):
    digits = cnn.load_dataset("digits")
    residuals = []
    for steps in (4, 32, 256):
        law = [_law(classifier, digits.sample(label, seed=0).pixels, steps) for label in range(10)]
        assert all(one.name == "completeness" for one in law)
        residuals.append(np.mean([one.residual for one in law]))
    assert residuals[0] > 2 * residuals[1] > 4 * residuals[2]
    assert residuals[2] < 0.01


def _law(model: keras.Model, picture: np.ndarray, steps: int) -> Law:
    """The law of a map, kept or not."""
    batch = cnn.prepare(picture, model)
    objective = objective_of(model, batch, None)
    found = integrated_gradients(
        objective, batch, steps=steps, baseline="black", progress=lambda share: None
    )
    return found.law


def test_an_incomplete_one_is_refused_with_the_residual(scene):
    keras.utils.set_random_seed(7)
    picture = keras.Input((6, 7, 2))
    step = layers.Dense(2, kernel_initializer="ones", activation="hard_tanh")
    model = as_functional(keras.Model(picture, step(layers.Flatten()(picture))))
    with pytest.raises(AttributionError, match=r"breaks its own law here: .*off by .*More steps"):
        cnn.attribute(
            model,
            scene,
            method="integrated_gradients",
            target=cnn.Target(0, layer=step.name),
            steps=1,
        )


@pytest.mark.parametrize("size", [1, 1e-13])
def test_how_far_it_is_from_its_law_does_not_depend_on_how_large_the_numbers_are(scene, size):
    keras.utils.set_random_seed(7)
    picture = keras.Input((6, 7, 2))
    bent = layers.Dense(8, activation="tanh")(layers.Flatten()(picture))
    last = layers.Dense(2)
    model = as_functional(keras.Model(picture, last(bent)))
    last.set_weights([weights * size for weights in last.get_weights()])
    law = _law(model, scene, 2)
    assert law.expected == pytest.approx(0.80661 * size, rel=1e-5)
    assert law.residual == pytest.approx(0.007819, rel=1e-3)


def test_the_baselines_are_what_they_are_called():
    keras.utils.set_random_seed(8)
    picture = keras.Input((8, 10, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)
    model = as_functional(keras.Model(picture, layers.Dense(2)(layers.Flatten()(x))))
    scene = np.random.default_rng(9).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    batch = cnn.prepare(scene, model)
    found = {name: baseline(model, batch, name) for name in BASELINES}
    assert all(one.shape == batch.shape for one in found.values())
    assert (found["black"] == 0).all() and (found["white"] == 255).all()
    means = np.broadcast_to(scene.mean((0, 1)), scene.shape)
    np.testing.assert_allclose(found["mean"][0], means, rtol=1e-5)
    spread = np.diff(found["blur"], axis=2).std() / np.diff(batch, axis=2).std()
    assert 0 < spread < 0.3
    flat = np.full_like(batch, 7)
    np.testing.assert_allclose(baseline(model, flat, "blur"), flat, rtol=1e-5)
