import re
from itertools import pairwise
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

import cnn
from cnn.captions.caption import NO_CAPTION
from cnn.figures.network import routes
from cnn.models.arrangement import BlockScale, arrange, edges, sheets
from tests import nets


def test_few_units_are_bars_and_many_an_outline():
    few = cnn.figures.outputs(np.arange(64, dtype=np.float32), title="few")
    many = cnn.figures.outputs(np.arange(1600, dtype=np.float32), title="many")
    assert (few.data[0].type, many.data[0].type) == ("bar", "scatter")
    np.testing.assert_array_equal(many.data[0].y, np.arange(1600))


def test_few_units_are_numbered_one_by_one():
    assert cnn.figures.outputs(np.ones(1, np.float32), title="one").layout.xaxis.dtick == 1
    assert cnn.figures.outputs(np.ones(9, np.float32), title="nine").layout.xaxis.dtick is None


def test_units_with_names_are_drawn_by_them():
    values = np.array([3.0, -1.0], np.float32)
    figure = cnn.figures.outputs(values, title="logits", each="class", names=["cat", "dog"])
    assert list(figure.data[0].x) == ["cat", "dog"]
    assert figure.layout.xaxis.type == "category"
    np.testing.assert_array_equal(figure.data[0].y, values)


def test_probabilities_are_drawn_from_zero_to_one_by_class_name():
    figure = cnn.figures.probabilities(np.array([0.2, 0.8], np.float32), ["cat", "dog"], title="p")
    assert list(figure.data[0].x) == ["cat", "dog"]
    assert tuple(figure.layout.yaxis.range) == (0, 1)


def test_a_histogram_counts_every_weight():
    weights = np.random.default_rng(0).normal(size=500).astype(np.float32)
    assert sum(cnn.figures.histogram(weights, title="h").data[0].y) == 500


def course(name="mine", epochs=2, steps=4, scale=1.0):
    batches = pd.DataFrame(
        {"epoch": np.repeat(np.arange(1, epochs + 1), steps),
         "batch": np.tile(np.arange(1, steps + 1), epochs),
         "loss": scale * np.linspace(2, 1, epochs * steps), "accuracy": 0.5,
         "learning_rate": 0.01, "pictures_per_second": 100, "gradient conv2d": 0.3,
         "gradient dense": 0.1}
    )  # fmt: skip
    history = pd.DataFrame(
        {"epoch": range(1, epochs + 1), "loss": scale * np.linspace(1, 0.5, epochs),
         "val_loss": 1.1, "accuracy": np.linspace(0.5, 0.9, epochs), "val_accuracy": 0.7}
    )  # fmt: skip
    return cnn.figures.Course(name, history, batches, steps)


def test_history_shows_training_and_validation_apart_from_colour_alone():
    figure = cnn.figures.history([course()], quantity="loss", title="Loss")
    steps, training, validation = figure.data
    assert list(validation.y) == [1.1, 1.1]
    assert training.line.dash != validation.line.dash
    assert list(steps.x) == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    assert list(steps.y) == pytest.approx(np.linspace(2, 1, 8))


def test_many_steps_are_drawn_as_means_that_say_so():
    figure = cnn.figures.history([course(epochs=3, steps=400)], quantity="loss", title="Loss")
    steps = figure.data[0]
    assert len(steps.x) == 300
    assert steps.name == "mean of 4 steps"
    assert np.mean(steps.y) == pytest.approx(1.5)


def test_compared_runs_have_a_colour_a_symbol_and_one_entry_each():
    courses = [course("one"), course("two", epochs=3)]
    figure = cnn.figures.history(courses, quantity="accuracy", title="Accuracy")
    entries = [trace.name for trace in figure.data if trace.showlegend]
    assert entries == ["one", "two"]
    by_run = {trace.legendgroup: trace.line.color for trace in figure.data}
    symbols = {trace.legendgroup: trace.marker.symbol for trace in figure.data}
    assert len(set(by_run.values())) == len(set(symbols.values())) == 2


def test_the_other_curves_of_a_run_show_what_was_recorded():
    one = course()
    gradients = cnn.figures.gradients(one, title="Gradients")
    assert {trace.name: trace.y[0] for trace in gradients.data} == {"conv2d": 0.3, "dense": 0.1}
    assert gradients.layout.yaxis.type == "log"
    assert list(cnn.figures.learning_rates([one], title="Rate").data[0].y) == [0.01] * 8
    assert list(cnn.figures.throughput(one, title="Speed").data[0].y) == [100] * 8


