"""A picture changed by degrees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError
from cnn.images.pixels import as_pixels

GRID = 28
MOST_SEED = 999_999
_MASK_BYTES = GRID * GRID // 8


@dataclass(frozen=True)
class Range:
    """What a parameter may be, the step of its slider, where it does nothing, and how it is said.

    `unit` follows a number directly; `words` is a noun for the parameter.
    """

    low: float
    high: float
    step: float
    default: float
    unit: str
    words: str


RANGES: dict[str, Range] = {
    "rotate": Range(-180, 180, 5, 0, "°", "counter-clockwise rotation"),
    "x": Range(-50, 50, 2, 0, "%", "shift to the right"),
    "y": Range(-50, 50, 2, 0, "%", "shift down"),
    "zoom": Range(50, 200, 5, 100, "%", "zoom"),
    "noise": Range(0, 100, 5, 0, "%", "noise"),
    "blur": Range(0, 10, 0.5, 0, "%", "blur"),
    "contrast": Range(0, 300, 10, 100, "%", "contrast"),
}


@dataclass(frozen=True)
class Perturbation:
    """What is done to a picture; the defaults do nothing.

    `rotate` is in degrees counter-clockwise; `x` and `y` are shifts in percent of width and height,
    right and down positive; `zoom` and `contrast` are percent; `noise` is the standard deviation of
    Gaussian noise in percent of the full range, drawn from `seed`; `blur` that of a Gaussian in
    percent of the longer side. `erased` is empty or 98 bytes: 28x28 bits, row by row as `packbits`
    gives them, 1 for each erased cell of a 28x28 grid over the picture.

    Raises `ImageError` for a value outside its range (see `RANGES`) or a mask of another length.
    """

    rotate: float = 0
    x: float = 0
    y: float = 0
    zoom: float = 100
    noise: float = 0
    seed: int = 0
    blur: float = 0
    contrast: float = 100
    invert: bool = False
    erased: bytes = b""

    def __post_init__(self) -> None:
        for name, allowed in RANGES.items():
            _require(name, getattr(self, name), allowed.low, allowed.high, allowed.unit)
        _require("seed", self.seed, 0, MOST_SEED)
        if len(self.erased) not in (0, _MASK_BYTES):
            raise ImageError(
                f"A mask of {len(self.erased)} bytes was given: expected {_MASK_BYTES} bytes, "
                f"{GRID}x{GRID} bits packed row by row, or none. Pack it with numpy.packbits."
            )

    @property
    def is_identity(self) -> bool:
        """Whether no picture is changed by it."""
        others = replace(self, seed=0, erased=b"")
        return others == Perturbation() and not any(self.erased)

    @property
    def cells(self) -> NDArray[np.bool_]:
        """The erased cells of the grid, bool (28, 28)."""
        packed = np.frombuffer(self.erased or bytes(_MASK_BYTES), np.uint8)
        return np.unpackbits(packed).reshape(GRID, GRID).astype(bool)


def perturb(image: Any, perturbation: Perturbation) -> NDArray[np.uint8]:
    """Return the changed picture, uint8 of the picture's own shape (height, width, channels).

    In this order: the cells are erased; one affine map zooms and rotates about the centre and
    shifts, with one bilinear resampling; blur; contrast about the mean of the picture; inversion;
    noise. What is erased, and what comes in from outside, is background: the median of the border
    pixels, per channel. The noise of one seed is one pattern, scaled by its amount. `image` is what
    `prepare` takes; raises `ImageError` for what is no picture.
    """
    pixels = as_pixels(image)
    if perturbation.is_identity:
        return pixels.copy()
    background = _background(pixels)
    relative = pixels - background
    relative[_erased_pixels(perturbation.cells, *pixels.shape[:2])] = 0
    relative = blurred(_moved(relative, perturbation), perturbation.blur)
    values = _contrasted(relative + background, perturbation.contrast)
    if perturbation.invert:
        values = 255 - values
    return _to_pixels(values + _noise(values.shape, perturbation))


def sweep(
    image: Any, perturbation: Perturbation, name: str, count: int = 41
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the picture with one parameter at equally spaced values over its whole range.

    The other parameters stay as they are. The first array is the values, float32 (n,), the second
    the pictures, uint8 (n, height, width, channels). One value is exactly the default: n is `count`
    or the next number with which the default falls on the grid. Raises `ImageError` for a name that
    is not in `RANGES`, or fewer than two values.
    """
    if name not in RANGES:
        raise ImageError(f"There is no range of {name!r}: choose one of {', '.join(RANGES)}.")
    values = grid_over(RANGES[name], count)
    changes: list[dict[str, Any]] = [{name: float(value)} for value in values]
    return values, np.stack([perturb(image, replace(perturbation, **change)) for change in changes])


