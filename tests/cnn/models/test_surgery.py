"""A network with changed channels is its own numbers, changed there and nowhere else."""

import gc
import weakref

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

import cnn
from cnn.models.card import Card, attach_card, card_of
from cnn.models.compilation import Compiled
from cnn.models.graph import as_trained
from cnn.models.inputs import scale_of
from cnn.models.internals import nodes
from cnn.models.loading import as_functional
from cnn.models.surgery import operated, operated_names, tables_of
from cnn.models.twins import kept_for_twins
from tests import nets


@pytest.fixture(scope="module")
def coloured() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def plain() -> keras.Model:
    """A convolution of four channels, two dense units and a softmax, on 9x12 grey pictures."""
    kernel = np.random.default_rng(1).normal(size=(3, 2, 1, 4)).astype(np.float32)
    return nets.single_convolution(kernel, bias=0.5)


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (9, 12, 1), dtype=np.uint8)


def probabilities(model: keras.Model, picture: np.ndarray) -> np.ndarray:
    """What Keras itself computes, without our pass."""
    return np.asarray(model(cnn.prepare(picture, model)))[0]


def changed(values: np.ndarray, channel: int, factor: float, offset: float = 0.0) -> np.ndarray:
    values = values.copy()
    values[..., channel] = values[..., channel] * factor + offset
    return values


def names_of(model: keras.Model) -> list[str]:
    return [info.name for info in cnn.layer_infos(model)]


def test_factors_of_one_change_nothing(second_model, coloured):
    operated = cnn.ablate(second_model, {"block/conv": {0: 1.0, 3: 1.0}, "norm": {}})
    np.testing.assert_array_equal(
        probabilities(operated, coloured), probabilities(second_model, coloured)
    )


def test_later_layers_see_the_changed_output_and_the_layer_keeps_its_own(plain, grey):
    operated = cnn.ablate(plain, {"convolution": {3: 0.0, 1: 0.5}})
    before, after = cnn.activations(plain, grey), cnn.activations(operated, grey)
    expected = changed(changed(before["convolution"], 3, 0), 1, 0.5)
    np.testing.assert_array_equal(after["convolution"], before["convolution"])
    np.testing.assert_allclose(after["convolution_operated"], expected, rtol=1e-6)
    assert not after["convolution_operated"][..., 3].any()
    means = expected.mean(axis=(0, 1))
    np.testing.assert_allclose(after["means"], means, rtol=1e-4, atol=1e-5)
    kernel, bias = plain.get_layer("classes").get_weights()
    exponentials = np.exp(means @ kernel + bias)
    np.testing.assert_allclose(
        after["classes"], exponentials / exponentials.sum(), rtol=1e-4, atol=1e-6
    )


@given(
    changes=st.dictionaries(
        st.integers(0, 3), st.tuples(*[st.floats(-3, 3, width=32)] * 2), max_size=4
    )
)
def test_a_channel_that_is_not_named_stays_as_it_is(plain, changes):
    affine = {channel: cnn.Affine(*change) for channel, change in changes.items()}
    factors, offsets = tables_of(plain, {"convolution": affine})["convolution"]
    for channel in range(4):
        assert (factors[channel], offsets[channel]) == changes.get(channel, (1, 0))


def test_units_of_a_vector_and_rows_are_changed_too():
    model = nets.ending(
        layers.Dense(5, name="units"),
        layers.Reshape((5, 1), name="rows"),
        layers.Conv1D(3, 2, name="along"),
        layers.Flatten(name="row"),
        layers.Dense(2, name="sums"),
    )
    picture = np.random.default_rng(3).integers(0, 256, (6, 6, 1), dtype=np.uint8)
    operated = cnn.ablate(model, {"units": {4: cnn.Affine(2.0, -0.25)}, "along": {1: 0.0}})
    after = cnn.activations(operated, picture)
    units = changed(after["units"], 4, 2, -0.25)
    np.testing.assert_allclose(after["units_operated"], units, rtol=1e-6)
    along = changed(after["along"], 1, 0)
    np.testing.assert_allclose(after["along_operated"], along, rtol=1e-6)
    again = model.get_layer("along")(units[None, :, None]).numpy()[0]
    np.testing.assert_allclose(after["along"], again, rtol=1e-4, atol=1e-5)
    kernel, bias = model.get_layer("sums").get_weights()
    np.testing.assert_allclose(after["sums"], along.ravel() @ kernel + bias, rtol=1e-4, atol=1e-5)


