"""Trainings on the files of other data sets, in their real formats: the network has their class names."""

import gzip
import pickle

import numpy as np

import cnn
from cnn import TrainingConfig
from cnn.data import cifar
from cnn.data.idx import FASHION

LEAST = {"epochs": 1, "batch_size": 16, "augment": False}
LABELS = [n % 10 for n in range(40)]


def fashion(folder):
    folder.mkdir()
    for prefix in ("train", "t10k"):
        pictures = np.random.default_rng(0).integers(0, 255, (40, 28, 28), np.uint8)
        for kind, array in (("images-idx3", pictures), ("labels-idx1", np.array(LABELS, np.uint8))):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            (folder / f"{prefix}-{kind}-ubyte.gz").write_bytes(
                gzip.compress(head + array.tobytes())
            )


def cifar10(folder):
    folder.mkdir()
    for name in ("data_batch_1", "test_batch"):
        rows = np.random.default_rng(0).integers(0, 255, (40, 3072), np.uint8)
        batch = pickle.dumps({b"data": rows, b"labels": LABELS}, protocol=2)
        (folder / name).write_bytes(batch)


def test_a_network_trained_on_fashion_mnist_has_its_class_names(tmp_path):
    fashion(tmp_path / "fashion-mnist")
    run = cnn.train(
        TrainingConfig("fashion_mnist", **LEAST), into=tmp_path / "run", data_dir=tmp_path
    )
    assert run.status.state == "finished", run.status.message
    assert cnn.class_names(cnn.load_model(run.model_path)) == FASHION


def test_a_network_trained_on_the_batches_of_cifar10_has_its_class_names_and_size(tmp_path):
    cifar10(tmp_path / "mine")
    run = cnn.train(TrainingConfig(str(tmp_path / "mine"), **LEAST), into=tmp_path / "run")
    assert run.status.state == "finished", run.status.message
    model = cnn.load_model(run.model_path)
    assert cnn.class_names(model) == cifar.CLASSES
    assert model.input_shape == (None, 32, 32, 3)
