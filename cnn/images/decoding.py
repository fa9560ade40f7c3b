"""The bytes of a picture file, decoded with care: what came, what was done, and no surprises."""

from __future__ import annotations

import codecs
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError, reason

_Read = TypeVar("_Read")
LONGEST = 2048
_NEARLY_ALL = 0.95
_ORIENTATION = 0x0112
_ACCEPTED = "PNG, JPEG, WebP, BMP and GIF files are accepted"
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_ONE_AT_A_TIME = threading.Lock()

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Those after which height is width.
_ON_THE_SIDE = (5, 6, 7, 8)

_ACCEPTED_KINDS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
}

_OTHER_KINDS = {
    b"%PDF": "a PDF document",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
    b"II+\x00": "a TIFF picture",
    b"MM\x00+": "a TIFF picture",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture",
    b"\xff\x0a": "a JPEG XL picture",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"\x00\x00\x01\x00": "an icon (ICO)",
    b"8BPS": "a Photoshop picture (PSD)",
    b"%!PS": "a PostScript document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
}

_BRANDS = {
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture",
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
    b"heim": "a HEIC picture",
    b"heis": "a HEIC picture",
    b"hevc": "a HEIC picture",
    b"mif1": "a HEIF picture",
    b"msf1": "a HEIF picture",
    b"crx ": "a camera's raw picture (CR3)",
}


@dataclass(frozen=True)
class Limits:
    """How much is decoded: the size of the file in bytes, and of the picture in pixels."""

    bytes: int = 10_000_000
    pixels: int = 40_000_000


_DEFAULT = Limits()


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture, uint8 (height, width, 1 or 3), and short clauses saying what was done to it."""

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...]


def decode(data: bytes, *, limits: Limits = _DEFAULT, longest: int = LONGEST) -> Decoded:
    """Decode a PNG, JPEG, WebP, BMP or GIF file.

    Grey pictures have 1 channel, others 3. The first frame of several is taken, transparency is
    laid on white or black, a camera's note on which way is up is followed, and a picture whose
    longer side is above `longest` pixels is reduced to that. Anything else, and more than `limits`,
    raises `ImageError`. The number of pixels is read from the header, before any is decoded.
    """
    return _read(data, limits, lambda picture: _decoded(picture, data, longest))


def size_in(file: BinaryIO) -> tuple[int, int]:
    """Return (height, width) of the picture in a file when it is upright; only its header is read.

    Raises `ImageError` where there is no picture in it that `decode` takes.
    """
    try:
        with _quietly(), Image.open(file, formats=FORMATS) as picture:
            _refuse_pixels(picture, _DEFAULT)
            width, height = picture.size
            # That of other kinds may stand behind the pixels.
            is_turned = picture.format == "JPEG" and _turn(picture) in _ON_THE_SIDE
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(f"No size can be read of the picture ({reason(error)}).") from error
    return (width, height) if is_turned else (height, width)


def _turn(picture: Image.Image) -> int:
    """Return how a picture is to be turned, as its EXIF says."""
    return int(picture.getexif().get(_ORIENTATION, 1))


def _read(data: bytes, limits: Limits, read: Callable[[Image.Image], _Read]) -> _Read:
    """Return what `read` makes of the picture in a file; `ImageError` if there is none."""
    _refuse_bytes(data, limits)
    try:
        with _quietly(), Image.open(BytesIO(data), formats=FORMATS) as picture:
            _refuse_pixels(picture, limits)
            return read(picture)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        most = min(limits.pixels, 2 * (Image.MAX_IMAGE_PIXELS or limits.pixels))
        raise ImageError(
            f"A picture of more than {most:,} pixels was given: at most {most:,} are accepted; "
            "reduce it, or cut out the part with the digit."
        ) from None
    except Exception as error:
        raise ImageError(_complaint(data, error)) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """One picture at a time, without warnings.

    It bounds the memory, and `catch_warnings` changes what all threads see.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _refuse_bytes(data: bytes, limits: Limits) -> None:
    if len(data) > limits.bytes:
        raise ImageError(
            f"A file of {len(data):,} bytes was given: at most {limits.bytes:,} are accepted; "
            "save the picture smaller, or as JPEG."
        )
    if not data:
        raise ImageError(
            f"An empty file (0 bytes) was given: {_ACCEPTED}; choose one that has a picture in it."
        )


def _refuse_pixels(picture: Image.Image, limits: Limits) -> None:
    width, height = picture.size
    if width * height > limits.pixels:
        raise ImageError(
            f"A picture of {width:,} × {height:,} pixels was given: at most {limits.pixels:,} "
            "pixels are accepted; reduce it, or cut out the part with the digit."
        )


