import numpy as np

import cnn
from cnn.data.embedded import digits_table, read_digits


def test_the_embedded_digits_look_like_mnist():
    data = cnn.load_dataset("digits")
    assert data.images.shape == (1797, 28, 28, 1)
    assert data.images.dtype == np.uint8
    rows, columns = np.nonzero(data.images.max(axis=0)[..., 0])
    assert min(rows.min(), columns.min()) >= 1
    mass = data.images[..., 0].astype(float)
    centres = [(mass.sum(axis=2 - axis) @ np.arange(28)) / mass.sum(axis=(1, 2)) for axis in (0, 1)]
    assert np.abs(np.array(centres) - 13.5).max() < 1.6
    assert (data.images == 255).mean() > 0.04


def test_the_embedded_digits_are_those_that_scikit_learn_loads():
    from sklearn.datasets import load_digits

    table = digits_table()
    bunch = load_digits()
    np.testing.assert_array_equal(table[:, :64].reshape(-1, 8, 8), bunch.images)
    np.testing.assert_array_equal(table[:, 64], bunch.target)


def test_the_halves_of_the_digits_are_the_whole():
    halves = [cnn.load_dataset("digits", split) for split in ("train", "test")]
    assert [len(half) for half in halves] == [899, 898]
    whole = cnn.load_dataset("digits", "all")
    np.testing.assert_array_equal(whole.images[1::2], halves[1].images)


def test_one_picture_is_made_alone_and_is_that_of_the_whole():
    pictures, _ = read_digits("test")
    one = pictures[7]
    assert "_all" not in vars(pictures)
    np.testing.assert_array_equal(one, np.asarray(read_digits("test")[0])[7])


def test_a_picture_that_was_kept_is_not_changed_by_who_got_it():
    pictures, _ = read_digits("test")
    before = pictures[7].copy()
    pictures[7][:] = 0
    np.testing.assert_array_equal(pictures[7], before)
    np.testing.assert_array_equal(np.asarray(pictures)[7], before)
