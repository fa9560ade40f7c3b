import keras
import numpy as np
import pytest
from keras import layers, ops

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
        (1, 1), (3, 3), (4, 4), (8, 8), (10, 10), (10, 10), (26, 26), (26, 26),
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
    # 64 pixels in steps of two: the last row and column are left out.
    assert cnn.layer_info(model, "all").receptive_field == (63, 63)


def of(layer, shape=(4, 4, 2), inputs=1) -> cnn.LayerInfo:
    """What is known of a layer behind a picture of that shape, given once or more often."""
    picture = keras.Input(shape, name="picture")
    outputs = layer(*[picture] * inputs)
    return cnn.layer_infos(keras.Model(picture, outputs))[-1]


@pytest.mark.parametrize(
    ("layer", "shape", "inputs", "cost"),
    [
        (layers.Conv2DTranspose(3, 2, strides=2), (4, 4, 2), 1, 2 * 2 * 3 * 2 * 4 * 4),
        (layers.SeparableConv2D(5, 3, padding="same"), (4, 4, 2), 1, (9 * 2 + 2 * 5) * 16),
        (layers.Conv2D(4, 3, groups=2), (5, 5, 2), 1, 3 * 3 * 1 * 4 * 9),
        (layers.LSTM(3), (7, 5), 1, 7 * (5 + 3) * 4 * 3),
        (layers.LSTM(16), (28, 28), 1, 78_848),
        (layers.GRU(3, return_sequences=True), (7, 5), 1, 7 * (5 + 3) * 3 * 3),
        (layers.Bidirectional(layers.SimpleRNN(3)), (7, 5), 1, 2 * 7 * (5 + 3) * 3),
        (layers.RNN([layers.SimpleRNNCell(3), layers.SimpleRNNCell(2)]), (7, 5), 1,
         7 * ((5 + 3) * 3 + (3 + 2) * 2)),
        (layers.ConvLSTM1D(2, 3, padding="same"), (7, 6, 1), 1, 7 * 6 * 3 * (1 + 2) * 4 * 2),
        (layers.TimeDistributed(layers.Dense(3)), (7, 5), 1, 7 * 5 * 3),
        (layers.TimeDistributed(layers.LSTM(4)), (12, 10, 3), 1, 12 * 10 * (3 + 4) * 4 * 4),
        (layers.TimeDistributed(keras.Sequential([
            layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)])), (5, 6, 6, 1), 1,
         5 * (4 * 4 * 9 * 2 + 32 * 3)),
        (layers.SpectralNormalization(layers.Conv2DTranspose(3, 2, strides=2)), (4, 4, 2), 1,
         2 * 2 * 3 * 2 * 4 * 4),
        (lambda x: layers.Attention()([x, x]), (6, 5), 1, 6 * 6 * (5 + 5)),
        (lambda x: layers.AdditiveAttention()([x, x]), (6, 5), 1, 6 * 6 * (5 + 5)),
        (lambda x: layers.Dot(axes=2)([x, x]), (6, 5), 1, 6 * 6 * 5),
        (lambda x: layers.Dot(axes=(1, 1))([x, x]), (6, 5), 1, 5 * 5 * 6),
        (lambda x: ops.dot(x, np.ones((5, 3))), (6, 5), 1, 6 * 5 * 3),
        (lambda x: ops.matmul(x, ops.swapaxes(x, 1, 2)), (6, 5), 1, 6 * 6 * 5),
        (lambda x: ops.matmul(np.ones((2, 6), "float32"), x), (6, 5), 1, 2 * 6 * 5),
        (lambda x: ops.einsum("bqc,bkc->bqk", x, x), (6, 5), 1, 6 * 6 * 5),
        (lambda x: ops.einsum("...c,cd->...d", x, np.ones((5, 3), "float32")), (6, 5), 1, 6 * 5 * 3),
        (lambda x: ops.einsum("bqc->bq", x), (6, 5), 1, 0),
        (lambda x: ops.conv(x, np.ones((2, 2, 2, 3), "float32")), (4, 4, 2), 1, 3 * 3 * 4 * 2 * 3),
        (lambda x: ops.depthwise_conv(x, np.ones((2, 2, 2, 1), "float32")), (4, 4, 2), 1,
         3 * 3 * 4 * 2),
        (lambda x: ops.separable_conv(
            x, np.ones((2, 2, 2, 1), "float32"), np.ones((1, 1, 2, 5), "float32")), (4, 4, 2), 1,
         3 * 3 * (4 * 2 + 2 * 5)),
        (lambda x: ops.conv_transpose(x, np.ones((2, 2, 3, 2), "float32"), 2), (4, 4, 2), 1,
         4 * 4 * 4 * 3 * 2),
        (layers.EinsumDense("abc,cde->abde", (None, 2, 3)), (7, 5), 1, 7 * 5 * 2 * 3),
        (layers.EinsumDense("...c,cd->...d", 3), (7, 5), 1, 7 * 5 * 3),
        (layers.EinsumDense("abc,bcd->ad", 3), (7, 5), 1, 7 * 5 * 3),
        (layers.MultiHeadAttention(2, 3), (7, 4), 2, 4 * 7 * 4 * 6 + 7 * 7 * 2 * (3 + 3)),
        (layers.GroupQueryAttention(4, 4, 2), (6, 4), 2,
         2 * 6 * 4 * 16 + 2 * 6 * 4 * 8 + 6 * 6 * 4 * (4 + 4)),
        (layers.MultiHeadAttention(2, 3, use_gate=True), (7, 4), 2,
         5 * 7 * 4 * 6 + 7 * 7 * 2 * (3 + 3)),
        (layers.MultiHeadAttention(2, 3, attention_axes=(2,)), (12, 10, 3), 2,
         4 * 120 * 3 * 6 + 120 * 10 * 2 * (3 + 3)),
        (layers.MultiHeadAttention(2, 3, attention_axes=(1,)), (12, 10, 3), 2,
         4 * 120 * 3 * 6 + 120 * 12 * 2 * (3 + 3)),
        (layers.MultiHeadAttention(2, 3, attention_axes=(-1,)), (12, 10, 5), 2,
         4 * 120 * 5 * 6 + 120 * 2 * 2 * (3 + 3)),
        (layers.Conv2D(4, 3), (None, 9, 1), 1, None),
        (layers.ReLU(), (None, None, 1), 1, 0),
    ],
)  # fmt: skip
def test_every_kernel_is_counted_as_often_as_it_is_used(layer, shape, inputs, cost):
    assert of(layer, shape, inputs).multiply_adds == cost


