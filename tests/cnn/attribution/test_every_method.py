"""What holds for every method of attribution, or for every one that takes many passes."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.methods import METHODS
from cnn.captions.attribution import attribution
from cnn.models.loading import as_functional

# Grad-CAM has a test of its own; the weights of Grad-CAM++ depend on the size of the gradient.
SCALED = tuple(name for name, method in METHODS.items() if not method.is_cut)
# What is linear in the number that is explained.
LINEAR = (
    "input_x_gradient",
    "smoothgrad",
    "integrated_gradients",
    "expected_gradients",
    "occlusion",
)
SLOW = tuple(name for name, method in METHODS.items() if method.is_slow)


def options_of(method: str, image: np.ndarray) -> dict[str, object]:
    others = np.random.default_rng(0).integers(0, 256, (3, *image.shape), dtype=np.uint8)
    return {"baselines": others} if "baselines" in METHODS[method].options else {}


@pytest.mark.parametrize("method", SCALED)
def test_a_saturated_softmax_changes_nothing(smooth, scene, method):
    options = {"method": method, "target": 1, **options_of(method, scene)}
    before = cnn.attribute(smooth, scene, **options).map
    layer = smooth.get_layer("sums")
    kept = layer.get_weights()
    layer.set_weights([1000 * numbers for numbers in kept])
    try:
        assert cnn.predict(smooth, scene).probabilities.max() > 1 - 1e-6
        after = cnn.attribute(smooth, scene, **options).map
    finally:
        layer.set_weights(kept)
    assert abs(before).max() > 1e-3
    np.testing.assert_allclose(
        after / abs(after).max(), before / abs(before).max(), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_model_gives_zeros(plain, method):
    scene = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    kept = plain.get_weights()
    bias = np.array([0.5, -1, 2], np.float32)
    plain.set_weights([*(np.zeros_like(numbers) for numbers in kept[:-1]), bias])
    try:
        found = cnn.attribute(plain, scene, method=method, **options_of(method, scene))
    finally:
        plain.set_weights(kept)
    np.testing.assert_array_equal(found.map, 0)
    assert found.value == pytest.approx(2)
    told = attribution(found, "it").notice
    assert ("No positive evidence" if METHODS[method].is_cut else "All of it is zero") in told


class EnoughError(Exception):
    """Raised where somebody has seen enough."""


@pytest.mark.parametrize("method", SLOW)
def test_a_slow_method_tells_the_share_done_and_can_be_stopped(linear, scene, method):
    options = {"method": method, **options_of(method, scene)}
    for name in ("samples", "steps"):
        if name in METHODS[method].options:
            options[name] = 150
    options |= {"patch": 1} if method == "occlusion" else {}
    shares: list[float] = []
    cnn.attribute(linear, scene, progress=shares.append, **options)
    assert shares == sorted(set(shares)) and shares[-1] == 1
    assert len(shares) == (1 if method == "occlusion" else 3)

    def stop(share: float) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        cnn.attribute(linear, scene, progress=stop, **options)


@pytest.mark.parametrize("method", METHODS)
def test_a_unit_in_a_nested_block_is_explained(second_model, method):
    scene = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    units = cnn.activations(second_model, scene)["block/conv"][4, 5]
    target = cnn.Target(layer="block/conv", cell=(4, 5), of=int(units.argmax()))
    options = {"method": method, "target": target, **options_of(method, scene)}
    found = cnn.attribute(second_model, scene, **options)
    assert found.value == pytest.approx(float(units.max()), rel=1e-5)
    assert found.map.shape[:2] == (20, 30)
    # Grad-CAM weighs whole maps, of which the unit sees a part.
    around = found.map if METHODS[method].is_cut else found.map[8:15, 8:15]
    assert abs(around).max() > 1e-6
    assert METHODS[method].is_cut or not found.map[18:].any()


@pytest.mark.parametrize("method", METHODS)
def test_asking_changes_neither_the_picture_nor_the_network_nor_what_is_said_again(plain, method):
    scene = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    kept, weights = scene.copy(), plain.get_weights()
    options = {"method": method, "target": 1, **options_of(method, scene)}
    before = cnn.activations(plain, scene)
    one, again = (cnn.attribute(plain, scene, **options).map for _ in range(2))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(scene, kept)
    for now, was in zip(plain.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, was)
    for name, made in cnn.activations(plain, scene).items():
        np.testing.assert_array_equal(made, before[name])


@pytest.mark.parametrize("method", METHODS)
def test_one_cell_of_a_segmentation_is_explained_by_what_it_sees(method):
    keras.utils.set_random_seed(5)
    picture = keras.Input((8, 9, 1))
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="features")(picture)
    classes = layers.Conv2D(2, 3, padding="same", activation="softmax", name="classes")
    model = as_functional(keras.Model(picture, classes(x)))
    scene = np.random.default_rng(6).integers(0, 256, (8, 9, 1), dtype=np.uint8)
    options = {"method": method, **options_of(method, scene)}
    options |= {"patch": 1} if method == "occlusion" else {}
    field = np.zeros((8, 9), bool)
    field[1:6, 2:7] = True
    for of in (0, 1):
        found = cnn.attribute(model, scene, target=cnn.Target(of, cell=(3, 4)), **options)
        logit = cnn.activations(model, scene)["features"][2:5, 3:6]
        kernel, bias = model.get_layer("classes").get_weights()
        expected = (logit[..., None] * kernel).sum((0, 1, 2))[of] + bias[of]
        assert found.value == pytest.approx(expected, rel=1e-5)
        if not METHODS[method].is_cut:
            assert abs(found.plane[field]).max() > 1e-3
            assert not found.map[~field].any()


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_channels_and_the_precision_change_no_map(plain, other, method):
    model, tolerance = other
    scene = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    options = {"method": method, "target": 1, **options_of(method, scene)}
    expected = cnn.attribute(plain, scene, **options)
    found = cnn.attribute(model, scene, **options)
    assert found.map.dtype == np.float32
    largest = abs(expected.map).max()
    assert largest > 1e-4
    np.testing.assert_allclose(found.map, expected.map, rtol=0, atol=tolerance * largest)
    assert found.value == pytest.approx(expected.value, rel=tolerance)


@pytest.mark.parametrize("method", LINEAR)
def test_the_map_of_a_difference_is_the_difference_of_the_maps(plain, method):
    scene = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    options = {"method": method, **options_of(method, scene)}
    one, other, both = (
        cnn.attribute(plain, scene, target=target, **options).map
        for target in (0, 2, cnn.Target(0, against=2))
    )
    assert abs(both).max() > 1e-4
    np.testing.assert_allclose(both, one - other, rtol=0, atol=1e-5 * abs(both).max())


def by_channels(picture: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Permute((3, 1, 2))(picture)
    x = layers.Conv2D(3, 3, activation="tanh", data_format="channels_first")(x)
    return layers.Dense(2, activation="softmax")(layers.Flatten()(x))


HEADS = {
    "one sigmoid": lambda picture: layers.Dense(1, activation="sigmoid")(layers.Flatten()(picture)),
    "channels first": by_channels,
    "maps": layers.Conv2D(2, 3, padding="same", activation="softmax"),
}


@pytest.mark.parametrize("head", HEADS)
def test_any_head_is_explained(head):
    keras.utils.set_random_seed(5)
    picture = keras.Input((6, 7, 1))
    model = as_functional(keras.Model(picture, HEADS[head](picture)))
    scene = np.random.default_rng(6).integers(0, 256, (6, 7, 1), dtype=np.uint8)
    target = cnn.Target(1, cell=(2, 3)) if head == "maps" else None
    found = cnn.attribute(model, scene, method="integrated_gradients", target=target)
    assert abs(found.map).max() > 1e-3
    assert found.residual < 0.01
    if head == "maps":
        field = np.zeros((6, 7), bool)
        field[1:4, 2:5] = True
        assert not found.map[~field].any()


def test_of_several_definitions_the_variant_says_which_is_meant():
    assert "the weight of equation 19" in METHODS["grad_cam_plus_plus"].variant
    assert "the mean over all patches that cover the pixel" in METHODS["occlusion"].variant