def test_volumes_have_their_channels_last_too():
    picture = keras.Input((4, 4, 1), name="picture")
    x = layers.Reshape((4, 4, 1, 1), name="volume")(picture)
    x = layers.Conv3D(2, 1, name="solid")(x)
    model = as_functional(keras.Model(picture, layers.Dense(2)(layers.Flatten()(x))))
    operated = cnn.ablate(model, {"solid": {1: cnn.Affine(0, 0.5)}})
    after = cnn.activations(operated, np.full((4, 4, 1), 99, np.uint8))
    assert after["solid_operated"].shape == (4, 4, 1, 2)
    np.testing.assert_array_equal(after["solid_operated"][..., 1], 0.5)
    np.testing.assert_array_equal(after["solid_operated"][..., 0], after["solid"][..., 0])


def test_a_layer_inside_a_nested_model_keeps_its_name(second_model, coloured):
    operated = cnn.ablate(second_model, {"block/conv": {2: 0.0}, "tail/last": {0: 0.5}})
    names = names_of(operated)
    assert [name for name in names if not name.endswith("_operated")] == names_of(second_model)
    assert names[names.index("block/conv") + 1] == "block/conv_operated"
    before, after = (cnn.activations(model, coloured) for model in (second_model, operated))
    expected = changed(before["block/conv"], 2, 0)
    np.testing.assert_allclose(after["block/conv_operated"], expected, rtol=1e-6)
    depthwise = second_model.get_layer("block").get_layer("depthwise")
    np.testing.assert_allclose(
        after["block"], depthwise(expected[None]).numpy()[0], rtol=1e-4, atol=1e-5
    )
    last = changed(after["tail/last"], 0, 0.5)
    np.testing.assert_allclose(after["tail"], last.mean(axis=(0, 1)), rtol=1e-4, atol=1e-5)


def test_layers_are_described_once_for_all_networks_with_changes_in_them(second_model):
    one, other = (operated(second_model, {"block/conv": {n: 0.5}}) for n in (0, 3))
    elsewhere = operated(second_model, {"tail/last": {0: 0.5}})
    assert cnn.layer_infos(one) is cnn.layer_infos(other)
    for network in (one, elsewhere):
        anew = cnn.ablate(second_model, {name: {0: 0.5} for name in operated_names(network)})
        described = [(info.name, info.output_shape) for info in cnn.layer_infos(network)]
        assert described == [(info.name, info.output_shape) for info in cnn.layer_infos(anew)]


def test_of_a_shared_layer_only_the_named_call_is_changed(second_model, coloured):
    operated = cnn.ablate(second_model, {"shared": {1: 0.0}})
    before, after = (cnn.activations(model, coloured) for model in (second_model, operated))
    entering = changed(before["shared"], 1, 0)
    shared = second_model.get_layer("shared")
    np.testing.assert_allclose(
        after["shared:2"], shared(entering[None]).numpy()[0], rtol=1e-4, atol=1e-5
    )
    assert after["shared:2"][..., 1].any()
    second = cnn.ablate(second_model, {"shared:2": {1: 0.0}})
    found = cnn.activations(second, coloured)
    np.testing.assert_array_equal(found["shared:2"], before["shared:2"])
    np.testing.assert_allclose(
        found["shared_2_operated"], changed(before["shared:2"], 1, 0), rtol=1e-6
    )


