from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import cnn
from cnn import Architecture, TrainingConfig
from cnn.captions import (
    accuracy,
    change,
    channel,
    course,
    dense_weights,
    gradients,
    grid,
    kernel_tiles,
    layer_output,
    probabilities,
    recognised,
    single_kernel,
    spread,
    vector,
)

PLAIN = TrainingConfig(augment=False)


@pytest.fixture
def convolution(classifier):
    return cnn.layer_info(classifier, "conv2d")


def test_silent_channels_are_named_and_only_then(convolution):
    maps = np.random.default_rng(0).random((26, 26, 32)).astype(np.float32)
    assert "no channel is silent" in layer_output(convolution, maps).notice
    maps[..., [3, 9]] = 0
    notice = layer_output(convolution, maps).notice
    assert "channels 3, 9 are silent for this picture" in notice


def test_after_relu_is_withheld_where_a_value_is_negative(convolution):
    maps = np.ones((26, 26, 32), np.float32)
    assert "after ReLU: nothing is below zero" in layer_output(convolution, maps).seen
    maps[0, 0, 0] = -1
    assert "nothing is below zero" not in layer_output(convolution, maps).seen


def test_the_strongest_cell_is_where_the_picture_has_it(convolution):
    maps = np.zeros((26, 26, 32), np.float32)
    maps[4, 11, 7] = 2.5
    assert "The largest value is 2.5, in channel 7 at row 4, column 11" in (
        layer_output(convolution, maps).notice
    )
    maps[20, 2, 8] = -3.5
    assert (
        "The value largest in size is −3.5, in channel 8" in layer_output(convolution, maps).notice
    )


def test_a_constant_output_says_so(convolution):
    assert layer_output(convolution, np.zeros((26, 26, 32), np.float32)).notice == (
        "Every cell is 0: the picture leaves no trace here."
    )


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_an_output_without_a_number_is_not_taken_for_a_constant_one(convolution, value):
    maps = np.full((26, 26, 32), value, np.float32)
    kind = "NaN" if np.isnan(value) else "infinite"
    assert layer_output(convolution, maps, began="conv2d").notice == (
        f"21,632 of 21,632 numbers are not finite ({kind}) and left blank. That begins here."
    )


def test_another_picture_gets_another_sentence(classifier):
    data = cnn.load_dataset("digits")
    told = []
    for label in (1, 8):
        values = cnn.activations(classifier, data.sample(label, seed=0).pixels)
        told.append(layer_output(cnn.layer_info(classifier, "dense"), values["dense"]).notice)
    assert told[0] != told[1]


def test_cross_correlation_is_only_said_of_convolutions(classifier, seven):
    for name, values in cnn.activations(classifier, seven).items():
        info = cnn.layer_info(classifier, name)
        said = "cross-correlation" in layer_output(info, values).seen
        assert said == (info.kind == "Conv2D")


def test_probabilities_name_the_winner_and_the_runner_up(classifier, seven):
    prediction = cnn.predict(classifier, seven)
    told = probabilities(cnn.layer_info(classifier, "dense_1"), prediction)
    assert "add up to 1 (softmax)" in told.seen
    (first, _), (second, _) = prediction.top(2)
    assert told.notice.startswith(f"Class {first} gets")
    assert f"runner-up {second}" in told.notice


def test_equal_kernels_get_no_notice():
    tiles = np.ones((3, 3, 4), np.float32)
    assert kernel_tiles(tiles).notice == ""
    tiles[..., 2] *= 3
    assert "Kernel 2 has the largest weights" in kernel_tiles(tiles).notice


def test_overfitting_is_said_only_where_the_curves_show_it():
    assert "overfitting" in course([1.0, 0.5, 0.2], [0.9, 0.6, 0.9], PLAIN).notice
    assert "overfitting" not in course([1.0, 0.5, 0.2], [0.9, 0.6, 0.5], PLAIN).notice
    assert course([], [], PLAIN).notice == ""


