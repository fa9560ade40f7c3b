"""A large network: one pass gives the prediction and the peaks, layers are computed when looked at."""

import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import cnn
from cnn.inspection import computed
from cnn.inspection.activations import Computed
from cnn.models.graph import calls
from cnn.models.loading import as_functional
from cnn.models.pieces import pieces
from tests import nets


@pytest.fixture
def large(monkeypatch):
    """Every network counts as large."""
    monkeypatch.setattr("cnn.models.layers._LARGE", -1)


def branches() -> keras.Model:
    """Forty layers: each block splits, one half goes around the next block, and a model stands inside."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(8)
    inner_in = keras.Input((8, 8, 4))
    inner = keras.Model(
        inner_in, layers.ReLU(name="cut")(layers.Conv2D(4, 1, name="conv")(inner_in))
    )
    inner.name = "inner"
    picture = keras.Input((8, 8, 3), name="picture")
    x = layers.Conv2D(4, 3, padding="same", name="stem")(picture)
    for i in range(8):
        left, right = keras.ops.split(x, 2, axis=-1)
        y = layers.Conv2D(4, 3, padding="same", name=f"conv_{i}")(left)
        y = layers.LayerNormalization(name=f"norm_{i}")(y)
        x = layers.Concatenate(name=f"join_{i}")([y[..., :2], right])
    x = layers.GlobalAveragePooling2D(name="means")(inner(x))
    return as_functional(
        keras.Model(picture, layers.Dense(5, activation="softmax", name="last")(x))
    )


@pytest.mark.parametrize("build", [nets.in_blocks, branches])
def test_what_is_computed_on_demand_is_what_one_pass_gives(build, monkeypatch):
    image = np.random.default_rng(3).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    at_once = cnn.forward(small := build(), image)
    monkeypatch.setattr("cnn.models.layers._LARGE", -1)
    on_demand = cnn.forward(build(), image)
    assert isinstance(on_demand.activations, Computed)
    assert not isinstance(at_once.activations, Computed)
    assert list(on_demand.activations) == list(at_once.activations)
    for name, values in at_once.activations.items():
        found = on_demand.activations[name]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, values, rtol=1e-3, atol=1e-5, err_msg=name)
    assert on_demand.shapes == at_once.shapes
    assert list(on_demand.peaks) == [info.name for info in cnn.layer_infos(small) if info.inputs]
    np.testing.assert_allclose([*on_demand.peaks.values()], [*at_once.peaks.values()], rtol=1e-3)
    assert on_demand.bound == pytest.approx(at_once.bound, rel=1e-3)
    np.testing.assert_allclose(
        on_demand.prediction.probabilities, at_once.prediction.probabilities, rtol=1e-3
    )
    np.testing.assert_allclose(on_demand.prediction.logits, at_once.prediction.logits, rtol=1e-3)


def test_the_answer_is_the_very_one_of_the_pass(large, classifier, seven):
    passed = cnn.forward(keras.models.clone_model(classifier), seven)
    np.testing.assert_array_equal(
        passed.activations["dense_1"], passed.prediction.probabilities, strict=True
    )


def test_pieces_have_every_call_once_and_say_what_they_read():
    model = branches()
    parts = pieces(model)
    called = [call for part in parts for call in part.calls]
    assert called == [call for call in calls(model) if call.inputs]
    assert all(len(part.calls) <= 16 for part in parts) and len(parts) > 1
    for part in parts:
        inside = {call.name for call in part.calls}
        read = {source for call in part.calls for source in call.sources}
        assert set(part.reads) == {source for source in read if source[0] not in inside}


def test_a_network_in_blocks_is_cut_between_them():
    crossing = [part.reads for part in pieces(nets.in_blocks())[1:]]
    assert len(crossing) >= 2
    assert all(len(reads) == 1 and reads[0][0].endswith("_add") for reads in crossing)


def few_layers_that_cost_much() -> keras.Model:
    """Ten convolutions and a pool, each after the other, as in VGG16."""
    picture = x = keras.Input((16, 16, 8))
    for i in range(10):
        x = layers.Conv2D(8, 3, padding="same", name=f"conv_{i}")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return as_functional(keras.Model(picture, layers.Dense(5, activation="softmax")(x)))


def test_no_piece_computes_more_than_an_eighth_of_the_network_but_for_a_single_layer():
    for model in (few_layers_that_cost_much(), nets.in_blocks(), branches()):
        costs = {info.name: info.multiply_adds or 0 for info in cnn.layer_infos(model)}
        for part in pieces(model):
            cost = sum(costs[call.name] for call in part.calls)
            assert len(part.calls) == 1 or cost <= sum(costs.values()) / 8


def in_groups_first() -> keras.Model:
    """Four convolutions with a kernel a channel, then twelve that mix the channels, as in ConvNeXt."""
    picture = x = keras.Input((8, 8, 32))
    for i in range(4):
        x = layers.Conv2D(32, 3, groups=32, padding="same", name=f"groups_{i}")(x)
    for i in range(12):
        x = layers.Conv2D(32, 1, name=f"mixing_{i}")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return as_functional(keras.Model(picture, layers.Dense(5, activation="softmax")(x)))


def test_convolutions_in_many_groups_count_for_what_they_take_and_share_no_piece():
    called = [[call.name for call in part.calls] for part in pieces(in_groups_first())]
    assert called[:4] == [[f"groups_{i}"] for i in range(4)]


def test_a_piece_is_computed_once_and_only_when_one_of_its_layers_is_asked_for(large, monkeypatch):
    run = []
    monkeypatch.setattr(
        computed, "run_calls", lambda layers, values, given=computed.run_calls: run.append(
            [call.name for call in layers]) or given(layers, values)
    )  # fmt: skip
    passed = cnn.forward(nets.in_blocks(), np.full((96, 96), 200, np.uint8))
    assert passed.prediction.label in range(10) and not run
    first = passed.activations["block_1_relu"]
    assert passed.activations["block_1_relu"] is first
    assert passed.activations["block_1_expand"].shape == (48, 48, 24)
    assert len(run) == 1 and "block_1_expand" in run[0]


def kept_of(passed) -> dict[str, int]:
    """Ask for every layer in turn; return the bytes of those that no reader holds and are there yet."""
    seen = {name: weakref.ref(passed.activations[name]) for name in passed.activations}
    found = {name: one() for name, one in seen.items()}
    return {name: values.nbytes for name, values in found.items() if values is not None}


def test_of_what_was_looked_at_as_much_is_kept_as_there_is_room_for(large, monkeypatch):
    monkeypatch.setattr(computed, "MOST_BYTES", 1_000_000)
    passed = cnn.forward(nets.in_blocks(), np.full((96, 96), 200, np.uint8))
    everything = sum(4 * values.size for values in passed.activations.values())
    assert everything > 10 * computed.MOST_BYTES
    kept = kept_of(passed)
    assert 500_000 < sum(kept.values()) <= computed.MOST_BYTES
    assert "means" in kept and "block_1_relu" not in kept
    first = passed.activations["block_1_relu"].copy()
    np.testing.assert_array_equal(passed.activations["block_1_relu"], first)
    assert passed.nbytes < everything / 3


def rectified() -> keras.Model:
    """A convolution and twelve functions after each other, each of 131 kB."""
    picture = keras.Input((64, 64, 1))
    x = layers.Conv2D(8, 3, padding="same")(picture)
    for i in range(12):
        x = layers.LeakyReLU(0.9, name=f"relu_{i}")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return as_functional(keras.Model(picture, layers.Dense(5, activation="softmax")(x)))


def test_a_piece_that_does_not_fit_is_not_computed_anew_for_each_of_its_layers(large, monkeypatch):
    """Who goes through it finds as many layers as there is room for, from that which is asked for on."""
    monkeypatch.setattr(computed, "MOST_BYTES", 600_000)
    model, run = rectified(), []
    monkeypatch.setattr(
        computed, "run_calls", lambda *given, first=computed.run_calls: run.append(1) or first(*given)
    )  # fmt: skip
    piece = max(pieces(model), key=lambda one: sum(_bytes(call) for call in one.calls))
    assert sum(map(_bytes, piece.calls)) > 1_200_000
    passed = cnn.forward(model, np.full((64, 64), 200, np.uint8))
    run.clear()
    for call in piece.calls:
        assert passed.activations[call.name].any()
    assert 1 < len(run) <= len(piece.calls) / 2


def _bytes(call) -> int:
    return 4 * int(np.prod(call.output_shape))


def wide() -> keras.Model:
    """Two layers of 84 MB, which go from piece to piece, and of them another of 101 kB, 512x512."""
    keras.utils.set_random_seed(9)
    picture = keras.Input((512, 512, 1), name="picture")
    x = layers.Conv2D(80, 1, name="wide")(picture)
    x = layers.Conv2D(80, 1, name="wider")(x)
    x = layers.MaxPooling2D(29, name="smaller")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    return as_functional(
        keras.Model(picture, layers.Dense(5, activation="softmax", name="last")(x))
    )


def test_a_layer_that_is_larger_than_all_room_is_not_kept_and_each_cell_of_it_is_told(
    large, monkeypatch
):
    model, image = wide(), np.random.default_rng(3).integers(0, 256, (512, 512), dtype=np.uint8)
    run = []
    monkeypatch.setattr(
        computed, "run_calls", lambda *given, first=computed.run_calls: run.append(1) or first(*given)
    )  # fmt: skip
    assert any(source == ("wide", 0) for piece in pieces(model) for source in piece.reads)
    passed = cnn.forward(model, image)
    assert passed.nbytes < 2 * computed.MOST_BYTES
    run.clear()
    values = passed.activations["wide"]
    assert values.nbytes > computed.MOST_CROSSING_BYTES and values.any()
    assert passed.activations["wide"] is values and len(run) == 1
    cell, after = float(values[411, 37, 21]), passed.activations["wider"][411, 37, 21]
    here = {"row": 411, "column": 37, "channel": 21}
    kernel, bias = (one.numpy() for one in model.get_layer("wider").weights)
    assert after == pytest.approx(values[411, 37] @ kernel[0, 0, :, 21] + bias[21], rel=1e-3)
    del values
    kept = kept_of(passed)
    assert not {"wide", "wider"} & kept.keys() and sum(kept.values()) <= computed.MOST_BYTES
    run.clear()
    unit = cnn.explain_unit(model, image, layer="wide", activations=passed.activations, **here)
    assert unit.is_proved and unit.computed == pytest.approx(cell) and len(run) == 1
    assert unit.sources and "wide" not in kept_of(passed)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_layer_with_numbers_that_are_none_is_found(large, value):
    model = nets.not_finite(value, "second")
    passed = cnn.forward(model, np.full((16, 16), 200, np.uint8))
    assert passed.first_not_finite == "second"
    assert passed.not_finite == ("second", "norm", "means", "classes")
    assert np.isfinite(passed.bound) and passed.bound >= np.abs(passed.activations["first"]).max()


def channels_first_all_through() -> keras.Model:
    """Thirty layers that have their channels on the first axis, one of them of a single channel."""
    keras.utils.set_random_seed(5)
    first = {"data_format": "channels_first"}
    picture = keras.Input((9, 11, 3), name="picture")
    x = layers.Permute((3, 1, 2), name="turn")(picture)
    for i in range(9):
        filters = 1 if i == 4 else 4
        y = layers.Conv2D(filters, 3, padding="same", name=f"conv_{i}", **first)(x)
        y = layers.BatchNormalization(axis=1, name=f"norm_{i}")(y)
        x = layers.Concatenate(axis=1, name=f"join_{i}")([y, layers.ReLU(name=f"relu_{i}")(y)])
    x = layers.GlobalMaxPooling2D(name="most", **first)(x)
    return as_functional(keras.Model(picture, layers.Dense(3, "softmax", name="last")(x)))


def test_a_network_with_channels_first_is_read_with_channels_last_piece_by_piece(monkeypatch):
    image = np.random.default_rng(3).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    at_once = cnn.forward(channels_first_all_through(), image)
    monkeypatch.setattr("cnn.models.layers._LARGE", -1)
    # Nothing that goes from piece to piece is kept: all of it is computed again.
    monkeypatch.setattr(computed, "MOST_CROSSING_BYTES", 0)
    model = channels_first_all_through()
    passed = cnn.forward(model, image)
    assert isinstance(passed.activations, Computed) and len(pieces(model)) > 2
    assert passed.shapes == at_once.shapes
    assert passed.shapes["conv_3"] == (9, 11, 4)
    for name, values in at_once.activations.items():
        np.testing.assert_allclose(passed.activations[name], values, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose([*passed.peaks.values()], [*at_once.peaks.values()], rtol=1e-3)
    here = {"row": 4, "column": 7, "channel": 2}
    for layer in ("conv_3", "norm_5", "join_6"):
        unit = cnn.explain_unit(model, image, layer=layer, activations=passed.activations, **here)
        assert unit.is_proved
        assert unit.computed == pytest.approx(at_once.activations[layer][4, 7, 2], rel=1e-3)


def test_to_explain_a_number_of_it_computes_what_it_reads_and_no_other_piece(large, monkeypatch):
    model = channels_first_all_through()
    image = np.random.default_rng(3).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    passed = cnn.forward(model, image)
    run = []
    monkeypatch.setattr(
        computed, "run_calls", lambda *given, first=computed.run_calls: run.append(1) or first(*given)
    )  # fmt: skip
    cnn.explain_unit(
        model, image, layer="conv_3", row=1, column=1, channel=1, activations=passed.activations
    )
    assert len(run) <= 2 < len(pieces(model))


def large_maps() -> keras.Model:
    """Twenty layers that compute nothing, on maps of which each has 256 times the picture's numbers."""
    picture = keras.Input((8, 8, 4), name="picture")
    x = layers.UpSampling2D(16, name="larger")(picture)
    for i in range(20):
        x = layers.ReLU(name=f"relu_{i}")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    return as_functional(keras.Model(picture, layers.Softmax(name="last")(x)))


