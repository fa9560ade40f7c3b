"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cnn.errors import ModelError

SUFFIXES = (".keras", ".h5")
_HDF5, _ZIP, _GZIP, _TFLITE = b"\x89HDF\r\n\x1a\n", b"PK", b"\x1f\x8b", b"TFL3"
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_ACCEPTED = "expected a .keras or .h5 file, as model.save('name.keras') writes it"
_NO_LAYERS = f"which has no Keras layers to look into: {_ACCEPTED}, from before it was converted."
_SAVED_MODEL = (
    f"a TensorFlow SavedModel, which has no Keras layers to look into: {_ACCEPTED}. Save the Keras "
    "model that it was exported from."
)


def require_model_file(path: Path) -> None:
    """Raise `ModelError` where `path` is not of the kind that its suffix says, naming what it is."""
    if path.is_dir():
        is_saved_model = (path / "saved_model.pb").is_file()
        kind = f"the folder of {_SAVED_MODEL}" if is_saved_model else f"a folder: {_ACCEPTED}."
        raise ModelError(f"{path.name} is {kind}")
    if not path.is_file():
        raise ModelError(f"There is no file {path.name}: give the path of a .keras or .h5 file.")
    with path.open("rb") as file:
        start = file.read(16)
    other = _other_kind(path, start)
    if other:
        raise ModelError(f"{path.name} is {other}")
    if path.suffix not in SUFFIXES:
        raise ModelError(f"{path.name} is no Keras model: expected a .keras or .h5 file.")
    is_whole = zipfile.is_zipfile(path) if path.suffix == ".keras" else start.startswith(_HDF5)
    if not is_whole:
        kind = "archive" if path.suffix == ".keras" else "HDF5 file"
        raise ModelError(
            f"{path.name} is no Keras model or is cut short: it is not the {kind} that "
            f"model.save('name{path.suffix}') writes. Save it again."
        )


def _other_kind(path: Path, start: bytes) -> str:
    """Return what the file is instead, as the end of a sentence; "" where it may be a Keras model."""
    if start[4:8] == _TFLITE:
        return f"a TensorFlow Lite model, {_NO_LAYERS}"
    # The fields 1 (a small number) and 2 (a text) of a message are the version and the maker.
    if (start[:1], start[2:3]) == (b"\x08", b"\x12"):
        return f"an ONNX model, {_NO_LAYERS}"
    if start.startswith(_PICKLES):
        return f"a Python pickle, which could run any code, and is not read: {_ACCEPTED}."
    if start.startswith(_GZIP):
        return f"compressed with gzip: {_ACCEPTED}. Unpack it first."
    if start.startswith(_ZIP) and _holds_saved_model(path):
        return f"an archive of {_SAVED_MODEL}"
    if start.startswith(_HDF5) and path.suffix == ".keras":
        return "an HDF5 file, and its name says .keras: rename it to end in .h5."
    if start.startswith(_ZIP) and path.suffix == ".h5":
        return "an archive, and its name says .h5: rename it to end in .keras."
    return ""


def _holds_saved_model(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(Path(name).name == "saved_model.pb" for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
