"""Models that are hard to run: odd names, sizes that do not fit, operations that no compiler knows."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import cnn
from cnn.inspection.trial import MOST_LETTERS, try_out
from cnn.models.card import Card, attach_card
from cnn.models.compilation import Compiled
from cnn.models.loading import as_functional
from cnn.models.twins import twin

ODD = [
    "my conv",
    "größe 3×3",
    "a{b}",
    "a:b",
    "a#b",
    "_inner",
    "-dash",
    "back\\slash",
    "中",
    "%",
    " ",
]
SEVEN = np.arange(784, dtype=np.uint8).reshape(28, 28)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A saved and loaded model whose layers have odd names, one of them inside another layer."""
    keras.utils.set_random_seed(4)
    picture = keras.Input((28, 28, 1), name="the picture")
    x = picture
    for name in ODD:
        x = layers.Conv2D(2, 3, activation="relu", name=name)(x)
    inside = keras.Sequential([layers.Conv2D(2, 1, name="in side")], name="a block")
    x = layers.Flatten(name="flat é")(inside(x))
    classes = layers.Dense(10, activation="softmax", name="the classes")(x)
    path = tmp_path_factory.mktemp("odd") / "odd.keras"
    cnn.save_model(keras.Model(picture, classes, name="an odd one"), path)
    return cnn.load_model(path)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_layer_called_as_a_step_in_a_path_is_refused(name):
    picture = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Conv2D(1, 3, name=name)(picture))
    model = as_functional(keras.Model(picture, layers.Dense(10, "softmax")(x)))
    with pytest.raises(cnn.ModelError, match=r"called '\.*', which no address can have: give it"):
        try_out(model)


def test_a_network_that_cuts_all_of_the_picture_away_is_told_so():
    picture = keras.Input((28, 28, 1))
    row = layers.Flatten()(picture[:, :0])
    model = as_functional(keras.Model(picture, layers.Dense(3, "softmax")(row)))
    with pytest.raises(cnn.ModelError, match="leaves nothing of the picture"):
        try_out(model)


