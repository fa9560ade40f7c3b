"""Pictures are ordered by what Keras computes of them, for every channel of a layer in one pass."""

from dataclasses import replace

import numpy as np
import pytest
from keras import layers
from PIL import Image

import cnn
from cnn.inspection.top_pictures import CLASSES, seen_part
from tests import nets


@pytest.fixture(scope="module")
def digits() -> cnn.Dataset:
    some = cnn.load_dataset("digits", "test")
    return replace(some, pictures=some.images[:150], labels=some.labels[:150])


def outputs(model, layer, pictures) -> np.ndarray:
    """What Keras gives for all pictures, (n, cells, channels)."""
    batch = np.concatenate([cnn.prepare(picture, model) for picture in pictures])
    made = np.asarray(cnn.activation_model(model, [layer])(batch))
    return made.reshape(len(batch), -1, made.shape[-1])


@pytest.mark.parametrize("layer", ["conv2d", "max_pooling2d_1", "flatten", "dense"])
def test_the_pictures_are_those_that_keras_gives_the_highest_the_middle_and_the_lowest_number(
    classifier, digits, layer
):
    found = cnn.top_pictures(classifier, digits, layer=layer)
    given = outputs(classifier, layer, digits.pictures).max(axis=1)
    assert (found.pictures, len(found.channels)) == (150, given.shape[1])
    for channel, one in enumerate(found.channels[:70]):
        rising = np.sort(given[:, channel])
        for picks, expected in (
            (one.top, rising[::-1][:9]),
            (one.middle, rising[::-1][70:79]),
            (one.bottom, rising[:9]),
        ):
            np.testing.assert_allclose([pick.value for pick in picks], expected, atol=1e-5)
            own = given[[pick.picture for pick in picks], channel]
            np.testing.assert_allclose([pick.value for pick in picks], own, atol=1e-5)
        assert one.at_lowest == (given[:, channel] == given[:, channel].min()).sum()


def test_the_cell_is_the_strongest_of_the_map_in_that_picture(classifier, digits):
    found = cnn.top_pictures(classifier, digits, layer="conv2d_1")
    for channel in (0, 17, 40):
        for pick in found.channels[channel].top:
            maps = cnn.activations(classifier, digits[pick.picture].pixels)["conv2d_1"]
            assert maps[(*pick.cell, channel)] == pytest.approx(maps[..., channel].max(), abs=1e-5)
            assert pick.value == pytest.approx(maps[(*pick.cell, channel)], abs=1e-5)


def test_one_cell_is_looked_at_in_all_pictures(classifier, digits):
    found = cnn.top_pictures(classifier, digits, layer="conv2d_1", cell=(3, 5), count=2)
    given = outputs(classifier, "conv2d_1", digits.pictures).reshape(150, 11, 11, 64)[:, 3, 5]
    assert found.cell == (3, 5)
    for channel, one in enumerate(found.channels):
        values = [pick.value for pick in one.top]
        np.testing.assert_allclose(values, np.sort(given[:, channel])[::-1][:2], atol=1e-5)
        assert {pick.cell for pick in (*one.top, *one.middle, *one.bottom)} == {(3, 5)}


def test_of_the_classes_the_logit_counts(classifier, digits):
    found = cnn.top_pictures(classifier, digits)
    assert (found.layer, len(found.channels)) == (CLASSES, 10)
    logits = np.array([cnn.predict(classifier, picture).logits for picture in digits.pictures])
    for label, one in enumerate(found.channels):
        np.testing.assert_allclose(
            [pick.value for pick in one.top], np.sort(logits[:, label])[::-1][:9], rtol=1e-4
        )
        assert all(digits.labels[pick.picture] == label for pick in one.top[:3])
        assert one.top[0].cell == ()


def test_layers_of_any_shape_and_nested_ones_are_ordered_as_keras_gives_them(second_model):
    pictures = np.random.default_rng(0).integers(0, 256, (20, 20, 30, 3), dtype=np.uint8)
    for info in cnn.layer_infos(second_model):
        found = cnn.top_pictures(second_model, pictures, layer=info.name, count=3)
        assert len(found.channels) == info.channels
        best = found.channels[0].top[0]
        made = cnn.activations(second_model, pictures[best.picture])[info.name]
        assert best.value == pytest.approx(float(made[..., 0].max()), rel=1e-4, abs=1e-5)
        assert len(best.cell) == made.ndim - 1


