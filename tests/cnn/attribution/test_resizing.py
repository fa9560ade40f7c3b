import numpy as np

from cnn.attribution.resizing import resized


def test_centres_of_cells_stay_and_what_lies_between_is_mixed():
    plane = np.array([[-4, 0], [8, 100]], np.float32)
    columns = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    np.testing.assert_allclose(resized(plane, 4, 4), columns @ plane @ columns.T, rtol=1e-6)
    rows = np.eye(2)
    np.testing.assert_allclose(resized(plane, 2, 4), rows @ plane @ columns.T, rtol=1e-6)


def test_a_cell_of_many_pixels_is_seen_where_it_is():
    plane = np.zeros((7, 9), np.float32)
    plane[2, 6] = 1
    found = resized(plane, 70, 90)
    assert np.unravel_index(found.argmax(), found.shape) in {
        (r, c) for r in (24, 25) for c in (64, 65)
    }
    np.testing.assert_allclose(np.average(np.arange(70), weights=found.sum(1)), 24.5, rtol=1e-5)
    np.testing.assert_allclose(np.average(np.arange(90), weights=found.sum(0)), 64.5, rtol=1e-5)


def test_a_map_in_its_size_and_a_single_cell():
    plane = np.array([[1, -2]], np.float32)
    assert resized(plane, 1, 2) is plane
    np.testing.assert_array_equal(resized(np.array([[3]], np.float32), 2, 3), np.full((2, 3), 3))