def test_large_maps_of_a_network_that_computes_little_are_not_kept(monkeypatch):
    image = np.random.default_rng(3).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    at_once = cnn.forward(large_maps(), image)
    assert not isinstance(at_once.activations, Computed)
    monkeypatch.setattr("cnn.models.pieces._MOST_NUMBERS", 1_000_000)
    monkeypatch.setattr(computed, "MOST_BYTES", 500_000)
    monkeypatch.setattr(computed, "MOST_CROSSING_BYTES", 0)
    model = large_maps()
    passed = cnn.forward(model, image)
    assert passed.nbytes < 600_000 < at_once.nbytes / 8
    assert max(len(part.calls) for part in pieces(model)) <= 3
    for name in ("larger", "relu_19", "means"):
        np.testing.assert_allclose(passed.activations[name], at_once.activations[name], rtol=1e-3)


def sums_scaled() -> keras.Model:
    """Convolutions of functions of convolutions, a scale after each, as in EfficientNet."""
    keras.utils.set_random_seed(4)
    picture = x = keras.Input((16, 16, 8))
    for i in range(12):
        x = layers.Conv2D(64, 1, activation="swish", name=f"expand_{i}")(x)
        x = layers.Conv2D(8, 1, name=f"project_{i}")(x)
        x = layers.BatchNormalization(name=f"norm_{i}")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return as_functional(keras.Model(picture, layers.Dense(5, activation="softmax")(x)))


