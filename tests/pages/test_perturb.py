"""The page "Perturb" as the plain functions it is made of."""

import numpy as np
import pytest

import cnn
from cnn.gradients.adversarial import EPSILON
from cnn.inspection.sweeping import coarse_first
from dashboard.app import runtime_of
from dashboard.runtime.pictures import perturbed_in_words
from dashboard.shell import components, panel
from dashboard.state.view import View, parse
from pages import perturb
from tests.screens import caption, screen, unpacked


@pytest.fixture(params=["app", "second_app"])
def both(request, request_of):
    """(the default query, the store of layers) of each application in turn."""
    app = request.getfixturevalue(request.param)
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    return query, panel.layers(parse(query)[0])


@pytest.fixture
def bundled(app, request_of):
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    return query, panel.layers(parse(query)[0])


def paint(query):
    """Return each figure and its caption by id, and whether the adversarial part is hidden."""
    shown = screen(perturb, query)
    figures = {f: (chart.figure(), caption(shown, f)) for f, chart in shown.charts.items()}
    return figures, shown.hidden[f"{perturb.ADVERSARIAL}-box"]


@pytest.mark.parametrize("over", [*cnn.perturbations.RANGES, "epsilon"])
def test_a_curve_runs_over_the_whole_range_of_its_slider(bundled, over):
    query, _ = bundled
    figure, _ = paint({**query, "over": over})[0][perturb.CURVE]
    swept = {**cnn.perturbations.RANGES, "epsilon": EPSILON}[over]
    x = figure.data[0].x
    assert (x[0], x[-1]) == (pytest.approx(swept.low), pytest.approx(swept.high))
    assert len(x) >= 31


@pytest.mark.parametrize(("over", "count"), [("rotate", 9), ("epsilon", 8)])
def test_the_curve_of_a_network_that_computes_much_has_fewer_values_and_says_so(
    bundled, monkeypatch, over, count
):
    query, _ = bundled
    assert "curve is of" not in paint({**query, "over": over})[0][perturb.CURVE][1]
    monkeypatch.setattr(perturb, "_BUDGET", 0)
    figure, told = paint({**query, "over": over})[0][perturb.CURVE]
    assert len(figure.data[0].x) == count
    assert f"computes much for a picture, so the curve is of {count} values" in told


def test_the_curve_meets_the_prediction_at_the_slider(bundled, app):
    query, _ = bundled
    runtime = runtime_of(app)
    figure, _ = paint({**query, "rotate": "90"})[0][perturb.CURVE]
    prediction = runtime.forward(View(**{**vars(runtime.default_view()), "rotate": 90})).prediction
    line = next(trace for trace in figure.data if trace.name == prediction.top(1)[0][0])
    at = int(np.abs(np.array(line.x) - 90).argmin())
    assert line.y[at] == pytest.approx(float(prediction.probabilities.max()), abs=1e-4)


def test_the_difference_is_what_the_network_sees_minus_the_picture(both):
    query, _ = both
    shown, hidden = paint({**query, "rotate": "40", "noise": "20"})
    before, after, change = (
        np.array(shown[name][0].data[0].z, np.float32)
        for name in (perturb.BEFORE, perturb.AFTER, perturb.CHANGE)
    )
    np.testing.assert_allclose(change, after - before, atol=1e-6)
    assert np.nanmax(np.abs(change)) > 0.1
    assert "rotation 40°, noise 20%" in shown[perturb.CHANGE][1]
    assert hidden is True


def test_the_adversarial_change_is_shown_apart_and_bounded(bundled):
    query, _ = bundled
    shown, hidden = paint({**query, "rotate": "40", "epsilon": "0.1"})
    figure, told = shown[perturb.ADVERSARIAL]
    assert np.nanmax(np.abs(np.array(figure.data[0].z))) == pytest.approx(0.1, abs=1 / 255)
    assert "away from the class predicted before" in told
    assert hidden is False
    towards, _ = paint({**query, "epsilon": "0.1", "target": "3"})
    assert "towards class 3" in towards[perturb.ADVERSARIAL][1]


def test_nothing_done_is_said_and_looks_like_nothing(bundled):
    query, _ = bundled
    figure, told = paint(query)[0][perturb.CHANGE]
    assert not np.nan_to_num(np.array(figure.data[0].z)).any()
    assert told.startswith("Nothing is done yet")


def test_the_pictures_follow_a_slider_that_moves_and_the_curve_waits(bundled):
    query, _ = bundled
    shown = screen(perturb, {**query, "rotate": "30", "epsilon": "0.1"}, moving="picture")
    assert list(shown.charts) == list(perturb._PICTURES)
    assert shown.later == (perturb.CURVE,)
    assert "The network says" in caption(shown, perturb.AFTER)


@pytest.mark.parametrize("over", ["zoom", "epsilon"])
def test_the_curve_of_a_large_network_comes_part_by_part(app, bundled, monkeypatch, over):
    query = {**bundled[0], "over": over, "index": "12"}
    whole = screen(perturb, query).charts[perturb.CURVE]
    monkeypatch.setattr(perturb, "is_large", lambda _model: True)
    at_once = screen(perturb, query)
    assert at_once.later == (perturb.CURVE,)
    assert at_once.charts[perturb.CURVE].traces == ()
    assert set(perturb._PICTURES) < set(at_once.charts)
    counts, client = [], app.server.test_client()
    is_more = True
    while is_more:
        got = client.get(
            "/values/perturb", query_string={**query, "form": at_once.form, "rest": "1"}
        )
        facts, arrays = unpacked(got.data)
        assert set(facts) == {"page", "arrays"}
        page = facts["page"]
        assert (page["form"], set(page["charts"])) == (at_once.form, {perturb.CURVE})
        curve = page["charts"][perturb.CURVE]["traces"][0]
        counts.append(len(arrays[curve["x"]["array"]]))
        is_more = bool(page["later"])
        told = page["texts"][f"{perturb.CURVE}-caption"]
        assert ("are computed so far" in told) is is_more
    assert counts == sorted(set(counts))
    assert (len(counts), counts[-1]) == (perturb._PARTS, len(whole.traces[0]["x"]))
    assert told == components.caption(whole.caption)
    np.testing.assert_allclose(arrays[curve["y"]["array"]], whole.traces[0]["y"], atol=1e-5)


@pytest.mark.parametrize("count", [2, 3, 8, 15, 41])
def test_the_ends_of_a_range_come_first_and_every_place_once(count):
    order = coarse_first(count)
    assert order[:2] == [0, count - 1]
    assert sorted(order) == list(range(count))
    widest = [max(np.diff(sorted(order[:known]))) for known in range(2, count + 1)]
    assert widest == sorted(widest, reverse=True)


def test_what_is_done_to_a_picture_is_said():
    assert perturbed_in_words(View()) == ""
    view = View(rotate=35, noise=10, invert=True, epsilon=0.05)
    told = "counter-clockwise rotation 35°, noise 10%, inverted, adversarial, ε 0.05"
    assert perturbed_in_words(view) == told