def test_a_constant_rate_is_drawn_at_its_value_on_an_axis_from_zero():
    one = course()
    one.batches["learning_rate"] = 0.001
    figure = cnn.figures.learning_rates([one], title="Rate")
    assert set(figure.data[0].y) == {0.001}
    axis = figure.layout.yaxis
    assert (axis.type, *axis.range) == ("linear", 0, pytest.approx(0.00104))
    assert axis.title.text == "learning rate"


def test_a_loss_that_explodes_is_drawn_on_a_logarithmic_axis_that_says_so():
    one = course()
    assert cnn.figures.history([one], quantity="loss", title="L").layout.yaxis.type == "linear"
    one.batches.loc[1, "loss"] = 20_000
    axis = cnn.figures.history([one], quantity="loss", title="L").layout.yaxis
    assert (axis.type, axis.title.text) == ("log", "loss, logarithmic axis")


def test_rates_that_are_far_apart_are_both_seen():
    high, low = course("high"), course("low")
    high.batches["learning_rate"], low.batches["learning_rate"] = 0.3, 1e-6
    assert cnn.figures.learning_rates([high, low], title="R").layout.yaxis.type == "log"


def test_a_constant_accuracy_is_drawn_between_shares_near_it():
    table = course().history.assign(accuracy=0.1135, val_accuracy=0.1135)
    flat = cnn.figures.Course("flat", table, pd.DataFrame(), 4)
    axis = cnn.figures.history([flat], quantity="accuracy", title="A").layout.yaxis
    assert axis.range == (pytest.approx(0.1081), pytest.approx(0.1189))
    assert axis.tickformat == ".1%"


@pytest.mark.parametrize(("largest", "step"), [(0.3, "D2"), (10, "D2"), (100, 1), (1e7, 2)])
def test_the_ticks_of_gradients_are_as_close_as_there_is_room(largest, step):
    one = course()
    one.batches.loc[3, "gradient conv2d"] = largest
    one.batches.loc[4, "gradient conv2d"] = np.nan
    axis = cnn.figures.gradients(one, title="Gradients").layout.yaxis
    assert axis.dtick == step


def test_a_run_of_which_nothing_is_known_yet_has_empty_curves():
    table = pd.DataFrame(columns=["epoch", "loss", "val_loss", "accuracy", "val_accuracy"])
    empty = cnn.figures.Course("new", table, pd.DataFrame(), 1)
    accuracy = cnn.figures.history([empty], quantity="accuracy", title="A")
    assert len(accuracy.data[0].y) == 0
    assert not accuracy.layout.yaxis.showticklabels
    assert not cnn.figures.learning_rates([empty], title="R").data
    assert not cnn.figures.gradients(empty, title="G").data


def test_the_accuracy_of_classes_is_a_row_per_class():
    table = pd.DataFrame({"epoch": [1, 2], "cat": [0.25, 0.5], "dog": [0.75, 1.0]})
    figure = cnn.figures.class_accuracy(table, title="Classes")
    (trace,) = figure.data
    assert (list(trace.x), list(trace.y)) == ([1, 2], ["cat", "dog"])
    np.testing.assert_allclose(trace.z, [[0.25, 0.5], [0.75, 1]])
    assert (trace.zmin, trace.zmax) == (pytest.approx(0.2), 1)
    assert figure.layout.xaxis.dtick == 1


def test_the_accuracy_of_classes_of_several_runs_is_a_row_per_run():
    table = pd.DataFrame({"epoch": [3, 2], "cat": [0.25, 0.5], "dog": [0.75, 1.0]})
    names = ["short", "one with a name that is too long for a label"]
    figure = cnn.figures.class_accuracy_of_runs(table, title="Classes", names=names)
    (trace,) = figure.data
    assert (list(trace.x), list(trace.y)) == (["cat", "dog"], names)
    np.testing.assert_allclose(trace.z, [[0.25, 0.75], [0.5, 1]])
    assert list(figure.layout.yaxis.ticktext) == ["short", "one with a…or a label"]


def test_a_sparkline_goes_down_where_the_values_do():
    svg = unquote(cnn.figures.sparkline([3.0, 2.0, float("nan"), 1.0]))
    heights = [
        float(point.split(",")[1]) for point in svg.split('points="')[1].split('"')[0].split()
    ]
    assert heights == sorted(heights)
    assert len(heights) == 3
    assert "<circle" not in unquote(cnn.figures.sparkline([]))


def figures_of(pair):
    captions = (NO_CAPTION, NO_CAPTION, NO_CAPTION)
    return [chart.figure() for chart in pair.charts(("a", "b", "c"), captions)]


