"""Arrays in chunks, each of which the library unpacks as a whole: into how much, before it does."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError, quoted, shown
from cnn.models.opening.limits import in_words

if TYPE_CHECKING:
    import h5py

_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
_CHECKSUM_BYTES = 4
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
    if _DEFLATE not in filters:
        return
    skipping = 1 << filters.index(_DEFLATE)
    expected = (chunk_bytes(data), chunk_bytes(data) + _CHECKSUM_BYTES)
    chunks: list[Any] = []
    data.id.chunk_iter(chunks.append)
    for chunk in chunks:
        if chunk.filter_mask & skipping:
            continue
        _, packed = data.id.read_direct_chunk(chunk.chunk_offset)
        if len(zlib.decompressobj().decompress(packed, max(expected) + 1)) not in expected:
            raise ModelError(
                f"{of} has a piece of {quoted(name)} that does not unpack to its size: it is damaged, or "
                "was not written by Keras. Save the model again."
            )


def _filters(of: str, name: str, data: h5py.Dataset) -> list[int]:
    """Return what the chunks of an array went through, in order; `ModelError` for what is not known."""
    given = data.id.get_create_plist()
    found: list[int] = []
    for place in range(given.get_nfilters()):
        kind, _, _, called = given.get_filter(place)
        if kind not in (_DEFLATE, _SHUFFLE, _CHECKSUM) or kind in found:
            way = shown(called.decode(errors="replace") or f"the filter {kind}")
            raise ModelError(
                f"{of} has {quoted(name)} packed with {way}: expected gzip, once, or nothing. Save the "
                "model again with model.save('name.keras')."
            )
        found.append(kind)
    return found
