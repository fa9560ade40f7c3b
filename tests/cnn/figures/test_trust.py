"""The figures of how far a map can be trusted have the numbers of what was measured, and no others."""

import numpy as np
import plotly.graph_objects as go
import pytest

import cnn
from cnn.attribution.objective import objective_of
from cnn.attribution.trust.cascade import Cascade, Stage, band, cascade
from cnn.attribution.trust.curves import MAP, Curve, Curves, Trial, curves
from cnn.attribution.trust.orders import CONTROLS
from cnn.figures import trust
from cnn.words import number

WORDS = {
    MAP: "the map",
    "random": "by chance",
    "edges": "edges",
    "intensity": "brightness",
    "centre": "middle",
}


@pytest.fixture(scope="module")
def measured(classifier) -> Curves:
    seven = cnn.load_dataset("digits").sample(7, seed=1).pixels
    batch = cnn.prepare(seven, classifier)
    made = cnn.attribute(classifier, seven)
    return curves(objective_of(classifier, batch, None), batch, made.plane)


def by_name(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data}


def test_each_curve_has_its_values_and_its_area(measured):
    assert set(WORDS) == {MAP, *CONTROLS}
    assert len(measured.trials) == 6
    for one in measured.trials:
        drawn = by_name(trust.trial(measured, one))
        assert len(drawn) == 5
        for name, words in WORDS.items():
            curve = one.curves[name]
            trace = drawn[f"{words} ({number(curve.area)})"]
            assert trace.x == measured.fractions
            assert trace.y == curve.values
            assert curve.area == pytest.approx(np.trapezoid(trace.y, trace.x), rel=1e-6)


@pytest.mark.parametrize(("way", "said"), [("deletion", "taken away"), ("insertion", "put back")])
def test_the_axes_say_what_is_done_with_the_pixels(way, said):
    falling = {name: Curve((4.0, 2.0 + place, 0.0), None) for place, name in enumerate(WORDS)}
    one = Trial(way, "blur", falling)
    figure = trust.trial(Curves((0.0, 0.5, 1.0), (one,), is_constant=False, tied=0.0), one)
    assert figure.layout.title.text.startswith(f"{way}, blur")
    assert figure.layout.xaxis.title.text == f"share of the pixels {said}"
    # Half of 4 + 2 and of 2 + 0, each over half of the way; a unit more in the middle adds a half.
    assert [trace.name for trace in figure.data] == [
        "the map (2)", "by chance (2.5)", "edges (3)", "brightness (3.5)", "middle (4)",
    ]  # fmt: skip


def test_the_cascade_has_the_median_and_the_band_of_each_layer(classifier, seven):
    batch = cnn.prepare(seven, classifier)
    found = cascade(objective_of(classifier, batch, None), batch, "input_x_gradient", seeds=5)
    drawn = trust.cascade(found).data
    layers = tuple(stage.layer for stage in found.stages)
    for place, kind in enumerate(("signed", "absolute")):
        low, high, middle = drawn[3 * place : 3 * place + 3]
        bands = [band(getattr(stage, kind)) for stage in found.stages]
        assert low.x == high.x == middle.x == layers
        assert low.y == tuple(one.low for one in bands)
        assert high.y == tuple(one.high for one in bands)
        assert middle.y == tuple(one.middle for one in bands)
        assert middle.y[-1] == pytest.approx(np.median(getattr(found.stages[-1], kind)))
    assert [trace.name for trace in drawn[2::3]] == ["with signs", "magnitudes"]
    assert list(trust.cascade(found).layout.yaxis.range) == [-1.05, 1.05]


def test_of_a_map_without_signs_magnitudes_alone_are_drawn_and_what_is_unknown_is_left_out():
    stages = (
        Stage("top", (0.5, 0.7), (0.4, 0.6), (0.1, 0.1)),
        Stage("inner/first", (None, None), (None, None), (None, None)),
        Stage("last", (0.1, 0.3), (0.2, 0.4), (0.1, 0.1)),
    )
    drawn = trust.cascade(Cascade(stages, 2, (), is_signed=False)).data
    assert [trace.name for trace in drawn] == [None, None, "magnitudes"]
    assert drawn[2].x == ("top", "last")
    assert drawn[2].y == pytest.approx((0.5, 0.3))
