"""What was computed stays what it was: nobody can write into the arrays of a value."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

import cnn
from cnn.attribution.attribution import Attribution
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import objective_of
from cnn.attribution.target import Target
from cnn.attribution.trust.cascade import cascade
from cnn.attribution.trust.curves import curves
from cnn.studies.answers import KeptMap

DIGITS = cnn.load_dataset("digits")


def arrays(value: Any) -> Iterator[np.ndarray]:
    """Every array in a value, and in the values that it is made of."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        yield from arrays([*value.values()])
    elif is_dataclass(value):
        for one in fields(value):
            yield from arrays(getattr(value, one.name))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from arrays(one)


def no_array_can_be_written(value: Any) -> int:
    """How many there are, each of which was tried."""
    found = list(arrays(value))
    for array in found:
        assert array.base is None or not array.base.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
        with pytest.raises(ValueError, match="read-only"):
            array *= 2
    return len(found)


@pytest.mark.parametrize("method", METHODS)
def test_of_a_map_by_any_method(classifier, seven, method):
    baselines = {"baselines": [DIGITS[0].pixels.copy()]} if method == "expected_gradients" else {}
    made = cnn.attribute(classifier, seven, method=method, **baselines)
    assert no_array_can_be_written(made) == 1 + len(baselines)
    for (given,), kept in zip(baselines.values(), map(made.settings.get, baselines), strict=True):
        is_left_alone(given, kept[0])
    with pytest.raises(TypeError):
        made.settings["seed"] = 7
    assert no_array_can_be_written(KeptMap.of(made).attribution) == 1


def test_of_a_counterfactual(classifier, seven):
    given = seven.copy()
    made = cnn.counterfactual(classifier, given, target=1)
    assert no_array_can_be_written(made) == 6
    is_left_alone(given, made.before)


def test_of_a_synthesis_and_of_each_of_its_steps(classifier):
    told: list[cnn.Ascent] = []
    made = cnn.synthesise(classifier, channel=3, steps=2, seeds=2, on_step=told.append)
    assert no_array_can_be_written(made) == 2
    assert no_array_can_be_written(told) == 6


def test_of_a_quiz(classifier):
    """A picture and both of its maps, four times."""
    assert no_array_can_be_written(cnn.quiz(classifier, DIGITS)) == 12


def test_what_is_measured_of_trust_has_no_arrays(classifier, seven):
    made = cnn.attribute(classifier, seven)
    batch = cnn.prepare(seven, classifier)
    objective = objective_of(classifier, batch, None)
    assert not list(arrays(curves(objective, batch, made.plane)))
    assert not list(arrays(cascade(objective, batch, "saliency", first=made.plane, seeds=1)))


def is_left_alone(given: np.ndarray, kept: np.ndarray) -> None:
    """An array that was given can be written as before, and what was kept of it does not follow."""
    before = given.copy()
    given[...] = 255 - given
    np.testing.assert_array_equal(kept, before)


def test_an_array_that_was_given_stays_as_it_is():
    given = np.array([[1, -2]], np.float32)
    is_left_alone(given, Attribution("saliency", Target(0), 1.0, given).map)