def test_two_moments_share_one_range_and_the_difference_has_its_own():
    before = np.zeros((4, 4, 3), np.float32)
    after = before.copy()
    after[1, 2, 1] = 5
    pair = cnn.figures.Pair(before, after)
    first, second, change = figures_of(pair)
    assert (first.data[0].zmin, first.data[0].zmax) == (second.data[0].zmin, second.data[0].zmax)
    assert (second.data[0].zmin, second.data[0].zmax) == (0, 5)
    assert (change.data[0].zmin, change.data[0].zmax) == (-5, 5)
    assert np.nansum(change.data[0].z) == 5
    *_, change = figures_of(cnn.figures.Pair(np.ones(6, np.float32), np.zeros(6, np.float32)))
    assert np.nanmin(change.data[0].z) == -1


def test_branches_stand_side_by_side_and_nothing_twice(second_model):
    blocks = {b.info.name: b for b in arrange(cnn.layer_infos(second_model))}
    assert blocks["left"].column == blocks["right"].column
    assert blocks["left"].lane != blocks["right"].lane
    assert "block" not in blocks
    places = [(b.column, b.lane) for b in blocks.values()]
    assert len(set(places)) == len(places)


def test_arrows_go_through_nested_models(second_model):
    found = edges(cnn.layer_infos(second_model))
    assert ("relu", "block/conv") in found
    assert ("block/depthwise", "shared") in found
    assert {source for source, target in found if target == "join"} == {"left", "right"}


def test_the_diagram_carries_the_layers_names(classifier):
    figure = cnn.figures.diagram(cnn.layer_infos(classifier))
    assert list(figure.data[0].customdata) == [i.name for i in cnn.layer_infos(classifier)]


def points_of(path):
    """Return the corners (n, 2) of each line of a path that is drawn without lifting the pen."""
    lines = [line for line in path.removesuffix(" Z").split("M ") if line]
    return [
        np.array(
            [[float(one) for one in point.split(",")] for point in re.findall(r"[^ L]+,\S+", line)]
        )
        for line in lines
    ]


