import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.data import sizing
from cnn.data.sizing import LARGEST, require_room, size_to_train


def pictures(folder, *sizes) -> cnn.Dataset:
    """The data set of pictures of these sizes, (width, height)."""
    for number, size in enumerate(sizes):
        path = folder / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", size, (number, 200, 9)).save(path)
    return cnn.load_dataset(str(folder))


@pytest.mark.parametrize(
    ("sizes", "side", "size", "words"),
    [
        ([(20, 30)] * 3, 0, (30, 20), "20×30, as they are"),
        ([(LARGEST, 9)] * 3, 0, (9, LARGEST), "128×9, as they are"),
        ([(400, 300)] * 3, 0, (96, 128), "128×96, made of 400×300"),
        ([(4000, 2)] * 2, 0, (1, 128), "128×1, made of 4,000×2"),
        ([(20, 30), (40, 50), (60, 70)], 0, (40, 40), "40×40, made of 20×30 to 60×70"),
        ([(300, 200), (900, 400)], 0, (128, 128), "128×128, made of 300×200 to 900×400"),
        ([(30, 20), (20, 30)], 0, (20, 20), "20×20, made of several sizes such as 30×20"),
        ([(20, 30)] * 3, 16, (16, 16), "16×16, made of 20×30"),
        ([(16, 16)] * 3, 16, (16, 16), "16×16, as they are"),
    ],
)
def test_the_size_follows_from_the_pictures_unless_a_side_is_given(
    tmp_path, sizes, side, size, words
):
    found = size_to_train(pictures(tmp_path, *sizes), side)
    assert (found.size, found.words) == (size, words)


def test_pictures_in_an_array_are_reduced_as_files_are(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 300, 150, 3), np.uint8), y=np.arange(4) % 2)
    data = cnn.load_dataset(str(tmp_path / "a.npz"))
    assert size_to_train(data).size == (128, 64)
    assert data.decoded((128, 64)).images.shape == (4, 128, 64, 3)
    assert data.decoded((128, 64), 1).images.shape == (4, 128, 64, 1)
    assert data.decoded((300, 150)).images is data.images


def test_a_photo_on_its_side_counts_as_it_is_shown_and_a_damaged_one_not_at_all(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in range(3):
        Image.new("RGB", (40, 20)).save(tmp_path / f"{number}.jpg", exif=exif)
    (tmp_path / "3.jpg").write_bytes(b"damaged")
    data = cnn.load_dataset(str(tmp_path))
    assert size_to_train(data).words == "20×40, as they are"
    assert data[0].pixels.shape[:2] == (40, 20)


def test_pictures_of_several_sizes_are_decoded_in_one(tmp_path):
    data = pictures(tmp_path, (20, 30), (40, 50), (60, 70))
    (tmp_path / "cat" / "0.png").write_bytes(b"damaged")
    decoded = cnn.load_dataset(str(tmp_path)).decoded((24, 24))
    assert decoded.images.shape == (2, 24, 24, 3)
    assert (decoded.damaged, decoded.labels.tolist()) == (1, [0, 1])
    np.testing.assert_array_equal(decoded.images[0], np.full((24, 24, 3), (2, 200, 9), np.uint8))
    assert len(data) == 3


def test_more_than_is_trained_on_is_refused_with_what_helps(tmp_path, monkeypatch):
    monkeypatch.setattr(sizing, "MOST_BYTES", 1000)
    data = pictures(tmp_path, (20, 30), (40, 50))
    require_room(data, (10, 10, 3))
    with pytest.raises(
        cnn.DatasetError, match=r"^The 2 pictures of 40×40 would .* smaller picture"
    ):
        require_room(data, (40, 40, 3))