def test_the_captions_of_a_training_say_how_both_curves_are_measured_and_why_they_part():
    hard = TrainingConfig(wrong_labels=0.4, architecture=Architecture(dropout=0.5))
    assert course([1.0, 0.2], [0.5, 0.3], hard).seen == (
        "2 epochs. Training is the mean over each epoch, measured while the network learns, on "
        "varied pictures, with dropout, with 40% wrong labels; validation is measured at the epoch's "
        "end. That is why training can be the higher of the two, as in 1 of the 2 epochs here."
    )
    assert course([0.2], [0.3], PLAIN).seen == (
        "1 epoch. Training is the mean over each epoch, measured while the network learns; "
        "validation is measured at the epoch's end."
    )
    told = accuracy([0.5, 0.9], [0.8, 0.8], PLAIN)
    assert told.seen.endswith("training can be the lower of the two, as in 1 of the 2 epochs here.")
    assert told.notice == "The best validation accuracy is 80.00%, after epoch 1."
    assert "That is why" not in accuracy([0.9], [0.8], PLAIN).seen


def shares(*rows):
    return pd.DataFrame(rows, columns=["0", "1", "2"]).assign(epoch=1)


def test_the_hardest_class_is_named_but_not_of_a_network_with_one_answer():
    plain = recognised(shares([0.5, 0.75, 1.0]), ["In the end"])
    assert plain.notice == "In the end class 0 is recognised least (50.0%), class 2 most (100.0%)."
    one = recognised(shares([0.0, 0.0, 1.0]), ["In the end"])
    assert one.notice.startswith("In the end only class 2 is recognised, as by a network that")
    assert "hard" not in plain.seen + plain.notice
    many = recognised(shares([0.5, 0.75, 1.0], [0.0, 0.25, 0.0]), ["In A", "In B"])
    assert many.notice.startswith("In B only class 1 is recognised")
    assert recognised(shares([0.5, 0.5, 0.5]), ["In the end"]).notice == ""


def test_a_class_without_pictures_is_told():
    assert recognised(shares([0.5, np.nan, 1.0]), ["In the end"]).seen.endswith(
        "An empty cell is a class without pictures."
    )


def test_a_gradient_of_zero_is_named_as_it_cannot_be_drawn():
    told = gradients("adam", {"conv2d": 0.0, "dense": 1.0}).seen
    assert told.endswith("it is 0 for conv2d, which has no place on a logarithmic axis.")
    assert gradients("adam", {"dense": 1.0}) == gradients("adam")


def test_every_layer_of_any_model_gets_both_sentences(second_model):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    for name, values in cnn.activations(second_model, picture).items():
        told = layer_output(cnn.layer_info(second_model, name), values)
        assert told.seen.endswith(".")
        assert told.notice.endswith(".")


def test_a_channel_is_described_by_its_own_map():
    values = np.zeros((4, 5), np.float32)
    assert "silent for this picture" in channel(3, values).notice
    values[2, 4] = -1.5
    told = channel(3, values).notice
    assert "The value largest in size is −1.5, at row 2, column 4; 95.0% of it is zero" in told
    assert "zero" not in channel(3, values + 2).notice
    assert channel(3, values * 0 + 2).notice == ""


def test_a_layer_of_one_channel_is_not_counted_for_silence(convolution):
    one = replace(convolution, output_shape=(26, 26, 1))
    maps = np.random.default_rng(0).random((26, 26, 1)).astype(np.float32)
    assert "silent" not in layer_output(one, maps).notice
    assert "1 feature map of 26×26" in layer_output(one, maps).seen


def test_a_grid_counts_what_is_above_the_mean():
    assert "1 of 4 is above the mean of all, 1" in grid(np.array([0, 0, 0, 4], np.float32)).notice
    assert "2 of 4 are above" in grid(np.array([0, 0, 4, 4], np.float32)).notice
    assert "all are 2" in grid(np.full(3, 2, np.float32)).seen


def test_a_kernel_names_its_largest_weight_and_its_sum_where_signs_mix():
    weights = np.array([[0.5, -2.0], [0.25, 0.25]], np.float32)
    told = single_kernel(1, weights).notice
    assert (
        "The weight largest in size is −2, at row 0, column 1; all together they add up to −1"
        in told
    )
    assert "add up" not in single_kernel(1, np.abs(weights), inputs=2).notice


