import numpy as np
import pytest
from dash.exceptions import PreventUpdate

import cnn
from dashboard import perturbing
from dashboard.app import runtime_of
from dashboard.pictures import perturbed_in_words
from dashboard.view import View

FIGURE, CAPTION, CHANGE, TOLD, HIDDEN = 0, 2, 3, 5, 6


@pytest.fixture
def query(app, request_of):
    request_of(app)
    return runtime_of(app).default_view().to_query()


@pytest.mark.parametrize("over", [*cnn.perturbations.RANGES, "epsilon"])
def test_a_curve_runs_over_the_whole_range_of_its_slider(query, over):
    figure = perturbing.curve({**query, "over": over})[FIGURE]
    swept = {**cnn.perturbations.RANGES, "epsilon": cnn.adversarial.EPSILON}[over]
    x = figure.data[0].x
    assert (x[0], x[-1]) == (pytest.approx(swept.low), pytest.approx(swept.high))
    assert len(x) >= 31


def test_the_curve_meets_the_prediction_at_the_slider(query, app):
    runtime = runtime_of(app)
    figure = perturbing.curve({**query, "rotate": "90", "over": "rotate"})[FIGURE]
    prediction = runtime.forward(View(**{**vars(runtime.default_view()), "rotate": 90})).prediction
    line = next(trace for trace in figure.data if trace.name == prediction.top(1)[0][0])
    at = int(np.abs(np.array(line.x) - 90).argmin())
    assert line.y[at] == pytest.approx(float(prediction.probabilities.max()), abs=1e-4)


def test_the_adversarial_change_is_shown_and_bounded(query):
    shown = perturbing.curve({**query, "epsilon": "0.1", "over": "epsilon"})
    change = np.array(shown[CHANGE].data[0].z)
    assert np.nanmax(np.abs(change)) == pytest.approx(0.1, abs=1 / 255)
    assert shown[HIDDEN] is False
    assert "away from the class predicted before" in shown[TOLD]
    towards = perturbing.curve({**query, "epsilon": "0.1", "target": "3", "over": "epsilon"})
    assert "towards class 3" in towards[TOLD]


def test_without_an_adversarial_step_there_is_no_change_to_show(query):
    assert perturbing.curve({**query, "over": "rotate"})[HIDDEN] is True


@pytest.mark.parametrize("key", [None, {"over": "banana"}])
def test_nothing_is_drawn_for_what_is_no_slider(query, key):
    with pytest.raises(PreventUpdate):
        perturbing.curve(key and {**query, **key})


def test_what_is_done_to_a_picture_is_said():
    assert perturbed_in_words(View()) == ""
    view = View(rotate=35, noise=10, invert=True, epsilon=0.05)
    told = "counter-clockwise rotation 35°, noise 10%, inverted, adversarial, ε 0.05"
    assert perturbed_in_words(view) == told
