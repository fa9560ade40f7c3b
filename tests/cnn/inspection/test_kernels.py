import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.inspection.kernels import kernel_names


@pytest.mark.parametrize(
    ("layer", "shape", "tiles"),
    [
        (layers.Conv1D(5, 3, name="l"), (10, 2), (3, 1, 5)),
        (layers.Conv2D(5, (3, 2), name="l"), (10, 10, 4), (3, 2, 5)),
        (layers.Conv3D(5, (2, 3, 4), name="l"), (9, 9, 9, 2), (6, 4, 5)),
        (layers.DepthwiseConv2D(3, name="l"), (10, 10, 4), (3, 3, 4)),
        (layers.Conv2DTranspose(5, 3, name="l"), (10, 10, 4), (3, 3, 5)),
    ],
)
def test_kernels_of_any_rank_become_one_tile_per_output_channel(layer, shape, tiles):
    picture = keras.Input(shape)
    kernel = cnn.kernels(keras.Model(picture, layer(picture)), "l")
    assert cnn.kernel_tiles(kernel).shape == tiles


def test_a_separable_layer_has_two_kernels():
    picture = keras.Input((10, 10, 4))
    layer = layers.SeparableConv2D(5, 3, depth_multiplier=2, name="l")
    model = keras.Model(picture, layer(picture))
    names = kernel_names(cnn.weights(model, "l"))
    assert names == ("depthwise_kernel", "pointwise_kernel")
    apart, joined = (cnn.kernels(model, "l", name=name) for name in names)
    assert (apart.shape, joined.shape) == ((3, 3, 1, 8), (1, 1, 8, 5))
    # The channels of the first step stand in this order before the second.
    np.testing.assert_array_equal(apart[0, 0, 0], layer.get_weights()[0][0, 0].ravel())
    with pytest.raises(cnn.LayerError, match="no kernel 'bias': it has"):
        cnn.kernels(model, "l", name="bias")


def test_a_tile_is_the_kernel_of_its_channel(classifier):
    kernel = cnn.kernels(classifier, "conv2d")
    expected = classifier.get_layer("conv2d").get_weights()[0]
    np.testing.assert_array_equal(kernel, expected)
    np.testing.assert_array_equal(cnn.kernel_tiles(kernel)[..., 5], expected[:, :, 0, 5])


def test_without_an_input_channel_the_norm_over_all_is_shown(classifier):
    kernel = cnn.kernels(classifier, "conv2d_1")
    norms = cnn.kernel_tiles(kernel)
    assert norms[1, 2, 7] == pytest.approx(np.linalg.norm(kernel[1, 2, :, 7]), rel=1e-6)
    np.testing.assert_array_equal(cnn.kernel_tiles(kernel, 3), kernel[:, :, 3])


def test_an_input_channel_that_does_not_exist_is_refused(classifier):
    with pytest.raises(cnn.LayerError, match="no input channel 32: choose 0 to 31"):
        cnn.kernel_tiles(cnn.kernels(classifier, "conv2d_1"), 32)


def test_a_layer_without_weights_has_no_kernel(classifier):
    with pytest.raises(cnn.LayerError, match="'flatten' has no kernel"):
        cnn.kernels(classifier, "flatten")


def test_biases_are_none_where_the_layer_adds_none(second_model):
    assert cnn.biases(second_model, "right") is None
    assert cnn.biases(second_model, "left").shape == (8,)