def rectangles(figure, infos):
    """Return the drawn sheets (x0, x1, y0, y1) of each layer's block by its name."""
    blocks = arrange(infos)
    found = {block.info.name: [] for block in blocks}
    for shape in figure.layout.shapes:
        for corners in points_of(shape.path) if shape.fillcolor else []:
            (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
            near = [abs((x0 + x1) / 2 - b.column) + abs((y0 + y1) / 2 - b.lane) for b in blocks]
            assert min(near) < 0.15
            found[blocks[int(np.argmin(near))].info.name].append((x0, x1, y0, y1))
    return found


def heights(model):
    infos = cnn.layer_infos(model)
    drawn = rectangles(cnn.figures.diagram(infos), infos)
    maps = [info for info in infos if info.has_maps and not info.nested]
    return [(info.output_shape[0], {y1 - y0 for _, _, y0, y1 in drawn[info.name]}) for info in maps]


def test_blocks_are_as_high_as_their_maps_to_scale(classifier, second_model):
    for model in (classifier, second_model):
        found = heights(model)
        highest = max(cells for cells, _ in found)
        whole = next(drawn for cells, drawn in found if cells == highest)
        for cells, drawn in found:
            assert max(drawn) == pytest.approx(max(whole) * cells / highest, rel=1e-4)
            assert min(drawn) == pytest.approx(max(drawn), rel=1e-4)
        told = cnn.captions.architecture(cnn.layer_infos(model), cnn.totals(model)).seen
        assert told.startswith("A block is as high as the layer's maps, to scale. ")


def test_maps_that_are_too_low_to_see_are_drawn_alike_and_that_is_said():
    model = nets.pyramid(256)
    found = dict(heights(model))
    infos = cnn.layer_infos(model)
    least = BlockScale.of(infos).least_cells
    assert least == 8
    for cells, drawn in found.items():
        expected = max(found[256]) * max(cells, 256 * 0.0118 / 0.38) / 256
        assert max(drawn) == pytest.approx(expected, rel=1e-4)
    told = cnn.captions.architecture(infos, cnn.totals(model)).seen
    assert "to scale (those of less than 8 cells like those of 8)" in told


def test_four_times_as_many_maps_are_a_sheet_more(classifier):
    assert [sheets(n) for n in (1, 3, 4, 16, 63, 64, 256, 2048)] == [1, 1, 2, 3, 3, 4, 5, 5]
    infos = cnn.layer_infos(classifier)
    drawn = rectangles(cnn.figures.diagram(infos), infos)
    assert {n: len(drawn[n]) for n in ("input", "conv2d", "conv2d_1", "dense")} == {
        "input": 1, "conv2d": 3, "conv2d_1": 4, "dense": 1,
    }  # fmt: skip


def crosses(one, other, box):
    """Whether the way from one corner to the next goes through a rectangle."""
    x0, x1, y0, y1 = box
    along = np.linspace(one, other, 400)
    return bool(
        ((along[:, 0] > x0) & (along[:, 0] < x1) & (along[:, 1] > y0) & (along[:, 1] < y1)).any()
    )


@pytest.mark.parametrize("make", [nets.residual, nets.second, nets.dense_connections])
def test_no_arrow_goes_through_a_block(make):
    infos = cnn.layer_infos(make())
    blocks = rectangles(cnn.figures.diagram(infos), infos)
    assert all(blocks.values())
    found = routes(infos)
    assert set(found) == set(edges(infos))
    for way in found.values():
        for one, other in pairwise(way):
            for name, boxes in blocks.items():
                assert not any(crosses(one, other, box) for box in boxes), (way, name)


def test_an_arrow_past_others_is_drawn_whole(second_model):
    infos = cnn.layer_infos(nets.residual())
    figure, way = cnn.figures.diagram(infos), routes(infos)["stem", "add_0"]
    assert len(way) == 6
    (lines,) = [shape for shape in figure.layout.shapes if not shape.fillcolor]
    drawn = points_of(lines.path)
    assert [len(corners) for corners in drawn] == [len(one) for one in routes(infos).values()]
    assert any(corners.shape == (6, 2) and np.allclose(corners, way) for corners in drawn)
    heads = figure.data[1]
    assert way[-1] in list(zip(heads.x, heads.y, strict=True))
    low, high = sorted(figure.layout.yaxis.range)
    assert all(low < y < high for way in routes(infos).values() for _, y in way)


def test_a_long_name_is_cut_in_the_middle_and_whole_at_the_pointer():
    infos = cnn.layer_infos(nets.long_names())
    names = cnn.figures.diagram(infos).data[2]
    shown = [text.split("</b>")[0].removeprefix("<b>") for text in names.text]
    assert "block3_…ization" in shown[list(names.hovertext).index(nets.LONG_NAME)]
    assert max(map(len, shown)) <= 15


def test_a_diagram_of_hundreds_of_layers_has_no_element_for_each_of_them():
    many, few = (
        cnn.figures.diagram(cnn.layer_infos(make())).layout
        for make in (nets.in_blocks, nets.residual)
    )
    assert len(many.shapes) <= len(few.shapes) + 20
    assert not many.annotations


def test_the_heads_of_arrows_point_where_their_ways_end():
    infos = cnn.layer_infos(nets.second())
    figure = cnn.figures.diagram(infos)
    layout, heads = figure.layout, figure.data[1]
    x0, x1 = layout.xaxis.range
    y0, y1 = layout.yaxis.range
    for (*_, before, end), angle in zip(routes(infos).values(), heads.marker.angle, strict=True):
        right = (end[0] - before[0]) * layout.width / (x1 - x0)
        down = (end[1] - before[1]) * layout.height / (y0 - y1)
        assert angle == pytest.approx(np.degrees(np.arctan2(right, -down)), abs=6)


def test_a_matrix_is_signed_and_fills_its_frame():
    figure = cnn.figures.matrix(
        np.array([[-1.0, 2.0]], np.float32), title="w", rows="u", columns="i"
    )
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-2, 2)
    assert figure.layout.yaxis.scaleanchor is None


def test_a_single_map_says_its_own_number_when_it_is_pointed_at():
    one = np.ones((2, 3, 1), np.float32)
    assert "channel 17<br>" in cnn.figures.feature_maps(one, number=17).data[0].hovertemplate
    named = cnn.figures.feature_maps(one, number=3, tile_name="kernel").data[0].hovertemplate
    assert named.startswith("kernel 3<br>row %{customdata[1]}")
    assert "channel" not in cnn.figures.feature_maps(one, tile_name="").data[0].hovertemplate


def test_units_beyond_the_thirty_two_thousandth_have_their_number():
    figure = cnn.figures.units(np.zeros(100_352, np.float32), title="flatten")
    assert figure.data[0].customdata[..., 0].max() >= 100_351
    assert figure.data[0].customdata.min() == 0


def test_a_probability_that_is_not_certain_is_not_told_as_certain():
    nearly = np.array([0.99999994, 6e-8, 0], np.float32)
    figure = cnn.figures.probabilities(nearly, ["0", "1", "2"], title="")
    assert list(figure.data[0].customdata) == [">99.9999%", "<0.0001%", "0.0000%"]
