"""A map that breaks the law of its method is refused with the residual, and never drawn."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import Objective
from cnn.attribution.relevance import flow
from cnn.models.loading import as_functional
from tests import nets
from tests.cnn.attribution.conftest import doubled

LAWS = {
    "lrp": "conservation",
    "integrated_gradients": "completeness",
    "expected_gradients": "completeness on average",
}
MORE = {
    "integrated_gradients": "steps bring it closer.",
    "expected_gradients": "samples bring it closer.",
}
WHITE = np.full((4, 4, 1), 255, np.uint8)
BLACK = {"expected_gradients": {"baselines": np.zeros((2, 4, 4, 1), np.uint8)}}


def dense() -> keras.Model:
    """Two sums of all pixels of a picture 4x4."""
    keras.utils.set_random_seed(2)
    picture = keras.Input((4, 4, 1))
    x = layers.Conv2D(3, 2, name="maps")(picture)
    return as_functional(keras.Model(picture, layers.Dense(2)(layers.Flatten()(x))))


@pytest.mark.parametrize("method", METHODS)
def test_a_method_has_the_law_that_its_paper_proves(method):
    law = cnn.attribute(dense(), WHITE, method=method, **BLACK.get(method, {})).law
    assert (law and law.name) == LAWS.get(method)
    assert law is None or law.holds


@pytest.mark.parametrize("method", MORE)
def test_a_step_that_no_sample_meets_is_refused_with_all_of_it_missing(method):
    """All gradients on the way are 0, and the number is 2 more at its end all the same."""
    with pytest.raises(cnn.AttributionError) as refused:
        cnn.attribute(nets.stepped(), WHITE, method=method, target=0, **BLACK.get(method, {}))
    said = str(refused.value)
    assert said.startswith(f"{METHODS[method].name} breaks its own law here: the map ")
    assert "That is 2, but it comes to 0, off by 100.0% where " in said
    assert said.endswith("% is allowed, so the map is not shown. More " + MORE[method])


def test_relevance_from_nowhere_is_refused_with_how_much_it_is(monkeypatch):
    """It is doubled at three layers: there is eight times as much, seven times too much."""
    assert cnn.attribute(dense(), WHITE, method="lrp").residual < 1e-5
    monkeypatch.setattr(flow, "back", doubled)
    with pytest.raises(cnn.AttributionError) as refused:
        cnn.attribute(dense(), WHITE, method="lrp", convolutions="epsilon")
    said = str(refused.value)
    assert said.startswith(
        "LRP breaks its own law here: the relevance of the pixels adds up to the "
    )
    assert said.endswith("% where 1.0% is allowed, so the map is not shown.")
    assert "off by 700.0% where" in said


@pytest.mark.parametrize("factor", [0.9, 1.1, -1])
@pytest.mark.parametrize("method", MORE)
def test_gradients_that_are_not_those_of_the_number_are_found_out(method, factor, monkeypatch):
    taken = Objective.gradients

    def wrong(objective: Objective, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, found = taken(objective, batch)
        return values, factor * found

    monkeypatch.setattr(Objective, "gradients", wrong)
    with pytest.raises(cnn.AttributionError, match="breaks its own law here: .* off by "):
        cnn.attribute(dense(), WHITE, method=method, **BLACK.get(method, {}))


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient", "smoothgrad"])
def test_a_number_that_no_pixel_leads_to_is_refused_by_gradients_too(method):
    entered = keras.Input((4, 4, 1))
    answer = layers.Dense(2, name="answer")(keras.ops.zeros_like(layers.Flatten()(entered)))
    model = keras.Model(entered, answer)
    with pytest.raises(cnn.AttributionError, match="does not depend on the picture"):
        cnn.attribute(model, np.zeros((4, 4, 1), np.uint8), method=method, target=1)


def test_the_quiz_draws_no_untrained_map_that_breaks_the_law(classifier, monkeypatch):
    from cnn.attribution import quiz
    from cnn.attribution.untrained import untrained

    other = untrained(classifier, 0)

    def broken(*_given):
        raise cnn.AttributionError("LRP breaks its own law here.")

    monkeypatch.setattr(quiz, "explain", broken)
    with pytest.raises(cnn.AttributionError, match="own law"):
        quiz.case_of(classifier, other, cnn.load_dataset("digits"), 0, "lrp", {})