def test_a_kernel_of_packed_codes_is_counted_as_what_it_stands_for():
    picture = keras.Input((8, 8, 1), name="picture")
    row = layers.Flatten()(picture)
    ends = [layers.Dense(7, name="dense"), layers.EinsumDense("ab,bc->ac", 7, name="einsum")]
    model = keras.Model(picture, layers.Concatenate()([end(row) for end in ends]))
    for end in ends:
        end.quantize("int4")
        assert cnn.layer_info(model, end.name).multiply_adds == 64 * 7


def test_an_open_size_leaves_the_total_open():
    picture = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="c")(picture))
    model = as_functional(keras.Model(picture, layers.Dense(10)(x)))
    assert cnn.totals(model).multiply_adds is None
    assert cnn.captions.cost(None) == "depends on the picture's size"
    assert cnn.layer_info(model, "c").receptive_field == (3, 3)


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        ([layers.Conv2D(2, 3, strides=2)], "3×3 pixels"),
        ([layers.Conv2D(2, 3, strides=2), layers.GlobalAveragePooling2D()], "whole picture"),
        ([layers.MaxPooling2D(32), layers.GlobalMaxPooling2D()], "whole picture"),
        ([layers.Conv2D(2, 200), layers.Conv2D(2, 200)], "399×399 pixels"),
        ([layers.Resizing(8, 8), layers.Conv2D(2, 3)], "not known"),
    ],
)
def test_of_an_open_size_a_layer_sees_as_much_of_any_picture_or_all(chain, told):
    x = picture = keras.Input((None, None, 1))
    for layer in chain:
        x = layer(x)
    model = as_functional(keras.Model(picture, x))
    assert cnn.captions.field(cnn.layer_infos(model)[-1]) == told


def squeezed() -> keras.Model:
    """Maps, each times a number made of their means."""
    picture = keras.Input((12, 12, 1), name="picture")
    maps = layers.Conv2D(4, 3, name="maps")(picture)
    means = layers.GlobalAveragePooling2D(keepdims=True, name="means")(maps)
    gate = layers.Conv2D(4, 1, name="gate")(means)
    return keras.Model(picture, layers.Multiply(name="end")([maps, gate]))


def tokens() -> keras.Model:
    """Patches of 4x4 as a sequence, and windows of two of them."""
    picture = keras.Input((12, 12, 1), name="picture")
    x = layers.Reshape((9, 4))(layers.Conv2D(4, 4, strides=4)(picture))
    return keras.Model(picture, layers.LayerNormalization(name="end")(x))


def behind(*chain) -> keras.Model:
    picture = x = keras.Input((12, 12, 1), name="picture")
    for layer in chain:
        x = layer(x)
    chain[-1].name = "end"
    return keras.Model(picture, x)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (squeezed(), "whole picture"),
        (tokens(), "4×4 pixels"),
        (behind(layers.Conv2D(2, 3), layers.UpSampling2D(2, interpolation="bilinear")), "4×4 pixels"),
        (behind(layers.Conv2D(2, 3), layers.Resizing(20, 20)), "4×4 pixels"),
        (behind(layers.Conv2D(2, 3), layers.LayerNormalization(axis=[1, 2])), "whole picture"),
        (behind(layers.Conv2D(2, 3), layers.GroupNormalization(1)), "whole picture"),
        (behind(layers.Conv2D(2, (1, 5)), layers.Permute((2, 1, 3))), "1×5 pixels"),
        (behind(layers.Reshape((12, 12)), layers.Conv1D(2, 3)), "3×12 pixels"),
        (behind(layers.Reshape((12, 12)), layers.LSTM(2)), "whole picture"),
        (behind(layers.AdaptiveAveragePooling2D(3)), "4×4 pixels"),
        (behind(layers.AdaptiveMaxPooling2D(5)), "4×4 pixels"),
        (behind(layers.Resizing(5, 5, interpolation="bicubic")), "at most the whole picture"),
        (behind(layers.Permute((3, 1, 2)), layers.Flatten(), layers.Dense(2)), "whole picture"),
    ],
)  # fmt: skip
def test_a_layer_is_said_to_see_what_its_cells_read(model, told):
    info = cnn.layer_info(model, "end")
    assert cnn.captions.field(info) == told


def test_an_unknown_layer_names_those_that_exist(classifier):
    with pytest.raises(cnn.LayerError, match="no layer 'x'.*dense_1"):
        cnn.layer_info(classifier, "x")
