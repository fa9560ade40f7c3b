"""One number of any layer is taken apart, and the parts give what Keras computed."""

from dataclasses import replace
from functools import cache, partial
from random import Random

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers, ops

import cnn
from cnn.models import kinds
from cnn.models.arithmetic.forms import Attention, Choice, Copy, Gradient, Shares, WeightedSum
from cnn.models.kinds import kind_of
from cnn.models.loading import as_functional
from tests import nets
from tests.kinds import STEPS, model_of, picture_for, scramble

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis"),
    pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`"),
]


def some_cells(outputs, pick, count=2):
    """Some places of the output of every layer, and its name."""
    for name, values in outputs.items():
        for _ in range(min(count, values.size)):
            yield name, tuple(pick.randrange(side) for side in values.shape)


def explained(model, image, layer, place, outputs):
    return cnn.explain_unit(model, image, layer=layer, place=place, activations=outputs)


def require_proved(unit):
    about = (unit.layer, unit.kind, unit.place, unit.computed, unit.recomputed, unit.tolerance)
    assert unit.status == "exact", about
    assert unit.is_proved, about


# --- every kind


@cache
def side_by_side():
    """A model in which the layers of every step read the picture, a picture, and all outputs."""
    pick = Random(0)
    model = model_of(list(STEPS), pick, side_by_side=True)
    image = picture_for(model, pick)
    return model, image, cnn.forward(model, image).activations


def kinds_in(model):
    return {kind_of(info.kind) for info in cnn.layer_infos(model)}


@pytest.mark.parametrize(
    "kind", [k for k in kinds._KINDS if k.arithmetic], ids=lambda k: k.names[0]
)
def test_every_kind_alone_is_exact(kind):
    model, image, outputs = side_by_side()
    mine = {i.name: outputs[i.name] for i in cnn.layer_infos(model) if kind_of(i.kind) is kind}
    assert mine
    for name, place in some_cells(mine, Random(1)):
        require_proved(explained(model, image, name, place, outputs))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.sampled_from(list(STEPS)), min_size=1, max_size=4), st.integers(0, 10**6))
def test_the_parts_give_the_whole_in_any_order_of_layers(names, seed):
    pick = Random(seed)
    model = model_of(names, pick)
    image = picture_for(model, pick)
    outputs = cnn.forward(model, image).activations
    for name, place in some_cells(outputs, pick):
        require_proved(explained(model, image, name, place, outputs))


@pytest.mark.parametrize(
    "make",
    [
        partial(layers.Conv2D, 2, 2, activation="relu"),
        partial(layers.DepthwiseConv2D, 2),
        partial(layers.MaxPooling2D, 2, padding="same"),
        partial(layers.AveragePooling2D, 2, padding="same"),
        layers.GlobalAveragePooling2D,
        layers.Flatten,
        layers.ZeroPadding2D,
    ],
)
def test_channels_may_stand_on_the_first_axis(make):
    picture = keras.Input((5, 6, 3))
    outputs = make(data_format="channels_first")(layers.Permute((3, 1, 2))(picture))
    model = as_functional(keras.Model(picture, outputs))
    scramble(model, 4)
    image, pick = picture_for(model, Random(3)), Random(4)
    outputs = cnn.forward(model, image).activations
    for name, place in some_cells(outputs, pick):
        unit = explained(model, image, name, place, outputs)
        require_proved(unit)
        for source in unit.sources:
            assert (source.cells < outputs[source.layer].shape).all()


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_what_half_precision_computes_is_proved_as_far_as_it_goes(precision, seven):
    source = keras.Input((28, 28, 1))
    hidden = layers.Conv2D(8, 3, activation="gelu", dtype=precision, name="conv")(source)
    hidden = layers.BatchNormalization(dtype=precision, name="norm")(hidden)
    hidden = layers.GlobalAveragePooling2D(dtype=precision)(hidden)
    model = keras.Model(source, layers.Dense(5, activation="softmax", name="dense")(hidden))
    outputs, pick = cnn.forward(model, seven).activations, Random(0)
    for layer, place in some_cells(outputs, pick, count=20):
        unit = explained(model, seven, layer, place, outputs)
        require_proved(unit)
    assert unit.precision == "float32"
    strongest = np.unravel_index(outputs["conv"].argmax(), outputs["conv"].shape)
    unit = explained(model, seven, "conv", strongest, outputs)
    assert unit.precision == precision.removeprefix("mixed_")
    # A number that is another is still told from it.
    assert not replace(
        unit, computed=unit.computed + 3 * np.abs(unit.form.products).sum()
    ).is_proved


def test_deviations_without_a_mean_are_those_of_the_old_setting():
    picture = keras.Input((4, 4, 3))
    outputs = layers.LayerNormalization(rms_scaling=True)(picture)
    model = as_functional(keras.Model(picture, outputs))
    image = picture_for(model, Random(0))
    require_proved(cnn.explain_unit(model, image, layer=model.layers[-1].name, place=(1, 2, 0)))


# --- models


@pytest.fixture(scope="module")
def classifier():
    return cnn.load_model()


@pytest.fixture(scope="module")
def seven():
    return cnn.load_dataset("digits", split="test").sample(label=7, seed=0).pixels


def test_of_the_bundled_classifier_every_layer_is_proved(classifier, seven):
    outputs = cnn.forward(classifier, seven).activations
    for name, place in some_cells(outputs, Random(0), count=8):
        require_proved(explained(classifier, seven, name, place, outputs))


def test_a_cell_of_a_convolution_is_the_patch_times_the_kernel(classifier, seven):
    unit = cnn.explain_unit(classifier, seven, layer="conv2d", channel=4, row=10, column=12)
    patch = cnn.prepare(seven, classifier)[0, 10:13, 12:15, 0]
    (term,) = unit.terms
    assert (term.values == patch).all()
    assert (term.weights == cnn.kernels(classifier, "conv2d")[:, :, 0, 4]).all()
    assert term.subtotal == pytest.approx((term.values * term.weights).sum())
    assert unit.bias == pytest.approx(float(cnn.biases(classifier, "conv2d")[4]))
    assert unit.sum == pytest.approx(term.subtotal + unit.bias)
    assert unit.activation.name == "relu"
    assert unit.recomputed == max(unit.sum, 0)
    assert unit.activation.curve([-1.0, 2.0]).tolist() == [0.0, 2.0]
    (source,) = unit.sources
    assert source.cells[:, :2].min(axis=0).tolist() == [10, 12]
    assert source.cells[:, :2].max(axis=0).tolist() == [12, 14]
    assert len(source.cells) == 9


def test_the_terms_can_be_had_in_the_order_of_their_strength(classifier, seven):
    unit = cnn.explain_unit(classifier, seven, layer="conv2d_1", channel=0, row=5, column=5)
    assert isinstance(unit.form, WeightedSum)
    assert len(unit.terms) == 32
    strengths = [abs(unit.terms[i].subtotal) for i in unit.form.order]
    assert strengths == sorted(strengths, reverse=True)
    assert unit.form.subtotals.sum() + unit.bias == pytest.approx(unit.sum)


def test_a_probability_has_the_logits_of_all_classes(classifier, seven):
    prediction = cnn.predict(classifier, seven)
    last = cnn.layer_infos(classifier)[-1].name
    unit = cnn.explain_unit(classifier, seven, layer=last, channel=7)
    assert isinstance(unit.activation, Shares)
    assert unit.activation.logits == pytest.approx(prediction.logits, rel=1e-4)
    assert unit.activation.shares == pytest.approx(prediction.probabilities, abs=1e-6)
    assert unit.activation.index == 7


def test_the_picture_is_pixels_times_the_scale(classifier, seven):
    first = cnn.layer_infos(classifier)[0].name
    row, column, _ = np.unravel_index(int(seven.argmax()), seven.shape)
    unit = cnn.explain_unit(classifier, seven, layer=first, channel=0, row=row, column=column)
    assert (unit.form.values.item(), unit.form.weights.item()) == (seven.max(), 1 / 255)
    assert unit.is_proved
    assert unit.sources == ()


@pytest.fixture(scope="module")
def second():
    """A model with a nested block and a shared layer, a picture, and all outputs."""
    model, image = nets.second(), np.full((20, 30, 3), 90, np.uint8)
    return model, image, cnn.forward(model, image).activations


def test_a_nested_model_hands_out_the_number_of_its_last_layer(second):
    unit = explained(*second[:2], "block", (3, 4, 2), second[2])
    assert isinstance(unit.form, Copy)
    assert [source.layer for source in unit.sources] == ["block/depthwise"]
    assert unit.sources[0].cells.tolist() == [[3, 4, 2]]
    assert unit.is_proved


def test_a_layer_used_twice_reads_itself(second):
    unit = explained(*second[:2], "shared:2", (0, 0, 0), second[2])
    assert [source.layer for source in unit.sources] == ["shared"]
    assert unit.is_proved


def test_what_is_read_twice_is_a_source_once():
    picture = keras.Input((4, 4, 1), name="picture")
    model = as_functional(keras.Model(picture, layers.Add(name="twice")([picture, picture])))
    unit = cnn.explain_unit(model, picture_for(model, Random(0)), layer="twice", place=(1, 2, 0))
    (source,) = unit.sources
    assert source.cells.tolist() == [[1, 2, 0]]
    assert unit.is_proved


def test_the_second_output_of_an_operation_is_an_operand():
    picture = keras.Input((4, 4, 3), name="picture")
    _, second = ops.split(layers.Conv2D(4, 1)(picture), 2, axis=-1)
    model = as_functional(keras.Model(picture, layers.ReLU(name="relu")(second)))
    image = picture_for(model, Random(0))
    require_proved(cnn.explain_unit(model, image, layer="relu", channel=0, row=0, column=0))


def test_the_state_that_a_layer_gives_beside_its_output_is_read_of_no_place_of_the_output():
    picture = keras.Input((8, 8), name="picture")
    rows, state = layers.GRU(3, return_sequences=True, return_state=True, name="gru")(picture)
    joined = layers.Concatenate()([layers.Flatten()(rows), state])
    model = as_functional(keras.Model(picture, joined))
    unit = cnn.explain_unit(model, picture_for(model, Random(0)), layer="gru.2", channel=1)
    assert unit.sources == ()
    assert unit.is_proved


def test_a_number_without_an_axis_is_one_unit():
    model = as_functional(nets.lone_numbers(), given={"flag": 0.5})
    image = np.random.default_rng(0).integers(0, 255, (12, 12, 1), np.uint8)
    units = {
        info.kind: cnn.explain_unit(model, image, layer=info.name, channel=0)
        for info in cnn.layer_infos(model)
        if len(info.output_shape) == 1
    }
    for kind in ("Sum", "ExpandDims", "Concatenate", "Dense", "Squeeze"):
        require_proved(units[kind])
    assert [source.layer for source in units["Sum"].sources] == ["means"]
    assert units["Constant"].computed == 0.5


def test_attention_has_a_row_of_scores_for_each_head():
    picture = keras.Input((2, 3, 3))
    rows = layers.Reshape((6, 3), name="rows")(picture)
    outputs = layers.MultiHeadAttention(2, 4, name="heads")(rows, rows, use_causal_mask=True)
    model = as_functional(keras.Model(picture, outputs))
    scramble(model, 0)
    unit = cnn.explain_unit(model, picture_for(model, Random(0)), layer="heads", channel=1, row=2)
    assert isinstance(unit.form, Attention)
    assert unit.form.shares.shape == (2, 6)
    assert unit.form.shares.sum(axis=1) == pytest.approx([1, 1])
    assert (unit.form.shares[:, 3:] == 0).all()
    assert unit.form.subtotals.sum() + unit.form.bias == pytest.approx(unit.form.value)
    require_proved(unit)


# --- what is not known


class Squeeze(layers.Layer):
    def call(self, values):
        return values / (1 + ops.abs(values))


class Maximum(layers.Layer):
    """It has the name of a layer of Keras, and does something else."""

    def call(self, values):
        return 2 * values


@pytest.mark.parametrize("kind", [Squeeze, Maximum])
def test_of_an_unknown_class_the_gradient_is_shown_and_nothing_is_proved(kind):
    picture = keras.Input((4, 4, 1), name="picture")
    model = as_functional(keras.Model(picture, kind(name="unknown")(picture)))
    image = np.full((4, 4, 1), 51, np.uint8)
    unit = cnn.explain_unit(model, image, layer="unknown", channel=0, row=1, column=2)
    assert unit.status == "gradient"
    assert isinstance(unit.form, Gradient)
    slope = 1 / 1.2**2 if kind is Squeeze else 2
    assert unit.form.gradients == pytest.approx([slope])
    assert unit.form.products == pytest.approx([slope * 0.2])
    assert not unit.is_proved
    assert np.isnan(unit.recomputed)
    assert unit.sources[0].cells.tolist() == [[1, 2, 0]]


def test_where_no_gradient_is_known_no_input_is_named():
    class Hue(layers.Layer):
        def call(self, values):
            return tf.image.adjust_hue(values, 0.1)

    picture = keras.Input((4, 4, 3))
    model = as_functional(keras.Model(picture, Hue(name="hue")(picture)))
    image = picture_for(model, Random(0))
    unit = cnn.explain_unit(model, image, layer="hue", channel=0, row=1, column=2)
    assert unit.status == "gradient"
    assert unit.form.gradients.size == unit.sources[0].cells.size == 0


def test_of_an_unknown_activation_the_gradient_is_shown():
    picture = keras.Input((4, 4, 1))
    outputs = layers.Conv2D(2, 1, activation=lambda x: x * x, name="own")(picture)
    model = as_functional(keras.Model(picture, outputs))
    image = picture_for(model, Random(0))
    unit = cnn.explain_unit(model, image, layer="own", channel=0, row=0, column=0)
    assert unit.status == "gradient"


# --- errors


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"layer": "nowhere", "channel": 0}, "no layer 'nowhere'"),
        ({"layer": "conv2d", "channel": 3}, "Channel given for 'conv2d', whose output is 26×26×32: "
         "give row, column and channel"),
        ({"layer": "conv2d"}, "Nothing given for 'conv2d'"),
        ({"layer": "dense", "channel": 3, "row": 1}, "Row and channel given for 'dense', whose "
         "output is 64: give channel"),
        ({"layer": "dense", "channel": 64}, "no channel 64 in 'dense', whose output is 64: give a whole "
         "number from 0 to 63"),
        ({"layer": "dense", "channel": -1}, "no channel -1"),
        ({"layer": "dense", "channel": 1.5}, "no channel 1.5"),
        ({"layer": "conv2d", "channel": 0, "row": 26, "column": 0}, "no row 26 in 'conv2d'"),
        ({"layer": "conv2d", "channel": 0, "row": 0, "column": 26}, "no column 26 in 'conv2d'"),
        ({"layer": "conv2d", "place": (1, 2)}, "A place of 2 indices was given for 'conv2d', whose "
         "output is 26×26×32: give 3"),
    ],
)  # fmt: skip
def test_a_place_that_is_not_there_is_refused_in_words(classifier, seven, asked, message):
    with pytest.raises(cnn.LayerError, match=message):
        cnn.explain_unit(classifier, seven, **asked)


def test_of_maps_of_three_dimensions_a_place_is_needed():
    picture = keras.Input((4, 4, 1))
    outputs = layers.Reshape((2, 2, 4, 1), name="solid")(picture)
    model = as_functional(keras.Model(picture, outputs))
    image = picture_for(model, Random(0))
    with pytest.raises(cnn.LayerError, match="give a place of 4 indices"):
        cnn.explain_unit(model, image, layer="solid", channel=0, row=0, column=0)
    assert cnn.explain_unit(model, image, layer="solid", place=(1, 0, 2, 0)).is_proved


def test_the_winner_of_a_pool_is_named():
    picture = keras.Input((2, 4, 1), name="picture")
    model = as_functional(keras.Model(picture, layers.MaxPooling2D(2, name="pool")(picture)))
    image = np.array([[9, 3, 5, 1], [2, 9, 4, 0]], np.uint8)[..., None]
    tied, alone = (
        cnn.explain_unit(model, image, layer="pool", channel=0, row=0, column=c) for c in (0, 1)
    )
    assert isinstance(tied.form, Choice)
    assert tied.form.is_tied
    assert tied.form.winners.tolist() == [[0, 0], [1, 1]]
    assert alone.form.winners.tolist() == [[0, 0]]
    assert not alone.form.is_tied
