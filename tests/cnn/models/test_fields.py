"""Receptive and projective fields, against what happens when pixels change."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops
from keras.src.applications.convnext import LayerScale

import cnn
from cnn.errors import LayerError
from cnn.inspection.connections import connections
from cnn.models import as_functional, graph
from tests import nets

SIZE = 12


def network(*chain, shape=(SIZE, SIZE, 1)) -> keras.Model:
    """The layers one after the other, named by their place: `at_1` and so on."""
    picture = x = keras.Input(shape, name="picture")
    for number, layer in enumerate(chain, 1):
        layer.name = f"at_{number}"
        x = layer(x)
    return as_functional(keras.Model(picture, x))


def marked(cells: cnn.Cells) -> list[tuple[int, ...]]:
    return [tuple(map(int, place)) for place in np.argwhere(cells.mask)]


def block(rows: range, columns: range) -> list[tuple[int, int]]:
    return [(row, column) for row in rows for column in columns]


# --- worked out by hand


def test_two_windows_of_3_read_5_and_less_at_the_border():
    model = network(layers.Conv2D(2, 3, padding="same"), layers.Conv2D(2, 3, padding="same"))
    middle = cnn.receptive_field(model, layer="at_2", row=5, column=6)
    assert marked(middle.picture) == block(range(3, 8), range(4, 9))
    assert marked(middle.cells["at_1"]) == block(range(4, 7), range(5, 8))
    assert marked(middle.cells["at_2"]) == [(5, 6)]
    assert middle.cells["at_1"].bounds == ((4, 6), (5, 7))
    corner = cnn.receptive_field(model, layer="at_2", row=0, column=11)
    assert marked(corner.picture) == block(range(3), range(9, 12))
    assert (middle.status, corner.status) == ("exact", "exact")
    assert list(middle.cells) == ["picture", "at_1", "at_2"]


def test_a_block_as_in_convnext_reads_no_more_than_its_window():
    model = network(
        layers.DepthwiseConv2D(7, padding="same"), layers.LayerNormalization(),
        layers.Dense(8, activation="gelu"), layers.Dense(4), LayerScale(0.5, 4), shape=(SIZE, SIZE, 4),
    )  # fmt: skip
    field = cnn.receptive_field(model, layer="at_5", row=5, column=6, channel=2)
    assert field.status == "exact"
    assert marked(field.picture) == block(range(2, 9), range(3, 10))
    assert connections(model, "at_5")[0].kind == "channel"


def test_of_an_odd_number_of_zeros_the_one_more_stands_at_the_end():
    model = network(layers.Conv2D(1, 3, strides=2, padding="same"))
    for cell, read in {0: range(3), 1: range(2, 5), 5: range(10, 12)}.items():
        field = cnn.receptive_field(model, layer="at_1", row=cell, column=cell)
        assert marked(field.picture) == block(read, read)


def test_dilation_leaves_holes():
    model = network(layers.Conv2D(1, 3, dilation_rate=2))
    field = cnn.receptive_field(model, layer="at_1", row=1, column=0)
    assert marked(field.picture) == block(range(1, 6, 2), range(0, 5, 2))
    assert field.picture.bounds == ((1, 5), (0, 4))


def test_a_skip_adds_what_it_reads():
    picture = keras.Input((SIZE, SIZE, 1), name="picture")
    x = layers.Conv2D(1, 3, dilation_rate=2, padding="same", name="apart")(picture)
    model = as_functional(keras.Model(picture, layers.Add(name="sum")([x, picture])))
    shortcut = layers.Conv2D(1, (1, 2), padding="same", name="pair")(picture)
    beside = layers.Concatenate(name="join")([x, shortcut])
    joined = as_functional(keras.Model(picture, beside))
    holes = block(range(3, 8, 2), range(4, 9, 2))
    assert marked(cnn.receptive_field(model, layer="sum", row=5, column=6).picture) == holes
    found = cnn.receptive_field(joined, layer="join", row=5, column=6).picture
    assert marked(found) == sorted([*holes, (5, 7)])


def test_a_transposed_convolution_spreads_each_cell():
    model = network(layers.Conv2DTranspose(1, 3, strides=2))
    reached = cnn.projective_field(model, row=2, column=3)
    assert marked(reached.cells["at_1"]) == block(range(4, 7), range(6, 9))
    assert marked(cnn.receptive_field(model, layer="at_1", row=4, column=7).picture) == [
        (1, 3),
        (2, 3),
    ]


@pytest.mark.parametrize("same", [ops.zeros_like, ops.ones_like])
def test_what_takes_the_shape_alone_reads_no_pixel_and_none_reaches_it(same):
    picture = keras.Input((SIZE, SIZE, 1), name="picture")
    maps = layers.Conv2D(2, 3, name="maps")(picture)
    shape = same(maps)
    model = keras.Model(picture, layers.Add(name="sum")([maps, shape]))
    alone = next(info.name for info in cnn.layer_infos(model) if info.kind.endswith("Like"))
    field = cnn.receptive_field(model, layer=alone, row=3, column=3)
    assert (field.picture, field.status) == (None, "exact")
    both = cnn.receptive_field(model, layer="sum", row=3, column=3)
    assert marked(both.picture) == block(range(3, 6), range(3, 6))
    assert both.status == "exact"
    assert list(cnn.projective_field(model, row=4, column=4).cells) == ["picture", "maps", "sum"]


def test_a_stride_past_the_window_reads_nothing_of_some_pixels():
    model = network(layers.AveragePooling2D(1, strides=3))
    assert marked(cnn.projective_field(model, row=3, column=6).cells["at_1"]) == [(1, 2)]
    unseen = cnn.projective_field(model, row=4, column=6).cells["at_1"]
    assert (marked(unseen), unseen.bounds) == ([], None)


def test_a_number_of_a_flat_row_is_a_place():
    model = network(layers.Conv2D(4, 1), layers.Flatten(), layers.Reshape((6, 24, 4)))
    unit = cnn.receptive_field(model, layer="at_2", channel=4 * (SIZE * 2 + 7) + 3)
    assert marked(unit.picture) == [(2, 7)]
    reached = cnn.projective_field(model, row=2, column=7)
    assert marked(reached.cells["at_2"]) == [(4 * (SIZE * 2 + 7) + i,) for i in range(4)]
    assert marked(reached.cells["at_3"]) == [(1, 7)]


def test_behind_flattened_maps_units_read_the_whole_picture():
    model = network(layers.Conv2D(2, 3, padding="same"), layers.Flatten(), layers.Dense(4))
    field = cnn.receptive_field(model, layer="at_3", channel=2)
    assert field.status == "whole picture"
    assert field.picture.mask.shape == (SIZE, SIZE)
    assert field.cells["at_2"].mask.all()
    assert marked(field.cells["at_3"]) == [(2,)]


def test_global_pooling_reads_the_whole_picture():
    model = network(layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(3))
    assert cnn.receptive_field(model, layer="at_2", channel=1).status == "whole picture"


@pytest.mark.parametrize(
    ("layer", "row", "rows"),
    [
        ("conv2d", 7, (7, 9)),
        ("max_pooling2d", 7, (14, 17)),
        ("conv2d_1", 7, (14, 21)),
        ("max_pooling2d_1", 3, (12, 21)),
    ],
)
def test_cells_of_the_bundled_classifier(classifier, layer, row, rows):
    field = cnn.receptive_field(classifier, layer=layer, row=row, column=row)
    assert field.picture.bounds == (rows, rows)
    assert field.picture.mask.sum() == (rows[1] - rows[0] + 1) ** 2


def test_the_last_row_and_column_of_two_never_reach_the_bundled_classifier_s_output(classifier):
    # 26, 13, 11 and 5 cells: the last pooling leaves one out, and with it two pixels.
    field = cnn.receptive_field(classifier, layer="dense_1", channel=3)
    assert (field.picture.bounds, field.status) == (((0, 25), (0, 25)), "exact")
    assert not cnn.projective_field(classifier, row=26, column=3).cells["dense"].mask.any()


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(2, 3, strides=2),
        layers.Conv2D(2, 3, dilation_rate=3),
        layers.MaxPooling2D((1, 4)),
        layers.SeparableConv2D(2, (2, 3), padding="same"),
    ],
)
def test_in_the_middle_the_size_is_the_one_of_the_layer_s_description(layer):
    chain = [layers.Conv2D(2, 3, padding="same"), type(layer).from_config(layer.get_config())]
    model = network(*chain, shape=(24, 24, 1))
    info = cnn.layer_info(model, "at_2")
    middle = {"row": info.output_shape[0] // 2, "column": info.output_shape[1] // 2}
    bounds = cnn.receptive_field(model, layer="at_2", **middle).picture.bounds
    assert tuple(last - first + 1 for first, last in bounds) == info.receptive_field


# --- against the network itself


def filled(model: keras.Model) -> keras.Model:
    """The model with positive kernels, so that nothing cancels."""
    rng = np.random.default_rng(3)
    weights = model.get_weights()
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) if w.ndim > 1 else w for w in weights])
    return model


def values(model: keras.Model, picture: np.ndarray) -> dict[str, np.ndarray]:
    """What each layer makes of a picture (height, width, channels)."""
    found = {}
    batch = tf.constant(picture[None], tf.float32)
    graph.run(model, batch, lambda name, _layer, _inputs, output: found.update({name: output}))
    return {name: output.numpy()[0] for name, output in found.items()}


def read(
    model: keras.Model, picture: np.ndarray, layer: str, place: tuple
) -> dict[str, np.ndarray]:
    """Of which cells of each layer before the gradient of a cell's channels is not zero."""
    numbers = read_numbers(model, picture, layer, place)
    return {name: over_channels(of_layer) for name, of_layer in numbers.items()}


