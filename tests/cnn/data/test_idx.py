"""The files of MNIST and Fashion-MNIST, in the names that they have in different places."""

import gzip

import numpy as np
import pytest

import cnn
from cnn.data.idx import FASHION
from cnn.data.sources import open_source

FIRST = (9, 2, 1, 1, 6, 1, 4, 6, 5, 7)
DIGITS = (7, 2, 1, 0, 4, 1, 4, 9, 5, 9)


def write(folder, labels, form="{}-{}-ubyte.gz"):
    folder.mkdir(parents=True)
    labels = np.array(labels, np.uint8)
    pixels = np.full((len(labels), 28, 28), 7, np.uint8)
    for kind, array in (("images-idx3", pixels), ("labels-idx1", labels)):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        content = head + array.tobytes()
        path = folder / form.format("t10k", kind)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(folder)


@pytest.mark.parametrize("labels", [FIRST, DIGITS])
@pytest.mark.parametrize("form", ["{}-{}-ubyte.gz", "{}-{}-ubyte", "{}-{}-ubyte raw"])
def test_fashion_mnist_is_told_from_mnist_by_its_first_labels(tmp_path, labels, form):
    form, *below = form.split()
    write(tmp_path.joinpath("data", *below), labels, form)
    data = cnn.load_dataset(str(tmp_path / "data"))
    names = FASHION if labels == FIRST else tuple("0123456789")
    assert (data.class_names, data[0].class_name) == (names, names[labels[0]])


def test_the_names_with_a_dot_are_read_too(tmp_path):
    folder = write(tmp_path / "data", DIGITS)
    for path in (tmp_path / "data").iterdir():
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    assert cnn.load_dataset(folder).images.shape == (10, 28, 28, 1)


def test_pictures_without_their_labels_are_refused_by_the_missing_file(tmp_path):
    write(tmp_path / "data", DIGITS)
    (tmp_path / "data" / "t10k-labels-idx1-ubyte.gz").unlink()
    source = open_source(tmp_path / "data")
    with pytest.raises(cnn.DatasetError, match="has not both files of the split 'test'"):
        source.read("test")
