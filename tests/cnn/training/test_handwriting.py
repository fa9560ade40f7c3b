"""Ones with a flag and no foot, drawn to be trained on."""

import numpy as np
import pytest

import cnn
from cnn.data.datasets import Dataset
from cnn.errors import RunError
from cnn.runs.configuration import TrainingConfig
from cnn.training import feeding
from cnn.training.handwriting import flagged_ones


@pytest.fixture(scope="module")
def ones():
    return flagged_ones(200, seed=3)


def test_they_are_framed_as_mnist_frames_a_digit(ones):
    assert ones.shape == (200, 28, 28, 1)
    assert ones.dtype == np.uint8
    for one in ones:
        rows, columns = np.nonzero(one[..., 0])
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 20


def test_a_seed_gives_the_same_ones_and_another_seed_others(ones):
    np.testing.assert_array_equal(flagged_ones(5, seed=3), ones[:5])
    assert (flagged_ones(5, seed=4) != ones[:5]).any()


def test_the_flag_is_on_the_left_of_the_top_and_there_is_no_foot(ones):
    ink = ones[..., 0].astype(np.float64)
    flag, stem = _left_end(ink[:, 4:13]), _left_end(ink[:, 15:20])
    assert np.mean(stem - flag) > 2
    assert (flag < stem).mean() > 0.65
    widths = (ink[:, 20:23] > 100).any(axis=1).sum(axis=1)
    assert widths.max() <= 8


def test_none_are_none():
    assert flagged_ones(0).shape == (0, 28, 28, 1)


def test_they_are_added_to_what_is_trained_on_and_not_to_what_validates():
    digits = cnn.load_dataset("digits", "train")
    plain = feeding.split(digits, TrainingConfig("digits"))
    more = feeding.split(digits, TrainingConfig("digits", flagged_ones=30))
    assert [len(part) for part in more] == [len(plain[0]) + 30, len(plain[1])]
    np.testing.assert_array_equal(more[0].images[-30:], flagged_ones(30, seed=0))
    assert (more[0].labels[-30:] == 1).all()


def test_pictures_that_are_no_digits_refuse_them():
    images = np.zeros((24, 20, 30, 3), np.uint8)
    data = Dataset("cats", "train", images, np.zeros(24, np.int64), ("cat", "dog"), "here")
    with pytest.raises(RunError, match=r"30 drawn ones .* cats: .* digits 0 to 9"):
        feeding.split(data, TrainingConfig("digits", flagged_ones=30))


def _left_end(ink):
    """The first column with ink of each picture (n, rows, 28)."""
    return (ink.sum(axis=1) > 100).argmax(axis=1)