def read_numbers(
    model: keras.Model, picture: np.ndarray, layer: str, place: tuple
) -> dict[str, np.ndarray]:
    """Of which numbers of each layer before the gradient of some of a layer's is not zero."""
    found = {}
    with tf.GradientTape() as tape:
        batch = tf.constant(picture[None], tf.float32)
        tape.watch(batch)
        graph.run(model, batch, lambda name, _layer, _inputs, output: found.update({name: output}))
        channels = found[layer][(0, *place)]
        apart = np.random.default_rng(4).uniform(0.5, 1.5, channels.shape)
        cell = tf.reduce_sum(channels * apart)
    gradients = tape.gradient(cell, found)
    return {
        name: gradient.numpy()[0] != 0
        for name, gradient in gradients.items()
        if gradient is not None
    }


def over_channels(changed: np.ndarray) -> np.ndarray:
    return changed if changed.ndim == 1 else changed.any(axis=-1)


def over_places(changed: np.ndarray) -> np.ndarray:
    return changed.any(axis=tuple(range(changed.ndim - 1)))


STEPS = {
    "valid": lambda: layers.Conv2D(2, 3),
    "same": lambda: layers.Conv2D(2, (3, 2), padding="same"),
    "stride": lambda: layers.Conv2D(2, 3, strides=(2, 3), padding="same"),
    "even": lambda: layers.Conv2D(1, (4, 2), strides=2),
    "dilation": lambda: layers.Conv2D(1, 3, dilation_rate=(2, 3), padding="same"),
    "depthwise": lambda: layers.DepthwiseConv2D(3, strides=2, padding="same"),
    "separable": lambda: layers.SeparableConv2D(2, (2, 3)),
    "transposed": lambda: layers.Conv2DTranspose(2, 3, strides=2, padding="same"),
    "transposed apart": lambda: layers.Conv2DTranspose(1, 2, strides=3, output_padding=1),
    "mean": lambda: layers.AveragePooling2D(2),
    "mean same": lambda: layers.AveragePooling2D(3, strides=2, padding="same"),
    "grouped": lambda: (
        lambda x: layers.Conv2D(2 * x.shape[-1], 2, groups=x.shape[-1], padding="same")(x)
    ),
    "doubled": lambda: layers.DepthwiseConv2D(2, depth_multiplier=2),
    "norm": lambda: layers.BatchNormalization(),
    "framed": lambda: layers.ZeroPadding2D(((1, 0), (2, 1))),
    "cut": lambda: layers.Cropping2D(((0, 1), (1, 0))),
    "repeated": lambda: layers.UpSampling2D((2, 1)),
    "exchanged": lambda: layers.Permute((2, 1, 3)),
    "adaptive": lambda: layers.AdaptiveAveragePooling2D(3),
}
ones = partial(np.ones, dtype="float32")
# What is done to numbers without a layer.
OPERATIONS = {
    "cut out": lambda x: x[:, 1:, ::2],
    "reversed": lambda x: x[..., ::-1],
    "some channels": lambda x: x[..., 1:] if x.shape[-1] > 1 else x[..., :1],
    "apart and back": lambda x: ops.stack([x[..., i] for i in range(x.shape[-1])][::-1], axis=-1),
    "flipped": lambda x: ops.flip(x, axis=1),
    "all flipped": lambda x: ops.flip(x, axis=(1, 2, 3)),
    "rolled": lambda x: ops.roll(x, 2, axis=2),
    "turned": lambda x: ops.rot90(x, axes=(1, 2)),
    "framed": lambda x: ops.pad(x, [[0, 0], [1, 0], [0, 2], [0, 1]], constant_values=1.5),
    "tiled": lambda x: ops.tile(x, (1, 2, 1, 2)),
    "every twice": lambda x: ops.repeat(x, 2, axis=2),
    "second half": lambda x: ops.split(x, (1, 3), axis=2)[1],
    "beside itself": lambda x: ops.concatenate([x, ops.flip(x, axis=1)], axis=-1),
    "in patches": lambda x: ops.image.extract_patches(x, 2, strides=1),
    "to depth": lambda x: ops.space_to_depth(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2], 2),
    "to space": lambda x: ops.depth_to_space(ops.tile(x, (1, 1, 1, 4)), 2),
    "summed": lambda x: ops.conv(x, ones((2, 3, x.shape[-1], 2)), strides=(1, 2), padding="same"),
    "summed from apart": lambda x: ops.conv(x, ones((2, 2, x.shape[-1], 1)), dilation_rate=2),
    "summed apart": lambda x: ops.depthwise_conv(x, ones((3, 2, x.shape[-1], 2)), strides=2),
    "summed twice": lambda x: ops.separable_conv(
        x, ones((2, 2, x.shape[-1], 1)), ones((1, 1, x.shape[-1], 2))
    ),
    "mean by an operation": lambda x: ops.average_pool(x, (2, 1), padding="same"),
}
STEPS |= {name: partial(lambda operate: operate, operate) for name, operate in OPERATIONS.items()}
SKIPS = {
    "sum": (lambda: layers.Add(), (0, 1, 2)),
    "join": (lambda: layers.Concatenate(), (0, 1)),
    "below": (lambda: layers.Concatenate(axis=1), (1, 2)),
}
ENDS = {
    "flat": lambda: [layers.Flatten(), layers.Reshape((-1, 1))],
    "units": lambda: [layers.Flatten(), layers.Dense(2), layers.Dense(3)],
    "means": lambda: [layers.GlobalAveragePooling2D(), layers.Dense(2)],
    "maps": list,
}


