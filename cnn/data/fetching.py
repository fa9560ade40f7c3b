"""The download of MNIST, which Keras does, into its cache."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from cnn.errors import DatasetError, reason

_TIMEOUT_SECONDS = 10.0
_MNIST_BYTES = 11_490_434


def fetch_mnist() -> None:
    """Download MNIST into the Keras cache, verified; `DatasetError` when that fails.

    It gets its name when it is complete. A connection silent for 10 seconds is given up.
    """
    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_SECONDS)
    try:
        keras.datasets.mnist.load_data(path=_incoming().name)
        _incoming().replace(_incoming().with_name("mnist.npz"))
    except Exception as error:
        raise DatasetError(
            f"MNIST could not be downloaded ({reason(error)}): check the network, or put its files into "
            "the data directory (CNN_DATA_DIR)."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def fetched_share() -> float:
    """Return how much of MNIST a download has brought so far, from 0 to 1."""
    path = _incoming()
    return min(1.0, path.stat().st_size / _MNIST_BYTES) if path.is_file() else 0.0


def _incoming() -> Path:
    return keras_cache() / "mnist.incoming.npz"


def keras_cache() -> Path:
    """Return the folder in which Keras keeps the data sets that it has downloaded."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
