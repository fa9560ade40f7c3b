"""What a network takes beside its picture is shown, and can be another, without a new compilation."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.further import further_inputs, with_inputs
from cnn.models.loading import as_functional
from cnn.models.twins import kept_for_twins

RANDOM = np.random.default_rng(8)
PICTURE = RANDOM.integers(0, 256, (8, 9, 1), dtype=np.uint8)
OTHER = RANDOM.integers(0, 256, (8, 9, 1), dtype=np.uint8)


def network(*shapes, **more) -> keras.Model:
    """A network of inputs named a, b and so on, all of which count."""
    keras.utils.set_random_seed(5)
    inputs = [keras.Input(shape, name=name) for shape, name in zip(shapes, "abcd", strict=False)]
    inputs += [keras.Input(shape, name=name) for name, shape in more.items()]
    rows = [layers.Dense(4)(layers.Flatten()(one)) for one in inputs]
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Concatenate()(rows)))


def said(model, *inputs) -> np.ndarray:
    return model.predict([np.asarray(one, np.float32)[None] for one in inputs], verbose=0)[0]


def test_numbers_and_pictures_for_further_inputs_are_what_the_network_gets():
    own = network((8, 9, 1), (2,), (8, 9, 1), (5, 6, 3))
    model = as_functional(own)
    b, c, d = further_inputs(model)
    assert [(one.name, one.place, one.count) for one in (b, c, d)] == [
        ("b", 1, 2), ("c", 2, 72), ("d", 3, 90)
    ]  # fmt: skip
    assert b.form is None
    assert c.form.picture == (8, 9, 1)
    assert d.form.picture == (5, 6, 3)
    assert c.given is None
    colours = RANDOM.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    fed = with_inputs(model, {"b": [0.5, -2], "c": OTHER, "d": colours})
    expected = said(own, PICTURE / 255, [0.5, -2], OTHER / 255, colours / 255)
    np.testing.assert_allclose(cnn.predict(fed, PICTURE).probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(cnn.batch_probabilities(fed, [PICTURE])[0], expected, atol=1e-6)
    plain = said(own, PICTURE / 255, [0, 0], PICTURE / 255, np.zeros((5, 6, 3)))
    np.testing.assert_allclose(cnn.predict(model, PICTURE).probabilities, plain, atol=1e-6)
    assert cnn.activations(fed, PICTURE)["b"].tolist() == [0.5, -2]


def test_other_numbers_need_no_other_compilation():
    model = as_functional(network((8, 9, 1), (2,)))
    first, second = (with_inputs(model, {"b": given}) for given in ([1, 2], [3, 4]))
    assert kept_for_twins(first) is kept_for_twins(second)
    answers = [cnn.predict(one, PICTURE).probabilities for one in (first, second, first)]
    assert not np.allclose(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])
    assert first.get_weights()[0] is not None
    assert len(first.get_weights()) == len(model.get_weights())


def test_layers_of_numbers_from_elsewhere_see_nothing_of_the_picture():
    model = as_functional(network((8, 9, 1), (2,)))
    after = {info.inputs: info for info in cnn.layer_infos(model) if info.kind == "Flatten"}
    flat, of_numbers = after["a",], after["b",]
    for name in ("b", of_numbers.name):
        assert cnn.captions.field(cnn.layer_info(model, name)) == ""
        assert cnn.receptive_field(model, layer=name).picture is None
    assert cnn.captions.field(cnn.layer_infos(model)[-1]) == "whole picture"
    reached = cnn.projective_field(model, row=0, column=0).cells
    assert "b" not in reached
    assert flat.name in reached


def test_a_picture_that_is_taken_in_another_way_has_its_further_ones_so_too(tmp_path):
    own = network((3, 8, 9), (3, 8, 9), age=(1,))
    model = as_functional(own)
    other, age = further_inputs(model)
    assert (other.name, age.name, age.count) == ("b", "age", 1)
    colours = RANDOM.integers(0, 256, (2, 8, 9, 3), dtype=np.uint8)
    fed = with_inputs(model, {"b": colours[1], "age": 42})
    first = np.moveaxis(colours / 255, -1, 1)
    expected = said(own, *first, [42])
    np.testing.assert_allclose(cnn.predict(fed, colours[0]).probabilities, expected, atol=1e-6)
    again = with_inputs(fed, {"b": colours[0]})
    expected = said(own, first[0], first[0], [42])
    np.testing.assert_allclose(cnn.predict(again, colours[0]).probabilities, expected, atol=1e-6)
    cnn.save_model(again, tmp_path / "m.keras")
    assert [one.name for one in keras.models.load_model(tmp_path / "m.keras").inputs] == [
        "a",
        "b",
        "age",
    ]


def test_what_does_not_fit_is_refused_in_a_sentence():
    model = as_functional(network((8, 9, 1), (2,)))
    with pytest.raises(cnn.ModelError, match="takes 2 numbers, and 3 were given"):
        with_inputs(model, {"b": [1, 2, 3]})
    with pytest.raises(cnn.ModelError, match="no further input 'z': it has b"):
        with_inputs(model, {"z": 1})
    assert further_inputs(cnn.load_model()) == ()