NUMBER = st.integers(0, 999)
SIDE = st.integers(4, SIZE)
PLANS = st.tuples(
    st.tuples(SIDE, SIDE, st.sampled_from([1, 3])),
    st.lists(st.tuples(st.sampled_from([*STEPS, *SKIPS]), NUMBER), min_size=1, max_size=5),
    st.sampled_from([*ENDS]),
)


def built(plan) -> keras.Model:
    """A picture of at most 12x12, up to five layers with short cuts, and an end."""
    shape, chosen, ending = plan
    made = [keras.Input(shape, name="picture")]
    for name, number in chosen:
        x = made[-1]
        if name in STEPS and min(x.shape[1:3]) > 3 and x.shape[-1] < 25:
            made.append(STEPS[name]()(x))
        elif name in SKIPS and max(x.shape[1:3]) < 20:
            merge, axes = SKIPS[name]
            fitting = [y for y in made if all(y.shape[a + 1] == x.shape[a + 1] for a in axes)]
            made.append(merge()([fitting[number % len(fitting)], x]))
    end = made[-1]
    for layer in ENDS[ending]():
        end = layer(end)
    return filled(as_functional(keras.Model(made[0], end)))


def a_cell(model: keras.Model, numbers: list[int]) -> tuple[str, tuple[int, ...], dict[str, int]]:
    """A layer, a place in it, and the arguments that name the place."""
    infos = cnn.layer_infos(model)
    info = infos[numbers[0] % len(infos)]
    shape = info.output_shape[:-1] or info.output_shape
    place = tuple(number % side for number, side in zip(numbers[1:], shape, strict=False))
    names = ("channel",) if len(info.output_shape) == 1 else ("row", "column")
    return info.name, place, dict(zip(names, place, strict=False))


def is_right(cells: cnn.Cells, true: np.ndarray) -> bool:
    """Whether the marks are those of the truth; an upper bound has more."""
    same = np.array_equal(cells.mask, true)
    return same if cells.certainty == "exact" else bool((cells.mask | ~true).all())


