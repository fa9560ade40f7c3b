"""Arrays in chunks, each of which the library unpacks as a whole: into how much, before it does."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError, quoted, shown
from cnn.models.opening.limits import in_words

if TYPE_CHECKING:
    import h5py

_DEFLATE, _SHUFFLE, _CHECKSUM, _LZF = 1, 2, 3, 32000
_CHECKSUM_BYTES = 4
# From which byte on a token of LZF repeats what came before, and a byte beside it says how much more.
_LZF_COPIES, _LZF_LONG = 1 << 5, 7 << 5
# Where the filter's settings say the size of a chunk.
_LZF_ROOM = 2
# Chunks of small arrays may be larger than these are.
_USUAL_BYTES = 1 << 20


def require_sized(of: str, name: str, data: h5py.Dataset) -> None:
    """Raise `ModelError`, naming the file as `of`, where a chunk says to be larger than the array."""
    size = math.prod(data.shape) * data.dtype.itemsize
    if chunk_bytes(data) > max(size, _USUAL_BYTES):
        raise ModelError(
            f"{of} has {quoted(name)} in pieces of {in_words(chunk_bytes(data))}, and all of it is "
            f"{in_words(size)}: it is damaged, or was not written by Keras. Save the model again."
        )


def chunk_bytes(data: h5py.Dataset) -> int:
    """Return the bytes of one chunk of an array, unpacked; 0 where it is whole."""
    return int(math.prod(data.chunks) * data.dtype.itemsize) if data.chunks else 0


def require_bounded(of: str, name: str, data: h5py.Dataset) -> None:
    """Raise `ModelError`, naming the file as `of`, where a chunk unpacks to more, or less, than it says.

    So it is where that cannot be found out. Chunks are unpacked one at a time, and no further than that.
    """
    filters = _filters(of, name, data)
    packing = next((kind for kind in filters if kind in _UNPACKED), None)
    if packing is None:
        return
    place = filters.index(packing)
    summed = _CHECKSUM_BYTES if _CHECKSUM in filters[place:] else 0
    expected = (chunk_bytes(data), chunk_bytes(data) + _CHECKSUM_BYTES)
    chunks: list[Any] = []
    data.id.chunk_iter(chunks.append)
    for chunk in chunks:
        if chunk.filter_mask & (1 << place):
            continue
        _, stored = data.id.read_direct_chunk(chunk.chunk_offset)
        packed = stored[: len(stored) - summed]
        if _UNPACKED[packing](packed, max(expected) + 1) not in expected:
            raise _of_another_size(of, name)


def _of_another_size(of: str, name: str) -> ModelError:
    return ModelError(
        f"{of} has a piece of {quoted(name)} that does not unpack to its size: it is damaged, or was not "
        "written by Keras. Save the model again."
    )


def _inflated(packed: bytes, most: int) -> int:
    """Return how many bytes a chunk unpacks to by deflate, and at most so many as are unpacked."""
    return len(zlib.decompressobj().decompress(packed, most))


def _expanded(packed: bytes, _most: int) -> int:
    """Return how many bytes a chunk unpacks to by LZF, which its tokens say; none is unpacked."""
    place = size = 0
    while place < len(packed):
        token = packed[place]
        if token < _LZF_COPIES:
            place, size = place + token + 2, size + token + 1
            continue
        is_long = token >= _LZF_LONG
        size += 2 + (token >> 5) + (packed[place + 1] if is_long and place + 1 < len(packed) else 0)
        place += 3 if is_long else 2
    return size if place == len(packed) else -1


# The ways of packing that are known, with what says how large a chunk of them gets.
_UNPACKED = {_DEFLATE: _inflated, _LZF: _expanded}


def _filters(of: str, name: str, data: h5py.Dataset) -> list[int]:
    """Return what the chunks of an array went through, in order; `ModelError` for what is not known."""
    given = data.id.get_create_plist()
    found: list[int] = []
    for place in range(given.get_nfilters()):
        kind, _, values, called = given.get_filter(place)
        # What is packed has a sum after it at most.
        is_late = kind != _CHECKSUM and not _UNPACKED.keys().isdisjoint(found)
        if kind not in (*_UNPACKED, _SHUFFLE, _CHECKSUM) or kind in found or is_late:
            way = shown(called.decode(errors="replace") or f"the filter {kind}")
            raise ModelError(
                f"{of} has {quoted(name)} packed with {way}: expected gzip or LZF, once, or nothing. "
                "Save the model again with model.save('name.keras')."
            )
        # So much room is made for a chunk before it is unpacked.
        if kind == _LZF and max(values[_LZF_ROOM:], default=0) > chunk_bytes(data):
            raise _of_another_size(of, name)
        found.append(kind)
    return found
