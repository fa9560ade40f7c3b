import numpy as np

import cnn
from cnn.figures.bars import numbers_of_outputs


def test_outputs_that_no_screen_could_show_are_an_outline_in_blocks():
    values = np.random.default_rng(0).normal(size=150_007).astype(np.float32)
    chart = cnn.figures.outputs_chart(values, title="")
    trace = chart.figure().data[0]
    assert len(trace.y) <= 20_000 and trace.x is None and trace.meta["units"] == 150_007
    assert "the number farthest from zero among 8." in chart.caption.seen
    inside = values[8 * 100 : 8 * 101]
    assert trace.y[100] == inside[np.abs(inside).argmax()]
    assert trace.x0 + 100 * trace.dx == 803.5
    assert chart.traces[0]["y"].size <= numbers_of_outputs(150_007) < 150_007


def test_fewer_have_a_place_each():
    chart = cnn.figures.outputs_chart(np.ones(300, np.float32), title="")
    trace = chart.figure().data[0]
    assert len(trace.x) + len(trace.y) == numbers_of_outputs(300) and chart.caption.seen == ""
