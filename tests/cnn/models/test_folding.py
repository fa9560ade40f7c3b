"""Which layers of a network are a block."""

from itertools import groupby

import keras
import pytest
from keras import layers

import cnn
from cnn.models.folding import folds
from cnn.models.loading import as_functional
from tests import nets


def blocks(model):
    """(block, number of layers) in graph order; the layers in none by their names."""
    infos = cnn.layer_infos(model)
    found = folds(infos)
    shown = [info.name for info in infos if not info.nested]
    runs = [(block, list(run)) for block, run in groupby(shown, lambda name: found.get(name, ""))]
    return [one for block, run in runs for one in ([(block, len(run))] if block else run)]


def chain(names):
    x = picture = keras.Input((8, 8, 1), name="picture")
    for name in names:
        x = layers.ReLU(name=name)(x)
    return as_functional(keras.Model(picture, layers.Flatten(name="row")(x)))


def test_a_small_network_has_none(classifier):
    assert folds(cnn.layer_infos(classifier)) == {}
    assert folds(cnn.layer_infos(nets.deep(40))) == {}


def test_names_that_begin_alike_up_to_a_number_are_a_block():
    found = blocks(nets.in_blocks(14))
    assert found == [
        "picture", "stem", "smaller", *[(f"block_{i}", 4) for i in range(14)], "means", "classes"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("conv2_block1", "conv2_block2"), ("block1a", "block1b"), ("stage_0_block_0", "stage_0_block_1"),
        ("fire2", "fire3"), ("conv1", "conv2"),
    ],
)  # fmt: skip
def test_common_ways_to_number_blocks_are_known(first, second):
    names = [f"{stem}_{part}_{i}" for stem in (first, second) for part in "ab" for i in range(10)]
    assert blocks(chain(names)) == ["picture", (first, 20), (second, 20), "row"]


def test_names_that_keras_gives_are_no_blocks_and_long_chains_are_cut():
    names = [f"{kind}_{i}" for i in range(1, 22) for kind in ("conv2d", "max_pooling2d")]
    found = blocks(chain(names))
    assert found[:2] == ["picture", ("conv2d_1 … max_pooling2d_5", 10)]
    assert found[-2:] == [("conv2d_21 … max_pooling2d_21", 2), "row"]


def test_branches_are_a_block_that_is_named_by_the_layer_that_joins_them():
    found = blocks(nets.residual(14))
    assert found == [
        "picture", "stem", *[(f"add_{i}", 3) for i in range(14)], "means", "classes"
    ]  # fmt: skip


def test_a_nested_model_is_a_block():
    inside = chain([f"inner_{i}" for i in range(45)])
    x = picture = keras.Input((8, 8, 1), name="camera")
    inside.name = "backbone"
    outside = keras.Model(picture, layers.Dense(2, name="classes")(inside(x)))
    found = blocks(as_functional(outside))
    assert found[0] == "camera" and found[-1] == "classes"
    assert [name for name, _ in found[1:-1]] == ["backbone"]