@settings(max_examples=40, deadline=None)
@given(PLANS, st.tuples(NUMBER, NUMBER, NUMBER))
def test_of_random_networks_the_cells_read_are_those_that_change_the_cell(plan, numbers):
    model = built(plan)
    layer, place, named = a_cell(model, numbers)
    field = cnn.receptive_field(model, layer=layer, **named)
    picture = np.random.default_rng(5).uniform(1, 2, model.input_shape[1:])
    true = read(model, picture, layer, place)
    assert set(field.cells) == set(true)
    assert [name for name, cells in field.cells.items() if not is_right(cells, true[name])] == []
    others = picture + 100 * ~field.picture.mask[..., None]
    before, after = (values(model, shown)[layer][place] for shown in (picture, others))
    np.testing.assert_allclose(after, before, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(PLANS, st.tuples(NUMBER, NUMBER, NUMBER, NUMBER))
def test_of_random_networks_the_channels_read_are_those_that_change_a_channel(plan, numbers):
    model = built(plan)
    layer, place, named = a_cell(model, numbers)
    shape = cnn.layer_info(model, layer).output_shape
    if len(shape) > 1:
        named["channel"] = numbers[3] % shape[-1]
        place = (*place, named["channel"])
    field = cnn.receptive_field(model, layer=layer, **named)
    picture = np.random.default_rng(5).uniform(1, 2, model.input_shape[1:])
    for name, true in read_numbers(model, picture, layer, place).items():
        cells = field.cells[name]
        if cells.certainty == "exact":
            np.testing.assert_array_equal(cells.channels, over_places(true), err_msg=name)
        assert is_right(cells, over_channels(true)), name


@settings(max_examples=6, deadline=None)
@given(PLANS, NUMBER)
def test_a_layer_s_description_is_that_of_the_cell_that_reads_most(plan, number):
    model = built(plan)
    infos = cnn.layer_infos(model)
    info = infos[number % len(infos)]
    shape = info.output_shape[:-1] or info.output_shape
    names = ("channel",) if len(info.output_shape) == 1 else ("row", "column")
    fields = [
        cnn.receptive_field(model, layer=info.name, **dict(zip(names, place, strict=False)))
        for place in np.ndindex(shape)
    ]
    bounds = [field.picture.bounds for field in fields if field.picture.mask.any()]
    sides = [[last - first + 1 for first, last in of_cell] for of_cell in bounds]
    largest = tuple(np.max(sides, axis=0)) if sides else (0, 0)
    # Of a cell with all its channels the field may be an upper bound where those of each one are exact.
    if all(field.picture.certainty == "exact" for field in fields):
        assert (info.receptive_field, info.certainty) == (largest, "exact")
    assert all(np.less_equal(info.receptive_field, largest))


@settings(max_examples=30, deadline=None)
@given(PLANS, st.tuples(NUMBER, NUMBER), st.tuples(NUMBER, NUMBER, NUMBER))
def test_of_random_networks_the_cells_reached_are_those_that_a_pixel_changes(plan, pixel, numbers):
    model = built(plan)
    row, column = (number % side for number, side in zip(pixel, plan[0], strict=False))
    dot = np.zeros(plan[0])
    dot[row, column] = 1
    field = cnn.projective_field(model, row=row, column=column)
    without = values(model, np.zeros(plan[0]))
    true = {
        name: over_channels(value != without[name]) for name, value in values(model, dot).items()
    }
    assert set(field.cells) == set(true)
    assert [name for name, cells in field.cells.items() if not is_right(cells, true[name])] == []
    layer, place, named = a_cell(model, numbers)
    back = cnn.receptive_field(model, layer=layer, **named)
    assert back.picture.mask[row, column] == field.cells[layer].mask[place]


@pytest.mark.parametrize("layer", ["shared:2", "block/conv", "join", "tail"])
def test_of_nested_and_shared_layers_too(layer):
    model = filled(nets.second())
    place = (1, 2) if cnn.layer_info(model, layer).has_maps else (3,)
    names = ("row", "column") if len(place) == 2 else ("channel",)
    field = cnn.receptive_field(model, layer=layer, **dict(zip(names, place, strict=True)))
    true = read(model, np.full((20, 30, 3), 200), layer, place)
    assert set(field.cells) == set(true)
    for name, cells in field.cells.items():
        assert cells.certainty == "exact"
        np.testing.assert_array_equal(cells.mask, true[name])


@pytest.mark.parametrize(
    ("shape", "layer", "place"),
    [
        ((36, 4), layers.Conv1D(1, 3, padding="causal", dilation_rate=2), {"row": 7}),
        ((36, 4), layers.AveragePooling1D(2), {"row": 7}),
        ((36, 4), layers.Cropping1D((3, 1)), {"row": 7}),
        ((36, 4), layers.LSTM(2, return_sequences=True), {"row": 7}),
        ((144,), layers.RepeatVector(3), {"row": 1}),
        ((3, 6, 4, 2), layers.Conv3D(1, (2, 3, 3), padding="same"), {"row": 1, "column": 5}),
        ((3, 6, 4, 2), layers.UpSampling3D(2), {"row": 4, "column": 5}),
    ],
)
def test_sequences_and_volumes_have_cells_too(shape, layer, place):
    model = filled(network(layers.Reshape(shape), type(layer).from_config(layer.get_config())))
    picture = np.random.default_rng(1).uniform(1, 2, (SIZE, SIZE, 1))
    field = cnn.receptive_field(model, layer="at_2", **place)
    true = read(model, picture, "at_2", tuple(place.values()))
    assert [name for name, cells in field.cells.items() if not is_right(cells, true[name])] == []


@pytest.mark.parametrize(
    "layer",
    [
        layers.UpSampling2D((2, 3), interpolation="bilinear"),
        layers.Resizing(5, 17, interpolation="bilinear"),
        layers.Resizing(7, 20, interpolation="nearest"),
        layers.Resizing(7, 20, interpolation="bicubic"),
        layers.Conv2DTranspose(1, 3, strides=3, padding="same", output_padding=1),
        layers.LayerNormalization(axis=[1, 3]),
        layers.UnitNormalization(),
        layers.GroupNormalization(1),
        layers.Softmax(axis=2),
        layers.Activation("softmax"),
        layers.AdaptiveAveragePooling2D(3),
        layers.RandomFlip(),
        layers.PReLU(),
        layers.TimeDistributed(layers.Conv1D(2, 3)),
        layers.TimeDistributed(layers.Dense(2)),
        layers.SpectralNormalization(layers.Conv2D(2, 3)),
        layers.CenterCrop(5, 8),
        layers.CenterCrop(5, 14),
        layers.RandomCrop(7, 4),
    ],
)
def test_every_cell_of_a_layer_reads_what_changes_it(layer):
    layer = type(layer).from_config(layer.get_config())
    model = filled(network(layers.Conv2D(3, 1), layer))
    picture = np.random.default_rng(1).uniform(1, 2, (SIZE, SIZE, 1))
    shape = cnn.layer_info(model, "at_2").output_shape
    for place in [(0, 0), (1, 2), (shape[0] // 2, shape[1] - 1)]:
        field = cnn.receptive_field(model, layer="at_2", row=place[0], column=place[1])
        assert is_right(field.picture, read(model, picture, "at_2", place)["picture"])


@pytest.mark.parametrize(
    "layer",
    [
        layers.TimeDistributed(layers.Conv1D(2, 3)),
        layers.TimeDistributed(layers.SpectralNormalization(layers.Conv1D(2, 3))),
        layers.TimeDistributed(layers.BatchNormalization()),
        layers.SpectralNormalization(layers.Conv2D(2, 3, strides=2)),
        layers.CenterCrop(5, 8),
    ],
)
def test_a_layer_around_another_and_a_cut_are_exact(layer):
    layer = type(layer).from_config(layer.get_config())
    model = filled(network(layers.Conv2D(3, 3), layer))
    assert cnn.layer_info(model, "at_2").certainty == "exact"
    assert cnn.receptive_field(model, layer="at_2", row=1, column=2).status == "exact"


@pytest.mark.parametrize("shape", [(4, 6, 5, 1), (4, 30, 1)])
def test_a_layer_in_steps_reads_each_slice_by_itself(shape):
    inner = layers.Conv2D(2, (3, 2)) if len(shape) == 4 else layers.Conv1D(2, 3)
    model = filled(network(layers.Reshape(shape), layers.TimeDistributed(inner), shape=(12, 10, 1)))
    shown = np.random.default_rng(1).uniform(1, 2, (12, 10, 1))
    field = cnn.receptive_field(model, layer="at_2", row=2, column=1)
    true = read(model, shown, "at_2", (2, 1))
    assert field.status == "exact"
    np.testing.assert_array_equal(field.picture.mask, true["picture"])


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_channels_first_and_whole_numbers_hide_nothing_of_what_is_read(dtype):
    picture = keras.Input((2, 12, 10), name="picture", dtype=dtype)
    x = keras.ops.cast(picture, "float32") if dtype == "uint8" else picture
    first = {"data_format": "channels_first"}
    x = layers.MaxPooling2D(2, **first)(layers.Conv2D(4, 3, name="conv", **first)(x))
    x = layers.Permute((2, 3, 1), name="back")(x)
    x = layers.Permute((2, 1, 3), name="turned")(x)
    model = filled(as_functional(keras.Model(picture, layers.Conv2D(3, 2, name="last")(x))))
    infos = {info.name: info for info in cnn.layer_infos(model)}
    assert cnn.captions.field(infos["conv"]) == "3×3 pixels"
    assert cnn.captions.field(infos["last"]) == "6×6 pixels"
    field = cnn.receptive_field(model, layer="last", row=1, column=2)
    assert field.status == "exact"
    assert field.picture.bounds == ((4, 9), (2, 7))
    assert field.picture.mask.sum() == 36


@pytest.mark.parametrize(
    "layer",
    [
        layers.LayerNormalization(),
        layers.LayerNormalization(axis=1),
        layers.UnitNormalization(axis=(1, 2)),
        layers.GroupNormalization(2, axis=1),
        layers.BatchNormalization(axis=1),
        layers.Softmax(axis=2),
    ],
)
def test_an_axis_of_a_layer_is_the_one_that_is_read_with_channels_first(layer):
    layer = type(layer).from_config(layer.get_config())
    layer.name = "seen"
    first = {"data_format": "channels_first"}
    picture = keras.Input((2, 12, 10), name="picture")
    x = layer(layers.Conv2D(4, 3, name="conv", **first)(picture))
    model = filled(as_functional(keras.Model(picture, layers.MaxPooling2D(1, **first)(x))))
    field = cnn.receptive_field(model, layer="seen", row=1, column=2)
    shown = np.random.default_rng(1).uniform(1, 2, (12, 10, 2))
    made = {}
    with tf.GradientTape() as tape:
        batch = tf.constant(shown[None], tf.float32)
        tape.watch(batch)
        graph.run(model, batch, lambda name, _layer, _inputs, output: made.update({name: output}))
        numbers = made["seen"][0, :, 1, 2] * [0.5, 0.7, 1.1, 1.3]
        cell = tf.reduce_sum(numbers)
    true = tape.gradient(cell, batch).numpy()[0].any(axis=-1)
    assert cnn.layer_info(model, "seen").certainty == "exact"
    np.testing.assert_array_equal(field.picture.mask, true)


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_maps_with_channels_first_stand_side_by_side_along_any_axis(axis):
    first = {"data_format": "channels_first"}
    picture = keras.Input((2, 8, 8), name="picture")
    sides = [layers.Conv2D(3, width, padding="same", **first)(picture) for width in (1, 3)]
    joined = layers.Concatenate(axis=axis, name="joined")(sides)
    model = filled(as_functional(keras.Model(picture, layers.MaxPooling2D(1, **first)(joined))))
    last = {1: (3, 3, 5), 2: (11, 3, 0), 3: (3, 11, 0)}[axis]
    named = dict(zip(("row", "column", "channel"), last, strict=True))
    field = cnn.receptive_field(model, layer="joined", **named)
    assert field.status == "exact"
    assert marked(field.picture) == block(range(2, 5), range(2, 5))


def test_maxima_and_activations_hide_cells_of_one_picture_only(classifier):
    field = cnn.receptive_field(classifier, layer="conv2d_1", row=4, column=5).picture
    rng = np.random.default_rng(2)
    pictures = [rng.uniform(0, 1, (28, 28, 1)) for _ in range(12)]
    seen = [read(classifier, p, "conv2d_1", (4, 5))["input"] for p in pictures]
    assert min(int(one.sum()) for one in seen) < field.mask.sum()
    np.testing.assert_array_equal(np.any(seen, axis=0), field.mask)


# --- what is not known, and what the picture decides


class Blurred(layers.Layer):
    def call(self, values):
        return values + keras.ops.roll(values, 1, axis=1)


def test_an_unknown_layer_may_read_everything():
    model = network(Blurred(), layers.Conv2D(1, 3))
    field = cnn.receptive_field(model, layer="at_2", row=2, column=2)
    assert field.status == "upper bound"
    assert field.picture.mask.all()
    assert (field.cells["at_1"].certainty, field.cells["at_1"].mask.sum()) == ("exact", 9)


def test_attention_depends_on_the_data():
    picture = keras.Input((4, 4, 1), name="picture")
    row = layers.Reshape((16, 1))(picture)
    seen = layers.MultiHeadAttention(1, 2, name="seen")(row, row)
    model = as_functional(keras.Model(picture, seen))
    field = cnn.receptive_field(model, layer="seen", row=3)
    assert (field.status, field.picture.mask.all()) == ("depends on the data", True)


def test_heads_that_attend_to_each_other_read_their_own_cell():
    picture = keras.Input((5, 6, 2), name="picture")
    attention = layers.MultiHeadAttention(2, 3, attention_axes=(-1,), name="seen")
    model = filled(as_functional(keras.Model(picture, attention(picture, picture))))
    shown = np.random.default_rng(1).uniform(1, 2, (5, 6, 2))
    field = cnn.receptive_field(model, layer="seen", row=3, column=4)
    np.testing.assert_array_equal(field.picture.mask, read(model, shown, "seen", (3, 4))["picture"])
    assert (field.status, marked(field.picture)) == ("exact", [(3, 4)])
    assert marked(cnn.projective_field(model, row=3, column=4).cells["seen"]) == [(3, 4)]


@pytest.mark.parametrize("axes", [(1,), (2,), (2, 1)])
def test_attention_along_some_axes_reads_the_line_of_a_cell(axes):
    picture = keras.Input((5, 6, 2), name="picture")
    attention = layers.MultiHeadAttention(1, 2, attention_axes=axes, name="seen")
    model = filled(as_functional(keras.Model(picture, attention(picture, picture))))
    field = cnn.receptive_field(model, layer="seen", row=3, column=4)
    shown = np.random.default_rng(1).uniform(1, 2, (5, 6, 2))
    assert field.status == "depends on the data"
    np.testing.assert_array_equal(field.picture.mask, read(model, shown, "seen", (3, 4))["picture"])


def test_of_branches_side_by_side_each_channel_has_its_own_field():
    picture = keras.Input((6, 6, 1), name="picture")
    sides = [layers.Conv2D(1, width, padding="same")(picture) for width in (1, 3)]
    joined = layers.Concatenate(name="join")(sides)
    row = layers.Flatten(name="row")(joined)
    model = as_functional(keras.Model(picture, layers.Dense(2, name="units")(row)))
    near, far = (cnn.receptive_field(model, layer="row", channel=14 + i) for i in range(2))
    assert (near.status, marked(near.picture)) == ("exact", [(1, 1)])
    assert (far.status, marked(far.picture)) == ("exact", block(range(3), range(3)))
    assert [near.cells[name].channels.tolist() for name in ("join", "picture")] == [
        [True, False],
        [True],
    ]
    one = cnn.receptive_field(model, layer="join", row=1, column=1, channel=0)
    both = cnn.receptive_field(model, layer="join", row=1, column=1)
    assert (one.status, marked(one.picture)) == ("exact", [(1, 1)])
    assert (both.status, marked(both.picture)) == ("exact", block(range(3), range(3)))
    assert cnn.receptive_field(model, layer="units", channel=0).status == "whole picture"


@pytest.mark.parametrize("channel", [0, 1, 2, 3])
def test_a_channel_of_an_inception_block_reads_its_branch_exactly(channel):
    picture = keras.Input((9, 9, 1), name="picture")
    branches = [
        layers.Conv2D(1, 1)(picture),
        layers.Conv2D(1, 3, padding="same")(layers.Conv2D(2, 1)(picture)),
        layers.Conv2D(1, 5, padding="same")(layers.Conv2D(2, 1)(picture)),
        layers.AveragePooling2D(3, strides=1, padding="same")(picture),
    ]
    block_end = layers.DepthwiseConv2D(2, name="end")(layers.Concatenate()(branches))
    model = filled(as_functional(keras.Model(picture, block_end)))
    field = cnn.receptive_field(model, layer="end", row=3, column=4, channel=channel)
    assert field.status == "exact"
    assert field.picture.mask.sum() == (2, 4, 6, 4)[channel] ** 2
    shown = np.random.default_rng(5).uniform(1, 2, (9, 9, 1))
    before = values(model, shown)["end"][3, 4, channel]
    outside = shown + 100 * ~field.picture.mask[..., None]
    assert values(model, outside)["end"][3, 4, channel] == pytest.approx(before)
    for place in np.argwhere(field.picture.mask):
        inside = shown.copy()
        inside[tuple(place)] += 1
        assert values(model, inside)["end"][3, 4, channel] != pytest.approx(before)


def test_where_channels_are_read_at_different_cells_the_field_is_an_upper_bound():
    """Channel 1 is read here and channel 0 next to it, which alone would not read so far."""
    picture = keras.Input((8, 8, 1), name="picture")
    sides = [layers.Conv2D(1, width, padding="same")(picture) for width in (3, 1)]
    joined = layers.Concatenate(name="join")(sides)
    here, below = layers.Cropping2D(((0, 1), 0))(joined), layers.Cropping2D(((1, 0), 0))(joined)
    one = layers.Cropping2D(((0, 1), 0))(sides[1])
    six = layers.Concatenate()([one, here, below, one])
    pairs = layers.Conv2D(3, 1, groups=3, name="pairs")(six)
    model = filled(as_functional(keras.Model(picture, pairs)))
    field = cnn.receptive_field(model, layer="pairs", row=3, column=3, channel=1)
    true = read(model, np.full((8, 8, 1), 1.5), "pairs", (3, 3, 1))
    assert field.status == "upper bound"
    assert field.cells["join"].certainty == "exact"
    assert is_right(field.picture, true["picture"])
    alone = cnn.receptive_field(model, layer="pairs", row=3, column=3, channel=0)
    assert alone.status == "exact"


def test_operations_without_a_layer_are_known_where_they_work_number_by_number():
    picture = keras.Input((6, 6, 1), name="picture")
    local = keras.ops.sqrt(picture * 2.0 + 1.0)
    model = as_functional(keras.Model(picture, keras.ops.cumsum(local, axis=1)))
    *_, before, last = [info.name for info in cnn.layer_infos(model)]
    near = cnn.receptive_field(model, layer=before, row=2, column=3)
    far = cnn.receptive_field(model, layer=last, row=2, column=3)
    assert (near.status, marked(near.picture)) == ("exact", [(2, 3)])
    assert (far.status, far.picture.mask.all()) == ("upper bound", True)


@pytest.mark.parametrize(
    "operation",
    [
        lambda values: keras.ops.reshape(values, (-1, 6)),
        lambda values: keras.ops.softmax(values, axis=None),
        lambda values: keras.ops.roll(values, 1),
        lambda values: keras.ops.image.extract_patches(values, 4, padding="same"),
        lambda values: keras.ops.mean(values, axis=1),
    ],
)
def test_an_operation_that_is_used_in_an_unusual_way_may_read_everything(operation):
    picture = keras.Input((6, 6, 1), name="picture")
    model = as_functional(keras.Model(picture, operation(picture)))
    field = cnn.receptive_field(model, layer=cnn.layer_infos(model)[-1].name)
    assert (field.status, field.picture.mask.all()) == ("upper bound", True)


@pytest.mark.parametrize("application", ["vgg16", "resnet50", "densenet", "mobilenet_v2"])
def test_pictures_that_are_prepared_inside_the_network_are_read_exactly(application):
    picture = keras.Input((8, 9, 3), name="picture")
    prepare = getattr(keras.applications, application).preprocess_input
    maps = layers.Conv2D(2, 3, name="maps")(prepare(picture))
    last = layers.DepthwiseConv2D(3, name="last")(maps)
    model = filled(as_functional(keras.Model(picture, last)))
    for name, seen in (("maps", 3), ("last", 5)):
        info = cnn.layer_info(model, name)
        assert (info.receptive_field, info.certainty) == ((seen, seen), "exact")
        field = cnn.receptive_field(model, layer=name, row=2, column=1, channel=1)
        assert field.status == "exact"
        assert marked(field.picture) == block(range(2, 2 + seen), range(1, 1 + seen))
    reached = cnn.projective_field(model, row=4, column=5)
    assert reached.status == "exact"
    assert marked(reached.cells["maps"]) == block(range(2, 5), range(3, 6))


def test_of_colours_that_are_exchanged_each_is_read_where_it_stood():
    picture = keras.Input((5, 5, 3), name="picture")
    model = as_functional(
        keras.Model(picture, layers.DepthwiseConv2D(1, name="last")(picture[..., ::-1]))
    )
    field = cnn.receptive_field(model, layer="last", row=1, column=2, channel=0)
    assert (field.status, field.picture.channels.tolist()) == ("exact", [False, False, True])
    reached = cnn.projective_field(model, row=1, column=2, channel=0)
    assert reached.cells["last"].channels.tolist() == [False, False, True]


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("axis", [1, 2, 3])
def test_each_part_of_what_is_split_reads_its_own(axis, part):
    picture = keras.Input((6, 9, 3), name="picture")
    parts = [layers.ReLU()(one) for one in ops.split(picture, 3, axis=axis)]
    model = filled(as_functional(keras.Model(picture, layers.Concatenate(axis=axis)(parts))))
    name = cnn.layer_infos(model)[-1].inputs[part]
    shown = np.random.default_rng(1).uniform(1, 2, (6, 9, 3))
    field = cnn.receptive_field(model, layer=name, row=1, column=2, channel=0)
    true = read_numbers(model, shown, name, (1, 2, 0))["picture"]
    assert field.status == "exact"
    np.testing.assert_array_equal(field.picture.mask, over_channels(true))
    np.testing.assert_array_equal(field.picture.channels, over_places(true))


def test_slices_that_are_written_in_a_row_are_read_each_by_itself():
    row = layers.TimeDistributed(layers.Flatten())
    model = network(layers.Conv2D(2, 3), row, layers.Conv1D(1, 2), shape=(8, 8, 1))
    field = cnn.receptive_field(model, layer="at_2", row=2, channel=3)
    assert (field.status, marked(field.picture)) == ("exact", block(range(2, 5), range(1, 4)))
    field = cnn.receptive_field(model, layer="at_3", row=2)
    assert (field.status, field.picture.bounds) == ("exact", ((2, 5), (0, 7)))


@pytest.mark.parametrize(
    "move",
    [
        lambda x: x[:, ::-1],
        lambda x: x[:, 1:, 2:],
        lambda x: ops.flip(x, axis=2),
        lambda x: ops.transpose(x, (0, 1, 3, 2)),
        lambda x: ops.stack([x[:, i] for i in (1, 0, 3, 2)], axis=1),
        layers.Permute((1, 3, 2)),
    ],
)
def test_numbers_that_are_moved_with_channels_first_are_read_with_channels_last(move):
    first = {"data_format": "channels_first"}
    picture = keras.Input((2, 8, 10), name="picture")
    moved = move(layers.Conv2D(4, 3, **first)(picture))
    before = moved._keras_history.operation.name
    model = filled(as_functional(keras.Model(picture, layers.MaxPooling2D(1, **first)(moved))))
    field = cnn.receptive_field(model, layer=before, row=1, column=2, channel=1)
    batch = tf.constant(np.random.default_rng(1).uniform(1, 2, (1, 8, 10, 2)), tf.float32)
    made = {}
    with tf.GradientTape() as tape:
        tape.watch(batch)
        graph.run(model, batch, lambda name, _layer, _inputs, output: made.update({name: output}))
        number = made[before][0, 1, 1, 2]
    true = tape.gradient(number, batch).numpy()[0] != 0
    assert field.status == "exact"
    np.testing.assert_array_equal(field.picture.mask, over_channels(true))


def test_a_kernel_that_the_network_computes_may_be_read_from_everywhere():
    picture = keras.Input((6, 6, 2), name="picture", batch_size=1)
    kernel = ops.reshape(ops.mean(picture, axis=(0, 1)), (1, 3, 2, 2))
    slid = ops.conv(picture, kernel)
    model = as_functional(keras.Model(picture, slid))
    field = cnn.receptive_field(model, layer=cnn.layer_infos(model)[-1].name, row=1, column=1)
    assert (field.status, field.picture.mask.all()) == ("upper bound", True)


def test_operations_of_a_network_from_a_file_are_read_exactly(tmp_path):
    picture = keras.Input((6, 6, 2), name="picture")
    pooled = ops.max_pool(ops.conv(picture[:, ::-1], ones((3, 3, 2, 1))), 2)
    keras.Model(picture, ops.flip(pooled, axis=2)).save(tmp_path / "model.keras")
    model = as_functional(keras.saving.load_model(tmp_path / "model.keras"))
    field = cnn.receptive_field(model, layer=cnn.layer_infos(model)[-1].name, row=0, column=0)
    assert (field.status, marked(field.picture)) == ("exact", block(range(2, 6), range(2, 6)))


def test_maps_below_numbers_that_no_picture_has_are_read_exactly():
    picture = keras.Input((6, 6, 1), name="picture")
    below = ops.concatenate([np.ones((1, 2, 6, 1), "float32"), picture], axis=1)
    model = as_functional(keras.Model(picture, below))
    name = cnn.layer_infos(model)[-1].name
    assert marked(cnn.receptive_field(model, layer=name, row=3, column=4).picture) == [(1, 4)]
    assert cnn.receptive_field(model, layer=name, row=1, column=4).picture.bounds is None


# --- sizes, names and refusals


def test_a_model_of_any_size_is_asked_about_one():
    model = network(
        layers.Conv2D(1, 3, padding="same"), layers.MaxPooling2D(2), shape=(None, None, 1)
    )
    field = cnn.receptive_field(model, layer="at_2", row=1, column=4, size=(6, 11))
    assert field.picture.mask.shape == (6, 11)
    assert field.picture.bounds == ((1, 4), (7, 10))
    with pytest.raises(LayerError, match=r"any size.*size=\(height, width\)"):
        cnn.receptive_field(model, layer="at_2", row=1, column=4)


def test_nested_and_shared_layers_have_fields_of_their_own(second_model):
    field = cnn.receptive_field(second_model, layer="shared:2", row=0, column=0)
    assert {"shared", "block", "block/conv", "block/depthwise"} <= set(field.cells)
    assert marked(field.cells["block"]) == [(0, 0)]
    assert marked(field.cells["block/conv"]) == block(range(3), range(3))
    # A convolution of stride 2 makes 7 of 3, which the rows before widen by 1 and the columns by 2.
    assert field.picture.bounds == ((0, 7), (0, 8))
    reached = cnn.projective_field(second_model, row=10, column=20)
    assert set(reached.cells) == {info.name for info in cnn.layer_infos(second_model)}


def test_a_field_begins_at_any_layer():
    model = network(layers.Conv2D(2, 3), layers.Conv2D(2, 3), layers.Conv2D(2, 3))
    field = cnn.projective_field(model, layer="at_1", row=4, column=4)
    assert (list(field.cells), field.picture) == (["at_1", "at_2", "at_3"], None)
    assert field.cells["at_3"].bounds == ((0, 4), (0, 4))
    rows = cnn.receptive_field(model, layer="at_3", row=2)
    assert rows.picture.bounds == ((2, 8), (0, 11))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"layer": "nowhere"}, "no layer 'nowhere': it has picture, at_1, at_2, at_3"),
        ({"layer": "at_1", "row": 10, "column": 0}, "no row 10: it has 10 rows. .* 0 to 9"),
        ({"layer": "at_1", "row": 0, "column": -1}, "no column -1: .* 0 to 9"),
        ({"layer": "at_1", "row": 0, "column": 0, "channel": 2}, "no channel 2: .* 0 to 1"),
        ({"layer": "at_2", "channel": 200}, "no channel 200: .* 0 to 199"),
        (
            {"layer": "at_3", "row": 0},
            r"no row 0: its output \(3,\) has no rows. Leave the row out",
        ),
        ({"layer": "at_1", "row": 1.5}, "no row 1.5"),
    ],
)
def test_what_is_not_there_is_refused(asked, said):
    model = network(layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3))
    for field in (cnn.receptive_field, cnn.projective_field):
        with pytest.raises(LayerError, match=said):
            field(model, **asked)
