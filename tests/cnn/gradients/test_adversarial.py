import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import cnn
from cnn.gradients.adversarial import EPSILON, fgsm, fgsm_sweep, logit_gradient
from cnn.models.loading import as_functional
from tests import differences


@pytest.fixture(scope="module")
def digits() -> list[np.ndarray]:
    dataset = cnn.load_dataset("digits")
    return [dataset.sample(label, seed=2).pixels for label in range(10)]


def tanh_network(last: layers.Layer, scaled: bool) -> keras.Model:
    """A smooth network on 5x7 RGB, so that differences tell its gradient."""
    keras.utils.set_random_seed(4)
    picture = keras.Input((5, 7, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture) if scaled else picture
    x = layers.Conv2D(4, 3, activation="tanh")(x)
    return as_functional(keras.Model(picture, last(layers.Flatten()(x))))


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("target", [None, 0, 2])
def test_the_gradient_is_that_of_the_logit_by_pixels_from_0_to_1(scaled, target):
    model = tanh_network(layers.Dense(3, activation="softmax"), scaled)
    image = np.random.default_rng(5).integers(20, 236, (5, 7, 3), dtype=np.uint8)
    gradient, found = logit_gradient(model, image, target)
    assert found == (cnn.predict(model, image).label if target is None else target)
    assert (gradient.shape, gradient.dtype) == ((5, 7, 3), np.float32)
    expected = differences.by_pixels(lambda moved: cnn.predict(model, moved).logits[found], image)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(gradient, expected, atol=0.02 * np.abs(expected).max())


def test_without_logits_the_gradient_is_that_of_the_logarithm_of_the_probability():
    keras.utils.set_random_seed(6)
    picture = keras.Input((5, 7, 1))
    flat = layers.Flatten()(picture)
    both = [layers.Dense(3, activation="softmax")(flat) for _ in range(2)]
    model = as_functional(keras.Model(picture, layers.Average()(both)))
    image = np.random.default_rng(7).integers(20, 236, (5, 7, 1), dtype=np.uint8)
    assert cnn.predict(model, image).logits is None
    gradient, _ = logit_gradient(model, image, 1)
    expected = differences.by_pixels(
        lambda moved: np.log(cnn.predict(model, moved).probabilities[1]), image
    )
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(gradient, expected, atol=0.02 * np.abs(expected).max())


def test_what_the_compiler_refuses_is_run_all_the_same():
    class Foreign(layers.Layer):
        """Adds the mean, found by a function of numpy, which XLA cannot compile."""

        def call(self, x):
            mean = tf.numpy_function(np.mean, [tf.stop_gradient(x)], tf.float32)
            return x + tf.reshape(mean, [])

    picture = keras.Input((2, 2, 1))
    dense = layers.Dense(2)
    model = as_functional(keras.Model(picture, dense(layers.Flatten()(Foreign()(picture)))))
    gradient, _ = logit_gradient(model, np.full((2, 2), 90, np.uint8))
    label = cnn.predict(model, np.full((2, 2), 90, np.uint8)).label
    np.testing.assert_allclose(gradient.ravel(), dense.kernel.numpy()[:, label], rtol=1e-5)


def test_a_small_step_takes_from_the_predicted_class(classifier, digits):
    for digit in digits:
        before = cnn.predict(classifier, digit)
        after = cnn.predict(classifier, fgsm(classifier, digit, 0.01))
        assert after.logits[before.label] < before.logits[before.label]


def test_a_small_step_gives_to_the_target(classifier, digits):
    for label, digit in enumerate(digits):
        target = (label + 3) % 10
        before = cnn.predict(classifier, digit).logits[target]
        after = cnn.predict(classifier, fgsm(classifier, digit, 0.01, target=target)).logits[target]
        assert after > before


def test_no_pixel_changes_by_more_than_epsilon(classifier, digits):
    for epsilon in (0.03, 0.1, 0.3):
        change = np.abs(fgsm(classifier, digits[7], epsilon).astype(float) - digits[7])
        assert epsilon * 255 - 0.5 <= change.max() <= epsilon * 255 + 0.5


def test_a_step_of_zero_changes_nothing(classifier, seven):
    np.testing.assert_array_equal(fgsm(classifier, seven, 0), seven)


def test_a_picture_of_another_size_is_changed_as_the_model_sees_it(second_model):
    picture = np.random.default_rng(8).integers(0, 256, (41, 33, 1), dtype=np.uint8)
    changed = fgsm(second_model, picture, 0.1)
    seen = np.round(cnn.prepare(picture, second_model)[0]).astype(float)
    assert changed.shape == (20, 30, 3)
    assert 25 <= np.abs(changed - seen).max() <= 26


def test_a_sweep_is_the_step_at_each_epsilon(classifier, seven):
    epsilons, pictures = fgsm_sweep(classifier, seven, target=3)
    assert (epsilons[0], epsilons[-1], len(epsilons)) == (0, np.float32(EPSILON.high), 31)
    assert pictures.shape == (31, 28, 28, 1)
    for i in (0, 5, 30):
        alone = fgsm(classifier, seven, float(epsilons[i]), target=3)
        np.testing.assert_array_equal(pictures[i], alone)


@pytest.mark.parametrize("epsilon", [-0.01, 0.31, float("nan")])
def test_an_epsilon_outside_its_range_is_refused(classifier, seven, epsilon):
    with pytest.raises(cnn.ImageError, match=f"epsilon of {epsilon}.*0 to 0.3"):
        fgsm(classifier, seven, epsilon)


@pytest.mark.parametrize("target", [-1, 10])
def test_a_class_that_the_model_does_not_have_is_refused(classifier, seven, target):
    with pytest.raises(cnn.ModelError, match=f"no class {target}.*from 0 to 9"):
        fgsm(classifier, seven, 0.1, target=target)