def rows(*chain) -> keras.Model:
    """The layers one after the other, behind a picture as rows of numbers."""
    picture = keras.Input((6, 5, 1))
    x = layers.Reshape((6, 5))(picture)
    for layer in chain:
        x = layer(x)
    return keras.Model(picture, x)


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        (
            layers.Bidirectional(layers.SimpleRNN(3, name="rnn"), name="l"),
            {
                f"{way}_rnn/simple_rnn_cell/{name}"
                for way in ("forward", "backward")
                for name in ("kernel", "recurrent_kernel", "bias")
            },
        ),
        (
            layers.RNN([layers.LSTMCell(2, name="a"), layers.LSTMCell(3, name="a")], name="l"),
            {
                f"{name}{second}"
                for name in ("kernel", "recurrent_kernel", "bias")
                for second in ("", ":2")
            },
        ),
        (layers.LSTM(2, name="l"), {"kernel", "recurrent_kernel", "bias"}),
    ],
)
def test_weights_of_layers_inside_a_layer_are_all_kept(layer, names):
    model = rows(layer)
    weights = cnn.weights(model, "l")
    assert set(weights) == names == set(dict(cnn.layer_info(model, "l").weight_shapes))
    for values, given in zip(weights.values(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(values, given)


def test_an_attention_has_eight_weights():
    picture = keras.Input((6, 5, 1))
    x = layers.Reshape((6, 5))(picture)
    model = keras.Model(picture, layers.MultiHeadAttention(2, 3, name="l")(x, x))
    parts = ("query", "key", "value", "attention_output")
    assert cnn.kernels(model, "l").shape == (5, 2 * 3)
    assert cnn.kernels(model, "l", name="attention_output/kernel").shape == (2 * 3, 5)
    assert list(cnn.weights(model, "l")) == [f"{p}/{w}" for p in parts for w in ("kernel", "bias")]


def calibration(kind, block):
    """A configuration of gptq or awq: 8 rows of whole numbers, as they take no others."""
    numbers = np.random.default_rng(0).integers(0, 255, (8, 30)).astype("int32")
    blocks = {"pre_block_layers": [layers.Reshape((6, 5))], "sequential_blocks": [block]}
    return kind(
        numbers, object(), num_samples=8, sequence_length=30, group_size=-1,
        quantization_layer_structure=blocks,
    )  # fmt: skip


def quantised(model, mode):
    """Quantise the layers "l" and "e" of the model."""
    if mode in ("gptq", "awq"):
        kind = {"gptq": keras.quantizers.GPTQConfig, "awq": keras.quantizers.AWQConfig}[mode]
        for name in "le":
            model.quantize(
                mode, config=calibration(kind, model.get_layer(name)), filters=f"^{name}$"
            )
    elif mode == "int4, one scale":
        model.quantize(config=keras.quantizers.Int4QuantizationConfig(block_size=-1))
    else:
        model.quantize(mode)


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
@pytest.mark.parametrize("mode", ["int8", "int4", "int4, one scale", "float8", "gptq", "awq"])
def test_a_quantised_kernel_is_what_the_layer_computes_with_and_no_codes(mode):
    model = rows(
        layers.Dense(5, name="l"), layers.EinsumDense("abc,cde->abde", (None, 2, 3), name="e")
    )
    before = {name: cnn.kernels(model, name) for name in "le"}
    quantised(model, mode)
    for name, equation in (("l", "ab,bc->ac"), ("e", "ab,bcd->acd")):
        layer, shape = model.get_layer(name), (1, 6, 5)
        kernel = cnn.weights(model, name)["kernel"]
        assert not np.array_equal(kernel.reshape(before[name].shape), before[name])
        # A row with a single 1 comes exactly through the quantisation of inputs.
        for row in range(5):
            unit = np.zeros(shape, np.float32)
            unit[0, :, row] = 1
            answer = np.einsum(equation, unit[0], kernel)
            bias = 0 if layer.bias is None else np.asarray(layer.bias)
            np.testing.assert_allclose(
                np.asarray(layer(unit))[0] - bias, answer, rtol=1e-5, atol=1e-6
            )


@pytest.mark.filterwarnings(
    "ignore:Layer .* does not have a `quantize` method",
    "ignore:You are saving your model as an HDF5",
)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("mode", ["int8", "int4", "int4, one scale", "float8"])
def test_a_quantised_model_from_a_file_has_the_weights_of_the_one_in_memory(tmp_path, mode, suffix):
    model = rows(layers.Dense(5, name="l"), layers.EinsumDense("abc,cd->abd", (None, 4), name="e"))
    quantised(model, mode)
    model.save(tmp_path / f"m{suffix}")
    opened = cnn.load_model(tmp_path / f"m{suffix}")
    for name in "le":
        before, after = cnn.weights(model, name), cnn.weights(opened, name)
        assert before.keys() == after.keys()
        for weight, values in before.items():
            np.testing.assert_array_equal(after[weight], values)


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_sums_of_a_quantised_last_layer_are_not_worked_out_of_its_codes():
    picture = keras.Input((6, 5, 1))
    last = layers.Dense(4, "softmax", name="l")(layers.Flatten()(picture))
    model = keras.Model(picture, last)
    model.quantize("int8")
    image = np.full((6, 5, 1), 200, np.uint8)
    said = cnn.predict(model, image)
    assert said.logits is None
    expected = np.asarray(model(cnn.prepare(image, model)))[0]
    np.testing.assert_allclose(said.probabilities, expected, atol=1e-6)
