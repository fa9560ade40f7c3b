"""What is compiled to explain units is kept for the layers looked at last."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.compiling import MOST_LAYERS, is_compiled
from cnn.models.twins import kept_for_twins


@pytest.fixture
def model() -> keras.Model:
    entered = x = keras.Input((8, 8, 1))
    for place in range(MOST_LAYERS + 2):
        x = layers.Conv2D(2, 3, padding="same", name=f"conv_{place}")(x)
    return keras.Model(entered, layers.Dense(3)(layers.Flatten()(x)))


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (8, 8, 1), np.uint8)


def test_the_layer_looked_at_longest_ago_is_let_go(model, picture):
    def look(place: int) -> None:
        cnn.attribute(model, picture, target=cnn.Target(0, layer=f"conv_{place}"))

    def known() -> list[int]:
        targets = [cnn.Target(0, layer=f"conv_{place}") for place in range(MOST_LAYERS + 2)]
        return [i for i, one in enumerate(targets) if is_compiled(model, one, "saliency")]

    for place in range(MOST_LAYERS):
        look(place)
    assert known() == list(range(MOST_LAYERS))
    count = len(kept_for_twins(model))
    look(0)
    look(MOST_LAYERS)
    assert known() == [0, *range(2, MOST_LAYERS + 1)]
    assert len(kept_for_twins(model)) == count


def test_targets_of_one_kind_share_what_is_compiled(model, picture):
    cnn.attribute(model, picture, target=cnn.Target(0, layer="conv_1"))
    assert is_compiled(model, cnn.Target(1, layer="conv_1"), "saliency")
    assert not is_compiled(model, cnn.Target(1, layer="conv_1", cell=(2, 3)), "saliency")
    assert not is_compiled(model, cnn.Target(1, 0, layer="conv_1"), "saliency")
    assert not is_compiled(model, cnn.Target(1), "saliency")


def test_a_layer_that_was_let_go_is_explained_again(model, picture):
    first = cnn.attribute(model, picture, target=cnn.Target(0, layer="conv_0")).map
    for place in range(1, MOST_LAYERS + 2):
        cnn.attribute(model, picture, target=cnn.Target(0, layer=f"conv_{place}"))
    again = cnn.attribute(model, picture, target=cnn.Target(0, layer="conv_0")).map
    np.testing.assert_array_equal(first, again)
