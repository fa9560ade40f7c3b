"""A `.keras` file: an archive, whose directory says how large it will be before it is unpacked."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from cnn.errors import ModelError
from cnn.models.opening.contents import Config, Contents, parsed, require_short
from cnn.models.opening.limits import Limits, in_words

_CONFIGURATION, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_ENCRYPTED = 1


@contextmanager
def unpacked(path: Path, limits: Limits) -> Iterator[Contents]:
    """Yield what a `.keras` file holds, its weights in a temporary file.

    Raises `ModelError` where it would unpack to more than `limits`, or is no model.
    """
    with zipfile.ZipFile(path) as archive, TemporaryDirectory() as folder:
        _require_size(archive, path, limits)
        configuration = _object(archive, path, _CONFIGURATION)
        version = str(_object(archive, path, _METADATA).get("keras_version", ""))
        weights = Path(folder) / _WEIGHTS
        with _member(archive, path, _WEIGHTS) as packed, weights.open("wb") as file:
            shutil.copyfileobj(packed, file)
        yield Contents(configuration, version, weights, in_archive=True)


def _require_size(archive: zipfile.ZipFile, path: Path, limits: Limits) -> None:
    size = sum(member.file_size for member in archive.infolist())
    if size > limits.bytes:
        raise ModelError(
            f"{path.name} has {in_words(path.stat().st_size)} and unpacks to {in_words(size)}: at most "
            f"{in_words(limits.bytes)} are opened. Choose a smaller network, or raise the limit."
        )


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> IO[bytes]:
    names = archive.namelist()
    if name not in names:
        if any(one.endswith(f"/{name}") for one in names):
            raise ModelError(
                f"{path.name} has its {name} in a folder of the archive: expected it at the top. Pack "
                "the files without the folder that they are in, or save the model again."
            )
        raise ModelError(
            f"{path.name} is no Keras model: there is no {name} in the archive, as "
            "model.save('name.keras') writes it. Save the model again."
        )
    if archive.getinfo(name).flag_bits & _ENCRYPTED:
        raise ModelError(
            f"{path.name} is encrypted, and no password is asked for: expected the archive that "
            "model.save('name.keras') writes. Save the model again."
        )
    return archive.open(name)


def _object(archive: zipfile.ZipFile, path: Path, name: str) -> Config:
    with _member(archive, path, name) as file:
        require_short(path.name, archive.getinfo(name).file_size)
        return parsed(path.name, file.read())