def test_with_a_budget_some_are_looked_at_evenly_chosen_and_it_says_so(classifier, digits):
    found = cnn.top_pictures(classifier, digits, layer="dense", budget=1)
    assert (found.selection.count, found.selection.total) == (8, 150)
    assert found.selection.is_short
    looked_at = {pick.picture for one in found.channels for pick in (*one.top, *one.bottom)}
    assert looked_at == {place * 150 // 8 for place in range(8)}


def test_dead_channels_and_numbers_that_are_none_are_told():
    model = nets.not_finite(np.nan, "second")
    pictures = np.random.default_rng(1).integers(0, 256, (5, 16, 16, 1), dtype=np.uint8)
    found = cnn.top_pictures(model, pictures, layer="second")
    broken = [one for one in found.channels if one.not_finite]
    assert broken
    for one in broken:
        assert (one.not_finite, one.top, one.bottom, one.is_dead) == (5, (), (), False)
    quiet = nets.ending(layers.Dense(3, activation="relu", name="units"))
    kernel, bias = quiet.get_layer("units").get_weights()
    kernel[:, 1], bias[1] = 0, -1
    quiet.get_layer("units").set_weights([kernel, bias])
    units = cnn.top_pictures(quiet, pictures[:, :6, :6], layer="units").channels
    assert [one.is_dead for one in units][1]
    assert units[1].at_lowest == 5
    assert not all(one.is_dead for one in units)


def test_damaged_files_are_left_out(tmp_path, classifier, digits):
    for place in range(4):
        folder = tmp_path / str(place % 2)
        folder.mkdir(exist_ok=True)
        Image.fromarray(digits.pictures[place][..., 0]).save(folder / f"{place}.png")
    (tmp_path / "0" / "broken.png").write_bytes(b"no picture")
    data = cnn.load_dataset(str(tmp_path), "all")
    found = cnn.top_pictures(classifier, data, layer="dense")
    assert (found.selection.count, found.selection.total) == (4, 5)
    for one in found.channels:
        for pick in one.top:
            made = cnn.activations(classifier, data[pick.picture].pixels)["dense"]
            assert made[found.channels.index(one)] == pytest.approx(pick.value, rel=1e-4)


def test_pixels_outside_the_part_that_is_seen_do_not_count(classifier, digits):
    pick = cnn.top_pictures(classifier, digits, layer="conv2d_1").channels[5].top[0]
    box = seen_part(classifier, "conv2d_1", 5, pick.cell, (28, 28))
    top, left, bottom, right = box
    assert (bottom - top, right - left) == (8, 8)
    picture = digits[pick.picture].pixels
    noise = np.random.default_rng(2).integers(0, 256, picture.shape, dtype=np.uint8)
    noise[top:bottom, left:right] = picture[top:bottom, left:right]
    made = cnn.activations(classifier, noise)["conv2d_1"][(*pick.cell, 5)]
    assert made == pytest.approx(pick.value, abs=1e-5)
    noise[top:bottom, left:right] = 255 - picture[top:bottom, left:right]
    assert cnn.activations(classifier, noise)["conv2d_1"][(*pick.cell, 5)] != pytest.approx(
        pick.value
    )


def test_a_unit_and_a_class_have_a_part_where_they_do_not_see_the_whole_picture(classifier):
    for layer in (CLASSES, "dense"):
        assert seen_part(classifier, layer, 3, (), (28, 28)) == (0, 0, 26, 26)
    whole = nets.ending(layers.Dense(3, name="units"))
    assert seen_part(whole, "units", 1, (), (6, 6)) is None
    assert seen_part(classifier, "flatten", 0, (), (28, 28)) == (0, 0, 10, 10)


def test_progress_counts_pictures_and_what_it_raises_ends_it(classifier, digits):
    told = []
    cnn.top_pictures(
        classifier, digits, layer="dense", on_progress=lambda *counts: told.append(counts)
    )
    assert told == [(64, 150), (128, 150), (150, 150)]

    def stop(_done, _all):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cnn.top_pictures(classifier, digits, layer="dense", on_progress=stop)


def test_what_cannot_be_told_is_refused_in_a_sentence(classifier, digits, monkeypatch):
    from cnn.inspection import top_pictures

    for cell in ((3,), (26, 0), (-1, 0)):
        with pytest.raises(cnn.LayerError, match="has no cell .* it has 26×26 cells"):
            cnn.top_pictures(classifier, digits, layer="conv2d", cell=cell)
    with pytest.raises(cnn.LayerError, match="conv9"):
        cnn.top_pictures(classifier, digits, layer="conv9")
    with pytest.raises(cnn.DatasetError, match="no pictures to look at"):
        cnn.top_pictures(classifier, np.zeros((0, 28, 28), np.uint8))
    with pytest.raises(cnn.ModelError, match="What excites a class needs class probabilities"):
        cnn.top_pictures(nets.autoencoder(), np.zeros((1, 12, 12), np.uint8))
    monkeypatch.setattr(top_pictures, "MOST_CHANNELS", 31)
    with pytest.raises(cnn.LayerError, match="has 32 channels"):
        cnn.top_pictures(classifier, digits, layer="conv2d")