@pytest.mark.parametrize("step", ["AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "op"])
def test_a_maximum_that_would_end_the_process_is_refused_before(step):
    picture = keras.Input((28, 28, 1))
    if step == "AdaptiveMaxPooling1D":
        pooled = layers.AdaptiveMaxPooling1D(1)(layers.Reshape((28, 28))(picture))
    elif step == "op":
        pooled = keras.ops.adaptive_max_pool(picture, (4, 1), "channels_first")
    else:
        pooled = layers.AdaptiveMaxPooling2D((4, 1))(picture)
    model = as_functional(keras.Model(picture, layers.Flatten()(pooled)))
    with pytest.raises(cnn.ModelError, match=r"leaves one column .* put a GlobalMaxPooling layer"):
        try_out(model)


def test_layers_with_odd_names_have_the_outputs_that_keras_computes(odd):
    found = cnn.activations(odd, SEVEN)
    assert set(ODD) | {"a block/in side", "flat é", "the classes"} <= set(found)
    expected = odd(cnn.prepare(SEVEN, odd)).numpy()[0]
    np.testing.assert_allclose(found["the classes"], expected, atol=1e-6)


def test_layers_with_odd_names_can_be_asked_for_gradients_batches_and_lessons(odd):
    gradient, _ = cnn.logit_gradient(odd, SEVEN)
    assert gradient.shape == (28, 28, 1)
    assert cnn.batch_probabilities(odd, [SEVEN] * 3).shape == (3, 10)
    taught = cnn.teach(odd, SEVEN, label=3, learning_rates=[0.1])
    assert "my conv" in taught.layers
    assert cnn.predict(twin(odd, odd.get_weights()), SEVEN).probabilities.shape == (10,)


def test_a_network_too_deep_for_a_small_picture_gets_a_larger_one():
    picture = keras.Input((None, None, 1))
    x = picture
    for _ in range(5):
        x = layers.MaxPooling2D(2)(layers.Conv2D(2, 3)(x))
    x = layers.GlobalAveragePooling2D()(x)
    deep = as_functional(keras.Model(picture, layers.Dense(3, activation="softmax")(x)))
    assert cnn.size_for(deep, 28, 28) == (128, 128)
    assert cnn.size_for(deep, 200, 150) == (200, 150)
    assert np.isfinite(cnn.predict(deep, SEVEN).probabilities).all()
    cnn.try_out(deep)


def test_a_network_that_joins_what_it_halved_gets_a_size_that_can_be_halved():
    picture = keras.Input((None, None, 3))
    small = layers.Conv2D(2, 3, padding="same")(layers.MaxPooling2D(8)(picture))
    x = layers.Concatenate()([picture, layers.UpSampling2D(8)(small)])
    x = layers.GlobalAveragePooling2D()(x)
    joined = as_functional(keras.Model(picture, layers.Dense(3, activation="softmax")(x)))
    assert cnn.size_for(joined, 28, 33) == (32, 40)
    cnn.try_out(joined)


def test_a_network_with_a_size_of_its_own_keeps_it(classifier):
    assert cnn.size_for(classifier, 100, 50) == (28, 28)


def test_a_network_that_can_never_run_is_refused_with_its_layer_and_reason():
    picture = keras.Input((28, 28, 1))
    numbers = layers.Flatten()(picture)
    x = layers.CategoryEncoding(4, output_mode="multi_hot", name="encode")(numbers)
    never = as_functional(keras.Model(picture, layers.Dense(3, activation="softmax")(x)))
    never.get_layer("encode").call = lambda *_, **__: 1 / 0
    with pytest.raises(
        cnn.ModelError, match=r"layer 'encode' \(CategoryEncoding\).*division by zero"
    ):
        cnn.try_out(never)


@pytest.mark.parametrize(
    ("name", "letters"), [("a" * 1000, 1000), ("a" * 1001, 1001), ("中" * 112, 1008)]
)
def test_a_layer_whose_name_no_address_has_room_for_is_refused(name, letters):
    picture = keras.Input((28, 28, 1))
    named = as_functional(keras.Model(picture, layers.Conv2D(1, 3, name=name)(picture)))
    if letters <= MOST_LETTERS:
        cnn.try_out(named)
        return
    with pytest.raises(cnn.ModelError, match=rf"layer .* takes {letters:,} letters, and at most 1"):
        cnn.try_out(named)


def test_a_class_whose_name_no_request_has_room_for_is_refused(classifier):
    named = twin(classifier, classifier.get_weights())
    attach_card(named, Card(("b" * 1001, *"123456789")))
    with pytest.raises(cnn.ModelError, match=r"the class 'bbb.* takes 1,001 letters"):
        cnn.try_out(named)


def test_a_network_whose_output_is_maps_is_shown():
    picture = keras.Input((28, 28, 1))
    maps = as_functional(keras.Model(picture, layers.Conv2D(1, 3)(picture)))
    cnn.try_out(maps)
    assert cnn.predict(maps, SEVEN).probabilities.shape == (26, 26, 1)


@pytest.fixture
def ways(classifier):
    """A function of the bundled classifier that fails as it is told to, and who computed it."""

    def make(failures: dict[str, Exception]):
        def compute(batch):
            return tf.reduce_sum(batch)

        compiled = Compiled(classifier, compute, by_xla=True)
        used = []

        def way(name):
            def go(values, *tensors):
                used.append(name)
                if name in failures:
                    raise failures[name]
                return name

            return go

        compiled._ways = [way(name) for name in ("compiler", "graph", "steps")]
        return lambda: compiled(classifier, np.ones(2, np.float32)), used

    return make


def refusal(kind):
    return kind(None, None, "no")


def test_what_the_compiler_refuses_is_left_to_the_graph_from_then_on(ways):
    call, used = ways({"compiler": refusal(tf.errors.UnimplementedError)})
    assert [call(), call()] == ["graph", "graph"]
    assert used == ["compiler", "graph", "graph"]


@pytest.mark.parametrize(
    "error", [refusal(tf.errors.ResourceExhaustedError), refusal(tf.errors.InternalError)]
)
def test_other_errors_do_not_give_the_compiler_up(ways, error):
    failures = {"compiler": error}
    call, used = ways(failures)
    with pytest.raises(cnn.ModelError):
        call()
    failures.clear()
    assert call() == "compiler"
    assert used == ["compiler", "compiler"]


def test_bad_input_does_not_give_the_compiler_up(ways):
    bad = refusal(tf.errors.InvalidArgumentError)
    failures = {"compiler": bad, "graph": bad, "steps": bad}
    call, _ = ways(failures)
    with pytest.raises(cnn.ModelError):
        call()
    failures.clear()
    assert call() == "compiler"


def test_an_operation_that_the_compiler_does_not_know_is_computed(classifier):
    lengths = Compiled(
        classifier,
        lambda batch: tf.strings.length(tf.strings.as_string(batch)),
        by_xla=True,
    )
    assert lengths(classifier, np.float32(7)).numpy() == len("7.000000")
    assert len(lengths._ways) == 2
