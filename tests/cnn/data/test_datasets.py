import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.data import datasets, fetching, folders
from cnn.data.embedded import digits_table


def write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    data = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)


@pytest.fixture
def labels():
    return np.array([3, 1, 3, 0, 9, 1], np.uint8)


@pytest.fixture(autouse=True)
def no_keras_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "no-keras"))


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


def test_a_folder_of_pictures_has_a_class_per_sub_folder(tmp_path):
    for name, grey in (("cat", 10), ("dog", 200)):
        (tmp_path / name).mkdir()
        Image.new("L", (5, 4), grey).save(tmp_path / name / "one.png")
    data = cnn.load_dataset(str(tmp_path))
    assert data.images.shape == (2, 4, 5, 1)
    assert data.class_names == ("cat", "dog")
    assert data[1].class_name == "dog"
    assert data[1].pixels.max() == 200


def picture(folder: Path, name: str, shape=(6, 7), **options) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(shape, np.uint8)).save(folder / name, **options)
    return folder / name


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
            cnn.load_dataset(name, "test", **options)
        assert str(tmp_path) not in str(refused.value)
        assert "a folder/" not in str(refused.value)


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(cnn.DatasetError, match="mnist, fashion_mnist, digits"):
        cnn.load_dataset("imagenet")


def test_an_unknown_split_lists_those_that_exist():
    with pytest.raises(cnn.DatasetError, match="all, train, test"):
        cnn.load_dataset("digits", "validation")


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


def test_a_download_gets_its_name_when_it_is_complete(monkeypatch, tmp_path, pictures, labels):
    import keras

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    cache = tmp_path / "datasets"
    cache.mkdir()

    def deliver(path):
        (cache / path).write_bytes(b"half")
        assert 0 < fetching.fetched_share() < 1e-5
        assert datasets.find("mnist", tmp_path / "elsewhere") is None
        np.savez(cache / path, x_test=pictures, y_test=labels)

    monkeypatch.setattr(keras.datasets.mnist, "load_data", deliver)
    fetching.fetch_mnist()
    assert datasets.find("mnist", tmp_path / "elsewhere") == cache / "mnist.npz"
    assert fetching.fetched_share() == 0


def test_a_download_that_fails_says_so(monkeypatch):
    import keras

    def refuse(*_args, **_options):
        raise OSError("Name or service not known")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    with pytest.raises(cnn.DatasetError, match=r"could not be downloaded \(Name or service"):
        fetching.fetch_mnist()
