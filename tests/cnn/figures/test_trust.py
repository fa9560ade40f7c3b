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


def panels(figure: go.Figure) -> list[list[go.Scatter]]:
    """The lines of the panels, from above, each by its axis."""
    axes = sorted({trace.yaxis for trace in figure.data})
    return [[trace for trace in figure.data if trace.yaxis == axis] for axis in axes]


def test_each_curve_has_its_values_its_probabilities_and_the_areas_below_both(measured):
    assert set(WORDS) == {MAP, *CONTROLS}
    assert len(measured.trials) == 6
    for one in measured.trials:
        numbers, shares = panels(trust.trial(measured, one))
        assert len(numbers) == len(shares) == 5
        for name, above, below in zip(WORDS, numbers, shares, strict=True):
            curve = one.curves[name]
            assert above.name == below.name
            assert above.name == (
                f"{WORDS[name]} ({number(curve.area)}; {number(curve.share_area)})"
            )
            assert above.x == below.x == measured.fractions
            assert (above.y, below.y) == (curve.values, curve.shares)
            assert curve.area == pytest.approx(np.trapezoid(above.y, above.x), rel=1e-6)
            assert curve.share_area == pytest.approx(np.trapezoid(below.y, below.x), rel=1e-6)


@pytest.mark.parametrize(("way", "said"), [("deletion", "taken away"), ("insertion", "put back")])
def test_areas_are_as_by_hand_and_the_axis_says_what_is_done_with_the_pixels(way, said):
    falling = {name: Curve((4.0, 2.0 + place, 0.0), None) for place, name in enumerate(WORDS)}
    one = Trial(way, "blur", falling)
    figure = trust.trial(Curves((0.0, 0.5, 1.0), (one,), is_constant=False, tied=0.0), one)
    assert figure.layout.title.text.startswith(f"{way}, blur")
    assert f"share of the pixels {said}" in figure.to_json()
    # Half of 4 + 2 and of 2 + 0, each over half of the way; a unit more in the middle adds a half.
    assert [trace.name for trace in figure.data] == [
        "the map (2)", "by chance (2.5)", "edges (3)", "brightness (3.5)", "middle (4)",
    ]  # fmt: skip


def is_drawn(traces: list[go.Scatter], found: Cascade, kind: str) -> None:
    """The lower and the upper edge of the band over seeds, and the median, of each layer."""
    low, high, middle = traces
    bands = [band(getattr(stage, kind)) for stage in found.stages]
    assert low.x == high.x == middle.x == tuple(stage.layer for stage in found.stages)
    assert low.y == tuple(one.low for one in bands)
    assert high.y == tuple(one.high for one in bands)
    assert middle.y == tuple(one.middle for one in bands)
    assert middle.y[-1] == pytest.approx(np.median(getattr(found.stages[-1], kind)))


def test_the_cascade_has_the_median_and_the_band_of_each_layer(classifier, seven):
    batch = cnn.prepare(seven, classifier)
    found = cascade(objective_of(classifier, batch, None), batch, "input_x_gradient", seeds=5)
    correlations, rises = panels(trust.cascade(found))
    is_drawn(correlations[:3], found, "signed")
    is_drawn(correlations[3:], found, "absolute")
    is_drawn(rises, found, "rises")
    assert any(rises[2].y)
    names = [trace.name for trace in (*correlations, *rises)]
    assert names[2::3] == ["with signs", "magnitudes", "rise of the entropy"]


def test_of_a_map_without_signs_magnitudes_alone_are_drawn_and_what_is_unknown_is_left_out():
    stages = (
        Stage("top", (0.5, 0.7), (0.4, 0.6), (0.1, 0.3)),
        Stage("inner/first", (None, None), (None, None), (None, None)),
        Stage("last", (0.1, 0.3), (0.2, 0.4), (0.5, 0.7)),
    )
    correlations, rises = panels(trust.cascade(Cascade(stages, 2, (), is_signed=False)))
    assert [trace.name for trace in correlations] == [None, None, "magnitudes"]
    assert correlations[2].x == rises[2].x == ("top", "last")
    assert correlations[2].y == pytest.approx((0.5, 0.3))
    assert rises[2].y == pytest.approx((0.2, 0.6))
