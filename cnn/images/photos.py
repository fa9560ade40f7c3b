"""A photo or a scan of one digit, made ready as MNIST frames it, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError
from cnn.images.digits import centre_digit
from cnn.images.pixels import as_pixels
from cnn.words import percent

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Runs = NDArray[np.intp]
Box = tuple[int, int, int, int]

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
_NOTABLE = 0.25
_BLACK = 16
_TALL = 0.5
_THIN = 0.15
_LEVEL = 0.3
_OVERLAP = 0.25
_PLACES = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Step:
    """One step on the way: its name, a sentence, and the picture, uint8 (height, width, 1 or 3).

    Where several digits were found, `boxes` are theirs in pixels, from left to right: (top, left,
    bottom, right), the ends beyond them; `taken` is the place of the one that goes on, from 0.
    """

    name: str
    sentence: str
    pixels: NDArray[np.uint8]
    boxes: tuple[Box, ...] = ()
    taken: int = 0


def digit_steps(pixels: NDArray[np.uint8], *, part: int | None = None) -> tuple[Step, ...]:
    """Return the way from a picture, uint8 (height, width, 1 or 3), to one as MNIST frames it.

    The steps are the picture, grey, polarity (ink bright), background (removed), ink (told from
    the ground), digits (only where there are several), crop and digit, which is uint8 (28, 28, 1).
    Of several digits the largest is taken, or the one at place `part` from the left, from 1. Raises
    `ImageError` where no ink stands out from the ground, for a part that is not there, and for what
    is no picture.
    """
    picture = _picture(as_pixels(pixels))
    grey = _grey(picture)
    _refuse_even(grey.pixels)
    polarity = _polarity(grey.pixels[..., 0])
    background, noise = _background(polarity.pixels[..., 0])
    ink, mask = _ink(background.pixels[..., 0], noise)
    parts = _parts(mask)
    digits, largest = _digits(parts, mask.shape)
    taken = _taken(part, len(digits), largest)
    crop = _crop(ink.pixels[..., 0], mask, parts, digits[taken])
    choice = (_several(picture, parts, digits, taken),) if len(digits) > 1 else ()
    return picture, grey, polarity, background, ink, *choice, crop, _digit(crop.pixels[..., 0])


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
    whatever the light. Ink is on the side to which the differences from it are skewed. They are
    those of logarithms, in which ink is as far from its ground in a shadow as in the light.
    """
    coarse = _coarse(grey, _COARSEST)
    ground = _median(coarse)
    differences = np.log(coarse + _BLACK) - np.log(ground + _BLACK)
    differences = differences * np.where(_along_border(differences), _BORDER_WEIGHT, 1)
    dark = bool((differences**3).sum() < 0)
    place = differences.argmin() if dark else differences.argmax()
    contrast = f"where it is strongest, {coarse.flat[place]:.0f} on {ground.flat[place]:.0f} of 255"
    if dark:
        sentence = f"The ink is darker than its ground ({contrast}): light and dark are exchanged."
        return Step("polarity", sentence, (255 - grey)[..., None])
    sentence = (
        f"The ink is lighter than its ground ({contrast}), as in MNIST: nothing is exchanged."
    )
    return Step("polarity", sentence, grey[..., None])


def _along_border(differences: Floats) -> Mask:
    """Return what differs from the ground along the border of the picture: light, and no ink.

    The corner of a shadow, or of the light, lies at the border with more than the square root of its
    area; ink that reaches the border does so with less.
    """
    mask = np.zeros(differences.shape, np.bool_)
    border = np.ones(differences.shape, np.bool_)
    border[1:-1, 1:-1] = False
    least = _NOTABLE * np.abs(differences).max()
    for side in (differences > least, differences < -least):
        parts = _parts(side)
        at_border = np.bincount(parts.labels[border], minlength=len(parts.areas) + 1)[1:]
        mask |= np.concatenate([[False], at_border > np.sqrt(parts.areas)])[parts.labels]
    return mask


def _background(bright: NDArray[np.uint8]) -> tuple[Step, float]:
    """Take the ground away, and return the noise that is left of it too (three deviations).

    The ground is a smooth shade, and the opening of what rises above it by a square that is wider
    than a stroke: an opening leaves out what the square does not fit into (Serra 1982, chapter
    XII). Where a shadow ends, what lies between the ground on both sides is ground. A value is the
    share of the way from the ground to white, times 255.
    """
    coarse = _coarse(bright)
    shade = _shade(coarse)
    ground = np.clip(shade + _opening(coarse - shade), 0, _BRIGHTEST_GROUND)
    low, high = (
        _resized(-_highest(-ground, 1), bright.shape),
        _resized(_highest(ground, 1), bright.shape),
    )
    fine = np.clip(bright.astype(np.float32), low, high)
    rest = (bright - fine) / (255 - fine) * 255
    rest -= np.median(rest)
    noise = 3 * _SIGMA_OF_MAD * float(np.median(np.abs(rest)))
    darkest, brightest = round(float(ground.min())), round(float(ground.max()))
    level = (
        f"is {darkest} of 255"
        if darkest == brightest
        else f"goes from {darkest} to {brightest} of 255"
    )
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


def _taken(part: int | None, count: int, largest: int) -> int:
    """Return the place from 0 of the digit that is taken."""
    if part is None:
        return largest
    if not 1 <= part <= count:
        raise ImageError(
            f"Digit {part} of the picture was asked for: it has {count}. Choose a "
            f"number from 1 to {count}."
        )
    return part - 1