def heads_over_levels() -> keras.Model:
    """A layer used on three branches side by side, each with an activation behind."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((6, 6, 1), name="picture")
    shared = layers.Conv2D(2, 1, name="shared")
    levels = [layers.AveragePooling2D(n, name=f"level_{n}")(picture) for n in (1, 2, 3)]
    ends = [layers.GlobalMaxPooling2D(name=f"max_{i}")(layers.ReLU(name=f"relu_{i}")(shared(x)))
            for i, x in enumerate(levels)]  # fmt: skip
    joined = layers.Concatenate(name="join")(ends)
    return as_functional(keras.Model(picture, layers.Dense(2, name="sums")(joined)))


@pytest.mark.parametrize("call", ["shared", "shared:2", "shared:3"])
def test_uses_side_by_side_keep_their_names(call):
    model = heads_over_levels()
    picture = np.random.default_rng(4).integers(0, 256, (6, 6, 1), dtype=np.uint8)
    operated = cnn.ablate(model, {call: {0: cnn.Affine(0, 7.0)}})
    before, after = (cnn.activations(model, picture) for model in (model, operated))
    assert all(np.array_equal(after[name], before[name]) for name in before if "shared" in name)
    readers = {info.name: info.inputs for info in cnn.layer_infos(operated)}
    inserted = f"{call.replace(':', '_')}_operated"
    assert readers[inserted] == (call,)
    assert sum(inputs == (inserted,) for inputs in readers.values()) == 1


NETS = {
    "second": nets.second,
    "residual": nets.residual,
    "lanes": nets.dense_connections,
    "side by side": heads_over_levels,
}


@pytest.mark.parametrize("net", NETS)
def test_uses_are_counted_in_the_order_in_which_keras_runs_them(net):
    model = NETS[net]()
    assert list(map(id, as_trained(model))) == list(map(id, nodes(model)))


def twice_nested() -> keras.Model:
    keras.utils.set_random_seed(6)
    inside = keras.Input((6, 6, 2))
    block = keras.Model(inside, layers.Conv2D(2, 1, name="conv")(inside), name="block")
    picture = keras.Input((6, 6, 1), name="picture")
    x = block(block(layers.Conv2D(2, 1, name="stem")(picture)))
    x = layers.GlobalAveragePooling2D(name="means")(x)
    return as_functional(keras.Model(picture, layers.Dense(2, name="sums")(x)))


@pytest.mark.parametrize("call", ["block/conv", "block:2/conv"])
def test_of_a_nested_model_used_twice_only_the_named_use_is_changed(call):
    model = twice_nested()
    picture = np.random.default_rng(7).integers(0, 256, (6, 6, 1), dtype=np.uint8)
    operated = cnn.ablate(model, {call: {0: 0.0}})
    assert [n for n in names_of(operated) if not n.endswith("_operated")] == names_of(model)
    x = cnn.activations(model, picture)["stem"]
    conv = model.get_layer("block").get_layer("conv")
    for use in ("block/conv", "block:2/conv"):
        x = conv(x[None]).numpy()[0]
        x = changed(x, 0, 0) if use == call else x
    after = cnn.activations(operated, picture)
    np.testing.assert_allclose(after["block:2"], x, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        operated.predict(cnn.prepare(picture, operated), verbose=0)[0], after["sums"], rtol=1e-4
    )


def test_of_two_branches_only_one_is_changed(second_model, coloured):
    before = cnn.activations(second_model, coloured)
    operated = cnn.ablate(second_model, {"left": {7: 0.0}})
    joined = cnn.activations(operated, coloured)["join"]
    np.testing.assert_allclose(joined, changed(before["join"], 7, 0), rtol=1e-5, atol=1e-6)


def test_the_picture_itself_can_lose_a_colour(second_model, coloured):
    operated = cnn.ablate(second_model, {"picture": {0: 0.0}})
    without_red = changed(coloured, 0, 0)
    np.testing.assert_allclose(
        probabilities(operated, coloured), probabilities(second_model, without_red), rtol=1e-5
    )


def test_only_one_channel_is_kept(plain, grey):
    factors = cnn.keep_only(plain, "convolution", channel=2)
    assert factors == {0: 0.0, 1: 0.0, 3: 0.0}
    after = cnn.activations(cnn.ablate(plain, {"convolution": factors}), grey)
    kept = after["convolution_operated"]
    assert np.flatnonzero(kept.any(axis=(0, 1))).tolist() == [2]
    np.testing.assert_array_equal(kept[..., 2], after["convolution"][..., 2])


def test_a_network_can_be_operated_on_again(plain, grey):
    once = cnn.ablate(plain, {"convolution": {0: 0.0}})
    twice = cnn.ablate(once, {"convolution": {1: 0.0}})
    both = cnn.ablate(plain, {"convolution": {0: 0.0, 1: 0.0}})
    np.testing.assert_allclose(probabilities(twice, grey), probabilities(both, grey), rtol=1e-6)
    assert {"convolution_operated", "convolution_operated_2"} <= set(names_of(twice))


ENDS = {
    "a softmax": lambda: [layers.Dense(3, activation="softmax", name="classes")],
    "a softmax of its own": lambda: [layers.Dense(3, name="sums"), layers.Softmax(name="shares")],
    "handed on": lambda: [layers.Dense(3, name="sums"), layers.Dropout(0.5, name="dropped")],
    "nested": lambda: [
        keras.Sequential([layers.Dense(4, name="first"), layers.Dense(3, name="end")], name="tail")
    ],
}


@pytest.mark.parametrize(
    ("end", "refused", "allowed"),
    [
        ("a softmax", ["classes"], ["flat"]),
        ("a softmax of its own", ["shares"], ["sums"]),
        ("handed on", ["sums", "dropped"], ["flat"]),
        ("nested", ["tail", "tail/end"], ["tail/first"]),
    ],
)
def test_the_answer_itself_is_not_changed(end, refused, allowed):
    model = nets.ending(*ENDS[end]())
    picture = np.random.default_rng(8).integers(0, 256, (6, 6, 1), dtype=np.uint8)
    for name in refused:
        with pytest.raises(cnn.LayerError, match=f"'{name}' is what the network answers"):
            cnn.ablate(model, {name: {0: 0.5}})
    for name in allowed:
        operated = cnn.ablate(model, {name: {0: 0.5}})
        assert cnn.predict(operated, picture).head.form == cnn.predict(model, picture).head.form


def test_the_original_stays_as_it_is_and_weights_are_shared(second_model, coloured):
    config, weights = second_model.get_config(), second_model.get_weights()
    expected = probabilities(second_model, coloured)
    operated = cnn.ablate(second_model, {"block/conv": {0: 0.0}, "shared:2": {0: 0.0}})
    assert second_model.get_config() == config
    assert all(map(np.array_equal, second_model.get_weights(), weights))
    np.testing.assert_array_equal(probabilities(second_model, coloured), expected)
    assert {id(w) for w in operated.weights} == {id(w) for w in second_model.weights}
    assert cnn.totals(operated).parameters == cnn.totals(second_model).parameters


def test_card_and_scale_are_those_of_the_model(plain, second_model):
    attach_card(plain, Card(class_names=("cat", "dog"), scale=0.5))
    operated = cnn.ablate(plain, {"convolution": {0: 0.0}, "picture": {0: 0.5}})
    assert card_of(operated) == card_of(plain)
    assert cnn.class_names(operated) == ("cat", "dog")
    assert scale_of(operated) == scale_of(plain)
    attach_card(plain, Card())
    operated = cnn.ablate(second_model, {"norm": {0: 0.0}})
    assert scale_of(operated) == scale_of(second_model)


@pytest.mark.parametrize(
    "changes",
    [{"block/conv": {2: 0.0}, "shared:2": {1: cnn.Affine(0.25, -1.5)}}, {"picture": {1: 0.0}}],
)
def test_it_is_saved_as_any_network_of_keras(second_model, coloured, tmp_path, changes):
    operated = cnn.ablate(second_model, changes)
    cnn.save_model(operated, tmp_path / "operated.keras")
    batch = cnn.prepare(coloured, second_model)
    plain = keras.models.load_model(tmp_path / "operated.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(plain(batch), operated(batch), rtol=1e-6)
    assert {type(layer).__module__.split(".")[0] for layer in plain.layers} == {"keras"}
    ours = cnn.load_model(tmp_path / "operated.keras")
    assert names_of(ours) == names_of(operated)


def test_a_network_whose_inner_models_share_layers_is_not_saved(tmp_path):
    operated = cnn.ablate(twice_nested(), {"block:2/conv": {0: 0.0}})
    path = tmp_path / "operated.keras"
    with pytest.raises(cnn.ModelError, match="'block' and 'block:2' in it share the layer 'conv'"):
        cnn.save_model(operated, path)
    assert not path.exists()
    operated.save(path)
    with pytest.raises(cnn.ModelError, match="weights or more for the network, and holds"):
        cnn.load_model(path)
    cnn.save_model(cnn.ablate(twice_nested(), {"stem": {0: 0.0}}), path)
    assert "stem_operated" in names_of(cnn.load_model(path))


def test_the_scale_of_a_saved_network_is_still_that_of_the_model(plain, tmp_path):
    operated = cnn.ablate(plain, {"convolution": {0: 0.0}})
    cnn.save_model(operated, tmp_path / "operated.keras")
    assert scale_of(cnn.load_model(tmp_path / "operated.keras")) == scale_of(plain)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conv9": {0: 0.0}}, "no layer 'conv9'.*convolution, means"),
        ({"convolution": {4: 0.0}}, "no channel 4.*7×11×4.*from 0 to 3"),
        ({"convolution": {-1: 0.0}}, "no channel -1.*from 0 to 3"),
        ({"convolution": {True: 0.0}}, "no channel True"),
        ({"convolution": {0: float("nan")}}, "channel 0 of 'convolution' nan.*finite number"),
        ({"convolution": {0: 1e300}}, "1e\\+300 was given: expected a finite number"),
        ({"convolution": {0: "x"}}, "'x' was given.*Give 0 to switch"),
        ({"convolution": {0: cnn.Affine(0, float("inf"))}}, "inf.*finite"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(plain, changes, words):
    with pytest.raises(cnn.LayerError, match=words):
        cnn.ablate(plain, changes)


def test_channels_on_another_axis_are_refused():
    picture = keras.Input((6, 6, 1), name="picture")
    x = layers.Permute((3, 1, 2), name="turned")(picture)
    x = layers.MaxPooling2D(2, data_format="channels_first", name="first")(x)
    x = layers.ReLU(name="after")(x)
    x = layers.GlobalAveragePooling2D(data_format="channels_first", name="means")(x)
    model = as_functional(keras.Model(picture, layers.Dense(2, name="sums")(x)))
    for name in ("first", "after"):
        with pytest.raises(
            cnn.LayerError, match=f"'{name}' computes with its channels on the first"
        ):
            cnn.ablate(model, {name: {0: 0.0}})
    assert "means_operated" in names_of(cnn.ablate(model, {"means": {0: 0.0}}))


def test_whole_numbers_are_refused():
    picture = keras.Input((6, 6, 1), name="picture", dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(picture))
    model = as_functional(keras.Model(picture, layers.Dense(2)(x)))
    with pytest.raises(cnn.LayerError, match="'picture' is whole numbers \\(uint8\\)"):
        cnn.ablate(model, {"picture": {0: 0.5}})


@pytest.mark.parametrize("layer", ["norm", "block/conv", "shared:2"])
def test_networks_to_look_at_are_those_of_ablate_and_leave_no_trace(second_model, coloured, layer):
    first = operated(second_model, {layer: {1: 0.5}})
    calls = [len(one._inbound_nodes) for one in second_model._flatten_layers()]
    networks = {factor: operated(second_model, {layer: {0: factor}}) for factor in (0.0, 2.0)}
    assert [len(one._inbound_nodes) for one in second_model._flatten_layers()] == calls
    for factor, network in networks.items():
        ablated = cnn.ablate(second_model, {layer: {0: factor}})
        expected = cnn.activations(ablated, coloured)
        found = cnn.activations(network, coloured)
        assert names_of(network) == names_of(ablated)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=1e-5)
        np.testing.assert_allclose(
            probabilities(network, coloured), probabilities(ablated, coloured), atol=1e-6
        )
    kept = [kept_for_twins(one) for one in (first, *networks.values())]
    assert kept[0] is kept[1] is kept[2]


def test_what_was_compiled_for_changes_elsewhere_goes_when_there_are_many():
    model = nets.deep(14)
    picture = np.zeros((16, 16, 1), np.uint8)

    def compiled(name: str) -> weakref.ref:
        network = operated(model, {name: {0: 0.0}})
        cnn.predict(network, picture)
        kept = kept_for_twins(network).values()
        return weakref.ref(next(one for one in kept if isinstance(one, Compiled)))

    unused, used = compiled("step_0"), compiled("step_1")
    for depth in range(2, 11):
        operated(model, {f"step_{depth}": {0: 0.0}})
        assert kept_for_twins(operated(model, {"step_1": {1: 0.5}}))
    gc.collect()
    assert unused() is None
    assert used() is not None
