import numpy as np

from cnn.captions import OTHER_CLASSES, asked


def test_it_is_said_of_how_many_pictures_what_is_known():
    right = np.array([True, False, False])
    assert asked(3, 3, right, 0) == "The network was asked about all 3 pictures: 2 wrong."
    assert asked(3, 9000, right, 0) == (
        "The network was asked about 3 of 9,000 pictures, spread evenly: 2 wrong."
    )
    assert "all 4 pictures (1 damaged left out)" in asked(3, 4, right, 1)


def test_where_classes_are_others_none_is_called_wrong():
    assert asked(3, 3, None, 0) == f"The network was asked about all 3 pictures. {OTHER_CLASSES}"
