"""The effective receptive field, against differences and against the theoretical field."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.errors import LayerError
from cnn.models import as_functional
from cnn.models.twins import kept_for_twins
from tests import differences


@pytest.fixture(scope="module")
def smooth() -> keras.Model:
    """A smooth network on 7x9 RGB of maps and units, so that differences tell its gradient."""
    keras.utils.set_random_seed(8)
    picture = keras.Input((7, 9, 3), name="picture")
    x = layers.Conv2D(4, 3, activation="tanh", name="first")(picture)
    x = layers.Conv2D(3, 3, dilation_rate=2, padding="same", activation="tanh", name="second")(x)
    units = layers.Dense(5, name="units")(layers.Flatten(name="row")(x))
    return as_functional(keras.Model(picture, units))


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(3).integers(20, 236, (7, 9, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ({"layer": "second", "row": 2, "column": 3, "channel": 1}, lambda a: a["second"][2, 3, 1]),
        ({"layer": "second", "row": 4, "column": 6}, lambda a: a["second"][4, 6].sum()),
        ({"layer": "units", "channel": 2}, lambda a: a["units"][2]),
    ],
)
def test_it_is_how_fast_the_cell_changes_with_each_pixel(smooth, image, cell, value):
    found = cnn.effective_field(smooth, image, **cell)
    assert (found.shape, found.dtype) == ((7, 9), np.float32)
    slopes = differences.by_pixels(lambda moved: value(cnn.activations(smooth, moved)), image)
    expected = np.linalg.norm(slopes, axis=-1)
    assert expected.max() > 0.05
    np.testing.assert_allclose(found, expected, atol=0.02 * expected.max())


def test_outside_the_receptive_field_it_is_nothing_and_inside_it_is_not(smooth, image):
    for row, column in [(0, 0), (2, 3), (4, 6)]:
        place = {"layer": "second", "row": row, "column": column}
        found = cnn.effective_field(smooth, image, **place)
        np.testing.assert_array_equal(found > 0, cnn.receptive_field(smooth, **place).picture.mask)


def test_without_activations_each_pixel_counts_as_often_as_a_way_leads_from_it():
    # The simplest case of Luo et al. 2016, section 2.1: all weights are one, so ways are counted.
    picture = keras.Input((9, 9, 1), name="picture")
    ones = {"kernel_initializer": "ones", "padding": "same"}
    x = layers.Conv2D(1, 3, name="second", **ones)(
        layers.Conv2D(1, 3, name="first", **ones)(picture)
    )
    model = as_functional(keras.Model(picture, x))
    found = cnn.effective_field(
        model, np.zeros((9, 9, 1), np.uint8), layer="second", row=4, column=4
    )
    ways = np.convolve([1, 1, 1], [1, 1, 1])
    np.testing.assert_allclose(found[2:7, 2:7], np.outer(ways, ways), rtol=1e-5)
    assert found.sum() == pytest.approx(81)


def test_all_cells_of_a_layer_share_what_was_compiled(smooth, image):
    before = set(kept_for_twins(smooth))
    for row in range(5):
        cnn.effective_field(smooth, image, layer="first", row=row, column=row, channel=row % 4)
    assert len(set(kept_for_twins(smooth)) - before) == 1


def test_a_model_of_any_size_takes_the_size_of_the_picture():
    picture = keras.Input((None, None, 1), name="picture")
    model = as_functional(keras.Model(picture, layers.Conv2D(1, 3, name="maps")(picture)))
    found = cnn.effective_field(
        model, np.zeros((6, 11, 1), np.uint8), layer="maps", row=3, column=8
    )
    assert found.shape == (6, 11)
    assert not found[:3].any() and not found[:, :8].any()
    with pytest.raises(LayerError, match="no row 4: it has 4 rows"):
        cnn.effective_field(model, np.zeros((6, 11, 1), np.uint8), layer="maps", row=4, column=8)


def test_an_unknown_layer_is_refused(smooth, image):
    with pytest.raises(LayerError, match="no layer 'nowhere'"):
        cnn.effective_field(smooth, image, layer="nowhere", row=0, column=0)
