import keras
import numpy as np
import pytest
from keras import layers
from scipy import ndimage

from cnn.attribution import methods
from cnn.attribution.attribution import Found
from cnn.attribution.objective import Objective, objective_of
from cnn.attribution.trust.cascade import MOST_STAGES, SEEDS, Cascade, Stage, band, cascade
from cnn.attribution.trust.ranks import rank_correlation
from cnn.attribution.trust.repeating import plane_of
from cnn.attribution.untrained import Redrawing, untrained
from cnn.errors import AttributionError
from cnn.models.loading import as_functional
from cnn.models.preparing import prepare
from cnn.models.twins import kept_for_twins


@pytest.fixture(scope="module")
def learned(picture):
    """A network of two layers that differ from a drawn one: the objective and a batch."""
    keras.utils.set_random_seed(6)
    inside = layers.Dense(16, activation="tanh", name="hidden")
    entered = keras.Input((12, 12, 1))
    x = inside(layers.Flatten(name="row")(entered))
    model = as_functional(keras.Model(entered, layers.Dense(3, name="sums")(x)))
    batch = prepare(picture, model)
    return objective_of(model, batch, 1), batch


@pytest.fixture(scope="module")
def of_gradient(learned):
    return cascade(*learned, "saliency")


def test_the_gradient_is_lost_with_what_was_learned(of_gradient):
    assert of_gradient.seeds == SEEDS >= 10
    assert [stage.layer for stage in of_gradient.stages] == ["sums", "hidden"]
    assert all(len(stage.signed) == SEEDS for stage in of_gradient.stages)
    first, last = (band(stage.signed) for stage in of_gradient.stages)
    assert first.low <= first.middle <= first.high
    assert -0.3 < last.low < last.high < 0.3
    # One random sum of the same hidden units has more of the old map than all drawn anew.
    assert np.std(of_gradient.stages[0].signed) > 0
    assert of_gradient.mark == "pass"
    assert of_gradient.kept == ()


def test_an_edge_detector_does_not_change_and_fails(learned, monkeypatch):
    def edges(_objective, batch):
        return Found(ndimage.sobel(batch[0, ..., 0], 0))

    method = methods.Method("Edges", "none", "The edges of the picture.", edges)
    monkeypatch.setitem(methods.METHODS, "edges", method)
    found = cascade(*learned, "edges")
    for stage in found.stages:
        assert stage.signed == pytest.approx([1] * SEEDS)
        assert stage.absolute == pytest.approx([1] * SEEDS)
        assert stage.rises == (0,) * SEEDS
    assert found.mark == "fail"


@keras.saving.register_keras_serializable("tests")
class Ramp(keras.initializers.Initializer):
    """A number of its own for each weight: 0, 1, 2 and so on along the first axis."""

    def __call__(self, shape, dtype=None):
        steps = np.arange(shape[0], dtype="float32").reshape(-1, 1)
        return keras.ops.convert_to_tensor(np.broadcast_to(steps, shape), dtype)


def test_the_rise_of_the_entropy_is_as_by_hand():
    """Two levels have an entropy of ln 2, four of ln 4, a hundred of ln 100."""
    entered = keras.Input((10, 10, 1))
    hidden = layers.Dense(2, kernel_initializer=Ramp(), name="hidden")
    sums = layers.Dense(2, kernel_initializer="identity", name="sums")
    model = as_functional(keras.Model(entered, sums(hidden(layers.Flatten()(entered)))))
    four, two = np.repeat([1, 2, 3, 4], 25), np.tile([1, 2], 50)
    model.get_layer("hidden").set_weights([np.stack([four, two], axis=1), np.zeros(2)])
    # The first sum is of two levels; drawn anew it is of four, and with all drawn anew of a hundred.
    model.get_layer("sums").set_weights([np.array([[0, 0], [1, 0]]), np.zeros(2)])
    batch = prepare(np.full((10, 10, 1), 100, np.uint8), model)
    found = cascade(objective_of(model, batch, 0), batch, "saliency", seeds=3)
    assert [stage.layer for stage in found.stages] == ["sums", "hidden"]
    assert found.stages[0].rises == pytest.approx([np.log(4) / np.log(2) - 1] * 3)
    assert found.stages[1].rises == pytest.approx([np.log(100) / np.log(2) - 1] * 3)
    flat = cascade(objective_of(model, batch, 1), batch, "saliency", seeds=1)
    assert flat.stages[-1].rises == (None,), "a map of zeros has no entropy to rise from"


def test_magnitudes_that_come_of_the_picture_are_not_taken_for_what_was_learned(learned):
    """Input × gradient is large where the picture is bright, whatever the network."""
    found = cascade(*learned, "input_x_gradient")
    signed, absolute = (
        band(numbers) for numbers in (found.stages[-1].signed, found.stages[-1].absolute)
    )
    assert abs(signed.middle) < 0.2 < absolute.middle
    assert found.mark == "inconclusive"


