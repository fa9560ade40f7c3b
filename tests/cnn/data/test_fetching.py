import numpy as np
import pytest

import cnn
from cnn.data import datasets, fetching


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