def test_the_spread_tells_mean_and_deviation():
    told = spread(np.array([-1, -1, 1, 1], np.float32))
    assert "4 weights" in told.seen
    assert "mean is 0, their standard deviation 1; 100.0%" in told.notice
    assert spread(np.full(4, 0.5, np.float32)).notice == "All of them are 0.5."


def test_a_vector_of_equal_numbers_has_no_range():
    assert vector("bias", np.full(3, -0.0078, np.float32)).notice == "All of them are −0.0078."
    assert vector("bias", np.array([-0.0078], np.float32)).notice == "It is −0.0078."
    close = np.array([0.10001, 0.10002], np.float32)
    assert vector("bias", close).notice == "All of them are about 0.1."
    assert "2 numbers, one per unit" in vector("bias", close, each="unit").seen
    assert vector("bias", np.array([-1, 2], np.float32)).notice == "They range from −1 to 2."


def test_the_weight_farthest_from_zero_is_said_to_be_the_largest_in_size():
    kernel = np.array([[0.225, -0.281], [0.1, 0.2]], np.float32)
    assert (
        "The weight largest in size is −0.281, from input 0 to unit 1"
        in dense_weights(kernel).notice
    )
    assert "The largest weight is 0.281" in dense_weights(np.abs(kernel)).notice
    assert dense_weights(np.full((2, 2), 0.1, np.float32)).notice == ""


def captioned(layer, shape=(20, 20, 3)):
    """What is said of a layer's own output for a random picture, and what it does in general."""
    import keras

    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Flatten()(layer(inputs)))
    info = next(i for i in cnn.layer_infos(model) if i.kind == type(layer).__name__)
    values = np.random.default_rng(0).normal(size=info.output_shape).astype(np.float32)
    return layer_output(info, values).seen, cnn.captions.explanation(info)


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        ("Conv2D", {}, "its bias plus the cross-correlation of the 20×20×3 input with one kernel of 3"),
        ("Conv2D", {"use_bias": False}, "each is the cross-correlation of the 20×20×3 input"),
        ("Conv2D", {"dilation_rate": 2}, "one kernel of 3×3×3 whose cells lie 2 apart (dilation)"),
        ("Conv2D", {"groups": 3}, "of 1 channel of the 20×20×3 input with one kernel of 3×3×1"),
        ("Conv2DTranspose", {}, "each spread over 3×3 cells by one kernel of 3×3×3"),
    ],
)  # fmt: skip
def test_a_convolution_tells_its_bias_and_its_whole_kernel(kind, settings, told):
    import keras

    seen, _ = captioned(getattr(keras.layers, kind)(6, 3, **settings))
    assert told in seen
    is_plain = kind == "Conv2D" and settings.get("use_bias", True)
    assert ("Where the input is zero, only the bias is left." in seen) == is_plain


@pytest.mark.parametrize(
    ("activation", "told"),
    [(None, "only the bias is left."), ("relu", "only the bias goes into ReLU."),
     ("softmax", "only the bias goes into softmax.")],
)  # fmt: skip
def test_a_bias_alone_is_what_a_function_makes_of_it(activation, told):
    import keras

    seen, _ = captioned(keras.layers.Conv2D(6, 3, activation=activation))
    assert f" Where the input is zero, {told}" in seen


@pytest.mark.parametrize(
    ("activation", "told"),
    [("sigmoid", "and a bias; sigmoid brings every sum between 0 and 1."),
     ("tanh", "and a bias; tanh brings every sum between −1 and 1.")],
)  # fmt: skip
def test_a_function_with_ends_is_explained(activation, told):
    import keras

    _, explained = captioned(keras.layers.Dense(2, activation=activation))
    assert explained.endswith(told)


def test_a_new_shape_is_told_with_the_one_before():
    import keras

    seen, explained = captioned(keras.layers.Reshape((10, 40, 3)))
    assert seen.startswith("The numbers of 20×20×3 one after the other, in the shape 10×40×3.")
    assert explained == "Arranges the same numbers in another shape, 10×40×3; nothing changes."