def _several(picture: Step, parts: _Parts, digits: Sequence[Mask], taken: int) -> Step:
    """Return the step that says how many digits there are, and which of them is taken."""
    boxes = []
    for digit in digits:
        own = parts.boxes[digit]
        top, left = own[:, :2].min(axis=0).tolist()
        bottom, right = own[:, 2:].max(axis=0).tolist()
        boxes.append((top, left, bottom, right))
    place = _PLACES[taken] if taken < len(_PLACES) else f"number {taken + 1}"
    sentence = f"{len(digits)} digits were found; the {place} from the left is taken."
    return Step("digits", sentence, picture.pixels, tuple(boxes), taken)


def _crop(ink: NDArray[np.uint8], mask: Mask, parts: _Parts, belongs: Mask) -> Step:
    """Keep the connected parts that belong to the digit, and the box around them."""
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

    It follows the ground, as ink is less than half of the picture. A shadow with a hard edge is a
    step beside the surface, fitted with it and left out: the surface is the light without it. Least
    absolute differences by weighted least squares (Schlossmacher 1973).
    """
    height, width = coarse.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack(
        [np.ones_like(x), x, y, x * y, x**2, y**2, _in_shadow(coarse)], axis=-1
    ).reshape(-1, 7)
    values = coarse.ravel().astype(np.float64)
    surface = np.full_like(values, np.median(values))
    for _ in range(_ROUNDS):
        weighted = terms / np.maximum(np.abs(values - surface), 1)[:, None]
        factors = np.linalg.lstsq(weighted.T @ terms, weighted.T @ values)[0]
        surface = terms @ factors
    smooth: Floats = (terms[:, :-1] @ factors[:-1]).reshape(coarse.shape).astype(np.float32)
    return smooth


def _in_shadow(coarse: Floats) -> Floats:
    """Return 1 where the ground is the brighter of two levels, else 0, by Otsu's threshold."""
    ground = _opening(coarse)
    return (ground > _otsu(_bytes(ground))).astype(np.float32)


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


def _digits(parts: _Parts, shape: tuple[int, ...]) -> tuple[list[Mask], int]:
    """Return which parts each digit consists of, from left to right, and the place of the largest.

    A part at the border of the picture counts less, as a shadow or the edge of the paper does. What
    is about as large as the largest part is a digit or a stroke of one; smaller parts near it, but
    for specks, go with it.
    """
    main = int(np.argmax(parts.areas * np.where(_at_border(parts, shape), _BORDER_WEIGHT, 1)))
    heights = parts.boxes[:, 2] - parts.boxes[:, 0]
    usable = (parts.areas >= _SPECK * parts.areas[main]) & ~_across(parts, shape)
    large = (heights >= _TALL * heights[main]) & (parts.areas >= _THIN * parts.areas[main])
    strokes = usable & large & ~_at_border(parts, shape)
    strokes[main] = usable[main] = True
    groups = _joined(parts.boxes, np.flatnonzero(strokes))
    for small in np.flatnonzero(usable & ~strokes):
        gaps = [min(_gap(parts.boxes[small], parts.boxes[i]) for i in group) for group in groups]
        nearest = int(np.argmin(gaps))
        if gaps[nearest] <= _NEAR * max(_longest(parts.boxes[i]) for i in groups[nearest]):
            groups[nearest].append(int(small))
    groups.sort(key=lambda group: min(parts.boxes[i, 1] for i in group))
    masks = [np.isin(np.arange(len(parts.areas)), group) for group in groups]
    return masks, next(place for place, group in enumerate(groups) if main in group)


def _joined(boxes: NDArray[np.intp], strokes: NDArray[np.intp]) -> list[list[int]]:
    """Return the strokes by digits: those near each other are of one, but for digits side by side."""
    groups = [[int(stroke)] for stroke in strokes]
    pairs = [
        (_gap(boxes[a], boxes[b]), int(a), int(b))
        for n, a in enumerate(strokes)
        for b in strokes[:n]
    ]
    for gap, a, b in sorted(pairs):
        one, other = (next(group for group in groups if stroke in group) for stroke in (a, b))
        is_near = gap <= _NEAR * max(_longest(boxes[a]), _longest(boxes[b]))
        apart = any(_are_beside(boxes[i], boxes[j]) for i in one for j in other)
        if one is not other and is_near and not apart:
            one.extend(other)
            groups.remove(other)
    return groups


def _are_beside(one: NDArray[np.intp], other: NDArray[np.intp]) -> bool:
    """Whether two parts stand side by side on one line, as digits of a number do.

    Strokes of one digit lie over each other, or end at different heights.
    """
    (height, width), (height_, width_) = (box[2:] - box[:2] for box in (one, other))
    top, _, bottom, _ = np.abs(one - other)
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    is_level = max(top, bottom) <= _LEVEL * max(height, height_)
    return bool(is_level and overlap <= _OVERLAP * min(width, width_))


def _gap(one: NDArray[np.intp], other: NDArray[np.intp]) -> int:
    """Return how many pixels lie between two boxes; below zero where they overlap."""
    return int((np.maximum(one[:2], other[:2]) - np.minimum(one[2:], other[2:])).max())


def _longest(box: NDArray[np.intp]) -> int:
    return int((box[2:] - box[:2]).max())