def grid_over(allowed: Range, count: int) -> NDArray[np.float32]:
    """Return at least `count` equally spaced values over a range, the default among them, float32.

    Raises `ImageError` for fewer than two.
    """
    if count < 2:
        raise ImageError(f"{count} values were asked for: a sweep has at least 2.")
    share = (allowed.default - allowed.low) / (allowed.high - allowed.low)
    while abs(share * (count - 1) - round(share * (count - 1))) > 1e-9:
        count += 1
    values = np.linspace(allowed.low, allowed.high, count).astype(np.float32)
    values[round(share * (count - 1))] = allowed.default
    return values


def _require(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not low <= value <= high:
        raise ImageError(
            f"A {name} of {value}{unit} was given: expected {low} to {high}{unit}. Choose a value "
            "within this range."
        )


def _background(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the median of the border pixels of each channel, float32 (channels,)."""
    border = np.ones(pixels.shape[:2], bool)
    border[1:-1, 1:-1] = False
    median: NDArray[np.float32] = np.median(pixels[border], axis=0).astype(np.float32)
    return median


def _erased_pixels(cells: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """Return the pixels whose centre lies in an erased cell, bool (height, width)."""
    rows, columns = ((2 * np.arange(n) + 1) * GRID // (2 * n) for n in (height, width))
    return cells[np.ix_(rows, columns)]


def _moved(relative: NDArray[np.float32], by: Perturbation) -> NDArray[np.float32]:
    """Return values (height, width, channels) under the affine map, zero outside.

    Pillow takes the inverse map, from a place in the result to its place in the source, in pixels.
    """
    if (by.rotate, by.x, by.y, by.zoom) == (0, 0, 0, 100):
        return relative
    height, width, channels = relative.shape
    angle, shrink = np.deg2rad(by.rotate), 100 / by.zoom
    cos, sin = np.cos(angle) * shrink, np.sin(angle) * shrink
    centre_x, centre_y = width / 2, height / 2
    from_x, from_y = centre_x + by.x / 100 * width, centre_y + by.y / 100 * height
    inverse = (
        cos, -sin, centre_x - cos * from_x + sin * from_y,
        sin, cos, centre_y - sin * from_x - cos * from_y,
    )  # fmt: skip
    planes = [
        Image.fromarray(relative[..., channel]).transform(
            (width, height), Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR
        )
        for channel in range(channels)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def blurred(relative: NDArray[np.float32], percent: float) -> NDArray[np.float32]:
    """Return values (height, width, channels) blurred along both axes, zero outside."""
    if percent == 0:
        return relative
    height, width, _ = relative.shape
    deviation = percent / 100 * max(height, width)
    down, across = _gaussian(height, deviation), _gaussian(width, deviation)
    return np.stack([down @ plane @ across for plane in np.moveaxis(relative, -1, 0)], axis=-1)


def _gaussian(size: int, deviation: float) -> NDArray[np.float32]:
    """Return the blur along an axis as a matrix (size, size).

    The kernel is the discrete Gaussian exp(-t) I_n(t), t = deviation² (Lindeberg 1990), whose
    deviation is exact even where it is below a pixel: its spectrum is exp(-t (1 - cos ω)).
    """
    period = 2 * size + int(np.ceil(16 * deviation))
    spectrum = np.exp(-(deviation**2) * (1 - np.cos(2 * np.pi * np.fft.rfftfreq(period))))
    kernel: NDArray[np.float32] = np.fft.irfft(spectrum, period).astype(np.float32)
    place = np.arange(size)
    matrix: NDArray[np.float32] = kernel[np.abs(place[:, None] - place)]
    return matrix


def _contrasted(values: NDArray[np.float32], percent: float) -> NDArray[np.float32]:
    """Return values with their distances from their mean stretched, within 0 to 255."""
    if percent == 100:
        return values
    mean = values.mean()
    stretched: NDArray[np.float32] = mean + percent / 100 * (values - mean)
    return stretched.clip(0, 255)


def _noise(shape: tuple[int, ...], of: Perturbation) -> NDArray[np.float32] | float:
    if of.noise == 0:
        return 0.0
    random = np.random.default_rng(of.seed)
    pattern: NDArray[np.float32] = random.standard_normal(shape, np.float32)
    return np.float32(of.noise / 100 * 255) * pattern


def _to_pixels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return values.round().clip(0, 255).astype(np.uint8)