def _complaint(data: bytes, error: Exception) -> str:
    """Return the sentence for bytes that Pillow could not read."""
    kind = _accepted_kind(data)
    if kind is None:
        return f"The file is {_other_kind(data)}: {_ACCEPTED}; save the picture as one of these."
    state = "breaks off before its end" if "truncated" in str(error) else "is damaged or cut short"
    return f"The {kind} file {state}: whole {_ACCEPTED}; save, copy or download it again."


def _accepted_kind(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    kinds = (kind for magic, kind in _ACCEPTED_KINDS.items() if data.startswith(magic))
    kind = next(kinds, None)
    return None if kind == "BMP" and _is_text(data) else kind


def _other_kind(data: bytes) -> str:
    """Return what the file is, with its article, as far as its first bytes tell."""
    start = data[:4096].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith(b"<svg") or (start.startswith((b"<?xml", b"<!")) and b"<svg" in start):
        return "an SVG, a vector drawing and not a grid of pixels"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)"
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "a film or another file of the MP4 family")
    known = (kind for magic, kind in _OTHER_KINDS.items() if data.startswith(magic))
    return next(known, "text, not a picture" if _is_text(data) else "no picture of a known kind")


def _is_text(data: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data[:1024])
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _decoded(picture: Image.Image, data: bytes, most: int) -> Decoded:
    """Return the picture upright, of at most `most` pixels, opaque, and grey where it is grey."""
    notes = [_frames_note(picture), _depth_note(picture, data), _colour_note(picture)]
    small, note = _reduced(picture, most)
    notes.append(note)
    small, note = _opaque(small)
    notes.append(note)
    small, note = _upright(small, picture)
    notes.append(note)
    return Decoded(_channels(small), tuple(note for note in notes if note))


def _frames_note(picture: Image.Image) -> str:
    """Count the frames of an animation; a camera's MPO has further pictures, but is no animation."""
    frames = getattr(picture, "n_frames", 1)
    return f"the first of {frames:,} frames" if frames > 1 and picture.format != "MPO" else ""


def _depth_note(picture: Image.Image, data: bytes) -> str:
    """Byte 24 of a PNG is its bit depth (PNG specification, section 11.2.1)."""
    return "16 bits reduced to 8" if picture.format == "PNG" and data[24] == 16 else ""


def _colour_note(picture: Image.Image) -> str:
    return "CMYK converted to RGB" if picture.mode == "CMYK" else ""


def _reduced(picture: Image.Image, most: int) -> tuple[Image.Image, str]:
    """Return the picture as L, LA, RGB or RGBA with at most so many pixels on its longer side."""
    longest = max(picture.size)
    if longest <= most:
        return _plain(picture), ""
    width, height = (max(1, side * most // longest) for side in picture.size)
    picture.draft(None, (width, height))
    plain = _plain(picture)
    plain.thumbnail((most, most), reducing_gap=2.0)
    return plain, f"reduced from {longest:,} to {most:,} pixels on its longer side"


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        return _eight_bits(picture)
    grey = picture.mode in ("1", "L", "LA")
    if picture.has_transparency_data:
        return picture.convert("LA" if grey else "RGBA")
    return picture.convert("L" if grey else "RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return a grey picture of 16 bits with 8: 65535 / 257 is 255."""
    values = np.asarray(picture).astype(np.uint32)
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if "transparency" in picture.info:
        opaque = np.where(values == picture.info["transparency"], 0, 255).astype(np.uint8)
        return Image.merge("LA", (grey, Image.fromarray(opaque)))
    return grey


def _opaque(picture: Image.Image) -> tuple[Image.Image, str]:
    """Lay the picture on white, or on black where nearly all that is opaque is bright."""
    if picture.mode not in ("LA", "RGBA"):
        return picture, ""
    colours, alpha = picture.convert(picture.mode[:-1]), picture.getchannel("A")
    weights = np.asarray(alpha)
    if weights.min() == 255:
        return colours, ""
    bright = np.asarray(colours.convert("L")) >= 128
    on_black = weights.sum(where=bright) > _NEARLY_ALL * weights.sum()
    ground = Image.new(colours.mode, picture.size, "black" if on_black else "white")
    ground.paste(colours, mask=alpha)
    return ground, f"laid on {'black' if on_black else 'white'} where it is transparent"


def _upright(picture: Image.Image, source: Image.Image) -> tuple[Image.Image, str]:
    """Turn the picture as `source` notes it; a note that cannot be read turns nothing."""
    try:
        turn = _TURNS.get(_turn(source))
    except Exception:
        return picture, "not turned, as its EXIF cannot be read"
    if turn is None:
        return picture, ""
    return picture.transpose(turn), "turned as the camera noted it (EXIF)"


def _channels(picture: Image.Image) -> NDArray[np.uint8]:
    """Return uint8 (height, width, 1 or 3): 1 where all channels are equal."""
    pixels = np.asarray(picture)
    if pixels.ndim == 2:
        return pixels[..., None]
    grey = (pixels == pixels[..., :1]).all()
    return pixels[..., :1].copy() if grey else pixels