def test_a_depthwise_convolution_sees_one_channel_at_a_time():
    import keras

    seen, _ = captioned(keras.layers.DepthwiseConv2D(3))
    assert "its bias plus the cross-correlation of one channel of the 20×20×3 input" in seen


def test_dense_units_add_their_bias(classifier):
    values = np.arange(64, dtype=np.float32)
    info = cnn.layer_info(classifier, "dense")
    assert (
        "64 units, each its bias plus a weighted sum of 1,600 numbers"
        in layer_output(info, values).seen
    )
    assert "and a bias" in cnn.captions.explanation(info)


def described(layer, shape=(6, 6, 4), inputs=1, **options) -> str:
    """The sentence on a layer, of one or more pictures of the shape."""
    picture = keras.Input(shape, name="picture")
    given = picture if inputs == 1 else [picture] * inputs
    info = cnn.layer_infos(keras.Model(picture, layer(given, **options)))[-1]
    zeros = np.zeros([side or 1 for side in info.output_shape], np.float32)
    return f"{layer_output(info, zeros).seen} {cnn.captions.explanation(info)}"


@pytest.mark.parametrize(
    ("layer", "options", "told"),
    [
        (layers.Dense(3), {}, "3 units at each of 6×6 places, each its bias plus a weighted sum of 4 "
         "numbers there"),
        (layers.Dense(3), {}, "adds up the 4 numbers of one place"),
        (layers.ReLU(), {}, "Sets every negative number to zero: a map says where"),
        (layers.ReLU(max_value=6), {}, "zero, and every number above 6 to 6."),
        (layers.ReLU(negative_slope=0.1), {}, "Multiplies every negative number by 0.1"),
        (layers.ReLU(threshold=0.5), {}, "Sets every number below 0.5 to zero"),
        (layers.ReLU(negative_slope=0.1, threshold=0.5), {}, "Makes 0.1 × (x − 0.5) of every number x"),
        (layers.LeakyReLU(0.2), {}, "Multiplies every negative number by 0.2"),
        (layers.Concatenate(), {"inputs": 2}, "The channels of 2 layers side by side"),
        (layers.Concatenate(axis=1), {"inputs": 2}, "The rows of 2 layers one below the other"),
        (layers.Concatenate(axis=2), {"inputs": 2}, "The columns of 2 layers side by side"),
        (layers.BatchNormalization(axis=1), {}, "Each row shifted and stretched"),
        (layers.UpSampling2D(), {}, "Repeats every cell"),
        (layers.UpSampling2D(interpolation="bilinear"), {}, "a mixture of its neighbours (bilinear)"),
        (layers.MaxPooling2D(2), {}, "of every 2×2 cells: maps shrink, and it matters less"),
        (layers.MaxPooling2D(3, 1, "same"), {}, "of every 3×3 cells: it matters less"),
        (layers.AveragePooling2D(3, 1, "same"), {}, "the mean of every 3×3 cells."),
        (layers.RandomFlip(), {}, "The same numbers as before: RandomFlip changes pictures in training"),
        (layers.Solarization(), {}, "numbers as before: Solarization changes pictures in training only"),
        (layers.Dropout(0.5), {"training": True}, "called with training=True: model(x) goes"),
        (lambda x: x - 1, {}, "The difference of the layer before and a constant, cell by cell"),
        (layers.SeparableConv1D(2, 3), {"shape": (6, 4)}, "Slides a pattern of 3 cells over each map"),
        (layers.ConvLSTM2D(2, 3), {"shape": (2, 6, 6, 4)}, "memory after the last of 2 steps"),
        (layers.Multiply(), {"inputs": 2}, "The product of 2 layers, cell by cell"),
        (layers.LSTM(3, return_sequences=True), {"shape": (6, 4)}, "memory after each of 6 rows"),
        (layers.LSTM(3), {"shape": (6, 4)}, "memory after the last of 6 rows, 3."),
    ],
)  # fmt: skip
def test_a_sentence_on_a_layer_follows_its_settings(layer, options, told):
    assert told in described(layer, **options)


