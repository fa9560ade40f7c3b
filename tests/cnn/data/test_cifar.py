import os
import pickle
from pathlib import Path

import numpy as np
import pytest

import cnn
from cnn.data import datasets
from cnn.data.sources import open_source
from tests.cnn.data.test_folders import picture

ROWS = np.random.default_rng(0).integers(0, 256, (6, 3072), dtype=np.uint8)
LABELS = [3, 0, 9, 1, 3, 2]
EXPECTED = ROWS.reshape(6, 3, 32, 32).transpose(0, 2, 3, 1)


def batch(rows=ROWS, labels=LABELS, **more):
    return {b"batch_label": b"one", b"labels": labels, b"data": rows, b"filenames": [b"a"], **more}


def pickled(folder: Path, content, protocol=2) -> str:
    """Write a batch as the test, and the first of the training."""
    folder.mkdir(exist_ok=True)
    for name in ("test_batch", "data_batch_1"):
        (folder / name).write_bytes(pickle.dumps(content, protocol))
    return str(folder)


@pytest.mark.parametrize("protocol", range(6))
def test_the_batches_of_python_are_read(tmp_path, protocol):
    data = cnn.load_dataset(pickled(tmp_path / "own", batch(), protocol))
    np.testing.assert_array_equal(data.images, EXPECTED)
    assert (data.split, data.labels.tolist(), data[2].class_name) == ("test", LABELS, "truck")


def test_the_binary_batches_are_read_and_all_of_a_split_are_joined(tmp_path):
    rows = np.hstack([np.array(LABELS, np.uint8)[:, None], ROWS]).tobytes()
    for number in (1, 2):
        (tmp_path / f"data_batch_{number}.bin").write_bytes(rows)
    data = cnn.load_dataset(str(tmp_path), "train")
    np.testing.assert_array_equal(data.images, np.concatenate([EXPECTED, EXPECTED]))


def test_the_folder_to_which_it_unpacks_is_found_by_name(tmp_path):
    pickled(tmp_path / "cifar-10-batches-py", batch())
    data = cnn.load_dataset("cifar10", data_dir=tmp_path)
    assert (data.name, len(data), data.class_names[0]) == ("cifar10", 6, "airplane")


class Planted:
    """What a pickle can hold: a call with arguments, made when it is read."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        (Planted(os.mkdir, "planted"), "asks for (posix|nt).mkdir"),
        (Planted(eval, "open('planted', 'w')"), "asks for .*builtin.*eval"),
        (Planted(np.load, "planted"), "asks for numpy.load"),
        (Planted(np.ndarray, (10**12,), "u1"), "otherwise than numpy"),
        (np.array([None]), "an array of 'O8'"),
        (np.zeros(3, "V8"), "an array of 'V8'"),
    ],
)
@pytest.mark.parametrize("place", [b"data", b"more"])
def test_a_batch_with_anything_but_plain_values_is_refused_and_runs_nothing(
    tmp_path, monkeypatch, planted, words, place
):
    monkeypatch.chdir(tmp_path)
    path = pickled(tmp_path / "own", batch(**{place.decode(): planted}) | {place: planted})
    with pytest.raises(cnn.DatasetError, match=f"test_batch is no batch of CIFAR-10 .*{words}"):
        cnn.load_dataset(path)
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1], "holds a list and no dictionary"),
        ({b"labels": LABELS}, "no array of bytes"),
        (batch(rows=ROWS[:, :100]), r"rows of shape \(6, 100\) for 6 labels"),
        (batch(labels=LABELS[:2]), "for 2 labels"),
        (batch(labels=[10, *LABELS[1:]]), "labels from 0 to 10"),
        (batch(rows=ROWS.astype(np.float32)), "no array of bytes"),
    ],
)
def test_what_is_no_batch_is_refused_in_a_sentence(tmp_path, content, words):
    with pytest.raises(cnn.DatasetError, match=f"test_batch is no batch of CIFAR-10 .*{words}"):
        cnn.load_dataset(pickled(tmp_path / "own", content))


def test_a_batch_that_is_cut_short_is_refused_at_any_length(tmp_path):
    folder = Path(pickled(tmp_path / "own", batch(ROWS[:1], LABELS[:1])))
    whole = (folder / "test_batch").read_bytes()
    for length in range(0, len(whole), 61):
        (folder / "test_batch").write_bytes(whole[:length])
        with pytest.raises(cnn.DatasetError, match="test_batch is no batch of CIFAR-10"):
            cnn.load_dataset(str(folder))
    (folder / "test_batch").unlink()
    (folder / "test_batch.bin").write_bytes(bytes(3074))
    (folder / "data_batch_1").unlink()
    with pytest.raises(cnn.DatasetError, match="3,074 bytes are no whole number of rows"):
        cnn.load_dataset(str(folder))


FINE = [19, 0, 99, 1, 19, 2]


def pickled100(folder: Path, **more) -> str:
    content = {b"fine_labels": FINE, b"coarse_labels": [11, 4, 13, 1, 11, 2], b"data": ROWS, **more}
    folder.mkdir(parents=True)
    for name in ("train", "test"):
        (folder / name).write_bytes(pickle.dumps(content, 2))
    (folder / "meta").write_bytes(pickle.dumps({b"fine_label_names": [b"apple"]}, 2))
    return str(folder)


@pytest.mark.parametrize("form", ["pickles", "binary"])
@pytest.mark.parametrize("place", ["", "cifar-100"])
def test_cifar_100_is_read_from_its_files_with_its_fine_classes(tmp_path, form, place):
    folder = tmp_path / (
        f"{place}-{'python' if form == 'pickles' else 'binary'}" if place else "own"
    )
    if form == "pickles":
        pickled100(folder)
    else:
        folder.mkdir()
        heads = np.array([[11, 4, 13, 1, 11, 2], FINE], np.uint8).T
        for name in ("train.bin", "test.bin"):
            (folder / name).write_bytes(np.hstack([heads, ROWS]).tobytes())
    data = cnn.load_dataset(str(tmp_path if place else folder))
    np.testing.assert_array_equal(data.images, EXPECTED)
    assert (data.labels.tolist(), len(data.class_names)) == (FINE, 100)
    assert [data[n].class_name for n in range(4)] == ["cattle", "apple", "worm", "aquarium_fish"]


def test_a_pickle_of_cifar_100_runs_nothing_either(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = pickled100(tmp_path / "own", more=Planted(os.mkdir, "planted"))
    with pytest.raises(
        cnn.DatasetError, match="test is no batch of CIFAR-100 .*asks for posix.mkdir"
    ):
        cnn.load_dataset(path)
    assert not (tmp_path / "planted").exists()


def test_files_called_train_and_test_are_not_always_cifar_100(tmp_path):
    picture(tmp_path / "cat", "0.png")
    for name in ("train", "test", "train.bin"):
        (tmp_path / name).write_text("no batch")
    assert open_source(tmp_path).read("all").class_names == ("cat",)


def test_batches_that_are_missing_are_told(tmp_path):
    source = open_source(Path(pickled(tmp_path / "own", batch())))
    assert source.notes == ("Of CIFAR-10 only 1 of 5 batches of train are there.",)


def test_cifar_100_beside_is_not_taken_for_cifar_10(tmp_path):
    pickled100(tmp_path / "cifar-100-python")
    assert datasets.find("cifar10", tmp_path) != tmp_path
