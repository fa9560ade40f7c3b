"""What is behind a cut gives, by itself, what the whole network gives."""

import numpy as np
import pytest
import tensorflow as tf

import cnn
from cnn.models.cut import cut
from tests import nets


def names(calls) -> list[str]:
    return [call.name for call in calls]


def test_all_that_reads_a_cut_layer_is_behind_it():
    parts = cut(nets.residual(blocks=2), ["conv_1"])
    assert names(parts.behind) == ["relu_1", "add_1", "means", "classes"]
    assert names(parts.before) == ["picture", "stem", "conv_0", "relu_0", "add_0", "conv_1"]


def test_what_goes_around_the_layer_crosses_the_cut_as_well():
    parts = cut(nets.residual(blocks=2), ["conv_1"])
    assert parts.crossing == (("conv_1", 0), ("add_0", 0))


def test_a_layer_inside_a_nested_model_is_cut_like_any_other(second_model):
    parts = cut(second_model, ["block/conv", "shared"])
    assert names(parts.behind)[:4] == ["block/depthwise", "block", "shared", "shared:2"]
    assert parts.crossing == (("block/conv", 0),)


@pytest.mark.parametrize("at", [["picture"], ["left"], ["block"], ["left", "shared", "tail/last"]])
def test_the_rest_gives_what_the_network_gives(second_model, at):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    expected = cnn.activations(second_model, picture)
    parts = cut(second_model, at)
    crossing = parts.front(tf.constant(cnn.prepare(picture, second_model)))
    found = {name: output for name, _, _, output in parts.rest(crossing, {})}
    assert list(found) == names(parts.behind)
    for name, output in found.items():
        np.testing.assert_allclose(output[0], expected[name], rtol=1e-4, atol=1e-5)
