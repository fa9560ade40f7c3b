import keras
import numpy as np
import pytest
import saliency.core as saliency
import tensorflow as tf
from keras import layers

import cnn
from cnn.models.loading import as_functional
from cnn.models.preparing import prepare

RELATIVE = 1e-5


def picture_of(shape: tuple[int, int, int], seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def pooled(activation: str | None = "softmax") -> keras.Model:
    """A convolution, the average of each of its maps, and a dense layer."""
    keras.utils.set_random_seed(5)
    return as_functional(
        keras.Sequential(
            [
                keras.Input((9, 7, 1)),
                layers.Conv2D(4, 3, activation="relu", name="conv"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(3, activation=activation, name="scores"),
            ]
        )
    )


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return pooled()


def class_activation(model: keras.Model, image: np.ndarray, class_: int) -> np.ndarray:
    """The map of a class by its weights (Zhou et al. 2016): the network's own, of signed numbers."""
    maps = cnn.activations(model, image)["conv"]
    return maps @ model.get_layer("scores").kernel.numpy()[:, class_]


def by_hand(
    model: keras.Model, image: np.ndarray, name: str, class_: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """The maps of a layer of a chain, the gradient of a logit by them, and the logit."""
    names = [layer.name for layer in model.layers]
    after = model.layers[names.index(name) + 1 :]
    maps = tf.constant(cnn.activations(model, image)[name][None])
    with tf.GradientTape() as tape:
        tape.watch(maps)
        x = maps
        for layer in after[:-1]:
            x = layer(x)
        logit = (x @ after[-1].kernel + after[-1].bias)[0, class_]
    return maps.numpy()[0], tape.gradient(logit, maps).numpy()[0], float(logit)


def test_of_averages_and_a_dense_layer_it_is_the_class_activation_map(network):
    image = picture_of((9, 7, 1))
    for class_ in range(3):
        found = cnn.attribute(network, image, method="grad_cam", target=class_)
        expected = np.maximum(class_activation(network, image, class_), 0) / (7 * 5)
        np.testing.assert_allclose(found.map, expected, rtol=RELATIVE, atol=1e-7)
        assert found.map.shape == (7, 5)
        assert found.settings == {"layer": "conv"}
        assert found.value == pytest.approx(cnn.predict(network, image).logits[class_], rel=1e-5)


def test_the_difference_of_two_classes_is_that_of_their_maps(network):
    image = picture_of((9, 7, 1))
    target = cnn.Target(0, against=2)
    found = cnn.attribute(network, image, method="grad_cam", target=target)
    signed = class_activation(network, image, 0) - class_activation(network, image, 2)
    np.testing.assert_allclose(found.map, np.maximum(signed, 0) / 35, rtol=RELATIVE, atol=1e-7)


def test_a_softmax_that_is_saturated_changes_nothing(network):
    image = picture_of((9, 7, 1))
    before = cnn.attribute(network, image, method="grad_cam", target=1).map
    saturated = pooled()
    saturated.set_weights(network.get_weights())
    dense = saturated.get_layer("scores")
    dense.kernel.assign(dense.kernel * 1000)
    assert set(cnn.predict(saturated, image).probabilities) <= {0.0, 1.0}
    after = cnn.attribute(saturated, image, method="grad_cam", target=1).map
    assert before.max() > 0
    np.testing.assert_allclose(after / after.max(), before / before.max(), rtol=RELATIVE)


@pytest.mark.parametrize("method", ["grad_cam", "grad_cam_plus_plus"])
def test_without_evidence_for_it_the_map_is_zero_and_says_so(method):
    model = pooled(None)
    dense = model.get_layer("scores")
    for weights in (-abs(dense.kernel.numpy()), 0 * dense.kernel.numpy()):
        dense.kernel.assign(weights)
        found = cnn.attribute(model, picture_of((9, 7, 1)), method=method, target=1)
        np.testing.assert_array_equal(found.map, np.zeros((7, 5), np.float32))
        assert found.note == "no positive evidence: no cell of conv speaks for it"


def test_in_a_nested_backbone_it_is_the_same():
    backbone = keras.Sequential(
        [
            keras.Input((9, 7, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(6, 3, activation="relu", name="conv"),
        ],
        name="backbone",
    )
    picture = keras.Input((9, 7, 3))
    averages = layers.GlobalAveragePooling2D()(backbone(picture))
    model = as_functional(keras.Model(picture, layers.Dense(4, name="scores")(averages)))
    image = picture_of((9, 7, 3))
    maps = cnn.activations(model, image)["backbone/conv"]
    expected = np.maximum(maps @ model.get_layer("scores").kernel.numpy()[:, 2], 0)
    assert expected.max() > 0
    for layer in ({}, {"layer": "backbone/conv"}, {"layer": "backbone"}):
        found = cnn.attribute(model, image, method="grad_cam", target=2, **layer)
        np.testing.assert_allclose(
            found.map / found.map.max(), expected / expected.max(), rtol=RELATIVE, atol=1e-7
        )
    assert cnn.attribute(model, image, method="grad_cam").settings == {"layer": "backbone/conv"}


def test_of_the_bundled_classifier_the_last_convolution_is_read(classifier, seven):
    found = cnn.attribute(classifier, seven, method="grad_cam")
    assert (found.target.of, found.settings) == (7, {"layer": "conv2d_1"})
    assert found.map.shape == (11, 11)
    assert found.map.min() == 0
    assert found.map.max() > 0


def test_it_explains_a_unit_by_layers_before_it(classifier, seven):
    target = cnn.Target(3, layer="max_pooling2d")
    found = cnn.attribute(classifier, seven, method="grad_cam", target=target)
    maps = cnn.activations(classifier, seven)
    assert found.settings == {"layer": "conv2d"}
    assert found.value == pytest.approx(maps["max_pooling2d"][..., 3].mean(), rel=1e-5)
    # Each of the 13×13 cells of the pool is one of 26×26: the gradient adds up to 1.
    expected = maps["conv2d"][..., 3] / 26**2
    np.testing.assert_allclose(found.map, expected, rtol=RELATIVE, atol=1e-7)
    with pytest.raises(cnn.AttributionError, match=r"'conv2d_1' does not lead to .* layer before"):
        cnn.attribute(classifier, seven, method="grad_cam", target=target, layer="conv2d_1")


def test_a_layer_without_maps_is_refused_in_a_sentence(classifier, seven):
    with pytest.raises(cnn.AttributionError, match="'dense' gives 64 numbers and no maps"):
        cnn.attribute(classifier, seven, method="grad_cam", layer="dense")
    with pytest.raises(cnn.LayerError, match="no_such"):
        cnn.attribute(classifier, seven, method="grad_cam", layer="no_such")
    flat = as_functional(
        keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(2)])
    )
    with pytest.raises(cnn.AttributionError, match="Nothing before what is explained gives maps"):
        cnn.attribute(flat, picture_of((4, 4, 1)), method="grad_cam")


def test_maps_with_their_channels_first_are_read_as_all_others():
    keras.utils.set_random_seed(8)
    picture = keras.Input((8, 6, 2))
    turned = layers.Permute((3, 1, 2))(picture)
    maps = layers.MaxPooling2D(2, data_format="channels_first", name="pool")(turned)
    averages = layers.GlobalAveragePooling2D(data_format="channels_first")(maps)
    model = as_functional(keras.Model(picture, layers.Dense(3, name="scores")(averages)))
    image = picture_of((8, 6, 2))
    found = cnn.attribute(model, image, method="grad_cam", target=0, layer="pool")
    batch = prepare(image, model)[0]
    largest = batch.reshape(4, 2, 3, 2, 2).max((1, 3))
    signed = largest @ model.get_layer("scores").kernel.numpy()[:, 0]
    assert found.map.shape == (4, 3)
    np.testing.assert_allclose(found.map, np.maximum(signed, 0) / 12, rtol=RELATIVE, atol=1e-7)


def test_a_cell_of_maps_is_explained_by_the_features_at_that_cell():
    keras.utils.set_random_seed(9)
    model = as_functional(
        keras.Sequential(
            [
                keras.Input((8, 6, 1)),
                layers.Conv2D(5, 3, padding="same", activation="relu", name="features"),
                layers.Conv2D(3, 1, activation="softmax", name="classes"),
            ]
        )
    )
    image = picture_of((8, 6, 1))
    found = cnn.attribute(model, image, method="grad_cam", target=cnn.Target(2, cell=(4, 1)))
    weights = model.get_layer("classes").kernel.numpy()[0, 0, :, 2]
    signed = cnn.activations(model, image)["features"] @ weights / 48
    assert found.settings == {"layer": "features"}
    np.testing.assert_allclose(found.map, np.maximum(signed, 0), rtol=RELATIVE, atol=1e-7)


def test_it_is_what_another_library_makes_of_the_same_gradient(classifier, seven):
    maps, slopes, _ = by_hand(classifier, seven, "conv2d_1", 7)
    given = {
        saliency.base.CONVOLUTION_LAYER_VALUES: maps[None],
        saliency.base.CONVOLUTION_OUTPUT_GRADIENTS: slopes[None],
    }
    expected = saliency.GradCam().GetMask(
        seven, lambda *_, **__: given, should_resize=False, three_dims=False
    )
    found = cnn.attribute(classifier, seven, method="grad_cam", target=7, layer="conv2d_1")
    assert expected.max() > 0
    np.testing.assert_allclose(found.map, expected, rtol=RELATIVE, atol=RELATIVE * expected.max())


def test_plus_plus_is_equation_19(classifier, seven):
    maps, slopes, logit = by_hand(classifier, seven, "conv2d_1", 7)
    expected = np.zeros(maps.shape[:2])
    for channel in range(maps.shape[-1]):
        weight, total = 0.0, maps[..., channel].sum()
        for slope in slopes[..., channel].ravel():
            if slope:
                alpha = slope**2 / (2 * slope**2 + slope**3 * total)
                weight += alpha * max(np.exp(logit) * slope, 0)
        expected += weight * maps[..., channel]
    found = cnn.attribute(classifier, seven, method="grad_cam_plus_plus", target=7)
    assert found.settings == {"layer": "conv2d_1"}
    assert found.value == pytest.approx(logit, rel=RELATIVE)
    # exp(S) makes of the rounding of S one factor of the whole map.
    rounding = np.exp(logit - found.value)
    np.testing.assert_allclose(
        found.map * rounding, np.maximum(expected, 0), rtol=RELATIVE, atol=1e-5 * expected.max()
    )


def test_plus_plus_stays_finite_where_no_number_is_left_for_exp():
    model = pooled(None)
    scores = model.get_layer("scores")
    maps = []
    for bias in (60, 80, 5000, -90, -5000):
        scores.bias.assign([bias] * 3)
        found = cnn.attribute(model, picture_of((9, 7, 1)), method="grad_cam_plus_plus")
        maps.append(found.map / found.map.max())
    np.testing.assert_allclose(maps[1:], [maps[0]] * 4, rtol=RELATIVE, atol=1e-7)


def test_a_convolution_with_one_cell_gives_a_map_of_one_cell():
    entered = keras.Input((8, 8, 1))
    means = layers.GlobalAveragePooling2D(keepdims=True)(layers.Conv2D(3, 3)(entered))
    last = layers.Conv2D(2, 1, name="one_cell")(means)
    model = keras.Model(entered, layers.Dense(2)(layers.Flatten()(last)))
    picture = np.random.default_rng(2).integers(0, 256, (8, 8, 1), np.uint8)
    found = cnn.attribute(model, picture, method="grad_cam", target=0, layer="one_cell")
    values = cnn.forward(model, picture).activations["one_cell"][0, 0]
    weights = model.layers[-1].get_weights()[0][:, 0]
    np.testing.assert_allclose(found.map, [[max(0.0, float(values @ weights))]], rtol=1e-5)


def shares_of(model: keras.Model, image: np.ndarray, method: str, class_: int) -> np.ndarray:
    """The map of a class as shares of its largest number."""
    found = cnn.attribute(model, image, method=method, target=class_).map
    assert abs(found).max() > 0
    return found / abs(found).max()


@pytest.mark.parametrize(
    ("method", "factor", "bias"),
    [("grad_cam", 1, 120), ("guided_backprop", 1, 120), ("guided_backprop", 1000, 0),
     ("grad_cam_plus_plus", 1, 120), ("grad_cam_plus_plus", 1, -120)],
)  # fmt: skip
def test_a_softmax_that_is_saturated_by_its_biases_or_weights_changes_no_share(
    network, method, factor, bias
):
    """The weights of Grad-CAM++ are not linear in the slopes: biases alone leave these as they are."""
    image = picture_of((9, 7, 1))
    before = shares_of(network, image, method, 1)
    saturated = pooled()
    kernel, zeros = network.get_layer("scores").get_weights()
    saturated.set_weights(network.get_weights())
    saturated.get_layer("scores").set_weights([factor * kernel, zeros + np.array([0, bias, 0])])
    assert cnn.predict(saturated, image).probabilities[1] in (0, 1)
    after = shares_of(saturated, image, method, 1)
    np.testing.assert_allclose(after, before, rtol=RELATIVE, atol=1e-6)
