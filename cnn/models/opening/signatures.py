"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cnn.errors import ModelError

# What files are called that are written, and that are opened, each with the format that it means.
SUFFIXES = (".keras", ".h5")
FORMATS = {".keras": ".keras", ".h5": ".h5", ".hdf5": ".h5"}
_HDF5, _ZIP, _GZIP, _TFLITE = b"\x89HDF\r\n\x1a\n", b"PK", b"\x1f\x8b", b"TFL3"
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_ACCEPTED = "expected a .keras or .h5 file, as model.save('name.keras') writes it"
_NO_LAYERS = f"which has no Keras layers to look into: {_ACCEPTED}, from before it was converted."
_SAVED_MODEL = (
    f"a TensorFlow SavedModel, which has no Keras layers to look into: {_ACCEPTED}. Save the Keras "
    "model that it was exported from."
)


def format_of(name: str) -> str:
    """Return the format that a file's name says, ".keras" or ".h5"; "" where it says another."""
    return FORMATS.get(Path(name).suffix.lower(), "")


def require_model_file(path: Path) -> str:
    """Return the format of a file, as `format_of` does.

    Raises `ModelError` where it is not of the format that its name says, naming what it is.
    """
    if path.is_dir():
        is_saved_model = (path / "saved_model.pb").is_file()
        kind = f"the folder of {_SAVED_MODEL}" if is_saved_model else f"a folder: {_ACCEPTED}."
        raise ModelError(f"{path.name} is {kind}")
    if not path.is_file():
        raise ModelError(f"There is no file {path.name}: give the path of a .keras or .h5 file.")
    with path.open("rb") as file:
        start = file.read(16)
    expected = format_of(path.name)
    other = _other_kind(path, start, expected)
    if other:
        raise ModelError(f"{path.name} is {other}")
    if not expected:
        raise ModelError(f"{path.name} is no Keras model: expected a .keras or .h5 file.")
    is_whole = zipfile.is_zipfile(path) if expected == ".keras" else start.startswith(_HDF5)
    if not is_whole:
        kind = "archive" if expected == ".keras" else "HDF5 file"
        raise ModelError(
            f"{path.name} is no Keras model or is cut short: it is not the {kind} that "
            f"model.save('name{expected}') writes. Save it again."
        )
    return expected


def _other_kind(path: Path, start: bytes, expected: str) -> str:
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
    members = _members(path) if start.startswith(_ZIP) else set()
    if any(Path(name).name == "saved_model.pb" for name in members):
        return f"an archive of {_SAVED_MODEL}"
    if start.startswith(_HDF5) and expected != ".h5":
        return "an HDF5 file under the name of another kind: rename it to end in .h5."
    if "config.json" in members and expected != ".keras":
        return "a Keras archive under the name of another kind: rename it to end in .keras."
    return ""


def _members(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {*archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return set()
