"""HDF5 files from strangers: what they refer to, and what they hold, before an array is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError, quoted
from cnn.models.opening.chunks import chunk_bytes, require_bounded, require_sized
from cnn.models.opening.contents import MOST_CONFIGURATION, Contents, parsed, require_short
from cnn.models.opening.limits import Limits, in_words

if TYPE_CHECKING:
    import h5py

# What training keeps, which is never read.
_OF_TRAINING = ("optimizer", "optimizer_weights", "metrics", "_metrics")


def contents(path: Path) -> Contents:
    """Return what an `.h5` file holds; `ModelError` where there is no model in it."""
    import h5py

    with h5py.File(path) as file:
        text = attribute(file, "model_config")
        if text is None:
            raise ModelError(_without_model(path, file))
        version = attribute(file, "keras_version") or ""
        require_short(path.name, len(text))
        return Contents(parsed(path.name, text), as_text(version), path, _training(file))


def _training(file: h5py.File) -> Any:
    """Return how the model was compiled; None where nothing readable says it, which is no harm."""
    text = attribute(file, "training_config")
    try:
        return json.loads(text) if text and len(text) <= MOST_CONFIGURATION else None
    except (TypeError, ValueError, RecursionError):
        return None


def _without_model(path: Path, file: h5py.File) -> str:
    keys = {*file.keys(), *file.attrs.keys()}
    if keys & {"layers", "layer_names", "_layer_checkpoint_dependencies", "model_weights"}:
        return (
            f"{path.name} has weights without an architecture: expected a whole model. Build the "
            "network they are of, model.load_weights(...), then model.save('name.keras')."
        )
    return (
        f"{path.name} is an HDF5 file without a Keras model: expected what model.save('name.h5') "
        "writes. Save the model again."
    )


def attribute(group: h5py.Group, name: str) -> Any:
    """Return an attribute, None if it is not there; `ModelError` if it says more than the file has."""
    if name not in group.attrs:
        return None
    described = group.attrs.get_id(name)
    count = math.prod(described.shape or (0,)) * described.dtype.itemsize
    if count > group.file.id.get_filesize():
        raise _beyond(_name(group), name, count)
    return group.attrs[name]


def names(group: h5py.Group, attribute_name: str) -> list[str]:
    """Return a list of names in an attribute, which is cut into numbered ones where it is long."""
    whole = attribute(group, attribute_name)
    pieces = [whole] if whole is not None else []
    while whole is None:
        piece = attribute(group, f"{attribute_name}{len(pieces)}")
        if piece is None:
            break
        pieces.append(piece)
    return [as_text(name) for piece in pieces for name in piece]


def as_text(value: Any) -> str:
    """Return an attribute as text, which older files have as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def numbers_held(path: Path, limits: Limits, *, of: str) -> int:
    """Return how many numbers an HDF5 file holds, without those of a training.

    No array is kept. Raises `ModelError`, naming the file as `of`, where a part lies in another file or
    under another name, is no array of numbers, says to be larger or smaller than what is stored of it,
    or all are above `limits`.
    """
    import h5py

    with h5py.File(path) as file:
        arrays = dict(_arrays(file, of))
        for name, data in arrays.items():
            _require_own(name, data, of)
        held = [data for name, data in arrays.items() if not _is_of_training(name)]
        all_held = sum(math.prod(data.shape) * data.dtype.itemsize for data in held)
        size = max([all_held, *map(chunk_bytes, arrays.values())])
        if size > limits.bytes:
            raise ModelError(
                f"{of} declares weights of {in_words(size)}: at most {in_words(limits.bytes)} are "
                "opened. Choose a smaller network, or raise the limit."
            )
        # Layers may name arrays that training keeps as their own.
        for name, data in arrays.items():
            require_bounded(of, name, data)
        return sum(math.prod(data.shape) for data in held)


def _is_of_training(name: str) -> bool:
    return name.lstrip("/").split("/")[0] in _OF_TRAINING


def names_types(path: Path, *, of: str) -> bool:
    """Whether an array of the file says its own type beside it, which Keras reads: bfloat16 does."""
    import h5py

    with h5py.File(path) as file:
        return any("dtype" in data.attrs for _, data in _arrays(file, of))


def _arrays(file: h5py.File, of: str) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield every array and its name; `ModelError` for a link elsewhere, or a second one to a part."""
    import h5py

    waiting, seen = [("", file["/"])], set()
    while waiting:
        name, part = waiting.pop()
        address = h5py.h5o.get_info(part.id).addr
        if address in seen:
            raise _foreign(of, name, "under another name too")
        seen.add(address)
        if isinstance(part, h5py.Dataset):
            yield name, part
            continue
        if not isinstance(part, h5py.Group):
            raise _no_numbers(of, name)
        for key in part:
            link = part.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                elsewhere = (
                    "in another file" if isinstance(link, h5py.ExternalLink) else "elsewhere"
                )
                raise _foreign(of, f"{name}/{key}", elsewhere)
            waiting.append((f"{name}/{key}", part[key]))


def _require_own(name: str, data: h5py.Dataset, of: str) -> None:
    if data.external or data.is_virtual:
        raise _foreign(of, name, "in another file")
    if data.shape is None or data.dtype.hasobject or data.dtype.names:
        raise _no_numbers(of, name)
    require_sized(of, name, data)
    expected = math.prod(data.shape) * data.dtype.itemsize
    if _stored(data) < expected:
        raise _beyond(of, name, expected)


def _stored(data: h5py.Dataset) -> int:
    """Return the bytes of an array that are in the file, as they are when unpacked."""
    if data.chunks is None:
        return int(data.id.get_storage_size())
    return int(data.id.get_num_chunks() * chunk_bytes(data))


def _no_numbers(of: str, name: str) -> ModelError:
    return ModelError(
        f"{of} has no array of numbers at {quoted(name)}: expected the weights that model.save(...) "
        "writes. Save the model again."
    )


def _foreign(of: str, name: str, elsewhere: str) -> ModelError:
    return ModelError(
        f"{of} says that {quoted(name)} lies {elsewhere}, which is not followed: expected a file with "
        "all of its own weights. Save the model again with model.save('name.keras')."
    )


def _beyond(of: str, name: str, count: int) -> ModelError:
    return ModelError(
        f"{of} declares {in_words(count)} at {quoted(name)}, which it does not hold: it is "
        "damaged, or was not written by Keras. Save the model again."
    )


def _name(group: h5py.Group) -> str:
    return Path(group.file.filename).name
