"""Each fault is planted in a network and found, and the bundled classifier is said nothing of that is
not there."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.inspection.diagnosis import CHECKS
from cnn.inspection.diagnosis.observation import observe
from cnn.inspection.diagnosis.selection import LEAST, batch_size, selected, selection_of
from cnn.models.card import Card, attach_card
from cnn.models.loading import as_functional
from cnn.models.scales import Scale
from tests import nets

RANDOM = np.random.default_rng(5)
PICTURES = RANDOM.integers(0, 256, (90, 8, 9, 1), dtype=np.uint8)
NAMES = ("ape", "bee", "cat", "dog")


def dataset(pictures=PICTURES, names=NAMES, labels=None) -> cnn.Dataset:
    given = np.arange(len(pictures)) % len(names) if labels is None else labels
    return cnn.Dataset("planted", "test", pictures, given, names, "made up")


def small(activation="relu", head="softmax", after=()) -> keras.Model:
    """Two convolutions, a normalisation that knows its data, and four classes."""
    keras.utils.set_random_seed(12)
    picture = keras.Input((8, 9, 1), name="picture")
    x = layers.Conv2D(8, 3, bias_initializer="ones", activation="relu", name="conv")(picture)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(6, 3, activation=activation, name="inner")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    x = layers.Dense(4, activation=head, name="classes")(x)
    for layer in after:
        x = layer(x)
    model = as_functional(keras.Model(picture, x, name="small"))
    learn_statistics(model)
    attach_card(model, Card(NAMES))
    return model


def learn_statistics(model) -> None:
    before = keras.Model(model.inputs[0], model.get_layer("conv").output)
    values = np.asarray(before(PICTURES.astype(np.float32) / 255))
    norm = model.get_layer("norm")
    gamma, beta, *_ = norm.get_weights()
    norm.set_weights([gamma, beta, values.mean((0, 1, 2)), values.var((0, 1, 2))])


def change(model, layer, place, kernel, bias) -> None:
    """Give a channel of a layer another kernel and bias."""
    kernels, biases = model.get_layer(layer).get_weights()
    kernels[..., place] = kernel
    biases[place] = bias
    model.get_layer(layer).set_weights([kernels, biases])


def kinds(made) -> dict[str, cnn.Finding]:
    found = {one.kind: one for one in made.findings}
    assert len(found) == len(made.findings), made.findings
    return found


def test_a_network_without_a_fault_has_none():
    made = cnn.diagnose(small(), dataset())
    assert made.findings == ()
    assert [one.name for one in made.checked] == list(CHECKS)
    assert {one.name for one in made.checked if one.findings is None} == {"saturated"}
    assert cnn.diagnose(small("tanh"), dataset()).findings == ()


def test_dead_channels_are_found_where_they_die_and_not_after():
    model = small()
    for place in (2, 5):
        change(model, "conv", place, 0, -1)
    learn_statistics(model)
    found = kinds(cnn.diagnose(model, dataset()))
    assert found.keys() == {"dead"}
    assert (found["dead"].layer, found["dead"].channels) == ("conv", (2, 5))
    assert found["dead"].severity == "warning"
    assert found["dead"].numbers == {"channels": 8, "pictures": 90}


def test_a_layer_that_lets_nothing_through_is_a_fault_and_no_other_is_blamed_for_it():
    model = small()
    for place in range(6):
        change(model, "inner", place, 0, -1)
    found = kinds(cnn.diagnose(model, dataset()))
    assert found.keys() == {"dead"}
    assert (found["dead"].layer, found["dead"].severity) == ("inner", "fault")


def test_a_channel_that_one_picture_wakes_is_not_dead():
    model = small()
    change(model, "inner", 3, 0, -1)
    assert kinds(cnn.diagnose(model, dataset())).keys() == {"dead"}
    black = np.zeros((90, 8, 9, 1), np.uint8)
    black[71, 4, 4] = 255
    kernel, bias = (np.zeros((3, 3, 1)), 0)
    kernel[1, 1] = 1
    change(model, "conv", 0, kernel, bias)
    made = cnn.diagnose(model, dataset(black))
    assert 0 not in {c for one in made.findings if one.layer == "conv" for c in one.channels}


def test_a_channel_that_is_the_same_for_every_picture_is_found():
    model = small()
    change(model, "conv", 4, 0, 0.7)
    learn_statistics(model)
    found = kinds(cnn.diagnose(model, dataset()))
    assert found.keys() == {"constant"}
    assert (found["constant"].layer, found["constant"].channels) == ("conv", (4,))


def test_numbers_that_are_meant_to_be_the_same_for_every_picture_are_no_fault():
    keras.utils.set_random_seed(3)
    picture = keras.Input((8, 9, 1), name="picture")
    x = layers.Conv2D(2, 3, bias_initializer="ones", name="conv")(picture)
    same = [keras.ops.zeros_like(x), keras.ops.ones_like(x)]
    x = layers.Concatenate(name="beside")([x, *same])
    x = layers.Dense(4, activation="softmax", name="classes")(layers.Flatten()(x))
    found = cnn.diagnose(keras.Model(picture, x), PICTURES).findings
    assert {one.kind for one in found}.isdisjoint({"dead", "constant"})


def test_a_map_that_varies_from_cell_to_cell_but_not_from_picture_to_picture_is_constant():
    keras.utils.set_random_seed(3)
    picture = keras.Input((8, 9, 1), name="picture")
    x = layers.Conv2D(2, 1, name="ones")(picture)
    x = layers.Conv2D(3, 3, padding="same", name="edges")(x)
    x = layers.Dense(4, activation="softmax", name="classes")(layers.Flatten()(x))
    model = as_functional(keras.Model(picture, x))
    kernel, _ = model.get_layer("ones").get_weights()
    kernel[..., 1] = 0
    model.get_layer("ones").set_weights([kernel, np.ones(2, np.float32)])
    edges, biases = model.get_layer("edges").get_weights()
    edges[:, :, 0, 2] = 0
    model.get_layer("edges").set_weights([edges, biases])
    found = [one for one in cnn.diagnose(model, PICTURES).findings if one.kind == "constant"]
    assert [(one.layer, one.channels) for one in found] == [("ones", (1,)), ("edges", (2,))]


@pytest.mark.parametrize(("function", "bias"), [("tanh", -9), ("sigmoid", 30), ("tanh", 4)])
def test_saturated_units_are_found_whether_they_still_move_or_not(function, bias):
    model = small(function)
    kernel = model.get_layer("inner").get_weights()[0][..., 1]
    change(model, "inner", 1, kernel * 0.1, bias)
    found = kinds(cnn.diagnose(model, dataset()))
    assert found.keys() == {"saturated"}
    assert (found["saturated"].layer, found["saturated"].channels) == ("inner", (1,))
    assert found["saturated"].names == (function,)
    assert found["saturated"].numbers["share"] >= 0.95


def test_scores_of_the_output_are_sure_and_not_saturated():
    model = small(head="sigmoid")
    change(model, "classes", 0, 0.001, 20)
    assert "saturated" not in {one.kind for one in cnn.diagnose(model, dataset()).findings}


def test_near_duplicates_are_found_but_no_opposites_and_no_small_kernels():
    model = small()
    kernels, biases = model.get_layer("inner").get_weights()
    noise = 0.02 * RANDOM.normal(size=kernels[..., 0].shape)
    change(model, "inner", 4, 3 * kernels[..., 0] * (1 + noise), 3 * biases[0])
    change(model, "inner", 2, -kernels[..., 1], -biases[1])
    found = kinds(cnn.diagnose(model, dataset()))
    assert found.keys() == {"duplicates"}
    assert (found["duplicates"].layer, found["duplicates"].channels) == ("inner", (0, 4))
    one, other = (
        np.append(k.ravel(), b)
        for k, b in zip(
            np.moveaxis(model.get_layer("inner").get_weights()[0], -1, 0)[[0, 4]],
            model.get_layer("inner").get_weights()[1][[0, 4]],
            strict=True,
        )
    )
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert found["duplicates"].numbers["cosine"] == pytest.approx(cosine, abs=1e-6)


def test_long_filters_are_compared_by_projections():
    keras.utils.set_random_seed(4)
    picture = keras.Input((30, 30, 3), name="picture")
    x = layers.Dense(12, name="wide")(layers.Flatten()(picture))
    model = as_functional(keras.Model(picture, layers.Dense(3, activation="softmax")(x)))
    kernel, bias = model.get_layer("wide").get_weights()
    kernel[:, 9] = 2 * kernel[:, 5]
    model.get_layer("wide").set_weights([kernel, bias])
    pictures = RANDOM.integers(0, 256, (20, 30, 30, 3), dtype=np.uint8)
    found = kinds(cnn.diagnose(model, pictures))
    assert found["duplicates"].channels == (5, 9)
    assert found["duplicates"].numbers["cosine"] == pytest.approx(1)


def test_filters_of_other_groups_read_other_channels():
    picture = keras.Input((8, 9, 1), name="picture")
    x = layers.Conv2D(8, 3, name="conv")(picture)
    x = layers.Conv2D(4, 3, groups=2, name="grouped")(x)
    x = layers.DepthwiseConv2D(3, depthwise_initializer="ones", name="depthwise")(x)
    x = layers.Dense(4, activation="softmax")(layers.Flatten()(x))
    model = as_functional(keras.Model(picture, x))
    kernel, bias = model.get_layer("grouped").get_weights()
    kernel[..., 2] = kernel[..., 0]
    model.get_layer("grouped").set_weights([kernel, bias])
    assert "duplicates" not in {one.kind for one in cnn.diagnose(model, PICTURES).findings}
    kernel[..., 1] = kernel[..., 0]
    model.get_layer("grouped").set_weights([kernel, bias])
    found = [one for one in cnn.diagnose(model, PICTURES).findings if one.kind == "duplicates"]
    assert [(one.layer, one.channels) for one in found] == [("grouped", (0, 1))]


def test_statistics_that_no_training_changed_are_found():
    model = small()
    norm = model.get_layer("norm")
    norm.set_weights([*norm.get_weights()[:2], np.zeros(8), np.ones(8)])
    found = kinds(cnn.diagnose(model, dataset()))
    assert (found["never updated"].layer, found["never updated"].severity) == ("norm", "fault")


def test_statistics_of_a_training_tell_an_input_that_is_unlike_it_without_labels():
    model = small()
    assert "statistics" not in kinds(cnn.diagnose(model, PICTURES))
    for unlike in (PICTURES // 64, 255 - PICTURES // 64):
        assert kinds(cnn.diagnose(model, unlike))["statistics"].layer == "norm"


def test_statistics_along_another_axis_are_not_those_of_the_channels():
    picture = keras.Input((8, 9, 1), name="picture")
    x = layers.Conv2D(6, 3, name="maps")(picture)
    x = layers.BatchNormalization(axis=1, name="rows")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = as_functional(keras.Model(picture, layers.Dense(4, activation="softmax")(x)))
    rows = model.get_layer("rows")
    rows.set_weights([*rows.get_weights()[:2], np.full(6, 50), np.full(6, 1e-6)])
    assert not {"statistics", "never updated"} & kinds(cnn.diagnose(model, PICTURES)).keys()


def test_what_a_further_input_is_given_is_no_layer_that_is_dead_or_always_the_same():
    picture, age = keras.Input((8, 9, 1), name="picture"), keras.Input((3,), name="age")
    x = layers.Concatenate()([layers.Flatten()(picture), layers.Dense(2, name="old")(age)])
    built = keras.Model([picture, age], layers.Dense(4, activation="softmax")(x))
    for given in ({}, {"age": [1, 2, 3]}):
        found = cnn.diagnose(as_functional(built, given=given), PICTURES).findings
        assert not {"age", "old"} & {one.layer for one in found}


def test_a_normalisation_layer_tells_an_input_that_is_unlike_its_data():
    picture = keras.Input((8, 9, 1), name="picture")
    known = layers.Normalization(name="known")
    known.adapt(PICTURES.astype(np.float32))
    x = layers.Flatten()(known(picture))
    model = as_functional(keras.Model(picture, layers.Dense(4, activation="softmax")(x)))
    assert "statistics" not in kinds(cnn.diagnose(model, PICTURES))
    assert kinds(cnn.diagnose(model, PICTURES // 100))["statistics"].layer == "known"


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ((layers.Softmax(name="again"),), "softmax doubled"),
        ((layers.Dropout(0.1), layers.Activation("softmax", name="again")), "softmax doubled"),
        ((layers.Dense(4, activation="softmax", name="again"),), None),
    ],
)
def test_a_softmax_of_a_softmax_is_found(after, kind):
    made = cnn.diagnose(small(after=after), dataset())
    found = [one for one in made.findings if one.kind.startswith("softmax")]
    assert [one.kind for one in found] == ([kind] if kind else [])
    for one in found:
        assert (one.severity, one.layer, one.names) == ("fault", "again", ("classes",))
        assert one.numbers["largest possible"] == pytest.approx(np.exp(1) / (np.exp(1) + 3))


def test_a_softmax_inside_a_nested_network_is_one_too():
    inside = keras.Input((4,))
    block = keras.Model(inside, layers.Softmax(name="first")(inside), name="block")
    model = small(head=None, after=(block, layers.Softmax(name="again")))
    assert kinds(cnn.diagnose(model, dataset()))["softmax doubled"].names == ("block/first",)


def test_a_softmax_that_is_missing_is_found():
    assert kinds(cnn.diagnose(small(head=None), dataset()))["logits"].severity == "note"
    wrong = kinds(cnn.diagnose(small(head="softplus"), dataset()))["softmax missing"]
    assert (wrong.severity, wrong.layer, wrong.names) == ("warning", "classes", ("softplus",))


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
def test_a_softmax_of_one_number_is_a_fault():
    after = (layers.Dense(1, activation="softmax", name="only"),)
    found = [one.kind for one in cnn.diagnose(small(after=after), PICTURES).findings]
    assert sorted(found) == ["constant", "softmax of one"]


def test_every_output_is_looked_at():
    keras.utils.set_random_seed(6)
    picture = keras.Input((8, 9, 1), name="picture")
    x = layers.Flatten()(picture)
    first = layers.Dense(4, activation="softmax", name="first")(x)
    second = layers.Softmax(name="second")(layers.Dense(3, activation="softmax", name="three")(x))
    score = layers.Dense(1, activation="sigmoid", name="score")(x)
    model = as_functional(keras.Model(picture, [first, second, score]))
    attach_card(model, Card(NAMES))
    found = kinds(cnn.diagnose(model, dataset()))
    assert found.keys() == {"softmax doubled"}
    assert found["softmax doubled"].layer == "second"


def test_labels_that_are_not_as_many_as_the_outputs_are_found():
    found = kinds(cnn.diagnose(small(), dataset(names=(*NAMES, "eel"))))["label count"]
    assert found.numbers == {"classes": 5, "outputs": 4}
    score = small(head=None, after=(layers.Dense(1, activation="sigmoid"),))
    assert "label count" not in kinds(cnn.diagnose(score, dataset(names=("no", "yes"))))
    assert "label count" in kinds(cnn.diagnose(score, dataset()))


def test_classes_of_other_names_are_found_and_those_of_another_order_belong_together():
    model = small()
    attach_card(model, Card(("dog", "cat", "bee", "ape")))
    assert cnn.diagnose(model, dataset()).findings == ()
    attach_card(model, Card(("one", "two", "three", "four")))
    assert kinds(cnn.diagnose(model, dataset())).keys() == {"label names"}


def test_classes_without_names_are_only_those_of_numbers():
    model = small()
    attach_card(model, Card())
    found = kinds(cnn.diagnose(model, dataset()))["label unnamed"]
    assert found.severity == "note"
    assert "label unnamed" not in kinds(cnn.diagnose(model, dataset(names=tuple("0123"))))


@pytest.fixture(scope="module")
def digits():
    return cnn.load_dataset("digits")


def bundled() -> keras.Model:
    return cnn.load_model()


def test_negatives_are_found(digits):
    negatives = cnn.Dataset(
        "negatives", "all", 255 - digits.images, digits.labels, digits.class_names, "made up"
    )
    found = {one.kind: one for one in cnn.diagnose(bundled(), negatives, most=300).findings}
    assert found["polarity"].severity == "fault"
    assert found["polarity"].numbers["accuracy as negatives"] > 0.9
    assert found["polarity"].numbers["accuracy"] < 0.5


def scaled(digits, scale) -> keras.Model:
    """The bundled classifier with a card that has another scale."""
    model = bundled()
    attach_card(model, Card(digits.class_names, scale))
    return model


def test_pixels_of_another_range_are_found(digits):
    made = cnn.diagnose(scaled(digits, 1 / 255**2), digits, most=300)
    found = {one.kind: one for one in made.findings}["range"]
    assert (found.severity, found.names[0]) == ("fault", "divided by 255")
    assert found.numbers["accuracy in the other range"] > 0.9 > 0.5 > found.numbers["accuracy"]


def test_another_range_that_harms_no_answer_is_none(digits):
    """Sums of a network of ReLUs grow with its input, and hardly change their order."""
    model = scaled(digits, 1.0)
    said = cnn.batch_probabilities(model, digits.images[::5]).argmax(axis=1)
    assert (said == digits.labels[::5]).mean() > 0.9
    found = {one.kind for one in cnn.diagnose(model, digits, most=300).findings}
    assert not found & {"range", "polarity"}


def test_labels_in_another_order_are_found(digits):
    moved = replace(digits, name="moved", labels=(digits.labels + 1) % 10)
    plain = bundled()
    attach_card(plain, Card((), 1 / 255))
    found = {one.kind: one for one in cnn.diagnose(plain, moved, most=500).findings}["label order"]
    assert found.numbers["accuracy in the other order"] > 0.9
    assert (found.numbers["label"], found.numbers["output"]) == (0, 9)


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_of_the_bundled_classifier_nothing_is_said_that_is_not_there(name, classifier, request):
    """Held against the activations of each picture by itself, and weights compared one by one."""
    place = request.getfixturevalue("mnist_dir") if name == "mnist" else None
    data = cnn.load_dataset(name, data_dir=place)
    made = cnn.diagnose(classifier, data)
    found = {(one.kind, one.layer): set(one.channels) for one in made.findings}
    assert made.selection.count == 1000
    awake, same = awake_and_same(classifier, data)
    expected = {}
    for layer in ("conv2d", "conv2d_1", "dense", "dense_1"):
        dead = set(np.flatnonzero(~awake[layer]))
        expected[("dead", layer)] = dead
        expected[("constant", layer)] = set(np.flatnonzero(same[layer])) - dead
        expected[("duplicates", layer)] = alike(classifier, layer)
    assert found == {place: channels for place, channels in expected.items() if channels}


def awake_and_same(model, data):
    """Which channels of each layer are ever not zero, and which never differ from the first picture."""
    awake, same, first = {}, {}, None
    for i in range(1000):
        maps = cnn.activations(model, data.pictures[i * len(data) // 1000])
        first = first or maps
        for name, values in maps.items():
            axes = tuple(range(values.ndim - 1))
            awake[name] = awake.get(name, False) | (values != 0).any(axis=axes)
            same[name] = same.get(name, True) & (values == first[name]).all(axis=axes)
    return awake, same


def alike(model, layer):
    kernel, bias = cnn.kernels(model, layer), cnn.biases(model, layer)
    vectors = [np.append(kernel[..., i].ravel(), bias[i]) for i in range(len(bias))]
    return {
        place
        for i, one in enumerate(vectors)
        for j, other in enumerate(vectors[:i])
        if one @ other >= 0.99 * np.linalg.norm(one) * np.linalg.norm(other)
        for place in (i, j)
    }


def test_statistics_are_those_of_all_pictures_together(second_model):
    pixels = RANDOM.integers(0, 256, (11, 20, 30, 3), dtype=np.uint8)
    observed = observe(second_model, pixels, scale=Scale(1.0), batch=5)
    outputs = [cnn.activations(second_model, picture) for picture in pixels]
    assert observed.statistics.keys() == outputs[0].keys()
    for name, known in observed.statistics.items():
        values = np.stack([one[name] for one in outputs])
        values = values.reshape(11, -1, values.shape[-1]).astype(np.float64)
        for got, expected in (
            (known.minimum, values.min((0, 1))),
            (known.maximum, values.max((0, 1))),
            (known.mean, values.mean((0, 1))),
            (known.variance, values.var((0, 1))),
            (known.change, np.abs(values - values[:1]).max((0, 1))),
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(
        observed.outputs, cnn.batch_probabilities(second_model, pixels), atol=1e-5
    )


def test_the_sample_is_smaller_for_a_network_that_computes_more():
    def of(side, filters):
        picture = keras.Input((side, side, 3), name="picture")
        x = layers.Conv2D(filters, 3)(layers.Conv2D(filters, 3)(picture))
        x = layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(x))
        return as_functional(keras.Model(picture, x))

    pictures = np.zeros((3000, 8, 8, 3), np.uint8)
    counts = [selection_of(of(*size), pictures).count for size in ((16, 4), (224, 16), (224, 256))]
    assert counts[0] == 1000 > counts[1] > counts[2] == LEAST
    shorts = [selection_of(of(*size), pictures).is_short for size in ((16, 4), (224, 256))]
    assert shorts == [False, True]
    assert batch_size(of(16, 4), (8, 8, 3)) == 64
    assert 2 <= batch_size(of(224, 256), (8, 8, 3)) < 64
    free = as_functional(
        keras.Model(
            picture := keras.Input((None, None, 3)),
            layers.GlobalAveragePooling2D()(layers.Conv2D(64, 3)(picture)),
        )
    )
    large = np.zeros((3000, 1000, 1000, 3), np.uint8)
    assert selection_of(free, pictures).count == 1000 > selection_of(free, large).count


def test_the_sample_is_spread_over_the_data_set_and_says_so():
    chosen = selection_of(small(), dataset(), 4)
    pictures, places = selected(dataset(), chosen)
    assert (chosen.name, chosen.split, chosen.count, chosen.total) == ("planted", "test", 4, 90)
    for picture, place in zip(pictures, (0, 22, 45, 67), strict=True):
        np.testing.assert_array_equal(picture, PICTURES[place])
    assert places.tolist() == [0, 22, 45, 67]
    with pytest.raises(cnn.DatasetError, match="no pictures"):
        cnn.diagnose(small(), PICTURES[:0])


def test_any_image_network_is_looked_at(second_model):
    pictures = RANDOM.integers(0, 256, (12, 20, 30, 3), dtype=np.uint8)
    found = {one.kind for one in cnn.diagnose(second_model, pictures).findings}
    assert "never updated" in found
    for model in (nets.residual(), nets.dense_connections(), nets.pyramid(16)):
        made = cnn.diagnose(model, RANDOM.integers(0, 256, (12, 16, 16), dtype=np.uint8))
        assert made.selection.count == 12


def test_numbers_that_are_not_finite_are_found_where_they_begin():
    model = small()
    change(model, "inner", 2, np.nan, 0)
    found = kinds(cnn.diagnose(model, PICTURES))
    assert (found["not finite"].layer, found["not finite"].severity) == ("inner", "fault")
    assert found["not finite"].channels == (2,)
    assert "made with weights that are infinite or none" in cnn.captions.diagnosis.finding(
        found["not finite"]
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_zeros_that_a_relu_made_of_nan_are_not_called_dead(value):
    keras.utils.set_random_seed(3)
    picture = keras.Input((8, 9, 1))
    x = layers.Conv2D(4, 3, activation="relu", name="first")(picture)
    x = layers.Conv2D(4, 3, activation="relu", name="second")(x)
    x = layers.Conv2D(4, 3, activation="tanh", name="third")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    model = as_functional(keras.Model(picture, layers.Dense(4, name="classes")(x)))
    change(model, "first", 1, value, 0)
    made = cnn.diagnose(model, PICTURES)
    found = kinds(made)
    assert {"dead", "constant", "saturated"}.isdisjoint(found)
    assert (found["not finite"].layer, found["not finite"].channels) == ("first", (1,))
    assert "saturated channels in the 4 layers behind" in cnn.captions.diagnosis.finding(
        found["not finite"]
    )


def test_a_channel_that_is_dead_beside_a_broken_one_is_called_so():
    model = small()
    change(model, "conv", 2, np.nan, 0)
    change(model, "conv", 5, 0, -1)
    found = kinds(cnn.diagnose(model, PICTURES))
    assert (found["dead"].layer, found["dead"].channels) == ("conv", (5,))