@pytest.mark.parametrize(
    ("shape", "at", "told"),
    [
        ((5, 2), (3, 1), "in channel 1 at place 3;"),
        ((5, 4, 2), (3, 2, 1), "in channel 1 at row 3, column 2;"),
        ((2, 5, 4, 2), (1, 3, 2, 1), "in channel 1 at slice 1, row 3, column 2;"),
        ((2, 2, 5, 4, 2), (1, 0, 3, 2, 1), "in channel 1 at place 1, 0, 3, 2;"),
        ((1, 1, 1), (0, 0, 0), "Its only cell is 2."),
    ],
)
def test_of_any_rank_the_largest_cell_is_named(shape, at, told):
    values = np.ones(shape, np.float32)
    values[at] = 2
    picture = keras.Input(shape, name="picture")
    info = cnn.layer_infos(keras.Model(picture, layers.Activation("relu")(picture)))[-1]
    assert told in layer_output(info, values).notice


def called_in_training(*given):
    x = picture = keras.Input((6, 6, 4))
    for layer, settings in given:
        x = layer(x, **settings)
    return cnn.captions.called_in_training(cnn.layer_infos(keras.Model(picture, x)))


def test_what_is_called_as_in_training_is_told_of_the_whole_network():
    on = {"training": True}
    dropout, noise = layers.Dropout(0.5, name="mc"), layers.GaussianNoise(0.1, name="noise")
    assert called_in_training((layers.Dropout(0.5), {}), (layers.RandomFlip(), {})) == ""
    assert called_in_training((dropout, on)) == (
        "What model(x) says differs from call to call: it goes through mc as in training "
        "(training=True). model.predict(x) does not, and this is what it says."
    )
    assert "goes through mc and noise as" in called_in_training((dropout, on), (noise, on))
    norm = layers.BatchNormalization(name="norm")
    assert called_in_training((norm, on)).startswith(
        "What model(x) says may differ: it goes through norm"
    )
    many = [(layers.Dropout(0.5, name=f"mc_{i}"), on) for i in range(5)]
    assert "mc_0, mc_1, mc_2 and 2 others as in training" in called_in_training(*many)


def test_what_is_not_so_is_not_said():
    assert "repeat" not in described(layers.UpSampling2D(interpolation="bilinear")).lower()
    assert "shrink" not in described(layers.MaxPooling2D(3, 1, "same"))
    assert "leakyrelu" not in described(layers.LeakyReLU())
    varying = layers.RandomFlip(), layers.Resizing(3, 3), layers.CenterCrop(3, 3)
    for layer in (layers.Dropout(0.5), *varying):
        assert "training=True" not in described(layer)
    assert "small" in described(layers.Rescaling(1 / 255))
    assert "small" not in described(layers.Rescaling(255.0))


@pytest.mark.parametrize(
    ("scale", "offset", "told"),
    [
        (1 / 255, 0, "divided by 255."),
        (1 / 127.5, -1, "divided by 127.5, and 1 is taken away."),
        (2.0, 0.5, "multiplied by 2, and 0.5 is added."),
    ],
)  # fmt: skip
def test_a_rescaling_tells_its_scale_and_its_offset(scale, offset, told):
    import keras

    seen, _ = captioned(keras.layers.Rescaling(scale, offset))
    assert seen.startswith(f"Each number of the input is {told}")


@pytest.mark.parametrize(
    ("optimizer", "told"),
    [
        ("sgd", "A step is this gradient times the learning rate"),
        ("momentum", "a sum of the gradients so far"),
        ("adam", "Steps are not that large"),
        ("rmsprop", "Steps are not that large"),
    ],
)
def test_how_large_a_step_is_depends_on_the_optimiser(optimizer, told):
    assert told in gradients(optimizer).notice


def test_the_difference_of_two_moments_is_read_from_left_to_right():
    left, right = np.zeros((2, 2, 3), np.float32), np.zeros((2, 2, 3), np.float32)
    assert change(left, right).seen == "Both are the same, to every bit."
    right[1, 0, 2] = -4
    told = change(left, right)
    assert told.seen.startswith("Red is where the right one is higher, blue where it is lower")
    assert "They differ most in channel 2, by 4" in told.notice
    assert change(left, left + 1).seen == "Everywhere the right one is 1 higher."
    assert change(left + 1, left).seen == "Everywhere the right one is 1 lower."
