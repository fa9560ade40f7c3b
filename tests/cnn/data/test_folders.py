from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.data import folders


def picture(folder: Path, name: str, shape=(6, 7), **options) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(shape, np.uint8)).save(folder / name, **options)
    return folder / name


def test_a_folder_of_pictures_has_a_class_per_sub_folder(tmp_path):
    for name, grey in (("cat", 10), ("dog", 200)):
        (tmp_path / name).mkdir()
        Image.new("L", (5, 4), grey).save(tmp_path / name / "one.png")
    data = cnn.load_dataset(str(tmp_path))
    assert data.images.shape == (2, 4, 5, 1)
    assert data.class_names == ("cat", "dog")
    assert data[1].class_name == "dog"
    assert data[1].pixels.max() == 200


def test_a_picture_larger_than_an_upload_may_be_is_refused_by_its_name(tmp_path):
    picture(tmp_path / "cat", "0.png", (10_000, 4_001), compress_level=1)
    with pytest.raises(
        cnn.DatasetError, match=r"^cat/0\.png cannot be used: .* at most 40,000,000"
    ):
        cnn.load_dataset(str(tmp_path))


def test_a_file_larger_than_an_upload_may_be_is_refused_by_its_name(tmp_path):
    path = picture(tmp_path / "cat", "0.png")
    path.write_bytes(path.read_bytes() + bytes(10_000_001))
    with pytest.raises(
        cnn.DatasetError, match=r"^cat/0\.png cannot be used: .* at most 10,000,000"
    ):
        cnn.load_dataset(str(tmp_path))


def test_more_pictures_than_there_is_room_for_are_refused_before_they_are_decoded(
    tmp_path, monkeypatch
):
    for number in range(3):
        picture(tmp_path / "cat", f"{number}.png")
    (tmp_path / "cat" / "2.png").write_bytes(b"never read")
    monkeypatch.setattr(folders, "_MOST_FOLDER_BYTES", 3 * 42 - 1)
    with pytest.raises(cnn.DatasetError, match="3 pictures like 0.png take"):
        cnn.load_dataset(str(tmp_path))


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_picture_is_refused_by_its_name(tmp_path, data):
    picture(tmp_path / "cat", "0.png").write_bytes(data)
    with pytest.raises(cnn.DatasetError, match=r"^cat/0\.png cannot be used: "):
        cnn.load_dataset(str(tmp_path))


def test_pictures_of_several_sizes_are_refused_with_two_of_them(tmp_path):
    picture(tmp_path / "cat", "0.png")
    picture(tmp_path / "cat", "1.png", (5, 5))
    with pytest.raises(cnn.DatasetError, match=r"0\.png has the shape .* and 1\.png"):
        cnn.load_dataset(str(tmp_path))