def test_it_is_the_same_again_and_leaves_the_network_as_it_was(learned, of_gradient):
    objective, batch = learned
    before = [np.array(one) for one in objective.model.get_weights()]
    compiled = set(kept_for_twins(objective.model))
    assert cascade(objective, batch, "saliency") == of_gradient
    for weight, was in zip(objective.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, was)
    assert set(kept_for_twins(objective.model)) == compiled


def test_a_map_of_zeros_proves_nothing(learned):
    objective, batch = learned
    weights = objective.model.get_weights()
    objective.model.set_weights([np.zeros_like(one) for one in weights])
    try:
        found = cascade(objective, batch, "saliency", seeds=2)
    finally:
        objective.model.set_weights(weights)
    assert all(stage.signed == stage.rises == (None, None) for stage in found.stages)
    assert found.mark == "inconclusive"


def test_all_layers_of_a_nested_network_are_drawn_from_the_top(second_model):
    batch = prepare(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8), second_model)
    told = []
    found = cascade(
        objective_of(second_model, batch, None), batch, "saliency", seeds=2,
        on_progress=lambda *both: told.append(both),
    )  # fmt: skip
    assert [stage.layer for stage in found.stages] == [
        "classes", "tail/last", "shared:2", "block/depthwise", "block/conv", "norm", "right", "left",
    ]  # fmt: skip
    assert told == [(done, 16) for done in range(1, 17)]
    assert band(found.stages[-1].signed).middle < 0.5


def test_a_deep_network_is_drawn_by_several_layers_at_a_time(picture):
    entered = x = keras.Input((12, 12, 1))
    for place in range(25):
        x = layers.Conv2D(1, 1, name=f"conv_{place}")(x)
    model = as_functional(keras.Model(entered, layers.GlobalAveragePooling2D()(x)))
    batch = prepare(picture, model)
    found = cascade(objective_of(model, batch, 0), batch, "saliency", seeds=1)
    assert len(found.stages) == MOST_STAGES
    assert found.stages[-1].layer == "conv_0"
    assert found.layers == 25


class Unbuilt(layers.Dense):
    """A layer that does not say for which shape it was made."""

    def get_build_config(self):
        return None


def test_a_layer_that_is_not_known_is_named_and_nothing_is_concluded(picture):
    entered = keras.Input((12, 12, 1))
    x = layers.Flatten()(entered)
    model = as_functional(
        keras.Model(entered, layers.Dense(2, name="top")(Unbuilt(8, name="odd")(x)))
    )
    batch = prepare(picture, model)
    found = cascade(objective_of(model, batch, 0), batch, "saliency", seeds=2)
    assert found.kept == ("odd",)
    assert found.layers == 1
    assert found.mark != "pass"


def test_a_network_without_weights_has_nothing_to_draw(picture):
    entered = keras.Input((12, 12, 1))
    model = as_functional(keras.Model(entered, layers.GlobalAveragePooling2D()(entered)))
    batch = prepare(picture, model)
    with pytest.raises(AttributionError, match="no layer with weights"):
        cascade(objective_of(model, batch, 0), batch, "saliency")


@pytest.mark.parametrize(
    ("signed", "absolute", "mark"),
    [
        (0.1, 0.1, "pass"), (-0.2, 0.29, "pass"), (0.1, 0.9, "inconclusive"), (0.4, 0.1, "inconclusive"),
        (-0.6, 0.1, "inconclusive"), (0.5, 0.5, "fail"), (0.9, 0.9, "fail"), (None, None, "inconclusive"),
    ],
)  # fmt: skip
def test_marks(signed, absolute, mark):
    stage = Stage("first", (signed,) * 10, (absolute,) * 10, (None,) * 10)
    assert Cascade((stage,), 10, (), is_signed=True).mark == mark
    kept = Cascade((stage,), 10, ("odd",), is_signed=True).mark
    assert kept == ("inconclusive" if mark == "pass" else mark)


def test_layers_that_were_drawn_stay_drawn_while_the_next_ones_are(learned):
    """With all layers drawn, the network is one without any training; with the lowest alone it is not."""
    objective, batch = learned
    first = plane_of(objective, batch, "saliency", {})

    def compared(model):
        made = plane_of(Objective(model, objective.target), batch, "saliency", {})
        return pytest.approx(rank_correlation(first, made), abs=1e-9)

    found = cascade(objective, batch, "saliency", seeds=3)
    for seed, signed in enumerate(found.stages[-1].signed):
        assert signed == compared(untrained(objective.model, seed).model)
        lowest = Redrawing(objective.model)
        lowest.draw("hidden", seed)
        assert signed != compared(lowest.model)