def test_a_number_that_goes_to_the_next_piece_is_proved_by_what_its_own_piece_computed(large):
    model = sums_scaled()
    image = np.random.default_rng(3).integers(0, 256, (16, 16, 8), dtype=np.uint8)
    values = cnn.forward(model, image).activations
    crossing = {name for part in pieces(model)[1:] for name, _ in part.reads}
    assert any(name.startswith("norm") for name in crossing)
    for name in crossing:
        smallest = np.argsort(np.abs(values[name]), axis=None)[:3]
        for place in zip(*np.unravel_index(smallest, values[name].shape), strict=True):
            unit = cnn.explain_unit(model, image, layer=name, place=place, activations=values)
            assert unit.is_proved, (name, place, unit.computed, unit.recomputed)


def no_room(*_, **__):
    raise MemoryError


def full(*_, **__):
    raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


SHORT = (
    "There is not enough memory to compute the network 'short' for this picture: choose a smaller "
)


@pytest.mark.parametrize("is_large", [False, True])
def test_where_memory_is_short_for_a_pass_a_sentence_says_so(is_large, monkeypatch):
    monkeypatch.setattr("cnn.models.layers._LARGE", -1 if is_large else 10**12)
    model = nets.deep(6)
    model.name = "short"
    monkeypatch.setattr(layers.Conv2D, "call", full)
    with pytest.raises(cnn.ModelError, match=f"^{SHORT}picture or another model.$"):
        cnn.forward(model, np.zeros((16, 16), np.uint8))


@pytest.mark.parametrize("fails", [full, no_room])
def test_where_memory_is_short_for_a_layer_that_is_looked_at_a_sentence_says_so(
    fails, large, monkeypatch
):
    model = nets.deep(6)
    model.name = "short"
    passed = cnn.forward(model, np.zeros((16, 16), np.uint8))
    with monkeypatch.context() as while_it_is_short:
        while_it_is_short.setattr(layers.Conv2D, "call", fails)
        with pytest.raises(cnn.ModelError, match=f"^{SHORT}picture or another model.$"):
            passed.activations.around("step_0")["step_0"]
    assert passed.activations.around("step_0")["step_0"].shape == (16, 16, 2)
