import gzip
import struct

import numpy as np
import pytest

import cnn
from tests.cnn.data.test_folders import picture


def write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    data = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_files_are_read_gzipped_or_not(tmp_path, pictures, labels, ending):
    write_idx(tmp_path / f"t10k-images-idx3-ubyte{ending}", pictures)
    write_idx(tmp_path / f"t10k-labels-idx1-ubyte{ending}", labels)
    data = cnn.load_dataset("mnist", split="test", data_dir=tmp_path)
    np.testing.assert_array_equal(data.images[..., 0], pictures)
    assert data.labels.tolist() == labels.tolist()
    assert data.source == str(tmp_path)


def test_an_npz_in_the_data_directory_is_found(tmp_path, pictures, labels):
    np.savez(
        tmp_path / "mnist.npz", x_test=pictures, y_test=labels, x_train=pictures, y_train=labels
    )
    assert len(cnn.load_dataset("mnist", split="train", data_dir=tmp_path)) == 6


def test_the_keras_cache_is_the_second_place(tmp_path, pictures, labels, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    archive = tmp_path / "datasets" / "mnist.npz"
    np.savez(archive, x_test=pictures, y_test=labels)
    data = cnn.load_dataset("mnist", split="test", data_dir=tmp_path / "elsewhere")
    assert data.source == str(archive)


def test_a_missing_data_set_says_what_to_do_and_who_lists_the_places(tmp_path):
    with pytest.raises(cnn.DatasetError) as error:
        cnn.load_dataset("mnist", data_dir=tmp_path)
    for word in ("`cnn-dashboard data` lists", "--fetch", "CNN_DATA_DIR", "digits"):
        assert word in str(error.value)


def test_a_truncated_file_is_named(tmp_path, pictures, labels):
    write_idx(tmp_path / "t10k-images-idx3-ubyte", pictures)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", labels)
    whole = (tmp_path / "t10k-images-idx3-ubyte").read_bytes()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(whole[:-100])
    with pytest.raises(cnn.DatasetError, match="announces .* and holds"):
        cnn.load_dataset("mnist", data_dir=tmp_path)


def test_a_damaged_npz_is_named(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(cnn.DatasetError, match=r"mnist\.npz cannot be read"):
        cnn.load_dataset("mnist", data_dir=tmp_path)


def test_unequal_numbers_of_pictures_and_labels_are_refused(tmp_path, pictures, labels):
    np.savez(tmp_path / "mnist.npz", x_test=pictures, y_test=labels[:4])
    with pytest.raises(cnn.DatasetError, match="6 pictures but 4 labels"):
        cnn.load_dataset("mnist", data_dir=tmp_path)


def test_no_message_has_a_folder_of_the_machine_in_it(tmp_path, pictures, labels):
    place = tmp_path / "a folder" / "secret"
    place.mkdir(parents=True)
    wanted = [("mnist", {"data_dir": place}), (str(place), {}), (str(place / "none"), {})]
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "mnist.npz").write_bytes(b"x")
    wanted.append(("mnist", {"data_dir": tmp_path / "damaged"}))
    picture(tmp_path / "bad" / "cat", "0.png").write_bytes(b"x")
    wanted.append((str(tmp_path / "bad"), {}))
    np.savez(place.parent / "arrays.npz", x_test=pictures, y_test=labels[:2])
    wanted.append((str(place.parent), {}))
    for name, options in wanted:
        with pytest.raises(cnn.DatasetError) as refused:
            _ = cnn.load_dataset(name, "test", **options).images
        assert str(tmp_path) not in str(refused.value)
        assert "a folder/" not in str(refused.value)


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(cnn.DatasetError, match="mnist, fashion_mnist, cifar10, digits"):
        cnn.load_dataset("imagenet")


def test_an_unknown_split_lists_those_that_exist():
    with pytest.raises(cnn.DatasetError, match="all, train, test"):
        cnn.load_dataset("digits", "validation")


def test_a_seeded_sample_is_the_same_again_and_has_the_class():
    data = cnn.load_dataset("digits")
    first, again = data.sample(4, seed=3), data.sample(4, seed=3)
    assert (first.index, first.label) == (again.index, 4)
    assert len({data.sample(4, seed=seed).index for seed in range(20)}) > 5


def test_a_picture_that_is_not_there_says_how_many_are():
    with pytest.raises(cnn.DatasetError, match="no picture number 1797: it has 1,797"):
        cnn.load_dataset("digits")[1797]


def test_mnist_is_complete(mnist_dir):
    data = cnn.load_dataset("mnist", split="test", data_dir=mnist_dir)
    assert data.images.shape == (10000, 28, 28, 1)
    assert np.bincount(data.labels).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
