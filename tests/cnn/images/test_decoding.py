import io
import re
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

import cnn
from cnn.images.decoding import Decoded, Limits, decode

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
EVERY_SENTENCE = re.compile(r"PNG, JPEG, WebP, BMP and GIF files are accepted.*; .+\.$")


def saved(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def colours(width: int = 40, height: int = 24) -> Image.Image:
    """Smooth colours that no two corners share."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return Image.fromarray(np.stack([255 * x, 255 * y, 128 * (x + y) / 2], -1).astype(np.uint8))


def png_header(width: int, height: int, depth: int = 8) -> bytes:
    """A PNG that claims a size and has hardly any pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(64))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_accepted_format_is_decoded_without_a_note(kind):
    decoded = decode(saved(colours(), kind))
    assert decoded.pixels.shape == (24, 40, 3)
    assert decoded.pixels.dtype == np.uint8
    assert np.abs(decoded.pixels.astype(int) - np.asarray(colours())).mean() < 12
    assert decoded.notes == ()


@pytest.mark.parametrize("kind", FORMATS)
def test_grey_comes_back_with_one_channel_also_out_of_a_colour_file(kind):
    grey = colours().convert("L").convert("RGB")
    decoded = decode(saved(grey, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert decoded.pixels.shape == (24, 40, 1)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(grey)[..., :1]).mean() < 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty file"),
        (b"The digit is a seven.\n", "is text"),
        (b"BMX is a kind of cycling", "is text"),
        (b"%PDF-1.7\n\x00\x01", "a PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "vector drawing"),
        (b"\xef\xbb\xbf <svg/>", "vector drawing"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"II*\x00\x08\x00\x00\x00", "a TIFF"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "a HEIC"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00", "an AVIF"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00", "a film"),
        (b"PK\x03\x04\x14\x00", "a ZIP"),
        (b"\x00\x01\x02\x03", "no picture of a known kind"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt \x00", "no picture of a known kind"),
    ],
)
def test_what_is_no_accepted_file_is_named(data, words):
    with pytest.raises(cnn.ImageError, match=words) as error:
        decode(data)
    assert EVERY_SENTENCE.search(str(error.value))


@pytest.mark.parametrize("kind", ["TIFF", "ICO", "PPM", "AVIF"])
def test_formats_that_pillow_could_read_are_refused_all_the_same(kind):
    with pytest.raises(cnn.ImageError, match="are accepted"):
        decode(saved(colours(), kind))


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_file_is_called_by_its_kind_and_cut(kind):
    data = saved(colours(200, 150), kind)
    with pytest.raises(cnn.ImageError, match=f"(?i)the {kind} file .*(end|short)") as error:
        decode(data[: len(data) // 2])
    assert "again" in str(error.value)


def test_a_file_of_too_many_bytes_is_refused_before_it_is_looked_at():
    data = saved(colours())
    with pytest.raises(cnn.ImageError, match=f"{len(data):,} bytes .* at most 100 are"):
        decode(data, limits=Limits(bytes=100))
    with pytest.raises(cnn.ImageError, match="at most 0"):
        decode(b"x", limits=Limits(bytes=0))
    assert decode(data, limits=Limits(bytes=len(data))).pixels.size


def test_too_many_pixels_are_refused_from_the_header(monkeypatch):
    data = saved(colours(), "JPEG")
    decode(data, limits=Limits(pixels=24 * 40))
    monkeypatch.setattr("cnn.images.decoding._decoded", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(cnn.ImageError, match="40 × 24 pixels .* at most 959 pixels"):
        decode(data, limits=Limits(pixels=24 * 40 - 1))


@pytest.mark.parametrize("side", [7_000, 10_000, 13_000, 50_000])
def test_a_bomb_is_refused_by_our_limit_whatever_pillow_thinks_of_it(side, monkeypatch):
    monkeypatch.setattr("cnn.images.decoding._decoded", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(cnn.ImageError, match="40,000,000") as error:
        decode(png_header(side, side))
    assert "reduce it" in str(error.value)


@pytest.mark.parametrize("data", [png_header(0, 10), png_header(10, 10, depth=3)])
def test_a_header_that_cannot_be_is_damage(data):
    with pytest.raises(cnn.ImageError, match="PNG file is damaged"):
        decode(data)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_the_first_frame_of_an_animation_is_taken(kind):
    frames = [Image.new("RGB", (12, 9), (20 * i, 0, 0)) for i in range(12)]
    options = {"lossless": True} if kind == "WEBP" else {}
    decoded = decode(
        saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
    )
    assert decoded.notes == ("the first of 12 frames",)
    assert decoded.pixels.shape == (9, 12, 1)
    assert not decoded.pixels.any()


def test_the_second_picture_of_a_cameras_jpeg_makes_it_no_animation():
    data = saved(colours(), "MPO", save_all=True, append_images=[colours()])
    assert decode(data).notes == ()


def test_a_cmyk_jpeg_has_its_colours():
    decoded = decode(saved(Image.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK"), "JPEG"))
    assert decoded.notes == ("CMYK converted to RGB",)
    np.testing.assert_allclose(decoded.pixels[8, 8], (200, 40, 40), atol=6)


def test_sixteen_bits_of_grey_are_scaled_and_not_clipped():
    values = np.array([[0, 128, 129, 257, 32896, 65406, 65407, 65535]], np.uint16)
    decoded = decode(saved(Image.fromarray(values)))
    assert decoded.notes == ("16 bits reduced to 8",)
    assert decoded.pixels[0, :, 0].tolist() == [0, 0, 1, 1, 128, 254, 255, 255]


def test_one_bit_is_black_and_white():
    bits = np.eye(9, dtype=bool)
    pixels = decode(saved(Image.fromarray(bits))).pixels
    np.testing.assert_array_equal(pixels[..., 0], bits * np.uint8(255))


def test_a_palette_gives_its_colours():
    picture = Image.new("P", (4, 3), 1)
    picture.putpalette([0, 0, 0, 10, 200, 30])
    assert decode(saved(picture)).pixels[1, 1].tolist() == [10, 200, 30]


def test_a_palettes_transparent_entry_is_laid_on_white():
    picture = Image.new("P", (4, 3), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    picture.putpixel((0, 0), 0)
    decoded = decode(saved(picture, transparency=0))
    assert decoded.pixels[0, 0].tolist() == [255, 255, 255]
    assert decoded.pixels[1, 1].tolist() == [10, 20, 30]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize(("ink", "ground"), [(0, "white"), (90, "white"), (255, "black")])
def test_transparency_is_laid_on_what_the_ink_shows_against(mode, ink, ground):
    alpha = np.zeros((20, 20), np.uint8)
    alpha[5:15, 9:12], alpha[5:15, 12] = 255, 51
    grey = Image.new("L", (20, 20), ink)
    picture = Image.merge("LA", (grey, Image.fromarray(alpha))).convert(mode)
    decoded = decode(saved(picture))
    level = {"white": 255, "black": 0}[ground]
    assert decoded.notes == (f"laid on {ground} where it is transparent",)
    assert decoded.pixels[0, 0, 0] == level
    assert decoded.pixels[8, 10, 0] == ink
    assert decoded.pixels[8, 12, 0] == round(0.8 * level + 0.2 * ink)


def test_paper_cut_out_stays_on_white():
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    picture.paste((250, 250, 250, 255), (5, 5, 35, 35))
    picture.paste((20, 20, 20, 255), (15, 10, 20, 30))
    assert decode(saved(picture)).pixels[0, 0, 0] == 255


def test_an_alpha_channel_that_hides_nothing_is_not_mentioned():
    decoded = decode(saved(colours().convert("RGBA")))
    assert decoded.notes == ()
    np.testing.assert_array_equal(decoded.pixels, np.asarray(colours()))


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_turned_as_the_camera_noted(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(colours(), kind, exif=exif)
    decoded = decode(data)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    np.testing.assert_array_equal(decoded.pixels, np.asarray(expected))
    assert decoded.notes == ("turned as the camera noted it (EXIF)",)


def test_a_note_of_the_camera_that_cannot_be_read_costs_no_picture():
    text = PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n8\nno hexadecimal number")
    decoded = decode(saved(colours(), pnginfo=text))
    assert decoded.pixels.shape == (24, 40, 3)
    assert decoded.notes == ("not turned, as its EXIF cannot be read",)


def test_what_pillow_warns_of_is_no_error():
    torn = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x05\x00\x12\x01"
    assert decode(saved(colours(), "JPEG", exif=torn)).notes == ()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("size", "shape"), [((5000, 50), (20, 2048, 3)), ((60, 2100), (2048, 59, 3))]
)
def test_a_very_large_picture_is_reduced(kind, size, shape):
    decoded = decode(saved(colours(*size), kind))
    note = f"reduced from {max(size):,} to 2,048 pixels on its longer side"
    assert decoded.notes == (note,)
    np.testing.assert_allclose(decoded.pixels.shape, shape, atol=1)
    assert max(decoded.pixels.shape) == 2048
    expected = np.asarray(colours(*decoded.pixels.shape[1::-1]), int)
    assert np.abs(decoded.pixels - expected).mean() < 3


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400), st.sampled_from((b"", *(saved(colours(), k)[:30] for k in FORMATS)))
)
def test_any_bytes_give_a_picture_or_an_image_error(rest, start):
    _decoded_or_refused(start + rest)


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_cut_and_damaged_file_gives_a_picture_or_an_image_error(kind, data):
    content = bytearray(VALID[kind])
    places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(places, max_size=6)):
        content[place] = value
    _decoded_or_refused(bytes(content[: data.draw(st.integers(0, len(content)))]))


def _decoded_or_refused(content: bytes) -> None:
    try:
        decoded = decode(content, limits=Limits(pixels=1_000_000))
    except cnn.ImageError as error:
        assert str(error).endswith(".")
        return
    assert isinstance(decoded, Decoded)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.shape[-1] in (1, 3)
    assert all(decoded.notes)


def _valid(kind: str) -> bytes:
    """A file of each format with as many of its features as it takes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "camera"
    if kind in ("BMP", "JPEG"):
        return saved(colours(), kind, **({"exif": exif} if kind == "JPEG" else {}))
    frames = [colours().convert("RGBA") for _ in range(3)]
    frames[0].putalpha(Image.linear_gradient("L").resize((40, 24)))
    frames[1].putpixel((3, 3), (1, 2, 3, 4))
    options = {} if kind == "GIF" else {"exif": exif}
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)


VALID = {kind: _valid(kind) for kind in FORMATS}
