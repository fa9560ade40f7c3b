from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution import methods
from cnn.attribution.attribution import Found
from cnn.attribution.objective import objective_of
from cnn.attribution.trust.linearity import TOLERANCE, Linearity, linearity
from cnn.models.loading import as_functional

LINEAR = [name for name, method in methods.METHODS.items() if method.is_linear]


@pytest.fixture(scope="module")
def seven():
    return cnn.load_dataset("digits").sample(label=7, seed=0).pixels


def options(method):
    digits = cnn.load_dataset("digits")
    return (
        {"baselines": [digits[place].pixels for place in range(9)]}
        if method.startswith("exp")
        else {}
    )


@pytest.mark.parametrize("method", LINEAR)
def test_a_linear_method_keeps_its_law_on_the_classifier(classifier, seven, method):
    batch = cnn.prepare(seven, classifier)
    scores = cnn.predict(classifier, seven).probabilities
    first, second = np.argsort(-scores)[:2]
    told = []
    found = linearity(
        objective_of(classifier, batch, None), batch, method, options(method),
        on_progress=lambda *one: told.append(one),
    )  # fmt: skip
    assert (found.of, found.other, found.mark) == (first, second, "pass")
    assert found.residual < TOLERANCE / 10
    dones, counts = zip(*told, strict=True)
    assert (list(dones), dones[-1], set(counts)) == (sorted(dones), 3, {3})


def test_every_method_that_takes_a_magnitude_or_cuts_is_not_linear(patch):
    others = set(methods.METHODS) - set(LINEAR)
    assert others == {"saliency", "grad_cam", "grad_cam_plus_plus", "guided_backprop", "lrp"}
    assert all(linearity(*patch, method) is None for method in others)


def test_one_class_is_compared_with_that_of_the_target(classifier, seven):
    batch = cnn.prepare(seven, classifier)
    objective = objective_of(classifier, batch, cnn.Target(3, against=5))
    found = linearity(objective, batch, "input_x_gradient")
    assert (found.of, found.other) == (3, 5)


def test_where_there_is_one_unit_nothing_is_compared(picture):
    pixels = keras.Input((12, 12, 1))
    model = as_functional(keras.Model(pixels, layers.Dense(1)(layers.Flatten()(pixels))))
    batch = cnn.prepare(picture, model)
    assert linearity(objective_of(model, batch, 0), batch, "input_x_gradient") is None


def test_a_map_that_is_not_linear_fails_by_how_far_it_is(patch, monkeypatch):
    def magnitude(objective, batch):
        return Found(abs(objective.gradients(batch)[1][0]))

    claimed = replace(methods.METHODS["input_x_gradient"], compute=magnitude)
    monkeypatch.setitem(methods.METHODS, "magnitude", claimed)
    objective, batch = patch
    assert linearity(objective, batch, "magnitude") == Linearity(0, 1, 0)
    swapped = replace(objective, target=cnn.Target(1))
    assert linearity(swapped, batch, "magnitude") == Linearity(1, 0, 2)
    assert Linearity(1, 0, 2).mark == "fail"
