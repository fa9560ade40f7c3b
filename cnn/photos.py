"""A photo or a scan of one digit, made ready as MNIST frames it, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError
from cnn.images import as_pixels, centre_digit
from cnn.words import percent

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Runs = NDArray[np.intp]

_LONGEST = 512
_COARSE = 96
_COARSEST = 32
_WINDOW = 0.3
_ROUNDS = 8
_BRIGHTEST_GROUND = 223
_SIGMA_OF_MAD = 1.4826
_LEAST_CONTRAST = 16
_EDGES = 128
_BORDER_WEIGHT = 0.05
_NEAR = 0.15
_SPECK = 0.02


@dataclass(frozen=True, eq=False)
class Step:
    """One step on the way: its name, a sentence, and the picture, uint8 (height, width, 1 or 3)."""

    name: str
    sentence: str
    pixels: NDArray[np.uint8]


def digit_steps(pixels: NDArray[np.uint8]) -> tuple[Step, ...]:
    """Return the way from a picture, uint8 (height, width, 1 or 3), to one as MNIST frames it.

    The steps are the picture, grey, polarity (ink bright), background (removed), ink (told from
    the ground), crop and digit, which is uint8 (28, 28, 1). Raises `ImageError` where no ink
    stands out from the ground, and for what is no picture.
    """
    picture = _picture(as_pixels(pixels))
    grey = _grey(picture)
    _refuse_even(grey.pixels)
    polarity = _polarity(grey.pixels[..., 0])
    background, noise = _background(polarity.pixels[..., 0])
    ink, mask = _ink(background.pixels[..., 0], noise)
    crop = _crop(ink.pixels[..., 0], mask)
    return picture, grey, polarity, background, ink, crop, _digit(crop.pixels[..., 0])


def _picture(pixels: NDArray[np.uint8]) -> Step:
    """Return the picture with at most 512 pixels on its longer side."""
    height, width, channels = pixels.shape
    sentence = f"The picture has {width:,} × {height:,} pixels"
    if max(height, width) > _LONGEST:
        picture = _image(pixels)
        picture.thumbnail((_LONGEST, _LONGEST), reducing_gap=2.0)
        pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)
        sentence += f"; it is reduced to {picture.width} × {picture.height}"
    return Step("picture", f"{sentence}.", pixels)


def _grey(picture: Step) -> Step:
    """Return the luma of the picture (ITU-R BT.601)."""
    if picture.pixels.shape[-1] == 1:
        return Step("grey", "The picture is grey already.", picture.pixels)
    grey = np.asarray(_image(picture.pixels).convert("L"))
    sentence = "Colour is left out: each pixel is 0.299 red + 0.587 green + 0.114 blue."
    return Step("grey", sentence, grey[..., None])


def _refuse_even(grey: NDArray[np.uint8]) -> None:
    if grey.min() == grey.max():
        raise ImageError(
            f"A picture was given that is {grey.max()} of 255 everywhere, without any ink: "
            "expected one digit that is darker or lighter than its ground; choose another picture."
        )


def _polarity(grey: NDArray[np.uint8]) -> Step:
    """Turn the picture so that ink is bright.

    Within half the picture around a pixel less than half is ink, so the median is the ground,
    whatever the light. Ink is on the side to which the differences from it are skewed.
    """
    coarse = _coarse(grey, _COARSEST)
    ground = _median(coarse)
    differences = coarse - ground
    dark = bool((differences**3).sum() < 0)
    place = differences.argmin() if dark else differences.argmax()
    found = f"where it is strongest, {coarse.flat[place]:.0f} on {ground.flat[place]:.0f} of 255"
    if dark:
        sentence = f"The ink is darker than its ground ({found}): light and dark are exchanged."
        return Step("polarity", sentence, (255 - grey)[..., None])
    sentence = f"The ink is lighter than its ground ({found}), as in MNIST: nothing is exchanged."
    return Step("polarity", sentence, grey[..., None])


def _background(bright: NDArray[np.uint8]) -> tuple[Step, float]:
    """Take the ground away, and return the noise that is left of it too (three deviations).

    The ground is a smooth shade, and the opening of what rises above it by a square that is wider
    than a stroke: an opening leaves out what the square does not fit into (Serra 1982, chapter
    XII). A value is the share of the way from the ground to white, times 255.
    """
    coarse = _coarse(bright)
    shade = _shade(coarse)
    ground = np.clip(shade + _opening(coarse - shade), 0, _BRIGHTEST_GROUND)
    fine = _resized(ground, bright.shape)
    rest = (bright - fine) / (255 - fine) * 255
    rest -= np.median(rest)
    noise = 3 * _SIGMA_OF_MAD * float(np.median(np.abs(rest)))
    low, high = round(float(ground.min())), round(float(ground.max()))
    level = f"is {low} of 255" if low == high else f"goes from {low} to {high} of 255"
    sentence = f"The ground, which {level}, is taken away; what is left is stretched up to white."
    return Step("background", sentence, _bytes(rest)[..., None]), noise


def _ink(rest: NDArray[np.uint8], noise: float) -> tuple[Step, Mask]:
    """Tell ink from ground by Otsu's threshold, with soft edges, and return where ink is too.

    Pixels above the threshold are ink, so are fainter ones that hang on to them, and those beside
    them are their edge; all are stretched between the noise and the strength of the ink.
    """
    threshold = _otsu(rest[rest > noise])
    strong = rest > threshold
    strength = float(np.percentile(rest[strong], 75)) if strong.any() else 0.0
    if strength < max(_LEAST_CONTRAST, 2 * noise):
        raise ImageError(
            f"A picture was given in which no ink stands out: the strongest marks are "
            f"{strength:.0f} of 255 above their ground, and its noise goes to {noise:.0f}; expected "
            "is one digit, so write with a darker pen, or take the photo in more light."
        )
    mask = _with_faint(strong, rest > max(threshold / 2, noise))
    ink = np.where(_grown(mask, _edge(mask)), (rest - noise) / (strength - noise) * 255, 0)
    share = percent(float(mask.mean()))
    sentence = f"All that is above the ground is ink: {share} of the picture."
    if threshold:
        sentence = (
            f"What is more than {threshold} of 255 above the ground (Otsu's threshold) is ink, down "
            f"to half of that where it is faint: {share} of the picture."
        )
    return Step("ink", sentence, _bytes(ink)[..., None]), mask


def _with_faint(strong: Mask, faint: Mask) -> Mask:
    """Return the strong pixels and the faint parts that hold some (hysteresis, Canny 1986).

    A part that reaches the border of the picture, as a ruled line does, adds nothing.
    """
    parts = _parts(faint)
    holds = np.bincount(parts.labels[strong], minlength=len(parts.areas) + 1) > 0
    holds[0] = False
    holds[1:] &= ~_at_border(parts, faint.shape)
    return np.asarray(strong | holds[parts.labels])


def _crop(ink: NDArray[np.uint8], mask: Mask) -> Step:
    """Keep the connected parts that belong to the digit, and the box around them."""
    parts = _parts(mask)
    belongs = _belonging(parts, mask.shape)
    digit = np.concatenate([[False], belongs])[parts.labels]
    alone = np.where(_grown(digit, _edge(mask)), ink, 0)
    rows, columns = np.flatnonzero(alone.any(axis=1)), np.flatnonzero(alone.any(axis=0))
    cropped = alone[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    kept, others = int(belongs.sum()), int((~belongs).sum())
    left_out = _counted(others, "other mark") if others else "nothing else"
    sentence = (
        f"The digit is {_counted(kept, 'connected part')}; "
        f"{left_out} {'are' if others > 1 else 'is'} left out. "
        f"The box around it has {cropped.shape[1]} × {cropped.shape[0]} pixels."
    )
    return Step("crop", sentence, cropped[..., None])


def _digit(cropped: NDArray[np.uint8]) -> Step:
    sentence = (
        "The digit is fitted into 20 × 20 pixels and placed so that its centre of mass is in the "
        "middle of 28 × 28, as in MNIST."
    )
    return Step("digit", sentence, centre_digit(cropped))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _bytes(values: Floats) -> NDArray[np.uint8]:
    return np.round(np.clip(values, 0, 255)).astype(np.uint8)


def _resized(values: Floats, shape: tuple[int, ...]) -> Floats:
    """Return float32 (height, width) resized (bilinear) to `shape`."""
    height, width = shape[:2]
    picture = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _coarse(grey: NDArray[np.uint8], longest: int = _COARSE) -> Floats:
    """Return float32 means of areas, at most `longest` of them on the longer side."""
    scale = min(1.0, longest / max(grey.shape))
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    picture = Image.fromarray(grey.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))


def _median(values: Floats) -> Floats:
    """Return the median of the square around each value, which is half as wide as the picture."""
    reach = max(1, max(values.shape) // 4)
    side = 2 * reach + 1
    around = sliding_window_view(np.pad(values, reach, mode="symmetric"), (side, side))
    return np.asarray(np.median(around, axis=(2, 3)))


def _shade(coarse: Floats) -> Floats:
    """Return the quadratic surface with the least absolute differences: light and its fall-off.

    It follows the ground, as ink is less than half of the picture. Least absolute differences by
    weighted least squares (Schlossmacher 1973).
    """
    height, width = coarse.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * y, x**2, y**2], axis=-1).reshape(-1, 6)
    values = coarse.ravel().astype(np.float64)
    surface = np.full_like(values, np.median(values))
    for _ in range(_ROUNDS):
        weighted = terms / np.maximum(np.abs(values - surface), 1)[:, None]
        surface = terms @ np.linalg.lstsq(weighted.T @ terms, weighted.T @ values)[0]
    return surface.reshape(coarse.shape).astype(np.float32)


def _opening(values: Floats) -> Floats:
    """Return the grey-scale opening of float32 (height, width) by a square of 0.3 of its side."""
    reach = max(1, round(_WINDOW * max(values.shape) / 2))
    return _highest(-_highest(-values, reach), reach)


def _highest(values: Floats, reach: int) -> Floats:
    """Return the greatest value of each square of 2 reach + 1, float32 (height, width)."""
    for axis in (0, 1):
        around = [(reach, reach) if axis == a else (0, 0) for a in (0, 1)]
        padded = np.pad(values, around, mode="edge")
        values = sliding_window_view(padded, 2 * reach + 1, axis=axis).max(axis=-1)
    return values


def _otsu(values: NDArray[np.uint8]) -> int:
    """Return the threshold that separates two classes of values best; values above it are ink.

    The variance between the classes is greatest there (Otsu 1979, equation 18).
    """
    counts = np.bincount(values.ravel(), minlength=256).astype(np.float64)
    below, sums = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    two = below * above
    between = (sums[-1] * below - sums * below[-1]) ** 2 / np.maximum(two, 1)
    return int(np.argmax(between))


def _grown(mask: Mask, reach: int) -> Mask:
    """Return the mask with all pixels that are at most `reach` rows and columns away."""
    for axis in (0, 1):
        for _ in range(reach):
            grown = mask.copy()
            ahead, back = [slice(None)] * 2, [slice(None)] * 2
            ahead[axis], back[axis] = slice(1, None), slice(None, -1)
            grown[tuple(ahead)] |= mask[tuple(back)]
            grown[tuple(back)] |= mask[tuple(ahead)]
            mask = grown
    return mask


def _edge(mask: Mask) -> int:
    """Return how many pixels the soft edge of a stroke is wide."""
    longest: int = max(mask.shape)
    return max(1, round(longest / _EDGES))


@dataclass(frozen=True, eq=False)
class _Parts:
    """Connected parts: `labels` is int (height, width), 0 for none; the rest is one row a part.

    `areas` is int (n,) in pixels, `boxes` is int (n, 4): top, left, and the ends beyond them.
    """

    labels: NDArray[np.intp]
    areas: NDArray[np.intp]
    boxes: NDArray[np.intp]


def _parts(mask: Mask) -> _Parts:
    """Label the connected parts of a mask, corners included, by the runs of its rows."""
    height, width = mask.shape
    stride = width + 1
    rows = np.pad(mask, ((0, 0), (0, 1))).ravel()
    changes = np.flatnonzero(np.diff(rows, prepend=False, append=False))
    starts, ends = changes[::2], changes[1::2]
    _, names = np.unique(
        _merged(*_touching(starts, ends, stride), len(starts)), return_inverse=True
    )
    lengths = ends - starts
    labels = np.zeros(rows.size, np.intp)
    labels[rows] = np.repeat(names + 1, lengths)
    boxes = np.empty((names.max(initial=-1) + 1, 4), np.intp)
    boxes[:, :2], boxes[:, 2:] = rows.size, 0
    tops, lefts = np.divmod(starts, stride)
    for column, values in enumerate((tops, lefts)):
        np.minimum.at(boxes[:, column], names, values)
    for column, values in enumerate((tops + 1, lefts + lengths)):
        np.maximum.at(boxes[:, 2 + column], names, values)
    areas = np.bincount(names, lengths, len(boxes)).astype(np.intp)
    return _Parts(labels.reshape(height, stride)[:, :width], areas, boxes)


def _touching(starts: Runs, ends: Runs, stride: int) -> tuple[Runs, Runs]:
    """Return the pairs of runs that touch from one row to the next."""
    first = np.searchsorted(ends, starts + stride)
    counts = np.searchsorted(starts, ends + stride, side="right") - first
    upper = np.repeat(np.arange(len(starts)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, np.repeat(first, counts) + within


def _merged(upper: Runs, lower: Runs, count: int) -> Runs:
    """Return one label a run, the same for all that are connected by pairs."""
    labels = np.arange(count)
    while not np.array_equal(labels[upper], labels[lower]):
        lowest = np.minimum(labels[upper], labels[lower])
        for side in (upper, lower):
            np.minimum.at(labels, labels[side], lowest)
        labels = labels[labels]
    return labels


def _at_border(parts: _Parts, shape: tuple[int, ...]) -> Mask:
    """Return which parts reach the border of the picture."""
    top, left, bottom, right = parts.boxes.T
    reaches = (top == 0) | (left == 0) | (bottom == shape[0]) | (right == shape[1])
    return np.asarray(reaches)


def _across(parts: _Parts, shape: tuple[int, ...]) -> Mask:
    """Return which parts reach opposite borders, as the edge of the paper and ruled lines do."""
    top, left, bottom, right = parts.boxes.T
    return np.asarray(((top == 0) & (bottom == shape[0])) | ((left == 0) & (right == shape[1])))


def _belonging(parts: _Parts, shape: tuple[int, ...]) -> Mask:
    """Return which parts are the digit: the largest, and what is near it and no speck.

    A part at the border of the picture counts less, as a shadow or the edge of the paper does.
    """
    top, left, bottom, right = parts.boxes.T
    main = np.argmax(parts.areas * np.where(_at_border(parts, shape), _BORDER_WEIGHT, 1))
    near = _NEAR * max(bottom[main] - top[main], right[main] - left[main])
    gaps = np.maximum(
        np.maximum(top - bottom[main], top[main] - bottom),
        np.maximum(left - right[main], left[main] - right),
    )
    large = parts.areas >= _SPECK * parts.areas[main]
    belongs = (gaps <= near) & large & ~_across(parts, shape)
    belongs[main] = True
    return np.asarray(belongs)
