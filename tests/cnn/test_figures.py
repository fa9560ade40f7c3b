import numpy as np
import pandas as pd

import cnn
from cnn.figures.network import arrange, edges


def test_few_units_are_bars_and_many_an_outline():
    few = cnn.figures.outputs(np.arange(64, dtype=np.float32), title="few")
    many = cnn.figures.outputs(np.arange(1600, dtype=np.float32), title="many")
    assert (few.data[0].type, many.data[0].type) == ("bar", "scatter")
    np.testing.assert_array_equal(many.data[0].y, np.arange(1600))


def test_probabilities_are_drawn_from_zero_to_one_by_class_name():
    figure = cnn.figures.probabilities(np.array([0.2, 0.8], np.float32), ["cat", "dog"], title="p")
    assert list(figure.data[0].x) == ["cat", "dog"]
    assert tuple(figure.layout.yaxis.range) == (0, 1)


def test_a_histogram_counts_every_weight():
    weights = np.random.default_rng(0).normal(size=500).astype(np.float32)
    assert sum(cnn.figures.histogram(weights, title="h").data[0].y) == 500


def test_history_shows_training_and_validation_apart_from_colour_alone():
    table = pd.DataFrame(
        {"epoch": [1, 2], "loss": [1, 0.5], "val_loss": [1.1, 0.7], "accuracy": [0.5, 0.9],
         "val_accuracy": [0.5, 0.8]}
    )  # fmt: skip
    training, validation = cnn.figures.history(table, quantity="loss", title="Loss").data
    assert list(validation.y) == [1.1, 0.7]
    assert training.line.dash != validation.line.dash


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


def test_a_matrix_is_signed_and_fills_its_frame():
    figure = cnn.figures.matrix(
        np.array([[-1.0, 2.0]], np.float32), title="w", rows="u", columns="i"
    )
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-2, 2)
    assert figure.layout.yaxis.scaleanchor is None
