"""What data sets and their parts are called."""

import pytest

from cnn.data.names import data_name, part_name


@pytest.mark.parametrize(
    ("dataset", "split", "called"),
    [
        ("mnist", "test", "MNIST test"),
        ("digits", "all", "embedded digits"),
        ("/somewhere/flat", "all", "flat"),
        ("/somewhere/photos", "train", "photos train"),
    ],
)
def test_a_part_has_the_name_of_its_split_and_one_that_is_whole_none(dataset, split, called):
    assert part_name(data_name(dataset), split) == called
