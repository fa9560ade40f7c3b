import keras
import pytest
from keras import layers

import cnn
from cnn.models.loading import as_functional


def test_the_bundled_classifier_is_described_layer_by_layer(classifier):
    infos = {info.name: info for info in cnn.layer_infos(classifier)}
    first = infos["conv2d"]
    assert (first.kind, first.output_shape, first.parameters) == ("Conv2D", (26, 26, 32), 320)
    assert first.formula == "3×3×1×32 + 32"
    assert (first.kernel_size, first.strides, first.padding) == ((3, 3), (1, 1), "valid")
    assert first.activation == "relu"
    assert first.multiply_adds == 26 * 26 * 3 * 3 * 32
    assert infos["dense"].multiply_adds == 1600 * 64
    assert [info.receptive_field for info in infos.values()] == [
        (1, 1), (3, 3), (4, 4), (8, 8), (10, 10), (10, 10), (28, 28), (28, 28),
    ]  # fmt: skip


def test_formulas_add_up_to_the_parameters(classifier, second_model):
    for model in (classifier, second_model):
        for info in cnn.layer_infos(model):
            if info.formula:
                assert eval(info.formula.replace("×", "*")) == info.parameters


def test_totals_count_shared_weights_once(second_model):
    totals = cnn.totals(second_model)
    assert totals.parameters == second_model.count_params()
    assert totals.layers == sum(not info.nested for info in cnn.layer_infos(second_model))


def test_branches_know_where_they_come_from(second_model):
    infos = {info.name: info for info in cnn.layer_infos(second_model)}
    assert infos["join"].inputs == ("left", "right")
    assert infos["block/conv"].inputs == ("relu",)
    assert infos["shared:2"].inputs == ("shared",)


def test_the_receptive_field_of_branches_is_that_of_the_wider_one(second_model):
    assert cnn.layer_info(second_model, "join").receptive_field == (3, 5)


def test_strides_and_dilation_widen_what_later_layers_see():
    picture = keras.Input((64, 64, 1))
    x = layers.Conv2D(1, 3, strides=2, name="a")(picture)
    x = layers.Conv2D(1, 3, dilation_rate=2, name="b")(x)
    outputs = layers.GlobalAveragePooling2D(name="all")(x)
    model = as_functional(keras.Model(picture, outputs))
    assert cnn.layer_info(model, "b").receptive_field == (3 + 2 * 2 * 2,) * 2
    assert cnn.layer_info(model, "all").sees_everything


def test_a_transposed_convolution_is_costed_by_its_input():
    picture = keras.Input((4, 4, 2))
    model = as_functional_pair(picture, layers.Conv2DTranspose(3, 2, strides=2, name="up")(picture))
    info = cnn.layer_info(model, "up")
    assert info.multiply_adds == 2 * 2 * 3 * 2 * 4 * 4
    assert info.receptive_field is None


def as_functional_pair(picture, outputs) -> keras.Model:
    return keras.Model(picture, outputs)


def test_an_unknown_layer_names_those_that_exist(classifier):
    with pytest.raises(cnn.LayerError, match="no layer 'x'.*dense_1"):
        cnn.layer_info(classifier, "x")
